//! Unique keys: what an entity says of its table's unique constraints and indexes.

use std::fmt;
use std::marker::PhantomData;

use crate::entity::{ColumnDef, EntityDef};
use crate::expr::Expr;
use crate::sql::{Alias, Writer};

/// Columns of the entity `E` in which no two rows have the same values, as a constraint or an index of the database sees to.
///
/// `#[derive(Entity)]` makes one for each key that the entity declares, as an associated constant:
///
/// ```
/// # use unlazy::{Entity, sql};
/// #[derive(Entity)]
/// #[entity(
///     table = "users",
///     unique(tenant_id, name),
///     unique(phone, filter = User::DELETED_AT.is_null()),
///     unique(badge, filter = sql!("status = 'open'"), name = OPEN_BADGE),
/// )]
/// struct User {
///     #[entity(primary_key, generated)]
///     id: i64,
///     #[entity(unique)]
///     email: String,
///     tenant_id: i64,
///     name: String,
///     phone: String,
///     badge: i32,
///     status: String,
///     deleted_at: Option<i64>,
/// }
/// ```
///
/// | constant | as the target of an [upsert](crate::OnConflict) |
/// | --- | --- |
/// | `User::PRIMARY_KEY` | `ON CONFLICT ("id")` |
/// | `User::UNIQUE_EMAIL` | `ON CONFLICT ("email")` |
/// | `User::UNIQUE_TENANT_ID_NAME` | `ON CONFLICT ("tenant_id", "name")` |
/// | `User::UNIQUE_PHONE` | `ON CONFLICT ("phone") WHERE "deleted_at" IS NULL` |
/// | `User::OPEN_BADGE` | `ON CONFLICT ("badge") WHERE (status = 'open')` |
///
/// The server refuses a statement with a key for which it has no unique constraint or index. A row with a NULL in a key is in
/// conflict with no other, unless the constraint says `NULLS NOT DISTINCT`.
///
/// # Partial indexes
///
/// With a `filter`, the key is that of a partial index, `CREATE UNIQUE INDEX .. WHERE deleted_at IS NULL`: it holds among the rows
/// that fulfil the condition. PostgreSQL uses such an index only if it can prove, without knowing any value, that the statement's
/// condition implies the index's. So the condition has no values: it is made of `.is_null()`, `.is_not_null()`, `bool` columns, `!`,
/// `&`, `|` and their methods, and of [`sql!`](crate::sql) without arguments. Anything else does not compile: with a bound value
/// PostgreSQL would take the statement some five times, and refuse it from then on, when it plans it for all values.
pub struct UniqueKey<E> {
    target: Target,
    marker: PhantomData<fn() -> E>,
}

impl<E> Clone for UniqueKey<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for UniqueKey<E> {}

impl<E> fmt::Debug for UniqueKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl<E> UniqueKey<E> {
    /// A constraint that the entity does not declare, by its name: `ON CONFLICT ON CONSTRAINT "users_email_key"`.
    ///
    /// It must be one, with `CONSTRAINT` or `UNIQUE` in the table's definition: an index alone has no such name.
    pub const fn constraint(name: &'static str) -> Self {
        Self::to(Target::Constraint(name))
    }

    /// The columns at these positions.
    #[doc(hidden)]
    pub const fn new(columns: &'static [usize]) -> Self {
        Self::to(Target::Columns(columns, None))
    }

    /// The columns at these positions, among the rows that fulfil a condition.
    #[doc(hidden)]
    pub const fn partial(columns: &'static [usize], filter: fn() -> Expr) -> Self {
        Self::to(Target::Columns(columns, Some(filter)))
    }

    const fn to(target: Target) -> Self {
        Self {
            target,
            marker: PhantomData,
        }
    }
}

/// What an upsert of `E` can name as its conflict: a [`UniqueKey`] of `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a unique key of `{E}`",
    label = "expected a unique key of `{E}`",
    note = "there is a constant for each key that the entity declares: `{E}::PRIMARY_KEY`; `{E}::UNIQUE_EMAIL` for a field `email` with \
            `#[entity(unique)]`; `{E}::UNIQUE_TENANT_ID_NAME` for `#[entity(unique(tenant_id, name))]` on the struct",
    note = "a constraint that the entity does not declare is named: `UniqueKey::constraint(\"users_email_key\")`"
)]
pub trait ConflictTarget<E> {
    #[doc(hidden)]
    fn into_target(self) -> Target;
}

impl<E> ConflictTarget<E> for UniqueKey<E> {
    fn into_target(self) -> Target {
        self.target
    }
}

/// A unique key without the entity's type.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// The positions of the columns, and the condition of a partial index.
    Columns(&'static [usize], Option<fn() -> Expr>),
    Constraint(&'static str),
}

impl Target {
    /// The key's columns, as far as the entity declares them.
    pub(crate) fn columns(
        self,
        def: &'static EntityDef,
    ) -> impl Iterator<Item = &'static ColumnDef> {
        let positions = match self {
            Self::Columns(positions, _) => positions,
            Self::Constraint(_) => &[],
        };
        positions.iter().map(|&position| &def.columns[position])
    }

    /// ` ("email") WHERE "deleted_at" IS NULL`, or ` ON CONSTRAINT "users_email_key"`.
    pub(crate) fn write(self, writer: &mut Writer, def: &'static EntityDef) {
        let filter = match self {
            Self::Columns(_, filter) => filter,
            Self::Constraint(name) => {
                writer.push(" ON CONSTRAINT ");
                writer.name(name);
                return;
            }
        };
        writer.push(" (");
        for (position, column) in self.columns(def).enumerate() {
            writer.separate(position);
            writer.name(column.name);
        }
        writer.push(")");
        if let Some(filter) = filter {
            writer.push(" WHERE ");
            writer.conjunct(&filter(), Alias::Unqualified);
        }
    }
}
