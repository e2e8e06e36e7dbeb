//! Serialization: a loaded relation serializes as its content; an unloaded one as `null`, never as an empty list.

use std::fmt;

use serde::ser::{Impossible, Serialize, Serializer};

use crate::state::{Loaded, MaybeLoaded, Unloaded};

/// By this name [`is_unloaded`] knows the state.
const UNLOADED: &str = "unlazy::Unloaded";

impl<T: Serialize> Serialize for Loaded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<R> Serialize for Unloaded<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_struct(UNLOADED)
    }
}

impl<T: Serialize> Serialize for MaybeLoaded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_unit_struct(UNLOADED),
            Self::Yes(content) => content.serialize(serializer),
        }
    }
}

/// Whether a relation is unloaded: leaves it out of what serde writes.
///
/// ```
/// # use unlazy::{Entity, Loaded, Unloaded};
/// #[derive(Entity, serde::Serialize)]
/// #[entity(table = "users")]
/// struct User<Posts = Unloaded> {
///     #[entity(primary_key)]
///     id: i64,
///     #[entity(has_many(Post, foreign_key = author_id))]
///     #[serde(skip_serializing_if = "unlazy::is_unloaded")]
///     posts: Posts,
/// }
/// # #[derive(Entity, serde::Serialize)] #[entity(table = "posts")]
/// # struct Post { #[entity(primary_key)] id: i64, author_id: i64 }
///
/// let bare: User = User { id: 1, posts: Unloaded };
/// assert_eq!(serde_json::to_string(&bare).unwrap(), r#"{"id":1}"#);
/// let loaded: User<Loaded<Vec<Post>>> = User { id: 1, posts: Loaded::new(vec![]) };
/// assert_eq!(serde_json::to_string(&loaded).unwrap(), r#"{"id":1,"posts":[]}"#);
/// ```
///
/// It takes whatever serializes, since that is all that serde knows of a type parameter.
pub fn is_unloaded<T: Serialize + ?Sized>(state: &T) -> bool {
    matches!(state.serialize(Probe), Ok(name) if name == UNLOADED)
}

/// Says the name of a unit struct, and nothing of all else: that is not looked at.
struct Probe;

#[derive(Debug)]
struct NotAUnitStruct;

impl fmt::Display for NotAUnitStruct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a unit struct")
    }
}

impl std::error::Error for NotAUnitStruct {}

impl serde::ser::Error for NotAUnitStruct {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) $(<$generic:ident>)? -> $ok:ty;)+) => {$(
        fn $method $(<$generic: Serialize + ?Sized>)? (self $(, _: $argument)*) -> Result<$ok, NotAUnitStruct> {
            Err(NotAUnitStruct)
        }
    )+};
}

type Never = Impossible<&'static str, NotAUnitStruct>;

impl Serializer for Probe {
    type Ok = &'static str;
    type Error = NotAUnitStruct;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_unit_struct(self, name: &'static str) -> Result<&'static str, NotAUnitStruct> {
        Ok(name)
    }

    refuse! {
        serialize_bool(bool) -> &'static str;
        serialize_i8(i8) -> &'static str;
        serialize_i16(i16) -> &'static str;
        serialize_i32(i32) -> &'static str;
        serialize_i64(i64) -> &'static str;
        serialize_u8(u8) -> &'static str;
        serialize_u16(u16) -> &'static str;
        serialize_u32(u32) -> &'static str;
        serialize_u64(u64) -> &'static str;
        serialize_f32(f32) -> &'static str;
        serialize_f64(f64) -> &'static str;
        serialize_char(char) -> &'static str;
        serialize_str(&str) -> &'static str;
        serialize_bytes(&[u8]) -> &'static str;
        serialize_none() -> &'static str;
        serialize_some(&T) <T> -> &'static str;
        serialize_unit() -> &'static str;
        serialize_unit_variant(&'static str, u32, &'static str) -> &'static str;
        serialize_newtype_struct(&'static str, &T) <T> -> &'static str;
        serialize_newtype_variant(&'static str, u32, &'static str, &T) <T> -> &'static str;
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}
