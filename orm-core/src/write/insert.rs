//! New rows.

use std::marker::PhantomData;

use crate::bind::Bind;
use crate::db::Executor;
use crate::entity::{ColumnDef, Entity};
use crate::error::{Error, Result};
use crate::sql::{SelectSql, Table, Writer};
use crate::write::{exactly_one, fetch_entities, returning};

/// The values of a new row of `E`: what the derive makes as `NewUser`.
pub trait NewRow<E: Entity> {
    /// The positions of the columns that are set.
    const COLUMNS: &'static [usize];

    /// The values of these columns.
    #[doc(hidden)]
    fn binds(self) -> Vec<Bind>;
}

/// One new row. Made by `User::insert(..)`.
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.one(&db).await` or `.execute(&db).await`"]
pub struct Insert<E> {
    rows: InsertMany<E>,
}

impl<E: Entity> Insert<E> {
    #[doc(hidden)]
    pub fn one_row<N: NewRow<E>>(new: N) -> Self {
        Self {
            rows: InsertMany::rows([new]),
        }
    }

    /// Inserts it and returns it as it was stored: `INSERT INTO users (email) VALUES ($1) RETURNING id, email`.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses the row.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<E> {
        exactly_one(self.rows.all(on).await?)
    }

    /// Inserts it and returns nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses the row.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<()> {
        self.rows.execute(on).await.map(drop)
    }
}

/// Any number of new rows, inserted by one statement. Made by `User::insert_many(..)`.
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.all(&db).await` or `.execute(&db).await`"]
pub struct InsertMany<E> {
    columns: &'static [usize],
    rows: Vec<Vec<Bind>>,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> InsertMany<E> {
    #[doc(hidden)]
    pub fn rows<N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Self {
        Self {
            columns: N::COLUMNS,
            rows: new.into_iter().map(NewRow::binds).collect(),
            marker: PhantomData,
        }
    }

    /// Inserts them and returns them as they were stored, in the order in which they were given.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses a row; then none is inserted. [`Error::TooManyValues`] if a column is an
    /// array, and there are more than 65,535 values.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        self.check_size()?;
        fetch_entities(&self.returning(), &on.acquire().await?).await
    }

    /// Inserts them and returns their number.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses a row; then none is inserted. [`Error::TooManyValues`] if a column is an
    /// array, and there are more than 65,535 values.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        self.check_size()?;
        on.acquire().await?.execute(&self.write().finish()).await
    }

    /// Whether each value is a parameter of its own. Otherwise each column is one.
    fn has_a_parameter_for_each_value(&self) -> bool {
        self.rows.len() == 1 || self.columns().any(|column| column.ty.is_array())
    }

    fn check_size(&self) -> Result<()> {
        let values = self.rows.len() * self.columns.len();
        if self.has_a_parameter_for_each_value() && values > usize::from(u16::MAX) {
            return Err(Error::TooManyValues {
                entity: E::DEF.name,
                rows: self.rows.len(),
            });
        }
        Ok(())
    }

    fn returning(&self) -> SelectSql {
        returning(self.write(), E::DEF)
    }

    fn columns(&self) -> impl Iterator<Item = &'static ColumnDef> {
        self.columns
            .iter()
            .map(|&position| &E::DEF.columns[position])
    }
}

/// How the rows are written:
///
/// - one row: `VALUES ($1, $2)`
/// - several: `SELECT * FROM unnest($1::text[], $2::int8[])`, one array for each column, so that the statement is the
///   same for any number of rows
/// - several with a column that is an array itself, which `unnest` would flatten: `VALUES ($1, $2), ($3, $4)`
impl<E: Entity> InsertMany<E> {
    fn write(&self) -> Writer {
        let mut writer = Writer::default();
        writer.write(format_args!("INSERT INTO {}", Table::of(E::DEF)));
        if self.columns.is_empty() {
            writer.push(" SELECT FROM generate_series(1, ");
            writer.bind(&Bind::new(self.rows.len() as i64));
            writer.push("::int8)");
            return writer;
        }
        writer.push(" (");
        for (position, column) in self.columns().enumerate() {
            writer.separate(position);
            writer.name(column.name);
        }
        writer.push(")");
        if self.has_a_parameter_for_each_value() {
            self.write_values(&mut writer);
        } else {
            self.write_unnest(&mut writer);
        }
        writer
    }

    fn write_values(&self, writer: &mut Writer) {
        writer.push(" VALUES ");
        for (position, row) in self.rows.iter().enumerate() {
            writer.separate(position);
            writer.push("(");
            for (position, bind) in row.iter().enumerate() {
                writer.separate(position);
                writer.bind(bind);
            }
            writer.push(")");
        }
        if self.rows.len() > 1 {
            writer.depends_on_data();
        }
    }

    fn write_unnest(&self, writer: &mut Writer) {
        writer.push(" SELECT * FROM unnest(");
        for (position, column) in self.columns().enumerate() {
            writer.separate(position);
            let values = self.rows.iter().map(|row| row[position].value.clone());
            writer.bind_array(column.ty, values.collect());
        }
        writer.push(")");
    }
}
