//! Which relations can be followed to their end, and what they hold then.

use std::sync::Arc;

use crate::load::recursive::Links;
use crate::load::recursive::ancestors::{Ancestors, Chains};
use crate::load::recursive::descendants::{Descendants, Trees};
use crate::shape::{Many, ManyShared, Optional, OptionalShared, Shape, Shared};
use crate::tree::{Tree, plant};

/// What a relation holds when it is followed to its end.
#[diagnostic::on_unimplemented(
    message = "this relation cannot be loaded as a tree or a chain",
    label = "only a `has_many` and a `belongs_to` with a nullable key can",
    note = "`recursive()` is for a relation of an entity to itself, such as `Task::SUBTASKS` and `Task::PARENT`"
)]
#[doc(hidden)]
pub trait RecursiveShape: Shape {
    /// The content for targets of type `T`.
    type All<T: Send + Sync + 'static>: Send + Sync + 'static;
    type Links: Links;

    /// Puts the targets together: what each parent has.
    fn assemble<T: Send + Sync + 'static>(
        targets: Vec<T>,
        hung: &<Self::Links as Links>::Hung,
    ) -> Vec<Self::All<T>>;
}

impl RecursiveShape for Many {
    type All<T: Send + Sync + 'static> = Vec<Tree<T>>;
    type Links = Descendants;

    fn assemble<T: Send + Sync + 'static>(targets: Vec<T>, hung: &Trees) -> Vec<Vec<Tree<T>>> {
        let mut targets: Vec<Option<T>> = targets.into_iter().map(Some).collect();
        let mut take = |position: u32| {
            let target = targets[position as usize].take();
            target.expect("a row is at one place in one tree")
        };
        let nodes = hung.nodes.iter();
        let mut trees = plant(nodes.map(|&(node, children)| (take(node), children))).into_iter();
        let sizes = hung.sizes.iter();
        sizes
            .map(|&size| trees.by_ref().take(size).collect())
            .collect()
    }
}

impl RecursiveShape for OptionalShared {
    type All<T: Send + Sync + 'static> = Vec<Arc<T>>;
    type Links = Ancestors;

    fn assemble<T: Send + Sync + 'static>(targets: Vec<T>, hung: &Chains) -> Vec<Vec<Arc<T>>> {
        let targets: Vec<Arc<T>> = targets.into_iter().map(Arc::new).collect();
        let target = |&target: &u32| Arc::clone(&targets[target as usize]);
        hung.of_parents()
            .map(|chain| chain.iter().map(target).collect())
            .collect()
    }
}

/// Two entities that are the same: those of a relation that leads to its own entity.
#[diagnostic::on_unimplemented(
    message = "relation `{R}` leads to another entity, where it cannot be followed further",
    label = "`.recursive()` is for a relation of an entity to itself",
    note = "load it as it is, and below it what is needed there: `.with(User::POSTS.with(Post::TAGS))`"
)]
#[doc(hidden)]
pub trait ToItself<R> {
    /// What a relation between them holds.
    type Shape;
}

impl<E, R: crate::relation::Relation> ToItself<R> for (E, E) {
    type Shape = R::Shape;
}

/// A shape in which the relation `R` can be followed to its end.
#[doc(hidden)]
pub trait Follow<R> {}

impl<R> Follow<R> for Many {}

impl<R> Follow<R> for OptionalShared {}

/// A required key, whose relation never ends.
#[diagnostic::on_unimplemented(
    message = "relation `{Self}` has no end: its key is never NULL",
    label = "above every row there is another one, so that only a cycle could be found",
    note = "make the foreign key an `Option`: the row at the top has none"
)]
#[doc(hidden)]
pub trait ChainThatEnds {}

#[diagnostic::do_not_recommend]
impl<R: ChainThatEnds> Follow<R> for Shared {}

/// A `has_one`, below whose rows is at most one other.
#[diagnostic::on_unimplemented(
    message = "relation `{Self}` is a `has_one`, which makes no tree",
    label = "below every row there is at most one other",
    note = "declare it as a `has_many` to load what is below a row as a tree"
)]
#[doc(hidden)]
pub trait TreeOfMany {}

#[diagnostic::do_not_recommend]
impl<R: TreeOfMany> Follow<R> for Optional {}

/// A `many_to_many`, in which several ways lead to a row.
#[diagnostic::on_unimplemented(
    message = "relation `{Self}` is a `many_to_many`, which makes a graph and no tree",
    label = "several ways can lead to the same row",
    note = "load as many levels as are needed: `.with(User::FRIENDS.with(User::FRIENDS))`"
)]
#[doc(hidden)]
pub trait RowsInATree {}

#[diagnostic::do_not_recommend]
impl<R: RowsInATree> Follow<R> for ManyShared {}
