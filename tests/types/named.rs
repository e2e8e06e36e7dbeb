//! Columns whose PostgreSQL type the entity names.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use unlazy::{Entity, sql};

use crate::{Fixture, Mood};

/// A type of the user's own that is no `Value`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

impl ToSql for Point {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.x.to_be_bytes());
        out.extend_from_slice(&self.y.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::POINT
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Point {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let (x, y) = raw.split_at_checked(8).ok_or("a point has two parts")?;
        Ok(Self {
            x: f64::from_be_bytes(x.try_into()?),
            y: f64::from_be_bytes(y.try_into()?),
        })
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::POINT
    }
}

/// A range that has both bounds, the lower included and the upper not, as PostgreSQL normalizes those of numbers.
#[derive(Debug, Clone, PartialEq)]
struct Span(std::ops::Range<i32>);

const BOTH_BOUNDS_LOWER_INCLUDED: u8 = 2;

impl ToSql for Span {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&[BOTH_BOUNDS_LOWER_INCLUDED]);
        for bound in [self.0.start, self.0.end] {
            out.extend_from_slice(&4_i32.to_be_bytes());
            out.extend_from_slice(&bound.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(of) if *of == Type::INT4)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Span {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let [
            BOTH_BOUNDS_LOWER_INCLUDED,
            0,
            0,
            0,
            4,
            a,
            b,
            c,
            d,
            0,
            0,
            0,
            4,
            e,
            f,
            g,
            h,
        ] = *raw
        else {
            return Err("not a span".into());
        };
        Ok(Self(
            i32::from_be_bytes([a, b, c, d])..i32::from_be_bytes([e, f, g, h]),
        ))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(of) if *of == Type::INT4)
    }
}

#[derive(Entity, Debug, Clone, PartialEq)]
struct Place {
    #[entity(primary_key, type = "citext")]
    name: String,
    #[entity(type = "point")]
    at: Point,
    #[entity(type = "point")]
    entrance: Option<Point>,
    #[entity(type = "int4range")]
    open: Span,
    #[entity(type = "point[]")]
    corners: Vec<Point>,
    #[entity(type = "mood")]
    mood: Option<Mood>,
}

fn place(name: &str, x: f64) -> Place {
    let point = |y| Point { x, y };
    Place {
        name: name.to_owned(),
        at: point(0.5),
        entrance: (x > 1.0).then(|| point(-2.0)),
        open: Span(9..17),
        corners: vec![point(1.0), point(2.0)],
        mood: (x > 1.0).then_some(Mood::Middling),
    }
}

fn new(place: Place) -> NewPlace {
    let Place {
        name,
        at,
        entrance,
        open,
        corners,
        mood,
    } = place;
    NewPlace {
        name,
        at,
        entrance,
        open,
        corners,
        mood,
    }
}

#[tokio::test]
async fn types_that_are_no_values() {
    let fixture = Fixture::with(
        "CREATE TABLE place (name citext PRIMARY KEY, at point NOT NULL, entrance point, open int4range NOT NULL,
                             corners point[] NOT NULL, mood mood)",
    )
    .await;
    let db = &fixture.db;
    let places = [place("Anger", 1.0), place("bern", 2.0), place("Chur", 3.0)];

    let one = Place::insert(new(places[0].clone())).one(db).await.unwrap();
    assert_eq!(one, places[0]);
    let many = places[1..].iter().cloned().map(new);
    let many = Place::insert_many(many).all(db).await.unwrap();
    assert_eq!(many, places[1..]);
    assert_eq!(Place::query().all(db).await.unwrap(), places);

    let moved = Place::update()
        .of(&many[1])
        .set(Place::AT, Point { x: 1.0, y: 1.0 })
        .set(Place::ENTRANCE, Point { x: 0.0, y: 0.0 })
        .set(Place::OPEN, Span(0..1))
        .set(Place::CORNERS, vec![])
        .set(Place::MOOD, Mood::Sad);
    let expected = Place {
        name: "Chur".to_owned(),
        at: Point { x: 1.0, y: 1.0 },
        entrance: Some(Point { x: 0.0, y: 0.0 }),
        open: Span(0..1),
        corners: vec![],
        mood: Some(Mood::Sad),
    };
    assert_eq!(moved.one(db).await.unwrap(), expected);
    let back = Place::update()
        .of(&expected)
        .set(Place::AT, places[2].at)
        .set(Place::ENTRANCE, places[2].entrance)
        .set(Place::OPEN, places[2].open.clone())
        .set(Place::CORNERS, places[2].corners.clone())
        .set(Place::MOOD, places[2].mood);
    assert_eq!(back.one(db).await.unwrap(), places[2]);

    let bern = Place::find("BERN").one(db).await.unwrap();
    assert_eq!(bern, places[1]);
    let found = Place::find_many(["CHUR", "anger"]).all(db).await.unwrap();
    assert_eq!(found, [places[0].clone(), places[2].clone()]);
    let right = Place::query().filter(sql!("$1[0] > $2", Place::AT, 1.5));
    let right = right.order_by(sql!("$1[0]", Place::AT).desc());
    assert_eq!(right.all(db).await.unwrap(), [places[2].clone(), bern]);
}

#[tokio::test]
async fn types_that_are_no_values_in_one_statement_for_many_rows() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    struct Tree {
        #[entity(primary_key)]
        id: i32,
        #[entity(type = "point")]
        at: Option<Point>,
        #[entity(type = "int4range")]
        age: Span,
    }

    let fixture =
        Fixture::with("CREATE TABLE tree (id int PRIMARY KEY, at point, age int4range NOT NULL)")
            .await;
    let trees = [None, Some(Point { x: 1.0, y: 2.0 })].into_iter().zip(1..);
    let new = trees.map(|(at, id)| NewTree {
        id,
        at,
        age: Span(0..id),
    });
    let trees = Tree::insert_many(new.clone())
        .all(&fixture.db)
        .await
        .unwrap();
    let expected: Vec<_> = new
        .map(|NewTree { id, at, age }| Tree { id, at, age })
        .collect();
    assert_eq!(trees, expected);
    expect_test::expect![[r#"INSERT INTO "tree" AS t0 ("id", "at", "age") SELECT * FROM unnest($1::int4[], $2::point[], $3::int4range[]) RETURNING "id", "at", "age""#]].assert_eq(&fixture.statements());
}

#[tokio::test]
async fn domains_are_written_as_what_they_are_made_of() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "contacts")]
    struct Contact {
        #[entity(primary_key)]
        id: i32,
        email: String,
    }

    let fixture = Fixture::with(
        "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
         CREATE TABLE contacts (id int PRIMARY KEY, email email NOT NULL)",
    )
    .await;
    let db = &fixture.db;
    let new = NewContact {
        id: 1,
        email: "a@b".into(),
    };
    let contact = Contact::insert(new).one(db).await.unwrap();
    let contact = Contact::update()
        .of(&contact)
        .set(Contact::EMAIL, "e@f")
        .one(db)
        .await
        .unwrap();
    assert_eq!(contact.email, "e@f");
    let found = Contact::query()
        .filter(Contact::EMAIL.eq("e@f"))
        .one(db)
        .await
        .unwrap();
    assert_eq!(found, contact);
}
