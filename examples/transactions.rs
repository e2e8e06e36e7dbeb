//! Transactions: all or nothing, savepoints within them, isolation levels, and errors that say what was refused.

use orm_test::TestDb;
use unlazy::{Db, Entity, Error, Isolation, TransactionOptions};

#[derive(Entity, Debug)]
#[entity(table = "seats")]
pub struct Seat {
    #[entity(primary_key)]
    pub number: i32,
    pub taken_by: Option<String>,
}

#[derive(Entity, Debug)]
#[entity(table = "guests")]
pub struct Guest {
    #[entity(primary_key, generated)]
    pub id: i64,
    #[entity(unique)]
    pub name: String,
}

const SCHEMA: &str = "
    CREATE TABLE seats (number int PRIMARY KEY, taken_by text);
    CREATE TABLE guests (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);
    INSERT INTO seats (number) SELECT generate_series(1, 3);
";

#[derive(Debug, thiserror::Error)]
enum BookingError {
    #[error("there is no free seat")]
    Full,
    #[error("the database: {0}")]
    Database(#[from] Error),
}

/// Takes the first free seat. Serializable: of two that run at once, one gets an error that can be retried.
async fn book(db: &Db, name: &str) -> Result<Seat, BookingError> {
    let options = TransactionOptions::new().isolation(Isolation::Serializable);
    db.transaction_with(options, async |tx| {
        // A guest who came before is no reason to give up: the savepoint undoes only the insert.
        let known: unlazy::Result<()> = tx
            .savepoint(async |sp| {
                Guest::insert(NewGuest {
                    name: name.to_owned(),
                })
                .execute(sp)
                .await
            })
            .await;
        match known {
            Ok(()) => println!("{name} is new here"),
            Err(error) if error.violates(Guest::NAME) => println!("{name} came before"),
            Err(error) => return Err(error.into()),
        }

        let free = Seat::query().filter(Seat::TAKEN_BY.is_null());
        let Some(seat) = free.first(tx).await? else {
            // Whatever the function did is rolled back.
            return Err(BookingError::Full);
        };
        let seat = Seat::update()
            .of(&seat)
            .set(Seat::TAKEN_BY, name)
            .one(tx)
            .await?;
        Ok(seat)
    })
    .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;
    for name in ["Ann", "Bob", "Ann", "Cid"] {
        match book(&db, name).await {
            Ok(seat) => println!("  seat {} for {name}", seat.number),
            Err(error) => println!("  none for {name}: {error}"),
        }
    }
    let guests = Guest::query().all(&db).await?;
    let names: Vec<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
    println!("guests: {}", names.join(", "));
    Ok(())
}
