//! Types with one value.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use bit_vec::BitVec;
use cidr::{IpCidr, IpInet};
use eui48::MacAddress;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use unlazy::Json;
use uuid::Uuid;

use crate::{Email, Fixture, Mood, Temper, UserId, assert_found, cell, inserted};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    theme: String,
    sizes: Vec<u32>,
}

fn settings(theme: &str, sizes: &[u32]) -> Json<Settings> {
    Json(Settings {
        theme: theme.to_owned(),
        sizes: sizes.to_vec(),
    })
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Tests of several types. The values of each are inserted and read back, and found by `eq`, `is_in` and `between`. They
/// are different ones, in the order of PostgreSQL.
macro_rules! round_trips {
    ($($test:ident {$($ty:ty = $name:literal [$($value:expr),+ $(,)?])+})+) => {$(
        #[tokio::test]
        async fn $test() {
            let fixture = Fixture::cells("int").await;
            $(let fixture = {
                eprintln!("{} as {}", stringify!($ty), $name);
                cell!($ty);
                let values: Vec<$ty> = vec![$($value),+];
                let fixture = fixture.other_cells($name).await;
                let db = &fixture.db;
                let cells = inserted!(db, values);
                for value in &values {
                    assert_found!(db, cells, Cell::VALUE.eq(value), |cell| cell.value == *value);
                    assert_found!(db, cells, Cell::MAYBE.eq(value), |cell| cell.maybe.as_ref() == Some(value));
                }
                assert_found!(db, cells, Cell::MAYBE.is_null(), |cell| cell.maybe.is_none());
                let distinct = Cell::MAYBE.is_distinct_from(None);
                assert_found!(db, cells, distinct, |cell| cell.maybe.is_some());
                let (first, last) = (&values[0], &values[values.len() - 1]);
                let ends = Cell::VALUE.is_in([first.clone(), last.clone()]);
                assert_found!(db, cells, ends, |cell| cell.value == *first || cell.value == *last);
                let others = Cell::MAYBE.is_not_in([first.clone()]);
                assert_found!(db, cells, others, |cell| cell.maybe.as_ref().is_some_and(|v| v != first));
                let closed = Cell::VALUE.between(first.clone()..=last.clone());
                assert_found!(db, cells, closed, |_| true);
                let half_open = Cell::VALUE.between(first.clone()..last.clone());
                assert_found!(db, cells, half_open, |cell| cell.value != *last);

                let updated = Cell { value: last.clone(), maybe: None, ..cells[1].clone() };
                let update = Cell::update().of(&cells[1]).set(Cell::VALUE, last.clone());
                assert_eq!(update.set(Cell::MAYBE, None).one(db).await.unwrap(), updated);
                fixture
            };)+
            drop(fixture);
        }
    )+};
}

round_trips! {
    std_types {
        bool = "bool" [false, true]
        i8 = r#""char""# [0, 1, 127]
        i16 = "int2" [i16::MIN, 0, i16::MAX]
        i32 = "int4" [i32::MIN, 0, i32::MAX]
        i64 = "int8" [i64::MIN, 0, i64::MAX]
        u32 = "oid" [0, 1, u32::MAX]
        f32 = "float4" [f32::NEG_INFINITY, -1.5, f32::MAX]
        f64 = "float8" [f64::MIN, 0.1, f64::INFINITY]
        String = r#"text COLLATE "C""# [String::new(), "a'\"\\%".into(), "größer".into()]
        String = "varchar(5)" ["ab".into(), "abcde".into()]
        String = "char(3)" ["abc".into(), "abd".into()]
        String = "name" ["ab".into(), "abcde".into()]
        Vec<u8> = "bytea" [vec![], vec![0], vec![0, 255]]
        SystemTime = "timestamptz" [
            SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            SystemTime::UNIX_EPOCH + Duration::from_micros(1),
        ]
        IpAddr = "inet" [parsed("127.0.0.1"), parsed("::1")]
    }

    uuids {
        Uuid = "uuid" [Uuid::nil(), Uuid::from_u128(1), Uuid::max()]
    }

    chrono_types {
        chrono::NaiveDate = "date" [parsed("1969-12-31"), parsed("2024-02-29")]
        chrono::NaiveTime = "time" [parsed("00:00:00"), parsed("23:59:59.999999")]
        chrono::NaiveDateTime = "timestamp" [
            parsed("1969-12-31T23:59:59.999999"),
            parsed("2024-02-29T12:00:00"),
        ]
        chrono::DateTime<chrono::Utc> = "timestamptz" [
            parsed("1969-12-31T23:59:59Z"),
            parsed("2024-02-29T12:00:00.000001Z"),
        ]
        chrono::DateTime<chrono::FixedOffset> = "timestamptz" [
            parsed("1969-12-31T23:59:59+02:00"),
            parsed("2024-02-29T12:00:00-11:30"),
        ]
    }

    time_types {
        time::Date = "date" [
            time::Date::from_ordinal_date(1969, 365).unwrap(),
            time::Date::from_ordinal_date(2024, 60).unwrap(),
        ]
        time::Time = "time" [
            time::Time::MIDNIGHT,
            time::Time::from_hms_micro(23, 59, 59, 999_999).unwrap(),
        ]
        time::PrimitiveDateTime = "timestamp" [
            time::Date::from_ordinal_date(1969, 365).unwrap().with_hms(23, 59, 59).unwrap(),
            time::Date::from_ordinal_date(2024, 60).unwrap().midnight(),
        ]
        time::OffsetDateTime = "timestamptz" [
            time::OffsetDateTime::from_unix_timestamp(-1).unwrap(),
            time::OffsetDateTime::from_unix_timestamp(1_709_208_000).unwrap(),
        ]
    }

    jiff_types {
        jiff::civil::Date = "date" [parsed("1969-12-31"), parsed("2024-02-29")]
        jiff::civil::Time = "time" [parsed("00:00:00"), parsed("23:59:59.999999")]
        jiff::civil::DateTime = "timestamp" [
            parsed("1969-12-31T23:59:59.999999"),
            parsed("2024-02-29T12:00:00"),
        ]
        jiff::Timestamp = "timestamptz" [
            parsed("1969-12-31T23:59:59Z"),
            parsed("2024-02-29T12:00:00.000001Z"),
        ]
    }

    decimals {
        Decimal = "numeric" [
            parsed("-79228162514264337593543950335"),
            parsed("0.0000000000000000000000000001"),
            parsed("12.50"),
        ]
    }

    network_types {
        IpCidr = "cidr" [parsed("10.0.0.0/8"), parsed("2001:db8::/32")]
        IpInet = "inet" [parsed("10.1.2.3/8"), parsed("2001:db8::1/32")]
        MacAddress = "macaddr" [parsed("00-00-00-00-00-01"), parsed("FF-FF-FF-FF-FF-FF")]
    }

    bit_strings {
        BitVec = "varbit" [BitVec::new(), BitVec::from_elem(3, false), BitVec::from_elem(9, true)]
        BitVec = "bit(9)" [BitVec::from_elem(9, false), BitVec::from_elem(9, true)]
    }

    json_types {
        serde_json::Value = "jsonb" [json!("a"), json!(1.5), json!({"a": [1, null]})]
        Json<Settings> = "jsonb" [settings("", &[]), settings("dark", &[1, 2])]
    }

    enums_and_newtypes {
        Mood = "mood" [Mood::Sad, Mood::Middling, Mood::VeryHappy]
        UserId = "int8" [UserId(-1), UserId(1)]
        Email = "text" [Email("a@example.org".into()), Email("b@example.org".into())]
        Email = "citext" [Email("a@example.org".into()), Email("B@example.org".into())]
        Temper = "mood" [Temper(Mood::Sad), Temper(Mood::VeryHappy)]
    }
}

#[tokio::test]
async fn json_is_read_and_written_where_it_cannot_be_compared() {
    cell!(serde_json::Value);
    let fixture = Fixture::cells("json").await;
    inserted!(&fixture.db, [json!(null), json!({"b": 1, "a": []})]);
}

#[tokio::test]
async fn patterns_match_text_and_newtypes_of_it() {
    cell!(Email);
    let fixture = Fixture::cells("text").await;
    let db = &fixture.db;
    let values = ["50%_\\", "50ab\\", "A50%_\\"].map(|text| Email(text.to_owned()));
    let cells = inserted!(db, values);
    let literal = r"50%_\";
    assert_found!(db, cells, Cell::VALUE.contains(literal), |c| c
        .value
        .0
        .contains(literal));
    assert_found!(db, cells, Cell::VALUE.starts_with(literal), |c| c.value.0
        == literal);
    assert_found!(db, cells, Cell::MAYBE.ends_with(literal), |c| {
        c.maybe
            .as_ref()
            .is_some_and(|email| email.0.ends_with(literal))
    });
    assert_found!(db, cells, Cell::VALUE.like(r"50__\\"), |c| c
        .value
        .0
        .starts_with('5'));
    assert_found!(db, cells, Cell::VALUE.ilike("a%"), |c| c
        .value
        .0
        .starts_with('A'));
}
