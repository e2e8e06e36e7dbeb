//! Scopes: conditions of an entity that hold wherever its rows are reached.

mod soft_delete;

use std::any::TypeId;
use std::sync::Arc;

use crate::bind::{Bind, Parameter};
use crate::entity::{ColumnDef, Entity, EntityDef};
use crate::error::Error;
use crate::expr::Expr;
use crate::predicate::Filter;
use crate::value::{IntoValue, Value};

pub(crate) use self::soft_delete::{Deletion, Mark};
pub use self::soft_delete::{MarksDeletion, SoftDelete};

/// What the rows of several entities belong to, such as a tenant: each query sees the rows of one value.
///
/// A type without values stands for it, and a column of each entity names it:
///
/// ```
/// use unlazy::{Entity, Scope};
///
/// enum Tenant {}
///
/// impl Scope for Tenant {
///     type Value = i64;
/// }
///
/// #[derive(Entity)]
/// #[entity(table = "posts")]
/// struct Post {
///     #[entity(primary_key, generated)]
///     id: i64,
///     #[entity(scope = Tenant)]
///     tenant_id: i64,
///     title: String,
/// }
/// ```
///
/// The value comes from the handle, or from the query, which works on any executor and comes before it:
///
/// ```
/// # use unlazy::{Db, Entity, Scope};
/// # enum Tenant {}
/// # impl Scope for Tenant {
/// #     type Value = i64;
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "posts")]
/// # struct Post {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     #[entity(scope = Tenant)]
/// #     tenant_id: i64,
/// #     title: String,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let db = db.scoped::<Tenant>(5);
/// let posts = Post::query().all(&db).await?;
/// let others = Post::query().scope::<Tenant>(6).all(&db).await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// SELECT t0."id", t0."tenant_id", t0."title" FROM "posts" AS t0 WHERE t0."tenant_id" = $1 ORDER BY t0."id"
/// ```
///
/// Where neither gives one, nothing is sent at all: [`Error::MissingScope`].
///
/// A scope that needs no value is a condition on the struct, for example `#[entity(scope = User::DELETED_AT.is_null())]`. The
/// rest of this page is about both.
///
/// # Where it holds
///
/// Wherever rows of the entity are reached: in queries of it and their aggregates, on top of SQL of your own
/// ([`Query::from_sql`](crate::Query::from_sql)), in loads of every strategy and onto values in hand, in the link of a
/// `many_to_many` that is an entity, in conditions, orders and aggregates of related rows, and in updates and deletes, also of
/// one entity. Not in inserts: a new row has the value that it is given. But an [`Upsert`](crate::Upsert) updates only rows that they
/// show. Nor within [`sql!`](crate::sql), whose text is yours.
///
/// A load never changes which parents come back. So a required `belongs_to` whose target is hidden is
/// [`Error::MissingTarget`], as if the row were not there; a nullable one is `None`. `Post::AUTHOR.unscoped()` loads it all the
/// same.
///
/// The condition may lead through relations, `#[entity(scope = Post::AUTHOR.exists())]`, and the scopes of their targets hold
/// there. If it leads back to its own entity, the condition is not added again, since it would have no end: there it finds all
/// rows of the value.
///
/// # The way out
///
/// | | shows |
/// | --- | --- |
/// | [`Query::unscoped`](crate::Query::unscoped), [`Update::unscoped`](crate::Update::unscoped), [`Delete::unscoped`](crate::Delete::unscoped) | all rows of the entity that is queried or written |
/// | [`Query::with_deleted`](crate::Query::with_deleted) and its like on all of these | what is [deleted softly](crate::SoftDelete), within the other scopes |
/// | [`Rel::unscoped`](crate::Rel::unscoped), [`Load::unscoped`](crate::Load::unscoped) | all targets of this load, or of this condition |
/// | [`Rel::unscoped_link`](crate::Rel::unscoped_link), [`Load::unscoped_link`](crate::Load::unscoped_link) | those behind all rows of the link |
/// | [`Db::unscoped`](crate::Db::unscoped) | everything |
///
/// Each but the last is for this one place: what is loaded below it has its own scopes. It lifts all scopes of the entity: to see
/// deleted posts of one tenant, say which, `.unscoped().filter(Post::TENANT_ID.eq(5))`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope",
    label = "expected a type that implements `unlazy::Scope`",
    note = "a scope is a type without values: `enum Tenant {{}}` and `impl unlazy::Scope for Tenant {{ type Value = i64; }}`",
    note = "a condition that needs no value is an option of the struct: `#[entity(scope = User::DELETED_AT.is_null())]`"
)]
pub trait Scope: 'static {
    /// The type of the columns that hold it.
    type Value: Value;
}

/// A field that can hold a scope's value.
#[diagnostic::on_unimplemented(
    message = "a column of type `{Self}` does not hold the value of this scope, which is of type `{V}`",
    label = "the scope's value is of type `{V}`",
    note = "make both the same type; the column may be an `Option` of it"
)]
#[doc(hidden)]
pub trait HoldsScope<V> {}

impl<V: Value> HoldsScope<V> for V {}
impl<V: Value> HoldsScope<V> for Option<V> {}

/// A scope of an entity.
#[doc(hidden)]
#[derive(Debug)]
pub struct ScopeDef {
    entity: fn() -> &'static EntityDef,
    entity_id: fn() -> TypeId,
    condition: Condition,
}

#[derive(Debug)]
enum Condition {
    /// The same for all queries.
    Always(fn() -> Expr),
    /// A column does not mark the row as deleted.
    NotDeleted { column: usize, mark: Mark },
    /// A column has the value that the handle or the query gives.
    Valued {
        scope: fn() -> TypeId,
        name: &'static str,
        column: usize,
    },
}

impl ScopeDef {
    /// `#[entity(scope = User::DELETED_AT.is_null())]`.
    pub const fn always<E: Entity>(condition: fn() -> Expr) -> Self {
        Self::new::<E>(Condition::Always(condition))
    }

    /// `#[entity(scope = Tenant)]`.
    pub const fn valued<E, S, F>(column: usize, name: &'static str) -> Self
    where
        E: Entity,
        S: Scope,
        F: HoldsScope<S::Value>,
    {
        Self::new::<E>(Condition::Valued {
            scope: TypeId::of::<S>,
            name,
            column,
        })
    }

    /// `#[entity(soft_delete)]`.
    pub const fn not_deleted<E: Entity, F: MarksDeletion>(column: usize) -> Self {
        Self::new::<E>(Condition::NotDeleted {
            column,
            mark: F::MARK,
        })
    }

    const fn new<E: Entity>(condition: Condition) -> Self {
        Self {
            entity: def::<E>,
            entity_id: TypeId::of::<E>,
            condition,
        }
    }

    pub(crate) fn entity(&self) -> TypeId {
        (self.entity_id)()
    }

    /// Whether it is about what this column has.
    pub(crate) fn is_of_column(&self, name: &str) -> bool {
        match self.condition {
            Condition::Always(_) => false,
            Condition::Valued { column, .. } | Condition::NotDeleted { column, .. } => {
                (self.entity)().columns[column].name == name
            }
        }
    }

    /// Whether it is the same scope of the same entity.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let of_value = |scope: &Self| match scope.condition {
            Condition::Always(_) | Condition::NotDeleted { .. } => None,
            Condition::Valued { scope, .. } => Some(scope()),
        };
        self.entity() == other.entity()
            && of_value(self) == of_value(other)
            && self.deletion().is_some() == other.deletion().is_some()
    }

    /// How rows are deleted, if it is the scope that hides those.
    pub(crate) fn deletion(&self) -> Option<Deletion> {
        match self.condition {
            Condition::NotDeleted { column, mark } => {
                Some(Deletion::new(&(self.entity)().columns[column], mark))
            }
            _ => None,
        }
    }

    /// The condition, with the value that is given. `None` if there is none.
    pub(crate) fn condition(&self, scopes: &Scopes) -> Option<Expr> {
        match self.condition {
            Condition::Always(condition) => Some(condition()),
            Condition::NotDeleted { .. } => self.deletion().map(Deletion::is_not_deleted),
            Condition::Valued { .. } => Some(Expr::binary(
                Expr::Column(self.column()?),
                "=",
                Expr::Bind(self.value(scopes)?),
            )),
        }
    }

    /// The position of the column that holds its value.
    pub(crate) const fn position(&self) -> Option<usize> {
        match self.condition {
            Condition::Always(_) | Condition::NotDeleted { .. } => None,
            Condition::Valued { column, .. } => Some(column),
        }
    }

    /// The column that holds its value.
    pub(crate) fn column(&self) -> Option<&'static ColumnDef> {
        Some(&(self.entity)().columns[self.position()?])
    }

    /// The value that is given.
    pub(crate) fn value(&self, scopes: &Scopes) -> Option<Bind> {
        match self.condition {
            Condition::Always(_) | Condition::NotDeleted { .. } => None,
            Condition::Valued { scope, .. } => Some(Bind {
                value: scopes.value(scope())?,
                ty: self.column()?.ty,
            }),
        }
    }

    /// The error for a statement that needs its value, which nobody gives.
    pub(crate) fn missing(&self) -> Error {
        Error::MissingScope {
            entity: (self.entity)().name,
            scope: match self.condition {
                Condition::Always(_) | Condition::NotDeleted { .. } => "",
                Condition::Valued { name, .. } => name,
            },
        }
    }

    /// Whether the condition is to be written, within what is being written already.
    ///
    /// One that leads back to its own entity finds all rows there: it would have no end otherwise. A value always holds.
    pub(crate) fn holds(&self, scopes: &Scopes, within: &[TypeId]) -> bool {
        let is_lifted = scopes.otherwise() == Otherwise::Lifted;
        match &self.condition {
            Condition::Always(_) => !is_lifted && !within.contains(&self.entity()),
            Condition::NotDeleted { .. } => !is_lifted,
            Condition::Valued { scope, .. } => !is_lifted || scopes.value(scope()).is_some(),
        }
    }
}

const fn def<E: Entity>() -> &'static EntityDef {
    E::DEF
}

/// The condition of an entity's attribute.
#[doc(hidden)]
pub fn condition<E: Entity>(condition: impl Filter<E>) -> Expr {
    condition.into_expr()
}

/// What a handle or a query says of scopes. Cheap to clone, and nothing where there are none.
#[derive(Debug, Clone, Default)]
#[doc(hidden)]
pub struct Scopes(Option<Arc<Given>>);

#[derive(Debug, Clone, Default)]
struct Given {
    values: Vec<(TypeId, Parameter)>,
    otherwise: Otherwise,
}

/// What becomes of a scope whose value is not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// An error.
    #[default]
    Missing,
    /// It does not hold, nor do those that need no value.
    Lifted,
    /// It holds with no value, in a statement that is only shown.
    Shown,
}

impl Scopes {
    /// No value of any scope.
    pub(crate) const NONE: &'static Self = &Self(None);

    /// No scope holds.
    pub(crate) fn lifted() -> Self {
        Self::otherwise_is(Otherwise::Lifted)
    }

    /// For statements that are shown and not sent.
    pub(crate) fn shown() -> Self {
        Self::otherwise_is(Otherwise::Shown)
    }

    fn otherwise_is(otherwise: Otherwise) -> Self {
        Self(Some(Arc::new(Given {
            values: Vec::new(),
            otherwise,
        })))
    }

    /// The same with this value, in place of another one that the scope may have.
    pub(crate) fn with<S: Scope>(&self, value: impl IntoValue<S::Value>) -> Self {
        self.with_parameter(TypeId::of::<S>(), Arc::new(value.into_value()))
    }

    fn with_parameter(&self, scope: TypeId, value: Parameter) -> Self {
        let mut given = self.0.as_deref().cloned().unwrap_or_default();
        given.values.retain(|(other, _)| *other != scope);
        given.values.push((scope, value));
        Self(Some(Arc::new(given)))
    }

    /// Takes the values of a query, which come before those of the handle.
    pub(crate) fn override_by(&mut self, query: &Self) {
        for (scope, value) in query.values() {
            *self = self.with_parameter(*scope, value.clone());
        }
    }

    /// What they do to the text of a statement whose scopes all have the values that they need, as a number. `None` if that depends
    /// on which have one.
    pub(crate) fn kind(&self) -> Option<usize> {
        let otherwise = self.otherwise();
        let is_mixed = otherwise == Otherwise::Lifted && !self.values().is_empty();
        (!is_mixed).then_some(otherwise as usize)
    }

    /// The value of a scope, as far as it is given.
    pub(crate) fn given(&self, scope: TypeId) -> Option<Parameter> {
        let given = self.values().iter().find(|(known, _)| *known == scope);
        given.map(|(_, value)| value.clone())
    }

    /// The scope that has this very value.
    pub(crate) fn scope_of(&self, value: &Parameter) -> Option<TypeId> {
        let given = self.values().iter();
        let mut given = given.filter(|(_, known)| Arc::ptr_eq(known, value));
        given.next().map(|(scope, _)| *scope)
    }

    fn values(&self) -> &[(TypeId, Parameter)] {
        self.0.as_ref().map_or(&[], |given| &given.values)
    }

    fn otherwise(&self) -> Otherwise {
        self.0
            .as_ref()
            .map_or(Otherwise::Missing, |given| given.otherwise)
    }

    fn value(&self, scope: TypeId) -> Option<Parameter> {
        let shown = || Arc::new(None::<i64>) as Parameter;
        let given = self.given(scope);
        given.or_else(|| (self.otherwise() == Otherwise::Shown).then(shown))
    }
}
