//! Every type that a column can have, there and back through a real PostgreSQL.

mod arrays;
mod decode;
mod named;
mod scalars;
mod statements;

use orm_test::TestDb;
use unlazy::{Db, StatementLog, Value};

/// What all tests share, so that their databases are copies of one.
const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'so-so', 'very_happy');
    CREATE EXTENSION IF NOT EXISTS citext;
";

#[derive(Debug, Clone, Copy, PartialEq, Value)]
enum Mood {
    Sad,
    #[value(rename = "so-so")]
    Middling,
    VeryHappy,
}

#[derive(Debug, Clone, Copy, PartialEq, Value)]
struct UserId(i64);

#[derive(Debug, Clone, PartialEq, Value)]
struct Email(String);

#[derive(Debug, Clone, Copy, PartialEq, Value)]
struct Temper(Mood);

struct Fixture {
    db: Db,
    log: StatementLog,
    test: TestDb,
}

impl Fixture {
    /// A database in which these statements were run too.
    async fn with(tables: &str) -> Self {
        let test = TestDb::with_schema(SCHEMA).await.unwrap();
        let client = test.connect().await.unwrap();
        client.batch_execute(tables).await.unwrap();
        let log = StatementLog::new();
        Self {
            db: Db::connect(&test.url()).unwrap().logged(&log),
            log,
            test,
        }
    }

    /// A database with a table `cells`, whose columns `value` and `maybe` are of this type.
    async fn cells(ty: &str) -> Self {
        Self::with(&create_cells(ty)).await
    }

    /// The same database with a table `cells` of another type. It has connections of its own, which have not prepared
    /// a statement for the table that was there before.
    async fn other_cells(self, ty: &str) -> Self {
        let client = self.test.connect().await.unwrap();
        let cells = format!("DROP TABLE cells; {}", create_cells(ty));
        client.batch_execute(&cells).await.unwrap();
        Self {
            db: Db::connect(&self.test.url()).unwrap().logged(&self.log),
            ..self
        }
    }

    /// The text of the statements since the last call, one a line.
    fn statements(&self) -> String {
        let statements = self.log.take().into_iter();
        statements.map(|s| s.sql).collect::<Vec<_>>().join("\n")
    }
}

fn create_cells(ty: &str) -> String {
    format!("CREATE TABLE cells (id bigserial PRIMARY KEY, value {ty} NOT NULL, maybe {ty})")
}

/// In a test of one type: the entity `Cell` over the table `cells`.
macro_rules! cell {
    ($ty:ty) => {
        #[derive(unlazy::Entity, Debug, Clone, PartialEq)]
        #[entity(table = "cells")]
        struct Cell {
            #[entity(primary_key, generated)]
            id: i64,
            value: $ty,
            maybe: Option<$ty>,
        }
    };
}

/// In a test of one type: inserts each value by a statement of its own, once with and once without NULL, then all of
/// them by one statement, and evaluates to all cells, after checking that they were returned and read back as they are.
macro_rules! inserted {
    ($db:expr, $values:expr) => {{
        let mut cells: Vec<Cell> = Vec::new();
        for value in &$values {
            for maybe in [None, Some(value.clone())] {
                let id = cells.len() as i64 + 1;
                let value = value.clone();
                cells.push(Cell { id, value, maybe });
            }
        }
        let new_cell = |cell: &Cell| NewCell {
            value: cell.value.clone(),
            maybe: cell.maybe.clone(),
        };
        for cell in &cells {
            assert_eq!(Cell::insert(new_cell(cell)).one($db).await.unwrap(), *cell);
        }
        let many = Cell::insert_many(cells.iter().map(new_cell)).all($db).await;
        let offset = cells.len() as i64;
        let copies = cells.iter().cloned().map(|cell| Cell {
            id: cell.id + offset,
            ..cell
        });
        let copies: Vec<Cell> = copies.collect();
        assert_eq!(many.unwrap(), copies);
        cells.extend(copies);
        assert_eq!(Cell::query().all($db).await.unwrap(), cells);
        cells
    }};
}

/// In a test of one type: asserts that a query returns the cells that fulfil a condition.
macro_rules! assert_found {
    ($db:expr, $cells:expr, $condition:expr, $expected:expr) => {{
        let expected: Vec<Cell> = $cells.iter().filter($expected).cloned().collect();
        let found = Cell::query().filter($condition).all($db).await.unwrap();
        assert_eq!(found, expected);
    }};
}

pub(crate) use {assert_found, cell, inserted};
