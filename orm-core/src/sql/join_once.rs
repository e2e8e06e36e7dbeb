//! Conditions and orders that go through a relation which the statement joins anyway: they use that join.
//!
//! `Post::query().with(Post::AUTHOR).filter(Post::AUTHOR.has(..)).order_by(Post::AUTHOR.order(..))` is
//! `.. FROM posts AS t0 LEFT JOIN users AS t1 ON t1.id = t0.author_id WHERE t1.id IS NOT NULL AND .. ORDER BY t1.email`,
//! without a subquery for the condition and one for the order.

use crate::expr::Expr;
use crate::relation::RelationDef;
use crate::select::{Scoped, Select};
use crate::sql::select::{Place, own_conditions};
use crate::sql::writer::{Alias, Name, Writer};

/// A relation that a statement joins by its target's primary key.
#[derive(Debug)]
pub(super) struct JoinedTable {
    parent: Alias,
    /// An alias stands for the rows of one entity, among whose relations a name is enough. The definition's address is not:
    /// a constant may have several.
    relation: &'static str,
    target: Alias,
    hidden: Hidden,
}

/// Which of the rows that a relation leads to are hidden by what its definition and its target's say.
#[derive(Debug, PartialEq)]
pub(super) struct Hidden {
    /// The number of scopes that hold: all, those of a value, or none.
    scopes: usize,
    fixed: bool,
}

impl Writer {
    /// Says that a relation is joined, in the FROM clause in which `parent` stands too.
    pub(super) fn add_joined(
        &mut self,
        parent: Alias,
        relation: &RelationDef,
        select: &Select,
        target: Alias,
    ) {
        let hidden = self.hidden(select);
        self.joined.push(JoinedTable {
            parent,
            relation: relation.name,
            target,
            hidden,
        });
    }

    fn hidden(&self, select: &Select) -> Hidden {
        let filters = select.filters.iter();
        let scopes = filters
            .filter(|filter| matches!(filter, Scoped::Entity(Expr::Scope(_))))
            .filter(|scope| self.holds(scope));
        Hidden {
            scopes: scopes.count(),
            fixed: self.holding(select.fixed).is_some(),
        }
    }

    /// The table that a relation leads to from `parent`, if it is joined and has all rows from which is to be selected.
    pub(super) fn joined_target(
        &self,
        parent: Alias,
        relation: &RelationDef,
        select: &Select,
    ) -> Option<Alias> {
        self.joined
            .iter()
            .find(|joined| joined.parent == parent && joined.relation == relation.name)
            .filter(|joined| joined.hidden == self.hidden(select))
            .map(|joined| joined.target)
    }

    /// `t1.id IS NOT NULL AND t1.email = $1`, as conditions of a WHERE: like a comparison, it need not be false where it is
    /// not true.
    pub(super) fn joined_conditions(
        &mut self,
        relation: &RelationDef,
        select: &Select,
        target: Alias,
    ) {
        self.joined_row(relation, target);
        own_conditions(self, select, Place::of(target), " AND ");
    }

    /// `(t1.id IS NOT NULL AND t1.email = $1) IS TRUE`: as EXISTS, it is true or false, whatever is compared.
    pub(super) fn joined_exists(&mut self, relation: &RelationDef, select: &Select, target: Alias) {
        if select.has_no_own_filters() {
            self.joined_row(relation, target);
        } else {
            self.push("(");
            self.joined_conditions(relation, select, target);
            self.push(") IS TRUE");
        }
    }

    /// A value of the joined row, or NULL if there is none.
    pub(super) fn joined_value(&mut self, relation: &RelationDef, value: &Expr, target: Alias) {
        if is_null_without_a_row(value) {
            self.expr(value, target);
        } else {
            self.push("CASE WHEN ");
            self.joined_row(relation, target);
            self.push(" THEN ");
            self.expr(value, target);
            self.push(" END");
        }
    }

    /// `t1.id IS NOT NULL`: there is such a row.
    fn joined_row(&mut self, relation: &RelationDef, target: Alias) {
        let mut key = relation.target.key_columns();
        let key = key.next().expect("a primary key has a column");
        self.write(format_args!("{target}.{} IS NOT NULL", Name(key.name)));
    }
}

/// Whether a value is NULL where all columns that it is about are. A count is not, and the user's own SQL need not be.
fn is_null_without_a_row(value: &Expr) -> bool {
    match value {
        Expr::Column(_) => true,
        Expr::Related(_, _, value) => is_null_without_a_row(value),
        _ => false,
    }
}
