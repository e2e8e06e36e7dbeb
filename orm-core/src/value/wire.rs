//! Reading the types of most columns with less work than the driver's `FromSql`, which serves many types of PostgreSQL for
//! each Rust type.
//!
//! `None` says that a value is none of those that are read here: then the driver reads it, or says why it cannot be read.

use tokio_postgres::types::Type;

macro_rules! integers {
    ($($integer:ident),+) => {
        $(#[inline]
        pub(super) fn $integer(_: &Type, raw: &[u8]) -> Option<$integer> {
            raw.try_into().ok().map($integer::from_be_bytes)
        })+
    };
}

integers!(i16, i32, i64);

/// Text, whose type need not be looked up by its name as those of extensions.
pub(super) fn string(ty: &Type, raw: &[u8]) -> Option<String> {
    match *ty {
        Type::TEXT | Type::VARCHAR => std::str::from_utf8(raw).ok().map(str::to_owned),
        _ => None,
    }
}

/// A timestamp, which is a number of microseconds since the year 2000. `infinity` is the greatest of them, and out of range.
#[cfg(feature = "chrono")]
pub(super) fn date_time(ty: &Type, raw: &[u8]) -> Option<chrono::DateTime<chrono::Utc>> {
    const YEAR_2000: i64 = 946_684_800_000_000;
    chrono::DateTime::from_timestamp_micros(i64(ty, raw)?.checked_add(YEAR_2000)?)
}

#[cfg(feature = "chrono")]
pub(super) fn naive_date_time(ty: &Type, raw: &[u8]) -> Option<chrono::NaiveDateTime> {
    date_time(ty, raw).map(|at| at.naive_utc())
}
