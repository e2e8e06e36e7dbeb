//! Changes in JSON and the like: what is missing is kept, what is there is set.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error, Serialize, Serializer};

use crate::write::patch::Change;

const NAME: &str = "Change";

/// As its value. What is kept has none: leave it out with `#[serde(skip_serializing_if = "Change::is_keep")]`.
impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => serializer.serialize_newtype_struct(NAME, value),
            Self::Keep => Err(S::Error::custom(
                "`Change::Keep` is no value: leave it out with `skip_serializing_if = \"Change::is_keep\"`",
            )),
        }
    }
}

/// What is there is set, `null` too. It is read as a newtype and not as the value alone: then serde does not take a missing
/// field for `null`, but for an error, unless it has `#[serde(default)]`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, SetVisitor(PhantomData))
    }
}

struct SetVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SetVisitor<T> {
    type Value = Change<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the new value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Change<T>, D::Error> {
        T::deserialize(value).map(Change::Set)
    }
}
