//! What is asked about many rows without fetching them: of a query, as a statement, and of a relation, as a subquery.

use crate::aggregate::Aggregate;
use crate::decode::{ComputedColumn, ValueType};
use crate::entity::EntityDef;
use crate::relation::RelationDef;
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::select::{conditions, limit, order, rows};
use crate::sql::writer::{Alias, Writer};
use crate::sql::{Layout, SelectSql};

/// `SELECT count(*) FROM users AS t0 WHERE ..`, `SELECT sum(t0.visits)::int8 FROM ..`.
pub(crate) fn aggregate(
    def: &'static EntityDef,
    select: &Select,
    aggregate: &Aggregate,
    value_type: ValueType,
    scopes: &Scopes,
) -> SelectSql {
    let mut writer = Writer::new(scopes);
    let table = writer.next_alias();
    let limited = select.page.is_some();
    let ordered = limited && aggregate.depends_on_order();
    let cast = value_type.ty.select_cast();
    writer.aggregate(aggregate, cast, table, limited, |writer| {
        rows(writer, def, select, table, ordered);
    });
    scalar(writer, value_type)
}

/// `SELECT EXISTS (SELECT FROM users AS t0 WHERE ..)`.
pub(crate) fn exists(def: &'static EntityDef, select: &Select, scopes: &Scopes) -> SelectSql {
    let mut writer = Writer::new(scopes);
    let table = writer.next_alias();
    writer.push("SELECT EXISTS (SELECT");
    rows(&mut writer, def, select, table, false);
    writer.push(")");
    scalar(writer, ValueType::of::<bool>())
}

fn scalar(writer: Writer, value_type: ValueType) -> SelectSql {
    let sql = writer.finish();
    let value = ComputedColumn {
        at: 0,
        sql: sql.text.clone(),
        value_type,
    };
    SelectSql {
        sql,
        layout: Layout {
            values: vec![value],
            ..Layout::default()
        },
    }
}

impl Writer {
    /// `EXISTS (SELECT FROM posts AS t1 WHERE t1.author_id = t0.id AND ..)`.
    pub(super) fn related_exists(
        &mut self,
        relation: &RelationDef,
        select: &Select,
        parent: Alias,
    ) {
        self.push("EXISTS (SELECT");
        let target = self.next_alias();
        self.selected_rows(relation, select, parent, target, false);
        self.push(")");
    }

    /// `(SELECT count(*) FROM posts AS t1 WHERE t1.author_id = t0.id AND ..)`.
    pub(super) fn related_aggregate(
        &mut self,
        relation: &RelationDef,
        select: &Select,
        aggregate: &Aggregate,
        parent: Alias,
    ) {
        self.push("(");
        let target = self.next_alias();
        let limited = select.per_parent.is_some();
        let ordered = limited && aggregate.depends_on_order();
        self.aggregate(aggregate, "", target, limited, |writer| {
            writer.selected_rows(relation, select, parent, target, ordered);
        });
        self.push(")");
    }

    /// The rows that a relation leads to, as far as they are selected.
    fn selected_rows(
        &mut self,
        relation: &RelationDef,
        select: &Select,
        parent: Alias,
        target: Alias,
        ordered: bool,
    ) {
        let place = self.related_rows(relation, parent, target);
        conditions(self, select, place, " AND ");
        if ordered {
            order(self, relation.target, select, place);
        }
        limit(self, &select.per_parent);
    }

    /// A limit is on the rows that go in, not on the one that comes out: then they are a subquery,
    /// `SELECT sum(q.v) FROM (SELECT t0.visits AS v FROM users AS t0 .. LIMIT $1) AS q`.
    fn aggregate(
        &mut self,
        aggregate: &Aggregate,
        select_cast: &str,
        table: Alias,
        limited: bool,
        rows: impl FnOnce(&mut Self),
    ) {
        self.is_rounded |= aggregate.is_rounded;
        self.write(format_args!("SELECT {}(", aggregate.function));
        match &aggregate.operand {
            None => self.push("*"),
            Some(_) if limited => self.push("q.v"),
            Some(operand) => self.expr(operand, table),
        }
        self.push(")");
        if let Some(ty) = aggregate.cast {
            self.write(format_args!("::{ty}"));
        }
        self.push(select_cast);
        if limited {
            self.push(" FROM (SELECT");
            if let Some(operand) = &aggregate.operand {
                self.push(" ");
                self.expr(operand, table);
                self.push(" AS v");
            }
            rows(self);
            self.push(") AS q");
        } else {
            rows(self);
        }
    }
}

impl Aggregate {
    /// Whether it matters which rows are left by a limit, or only how many.
    fn depends_on_order(&self) -> bool {
        self.operand.is_some()
    }
}
