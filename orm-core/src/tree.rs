//! Trees: what a recursive load of a `has_many` holds.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::slice;

use crate::load::{Given, InHand, Taken};

/// An entity with all that is below it: what `Task::SUBTASKS.recursive()` loads is a `Vec<Tree<Task>>`.
///
/// It dereferences to the entity, and has the trees below it as [`children`](Self::children):
///
/// ```
/// # use unlazy::{Entity, Tree, Unloaded};
/// # #[derive(Entity)] struct Task<Subtasks = Unloaded> {
/// #     #[entity(primary_key)] id: i64, title: String, parent_id: Option<i64>,
/// #     #[entity(has_many(Task, foreign_key = parent_id))] subtasks: Subtasks,
/// # }
/// fn outline(task: &Tree<Task>) -> String {
///     task.walk()
///         .map(|(depth, task)| format!("{}{}\n", "  ".repeat(depth), task.title))
///         .collect()
/// }
/// ```
///
/// The entity's own field of the relation is `Unloaded`: what it would hold are the children.
///
/// However deep a tree is, it is walked, compared, cloned and dropped without recursion. `Debug` and `Serialize` recurse,
/// as they do into any value.
pub struct Tree<T> {
    node: T,
    children: Children<T>,
}

/// The trees below a node. Dropped one after the other: each within the one above it would overflow the stack. That this
/// is not `Tree`'s own `Drop` is so that a tree can be taken apart.
struct Children<T>(Vec<Tree<T>>);

impl<T> Drop for Children<T> {
    fn drop(&mut self) {
        let mut trees = std::mem::take(&mut self.0);
        while let Some(mut tree) = trees.pop() {
            trees.append(&mut tree.children.0);
        }
    }
}

impl<T> Tree<T> {
    /// An entity with trees below it, for tests and for trees that are built in the program.
    pub fn new(node: T, children: impl IntoIterator<Item = Tree<T>>) -> Self {
        Self {
            node,
            children: Children(children.into_iter().collect()),
        }
    }

    /// The trees directly below it.
    pub fn children(&self) -> &[Tree<T>] {
        &self.children.0
    }

    /// The trees directly below it, to be changed.
    pub fn children_mut(&mut self) -> &mut Vec<Tree<T>> {
        &mut self.children.0
    }

    /// The entity and the trees directly below it.
    pub fn into_parts(self) -> (T, Vec<Tree<T>>) {
        let Self { node, mut children } = self;
        (node, std::mem::take(&mut children.0))
    }

    /// The tree itself and all trees below it, each before those below it, and how far below it they are: 0 for itself.
    pub fn walk(&self) -> Walk<'_, T> {
        Walk {
            levels: vec![slice::from_ref(self).iter()],
        }
    }

    /// All trees below it, each before those below it.
    pub fn descendants(&self) -> impl Iterator<Item = &Tree<T>> {
        self.walk().skip(1).map(|(_, tree)| tree)
    }

    /// The number of levels below it: 0 if it has no children.
    pub fn depth(&self) -> usize {
        self.walk().map(|(depth, _)| depth).max().unwrap_or(0)
    }

    fn nodes(&self) -> impl Iterator<Item = (usize, &T)> {
        self.walk().map(|(depth, tree)| (depth, &tree.node))
    }
}

/// The trees of a tree, made by [`Tree::walk`].
pub struct Walk<'a, T> {
    /// What is left of each list of children on the way to the last tree.
    levels: Vec<slice::Iter<'a, Tree<T>>>,
}

impl<'a, T> Iterator for Walk<'a, T> {
    type Item = (usize, &'a Tree<T>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let depth = self.levels.len().checked_sub(1)?;
            match self.levels[depth].next() {
                Some(tree) => {
                    self.levels.push(tree.children().iter());
                    return Some((depth, tree));
                }
                None => {
                    self.levels.pop();
                }
            }
        }
    }
}

impl<T> fmt::Debug for Walk<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("depth", &self.levels.len())
            .finish_non_exhaustive()
    }
}

impl<T> Deref for Tree<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.node
    }
}

impl<T> DerefMut for Tree<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.node
    }
}

impl<T: fmt::Debug> fmt::Debug for Tree<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("node", &self.node)
            .field("children", &self.children())
            .finish()
    }
}

impl<T: Clone> Clone for Tree<T> {
    fn clone(&self) -> Self {
        let listed: Vec<(T, usize)> = self
            .walk()
            .map(|(_, tree)| (tree.node.clone(), tree.children().len()))
            .collect();
        plant(listed).remove(0)
    }
}

impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.nodes().eq(other.nodes())
    }
}

impl<T: Eq> Eq for Tree<T> {}

impl<T: Hash> Hash for Tree<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for node in self.nodes() {
            node.hash(state);
        }
    }
}

/// Lists the nodes of a tree, each before those below it, with the number of its children.
fn fell<T>(tree: Tree<T>) -> Vec<(T, usize)> {
    let mut listed = Vec::new();
    let mut left = vec![tree];
    while let Some(tree) = left.pop() {
        let (node, children) = tree.into_parts();
        listed.push((node, children.len()));
        left.extend(children.into_iter().rev());
    }
    listed
}

/// Makes trees of nodes, each before those below it, with the number of its children.
pub(crate) fn plant<T>(
    listed: impl IntoIterator<Item = (T, usize), IntoIter: DoubleEndedIterator>,
) -> Vec<Tree<T>> {
    // The trees so far, the last one first, so that those below a node are made before it.
    let mut trees = Vec::new();
    for (node, children) in listed.into_iter().rev() {
        let first = trees.len().saturating_sub(children);
        let children = trees.drain(first..).rev().collect();
        trees.push(Tree {
            node,
            children: Children(children),
        });
    }
    trees.reverse();
    trees
}

impl<C: InHand> InHand for Tree<C> {
    type Record = C::Record;
    type With<T> = Tree<C::With<T>>;
    type Frame = Vec<(C::Frame, usize)>;

    fn take(self, out: &mut Taken<C::Record>) -> Self::Frame {
        fell(self)
            .into_iter()
            .map(|(node, children)| (node.take(out), children))
            .collect()
    }

    fn put_back<T>(frame: Self::Frame, given: &mut Given<T>) -> Self::With<T> {
        let listed: Vec<_> = frame
            .into_iter()
            .map(|(node, children)| (C::put_back(node, given), children))
            .collect();
        plant(listed).remove(0)
    }
}

#[cfg(feature = "serde")]
mod serialize;

#[cfg(test)]
mod tests {
    use super::{Tree, fell, plant};

    fn leaf(node: u32) -> Tree<u32> {
        Tree::new(node, [])
    }

    fn tree() -> Tree<u32> {
        Tree::new(1, [Tree::new(2, [leaf(3), leaf(4)]), leaf(5)])
    }

    #[test]
    fn walked_from_the_top() {
        let walked: Vec<(usize, u32)> =
            tree().walk().map(|(depth, tree)| (depth, **tree)).collect();
        assert_eq!(walked, [(0, 1), (1, 2), (2, 3), (2, 4), (1, 5)]);
        let below: Vec<u32> = tree().descendants().map(|tree| **tree).collect();
        assert_eq!(below, [2, 3, 4, 5]);
        assert_eq!((tree().depth(), leaf(1).depth()), (2, 0));
    }

    #[test]
    fn felled_and_planted_again() {
        let listed = fell(tree());
        assert_eq!(listed, [(1, 2), (2, 2), (3, 0), (4, 0), (5, 0)]);
        assert_eq!(plant(listed), [tree()]);
        let two = plant([(1, 1), (2, 0), (3, 0)]);
        assert_eq!(two, [Tree::new(1, [leaf(2)]), leaf(3)]);
    }

    #[test]
    fn trees_differ_by_their_shape() {
        let chain = Tree::new(1, [Tree::new(2, [leaf(3)])]);
        let fork = Tree::new(1, [leaf(2), leaf(3)]);
        assert_ne!(chain, fork);
        assert_eq!(chain, chain.clone());
    }

    #[test]
    fn a_hundred_thousand_levels_do_not_overflow_the_stack() {
        let mut deep = plant((0..100_000_u32).map(|node| (node, usize::from(node < 99_999))));
        assert_eq!(deep[0].depth(), 99_999);
        assert!(deep[0].clone() == deep[0]);
        let (node, children) = deep.remove(0).into_parts();
        assert_eq!((node, children.len()), (0, 1));
    }
}
