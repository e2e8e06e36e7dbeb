//! Column tokens, `User::EMAIL`, and the comparisons that they offer.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use crate::bind::Bind;
use crate::entity::{ColumnDef, Entity, EntityDef};
use crate::expr::Expr;
use crate::order::Order;
use crate::predicate::Predicate;
use crate::value::{Field, IntoValue, Nullable, Text, Value};

/// A column of the entity `E` whose field is of type `T`.
///
/// `#[derive(Entity)]` makes one for each column as an associated constant in upper case: `User::EMAIL`.
///
/// What is computed from columns and related rows, an [`Expression`](crate::Expression), is compared and ordered by in
/// the same way. `S` says which of the two it is: [`Stored`] or [`Computed`].
pub struct Column<E, T, S = Stored> {
    source: S,
    marker: PhantomData<fn() -> (E, T)>,
}

/// Of a [`Column`]: it is a column of the table. `W` says who gives it its value: [`Settable`] or [`Generated`].
pub struct Stored<W = Settable> {
    position: usize,
    marker: PhantomData<fn() -> W>,
}

/// Of a [`Stored`] column: statements can set it.
#[derive(Debug, Clone, Copy)]
pub struct Settable;

/// Of a [`Stored`] column: the database or the library makes its value, as of `#[entity(generated)]` and
/// `#[entity(version)]`.
#[derive(Debug, Clone, Copy)]
pub struct Generated;

impl<W> Clone for Stored<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Stored<W> {}

/// Of a [`Column`]: it is an [`Expression`](crate::Expression), which the server computes.
#[derive(Debug, Clone)]
pub struct Computed {
    expr: Expr,
}

/// Where a value comes from: [`Stored`] or [`Computed`].
#[doc(hidden)]
pub trait Source: Clone {
    fn into_expr(self, entity: &'static EntityDef) -> Expr;
}

impl<W> Source for Stored<W> {
    fn into_expr(self, entity: &'static EntityDef) -> Expr {
        Expr::Column(&entity.columns[self.position])
    }
}

impl Source for Computed {
    fn into_expr(self, _: &'static EntityDef) -> Expr {
        self.expr
    }
}

impl<E, T, S: Clone> Clone for Column<E, T, S> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            marker: PhantomData,
        }
    }
}

impl<E, T, W> Copy for Column<E, T, Stored<W>> {}

impl<E: Entity, T, W> fmt::Debug for Column<E, T, Stored<W>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", E::DEF.name, self.def().field)
    }
}

impl<E, T> fmt::Debug for Column<E, T, Computed> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.expr.fmt(f)
    }
}

impl<E, T, W> Column<E, T, Stored<W>> {
    #[doc(hidden)]
    pub const fn new(position: usize) -> Self {
        Self {
            source: Stored {
                position,
                marker: PhantomData,
            },
            marker: PhantomData,
        }
    }

    /// The column's position in the entity's list of columns.
    #[doc(hidden)]
    pub const fn position(self) -> usize {
        self.source.position
    }
}

impl<E: Entity, T, W> Column<E, T, Stored<W>> {
    pub(crate) fn def(self) -> &'static ColumnDef {
        &E::DEF.columns[self.source.position]
    }
}

impl<E, T> Column<E, T, Computed> {
    pub(crate) fn computed(expr: Expr) -> Self {
        Self {
            source: Computed { expr },
            marker: PhantomData,
        }
    }
}

impl<E: Entity, T, S: Source> Column<E, T, S> {
    pub(crate) fn expr(self) -> Expr {
        self.source.into_expr(E::DEF)
    }

    /// Orders by this column, smallest first: `ORDER BY email`.
    pub fn asc(self) -> Order<E> {
        Order::ascending(self.expr())
    }

    /// Orders by this column, greatest first: `ORDER BY email DESC`.
    ///
    /// PostgreSQL counts NULL as greatest, so it comes first; see [`Order::nulls_last`].
    pub fn desc(self) -> Order<E> {
        self.asc().reversed()
    }
}

/// What a column can be compared with: a value of its type (or a reference to one, or `&str` for text), or another
/// column or [`Expression`](crate::Expression) of the same entity.
#[diagnostic::on_unimplemented(
    message = "a column of type `{V}` cannot be compared with `{Self}`",
    label = "expected a `{V}`, or a column of the same entity and type",
    note = "for a value that may be absent, say what NULL means: `.is_null()`, or `.is_not_distinct_from(option)`"
)]
pub trait Operand<E, V> {
    #[doc(hidden)]
    fn into_expr(self) -> Expr;
}

impl<E, V: Value> Operand<E, V> for V {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self))
    }
}

impl<E, V: Value> Operand<E, V> for &V {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self.clone()))
    }
}

impl<E> Operand<E, String> for &str {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self.to_owned()))
    }
}

impl<E: Entity, F: Field, S: Source> Operand<E, F::Base> for Column<E, F, S> {
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl<E: Entity, T: Field, S: Source> Column<E, T, S> {
    fn compare(self, op: &'static str, other: impl Operand<E, T::Base>) -> Predicate<E> {
        Predicate::new(Expr::binary(self.expr(), op, other.into_expr()))
    }

    /// `email = $1`. Never true for NULL.
    pub fn eq(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare("=", other)
    }

    /// `email <> $1`. Never true for NULL; see [`is_distinct_from`](Self::is_distinct_from).
    pub fn ne(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare("<>", other)
    }

    /// `visits < $1`.
    pub fn lt(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare("<", other)
    }

    /// `visits <= $1`.
    pub fn le(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare("<=", other)
    }

    /// `visits > $1`.
    pub fn gt(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare(">", other)
    }

    /// `visits >= $1`.
    pub fn ge(self, other: impl Operand<E, T::Base>) -> Predicate<E> {
        self.compare(">=", other)
    }

    /// A Rust range: `User::VISITS.between(1..=9)` is `visits >= $1 AND visits <= $2`.
    pub fn between(self, range: impl RangeBounds<T::Base>) -> Predicate<E> {
        let lower = match range.start_bound() {
            Bound::Included(value) => Some(self.clone().ge(value)),
            Bound::Excluded(value) => Some(self.clone().gt(value)),
            Bound::Unbounded => None,
        };
        let upper = match range.end_bound() {
            Bound::Included(value) => Some(self.clone().le(value)),
            Bound::Excluded(value) => Some(self.clone().lt(value)),
            Bound::Unbounded => None,
        };
        match (lower, upper) {
            (Some(lower), Some(upper)) => lower.and(upper),
            (Some(bound), None) | (None, Some(bound)) => bound,
            // Every value lies in `..`, and as in every other comparison NULL does not.
            (None, None) => Predicate::new(Expr::postfix(self.expr(), " IS NOT NULL")),
        }
    }

    /// `id = ANY($1)`: one array parameter, so that the statement is the same for any number of values.
    pub fn is_in<I, V>(self, values: I) -> Predicate<E>
    where
        I: IntoIterator<Item = V>,
        V: IntoValue<T::Base>,
    {
        Predicate::new(Expr::quantified(self.expr(), "= ANY", Self::array(values)))
    }

    /// `id <> ALL($1)`. For NULL only true if there are no values.
    pub fn is_not_in<I, V>(self, values: I) -> Predicate<E>
    where
        I: IntoIterator<Item = V>,
        V: IntoValue<T::Base>,
    {
        Predicate::new(Expr::quantified(self.expr(), "<> ALL", Self::array(values)))
    }

    fn array<I, V>(values: I) -> Expr
    where
        I: IntoIterator<Item = V>,
        V: IntoValue<T::Base>,
    {
        let values: Vec<T::Base> = values.into_iter().map(IntoValue::into_value).collect();
        Expr::Bind(Bind::new(values))
    }
}

/// Comparisons of nullable columns, of whatever type.
impl<E: Entity, T, S: Source> Column<E, T, S> {
    /// `reviewer_id IS NULL`.
    pub fn is_null(self) -> Predicate<E>
    where
        T: Nullable,
    {
        Predicate::new(Expr::postfix(self.expr(), " IS NULL"))
    }

    /// `reviewer_id IS NOT NULL`.
    pub fn is_not_null(self) -> Predicate<E>
    where
        T: Nullable,
    {
        Predicate::new(Expr::postfix(self.expr(), " IS NOT NULL"))
    }
}

/// Comparisons with a value that may be absent.
impl<E: Entity, T: Field, S: Source> Column<E, T, S> {
    /// `reviewer_id IS DISTINCT FROM $1`: as `!=` is in Rust, where `None` is a value like others.
    pub fn is_distinct_from(self, value: Option<T::Base>) -> Predicate<E>
    where
        T: Nullable,
    {
        self.compare_option("IS DISTINCT FROM", value)
    }

    /// `reviewer_id IS NOT DISTINCT FROM $1`: as `==` is in Rust, where `None` equals `None`.
    ///
    /// PostgreSQL does not use an index for it.
    pub fn is_not_distinct_from(self, value: Option<T::Base>) -> Predicate<E>
    where
        T: Nullable,
    {
        self.compare_option("IS NOT DISTINCT FROM", value)
    }

    fn compare_option(self, op: &'static str, value: Option<T::Base>) -> Predicate<E> {
        let bind = Bind::typed(value, <T::Base as Value>::TYPE);
        Predicate::new(Expr::binary(self.expr(), op, Expr::Bind(bind)))
    }
}

/// Comparisons of text.
impl<E: Entity, T: Field, S: Source> Column<E, T, S> {
    fn matches(self, op: &'static str, pattern: String) -> Predicate<E> {
        let pattern = Expr::Bind(Bind::new(pattern));
        Predicate::new(Expr::binary(self.expr(), op, pattern))
    }

    /// `email LIKE $1`, where `%` stands for any text and `_` for one character.
    pub fn like(self, pattern: impl Into<String>) -> Predicate<E>
    where
        T::Base: Text,
    {
        self.matches("LIKE", pattern.into())
    }

    /// `email ILIKE $1`: as [`like`](Self::like), upper and lower case alike.
    pub fn ilike(self, pattern: impl Into<String>) -> Predicate<E>
    where
        T::Base: Text,
    {
        self.matches("ILIKE", pattern.into())
    }

    /// `email LIKE $1` with a pattern that finds the text anywhere; `%` and `_` in it stand for themselves.
    pub fn contains(self, text: impl AsRef<str>) -> Predicate<E>
    where
        T::Base: Text,
    {
        self.like(format!("%{}%", escape_like(text.as_ref())))
    }

    /// `email LIKE $1` with a pattern that finds the text at the start; `%` and `_` in it stand for themselves.
    pub fn starts_with(self, text: impl AsRef<str>) -> Predicate<E>
    where
        T::Base: Text,
    {
        self.like(format!("{}%", escape_like(text.as_ref())))
    }

    /// `email LIKE $1` with a pattern that finds the text at the end; `%` and `_` in it stand for themselves.
    pub fn ends_with(self, text: impl AsRef<str>) -> Predicate<E>
    where
        T::Base: Text,
    {
        self.like(format!("%{}", escape_like(text.as_ref())))
    }
}

impl<E, V, T, S> Column<E, T, S>
where
    E: Entity,
    V: Value,
    T: Field<Base = Vec<V>>,
    S: Source,
{
    /// `$1 = ANY(labels)`: the array has this element.
    pub fn has_element(self, element: impl Operand<E, V>) -> Predicate<E> {
        Predicate::new(Expr::quantified(element.into_expr(), "= ANY", self.expr()))
    }

    /// `labels @> $1`: the array has all of these elements.
    pub fn has_all(self, elements: impl Operand<E, Vec<V>>) -> Predicate<E> {
        Predicate::new(Expr::binary(self.expr(), "@>", elements.into_expr()))
    }

    /// `labels && $1`: the array has at least one of these elements.
    pub fn has_any(self, elements: impl Operand<E, Vec<V>>) -> Predicate<E> {
        Predicate::new(Expr::binary(self.expr(), "&&", elements.into_expr()))
    }
}

/// Makes `%`, `_` and the escape character itself stand for themselves in a pattern.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
