//! A tree serializes as its entity with one more field, `children`.

use serde::ser::{Error, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::state::is_unloaded;
use crate::tree::Tree;

const CHILDREN: &str = "children";

/// As the fields of the entity and `children`: `{"id": 1, "title": "..", "children": [..]}`.
///
/// A relation of the entity that is called `children` itself, as one of a tree's nodes may be, is left out while it is
/// unloaded. Any other field of this name is an error, as there would be two.
impl<T: Serialize> Serialize for Tree<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        (**self).serialize(Fields(&mut map))?;
        map.serialize_entry(CHILDREN, self.children())?;
        map.end()
    }
}

/// Writes the fields of a struct into a map.
struct Fields<'a, M>(&'a mut M);

impl<M: SerializeMap> SerializeStruct for Fields<'_, M> {
    type Ok = ();
    type Error = M::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        if name != CHILDREN {
            return self.0.serialize_entry(name, value);
        }
        if is_unloaded(value) {
            return Ok(());
        }
        Err(Error::custom(
            "an entity in a tree has a field `children`, which is the name of the trees below it",
        ))
    }

    fn end(self) -> Result<(), M::Error> {
        Ok(())
    }
}

/// As a struct with `#[serde(flatten)]` serializes.
impl<M: SerializeMap> SerializeMap for Fields<'_, M> {
    type Ok = ();
    type Error = M::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), M::Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), M::Error> {
        self.0.serialize_value(value)
    }

    fn end(self) -> Result<(), M::Error> {
        Ok(())
    }
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) $(<$generic:ident>)? -> $ok:ty;)+) => {$(
        fn $method $(<$generic: Serialize + ?Sized>)? (self $(, _: $argument)*) -> Result<$ok, M::Error> {
            Err(Error::custom("an entity in a tree serializes as a struct"))
        }
    )+};
}

impl<'a, M: SerializeMap> Serializer for Fields<'a, M> {
    type Ok = ();
    type Error = M::Error;
    type SerializeSeq = Impossible<(), M::Error>;
    type SerializeTuple = Impossible<(), M::Error>;
    type SerializeTupleStruct = Impossible<(), M::Error>;
    type SerializeTupleVariant = Impossible<(), M::Error>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), M::Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, M::Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, M::Error> {
        Ok(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        value.serialize(self)
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_some(&T) <T> -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_newtype_variant(&'static str, u32, &'static str, &T) <T> -> ();
        serialize_seq(Option<usize>) -> Impossible<(), M::Error>;
        serialize_tuple(usize) -> Impossible<(), M::Error>;
        serialize_tuple_struct(&'static str, usize) -> Impossible<(), M::Error>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Impossible<(), M::Error>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Impossible<(), M::Error>;
    }
}
