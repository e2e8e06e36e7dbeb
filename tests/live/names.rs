//! Names that SQL would read otherwise, and tables that are none.

use unlazy::{Entity, Loaded, Unloaded};

use crate::fixture::*;

const NAMES: &str = r#"
    CREATE TABLE "Select" ("from" int4 PRIMARY KEY, "Upper Case" text, "where""s" int4 NOT NULL, type bool NOT NULL);
    INSERT INTO "Select" VALUES (1, 'one', 2, true), (2, NULL, 2, false);
    CREATE TABLE "or""der" ("group" int4, "user" int4);
    INSERT INTO "or""der" VALUES (1, 2), (2, 2);
"#;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "Select")]
struct Select<Where = Unloaded, Order = Unloaded, Group = Unloaded> {
    #[entity(primary_key)]
    from: i32,
    #[entity(column = "Upper Case")]
    upper: Option<String>,
    #[entity(column = "where\"s")]
    where_id: i32,
    r#type: bool,
    #[entity(belongs_to(Select, foreign_key = where_id))]
    r#where: Where,
    #[entity(many_to_many(Select, through = "or\"der"(group, user)))]
    order: Order,
    #[entity(has_many(Select, foreign_key = where_id))]
    group: Group,
}

fn select<W, O, G>(from: i32, r#where: W, order: O, group: G) -> Select<W, O, G> {
    Select {
        from,
        upper: (from == 1).then(|| "one".to_owned()),
        where_id: 2,
        r#type: from == 1,
        r#where,
        order,
        group,
    }
}

fn plain(from: i32) -> Select {
    select(from, Unloaded, Unloaded, Unloaded)
}

#[tokio::test]
async fn reserved_words_upper_case_blanks_and_quotes() {
    let (_test, db, log) = database(NAMES).await;
    for (r#where, added) in strategies!(Select::WHERE) {
        let group = Select::GROUP.order_by(Select::UPPER.asc().nulls_first());
        let rows = Select::query()
            .filter(Select::WHERE.has(Select::TYPE.eq(false)))
            .order_by(Select::UPPER.desc().nulls_last())
            .with(r#where)
            .with(Select::ORDER)
            .with(group)
            .all(&db)
            .await
            .unwrap();
        assert_eq!(
            rows,
            [
                select(1, one(plain(2)), shared([plain(2)]), many([])),
                select(
                    2,
                    one(plain(2)),
                    shared([plain(2)]),
                    many([plain(2), plain(1)])
                ),
            ]
        );
        assert_statements(&log, 3 + added);
    }
}

#[tokio::test]
async fn writing_to_columns_with_such_names() {
    let (_test, db, _) = database(NAMES).await;
    let new = NewSelect {
        from: 3,
        upper: Some("'; DROP TABLE \"Select\"".to_owned()),
        where_id: 1,
        r#type: true,
    };
    let stored = Select::insert(new).one(&db).await.unwrap();
    let stored_again = Select::find(3).one(&db).await.unwrap();
    assert_eq!(stored, stored_again);
    assert_eq!(stored.upper.as_deref(), Some("'; DROP TABLE \"Select\""));

    let changed = Select::update()
        .of(&stored)
        .set(Select::UPPER, "x")
        .one(&db);
    assert_eq!(changed.await.unwrap().upper.as_deref(), Some("x"));
    let deleted = Select::delete().of(&stored).execute(&db).await;
    assert_eq!(deleted.unwrap(), 1);
}

// 63 bytes, which is all that PostgreSQL keeps; those of a pair differ in the last one only.
const LONG_NAMES: &str = "
    CREATE TABLE a_table_with_a_name_as_long_as_postgresql_lets_it_be__________1 (
        a_column_with_a_name_as_long_as_postgresql_lets_it_be_________1 int4 PRIMARY KEY,
        a_column_with_a_name_as_long_as_postgresql_lets_it_be_________2 int4
    );
    CREATE TABLE a_table_with_a_name_as_long_as_postgresql_lets_it_be__________2 (
        a_column_with_a_name_as_long_as_postgresql_lets_it_be_________1 int4 PRIMARY KEY,
        a_column_with_a_name_as_long_as_postgresql_lets_it_be_________2 int4
    );
    INSERT INTO a_table_with_a_name_as_long_as_postgresql_lets_it_be__________1 VALUES (1, 7);
    INSERT INTO a_table_with_a_name_as_long_as_postgresql_lets_it_be__________2 VALUES (7, 1), (8, 1);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "a_table_with_a_name_as_long_as_postgresql_lets_it_be__________1")]
struct LongOne<TheRelationToOne = Unloaded, TheRelationToMany = Unloaded> {
    #[entity(
        primary_key,
        column = "a_column_with_a_name_as_long_as_postgresql_lets_it_be_________1"
    )]
    id: i32,
    #[entity(column = "a_column_with_a_name_as_long_as_postgresql_lets_it_be_________2")]
    other: Option<i32>,
    #[entity(belongs_to(LongTwo, foreign_key = other))]
    a_relation_with_a_name_that_is_longer_than_postgresql_would_ever_keep_1: TheRelationToOne,
    #[entity(has_many(LongTwo, foreign_key = other))]
    a_relation_with_a_name_that_is_longer_than_postgresql_would_ever_keep_2: TheRelationToMany,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "a_table_with_a_name_as_long_as_postgresql_lets_it_be__________2")]
struct LongTwo {
    #[entity(
        primary_key,
        column = "a_column_with_a_name_as_long_as_postgresql_lets_it_be_________1"
    )]
    id: i32,
    #[entity(column = "a_column_with_a_name_as_long_as_postgresql_lets_it_be_________2")]
    other: Option<i32>,
}

#[tokio::test]
async fn names_that_differ_in_the_last_byte_that_postgresql_keeps() {
    let (_test, db, log) = database(LONG_NAMES).await;
    let two = |id| LongTwo { id, other: Some(1) };
    for (to_one, added) in strategies!(
        LongOne::A_RELATION_WITH_A_NAME_THAT_IS_LONGER_THAN_POSTGRESQL_WOULD_EVER_KEEP_1
    ) {
        let found = LongOne::query()
            .with(to_one)
            .with(LongOne::A_RELATION_WITH_A_NAME_THAT_IS_LONGER_THAN_POSTGRESQL_WOULD_EVER_KEEP_2)
            .one(&db)
            .await
            .unwrap();
        let expected = LongOne {
            id: 1,
            other: Some(7),
            a_relation_with_a_name_that_is_longer_than_postgresql_would_ever_keep_1: maybe(Some(
                two(7),
            )),
            a_relation_with_a_name_that_is_longer_than_postgresql_would_ever_keep_2: many([
                two(7),
                two(8),
            ]),
        };
        assert_eq!(found, expected);
        assert_statements(&log, 2 + added);
    }
}

const SCHEMAS: &str = r#"
    CREATE SCHEMA "Old Shop";
    CREATE TABLE "Old Shop".users (id int4 PRIMARY KEY, name text NOT NULL);
    INSERT INTO "Old Shop".users VALUES (1, 'old ann'), (2, 'old ben');
    CREATE TABLE users (id int4 PRIMARY KEY, former_id int4);
    INSERT INTO users VALUES (10, 1), (20, NULL);
    CREATE VIEW former AS
        SELECT u.id AS new_id, f.id AS old_id, f.name FROM users AS u JOIN "Old Shop".users AS f ON f.id = u.former_id;
"#;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users")]
struct NewShopUser<Former = Unloaded, Name = Unloaded> {
    #[entity(primary_key)]
    id: i32,
    former_id: Option<i32>,
    #[entity(belongs_to(OldShopUser, foreign_key = former_id))]
    former: Former,
    #[entity(has_one(FormerName, foreign_key = new_id))]
    former_name: Name,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users", schema = "Old Shop")]
struct OldShopUser {
    #[entity(primary_key)]
    id: i32,
    name: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "former", view)]
struct FormerName {
    #[entity(primary_key)]
    new_id: i32,
    old_id: i32,
    name: String,
}

#[tokio::test]
async fn other_schemas_and_views() {
    let (_test, db, log) = database(SCHEMAS).await;
    for (former, added) in strategies!(NewShopUser::FORMER) {
        for (name, more) in strategies!(NewShopUser::FORMER_NAME) {
            let users = NewShopUser::query()
                .with(former.clone())
                .with(name)
                .all(&db)
                .await
                .unwrap();
            let expected = [
                NewShopUser {
                    id: 10,
                    former_id: Some(1),
                    former: maybe(Some(OldShopUser {
                        id: 1,
                        name: "old ann".to_owned(),
                    })),
                    former_name: Loaded::new(Some(FormerName {
                        new_id: 10,
                        old_id: 1,
                        name: "old ann".to_owned(),
                    })),
                },
                NewShopUser {
                    id: 20,
                    former_id: None,
                    former: maybe(None),
                    former_name: Loaded::new(None),
                },
            ];
            assert_eq!(users, expected);
            assert_statements(&log, 1 + added + more);
        }
    }
}

const LINKS: &str = r#"
    CREATE SCHEMA "Old Shop";
    CREATE TABLE "Old Shop".people (id int4 PRIMARY KEY, name text NOT NULL);
    INSERT INTO "Old Shop".people VALUES (1, 'ann'), (2, 'ben');
    CREATE TABLE "Old Shop".follows (follower int4, followed int4);
    INSERT INTO "Old Shop".follows VALUES (1, 2);
    CREATE TABLE people (id int4 PRIMARY KEY);
    CREATE TABLE follows (follower int4, followed int4);
    INSERT INTO follows VALUES (2, 1);
    CREATE VIEW "Old Shop".followers AS SELECT followed AS person, follower AS by FROM "Old Shop".follows;
"#;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people", schema = "Old Shop")]
struct OldPerson<Follows = Unloaded, Followers = Unloaded, Rows = Unloaded> {
    #[entity(primary_key)]
    id: i32,
    name: String,
    #[entity(many_to_many(OldPerson, through = OldFollow(follower, followed)))]
    follows: Follows,
    #[entity(many_to_many(OldPerson, through = OldFollower(person, by)))]
    followers: Followers,
    #[entity(has_many(OldFollower, foreign_key = person))]
    rows: Rows,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "follows", schema = "Old Shop")]
struct OldFollow {
    #[entity(primary_key)]
    follower: i32,
    #[entity(primary_key)]
    followed: i32,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "followers", schema = "Old Shop", view)]
struct OldFollower {
    #[entity(primary_key)]
    person: i32,
    #[entity(primary_key)]
    by: i32,
}

#[tokio::test]
async fn links_in_other_schemas_and_over_views() {
    let (_test, db, log) = database(LINKS).await;
    let people = OldPerson::query()
        .with(OldPerson::FOLLOWS)
        .with(OldPerson::FOLLOWERS.filter_link(OldFollower::BY.ne(9)))
        .with(OldPerson::ROWS)
        .all(&db)
        .await
        .unwrap();
    let person = |id: i32| OldPerson {
        id,
        name: if id == 1 { "ann" } else { "ben" }.to_owned(),
        follows: Unloaded,
        followers: Unloaded,
        rows: Unloaded,
    };
    let full = |id, follows: &[i32], followers: &[i32]| OldPerson {
        id,
        name: person(id).name,
        follows: shared(follows.iter().copied().map(person)),
        followers: shared(followers.iter().copied().map(person)),
        rows: many(followers.iter().map(|&by| OldFollower { person: id, by })),
    };
    assert_eq!(people, [full(1, &[2], &[]), full(2, &[], &[1])]);
    assert_statements(&log, 4);
}
