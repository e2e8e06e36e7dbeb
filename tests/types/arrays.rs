//! Arrays.

use cidr::IpCidr;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use crate::{Email, Fixture, Mood, UserId, assert_found, cell, inserted};

/// Tests of arrays of several types. They are inserted and read back, and found by their elements. Of the three arrays
/// of each type the first is empty, and the element is only in the last.
macro_rules! round_trips {
    ($($test:ident {$($ty:ty = $name:literal [$($value:expr),+ $(,)?] with $element:expr;)+})+) => {$(
        #[tokio::test]
        async fn $test() {
            let fixture = Fixture::cells("int").await;
            $(let fixture = {
                eprintln!("{} as {}", stringify!($ty), $name);
                cell!(Vec<$ty>);
                let values: Vec<Vec<$ty>> = vec![vec![], $($value),+];
                let fixture = fixture.other_cells($name).await;
                let db = &fixture.db;
                let cells = inserted!(db, values);
                for value in &values {
                    assert_found!(db, cells, Cell::VALUE.eq(value), |cell| cell.value == *value);
                    assert_found!(db, cells, Cell::MAYBE.eq(value), |cell| cell.maybe.as_ref() == Some(value));
                }
                assert_found!(db, cells, Cell::MAYBE.is_null(), |cell| cell.maybe.is_none());
                let (element, last) = ($element, &values[2]);
                let has_it = Cell::VALUE.has_element(&element);
                assert_found!(db, cells, has_it, |cell| cell.value == *last);
                let elements = vec![element];
                let has_all = Cell::VALUE.has_all(&elements);
                assert_found!(db, cells, has_all, |cell| cell.value == *last);
                let has_any = Cell::MAYBE.has_any(&elements);
                assert_found!(db, cells, has_any, |cell| cell.maybe.as_ref() == Some(last));
                assert_found!(db, cells, Cell::VALUE.has_all(Vec::new()), |_| true);
                fixture
            };)+
            drop(fixture);
        }
    )+};
}

round_trips! {
    arrays_of_std_types {
        i64 = "int8[]" [vec![1], vec![2, i64::MAX]] with 2;
        bool = "bool[]" [vec![false, false], vec![true]] with true;
        String = "text[]" [vec!["{\"".into()], vec![String::new(), "b,c".into()]] with "b,c".to_owned();
        String = "varchar(3)[]" [vec!["a".into()], vec!["b".into()]] with "b".to_owned();
        Vec<u8> = "bytea[]" [vec![vec![]], vec![vec![0, 255], vec![1]]] with vec![1];
    }

    arrays_of_types_behind_features {
        Uuid = "uuid[]" [vec![Uuid::nil()], vec![Uuid::max()]] with Uuid::max();
        Decimal = "numeric[]" [vec![Decimal::ONE], vec![Decimal::new(105, 2)]] with Decimal::new(105, 2);
        serde_json::Value = "jsonb[]" [vec![json!(null)], vec![json!({"a": 1})]] with json!({"a": 1});
        IpCidr = "cidr[]" [vec!["10.0.0.0/8".parse().unwrap()], vec!["::/0".parse().unwrap()]]
            with "::/0".parse().unwrap();
    }

    arrays_of_enums_and_newtypes {
        Mood = "mood[]" [vec![Mood::Sad, Mood::Middling], vec![Mood::VeryHappy, Mood::Sad]] with Mood::VeryHappy;
        UserId = "int8[]" [vec![UserId(1)], vec![UserId(2)]] with UserId(2);
        Email = "text[]" [vec![Email("a".into())], vec![Email("b".into())]] with Email("b".into());
    }
}

#[tokio::test]
async fn elements_may_be_null() {
    cell!(Vec<Option<i32>>);
    let fixture = Fixture::cells("int4[]").await;
    let values = vec![vec![], vec![None], vec![Some(1), None, Some(3)]];
    let cells = inserted!(&fixture.db, values);
    for value in &values {
        assert_found!(&fixture.db, cells, Cell::VALUE.eq(value), |cell| cell.value
            == *value);
    }
}

#[tokio::test]
async fn enumerations_in_arrays_may_be_null() {
    cell!(Vec<Option<Mood>>);
    let fixture = Fixture::cells("mood[]").await;
    let values = vec![vec![None], vec![Some(Mood::Middling), None]];
    let cells = inserted!(&fixture.db, values);
    for value in &values {
        assert_found!(&fixture.db, cells, Cell::VALUE.eq(value), |cell| cell.value
            == *value);
    }
}
