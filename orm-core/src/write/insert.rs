//! New rows.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::annotate::Annotate;
use crate::bind::Bind;
use crate::column::{Column, Generated, Stored};
use crate::db::Executor;
use crate::entity::{ColumnDef, Entity, EntityDef};
use crate::error::{Error, Result};
use crate::scope::Scopes;
use crate::sql::{Alias, SelectSql, Table, Writer};
use crate::write::assign::{Assign, Assignments, SetColumn};
use crate::write::returning::Returning;
use crate::write::rows::{NewRow, Rows, cell, column_array, rows};
use crate::write::statement::{Statement, Wanted, entities, exactly_one, execute};

/// One new row. Made by `User::insert(..)`.
///
/// ```
/// # use unlazy::{Db, Entity, sql};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// #     #[entity(default)]
/// #     role: String,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let ann = User::insert(NewUser { email: "ann@example.org".into() }).one(&db).await?;
/// let ben = User::insert(NewUser { email: "ben@example.org".into() })
///     .set(User::ROLE, "admin")
///     .one(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// INSERT INTO "users" AS t0 ("email") VALUES ($1) RETURNING "id", "email", "role"
/// INSERT INTO "users" AS t0 ("email", "role") VALUES ($1, $2) RETURNING "id", "email", "role"
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.one(&db).await` or `.execute(&db).await`"]
pub struct Insert<E> {
    pub(super) rows: NewRows,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Insert<E> {
    #[doc(hidden)]
    pub fn new(new: impl NewRow<E>) -> Self {
        Self {
            rows: NewRows::new::<E, _>([new]),
            marker: PhantomData,
        }
    }

    /// Sets a column too, such as one with a default. Of several values for one column the last one counts.
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<(), C::Value>) -> Self {
        self.rows.set(column.column_def(), value);
        self
    }

    /// Sets a column that the database generates otherwise, as when a row is imported: `OVERRIDING SYSTEM VALUE`.
    ///
    /// The sequence of an identity column does not learn of it, and will come to the same value.
    pub fn set_generated<T>(
        mut self,
        column: Column<E, T, Stored<Generated>>,
        value: impl Assign<(), T>,
    ) -> Self {
        self.rows.set_generated(column.def(), value);
        self
    }

    /// Returns values of the new row instead of the entity: `.returning(User::ID).one(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }

    /// Inserts it and returns it as it was stored: `INSERT INTO users (email) VALUES ($1) RETURNING id, email`.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses the row.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<E> {
        exactly_one(entities(&self, on).await?, E::DEF)
    }

    /// Inserts it and returns nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses the row.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<()> {
        execute(&self, on).await.map(drop)
    }
}

/// Any number of new rows, inserted by one statement. Made by `User::insert_many(..)`.
///
/// Each column is one parameter, an array, so that the statement is the same for any number of rows:
///
/// ```sql
/// INSERT INTO "users" AS t0 ("email", "age") SELECT * FROM unnest($1::text[], $2::int4[]) RETURNING "id", "email", "age"
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.all(&db).await` or `.execute(&db).await`"]
pub struct InsertMany<E> {
    pub(super) rows: NewRows,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> InsertMany<E> {
    #[doc(hidden)]
    pub fn new<N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Self {
        Self {
            rows: NewRows::new(new),
            marker: PhantomData,
        }
    }

    /// Sets a column of all rows too, such as one with a default. Where each row has a value of its own, it is a field of a
    /// struct with `#[derive(Insert)]`.
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<(), C::Value>) -> Self {
        self.rows.set(column.column_def(), value);
        self
    }

    /// Returns values of the new rows instead of entities: `.returning(User::ID).all(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }

    /// Inserts them and returns them as they were stored, in the order in which they were given.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses a row; then none is inserted. [`Error::TooManyValues`] if a column is an
    /// array, and there are more than 65,535 values.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>> {
        entities(&self, on).await
    }

    /// Inserts them and returns their number.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses a row; then none is inserted. [`Error::TooManyValues`] if a column is an
    /// array, and there are more than 65,535 values.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        execute(&self, on).await
    }
}

impl<E: Entity> Statement for Insert<E> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        Scopes::NONE
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        self.rows.sql(wanted, scopes)
    }
}

impl<E: Entity> Statement for InsertMany<E> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        Scopes::NONE
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        self.rows.sql(wanted, scopes)
    }
}

/// New rows and what is set in all of them, without the entity's type.
#[derive(Debug, Clone)]
pub(super) struct NewRows {
    def: &'static EntityDef,
    /// The columns of which each row has a value.
    columns: &'static [usize],
    rows: Arc<dyn Rows>,
    set: Assignments,
    overriding: bool,
}

impl NewRows {
    fn new<E: Entity, N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Self {
        Self {
            def: E::DEF,
            columns: N::COLUMNS,
            rows: rows(new),
            set: Assignments::default(),
            overriding: false,
        }
    }

    fn set<T>(&mut self, column: &'static ColumnDef, value: impl Assign<(), T>) {
        self.set.set(column, value.into_assigned(column.ty));
    }

    fn set_generated<T>(&mut self, column: &'static ColumnDef, value: impl Assign<(), T>) {
        self.set(column, value);
        self.overriding = true;
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        if self.rows.len() == 0 {
            return Ok(None);
        }
        self.check_size()?;
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        self.write(&mut writer, table);
        Ok(Some(wanted.of(writer, table)))
    }

    /// The columns of which each row has a value of its own, and their places in it.
    fn columns(&self) -> impl Iterator<Item = (usize, &'static ColumnDef)> {
        let columns = self.columns.iter();
        columns
            .map(|&position| &self.def.columns[position])
            .enumerate()
            .filter(|(_, column)| !self.set.contains(column))
    }

    /// Whether each value is a parameter of its own. Otherwise each column is one.
    fn has_a_parameter_for_each_value(&self) -> bool {
        self.rows.len() == 1 || self.columns().any(|(_, column)| column.ty.is_array())
    }

    fn check_size(&self) -> Result<()> {
        let values = self.rows.len() * self.columns.len();
        if self.has_a_parameter_for_each_value() && values > usize::from(u16::MAX) {
            return Err(Error::TooManyValues {
                entity: self.def.name,
                rows: self.rows.len(),
            });
        }
        Ok(())
    }
}

/// How the rows are written:
///
/// - one row: `VALUES ($1, $2)`
/// - several: `SELECT * FROM unnest($1::text[], $2::int8[])`, one array for each column, so that the statement is the
///   same for any number of rows
/// - several with a column that is an array itself, which `unnest` would flatten: `VALUES ($1, $2), ($3, $4)`
impl NewRows {
    fn write(&self, writer: &mut Writer, table: Alias) {
        writer.write(format_args!(
            "INSERT INTO {} AS {table}",
            Table::of(self.def)
        ));
        let own = self.columns().map(|(_, column)| column);
        let names = own.chain(self.set.iter().map(|(column, _)| *column));
        for (position, column) in names.enumerate() {
            writer.push(if position == 0 { " (" } else { ", " });
            writer.name(column.name);
        }
        if self.columns().next().is_some() || !self.set.is_empty() {
            writer.push(")");
        }
        if self.overriding {
            writer.push(" OVERRIDING SYSTEM VALUE");
        }
        if self.columns().next().is_none() {
            self.write_series(writer);
        } else if self.has_a_parameter_for_each_value() {
            self.write_values(writer);
        } else {
            self.write_unnest(writer);
        }
    }

    /// Rows of which all columns are the same: ` SELECT $1 FROM generate_series(1, $2::int8)`.
    fn write_series(&self, writer: &mut Writer) {
        writer.push(" SELECT ");
        self.write_set(writer, "");
        writer.push(" FROM generate_series(1, ");
        writer.bind(&Bind::new(self.rows.len() as i64));
        writer.push("::int8)");
    }

    fn write_values(&self, writer: &mut Writer) {
        writer.push(" VALUES ");
        for row in 0..self.rows.len() {
            writer.separate(row);
            writer.push("(");
            for (position, (column, def)) in self.columns().enumerate() {
                writer.separate(position);
                let value = cell(&self.rows, row, column);
                writer.bind(&Bind { value, ty: def.ty });
            }
            self.write_set(writer, ", ");
            writer.push(")");
        }
        if self.rows.len() > 1 {
            writer.depends_on_data();
        }
    }

    fn write_unnest(&self, writer: &mut Writer) {
        writer.push(" SELECT *");
        self.write_set(writer, ", ");
        writer.push(" FROM unnest(");
        for (position, (column, def)) in self.columns().enumerate() {
            writer.separate(position);
            writer.array(def.ty, column_array(&self.rows, column));
        }
        writer.push(")");
    }

    /// What is set in all rows; the first value after `lead`.
    fn write_set(&self, writer: &mut Writer, lead: &str) {
        for (position, (_, value)) in self.set.iter().enumerate() {
            writer.push(if position == 0 { lead } else { ", " });
            writer.expr(value, Alias::Unqualified);
        }
    }
}
