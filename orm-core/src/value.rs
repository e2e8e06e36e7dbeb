//! Rust types that columns can have, and what PostgreSQL calls them.

use std::fmt;

use tokio_postgres::types::{FromSqlOwned, ToSql, Type};

mod builtin;
pub(crate) mod label;
mod wire;

/// The error of an encoder or decoder.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// A PostgreSQL type as SQL names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgType {
    name: &'static str,
    array: bool,
    through_text: bool,
}

impl PgType {
    /// The type of this name, for example `"int8"`, `"citext"` or `"point[]"`. The name stands in SQL as it is given
    /// here.
    pub const fn new(name: &'static str) -> Self {
        let (name, array) = match name.as_bytes() {
            [.., b'[', b']'] => (name.split_at(name.len() - 2).0, true),
            _ => (name, false),
        };
        Self {
            name,
            array,
            through_text: false,
        }
    }

    /// A type that is selected as `column::text` and bound as `$1::text::name`.
    ///
    /// Enums are sent this way: the first use of an enum on a connection would otherwise cost five round trips that
    /// look its type up.
    pub const fn through_text(name: &'static str) -> Self {
        Self {
            name,
            array: false,
            through_text: true,
        }
    }

    /// The array of this type.
    pub const fn array(self) -> Self {
        Self {
            array: true,
            ..self
        }
    }

    /// What it consists of: the name, and all else as a number.
    pub(crate) fn parts(self) -> (&'static str, usize) {
        let Self {
            name,
            array,
            through_text,
        } = self;
        (name, usize::from(array) << 1 | usize::from(through_text))
    }

    pub(crate) const fn is_array(self) -> bool {
        self.array
    }

    pub(crate) const fn is_through_text(self) -> bool {
        self.through_text
    }

    /// The cast that makes a column of a type that goes through text readable.
    pub(crate) fn select_cast(self) -> &'static str {
        match (self.through_text, self.array) {
            (false, _) => "",
            (true, false) => "::text",
            (true, true) => "::text[]",
        }
    }

    /// Whether a parameter of this type has to say so. The server takes one that is compared with a `cidr` for an
    /// `inet`, whose operators `cidr` borrows.
    pub(crate) fn parameters_need_cast(self) -> bool {
        self.through_text || matches!(self.name, "cidr")
    }

    /// Whether a Rust type can only be this type in PostgreSQL, or the entity names it. `String` fits several.
    pub(crate) fn is_fixed_by_rust(self) -> bool {
        self.name != "text"
    }

    /// Whether the Rust types that are taken for this one can also be another, whose values a cast does not keep: a
    /// `SystemTime` may be a `timestamp` without a zone, and a JSON value `json`.
    pub(crate) fn is_one_of_several(self) -> bool {
        matches!(self.name, "timestamptz" | "jsonb")
    }

    pub(crate) fn is_number(self) -> bool {
        let numbers = ["int2", "int4", "int8", "float4", "float8"];
        !self.array && numbers.contains(&self.name)
    }

    pub(crate) fn is_float(self) -> bool {
        !self.array && matches!(self.name, "float4" | "float8")
    }

    /// Whether two equal values of this type always have the same bytes on the wire. Where they do not, the server has
    /// to say which key a row belongs to: `citext` finds `Ann` for the key `ann`, `numeric` `1.0` for `1.00`.
    pub(crate) fn equal_means_same_bytes(self) -> bool {
        !matches!(
            self.name,
            "bpchar" | "citext" | "float4" | "float8" | "interval" | "jsonb" | "numeric" | "timetz"
        )
    }
}

impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.array {
            f.write_str("[]")?;
        }
        Ok(())
    }
}

/// A Rust type that can be a column's value and that is never NULL: `i64`, `String`, `Uuid`, an enum, a newtype.
///
/// Implemented for the types of the standard library and, through features of the same names, for those of `uuid`,
/// `chrono`, `time`, `jiff`, `json`, `decimal`, `network` and `bits`, and for `Vec`s of them.
/// `#[derive(Value)]` adds enums and newtypes. A column of any other type that implements `ToSql` and `FromSql` needs
/// only its PostgreSQL name, `#[entity(type = "vector")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a column",
    label = "unlazy does not know how PostgreSQL calls this type",
    note = "for a relation, use a type parameter: `struct User<Posts = Unloaded> {{ #[entity(has_many(..))] posts: Posts }}`",
    note = "derive `unlazy::Value` for an enum or a newtype, enable the feature of the type's crate (`uuid`, `chrono`, ..), \
            or name the PostgreSQL type: `#[entity(type = \"..\")]`"
)]
pub trait Value: ToSql + FromSqlOwned + Clone + Send + Sync + 'static {
    /// What PostgreSQL calls this type.
    const TYPE: PgType;

    /// Reads a value of a type that `FromSql` accepts.
    #[doc(hidden)]
    fn from_wire(ty: &Type, raw: &[u8]) -> Result<Self, BoxedError> {
        Self::from_sql(ty, raw)
    }
}

/// The type of a column's field: a [`Value`], or an `Option` of one where the column is nullable.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a column",
    label = "unlazy does not know how PostgreSQL calls this type",
    note = "for a relation, use a type parameter: `struct User<Posts = Unloaded> {{ #[entity(has_many(..))] posts: Posts }}`",
    note = "derive `unlazy::Value` for an enum or a newtype, enable the feature of the type's crate (`uuid`, `chrono`, ..), \
            or name the PostgreSQL type: `#[entity(type = \"..\")]`"
)]
pub trait Field: ToSql + FromSqlOwned + Send + Sync + 'static {
    /// The type without its `Option`.
    type Base: Value;
    /// Whether the column may be NULL.
    const NULLABLE: bool;
    /// The type of what is computed from a value of this type and a `T`: a nullable one if either is nullable.
    #[doc(hidden)]
    type Beside<T: Field>: Field<Base = T::Base>;

    /// Reads what a column holds; `None` is NULL.
    #[doc(hidden)]
    fn from_column(ty: &Type, raw: Option<&[u8]>) -> Result<Self, BoxedError>;
}

impl<V: Value> Field for V {
    type Base = V;
    const NULLABLE: bool = false;
    type Beside<T: Field> = T;

    fn from_column(ty: &Type, raw: Option<&[u8]>) -> Result<Self, BoxedError> {
        match raw {
            Some(raw) => V::from_wire(ty, raw),
            None => V::from_sql_null(ty),
        }
    }
}

impl<V: Value> Field for Option<V> {
    type Base = V;
    const NULLABLE: bool = true;
    type Beside<T: Field> = Option<T::Base>;

    fn from_column(ty: &Type, raw: Option<&[u8]>) -> Result<Self, BoxedError> {
        raw.map(|raw| V::from_wire(ty, raw)).transpose()
    }
}

/// A column that may be NULL.
#[diagnostic::on_unimplemented(
    message = "a column of type `{Self}` is never NULL",
    label = "this comparison needs a nullable column, whose type is an `Option`"
)]
pub trait Nullable {}

impl<T> Nullable for Option<T> {}

/// A [`Value`] that patterns can be matched against.
#[diagnostic::on_unimplemented(
    message = "a column of type `{Self}` is not text",
    label = "patterns match only columns of type `String` or of a newtype of it"
)]
pub trait Text: Value {}

impl Text for String {}

/// What a value of type `T` may be given as: the value itself, a reference to it, or `&str` for a `String`.
#[diagnostic::on_unimplemented(
    message = "expected a value of type `{T}`, found `{Self}`",
    label = "expected a `{T}`"
)]
pub trait IntoValue<T> {
    /// The value, owned.
    fn into_value(self) -> T;
}

impl<T> IntoValue<T> for T {
    fn into_value(self) -> T {
        self
    }
}

impl<T: Clone> IntoValue<T> for &T {
    fn into_value(self) -> T {
        self.clone()
    }
}

impl IntoValue<String> for &str {
    fn into_value(self) -> String {
        self.to_owned()
    }
}
