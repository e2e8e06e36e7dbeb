//! Columns that are read only when a query asks for them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use futures_util::future::BoxFuture;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use crate::bind::Parameter;
use crate::column::Column;
use crate::db::{Connection, Executor};
use crate::decode::RowReader;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::load::in_hand::{Complete, InHand, LoadOnto, NotYetLoaded, Restated, forget, load_onto};
use crate::load::parents::Parents;
use crate::load::position::At;
use crate::load::slot::Brought;
use crate::load::tasks::Tasks;
use crate::load::{Node, Slot, StateField};
use crate::order::{OrderBy, OrderTerm};
use crate::record::{Assemble, Record};
use crate::relation::IntoLoad;
use crate::sql;
use crate::state::{Loaded, Unloaded};

/// A deferred column's token, as `Document::BODY`: [`with`](crate::Query::with) loads it, and it compares and orders as
/// a [`Column`] does.
pub struct Deferred<D: DeferredColumn> {
    column: Column<D::Owner, D::Content>,
}

impl<D: DeferredColumn> Deferred<D> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub const fn new() -> Self {
        Self {
            column: Column::new(D::POSITION),
        }
    }

    /// The column's position in the entity's list of columns.
    #[doc(hidden)]
    pub const fn position(self) -> usize {
        D::POSITION
    }

    /// The column, for where one is asked for.
    pub const fn column(self) -> Column<D::Owner, D::Content> {
        self.column
    }
}

/// Onto values in hand.
impl<D: DeferredColumn> Deferred<D> {
    /// Reads the column of values that the program already has, all by one statement; see [`Rel::load`](crate::Rel::load).
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the row of one of them is not there any more, or is hidden by a
    /// [scope](crate::Scope) of the entity, and as [`Query::all`](crate::Query::all).
    pub fn load<'a, C, X>(self, values: C, on: &'a X) -> LoadOnto<'a, C, LoadColumn<D>>
    where
        C: InHand,
        LoadColumn<D>: Complete<C::Record>,
        X: Executor + ?Sized,
    {
        load_onto(values, self.into_load(), on)
    }

    /// Takes the column off values again; see [`Rel::forget`](crate::Rel::forget).
    pub fn forget<C>(self, values: C) -> C::With<Restated<C::Record, D::Position, Unloaded>>
    where
        C: InHand,
        C::Record: Record<Entity = D::Owner>,
        <C::Record as Record>::States: At<D::Position>,
        D::Owner: Assemble<<<C::Record as Record>::States as At<D::Position>>::Replaced<Unloaded>>,
    {
        forget::<C, D::Position>(values)
    }
}

impl<D: DeferredColumn> Clone for Deferred<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: DeferredColumn> Copy for Deferred<D> {}

impl<D: DeferredColumn> fmt::Debug for Deferred<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.column.fmt(f)
    }
}

impl<D: DeferredColumn> Deref for Deferred<D> {
    type Target = Column<D::Owner, D::Content>;

    fn deref(&self) -> &Self::Target {
        &self.column
    }
}

impl<E: Entity, D: DeferredColumn<Owner = E>> OrderBy<E> for Deferred<D> {
    fn into_term(self) -> OrderTerm {
        self.column.into_term()
    }
}

impl<D: DeferredColumn> IntoLoad for Deferred<D> {
    type Field = D;
    type Load = LoadColumn<D>;

    fn into_load(self) -> LoadColumn<D> {
        LoadColumn(PhantomData)
    }
}

/// A column that is read only when a query asks for it. The derive makes a type for each field with
/// `#[entity(deferred(..))]`.
pub trait DeferredColumn: StateField + Send + Sync + 'static {
    /// The type of its values.
    type Content: FromSqlOwned + Send + Sync + 'static;
    /// Its position among the entity's columns.
    #[doc(hidden)]
    const POSITION: usize;
}

/// The load of a deferred column.
pub struct LoadColumn<D>(PhantomData<fn() -> D>);

impl<D> Clone for LoadColumn<D> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<D: DeferredColumn> fmt::Debug for LoadColumn<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoadColumn")
            .field(&D::Owner::DEF.columns[D::POSITION].field)
            .finish()
    }
}

impl<E: Entity, D: DeferredColumn<Owner = E>> Slot<E> for LoadColumn<D> {
    type Value = Loaded<D::Content>;
    type Joined = Vec<D::Content>;
    type Ahead = ();
    type Values = std::vec::IntoIter<D::Content>;

    fn describe(&self) -> Option<Node<'_>> {
        Some(Node::Column(&E::DEF.columns[D::POSITION]))
    }

    fn read(
        &self,
        values: &mut Vec<D::Content>,
        _: Option<&Node<'_>>,
        row: &Row,
        at: &mut usize,
        _: u32,
    ) -> Result<()> {
        values.push(RowReader::single(row, *at, E::DEF, D::POSITION).get_typed(D::POSITION)?);
        *at += 1;
        Ok(())
    }

    fn fetch_ahead<'a>(
        &'a self,
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
        (): &'a mut (),
        _: &mut Tasks<'a>,
    ) {
    }

    fn load<'a>(
        &'a self,
        _: &Parents<'a, E>,
        brought: Brought<Vec<D::Content>, ()>,
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
        values: &'a mut Self::Values,
        _: &mut Tasks<'a>,
    ) {
        *values = brought.joined.into_iter();
    }

    fn next(values: &mut Self::Values) -> Loaded<D::Content> {
        Loaded::new(values.next().expect("there is a value for each row"))
    }
}

impl<V, D> Complete<V> for LoadColumn<D>
where
    D: DeferredColumn,
    V: Record<Entity = D::Owner>,
    V::States: At<D::Position>,
    <V::States as At<D::Position>>::Item: NotYetLoaded<D>,
    D::Owner: Assemble<<V::States as At<D::Position>>::Replaced<Loaded<D::Content>>>,
{
    type Output = Restated<V, D::Position, Loaded<D::Content>>;

    fn complete<'a>(
        self,
        records: Vec<V>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Output>>> {
        Box::pin(async move {
            let contents = fetch::<V, D>(&records, connection).await?;
            records
                .into_iter()
                .zip(contents)
                .map(|(record, content)| {
                    let content = content.ok_or(Error::NotFound {
                        entity: D::Owner::DEF.name,
                    })?;
                    let (entity, states) = record.split();
                    Ok(entity.assemble(states.replace(Loaded::new(content))))
                })
                .collect()
        })
    }
}

/// The column's value for each of the entities whose row is there.
async fn fetch<V, D>(records: &[V], connection: &Connection<'_>) -> Result<Vec<Option<D::Content>>>
where
    V: Record<Entity = D::Owner>,
    D: DeferredColumn,
{
    let mut contents: Vec<Option<D::Content>> = Vec::new();
    contents.resize_with(records.len(), || None);
    let def = D::Owner::DEF;
    let mut keys: Vec<Vec<Parameter>> = vec![Vec::new(); def.key.len()];
    for record in records {
        for (values, bind) in keys.iter_mut().zip(record.key_binds()) {
            values.push(bind.value);
        }
    }
    let column = &def.columns[D::POSITION];
    let select = sql::column_of(def, column, keys, connection.scopes());
    select.sql.check()?;
    if records.is_empty() {
        return Ok(contents);
    }
    let statement = connection.prepare(&select.sql).await?;
    connection
        .fetch(
            &statement,
            &select,
            &select.sql.parameters,
            &mut |row: &Row| {
                let number: i64 = row.try_get(0).map_err(Error::Database)?;
                let content = RowReader::single(row, 1, def, D::POSITION).get_typed(D::POSITION)?;
                if let Some(place) = contents.get_mut(number as usize - 1) {
                    *place = Some(content);
                }
                Ok(())
            },
        )
        .await?;
    Ok(contents)
}
