//! Transactions: all or nothing, savepoints within them, isolation levels, running again what conflicts with others, and
//! advisory locks.

use orm_test::TestDb;
use unlazy::{Db, Entity, Error, Isolation, Retry, Transaction, TransactionOptions};

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

/// Takes the first free seat. Serializable: of two that run at once, one is run again, and finds the next seat.
async fn book(db: &Db, name: &str) -> Result<Seat, BookingError> {
    let serializable = TransactionOptions::new().isolation(Isolation::Serializable);
    let retry = Retry::from(serializable).attempts(20);
    db.transaction_retrying(retry, |mut tx| async move {
        welcome(&mut tx, name).await?;
        let free = Seat::query().filter(Seat::TAKEN_BY.is_null());
        let Some(seat) = free.first(&tx).await? else {
            // Whatever the function did is rolled back.
            return Err(BookingError::Full);
        };
        let seat = Seat::update().of(&seat).set(Seat::TAKEN_BY, name);
        Ok(seat.one(&tx).await?)
    })
    .await
}

/// A guest who came before is no reason to give up: the savepoint undoes only the insert.
async fn welcome(tx: &mut Transaction, name: &str) -> unlazy::Result<()> {
    let guest = NewGuest {
        name: name.to_owned(),
    };
    let known = tx
        .savepoint(async |sp| Guest::insert(guest).execute(sp).await)
        .await;
    match known {
        Err(error) if error.violates(Guest::NAME) => Ok(()),
        outcome => outcome,
    }
}

/// Counts the guests, unless somebody else is just doing that.
async fn report(db: &Db) -> unlazy::Result<Option<u64>> {
    db.transaction(async |tx| {
        // It is given back when the transaction ends.
        if !tx.try_advisory_lock("report").await? {
            return Ok(None);
        }
        Guest::query().count(tx).await.map(Some)
    })
    .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;
    // Two at the same time, who cannot both get the first seat.
    let (ann, bob) = tokio::join!(book(&db, "Ann"), book(&db, "Bob"));
    let again = book(&db, "Ann").await;
    let cid = book(&db, "Cid").await;
    for (name, booked) in [("Ann", ann), ("Bob", bob), ("Ann", again), ("Cid", cid)] {
        match booked {
            Ok(seat) => println!("seat {} for {name}", seat.number),
            Err(error) => println!("none for {name}: {error}"),
        }
    }
    if let Some(guests) = report(&db).await? {
        println!("{guests} guests");
    }
    Ok(())
}
