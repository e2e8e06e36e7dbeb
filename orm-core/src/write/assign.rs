//! What columns are set to.

use tokio_postgres::types::ToSql;

use crate::bind::Bind;
use crate::column::{Column, Source};
use crate::entity::{ColumnDef, Entity};
use crate::expr::Expr;
use crate::expression::IntoExpression;
use crate::fragment::Fragment;
use crate::load::{Deferred, DeferredColumn};
use crate::predicate::Predicate;
use crate::sql::{Alias, Writer};
use crate::value::{PgType, Value};

/// A column of the entity `E` that a statement can set: not one that the database generates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be set",
    label = "expected a column of `{E}` that is neither `generated` nor its `version`",
    note = "an insert can be made to set a generated column, as when rows are imported: `.set_generated(User::ID, 7)`"
)]
pub trait SetColumn<E> {
    /// The type of the column's field.
    type Value;

    #[doc(hidden)]
    fn column_def(&self) -> &'static ColumnDef;
}

impl<E: Entity, T> SetColumn<E> for Column<E, T> {
    type Value = T;

    fn column_def(&self) -> &'static ColumnDef {
        self.def()
    }
}

impl<E: Entity, D: DeferredColumn<Owner = E>> SetColumn<E> for Deferred<D> {
    type Value = D::Content;

    fn column_def(&self) -> &'static ColumnDef {
        self.column().def()
    }
}

/// What a column of type `T` can be set to, in a row of `E`:
///
/// - a `T` or a reference to one; for text a `&str`; for a nullable column also the value without `Some`
/// - in an update a column or [`Expression`](crate::Expression) of the same entity: `User::VISITS + 1`, `User::POSTS.count()`,
///   `Post::AUTHOR.value(User::EMAIL)`
/// - SQL of your own: `sql!("now()")`
#[diagnostic::on_unimplemented(
    message = "a column of type `{T}` cannot be set to a `{Self}`",
    label = "expected a `{T}`",
    note = "in place of an expression that may be NULL, for a column that may not: `.unwrap_or(..)`"
)]
pub trait Assign<E, T> {
    #[doc(hidden)]
    fn into_assigned(self, ty: PgType) -> Expr;
}

fn value<T: ToSql + Send + Sync + 'static>(value: T, ty: PgType) -> Expr {
    Expr::Bind(Bind::typed(value, ty))
}

impl<E, T: ToSql + Send + Sync + 'static> Assign<E, T> for T {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self, ty)
    }
}

impl<E, T: ToSql + Clone + Send + Sync + 'static> Assign<E, T> for &T {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self.clone(), ty)
    }
}

impl<E, V: ToSql + Send + Sync + 'static> Assign<E, Option<V>> for V {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self, ty)
    }
}

impl<E, V: ToSql + Clone + Send + Sync + 'static> Assign<E, Option<V>> for &V {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self.clone(), ty)
    }
}

impl<E> Assign<E, String> for &str {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self.to_owned(), ty)
    }
}

impl<E> Assign<E, Option<String>> for &str {
    fn into_assigned(self, ty: PgType) -> Expr {
        value(self.to_owned(), ty)
    }
}

impl<E: Entity, T, S: Source> Assign<E, T> for Column<E, T, S> {
    fn into_assigned(self, _: PgType) -> Expr {
        self.expr()
    }
}

impl<E: Entity, V: Value, S: Source> Assign<E, Option<V>> for Column<E, V, S> {
    fn into_assigned(self, _: PgType) -> Expr {
        self.expr()
    }
}

impl<E: Entity> Assign<E, bool> for Predicate<E> {
    fn into_assigned(self, _: PgType) -> Expr {
        self.into_expression().expr()
    }
}

impl<E, T> Assign<E, T> for Fragment<E> {
    fn into_assigned(self, _: PgType) -> Expr {
        Expr::Raw(self.into_pieces())
    }
}

/// `SET email = $1, visits = visits + $2`: which column is set to what.
#[derive(Debug, Clone, Default)]
pub(super) struct Assignments(Vec<(&'static ColumnDef, Expr)>);

impl Assignments {
    /// Of several for one column the last one counts.
    pub(super) fn set(&mut self, column: &'static ColumnDef, value: Expr) {
        self.0.retain(|(other, _)| other.name != column.name);
        self.0.push((column, value));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, column: &ColumnDef) -> bool {
        self.0.iter().any(|(known, _)| known.name == column.name)
    }

    /// `email = $1, visits = t0.visits + $2`.
    pub(super) fn write(&self, writer: &mut Writer, table: Alias) {
        for (position, (column, value)) in self.iter().enumerate() {
            writer.separate(position);
            writer.name(column.name);
            writer.push(" = ");
            writer.expr(value, table);
        }
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &(&'static ColumnDef, Expr)> {
        self.0.iter()
    }
}
