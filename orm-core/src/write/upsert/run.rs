//! Upserts as statements, and what they return.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::annotate::Annotated;
use crate::db::Executor;
use crate::decode::{RowReader, ValueType};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::expr::{Expr, Piece};
use crate::scope::Scopes;
use crate::sql::{self, Alias, Layout, Place, SelectSql, Writer};
use crate::write::insert::{Insert, InsertMany};
use crate::write::statement::{
    ReturnsOne, Statement, Wanted, at_most_one, entities, execute, fetch,
};
use crate::write::upsert::{Action, AlwaysWrites, Changes, Insertion, Updates, Upsert};

/// A row that an upsert has written, and whether it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted<T> {
    /// There was no row with this key.
    Inserted(T),
    /// The row was there, and was updated.
    Updated(T),
}

impl<T> Upserted<T> {
    /// Whether the row is new.
    pub fn is_inserted(&self) -> bool {
        matches!(self, Self::Inserted(_))
    }

    /// The row as it is now.
    pub fn into_inner(self) -> T {
        let (Self::Inserted(row) | Self::Updated(row)) = self;
        row
    }
}

impl<E: Entity, A: Action> Upsert<Insert<E>, A> {
    /// Inserts the row, or updates the one that is there, and returns it as it is now.
    ///
    /// # Errors
    ///
    /// [`Error::NotWritten`] if a scope hides the row that is there. [`Error::Constraint`] if another constraint than that of the
    /// key refuses the row.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<E>
    where
        A: AlwaysWrites,
    {
        written(self.one_or_none(on).await?, E::DEF.name)
    }

    /// Inserts the row, or updates the one that is there. Returns it as it is now, or `None` if the one that is there stays as it
    /// is.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if another constraint than that of the key refuses the row.
    pub async fn one_or_none<X: Executor + ?Sized>(self, on: &X) -> Result<Option<E>> {
        at_most_one(entities(&self, on).await?, E::DEF)
    }

    /// As [`one`](Self::one), and says which of the two it was.
    ///
    /// # Errors
    ///
    /// Those of [`one`](Self::one), and [`Error::CannotTellInserted`] if the table is partitioned; see
    /// [`all_upserted`](Upsert::all_upserted).
    pub async fn one_upserted<X: Executor + ?Sized>(self, on: &X) -> Result<Upserted<E>>
    where
        A: AlwaysWrites,
    {
        written(self.one_or_none_upserted(on).await?, E::DEF.name)
    }

    /// As [`one_or_none`](Self::one_or_none), and says which of the two it was.
    ///
    /// # Errors
    ///
    /// Those of [`one_or_none`](Self::one_or_none), and [`Error::CannotTellInserted`] if the table is partitioned; see
    /// [`all_upserted`](Upsert::all_upserted).
    pub async fn one_or_none_upserted<X: Executor + ?Sized>(
        self,
        on: &X,
    ) -> Result<Option<Upserted<E>>>
    where
        A: Updates,
    {
        at_most_one(upserted(&self, on).await?, E::DEF)
    }
}

impl<E: Entity, A: Action> Upsert<InsertMany<E>, A> {
    /// Inserts the rows or updates those that are there, by one statement, and returns them as they are now, in the order of the
    /// new rows. Those that stay as they are are left out.
    ///
    /// # Errors
    ///
    /// [`Error::SameKeyTwice`] if two new rows have the same key, and one would update the other. [`Error::Constraint`] if another
    /// constraint than that of the key refuses a row. Then nothing is written.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>> {
        entities(&self, on).await
    }

    /// As [`all`](Self::all), and says of each row which of the two it was.
    ///
    /// A row is inserted where its system column `xmax` is 0: an update of a conflict always locks the row first, and the new
    /// version of the row keeps the lock's number there
    /// ([`ExecOnConflictUpdate`](https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/executor/nodeModifyTable.c)).
    /// So it holds for tables with triggers and for rows that others have locked. A partitioned table returns no system columns,
    /// and a view has none.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all), and [`Error::CannotTellInserted`] if the table is partitioned.
    pub async fn all_upserted<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<Upserted<E>>>
    where
        A: Updates,
    {
        upserted(&self, on).await
    }
}

impl<I: Insertion, A: Action> Upsert<I, A> {
    /// Inserts or updates, and returns the number of rows that were written. Those that stay as they are do not count.
    ///
    /// # Errors
    ///
    /// Those of [`one_or_none`](Upsert::one_or_none) and [`all`](Upsert::all).
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        execute(&self, on).await
    }
}

impl<I: Insertion, A: AlwaysWrites> ReturnsOne for Upsert<I, A> {
    fn none(&self) -> Error {
        Error::NotWritten {
            entity: I::Entity::DEF.name,
        }
    }
}

impl<I: Insertion, A: Action> Statement for Upsert<I, A> {
    type Entity = I::Entity;

    fn given_scopes(&self) -> &Scopes {
        self.update
            .as_ref()
            .map_or(Scopes::NONE, |changes| &changes.select.scopes)
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        let statement = self.rows.sql_with(wanted, scopes, |writer, table| {
            writer.push(" ON CONFLICT");
            if let Some(target) = self.target {
                target.write(writer, I::Entity::DEF);
            }
            match &self.update {
                None => writer.push(" DO NOTHING"),
                Some(changes) => changes.write(writer, I::Entity::DEF, table),
            }
        });
        Ok(statement)
    }
}

impl Changes {
    /// ` DO UPDATE SET "name" = excluded."name" WHERE t0."locked" = $5`.
    fn write(&self, writer: &mut Writer, def: &EntityDef, table: Alias) {
        writer.push(" DO UPDATE SET ");
        self.assignments.write(writer, table);
        writer.next_version(def, table);
        sql::conditions(writer, &self.select, Place::of(table), " WHERE ");
    }
}

/// Runs an upsert that says which rows are new.
async fn upserted<S, X>(statement: &S, on: &X) -> Result<Vec<Upserted<S::Entity>>>
where
    S: Statement,
    X: Executor + ?Sized,
{
    let def = S::Entity::DEF;
    let inserted = [Annotated {
        expr: Expr::Raw(vec![Piece::Text("xmax = 0")]),
        value_type: ValueType::of::<bool>(),
    }];
    let mut rows = Vec::new();
    let mut each = |row: &Row, layout: &Layout| {
        let entity = S::Entity::decode(&RowReader::new(row, 0, def))?;
        rows.push(if layout.values[0].get(row)? {
            Upserted::Inserted(entity)
        } else {
            Upserted::Updated(entity)
        });
        Ok(())
    };
    let connection = on
        .acquire()
        .connection_scoped_by(statement.given_scopes())
        .await?;
    let wanted = Wanted::Annotated(def, &inserted);
    if let Some(statement) = statement.sql(wanted, connection.scopes())? {
        fetch(&statement, &connection, &mut each)
            .await
            .map_err(|error| untold(error, def.name))?;
    }
    Ok(rows)
}

/// What the server says where a table's rows have no system columns.
fn untold(error: Error, entity: &'static str) -> Error {
    match error {
        // The table was changed after the statement was prepared, which has the same code.
        Error::Database(source)
            if source.as_db_error().is_some_and(|db| {
                *db.code() == SqlState::FEATURE_NOT_SUPPORTED
                    && db.routine() != Some("RevalidateCachedQuery")
            }) =>
        {
            Error::CannotTellInserted { entity, source }
        }
        error => error,
    }
}

fn written<T>(row: Option<T>, entity: &'static str) -> Result<T> {
    row.ok_or(Error::NotWritten { entity })
}
