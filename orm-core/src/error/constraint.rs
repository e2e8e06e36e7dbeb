//! Violated constraints.

use std::fmt;

use tokio_postgres::error::{DbError, SqlState};

use crate::columns::Columns;
use crate::entity::Entity;
use crate::error::key;

/// The kinds of constraints that can refuse a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConstraintKind {
    /// UNIQUE or PRIMARY KEY.
    Unique,
    /// FOREIGN KEY.
    ForeignKey,
    /// CHECK.
    Check,
    /// NOT NULL.
    NotNull,
    /// EXCLUDE.
    Exclusion,
}

impl ConstraintKind {
    fn of(code: &SqlState) -> Option<Self> {
        match *code {
            SqlState::UNIQUE_VIOLATION => Some(Self::Unique),
            SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION => {
                Some(Self::ForeignKey)
            }
            SqlState::CHECK_VIOLATION => Some(Self::Check),
            SqlState::NOT_NULL_VIOLATION => Some(Self::NotNull),
            SqlState::EXCLUSION_VIOLATION => Some(Self::Exclusion),
            _ => None,
        }
    }
}

impl fmt::Display for ConstraintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unique => "unique",
            Self::ForeignKey => "foreign key",
            Self::Check => "check",
            Self::NotNull => "not-null",
            Self::Exclusion => "exclusion",
        })
    }
}

/// Which constraint refused a row, as the server tells it. Of [`Error::constraint`](crate::Error::constraint).
///
/// Its text names the constraint, the table and the columns, and no values:
/// ``unique constraint `users_email_key` violated on `users` (`email`)``.
#[non_exhaustive]
pub struct Violation {
    /// What kind of constraint.
    pub kind: ConstraintKind,
    /// Its name. NOT NULL has none, nor has what a trigger raises as if it were a constraint.
    pub constraint: Option<String>,
    /// The schema of the table.
    pub schema: Option<String>,
    /// The table that has the constraint. A constraint of a domain has none.
    pub table: Option<String>,
    /// The columns of that table that it is over; expressions of an index are as the server writes them, `lower(email)`. Empty where the
    /// server does not say: [`Error::violates`](crate::Error::violates) lists when.
    pub columns: Vec<String>,
    broken: Option<Reference>,
    source: tokio_postgres::Error,
}

/// What a foreign key was violated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// A row refers to one that is not there.
    ToNothing,
    /// A row that others refer to was to be deleted, or its key to be changed.
    StillThere,
}

impl Violation {
    /// Whether a foreign key was violated because a row refers to one that is not there: by an insert, or an update of the
    /// foreign key.
    pub fn is_missing_target(&self) -> bool {
        self.broken == Some(Reference::ToNothing)
    }

    /// Whether a foreign key was violated because a row was to be deleted, or its key changed, that others still refer to.
    /// `table` is the table of these others.
    ///
    /// ```
    /// # use unlazy::{Db, Entity, Error};
    /// # #[derive(Entity)]
    /// # struct User { #[entity(primary_key)] id: i64 }
    /// # #[derive(Entity)]
    /// # struct Post { #[entity(primary_key)] id: i64, author_id: i64 }
    /// fn has_posts(error: &Error) -> bool {
    ///     error.constraint().is_some_and(|it| it.is_still_referenced() && it.is_on::<Post>())
    /// }
    ///
    /// async fn remove(db: &Db, user: &User) -> (u16, &'static str) {
    ///     match User::delete().of(user).execute(db).await {
    ///         Ok(_) => (204, ""),
    ///         Err(error) if has_posts(&error) => (409, "delete the posts of this user first"),
    ///         Err(_) => (500, "please try again later"),
    ///     }
    /// }
    /// ```
    pub fn is_still_referenced(&self) -> bool {
        self.broken == Some(Reference::StillThere)
    }

    /// Whether the constraint is one of the entity's table.
    pub fn is_on<E: Entity>(&self) -> bool {
        self.table.as_deref() == Some(E::DEF.table)
            && (E::DEF.schema.is_none() || E::DEF.schema == self.schema.as_deref())
    }

    /// Whether the constraint is over exactly the columns of these names, in any order and of whatever table. For partitioned tables,
    /// of which the server names the partition; [`Error::violates`](crate::Error::violates) for all others.
    ///
    /// ```
    /// # use unlazy::{Entity, Error};
    /// # #[derive(Entity)]
    /// # struct Event { #[entity(primary_key)] day: i32, #[entity(primary_key)] number: i64 }
    /// fn is_known_event(error: &Error) -> bool {
    ///     error.constraint().is_some_and(|it| it.is_over((Event::DAY, Event::NUMBER)))
    /// }
    /// ```
    pub fn is_over(&self, columns: impl Columns) -> bool {
        let mut names = columns.names();
        let mut own: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        names.sort_unstable();
        own.sort_unstable();
        own == names
    }

    pub(super) fn as_db_error(&self) -> Option<&DbError> {
        self.source.as_db_error()
    }

    /// What the driver's error says, if it is a violated constraint.
    pub(super) fn read(error: tokio_postgres::Error) -> Result<Self, tokio_postgres::Error> {
        let Some((kind, db)) = error
            .as_db_error()
            .and_then(|db| Some((ConstraintKind::of(db.code())?, db)))
        else {
            return Err(error);
        };
        let detail = db.detail().unwrap_or_default();
        let mut broken = None;
        let columns = match kind {
            ConstraintKind::Unique | ConstraintKind::Exclusion => key::of_index(detail),
            ConstraintKind::ForeignKey => {
                broken = reference(db);
                match broken {
                    Some(Reference::ToNothing) => key::of_foreign_key(detail),
                    // The key is that of the row to be deleted, in another table than the constraint's.
                    Some(Reference::StillThere) | None => Vec::new(),
                }
            }
            ConstraintKind::NotNull => db.column().map(str::to_owned).into_iter().collect(),
            ConstraintKind::Check => Vec::new(),
        };
        Ok(Self {
            kind,
            constraint: db.constraint().map(str::to_owned),
            schema: db.schema().map(str::to_owned),
            table: db.table().map(str::to_owned),
            columns,
            broken,
            source: error,
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} constraint", self.kind)?;
        if let Some(constraint) = &self.constraint {
            write!(f, " `{constraint}`")?;
        }
        f.write_str(" violated")?;
        if let Some(table) = &self.table {
            write!(f, " on `{table}`")?;
        }
        if !self.columns.is_empty() {
            write!(f, " (`{}`)", self.columns.join("`, `"))?;
        }
        if self.is_missing_target() {
            f.write_str(", which refers to nothing")?;
        } else if self.is_still_referenced() {
            f.write_str(", which still refers to the row")?;
        }
        // What is no constraint, such as the bounds of a partition, or what a trigger raises.
        if let (None, [], Some(db)) = (&self.constraint, &*self.columns, self.as_db_error()) {
            write!(f, ": {}", db.message())?;
        }
        Ok(())
    }
}

/// Without the driver's error, which has values of the row.
impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Violation")
            .field("kind", &self.kind)
            .field("constraint", &self.constraint)
            .field("schema", &self.schema)
            .field("table", &self.table)
            .field("columns", &self.columns)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

/// Both kinds have one SQLSTATE (up to PostgreSQL 17, and without RESTRICT), and the text is in the server's language. But in every
/// language, the message of an insert quotes the table and the constraint; that of a delete one more table.
fn reference(db: &DbError) -> Option<Reference> {
    if *db.code() == SqlState::RESTRICT_VIOLATION {
        return Some(Reference::StillThere);
    }
    let names = [db.table()?, db.constraint()?];
    match key::quoted_names(db.message(), &names)? {
        2 => Some(Reference::ToNothing),
        3 => Some(Reference::StillThere),
        _ => None,
    }
}
