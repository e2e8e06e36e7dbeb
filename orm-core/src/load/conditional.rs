//! Relations that are loaded only if a condition holds.

use tokio_postgres::Row;

use crate::db::Connection;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::parents::Parents;
use crate::load::slot::Brought;
use crate::load::tasks::Tasks;
use crate::load::{Node, Slot};
use crate::state::{Loaded, MaybeLoaded};

/// A load that [`with_if`](crate::Query::with_if) makes only if its condition holds.
#[derive(Debug, Clone)]
pub struct If<S> {
    holds: bool,
    slot: S,
}

impl<S> If<S> {
    pub(crate) fn new(holds: bool, slot: S) -> Self {
        Self { holds, slot }
    }
}

impl<E, T, S> Slot<E> for If<S>
where
    E: Entity,
    T: Send + Sync + 'static,
    S: Slot<E, Value = Loaded<T>>,
{
    type Value = MaybeLoaded<T>;
    type Joined = S::Joined;
    type Ahead = S::Ahead;
    type Values = Option<S::Values>;

    fn describe(&self) -> Option<Node<'_>> {
        self.holds.then(|| self.slot.describe()).flatten()
    }

    fn read(
        &self,
        joined: &mut S::Joined,
        node: Option<&Node<'_>>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        match node {
            Some(_) => self.slot.read(joined, node, row, at, parent),
            None => Ok(()),
        }
    }

    fn fetch_ahead<'a>(
        &'a self,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        ahead: &'a mut S::Ahead,
        tasks: &mut Tasks<'a>,
    ) {
        if node.is_some() {
            self.slot.fetch_ahead(node, connection, ahead, tasks);
        }
    }

    fn load<'a>(
        &'a self,
        parents: &Parents<'a, E>,
        brought: Brought<S::Joined, S::Ahead>,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        values: &'a mut Option<S::Values>,
        tasks: &mut Tasks<'a>,
    ) {
        if node.is_some() {
            let values = values.get_or_insert_default();
            self.slot
                .load(parents, brought, node, connection, values, tasks);
        }
    }

    fn next(values: &mut Option<S::Values>) -> MaybeLoaded<T> {
        match values {
            Some(values) => MaybeLoaded::Yes(S::next(values).into_inner()),
            None => MaybeLoaded::No,
        }
    }
}
