//! One statement for the targets of all parents.

use tokio_postgres::Row;

use crate::db::Connection;
use crate::entity::KeyParts;
use crate::error::{Error, Result};
use crate::load::keys::{Interner, ParentKeys};
use crate::load::{Loads, Node, Rows};
use crate::relation::Relation;
use crate::shape::{Pairs, Shape};
use crate::sql::{self, Children, KeySource};

/// Fetches the targets of all parents, and says which belong to which. Sends nothing if no parent has a key.
pub(super) async fn fetch<R, L>(
    parents: &[R::Parent],
    loads: &L,
    node: &Node<'_>,
    connection: &Connection<'_>,
) -> Result<(Rows<L>, Pairs)>
where
    R: Relation,
    L: Loads<Entity = R::Target>,
{
    let mut rows = Rows::default();
    let mut pairs = Pairs::new();
    if !has_keys::<R>(parents) {
        return Ok((rows, pairs));
    }
    let Children {
        select,
        keys: key_count,
        key_source,
    } = sql::children(node);
    let statement = connection.prepare(&select.sql).await?;
    let mut keys = ParentKeys::new(statement.params().get(..key_count).unwrap_or_default());
    collect_keys::<R>(parents, &mut keys)?;
    let mut parameters = keys.take_arrays();
    parameters.extend(select.sql.parameters.iter().cloned());

    let at = select.layout[0].0;
    let joined_at = at + node.relation.target.columns.len();
    let mut seen = Interner::default();
    connection
        .fetch(&statement, &select, &parameters, &mut |row: &Row| {
            let key = match key_source {
                KeySource::Number(column) => keys.numbered(row, column),
                KeySource::Value(column) => keys.find(row, column),
            };
            let Some(key) = key else {
                return Err(Error::UnmatchedKey {
                    relation: node.relation.to_string(),
                });
            };
            if R::Shape::SHARED {
                let target_key = node.relation.target.key.iter();
                let known = seen
                    .intern(target_key.filter_map(|column| crate::decode::raw(row, at + column)));
                let target = match known {
                    Some(target) => target,
                    None => rows.read(loads, &node.slots, row, at, joined_at)?,
                };
                pairs.extend(keys.parents(key).map(|parent| (parent, target)));
            } else {
                // An owned target that several parents have, because a parent came twice, is decoded for each.
                for parent in keys.parents(key) {
                    let target = rows.read(loads, &node.slots, row, at, joined_at)?;
                    pairs.push((parent, target));
                }
            }
            Ok(())
        })
        .await?;
    Ok((rows, pairs))
}

fn has_keys<R: Relation>(parents: &[R::Parent]) -> bool {
    let mut key = KeyParts::default();
    parents.iter().any(|parent| {
        key.clear();
        R::key(parent, &mut key);
        key.not_null().is_some()
    })
}

fn collect_keys<R: Relation>(parents: &[R::Parent], keys: &mut ParentKeys) -> Result<()> {
    let mut key = KeyParts::default();
    for parent in parents {
        key.clear();
        R::key(parent, &mut key);
        keys.push(key.not_null()).map_err(|source| Error::Encode {
            relation: R::DEF.to_string(),
            source,
        })?;
    }
    Ok(())
}
