//! What a relation holds once it is loaded, and how targets are handed out to their parents.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::relation::RelationDef;
use crate::value::Field;

/// Which target belongs to which parent, as positions, in the order in which each parent shall have its targets.
pub(crate) type Pairs = Vec<(u32, u32)>;

/// How the targets of a load hang on its parents.
#[doc(hidden)]
pub struct Links<'a> {
    pub(crate) relation: &'static RelationDef,
    pub(crate) parents: usize,
    pub(crate) pairs: &'a Pairs,
    /// The error for a parent that must have a target and has none.
    pub(crate) missing: &'a dyn Fn(usize) -> Error,
}

/// What a relation's field holds: one target or many, owned or shared.
pub trait Shape: 'static {
    /// The content for targets of type `T`.
    type Of<T: Send + Sync + 'static>: Send + Sync + 'static;
    /// Whether several parents can have the same target.
    const SHARED: bool;

    /// Hands out the targets: what each parent has, in the order of the parents.
    #[doc(hidden)]
    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Self::Of<T>>>;
}

/// A relation to many: `has_many`, `many_to_many`.
#[diagnostic::on_unimplemented(
    message = "this relation leads to one row, not to many",
    label = "this method is for `has_many` and `many_to_many`",
    note = "for a condition on the only related row write `.has(..)`; of one row there is nothing to filter, order or count"
)]
#[doc(hidden)]
pub trait ToMany: Shape {}

/// A relation to one: `belongs_to`, `has_one`.
#[diagnostic::on_unimplemented(
    message = "this relation leads to many rows, not to one",
    label = "this method is for `belongs_to` and `has_one`",
    note = "for a condition that some related row fulfils write `.any(..)`, for one that none does `.none(..)`"
)]
#[doc(hidden)]
pub trait ToOne: Shape {
    /// The type of the row's value: a nullable one if there need not be a row.
    type Value<T: Field>: Field;
}

/// A relation that can be loaded with a join.
#[diagnostic::on_unimplemented(
    message = "a collection cannot be loaded with a join",
    label = "this relation leads to many rows, and a join would repeat the parent for each of them",
    note = "leave out `.joined()`: collections are loaded with one more statement for all parents, which is faster too"
)]
#[doc(hidden)]
pub trait Joinable: Shape {}

/// `Vec<T>`: `has_many`.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Many;

/// `Option<T>`: `has_one`.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Optional;

/// `Arc<T>`: `belongs_to` with a required key.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Shared;

/// `Option<Arc<T>>`: `belongs_to` with a nullable key.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct OptionalShared;

/// `Vec<Arc<T>>`: `many_to_many`.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct ManyShared;

impl ToMany for Many {}
impl ToMany for ManyShared {}

impl ToOne for Optional {
    type Value<T: Field> = Option<T::Base>;
}

impl ToOne for Shared {
    type Value<T: Field> = T;
}

impl ToOne for OptionalShared {
    type Value<T: Field> = Option<T::Base>;
}

impl Joinable for Optional {}
impl Joinable for Shared {}
impl Joinable for OptionalShared {}

impl Shape for Many {
    type Of<T: Send + Sync + 'static> = Vec<T>;
    const SHARED: bool = false;

    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Vec<T>>> {
        let mut lists = sized_lists(links);
        let mut parents = links.pairs.iter().map(|&(parent, _)| parent);
        targets.for_each(|target| {
            if let Some(parent) = parents.next() {
                lists[parent as usize].push(target);
            }
        });
        Ok(lists)
    }
}

impl Shape for ManyShared {
    type Of<T: Send + Sync + 'static> = Vec<Arc<T>>;
    const SHARED: bool = true;

    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Vec<Arc<T>>>> {
        let targets: Vec<Arc<T>> = targets.map(Arc::new).collect();
        let mut lists = sized_lists(links);
        for &(parent, target) in links.pairs {
            lists[parent as usize].push(Arc::clone(&targets[target as usize]));
        }
        Ok(lists)
    }
}

impl Shape for Optional {
    type Of<T: Send + Sync + 'static> = Option<T>;
    const SHARED: bool = false;

    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Option<T>>> {
        let owned = links.pairs.iter().zip(targets);
        one_each(owned.map(|(&(parent, _), target)| (parent, target)), links)
    }
}

impl Shape for OptionalShared {
    type Of<T: Send + Sync + 'static> = Option<Arc<T>>;
    const SHARED: bool = true;

    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Option<Arc<T>>>> {
        let targets: Vec<Arc<T>> = targets.map(Arc::new).collect();
        let shares = links
            .pairs
            .iter()
            .map(|&(parent, target)| (parent, Arc::clone(&targets[target as usize])));
        one_each(shares, links)
    }
}

impl Shape for Shared {
    type Of<T: Send + Sync + 'static> = Arc<T>;
    const SHARED: bool = true;

    fn distribute<T: Send + Sync + 'static>(
        targets: impl Iterator<Item = T>,
        links: &Links<'_>,
    ) -> Result<Vec<Arc<T>>> {
        OptionalShared::distribute(targets, links)?
            .into_iter()
            .enumerate()
            .map(|(parent, target)| target.ok_or_else(|| (links.missing)(parent)))
            .collect()
    }
}

/// Empty lists, each with room for exactly what it will hold.
fn sized_lists<T>(links: &Links<'_>) -> Vec<Vec<T>> {
    let mut sizes = vec![0; links.parents];
    for &(parent, _) in links.pairs {
        sizes[parent as usize] += 1;
    }
    sizes.into_iter().map(Vec::with_capacity).collect()
}

fn one_each<T>(
    targets: impl Iterator<Item = (u32, T)>,
    links: &Links<'_>,
) -> Result<Vec<Option<T>>> {
    let mut of_parent: Vec<Option<T>> = Vec::new();
    of_parent.resize_with(links.parents, || None);
    for (parent, target) in targets {
        if of_parent[parent as usize].replace(target).is_some() {
            return Err(Error::TooMany {
                of: links.relation.to_string(),
            });
        }
    }
    Ok(of_parent)
}
