//! Keys of every kind.

use chrono::NaiveDate;
use unlazy::{Entity, Error, Loaded, Unloaded, Value, sql};
use uuid::Uuid;

use crate::fixture::*;

/// An entity, its child, and a test that loads the relation from both of its ends.
///
/// Two parents, of whom the first has two children; a third child has no parent.
macro_rules! keys_of_type {
    ($($name:ident: $ty:ty, $sql:literal, $ddl:literal, [$first:expr, $second:expr];)+) => {$(
        #[tokio::test]
        async fn $name() {
            #[derive(Entity, Debug, Clone, PartialEq)]
            #[entity(table = "parents")]
            struct Parent<Children = Unloaded, Siblings = Unloaded> {
                #[entity(primary_key)]
                id: $ty,
                #[entity(has_many(Child, foreign_key = parent_id))]
                children: Children,
                #[entity(many_to_many(Parent, through = "siblings"(one, other)))]
                siblings: Siblings,
            }

            #[derive(Entity, Debug, Clone, PartialEq)]
            #[entity(table = "children")]
            struct Child<Of = Unloaded> {
                #[entity(primary_key)]
                id: i64,
                parent_id: Option<$ty>,
                #[entity(belongs_to(Parent, foreign_key = parent_id))]
                parent: Of,
            }

            let (_test, db, log) = database(concat!(
                $ddl,
                "CREATE TABLE parents (id ", $sql, " PRIMARY KEY);
                 CREATE TABLE children (id int8 PRIMARY KEY, parent_id ", $sql, ");
                 CREATE TABLE siblings (one ", $sql, ", other ", $sql, ");",
            ))
            .await;
            let keys: [$ty; 2] = [$first, $second];
            let new_parents = keys.clone().map(|id| NewParent { id });
            Parent::insert_many(new_parents).execute(&db).await.unwrap();
            let parents_of_children = [Some(0), Some(0), None];
            let new_children = parents_of_children.iter().zip(1..).map(|(parent, id)| NewChild {
                id,
                parent_id: parent.map(|parent: usize| keys[parent].clone()),
            });
            Child::insert_many(new_children).execute(&db).await.unwrap();
            unlazy::execute(
                sql!("INSERT INTO siblings SELECT a.id, b.id FROM parents AS a, parents AS b WHERE a.id <> b.id"),
                &db,
            )
            .await
            .unwrap();
            log.take();

            let plain = |id: &$ty| Parent { id: id.clone(), children: Unloaded, siblings: Unloaded };
            for (parent, added) in strategies!(Child::PARENT) {
                let children = Child::query().with(parent).all(&db).await.unwrap();
                let expected = parents_of_children.iter().zip(1..).map(|(parent, id)| Child {
                    id,
                    parent_id: parent.map(|parent| keys[parent].clone()),
                    parent: maybe(parent.map(|parent| plain(&keys[parent]))),
                });
                assert_eq!(children, expected.collect::<Vec<_>>());
                assert_statements(&log, 1 + added);
            }

            let query = Parent::find_many(&keys).with(Parent::CHILDREN).with(Parent::SIBLINGS);
            let parents = query.all(&db).await.unwrap();
            let parent = |position: usize, children: &[i64]| Parent {
                id: keys[position].clone(),
                children: many(children.iter().map(|&id| Child {
                    id,
                    parent_id: Some(keys[position].clone()),
                    parent: Unloaded,
                })),
                siblings: shared([plain(&keys[1 - position])]),
            };
            assert_eq!(parents, [parent(0, &[1, 2]), parent(1, &[])]);
            assert_statements(&log, 3);

            let found = Parent::find(&keys[1]).one(&db).await.unwrap();
            assert_eq!(found, plain(&keys[1]));
        }
    )+};
}

/// A newtype as a key.
#[derive(Debug, Clone, Copy, PartialEq, Value)]
struct TicketId(i64);

/// An enum as a key.
#[derive(Debug, Clone, Copy, PartialEq, Value)]
enum Continent {
    Africa,
    SouthAmerica,
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 2, day).unwrap()
}

keys_of_type! {
    i16_keys: i16, "int2", "", [-7, 8];
    i32_keys: i32, "int4", "", [-7, 8];
    i64_keys: i64, "int8", "", [-7, 1 << 40];
    string_keys: String, "text", "", ["".to_owned(), "it's \"ü\"".to_owned()];
    uuid_keys: Uuid, "uuid", "", [Uuid::from_u128(1), Uuid::from_u128(u128::MAX)];
    date_keys: NaiveDate, "date", "", [day(1), day(29)];
    newtype_keys: TicketId, "int8", "", [TicketId(1), TicketId(2)];
    enum_keys: Continent, "continent", "CREATE TYPE continent AS ENUM ('africa', 'south_america');",
        [Continent::Africa, Continent::SouthAmerica];
    boolean_keys: bool, "bool", "", [false, true];
    bytes_keys: Vec<u8>, "bytea", "", [vec![], vec![0, 255]];
    decimal_keys: rust_decimal::Decimal, "numeric", "", [1.into(), 2.into()];
}

const NAMES: &str = "
    CREATE EXTENSION citext;
    CREATE TABLE people (name citext PRIMARY KEY);
    INSERT INTO people VALUES ('Ann'), ('Ben');
    CREATE TABLE pets (id int8 PRIMARY KEY, owner citext NOT NULL);
    INSERT INTO pets VALUES (1, 'ann'), (2, 'ANN'), (3, 'Ben');
";

mod typed {
    use super::*;

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "people")]
    pub(super) struct Person<Pets = Unloaded> {
        #[entity(primary_key, type = "citext")]
        pub(super) name: String,
        #[entity(has_many(Pet, foreign_key = owner_name))]
        pub(super) pets: Pets,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "pets")]
    pub(super) struct Pet<Owner = Unloaded> {
        #[entity(primary_key)]
        pub(super) id: i64,
        #[entity(column = "owner", type = "citext")]
        pub(super) owner_name: String,
        #[entity(belongs_to(Person, foreign_key = owner_name))]
        pub(super) owner: Owner,
    }
}

mod untyped {
    use super::*;

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "people")]
    pub(super) struct Person<Pets = Unloaded> {
        #[entity(primary_key)]
        pub(super) name: String,
        #[entity(has_many(Pet, foreign_key = owner))]
        pub(super) pets: Pets,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "pets")]
    pub(super) struct Pet<Of = Unloaded> {
        #[entity(primary_key)]
        pub(super) id: i64,
        pub(super) owner: String,
        #[entity(belongs_to(Person, foreign_key = owner))]
        pub(super) person: Of,
    }
}

#[tokio::test]
async fn keys_that_are_equal_by_the_rules_of_their_type() {
    use typed::{Person, Pet};

    let (_test, db, log) = database(NAMES).await;
    for (owner, added) in strategies!(Pet::OWNER) {
        let pets = Pet::query().with(owner).all(&db).await.unwrap();
        let expected = [(1, "ann", "Ann"), (2, "ANN", "Ann"), (3, "Ben", "Ben")];
        let expected = expected.map(|(id, owner_name, name)| Pet {
            id,
            owner_name: owner_name.to_owned(),
            owner: one(Person {
                name: name.to_owned(),
                pets: Unloaded,
            }),
        });
        assert_eq!(pets, expected);
        assert!(std::sync::Arc::ptr_eq(&pets[0].owner, &pets[1].owner));
        assert_statements(&log, 1 + added);
    }

    let ann = Person::find("aNN")
        .with(Person::PETS)
        .one(&db)
        .await
        .unwrap();
    let pets = [(1, "ann"), (2, "ANN")].map(|(id, owner_name)| Pet {
        id,
        owner_name: owner_name.to_owned(),
        owner: Unloaded,
    });
    assert_eq!((ann.name.as_str(), ann.pets), ("Ann", many(pets)));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn keys_that_are_equal_by_rules_that_nobody_named_are_an_error() {
    use untyped::{Person, Pet};

    let (_test, db, _) = database(NAMES).await;
    let error = Pet::query().with(Pet::PERSON.selectin()).all(&db).await;
    assert!(
        matches!(&error, Err(Error::UnmatchedKey { relation }) if relation == "Pet.person"),
        "{error:?}"
    );
    let error = Person::query().with(Person::PETS).all(&db).await;
    assert!(
        matches!(&error, Err(Error::UnmatchedKey { relation }) if relation == "Person.pets"),
        "{error:?}"
    );
    // The server matches the keys of a join itself.
    let pets = Pet::query().with(Pet::PERSON.joined()).all(&db).await;
    let owners: Vec<String> = pets
        .unwrap()
        .iter()
        .map(|p| p.person.name.clone())
        .collect();
    assert_eq!(owners, ["Ann", "Ann", "Ben"]);
}

#[tokio::test]
async fn numbers_that_are_equal_with_other_digits() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "prices")]
    struct Price {
        #[entity(primary_key)]
        amount: rust_decimal::Decimal,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "goods")]
    struct Good<Of = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        amount: rust_decimal::Decimal,
        #[entity(belongs_to(Price, foreign_key = amount))]
        price: Of,
    }

    let (_test, db, log) = database(
        "CREATE TABLE prices (amount numeric PRIMARY KEY);
         INSERT INTO prices VALUES (1.50);
         CREATE TABLE goods (id int8 PRIMARY KEY, amount numeric NOT NULL);
         INSERT INTO goods VALUES (1, 1.5), (2, 1.500);",
    )
    .await;
    for (price, added) in strategies!(Good::PRICE) {
        let goods = Good::query().with(price).all(&db).await.unwrap();
        let texts: Vec<_> = goods
            .iter()
            .map(|good| (good.amount.to_string(), good.price.amount.to_string()))
            .collect();
        let expected = [("1.5", "1.50"), ("1.500", "1.50")];
        assert_eq!(texts, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_statements(&log, 1 + added);
    }
}

const COMPOSITE: &str = "
    CREATE TABLE shelves (room text, number int2, PRIMARY KEY (room, number));
    INSERT INTO shelves VALUES ('a', 1), ('a', 2), ('b', 1);
    CREATE TABLE books (
        id int8 PRIMARY KEY, room text, number int2, writer_id int8 NOT NULL,
        FOREIGN KEY (room, number) REFERENCES shelves
    );
    INSERT INTO books VALUES (1, 'a', 1, 1), (2, 'b', 1, 2), (3, 'a', NULL, 1), (4, 'a', 1, 2), (5, NULL, NULL, 1);
    CREATE TABLE writers (id int8 PRIMARY KEY);
    INSERT INTO writers VALUES (1), (2);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "shelves")]
struct Shelf<Books = Unloaded> {
    #[entity(primary_key)]
    room: String,
    #[entity(primary_key)]
    number: i16,
    #[entity(has_many(Book, foreign_key = (room, number)))]
    books: Books,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "books")]
struct Book<On = Unloaded, By = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    room: Option<String>,
    number: Option<i16>,
    writer_id: i64,
    #[entity(belongs_to(Shelf, foreign_key = (room, number)))]
    shelf: On,
    #[entity(belongs_to(Writer, foreign_key = writer_id))]
    writer: By,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "writers")]
struct Writer {
    #[entity(primary_key)]
    id: i64,
}

fn shelf<B>((room, number): (&str, i16), books: B) -> Shelf<B> {
    Shelf {
        room: room.to_owned(),
        number,
        books,
    }
}

fn book<S, W>(id: i64, shelf: S, writer: W) -> Book<S, W> {
    let (room, number, writer_id) = match id {
        1 => (Some("a"), Some(1), 1),
        2 => (Some("b"), Some(1), 2),
        3 => (Some("a"), None, 1),
        4 => (Some("a"), Some(1), 2),
        _ => (None, None, 1),
    };
    Book {
        id,
        room: room.map(str::to_owned),
        number,
        writer_id,
        shelf,
        writer,
    }
}

#[tokio::test]
async fn composite_keys_next_to_single_ones() {
    let (_test, db, log) = database(COMPOSITE).await;
    for (on, added) in strategies!(Book::SHELF) {
        for (by, more) in strategies!(Book::WRITER) {
            let books = Book::query()
                .with(on.clone())
                .with(by)
                .all(&db)
                .await
                .unwrap();
            let expected = [
                (1, Some(("a", 1)), 1),
                (2, Some(("b", 1)), 2),
                (3, None, 1),
                (4, Some(("a", 1)), 2),
                (5, None, 1),
            ];
            let expected = expected.map(|(id, on, by)| {
                let on = maybe(on.map(|key| shelf(key, Unloaded)));
                book(id, on, one(Writer { id: by }))
            });
            assert_eq!(books, expected);
            assert_statements(&log, 1 + added + more);
        }
    }

    let shelves = Shelf::query().with(Shelf::BOOKS).all(&db).await.unwrap();
    let with_books = |key, books: &[i64]| -> Shelf<Loaded<Vec<Book>>> {
        let books = many(books.iter().map(|&id| book(id, Unloaded, Unloaded)));
        shelf(key, books)
    };
    let expected = [
        with_books(("a", 1), &[1, 4]),
        with_books(("a", 2), &[]),
        with_books(("b", 1), &[2]),
    ];
    assert_eq!(shelves, expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn finding_by_composite_keys() {
    let (_test, db, log) = database(COMPOSITE).await;
    let key = |room: &str, number| (room.to_owned(), number);
    let found = Shelf::find(key("b", 1)).one(&db).await.unwrap();
    assert_eq!(found, shelf(("b", 1), Unloaded));
    // Not every combination of the parts is a key that was asked for.
    let found = Shelf::find_many([key("b", 1), key("a", 2), key("c", 9)]);
    let expected = [shelf(("a", 2), Unloaded), shelf(("b", 1), Unloaded)];
    assert_eq!(found.all(&db).await.unwrap(), expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn more_parents_than_a_statement_has_parameters() {
    let (_test, db, log) = database(
        "CREATE TABLE nodes (id int8 PRIMARY KEY, parent_id int8);
         INSERT INTO nodes SELECT n, n - 1 FROM generate_series(1, 70000) AS n;",
    )
    .await;
    for (parent, added) in strategies!(Node::PARENT) {
        let query = Node::query().with(parent).with(Node::CHILDREN);
        let nodes = query.all(&db).await.unwrap();
        assert_eq!(nodes.len(), 70_000);
        assert!(nodes.iter().zip(1..).all(|(node, id)| {
            let parent = node.parent.as_ref().map(|parent| parent.id);
            let children: Vec<i64> = node.children.iter().map(|child| child.id).collect();
            node.id == id
                && parent == (id > 1).then_some(id - 1)
                && children
                    == (id < 70_000)
                        .then_some(id + 1)
                        .into_iter()
                        .collect::<Vec<_>>()
        }));
        assert_statements(&log, 2 + added);
    }
    let found = Node::find_many(1..=70_000_i64).all(&db).await.unwrap();
    assert_eq!(found.len(), 70_000);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn composite_keys_of_text_are_compared_as_their_columns_are() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "cities")]
    struct City<Shops = Unloaded> {
        #[entity(primary_key)]
        country: String,
        #[entity(primary_key)]
        name: String,
        #[entity(has_many(Shop, foreign_key = (country, city)))]
        shops: Shops,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "shops")]
    struct Shop<In = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        country: String,
        city: String,
        #[entity(belongs_to(City, foreign_key = (country, city)))]
        in_city: In,
    }

    let (_test, db, log) = database(
        "CREATE TABLE cities (country char(5), name text, PRIMARY KEY (country, name));
         CREATE TABLE shops (id int8 PRIMARY KEY, country char(5), city varchar(20));
         INSERT INTO cities VALUES ('ab', 'x'), ('ab', 'y');
         INSERT INTO shops VALUES (1, 'ab', 'x'), (2, 'ab', 'x'), (3, 'ab', 'y')",
    )
    .await;
    let cities = City::query().with(City::SHOPS).all(&db).await.unwrap();
    let shops: Vec<usize> = cities.iter().map(|city| city.shops.len()).collect();
    assert_eq!(shops, [2, 1]);
    assert_statements(&log, 2);
    for (city, _) in strategies!(Shop::IN_CITY) {
        let shops = Shop::query().with(city).all(&db).await.unwrap();
        let names: Vec<&str> = shops
            .iter()
            .map(|shop| shop.in_city.name.as_str())
            .collect();
        assert_eq!(names, ["x", "x", "y"]);
    }
    let keys = [
        ("ab".to_owned(), "y".to_owned()),
        ("zz".to_owned(), "y".to_owned()),
    ];
    let found = City::find_many(keys).all(&db).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn composite_keys_of_has_one() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "shelves")]
    struct Labelled<Label = Unloaded> {
        #[entity(primary_key)]
        room: String,
        #[entity(primary_key)]
        number: i16,
        #[entity(has_one(Label, foreign_key = (room, number)))]
        label: Label,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "labels")]
    struct Label {
        #[entity(primary_key)]
        id: i64,
        room: Option<String>,
        number: Option<i16>,
    }

    let (_test, db, log) = database(&format!(
        "{COMPOSITE}
        CREATE TABLE labels (id int8 PRIMARY KEY, room text, number int2);
        INSERT INTO labels VALUES (1, 'a', 2), (2, 'b', NULL), (3, NULL, 1), (4, NULL, NULL), (5, 'b', 1);"
    ))
    .await;
    // Nothing declares that there is only one row, so it is not joined unless that is asked for.
    let added = [1, 0, 1];
    for ((label, _), added) in strategies!(Labelled::LABEL).into_iter().zip(added) {
        let shelves = Labelled::query().with(label).all(&db).await.unwrap();
        let labels: Vec<Option<i64>> = shelves
            .iter()
            .map(|shelf| shelf.label.as_ref().map(|label| label.id))
            .collect();
        assert_eq!(labels, [None, Some(1), Some(5)]);
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn more_composite_keys_and_links_than_a_statement_has_parameters() {
    #[derive(Entity, Debug)]
    #[entity(table = "cells")]
    struct Cell<Left = Unloaded, Right = Unloaded, Doors = Unloaded> {
        #[entity(primary_key)]
        x: i32,
        #[entity(primary_key)]
        y: i16,
        left_x: Option<i32>,
        #[entity(belongs_to(Cell, foreign_key = (left_x, y)))]
        left: Left,
        #[entity(has_many(Cell, foreign_key = (left_x, y)))]
        right: Right,
        #[entity(many_to_many(Cell, through = "doors"((from_x, from_y), (to_x, to_y))))]
        doors: Doors,
    }

    let (_test, db, log) = database(
        "CREATE TABLE cells (x int4, y int2, left_x int4, PRIMARY KEY (x, y));
         INSERT INTO cells SELECT x, y, nullif(x - 1, 0) FROM generate_series(1, 35000) AS x, generate_series(1, 2) AS y;
         CREATE TABLE doors (from_x int4, from_y int2, to_x int4, to_y int2);
         INSERT INTO doors SELECT x, y, x, 3 - y FROM cells;
         ANALYZE;",
    )
    .await;
    for (left, added) in strategies!(Cell::LEFT) {
        let query = Cell::query().with(left).with(Cell::RIGHT).with(Cell::DOORS);
        let cells = query.all(&db).await.unwrap();
        assert_eq!(cells.len(), 70_000);
        for cell in &cells {
            let left = cell.left.as_ref().map(|left| (left.x, left.y));
            assert_eq!(left, (cell.x > 1).then(|| (cell.x - 1, cell.y)));
            let right: Vec<_> = cell.right.iter().map(|c| (c.x, c.y)).collect();
            let expected = (cell.x < 35_000).then(|| (cell.x + 1, cell.y));
            assert_eq!(right, expected.into_iter().collect::<Vec<_>>());
            let doors: Vec<_> = cell.doors.iter().map(|c| (c.x, c.y)).collect();
            assert_eq!(doors, [(cell.x, 3 - cell.y)]);
        }
        assert_statements(&log, 3 + added);
    }
}
