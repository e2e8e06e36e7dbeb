//! What a new row is given for each of its relations.

use futures_util::future::{BoxFuture, FutureExt, join, ready};

use crate::db::Connection;
use crate::entity::{Entity, EntityDef, KeyParts};
use crate::error::{Error, Result};
use crate::load::Skip;
use crate::record::Record;
use crate::relation::{Relation, RelationDef};
use crate::shape::{Links, Shape};
use crate::sql::Sql;
use crate::state::{Loaded, Unloaded};
use crate::value::PgType;
use crate::write::graph::level::{Below, Stored, both, key_bytes, store};
use crate::write::graph::{NewLinks, NewRelated};
use crate::write::link_rows::{Key, LinkRows};
use crate::write::rows::NewRow;

/// What a new row of `E` is given for one relation.
#[doc(hidden)]
pub trait NewSlot<E: Entity>: Sized + Send {
    /// The state of the relation's field afterwards.
    type State: Send + Sync + 'static;

    fn is_empty(&self) -> bool;

    /// Inserts what is given to rows that are stored, one element for each.
    fn insert<'a>(
        given: Vec<Self>,
        stored: &'a Stored<E>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::State>>>
    where
        Self: 'a;
}

/// What a new row of `E` is given for all of its relations: `(first, (second, ()))`.
#[doc(hidden)]
pub trait NewSlots<E: Entity>: Sized + Send {
    /// The states of the relations afterwards.
    type States: Send + Sync + 'static;

    fn is_empty(&self) -> bool;

    /// The statements of all relations are pipelined on the connection.
    fn insert<'a>(
        given: Vec<Self>,
        stored: &'a Stored<E>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::States>>>
    where
        Self: 'a;
}

impl<E: Entity> NewSlots<E> for () {
    type States = ();

    fn is_empty(&self) -> bool {
        true
    }

    fn insert<'a>(
        given: Vec<()>,
        _: &'a Stored<E>,
        _: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<()>>>
    where
        Self: 'a,
    {
        ready(Ok(given)).boxed()
    }
}

impl<E: Entity, First: NewSlot<E>, Rest: NewSlots<E>> NewSlots<E> for (First, Rest) {
    type States = (First::State, Rest::States);

    fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_empty()
    }

    fn insert<'a>(
        given: Vec<Self>,
        stored: &'a Stored<E>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::States>>>
    where
        Self: 'a,
    {
        let (first, rest) = given.into_iter().unzip();
        let first = First::insert(first, stored, connection);
        let rest = Rest::insert(rest, stored, connection);
        Box::pin(async move {
            // Both are waited for, also if one fails: a result that is not read to its end would cost the connection.
            let (first, rest) = join(first, rest).await;
            let (first, rest) = both(first, rest)?;
            Ok(first.into_iter().zip(rest).collect())
        })
    }
}

impl<E: Entity> NewSlot<E> for Skip {
    type State = Unloaded;

    fn is_empty(&self) -> bool {
        true
    }

    fn insert<'a>(
        given: Vec<Self>,
        _: &'a Stored<E>,
        _: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Unloaded>>>
    where
        Self: 'a,
    {
        ready(Ok(vec![Unloaded; given.len()])).boxed()
    }
}

impl<R, N, B> NewSlot<R::Parent> for NewRelated<'_, R, N, B>
where
    R: Relation,
    N: NewRow<R::Target>,
    B: Below<R::Target>,
{
    type State = Loaded<<R::Shape as Shape>::Of<B::Record>>;

    fn is_empty(&self) -> bool {
        self.is_empty
    }

    fn insert<'a>(
        given: Vec<Self>,
        stored: &'a Stored<R::Parent>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::State>>>
    where
        Self: 'a,
    {
        let (mut rows, mut below, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for ((number, parent), new) in stored.entities.iter().enumerate().zip(given) {
            for (row, below_it) in (new.make)(parent) {
                pairs.push((number as u32, rows.len() as u32));
                rows.push(row);
                below.push(below_it);
            }
        }
        Box::pin(async move {
            let parent_of = |target: usize| pairs[target].0 as usize;
            let checked = has_comparable_keys(R::DEF);
            let targets = store::<R::Target, N>(rows, connection, &mut |target, row| {
                let parent = parent_of(target);
                let key = checked.then(|| key_bytes(row, R::DEF.target_columns));
                match key {
                    Some(key) if key != stored.keys[parent] => {
                        Err(wrong_parent::<R>(&stored.entities[parent]))
                    }
                    _ => Ok(()),
                }
            })
            .await?;
            let links = LinkRows::of(R::DEF, false).filter(|_| !pairs.is_empty());
            let links = links.map(|links| {
                let parents = (0..pairs.len()).map(|target| &stored.entities[parent_of(target)]);
                let parents: Vec<Key> = parents.map(Record::key_binds).collect();
                let targets: Vec<Key> = targets.entities.iter().map(Record::key_binds).collect();
                links.insert(&parents, &targets, connection.scopes())
            });
            let (linked, targets) = join(
                execute(links.as_ref(), connection),
                B::insert(below, targets, connection),
            )
            .await;
            let ((), targets) = both(linked, targets)?;
            let links = Links {
                relation: R::DEF,
                parents: stored.entities.len(),
                pairs: &pairs,
                missing: &|_| Error::NotFound {
                    entity: R::Target::DEF.name,
                },
            };
            let of_parents = R::Shape::distribute(targets.into_iter(), &links)?;
            Ok(of_parents.into_iter().map(Loaded::new).collect())
        })
    }
}

impl<R: Relation> NewSlot<R::Parent> for NewLinks<R> {
    type State = Unloaded;

    fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    fn insert<'a>(
        given: Vec<Self>,
        stored: &'a Stored<R::Parent>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Unloaded>>>
    where
        Self: 'a,
    {
        let unloaded = vec![Unloaded; given.len()];
        let (mut parents, mut targets) = (Vec::<Key>::new(), Vec::<Key>::new());
        for (parent, links) in stored.entities.iter().zip(given) {
            parents.extend(links.targets.iter().map(|_| parent.key_binds()));
            targets.extend(links.targets);
        }
        let links = LinkRows::of(R::DEF, false).filter(|_| !targets.is_empty());
        let links = links.map(|links| links.add(&parents, &targets, connection.scopes()));
        Box::pin(async move {
            execute(links.as_ref(), connection).await?;
            Ok(unloaded)
        })
    }
}

async fn execute(statement: Option<&Sql>, connection: &Connection<'_>) -> Result<()> {
    match statement {
        Some(statement) => connection.execute(statement).await.map(drop),
        None => Ok(()),
    }
}

/// Whether equal keys of both sides always have the same bytes.
fn has_comparable_keys(relation: &RelationDef) -> bool {
    let same_bytes = |def: &EntityDef, columns: &[usize]| {
        let mut types = columns.iter().map(|&column| def.columns[column].ty);
        types.all(PgType::equal_means_same_bytes)
    };
    relation.link.is_none()
        && same_bytes(relation.parent, relation.parent_columns)
        && same_bytes(relation.target, relation.target_columns)
}

fn wrong_parent<R: Relation>(parent: &R::Parent) -> Error {
    let mut key = KeyParts::default();
    R::key(parent, &mut key);
    Error::WrongParent {
        relation: R::DEF.to_string(),
        key: key.to_string(),
    }
}
