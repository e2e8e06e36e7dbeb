//! One statement for the targets of all parents.

use tokio_postgres::Row;

use crate::db::Connection;
use crate::error::{Error, Result};
use crate::load::keys::{Cursor, Interned, Interner, Key, Keys, ParentKeys, numbered};
use crate::load::parents::Parents;
use crate::load::{Loads, RelationNode, Rows};
use crate::relation::Relation;
use crate::shape::{Pairs, Shape};
use crate::sql::{Children, KeySource};

/// Fetches the targets of all parents, and says which belong to which. Sends nothing if no parent has a key.
pub(super) async fn fetch<R, L>(
    parents: Parents<'_, R::Parent>,
    loads: &L,
    node: &RelationNode<'_>,
    connection: &Connection<'_>,
) -> Result<(Rows<R::Target, L>, Pairs)>
where
    R: Relation,
    L: Loads<R::Target>,
{
    if !parents.any_has_key::<R>() {
        return Ok((Rows::default(), Pairs::new()));
    }
    let children = node.planned();
    let statement = connection.prepare(&children.select.sql).await?;
    let types = statement.params().get(..children.keys).unwrap_or_default();
    let keys = match parents.row_keys(R::DEF.parent_columns) {
        Some(keys) => keys,
        None => parents.encoded_keys::<R>(types)?,
    };
    let mut parameters = keys.arrays(types);
    parameters.extend(children.parameters.iter().cloned());

    let mut matched = Matched::<R, L>::new(loads, node, children, &keys);
    connection
        .fetch_by_keys(
            keys.keys().len(),
            &statement,
            &children.select,
            &parameters,
            &mut |row: &Row| matched.read(row),
        )
        .await?;
    Ok(matched.into_parts())
}

/// The targets of one statement, and which belong to which of the parents that are known.
pub(super) struct Matched<'a, R: Relation, L: Loads<R::Target>> {
    loads: &'a L,
    node: &'a RelationNode<'a>,
    children: &'a Children,
    keys: &'a ParentKeys,
    targets: Targets<R, L>,
    pairs: Pairs,
    cursor: Cursor,
}

impl<'a, R: Relation, L: Loads<R::Target>> Matched<'a, R, L> {
    pub(super) fn new(
        loads: &'a L,
        node: &'a RelationNode<'a>,
        children: &'a Children,
        keys: &'a ParentKeys,
    ) -> Self {
        Self {
            loads,
            node,
            children,
            keys,
            targets: Targets::default(),
            pairs: Pairs::new(),
            cursor: Cursor::default(),
        }
    }

    /// Reads the target of a row for the parents that have its key.
    pub(super) fn read(&mut self, row: &Row) -> Result<()> {
        let Self {
            loads,
            node,
            children,
            keys,
            targets,
            pairs,
            cursor,
        } = self;
        let key = known_key(&children.key_source, row, keys.keys(), cursor);
        let key = key.ok_or_else(|| unmatched(node))?;
        if R::Shape::SHARED {
            let target = targets.read(loads, node, children, row)?;
            pairs.extend(keys.parents(key).map(|parent| (parent, target)));
        } else {
            // An owned target that several parents have, because a parent came twice, is decoded for each.
            for parent in keys.parents(key) {
                let target = targets.read(loads, node, children, row)?;
                pairs.push((parent, target));
            }
        }
        Ok(())
    }

    pub(super) fn into_parts(self) -> (Rows<R::Target, L>, Pairs) {
        (self.targets.rows, self.pairs)
    }
}

/// The number of the key that a row names.
fn known_key(source: &KeySource, row: &Row, keys: &Keys, cursor: &mut Cursor) -> Option<u32> {
    match source {
        KeySource::Number(column) => numbered(row, *column, keys),
        KeySource::Parts(columns) => keys.find(cursor, Key::in_row(row, 0, columns)),
    }
}

/// The server found a row for a key that no parent has, byte by byte.
pub(super) fn unmatched(node: &RelationNode<'_>) -> Error {
    Error::UnmatchedKey {
        relation: node.relation.to_string(),
    }
}

/// The targets of one statement, shared ones decoded once.
pub(super) struct Targets<R: Relation, L: Loads<R::Target>> {
    pub(super) rows: Rows<R::Target, L>,
    seen: Interner,
}

impl<R: Relation, L: Loads<R::Target>> Default for Targets<R, L> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            seen: Interner::default(),
        }
    }
}

impl<R: Relation, L: Loads<R::Target>> Targets<R, L> {
    /// Reads the target of a row, and returns its position.
    pub(super) fn read(
        &mut self,
        loads: &L,
        node: &RelationNode<'_>,
        children: &Children,
        row: &Row,
    ) -> Result<u32> {
        let at = children.target_at;
        let target = node.relation.target;
        if R::Shape::SHARED
            && let Some(Interned::Known(position)) =
                self.seen.intern(Key::in_row(row, at, target.key))
        {
            return Ok(position);
        }
        self.rows
            .read(loads, &node.slots, row, at, at + target.eager)
    }
}
