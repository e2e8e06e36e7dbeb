//! unlazy next to code that uses `tokio-postgres` and `deadpool-postgres` already: one query at a time, on the same pool, the
//! same client, the same transaction.

use deadpool_postgres::{Manager, Pool};
use orm_test::TestDb;
use tokio_postgres::NoTls;
use unlazy::{Db, Entity, Unloaded};

#[derive(Entity, Debug)]
#[entity(table = "accounts")]
pub struct Account<Entries = Unloaded> {
    #[entity(primary_key)]
    pub number: i32,
    pub owner: String,
    #[entity(has_many(Entry, foreign_key = account))]
    pub entries: Entries,
}

#[derive(Entity, Debug)]
#[entity(table = "entries")]
pub struct Entry {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub account: i32,
    pub cents: i64,
}

const SCHEMA: &str = "
    CREATE TABLE accounts (number int PRIMARY KEY, owner text NOT NULL);
    CREATE TABLE entries (
        id bigserial PRIMARY KEY, account int NOT NULL REFERENCES accounts, cents bigint NOT NULL);
    INSERT INTO accounts VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO entries (account, cents) VALUES (1, 10000), (1, -2500), (2, 700);
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;

    // The pool that the application has.
    let pool = Pool::builder(Manager::new(database.config(), NoTls)).build()?;

    // A client of it: the old query, and a new one.
    let client = pool.get().await?;
    let row = client
        .query_one("SELECT count(*) FROM accounts", &[])
        .await?;
    println!("{} accounts", row.get::<_, i64>(0));
    for account in Account::query().with(Account::ENTRIES).all(&client).await? {
        let balance: i64 = account.entries.iter().map(|entry| entry.cents).sum();
        println!("{}: {:.2}", account.owner, balance as f64 / 100.0);
    }
    drop(client);

    // A transaction of the old code, in which a new query takes part.
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    transaction
        .execute("UPDATE accounts SET owner = upper(owner)", &[])
        .await?;
    let ann = Account::find(1).one(&transaction).await?;
    println!("within the transaction: {}", ann.owner);
    transaction.rollback().await?;
    drop(client);

    // The pool as a `Db`, for code that is new.
    let db = Db::from(pool);
    println!("after it: {}", Account::find(1).one(&db).await?.owner);
    Ok(())
}
