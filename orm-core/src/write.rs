//! Inserts, updates and deletes.

mod delete;
mod insert;
mod update;

pub use delete::Delete;
pub use insert::{Insert, InsertMany, NewRow};
pub use update::{Assign, Update};

use std::marker::PhantomData;

use tokio_postgres::Row;

use crate::db::Connection;
use crate::decode::{Part, RowReader};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::sql::{Layout, SelectSql, Writer};

/// Marks an update or delete that does not yet say which rows it is for: it cannot be run.
#[derive(Debug, Clone, Copy)]
pub struct Unfiltered;

/// Marks an update or delete that says which rows it is for.
#[derive(Debug, Clone, Copy)]
pub struct Filtered;

/// Of an update or delete: it says which rows it is for.
#[diagnostic::on_unimplemented(
    message = "this statement does not say which rows it is for",
    label = "it would be for every row of the table",
    note = "say which: `.of(&entity)`, `.filter(..)`, or `.all_rows()` if it is meant for all"
)]
pub trait SaysWhich {}

impl SaysWhich for Filtered {}

type EntityMarker<E, F> = PhantomData<fn() -> (E, F)>;

/// Appends ` RETURNING id, email`.
fn returning(mut writer: Writer, def: &'static EntityDef) -> SelectSql {
    writer.returning(def);
    SelectSql {
        sql: writer.finish(),
        layout: Layout::of(vec![Part {
            at: 0,
            def,
            columns: def.eager_columns(),
        }]),
    }
}

/// Runs a statement that returns entities.
async fn fetch_entities<E: Entity>(
    statement: &SelectSql,
    connection: &Connection<'_>,
) -> Result<Vec<E>> {
    let prepared = connection.prepare(&statement.sql).await?;
    let mut entities = Vec::new();
    connection
        .fetch(
            &prepared,
            statement,
            &statement.sql.parameters,
            &mut |row: &Row| {
                entities.push(E::decode(&RowReader::new(row, 0, E::DEF))?);
                Ok(())
            },
        )
        .await?;
    Ok(entities)
}

fn exactly_one<E: Entity>(entities: Vec<E>) -> Result<E> {
    let mut entities = entities.into_iter();
    match (entities.next(), entities.next()) {
        (Some(entity), None) => Ok(entity),
        (None, _) => Err(Error::NotFound {
            entity: E::DEF.name,
        }),
        (Some(_), Some(_)) => Err(Error::TooMany {
            of: E::DEF.name.to_owned(),
        }),
    }
}
