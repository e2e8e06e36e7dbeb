//! Soft deletion: rows that are marked as deleted, and hidden by a scope.

use crate::entity::{ColumnDef, Entity};
use crate::expr::Expr;
use crate::select::Select;

/// An entity whose rows are deleted softly: a column marks them, and a scope hides them. `#[derive(Entity)]` implements it
/// where a column is `#[entity(soft_delete)]`: an `Option` of a timestamp, which is set to `now()`, or a `bool`, which is set
/// to true.
///
/// ```
/// # use std::time::SystemTime;
/// # use unlazy::{Db, Entity};
/// #[derive(Entity)]
/// #[entity(table = "users")]
/// struct User {
///     #[entity(primary_key, generated)]
///     id: i64,
///     email: String,
///     #[entity(soft_delete)]
///     deleted_at: Option<SystemTime>,
/// }
///
/// # async fn example(user: User, long_ago: SystemTime, db: Db) -> unlazy::Result<()> {
/// User::delete().of(&user).execute(&db).await?;
/// let users = User::query().all(&db).await?;
/// let all = User::query().with_deleted().all(&db).await?;
/// let restored = User::update().with_deleted().of(&user).set(User::DELETED_AT, None).one(&db).await?;
/// User::delete().for_good().with_deleted().filter(User::DELETED_AT.lt(long_ago)).execute(&db).await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// UPDATE "users" AS t0 SET "deleted_at" = now() WHERE t0."id" = $1 AND t0."deleted_at" IS NULL
/// SELECT t0."id", t0."email", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL ORDER BY t0."id"
/// SELECT t0."id", t0."email", t0."deleted_at" FROM "users" AS t0 ORDER BY t0."id"
/// UPDATE "users" AS t0 SET "deleted_at" = $1 WHERE t0."id" = $2 RETURNING "id", "email", "deleted_at"
/// DELETE FROM "users" AS t0 WHERE t0."deleted_at" < $1
/// ```
///
/// Deleted rows are hidden wherever a [`Scope`](crate::Scope) holds: in queries, loads, conditions on related rows, counts, updates and
/// deletes. `with_deleted()` shows them in one place, and leaves the other scopes of the entity as they are: on
/// [`Query`](crate::Query::with_deleted), on [`Update`](crate::Update::with_deleted) and [`Delete`](crate::Delete::with_deleted),
/// and on a relation ([`Rel`](crate::Rel::with_deleted)), `.with(Post::AUTHOR.with_deleted())`. What is deleted already is
/// not deleted again, and keeps its time.
///
/// The database knows nothing of it: a deleted row still has its value in a unique constraint, unless that is
/// `CREATE UNIQUE INDEX .. WHERE deleted_at IS NULL`, and rows that refer to it are not deleted with it.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are always deleted for good",
    label = "`{Self}` has no column that marks deleted rows",
    note = "to keep deleted rows in the table: `#[entity(soft_delete)] deleted_at: Option<..>`, a timestamp, or `deleted: bool`"
)]
pub trait SoftDelete: Entity {}

/// The type of a column that marks deleted rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot mark deleted rows",
    label = "the type of a `soft_delete` column is an `Option` of a timestamp, or `bool`"
)]
#[doc(hidden)]
pub trait MarksDeletion {
    const MARK: Mark;
}

/// How a column marks deleted rows.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is the time of the deletion, or NULL.
    Time,
    /// It is true, or false.
    Flag,
}

macro_rules! marks {
    ($($(#[$attribute:meta])* $time:ty),+ $(,)?) => {$(
        $(#[$attribute])* impl MarksDeletion for Option<$time> {
            const MARK: Mark = Mark::Time;
        }
    )+};
}

marks! {
    std::time::SystemTime,
    #[cfg(feature = "chrono")] chrono::NaiveDateTime,
    #[cfg(feature = "chrono")] chrono::DateTime<chrono::Utc>,
    #[cfg(feature = "chrono")] chrono::DateTime<chrono::FixedOffset>,
    #[cfg(feature = "time")] time::PrimitiveDateTime,
    #[cfg(feature = "time")] time::OffsetDateTime,
    #[cfg(feature = "jiff")] jiff::civil::DateTime,
    #[cfg(feature = "jiff")] jiff::Timestamp,
}

impl MarksDeletion for bool {
    const MARK: Mark = Mark::Flag;
}

/// How the rows of an entity are deleted softly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deletion {
    column: &'static ColumnDef,
    mark: Mark,
}

impl Deletion {
    pub(super) fn new(column: &'static ColumnDef, mark: Mark) -> Self {
        Self { column, mark }
    }

    pub(crate) fn column(self) -> &'static ColumnDef {
        self.column
    }

    /// What marks a row, behind the column's name in a SET.
    pub(crate) fn mark(self) -> &'static str {
        match self.mark {
            Mark::Time => " = now()",
            Mark::Flag => " = true",
        }
    }

    /// The condition that a row is not deleted.
    pub(super) fn is_not_deleted(self) -> Expr {
        let column = Expr::Column(self.column);
        match self.mark {
            Mark::Time => Expr::postfix(column, " IS NULL"),
            Mark::Flag => Expr::Not(Box::new(column)),
        }
    }

    /// Of these rows those that are not deleted yet, whatever scopes hold.
    pub(crate) fn not_yet(self, mut select: Select) -> Select {
        select.lift_deleted();
        select.filter(self.is_not_deleted());
        select
    }
}
