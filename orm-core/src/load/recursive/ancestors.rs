//! What is above each parent, nearest first.

use crate::error::Result;
use crate::load::keys::{Interned, Interner, Key};
use crate::load::recursive::{Decode, FoundRow, Known, Links};
use crate::load::selectin::unmatched;
use crate::sql::KeySource;

/// The rows above all parents, each once, and which one each of them refers to.
#[derive(Debug, Default)]
pub struct Ancestors {
    /// The primary keys of the rows.
    keys: Interner,
    /// The keys that rows are referred to by.
    references: Interner,
    /// The row that a reference leads to, by its number.
    targets: Vec<Option<u32>>,
    /// The reference of each row to the one above it.
    above: Vec<Option<u32>>,
}

/// The rows above each parent.
#[derive(Debug, Default)]
pub struct Chains {
    /// Those of all keys, one after the other, and where each ends.
    pub(super) targets: Vec<u32>,
    pub(super) ends: Vec<usize>,
    /// The number of each parent's key, if it has one.
    pub(super) keys: Vec<Option<u32>>,
}

impl Links for Ancestors {
    type Hung = Chains;

    fn take(&mut self, found: &FoundRow<'_>, decode: Decode<'_>) -> Result<()> {
        let FoundRow {
            row,
            node,
            children,
            ..
        } = *found;
        let KeySource::Parts(reference) = &children.key_source else {
            return Err(unmatched(node));
        };
        let relation = node.relation;
        let key = Key::in_row(row, children.target_at, relation.target.key);
        let target = match self.keys.intern(key) {
            Some(Interned::Known(target)) => target,
            Some(Interned::New(target)) => {
                decode()?;
                let above = Key::in_row(row, children.target_at, relation.parent_columns);
                self.above
                    .push(self.references.intern(above).map(Interned::number));
                target
            }
            None => return Err(unmatched(node)),
        };
        let reference = self.references.intern(Key::in_row(row, 0, reference));
        let reference = reference.ok_or_else(|| unmatched(node))?.number() as usize;
        if self.targets.len() <= reference {
            self.targets.resize(reference + 1, None);
        }
        self.targets[reference] = Some(target);
        Ok(())
    }

    fn hang(self, known: &Known<'_>) -> Result<Chains> {
        let keys = self.keys.into_keys();
        let references = self.references.into_keys();
        let mut own = vec![None; known.parents];
        let primary = &known.keys.primary;
        for key in 0..primary.keys().len() as u32 {
            let target = keys.find_same(primary.keys(), key);
            for parent in primary.parents(key) {
                own[parent as usize] = target;
            }
        }
        let parents = &known.keys.relation;
        let limit = known.node.recursion.and_then(|recursion| recursion.depth);
        let limit = limit.map_or(usize::MAX, |limit| limit as usize);
        let mut chains = Chains {
            keys: vec![None; known.parents],
            ..Chains::default()
        };
        // The last key on whose way each target is.
        let mut on_way = vec![None; self.above.len()];
        for key in 0..parents.keys().len() as u32 {
            let next = |reference: Option<u32>| *self.targets.get(reference? as usize)?;
            let mut target = next(references.find_same(parents.keys(), key));
            let start = chains.targets.len();
            let mut twice = None;
            while let Some(found) = target
                && chains.targets.len() - start < limit
            {
                let place = &mut on_way[found as usize];
                if place.replace(key) == Some(key) {
                    twice = Some(found);
                    break;
                }
                chains.targets.push(found);
                target = next(self.above[found as usize]);
            }
            chains.ends.push(chains.targets.len());
            for parent in parents.parents(key) {
                let own = own[parent as usize];
                let itself = own.filter(|&own| on_way[own as usize] == Some(key));
                if let Some(again) = itself.or(twice) {
                    return Err((known.cycle)(again));
                }
                chains.keys[parent as usize] = Some(key);
            }
        }
        Ok(chains)
    }
}

impl Chains {
    /// The targets of each parent, nearest first.
    pub(super) fn of_parents(&self) -> impl Iterator<Item = &[u32]> {
        self.keys.iter().map(|key| match key {
            Some(key) => {
                let key = *key as usize;
                let start = key.checked_sub(1).map_or(0, |before| self.ends[before]);
                &self.targets[start..self.ends[key]]
            }
            None => &[],
        })
    }
}
