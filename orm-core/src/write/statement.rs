//! What inserts, updates and deletes have in common: what they return, and how they are run.

use tokio_postgres::Row;

use crate::annotate::Annotated;
use crate::db::{Connection, Executor};
use crate::decode::{ComputedColumn, Part, RowReader};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::{self, Alias, Layout, SelectSql, Writer};

/// A statement that changes rows.
#[doc(hidden)]
pub trait Statement: Send + Sync {
    type Entity: Entity;

    /// The values of scopes that it gives itself.
    fn given_scopes(&self) -> &Scopes {
        Scopes::NONE
    }

    /// The statement, unless there is nothing to be done.
    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>>;

    /// What it means that so many rows were found.
    fn check(&self, rows: u64) -> Result<()> {
        let _ = rows;
        Ok(())
    }
}

/// A statement that may be asked for the one row that it writes.
#[doc(hidden)]
pub trait ReturnsOne: Statement {
    /// The error if it has written none.
    fn none(&self) -> Error {
        Error::NotFound {
            entity: Self::Entity::DEF.name,
        }
    }
}

/// What a statement is to return of the rows that it changes.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    Nothing,
    Entities(&'static EntityDef),
    /// Entities, each with values.
    Annotated(&'static EntityDef, &'a [Annotated]),
    Values(&'a [Annotated]),
}

impl Wanted<'_> {
    /// The query that returns the same of rows that are left as they are.
    pub(super) fn unchanged(
        self,
        def: &'static EntityDef,
        select: &Select,
        scopes: &Scopes,
    ) -> Option<SelectSql> {
        let mut select = select.clone();
        match self {
            Self::Nothing => return None,
            Self::Entities(_) => {}
            Self::Annotated(_, values) | Self::Values(values) => {
                select.annotations = values.to_vec();
            }
        }
        Some(sql::write_root(def, &select, &[], scopes))
    }

    /// Completes a statement with its RETURNING clause.
    pub(super) fn of(self, mut writer: Writer, table: Alias) -> SelectSql {
        let (def, values) = match self {
            Self::Nothing => (None, &[][..]),
            Self::Entities(def) => (Some(def), &[][..]),
            Self::Annotated(def, values) => (Some(def), values),
            Self::Values(values) => (None, values),
        };
        let mut layout = Layout::default();
        if let Some(def) = def {
            writer.returning(def);
            layout.parts.push(Part {
                at: 0,
                def,
                columns: def.eager_columns(),
            });
        }
        let entity_columns = def.map_or(0, |def| def.eager);
        layout.values = returning_values(&mut writer, values, table, entity_columns);
        SelectSql {
            sql: writer.finish(),
            layout,
        }
    }
}

/// Writes ` RETURNING t0.id, (..)`, or goes on behind the columns that it has already.
fn returning_values(
    writer: &mut Writer,
    values: &[Annotated],
    table: Alias,
    columns: usize,
) -> Vec<ComputedColumn> {
    let values = values.iter().enumerate().map(|(position, annotated)| {
        let at = columns + position;
        writer.push(if at == 0 { " RETURNING " } else { ", " });
        let sql = writer.aside(|writer| {
            writer.operand(&annotated.expr, table);
            writer.push(annotated.value_type.ty.select_cast());
        });
        writer.push(&sql);
        ComputedColumn {
            at,
            sql,
            value_type: annotated.value_type,
        }
    });
    values.collect()
}

/// Runs a statement for its effect. Returns how many rows it changed.
pub(super) async fn execute<S, X>(statement: &S, on: &X) -> Result<u64>
where
    S: Statement,
    X: Executor + ?Sized,
{
    let connection = on
        .acquire()
        .connection_scoped_by(statement.given_scopes())
        .await?;
    let Some(sql) = statement.sql(Wanted::Nothing, connection.scopes())? else {
        return Ok(0);
    };
    let rows = connection.execute(&sql.sql).await?;
    statement.check(rows)?;
    Ok(rows)
}

/// Runs a statement that returns entities.
pub(super) async fn entities<S, X>(statement: &S, on: &X) -> Result<Vec<S::Entity>>
where
    S: Statement,
    X: Executor + ?Sized,
{
    let def = S::Entity::DEF;
    let mut entities = Vec::new();
    let mut each = |row: &Row, _: &Layout| {
        entities.push(S::Entity::decode(&RowReader::new(row, 0, def))?);
        Ok(())
    };
    let connection = on
        .acquire()
        .connection_scoped_by(statement.given_scopes())
        .await?;
    if let Some(sql) = statement.sql(Wanted::Entities(def), connection.scopes())? {
        fetch(&sql, &connection, &mut each).await?;
        statement.check(entities.len() as u64)?;
    }
    Ok(entities)
}

/// The text of a statement that is not sent.
pub(super) fn shown(statement: Option<SelectSql>) -> Vec<String> {
    Vec::from_iter(statement.map(|statement| statement.sql.text))
}

/// Sends a statement and hands over its rows as they arrive.
pub(super) async fn fetch(
    statement: &SelectSql,
    connection: &Connection<'_>,
    each: &mut (dyn FnMut(&Row, &Layout) -> Result<()> + Send),
) -> Result<()> {
    let prepared = connection.prepare(&statement.sql).await?;
    let mut each = |row: &Row| each(row, &statement.layout);
    connection
        .fetch(&prepared, statement, &statement.sql.parameters, &mut each)
        .await
        .map(drop)
}

/// The only one of the rows that a statement of this entity returned.
pub(super) fn exactly_one<T>(rows: Vec<T>, def: &EntityDef) -> Result<T> {
    at_most_one(rows, def)?.ok_or(Error::NotFound { entity: def.name })
}

pub(super) fn at_most_one<T>(rows: Vec<T>, def: &EntityDef) -> Result<Option<T>> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Error::TooMany {
            of: def.name.to_owned(),
        }),
    }
}
