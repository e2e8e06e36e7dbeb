//! Entities: what a table's rows are in Rust.

use futures_util::{Stream, StreamExt, stream};
use smallvec::SmallVec;
use tokio_postgres::types::{FromSql, FromSqlOwned, ToSql, Type};

use crate::bind::Bind;
use crate::decode::RowReader;
use crate::error::Result;
use crate::load::Loads;
use crate::record::Record;
use crate::scope::{Deletion, ScopeDef};
use crate::value::{Field, PgType, Value};
use crate::write::{CopyIn, InsertManyWith, InsertWith, NewRow, NewWith};

/// A struct whose values are the rows of a table or view.
///
/// `#[derive(Entity)]` implements it for the struct with no relation loaded: `User` is an entity, and
/// `User<Loaded<Vec<Post>>>` is what a query of it returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "a type with `#[derive(Entity)]`, with no relation loaded, is expected here"
)]
pub trait Entity: Record<Entity = Self> {
    /// The type of the primary key: that of its field, or a tuple if it has several columns.
    type Key;
    /// The type of the primary key as a tuple, also if it has one column.
    #[doc(hidden)]
    type KeyParts;
    /// The load slots of its relations, with none filled.
    type Loads: Loads<Self, Value = Self> + Default;
    /// The table and its columns.
    const DEF: &'static EntityDef;

    /// Reads an entity from a row, its relations unloaded.
    #[doc(hidden)]
    fn decode(row: &RowReader<'_>) -> Result<Self>;

    /// The values of a primary key, in the order of [`EntityDef::key`].
    #[doc(hidden)]
    fn bind_key(key: Self::Key) -> KeyBinds;

    /// Inserts a new row together with new rows of its relations: `User::insert_with(NewUser { .. }.with(..)).one(&db)`.
    /// See [`NewWith`].
    fn insert_with<N: NewRow<Self>, L>(new: NewWith<Self, N, L>) -> InsertWith<Self, N, L> {
        InsertWith::new(new)
    }

    /// Inserts any number of new rows together with new rows of their relations, those of all rows by the same statements:
    /// `User::insert_many_with(rows).all(&db)`. See [`NewWith`].
    fn insert_many_with<N: NewRow<Self>, L>(
        new: impl IntoIterator<Item = NewWith<Self, N, L>>,
    ) -> InsertManyWith<Self, N, L> {
        InsertManyWith::new(new)
    }

    /// Inserts any number of rows by `COPY`, without holding them in memory: `User::copy_in(rows).execute(&db)`.
    fn copy_in<N: NewRow<Self>>(
        rows: impl IntoIterator<Item = N>,
    ) -> CopyIn<'static, Self, impl Stream<Item = Result<N>>> {
        CopyIn::new(stream::iter(rows).map(Ok))
    }

    /// Inserts what a `Stream` of `Result`s yields by `COPY`, each a new row: `User::copy_in_stream(rows).execute(&db)`.
    ///
    /// The stream must not use the transaction or client that the rows are copied on: each would wait for the other without end. Read from
    /// another connection, such as one of a [`Db`](crate::Db).
    fn copy_in_stream<S>(rows: S) -> CopyIn<'static, Self, S> {
        CopyIn::new(rows)
    }
}

/// A table or view, and how an entity's fields stand in it.
#[derive(Debug)]
pub struct EntityDef {
    /// The name of the Rust struct.
    pub name: &'static str,
    /// The schema, if the entity names one; otherwise the `search_path` decides.
    pub schema: Option<&'static str>,
    /// The table or view.
    pub table: &'static str,
    /// The columns, in the order of the fields; deferred ones come last.
    pub columns: &'static [ColumnDef],
    /// The number of columns that every query reads: all but the deferred ones.
    pub eager: usize,
    /// The positions of the primary key's columns in `columns`.
    pub key: &'static [usize],
    /// The positions of the columns of each unique key that the entity declares on the struct, but for those of partial indexes.
    #[doc(hidden)]
    pub unique: &'static [&'static [usize]],
    /// The position of the column that counts the updates of each row.
    pub version: Option<usize>,
    /// The conditions that hold wherever its rows are reached.
    #[doc(hidden)]
    pub scopes: &'static [ScopeDef],
}

/// A number that counts the updates of a row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot count the versions of a row",
    label = "the type of a `version` column is `i16`, `i32` or `i64`"
)]
#[doc(hidden)]
pub trait VersionNumber {}

impl VersionNumber for i16 {}
impl VersionNumber for i32 {}
impl VersionNumber for i64 {}

/// The position of a version's column.
#[doc(hidden)]
pub const fn version<V: VersionNumber>(position: usize) -> Option<usize> {
    Some(position)
}

/// A column of a table, and the field that holds it.
#[derive(Debug, Clone, Copy)]
pub struct ColumnDef {
    /// The field's name.
    pub field: &'static str,
    /// The column's name.
    pub name: &'static str,
    /// The column's type in PostgreSQL.
    pub ty: PgType,
    /// Whether the field can hold NULL.
    pub nullable: bool,
    /// Whether the entity declares the column unique.
    pub unique: bool,
    /// Whether the database makes the value, so that an insert does not set it.
    pub generated: bool,
    /// Whether the database has a value for it when an insert does not set it.
    pub has_default: bool,
    /// Whether it is read only when a query asks for it.
    pub deferred: bool,
    accepts: fn(&Type) -> bool,
    rust_type: fn() -> &'static str,
}

impl ColumnDef {
    /// Of two columns of one entity, whether they are the same. There may be several copies of a definition.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.name == other.name
    }

    /// A column whose PostgreSQL type follows from the field's type.
    #[doc(hidden)]
    pub const fn new<F: Field>(field: &'static str, name: &'static str) -> Self {
        Self::typed::<F>(field, name, <F::Base as Value>::TYPE, F::NULLABLE)
    }

    /// A column whose PostgreSQL type the entity names.
    #[doc(hidden)]
    pub const fn typed<T: FromSqlOwned>(
        field: &'static str,
        name: &'static str,
        ty: PgType,
        nullable: bool,
    ) -> Self {
        Self {
            field,
            name,
            ty,
            nullable,
            unique: false,
            generated: false,
            has_default: false,
            deferred: false,
            accepts: <T as FromSql<'static>>::accepts,
            rust_type: std::any::type_name::<T>,
        }
    }

    #[doc(hidden)]
    pub const fn unique(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }

    #[doc(hidden)]
    pub const fn generated(self) -> Self {
        Self {
            generated: true,
            ..self
        }
    }

    #[doc(hidden)]
    pub const fn with_default(self) -> Self {
        Self {
            has_default: true,
            ..self
        }
    }

    #[doc(hidden)]
    pub const fn deferred(self) -> Self {
        Self {
            deferred: true,
            ..self
        }
    }

    /// Whether a row without it is refused by the database.
    pub(crate) const fn is_required(&self) -> bool {
        !self.generated && !self.has_default && !self.nullable
    }

    /// Whether the field's type can be decoded from a result column of type `ty`.
    pub(crate) fn accepts(&self, ty: &Type) -> bool {
        (self.accepts)(ty)
    }

    pub(crate) fn rust_type(&self) -> &'static str {
        (self.rust_type)()
    }
}

impl EntityDef {
    /// The columns that every query reads.
    pub(crate) fn eager_columns(&self) -> &'static [ColumnDef] {
        &self.columns[..self.eager]
    }

    /// The primary key's columns.
    pub fn key_columns(&self) -> impl ExactSizeIterator<Item = &'static ColumnDef> + use<> {
        let columns = self.columns;
        self.key.iter().map(move |&position| &columns[position])
    }

    /// The column that counts the updates of each row.
    pub(crate) fn version_column(&self) -> Option<&'static ColumnDef> {
        let columns = self.columns;
        self.version.map(|position| &columns[position])
    }

    /// How its rows are deleted softly.
    pub(crate) fn deletion(&self) -> Option<Deletion> {
        self.scopes.iter().find_map(ScopeDef::deletion)
    }

    /// Whether a row can be inserted of which these columns are set, and those that hold the values of scopes.
    #[doc(hidden)]
    pub const fn is_complete_with(&self, columns: &[usize]) -> bool {
        let mut column = 0;
        while column < self.columns.len() {
            let def = &self.columns[column];
            let is_filled = def.nullable || def.generated || def.has_default;
            if !is_filled && !contains(columns, column) && !self.scoped_by(column) {
                return false;
            }
            column += 1;
        }
        true
    }

    const fn scoped_by(&self, column: usize) -> bool {
        let mut scope = 0;
        while scope < self.scopes.len() {
            if let Some(position) = self.scopes[scope].position()
                && position == column
            {
                return true;
            }
            scope += 1;
        }
        false
    }

    /// Whether the entity declares that at most one row has given values in these columns.
    pub(crate) fn is_unique(&self, columns: &[usize]) -> bool {
        let has = |key: &[usize]| key.iter().all(|position| columns.contains(position));
        has(self.key)
            || self.unique.iter().any(|key| has(key))
            || columns
                .iter()
                .any(|&position| self.columns[position].unique)
    }
}

const fn contains(positions: &[usize], position: usize) -> bool {
    let mut place = 0;
    while place < positions.len() {
        if positions[place] == position {
            return true;
        }
        place += 1;
    }
    false
}

/// The parts of a primary key as values; most keys have one.
#[doc(hidden)]
pub type KeyBinds = SmallVec<[Bind; 1]>;

#[doc(hidden)]
pub fn key_of<const PARTS: usize>(parts: [Bind; PARTS]) -> KeyBinds {
    parts.into_iter().collect()
}

/// The values that a relation is followed by, read from an entity: parts of a primary key or of a foreign key.
#[doc(hidden)]
#[derive(Default)]
pub struct KeyParts<'a> {
    parts: SmallVec<[&'a (dyn ToSql + Sync); 2]>,
    null: bool,
}

impl<'a> KeyParts<'a> {
    /// Adds the next part. A key with a NULL in it refers to nothing.
    pub fn push<T: ToSql + Sync>(&mut self, part: Option<&'a T>) {
        match part {
            Some(part) => self.parts.push(part),
            None => self.null = true,
        }
    }

    /// A primary key, whose parts are never NULL.
    pub(crate) fn of(key: &'a [Bind]) -> Self {
        Self {
            parts: key.iter().map(|part| &*part.value as _).collect(),
            null: false,
        }
    }

    pub(crate) fn not_null(&self) -> Option<&[&'a (dyn ToSql + Sync)]> {
        (!self.null).then_some(&self.parts)
    }
}

impl std::fmt::Display for KeyParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parts.as_slice() {
            [part] => write!(f, "{part:?}"),
            parts => {
                f.write_str("(")?;
                for (position, part) in parts.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{part:?}")?;
                }
                f.write_str(")")
            }
        }
    }
}
