//! The parents of a load.

use std::sync::Arc;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::bind::{base_of, member_of};
use crate::entity::KeyParts;
use crate::error::{Error, Result};
use crate::load::Node;
use crate::load::chunks::Chunks;
use crate::load::keys::{Key, ParentKeys};
use crate::load::node::relations;
use crate::record::Record;
use crate::relation::{Relation, RelationDef};

/// The parents of a load, and their keys if they came from rows. The keys are freed when the last load has dropped this.
#[doc(hidden)]
pub struct Parents<'a, E> {
    pub(super) entities: &'a Chunks<E>,
    keys: Option<Arc<RowKeys>>,
}

impl<E> Clone for Parents<'_, E> {
    fn clone(&self) -> Self {
        Self {
            entities: self.entities,
            keys: self.keys.clone(),
        }
    }
}

impl<'a, E> Parents<'a, E> {
    pub(super) fn of_rows(entities: &'a Chunks<E>, keys: RowKeys) -> Self {
        Self {
            entities,
            keys: Some(Arc::new(keys)),
        }
    }

    /// Parents that the program has, in no particular way.
    pub(super) fn in_hand(entities: &'a Chunks<E>) -> Self {
        Self {
            entities,
            keys: None,
        }
    }

    /// Their keys for a relation, if they came from rows.
    pub(super) fn row_keys(&self, columns: &'static [usize]) -> Option<Arc<ParentKeys>> {
        self.keys.as_ref().map(|keys| keys.of(columns))
    }

    /// Their keys for a relation, encoded as elements of these arrays.
    pub(super) fn encoded_keys<R: Relation<Parent = E>>(
        &self,
        arrays: &[Type],
    ) -> Result<Arc<ParentKeys>> {
        let mut encoder = Encoder::new(R::DEF, arrays.iter().map(member_of));
        self.entities.try_for_each(&mut |parent| {
            let mut key = KeyParts::default();
            R::key(parent, &mut key);
            encoder.push(&key)
        })?;
        Ok(Arc::new(encoder.keys))
    }

    /// Their primary keys, encoded as values of these types.
    pub(super) fn encoded_primary_keys<R: Relation<Parent = E>>(
        &self,
        types: &[Type],
    ) -> Result<Arc<ParentKeys>>
    where
        E: Record,
    {
        let mut encoder = Encoder::new(R::DEF, types.iter().map(base_of));
        self.entities
            .try_for_each(&mut |parent| encoder.push(&KeyParts::of(&parent.key_binds())))?;
        Ok(Arc::new(encoder.keys))
    }

    /// Whether any of them refers to anything by this relation.
    pub(super) fn any_has_key<R: Relation<Parent = E>>(&self) -> bool {
        match self.row_keys(R::DEF.parent_columns) {
            Some(keys) => !keys.keys().is_empty(),
            None => self.entities.any(&mut |parent| {
                let mut key = KeyParts::default();
                R::key(parent, &mut key);
                key.not_null().is_some()
            }),
        }
    }
}

/// Encodes the keys of parents that did not come from rows.
struct Encoder<'t> {
    relation: &'static RelationDef,
    types: Vec<&'t Type>,
    encoded: Vec<BytesMut>,
    keys: ParentKeys,
}

impl<'t> Encoder<'t> {
    fn new(relation: &'static RelationDef, types: impl Iterator<Item = &'t Type>) -> Self {
        let types: Vec<&Type> = types.collect();
        Self {
            relation,
            encoded: vec![BytesMut::new(); types.len()],
            types,
            keys: ParentKeys::default(),
        }
    }

    fn push(&mut self, key: &KeyParts<'_>) -> Result<()> {
        let Self {
            relation,
            types,
            encoded,
            keys,
        } = self;
        keys.push_values(key.not_null(), types, encoded)
            .map_err(|source| Error::Encode {
                relation: relation.to_string(),
                source,
            })
    }
}

/// The keys of parents for the relations that are loaded by statements of their own, taken from the rows of the parents.
/// Relations that go by the same columns share them.
#[derive(Debug)]
pub(super) struct RowKeys(Vec<(&'static [usize], Arc<ParentKeys>)>);

impl RowKeys {
    fn of(&self, columns: &'static [usize]) -> Arc<ParentKeys> {
        self.0
            .iter()
            .find(|(known, _)| *known == columns)
            .map(|(_, keys)| Arc::clone(keys))
            .unwrap_or_default()
    }
}

/// [`RowKeys`] that are being read. Which ones is said with the first row.
#[derive(Debug, Default)]
pub(super) struct RowKeysBuilder(Option<Vec<(&'static [usize], ParentKeys)>>);

impl RowKeysBuilder {
    /// Takes the keys of the parent whose columns begin at `at`, for the loads of these nodes.
    #[inline]
    pub(super) fn read(&mut self, nodes: &[Option<Node<'_>>], row: &Row, at: usize) {
        for (columns, keys) in self.0.get_or_insert_with(|| needed(nodes)) {
            keys.push(Key::in_row(row, at, columns));
        }
    }

    pub(super) fn finish(self) -> RowKeys {
        RowKeys(
            self.0
                .into_iter()
                .flatten()
                .map(|(columns, keys)| (columns, Arc::new(keys)))
                .collect(),
        )
    }
}

/// The keys that the loads of these nodes go by, with none of them read yet.
fn needed(nodes: &[Option<Node<'_>>]) -> Vec<(&'static [usize], ParentKeys)> {
    let mut keys: Vec<(&'static [usize], ParentKeys)> = Vec::new();
    let mut need = |columns| {
        if keys.iter().all(|(known, _)| *known != columns) {
            keys.push((columns, ParentKeys::default()));
        }
    };
    for node in relations(nodes).filter(|node| !node.is_joined()) {
        need(node.relation.parent_columns);
        if node.recursion.is_some() {
            // On the way up a parent must not come to itself.
            need(node.relation.parent.key);
        }
    }
    keys
}
