//! What is below each parent, as trees.

use hashbrown::HashMap;

use crate::error::{Error, Result};
use crate::load::keys::{Cursor, Interner, Key};
use crate::load::recursive::{Decode, FoundRow, Known, Links};
use crate::load::selectin::unmatched;
use crate::sql::KeySource;

/// The rows below all parents: each says in whose tree it is, and below which row.
#[derive(Debug, Default)]
pub struct Descendants {
    /// The keys of all rows, and of those above them.
    keys: Interner,
    /// The keys of the roots, while the parents are not known.
    roots: Interner,
    cursor: Cursor,
    nodes: Vec<Descendant>,
}

#[derive(Debug, Clone, Copy)]
struct Descendant {
    /// The parent in whose tree it is, or while they are not known the number of its key.
    root: u32,
    key: u32,
    above: u32,
}

/// The trees of all parents, one parent after the other.
#[derive(Debug, Default)]
pub struct Trees {
    /// All targets, each before those below it, with the number of those directly below it.
    pub(super) nodes: Vec<(u32, usize)>,
    /// How many trees each parent has.
    pub(super) sizes: Vec<usize>,
}

impl Links for Descendants {
    type Hung = Trees;

    fn take(&mut self, found: &FoundRow<'_>, decode: Decode<'_>) -> Result<()> {
        let FoundRow {
            row,
            node,
            children,
            parents,
        } = *found;
        let KeySource::Parts(root) = &children.key_source else {
            return Err(unmatched(node));
        };
        let key = Key::in_row(row, children.target_at, node.relation.target.key);
        let key = self.keys.intern(key);
        let above = self.keys.intern(Key::in_row(row, 0, &children.above));
        let root = Key::in_row(row, 0, root);
        let (Some(key), Some(above)) = (key, above) else {
            return Err(unmatched(node));
        };
        let mut add = |root| {
            decode()?;
            self.nodes.push(Descendant {
                root,
                key: key.number(),
                above: above.number(),
            });
            Ok(())
        };
        match parents {
            Some(parents) => {
                let root = parents.keys().find(&mut self.cursor, root);
                let root = root.ok_or_else(|| unmatched(node))?;
                // Each parent owns its tree, also if one came twice.
                parents.parents(root).try_for_each(add)
            }
            None => {
                let root = self.roots.intern(root).ok_or_else(|| unmatched(node))?;
                add(root.number())
            }
        }
    }

    fn hang(mut self, known: &Known<'_>) -> Result<Trees> {
        self.find_parents(known)?;
        let forest = self.forest(known)?;
        Ok(forest.list(known.parents))
    }
}

const NONE: u32 = u32::MAX;

impl Descendants {
    /// Puts the parents in the place of the numbers of their keys, now that they are known.
    fn find_parents(&mut self, known: &Known<'_>) -> Result<()> {
        let roots = std::mem::take(&mut self.roots).into_keys();
        if roots.is_empty() {
            return Ok(());
        }
        let parents = &known.keys.relation;
        let mut parent_of = Vec::with_capacity(roots.len());
        for root in 0..roots.len() {
            let key = parents.keys().find_same(&roots, root as u32);
            let key = key.ok_or_else(|| unmatched(known.node))?;
            let mut parents = parents.parents(key);
            parent_of.push(parents.next().unwrap_or(NONE));
            if parents.next().is_some() {
                return Err(twice(known));
            }
        }
        for node in &mut self.nodes {
            node.root = parent_of[node.root as usize];
        }
        Ok(())
    }

    /// Finds for each row the one that it is directly below.
    fn forest(self, known: &Known<'_>) -> Result<Forest> {
        let keys = self.keys.into_keys();
        let mut root_keys = vec![NONE; known.parents];
        let parents = &known.keys.relation;
        for key in 0..parents.keys().len() as u32 {
            let same = keys.find_same(parents.keys(), key);
            for parent in parents.parents(key) {
                root_keys[parent as usize] = same.unwrap_or(NONE);
            }
        }
        let mut places: HashMap<(u32, u32), u32> = HashMap::with_capacity(self.nodes.len());
        for (position, node) in (0..).zip(&self.nodes) {
            if node.key == root_keys[node.root as usize] {
                return Err((known.cycle)(position));
            }
            if places.insert((node.root, node.key), position).is_some() {
                return Err(twice(known));
            }
        }
        let mut forest = Forest::new(known.parents, self.nodes.len());
        // From the last one, as each becomes the first of its siblings.
        for (position, node) in self.nodes.iter().enumerate().rev() {
            let position = position as u32;
            if node.above == root_keys[node.root as usize] {
                forest.put(position, Place::Top(node.root));
            } else {
                let above = places.get(&(node.root, node.above));
                let above = above.ok_or_else(|| unmatched(known.node))?;
                forest.put(position, Place::Below(*above));
            }
        }
        Ok(forest)
    }
}

/// Only a view can have two rows with the same declared primary key.
fn twice(known: &Known<'_>) -> Error {
    Error::TooMany {
        of: format!(
            "{} with the same primary key",
            known.node.relation.target.name
        ),
    }
}

/// Trees by the positions of their nodes, as lists of siblings.
struct Forest {
    /// The first tree of each parent.
    tops: Vec<u32>,
    firsts: Vec<u32>,
    nexts: Vec<u32>,
    sizes: Vec<usize>,
}

enum Place {
    Top(u32),
    Below(u32),
}

impl Forest {
    fn new(parents: usize, nodes: usize) -> Self {
        Self {
            tops: vec![NONE; parents],
            firsts: vec![NONE; nodes],
            nexts: vec![NONE; nodes],
            sizes: vec![0; nodes],
        }
    }

    /// Puts a node before those that are in its place already.
    fn put(&mut self, position: u32, place: Place) {
        let first = match place {
            Place::Top(parent) => &mut self.tops[parent as usize],
            Place::Below(node) => {
                self.sizes[node as usize] += 1;
                &mut self.firsts[node as usize]
            }
        };
        self.nexts[position as usize] = std::mem::replace(first, position);
    }

    fn list(self, parents: usize) -> Trees {
        let mut trees = Trees {
            nodes: Vec::with_capacity(self.sizes.len()),
            sizes: vec![0; parents],
        };
        let mut left = Vec::new();
        for (&top, size) in self.tops.iter().zip(&mut trees.sizes) {
            left.push(top);
            while let Some(node) = left.pop() {
                if node == NONE {
                    continue;
                }
                if left.is_empty() {
                    *size += 1;
                }
                let position = node as usize;
                trees.nodes.push((node, self.sizes[position]));
                left.push(self.nexts[position]);
                left.push(self.firsts[position]);
            }
        }
        trees
    }
}
