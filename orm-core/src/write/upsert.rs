//! Upserts: new rows, and what becomes of those for which there is a row already.

mod run;

use std::marker::PhantomData;

use crate::annotate::Annotate;
use crate::column::{Column, Computed, Stored};
use crate::entity::{ColumnDef, Entity};
use crate::expr::Expr;
use crate::load::{Deferred, DeferredColumn};
use crate::predicate::Filter;
use crate::scope::{Scope, SoftDelete};
use crate::select::Select;
use crate::unique::{ConflictTarget, Target};
use crate::value::IntoValue;
use crate::write::assign::{Assign, Assignments, SetColumn};
use crate::write::insert::{Insert, InsertMany};
use crate::write::new_rows::NewRows;
use crate::write::returning::Returning;

pub use run::Upserted;

/// An insert that names a unique key, of which it is to be said what happens when a row has that key already. Made by
/// [`Insert::on_conflict`] and [`InsertMany::on_conflict`].
///
/// ```
/// # use unlazy::{Db, Entity, Upserted};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     #[entity(unique)]
/// #     email: String,
/// #     name: String,
/// #     visits: i32,
/// #     locked: bool,
/// # }
/// # async fn example(db: Db, new: NewUser, many: Vec<NewUser>) -> unlazy::Result<()> {
/// # let (a, b, c) = (new.clone(), new.clone(), new.clone());
/// let new_or_none: Option<User> = User::insert(a)
///     .on_conflict(User::UNIQUE_EMAIL)
///     .do_nothing()
///     .one_or_none(&db)
///     .await?;
///
/// let user: User = User::insert(b)
///     .on_conflict(User::UNIQUE_EMAIL)
///     .update()
///     .set(User::VISITS, User::VISITS + 1)
///     .one(&db)
///     .await?;
///
/// let written: Vec<User> = User::insert_many(many)
///     .on_conflict(User::UNIQUE_EMAIL)
///     .set_excluded(User::NAME)
///     .filter(User::LOCKED.eq(false))
///     .all(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// INSERT INTO "users" AS t0 (..) VALUES ($1, $2, $3, $4) ON CONFLICT ("email") DO NOTHING RETURNING ..
/// INSERT INTO "users" AS t0 (..) VALUES ($1, $2, $3, $4) ON CONFLICT ("email")
///   DO UPDATE SET "name" = excluded."name", "locked" = excluded."locked", "visits" = t0."visits" + $5 RETURNING ..
/// INSERT INTO "users" AS t0 (..) SELECT * FROM unnest($1::text[], $2::text[], $3::int4[], $4::bool[]) ON CONFLICT ("email")
///   DO UPDATE SET "name" = excluded."name" WHERE t0."locked" = $5 RETURNING ..
/// ```
#[derive(Debug, Clone)]
#[must_use = "say what happens on a conflict: `.do_nothing()`, `.update()`, or `.set(..)` of some columns"]
pub struct OnConflict<I> {
    rows: NewRows,
    target: Target,
    marker: PhantomData<fn() -> I>,
}

/// An insert and what happens when there is a row already. Made by [`OnConflict`], where the whole is explained.
///
/// `I` is the [`Insert`] or [`InsertMany`] that it was made of, `A` what happens: [`DoNothing`], [`DoUpdate`] or [`DoUpdateIf`].
///
/// # What comes back
///
/// The rows that were inserted or updated, in the order of the new rows. A row that stays as it is does not come back: so
/// [`one`](Self::one) is there only for an update without a condition.
///
/// # Scopes
///
/// Inserts have no [scopes](Scope): a new row has the values that it is given. But the update holds only for rows that the scopes
/// of the entity show, as [`Update`](crate::Update) does: the row of another tenant that has the same key is not changed, and does
/// not come back. [`one`](Self::one) says so: [`Error::NotWritten`](crate::Error::NotWritten). [`scope`](Self::scope) and
/// [`unscoped`](Self::unscoped) are there as on an update.
///
/// # Concurrency
///
/// It is one statement. Of two at the same time with the same key, one inserts, and the other waits for it and then updates what it
/// inserted; with [`sql!`](crate::sql) or [`excluded`](Column::excluded) neither overwrites what the other added to.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `.one(&db).await`, `.one_or_none(&db).await`, `.all(&db).await` or `.execute(&db).await`"]
pub struct Upsert<I, A = DoUpdate> {
    rows: NewRows,
    /// `None` for a conflict over whatever key.
    target: Option<Target>,
    /// `None` to do nothing.
    update: Option<Box<Changes>>,
    marker: PhantomData<fn() -> (I, A)>,
}

/// What is updated, and under which conditions.
#[derive(Debug, Clone)]
struct Changes {
    assignments: Assignments,
    select: Select,
}

/// Of an [`Upsert`]: a row that is there already stays as it is.
#[derive(Debug, Clone, Copy)]
pub struct DoNothing;

/// Of an [`Upsert`]: a row that is there already is updated.
#[derive(Debug, Clone, Copy)]
pub struct DoUpdate;

/// Of an [`Upsert`]: a row that is there already is updated if it fulfils a condition.
#[derive(Debug, Clone, Copy)]
pub struct DoUpdateIf;

/// What an upsert does with a row that is there already.
#[doc(hidden)]
pub trait Action: Send + Sync + 'static {}

impl Action for DoNothing {}
impl Action for DoUpdate {}
impl Action for DoUpdateIf {}

/// It updates the row.
#[diagnostic::on_unimplemented(
    message = "this upsert updates nothing",
    label = "it does nothing on a conflict",
    note = "say what to update in place of `.do_nothing()`: `.update()`, `.set(..)`, `.set_excluded(..)`"
)]
#[doc(hidden)]
pub trait Updates: Action {}

impl Updates for DoUpdate {}
impl Updates for DoUpdateIf {}

/// It leaves no row as it is.
#[diagnostic::on_unimplemented(
    message = "this upsert may leave the row that is there as it is, and then there is no row to return",
    label = "it may be none",
    note = "`.one_or_none(&db)` returns an `Option`"
)]
#[doc(hidden)]
pub trait AlwaysWrites: Updates {}

impl AlwaysWrites for DoUpdate {}

/// An insert of one or many rows.
#[doc(hidden)]
pub trait Insertion: 'static {
    type Entity: Entity;
}

impl<E: Entity> Insertion for Insert<E> {
    type Entity = E;
}

impl<E: Entity> Insertion for InsertMany<E> {
    type Entity = E;
}

impl<E: Entity> Insert<E> {
    /// Says what happens when there is a row with the same unique key already: `ON CONFLICT ("email") ..`; see
    /// [`OnConflict`].
    pub fn on_conflict(self, target: impl ConflictTarget<E>) -> OnConflict<Self> {
        OnConflict::over(self.rows, target)
    }

    /// Does not insert what is in conflict with a row over any key or constraint: `ON CONFLICT DO NOTHING`.
    pub fn on_conflict_do_nothing(self) -> Upsert<Self, DoNothing> {
        Upsert::nothing(self.rows, None)
    }
}

impl<E: Entity> InsertMany<E> {
    /// Says what happens when there is a row with the same unique key already: `ON CONFLICT ("email") ..`; see
    /// [`OnConflict`].
    pub fn on_conflict(self, target: impl ConflictTarget<E>) -> OnConflict<Self> {
        OnConflict::over(self.rows, target)
    }

    /// Does not insert what is in conflict with a row over any key or constraint: `ON CONFLICT DO NOTHING`.
    pub fn on_conflict_do_nothing(self) -> Upsert<Self, DoNothing> {
        Upsert::nothing(self.rows, None)
    }
}

impl<I: Insertion> OnConflict<I> {
    fn over(rows: NewRows, target: impl ConflictTarget<I::Entity>) -> Self {
        Self {
            rows,
            target: target.into_target(),
            marker: PhantomData,
        }
    }

    /// The row that is there stays as it is: `ON CONFLICT ("email") DO NOTHING`.
    pub fn do_nothing(self) -> Upsert<I, DoNothing> {
        Upsert::nothing(self.rows, Some(self.target))
    }

    /// The row that is there becomes as the new one: `DO UPDATE SET "name" = excluded."name"` for each column that the insert
    /// sets.
    ///
    /// But for the columns of the key, which are the same already, and those that say what a row is: the primary key, generated
    /// columns, the columns of [scopes](Scope), and the marks of [`SoftDelete`]. A `version` is counted up. What is to change them says so: `.set_excluded(User::TENANT_ID)`. Where no column is left, as
    /// in a table of links, the row is updated to what it is, so that it comes back.
    ///
    /// It can be followed by [`set`](Upsert::set) for columns that become something else.
    pub fn update(self) -> Upsert<I> {
        let def = I::Entity::DEF;
        let key: Vec<_> = self.target.columns(def).map(|column| column.name).collect();
        let is_kept = |column: &ColumnDef| {
            column.generated
                || key.contains(&column.name)
                || def.key_columns().any(|key| key.name == column.name)
                || def
                    .scopes
                    .iter()
                    .any(|scope| scope.is_of_column(column.name))
        };
        let mut columns = self.rows.columns();
        columns.retain(|column| !is_kept(column));
        // Set to itself, a column is locked with its row, and comes back.
        let unchanged = columns.is_empty().then(|| {
            let mut all = def.columns.iter();
            all.find(|column| !column.generated)
        });
        let update = match unchanged.flatten() {
            Some(column) => self.with_update().assign(column, Expr::Column(column)),
            None => self.with_update(),
        };
        columns.into_iter().fold(update, |update, column| {
            update.assign(column, Expr::Excluded(column))
        })
    }

    /// Only this column of the row that is there is changed: `DO UPDATE SET "visits" = ..`. Further columns can follow.
    pub fn set<C>(self, column: C, value: impl Assign<I::Entity, C::Value>) -> Upsert<I>
    where
        C: SetColumn<I::Entity>,
    {
        self.with_update().set(column, value)
    }

    /// Only this column of the row that is there becomes as in the new one: `DO UPDATE SET "name" = excluded."name"`. Further
    /// columns can follow.
    pub fn set_excluded(self, column: impl SetColumn<I::Entity>) -> Upsert<I> {
        self.with_update().set_excluded(column)
    }

    fn with_update(self) -> Upsert<I> {
        Upsert {
            rows: self.rows,
            target: Some(self.target),
            update: Some(Box::new(Changes {
                assignments: Assignments::default(),
                select: Select::of(I::Entity::DEF),
            })),
            marker: PhantomData,
        }
    }
}

impl<I> Upsert<I, DoNothing> {
    fn nothing(rows: NewRows, target: Option<Target>) -> Self {
        Self {
            rows,
            target,
            update: None,
            marker: PhantomData,
        }
    }
}

impl<I: Insertion, A: Updates> Upsert<I, A> {
    /// What a column of the row that is there becomes: a value, or something made of the columns of that row and of the new one, as
    /// `sql!("$1 + $2", User::VISITS, User::VISITS.excluded())`. Of several for one column the last one counts.
    pub fn set<C>(self, column: C, value: impl Assign<I::Entity, C::Value>) -> Self
    where
        C: SetColumn<I::Entity>,
    {
        let column = column.column_def();
        self.assign(column, value.into_assigned(column.ty))
    }

    /// A column of the row that is there becomes as in the new one: `"name" = excluded."name"`. One that the insert does not set
    /// becomes its default.
    pub fn set_excluded(self, column: impl SetColumn<I::Entity>) -> Self {
        let column = column.column_def();
        self.assign(column, Expr::Excluded(column))
    }

    /// Updates the row that is there only if it fulfils a condition: `DO UPDATE SET .. WHERE t0."locked" = $5`. Otherwise it stays
    /// as it is, and does not come back. The condition may be about the new row too: `User::AT.lt(User::AT.excluded())`.
    ///
    /// Further calls add further conditions.
    pub fn filter(self, condition: impl Filter<I::Entity>) -> Upsert<I, DoUpdateIf> {
        let changed = self.change(|changes| changes.select.filter(condition.into_expr()));
        Upsert {
            rows: changed.rows,
            target: changed.target,
            update: changed.update,
            marker: PhantomData,
        }
    }

    /// Gives a [scope](Scope) its value; see [`Query::scope`](crate::Query::scope).
    pub fn scope<S: Scope>(self, value: impl IntoValue<S::Value>) -> Self {
        self.change(|changes| changes.select.scopes = changes.select.scopes.with::<S>(value))
    }

    /// A row that the [scopes](Scope) of the entity hide is updated too.
    pub fn unscoped(self) -> Self {
        self.change(|changes| changes.select.lift())
    }

    /// A row that is [deleted softly](SoftDelete) is updated too, as to bring it back: `.set(User::DELETED_AT, None)`.
    pub fn with_deleted(self) -> Self
    where
        I::Entity: SoftDelete,
    {
        self.change(|changes| changes.select.lift_deleted())
    }

    fn assign(self, column: &'static ColumnDef, value: Expr) -> Self {
        self.change(|changes| changes.assignments.set(column, value))
    }

    fn change(mut self, change: impl FnOnce(&mut Changes)) -> Self {
        if let Some(changes) = &mut self.update {
            change(changes);
        }
        self
    }
}

impl<I: Insertion, A: Action> Upsert<I, A> {
    /// Returns values of the written rows instead of entities: `.returning(User::ID).one_or_none(&db)`.
    pub fn returning<V: Annotate<I::Entity>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }
}

impl<E: Entity, T, W> Column<E, T, Stored<W>> {
    /// The value that the new row of an [upsert](Upsert) has in this column: `excluded."visits"`, where `User::VISITS` is that of
    /// the row that is there.
    ///
    /// Only what an upsert sets and its condition know it: PostgreSQL refuses it elsewhere. In a column that the insert does not
    /// set it is the column's default.
    pub fn excluded(self) -> Column<E, T, Computed> {
        Column::computed(Expr::Excluded(self.def()))
    }
}

impl<D: DeferredColumn> Deferred<D> {
    /// The value that the new row of an [upsert](Upsert) has in this column; see [`Column::excluded`].
    pub fn excluded(self) -> Column<D::Owner, D::Content, Computed> {
        self.column().excluded()
    }
}
