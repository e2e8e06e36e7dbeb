//! Where a statement has the keys of the parents from.

use crate::entity::EntityDef;
use crate::load::RelationNode;
use crate::select::Select;
use crate::sql::children::{Source, ambiguous, at};
use crate::sql::join::{columns, left_join};
use crate::sql::recursive;
use crate::sql::select::{Place, conditions, from, limit, order};
use crate::sql::writer::{Alias, Name, Writer};

/// Where a statement has the keys of the parents from.
#[derive(Clone, Copy)]
pub(crate) enum KeyFrom<'a> {
    /// From its first parameters: the distinct keys, one array for each part.
    Parameters,
    /// From the parents' own statement, as a subquery.
    Query(&'a Origin<'a>),
}

/// How many entities are a small page.
const SMALL_PAGE: i64 = 1_000;

/// How the parents of a load are found.
pub(crate) enum Origin<'a> {
    /// By the query itself.
    Root {
        def: &'static EntityDef,
        select: &'a Select,
    },
    /// By a load above.
    Below {
        node: &'a RelationNode<'a>,
        parents: &'a Origin<'a>,
    },
}

impl Origin<'_> {
    /// Writes the rest of a SELECT: keys of the parents, and where they come from.
    ///
    /// Distinct keys are so by their bytes, as the client tells them apart: keys that can be equal without being the same
    /// get a column with their text. `concat` gives all of it, where a cast would cut the blanks of a `bpchar`.
    pub(in crate::sql) fn keys(&self, writer: &mut Writer, key: &[usize], distinct: bool) {
        // The load whose statement the parents come with, and the joins from there.
        let mut joined = Vec::new();
        let mut anchor = self;
        while let Origin::Below { node, parents } = anchor
            && node.is_joined()
        {
            joined.push(*node);
            anchor = parents;
        }
        joined.reverse();
        let table = writer.next_alias();
        let aliases: Vec<Alias> = joined.iter().map(|_| writer.next_alias()).collect();
        let parent = aliases.last().copied().unwrap_or(table);
        let key = at(self.def(), key);
        columns(writer, parent, key.iter().copied());
        if distinct {
            for (_, column) in ambiguous(&key) {
                writer.write(format_args!(", concat({parent}.{})", Name(column.name)));
            }
        }
        let with_joins = |writer: &mut Writer| {
            let parents = std::iter::once(table).chain(aliases.iter().copied());
            for ((node, alias), parent) in joined.iter().zip(&aliases).zip(parents) {
                left_join(writer, node, parent, *alias);
            }
        };
        match anchor {
            Origin::Root { def, select } => {
                from(writer, def, select, table, false);
                with_joins(writer);
                conditions(writer, select, Place::of(table), " WHERE ");
                if select.page.is_some() {
                    order(writer, def, select, Place::of(table));
                    limit(writer, &select.page);
                }
            }
            Origin::Below { node, parents } => {
                if let Some(recursion) = node.recursion {
                    return recursive::rows(writer, node, recursion, parents, table, with_joins);
                }
                let source = Source::of(node, KeyFrom::Query(parents));
                source.rows(writer, table);
                with_joins(writer);
                source.conditions(writer, table);
            }
        }
    }

    /// Whether the rows that the keys come from are limited.
    pub(super) fn is_page(&self) -> bool {
        match self {
            Self::Root { select, .. } => select.page.is_some(),
            Self::Below { node, parents } => node.is_joined() && parents.is_page(),
        }
    }

    /// Whether the query itself is a page of few entities. Of what it has below them the number is not known, but the planner takes
    /// a page for a part of the table, and so all that hangs on it for far too much.
    pub(in crate::sql) fn is_small_page(&self) -> bool {
        match self {
            Self::Root { select, .. } => select.page.is_at_most(SMALL_PAGE),
            Self::Below { parents, .. } => parents.is_small_page(),
        }
    }

    fn def(&self) -> &'static EntityDef {
        match self {
            Self::Root { def, .. } => def,
            Self::Below { node, .. } => node.relation.target,
        }
    }
}
