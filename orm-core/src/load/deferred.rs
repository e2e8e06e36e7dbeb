//! Columns that are read only when a query asks for them.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;

use futures_util::future::ready;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use crate::column::Column;
use crate::db::Connection;
use crate::decode::RowReader;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::parents::Parents;
use crate::load::{Node, Slot, StateField};
use crate::order::{OrderBy, OrderTerm};
use crate::relation::IntoLoad;
use crate::state::Loaded;

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

    /// The column, for where one is asked for: `Document::update().set(Document::BODY.column(), "..")`.
    pub const fn column(self) -> Column<D::Owner, D::Content> {
        self.column
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
        values.push(RowReader::single(row, *at, E::DEF, D::POSITION).get(D::POSITION)?);
        *at += 1;
        Ok(())
    }

    fn fetch_ahead<'a>(
        &'a self,
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
    ) -> impl Future<Output = Result<()>> + Send + 'a {
        ready(Ok(()))
    }

    fn load<'a>(
        &'a self,
        _: Parents<'a, E>,
        values: Vec<D::Content>,
        (): (),
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
    ) -> impl Future<Output = Result<Self::Values>> + Send + 'a {
        ready(Ok(values.into_iter()))
    }

    fn next(values: &mut Self::Values) -> Loaded<D::Content> {
        Loaded::new(values.next().expect("there is a value for each row"))
    }
}
