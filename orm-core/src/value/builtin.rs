//! What PostgreSQL calls the types of the standard library and of the crates behind features.

use tokio_postgres::types::{FromSql, Type};

use super::{BoxedError, PgType, Value, wire};

macro_rules! values {
    ($($rust:ty => $name:literal $(by $from_wire:path)?),+ $(,)?) => {
        $(impl Value for $rust {
            const TYPE: PgType = PgType::new($name);

            $(#[inline]
            fn from_wire(ty: &Type, raw: &[u8]) -> Result<Self, BoxedError> {
                match $from_wire(ty, raw) {
                    Some(value) => Ok(value),
                    None => Self::from_sql(ty, raw),
                }
            })?
        })+
    };
}

values! {
    bool => "bool",
    i8 => "\"char\"",
    i16 => "int2" by wire::i16,
    i32 => "int4" by wire::i32,
    i64 => "int8" by wire::i64,
    u32 => "oid",
    f32 => "float4",
    f64 => "float8",
    String => "text" by wire::string,
    Vec<u8> => "bytea",
    std::time::SystemTime => "timestamptz",
    std::net::IpAddr => "inet",
}

#[cfg(feature = "uuid")]
values! { uuid::Uuid => "uuid" }

#[cfg(feature = "chrono")]
values! {
    chrono::NaiveDate => "date",
    chrono::NaiveTime => "time",
    chrono::NaiveDateTime => "timestamp" by wire::naive_date_time,
    chrono::DateTime<chrono::Utc> => "timestamptz" by wire::date_time,
    chrono::DateTime<chrono::FixedOffset> => "timestamptz",
}

#[cfg(feature = "time")]
values! {
    time::Date => "date",
    time::Time => "time",
    time::PrimitiveDateTime => "timestamp",
    time::OffsetDateTime => "timestamptz",
}

#[cfg(feature = "jiff")]
values! {
    jiff::civil::Date => "date",
    jiff::civil::Time => "time",
    jiff::civil::DateTime => "timestamp",
    jiff::Timestamp => "timestamptz",
}

#[cfg(feature = "decimal")]
values! { rust_decimal::Decimal => "numeric" }

#[cfg(feature = "network")]
values! {
    cidr::IpCidr => "cidr",
    cidr::IpInet => "inet",
    eui48::MacAddress => "macaddr",
}

#[cfg(feature = "bits")]
values! { bit_vec::BitVec => "varbit" }

#[cfg(feature = "json")]
values! { serde_json::Value => "jsonb" }

#[cfg(feature = "json")]
impl<T> Value for tokio_postgres::types::Json<T>
where
    T: serde::Serialize
        + serde::de::DeserializeOwned
        + std::fmt::Debug
        + Clone
        + Send
        + Sync
        + 'static,
{
    const TYPE: PgType = PgType::new("jsonb");
}

impl<V: Value> Value for Vec<V> {
    const TYPE: PgType = V::TYPE.array();
}

impl<V: Value> Value for Vec<Option<V>> {
    const TYPE: PgType = V::TYPE.array();
}
