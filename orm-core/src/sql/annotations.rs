//! Values that a query computes next to each entity.

use crate::expr::Expr;
use crate::select::Select;
use crate::sql::join::Output;
use crate::sql::writer::{Alias, Writer};

/// Adds the values to the output, behind the entities. To be called when the joins are written, whose columns they may use.
pub(super) fn annotations(writer: &mut Writer, output: &mut Output, select: &Select, table: Alias) {
    for annotated in &select.annotations {
        let cast = annotated.value_type.ty.select_cast();
        let sql = writer.aside(|writer| {
            if cast.is_empty() {
                writer.expr(&annotated.expr, table);
            } else {
                writer.operand(&annotated.expr, table);
                writer.push(cast);
            }
        });
        let number = output.value(sql, annotated.value_type);
        // An enum that is read as text would be ordered as text.
        if cast.is_empty() && !matches!(annotated.expr, Expr::Column(_)) {
            writer.computed.push(Computed {
                table,
                expr: annotated.expr.clone(),
                number,
            });
        }
    }
}

/// A value of a statement's output.
#[derive(Debug)]
pub(super) struct Computed {
    /// The table that the statement selects from.
    table: Alias,
    expr: Expr,
    /// The number of the column, counted from one.
    number: usize,
}

impl Writer {
    /// The number of the output's column that has this value already, so that the server need not compute it twice. An
    /// ORDER BY can refer to it.
    pub(super) fn output_number(&self, expr: &Expr, table: Alias) -> Option<usize> {
        self.computed
            .iter()
            .find(|computed| computed.table == table && computed.expr.is_same(expr))
            .map(|computed| computed.number)
    }
}
