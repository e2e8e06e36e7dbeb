//! Rows that do not fit the entity.

use expect_test::{Expect, expect};
use serde::{Deserialize, Serialize};
use unlazy::{Entity, Error, Json, Value, sql};

use crate::{Fixture, Mood};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    theme: String,
}

/// Made before the type had its last label.
#[derive(Debug, Clone, Value)]
#[value(name = "mood")]
enum OldMood {
    Sad,
    #[value(rename = "so-so")]
    Middling,
}

/// Reads a value from a column of the type `column`, and compares the error and its source.
macro_rules! assert_undecodable {
    ($ty:ty, $column:literal, $value:literal, $expected:expr) => {{
        #[derive(Entity, Debug)]
        #[entity(table = "cells")]
        struct Cell {
            #[entity(primary_key)]
            id: i32,
            #[entity(column = "the value")]
            value: $ty,
        }
        let fixture = Fixture::with(concat!(
            "CREATE TABLE cells (id int PRIMARY KEY, \"the value\" ",
            $column,
            "); ",
            "INSERT INTO cells VALUES (1, ",
            $value,
            ")"
        ))
        .await;
        let error = Cell::query().all(&fixture.db).await.unwrap_err();
        assert_decode(error, $expected);
        // The connection is as good as before.
        assert_eq!(Cell::query().count(&fixture.db).await.unwrap(), 1);
        assert_eq!(fixture.db.pool().status().size, 1);
    }};
}

#[track_caller]
fn assert_decode(error: Error, expected: Expect) {
    let Error::Decode {
        entity,
        column,
        postgres_type,
        rust_type,
        source,
    } = error
    else {
        panic!("not an error of decoding: {error:?}");
    };
    let source = source.map(|source| source.to_string());
    expected.assert_debug_eq(&(entity, column, postgres_type, rust_type, source));
}

#[tokio::test]
async fn wrong_types_are_told_with_entity_column_and_both_types() {
    assert_undecodable!(
        i64,
        "int4",
        "1",
        expect![[r#"
        (
            "Cell",
            "the value",
            "int4",
            "i64",
            None,
        )
    "#]]
    );
    assert_undecodable!(
        Option<String>,
        "date",
        "NULL",
        expect![[r#"
        (
            "Cell",
            "the value",
            "date",
            "core::option::Option<alloc::string::String>",
            None,
        )
    "#]]
    );
    assert_undecodable!(
        Vec<i64>,
        "int8",
        "1",
        expect![[r#"
        (
            "Cell",
            "the value",
            "int8",
            "alloc::vec::Vec<i64>",
            None,
        )
    "#]]
    );
}

#[tokio::test]
async fn null_where_the_field_is_no_option() {
    assert_undecodable!(
        i64,
        "int8",
        "NULL",
        expect![[r#"
            (
                "Cell",
                "the value",
                "int8",
                "i64",
                Some(
                    "it is NULL",
                ),
            )
        "#]]
    );
    assert_undecodable!(
        Mood,
        "mood",
        "NULL",
        expect![[r#"
            (
                "Cell",
                "the value",
                "mood",
                "types::Mood",
                Some(
                    "it is NULL",
                ),
            )
        "#]]
    );
    assert_undecodable!(
        Vec<i32>,
        "int4[]",
        "'{1,NULL}'",
        expect![[r#"
            (
                "Cell",
                "the value",
                "int4[]",
                "alloc::vec::Vec<i32>",
                Some(
                    "an element of it is NULL",
                ),
            )
        "#]]
    );
}

#[tokio::test]
async fn values_that_the_type_refuses() {
    assert_undecodable!(
        OldMood,
        "mood",
        "'very_happy'",
        expect![[r#"
            (
                "Cell",
                "the value",
                "mood",
                "types::decode::OldMood",
                Some(
                    "the enum has no variant with the label `very_happy`",
                ),
            )
        "#]]
    );
    assert_undecodable!(
        Json<Settings>,
        "jsonb",
        r#"'{"theme": 1}'"#,
        expect![[r#"
            (
                "Cell",
                "the value",
                "jsonb",
                "postgres_types::serde_json_1::Json<types::decode::Settings>",
                Some(
                    "invalid type: integer `1`, expected a string at line 1 column 11",
                ),
            )
        "#]]
    );
    assert_undecodable!(
        rust_decimal::Decimal,
        "numeric",
        "1e40",
        expect![[r#"
            (
                "Cell",
                "the value",
                "numeric",
                "rust_decimal::decimal::Decimal",
                Some(
                    "Number exceeds maximum value that can be represented.",
                ),
            )
        "#]]
    );
    assert_undecodable!(
        chrono::NaiveDate,
        "date",
        "'infinity'",
        expect![[r#"
            (
                "Cell",
                "the value",
                "date",
                "chrono::naive::date::NaiveDate",
                Some(
                    "value too large to decode",
                ),
            )
        "#]]
    );
}

#[tokio::test]
async fn a_message_that_can_be_acted_on() {
    #[derive(Entity, Debug)]
    struct Account {
        #[entity(primary_key)]
        id: i64,
    }

    let fixture = Fixture::with("CREATE TABLE account (id int PRIMARY KEY)").await;
    let error = Account::query().all(&fixture.db).await.unwrap_err();
    expect!["column `id` of `Account`, int4 in the database, cannot be read as `i64`"]
        .assert_eq(&error.to_string());
    let own_sql = Account::from_sql(sql!("SELECT 'a'::text AS id"));
    let error = own_sql.all(&fixture.db).await.unwrap_err();
    expect!["column `id` of `Account`, text in the database, cannot be read as `i64`"]
        .assert_eq(&error.to_string());
}
