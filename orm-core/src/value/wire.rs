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
#[inline]
pub(super) fn naive_date_time(ty: &Type, raw: &[u8]) -> Option<chrono::NaiveDateTime> {
    const DAY: i64 = 86_400_000_000;
    /// The first day of the year 2000, counted from the common era's first.
    const YEAR_2000: i64 = 730_120;
    let at = i64(ty, raw)?;
    let day = i32::try_from(at.div_euclid(DAY) + YEAR_2000).ok()?;
    let of_day = at.rem_euclid(DAY) as u64;
    let (seconds, micros) = ((of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32);
    let date = chrono::NaiveDate::from_num_days_from_ce_opt(day)?;
    let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1_000)?;
    Some(date.and_time(time))
}

#[cfg(feature = "chrono")]
#[inline]
pub(super) fn date_time(ty: &Type, raw: &[u8]) -> Option<chrono::DateTime<chrono::Utc>> {
    naive_date_time(ty, raw).map(|at| at.and_utc())
}

#[cfg(all(test, feature = "chrono"))]
mod tests {
    use chrono::{DateTime, NaiveDateTime, Utc};
    use tokio_postgres::types::{FromSql, Type};

    use super::{date_time, naive_date_time};

    #[test]
    fn timestamps_are_what_the_driver_makes_of_them() {
        let days = (-100_000_000..100_000_000).step_by(77_777);
        let times = days.map(|day: i64| day * 86_400_000_000 + day.rem_euclid(86_400) * 1_000_003);
        let at_ends = [-1, 0, 1, i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX];
        for micros in times.chain(at_ends) {
            let raw = micros.to_be_bytes();
            let naive = NaiveDateTime::from_sql(&Type::TIMESTAMP, &raw).ok();
            assert_eq!(naive_date_time(&Type::TIMESTAMP, &raw), naive, "{micros}");
            let utc = DateTime::<Utc>::from_sql(&Type::TIMESTAMPTZ, &raw).ok();
            assert_eq!(date_time(&Type::TIMESTAMPTZ, &raw), utc, "{micros}");
        }
        assert_eq!(naive_date_time(&Type::TIMESTAMP, &[0; 7]), None);
    }
}
