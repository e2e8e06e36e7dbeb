//! Counts, sums and the like: of a relation, in conditions and orders, and of all entities of a query.

use rust_decimal::Decimal;
use unlazy::{Db, Entity, Error, Expression, Filter, Number, OrderBy, Unloaded, Value, sql};

use crate::fixture::*;

async fn user_ids(db: &Db, condition: impl Filter<User>) -> Vec<i64> {
    let users = User::query().filter(condition).all(db).await.unwrap();
    users.iter().map(|user| user.id).collect()
}

async fn ordered_user_ids(db: &Db, order: impl OrderBy<User>) -> Vec<i64> {
    let users = User::query().order_by(order).all(db).await.unwrap();
    users.iter().map(|user| user.id).collect()
}

async fn order_ids(db: &Db, condition: impl Filter<Order>) -> Vec<i64> {
    let orders = Order::query().filter(condition).all(db).await.unwrap();
    orders.iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn counts_in_conditions() {
    let (_test, db, log) = shop().await;
    assert_eq!(user_ids(&db, User::ORDERS.count().eq(3)).await, [7]);
    assert_eq!(user_ids(&db, User::ORDERS.count().eq(0)).await, [8, 10]);
    assert_eq!(user_ids(&db, User::ORDERS.count().ne(0)).await, [7, 9]);
    assert_eq!(user_ids(&db, User::ORDERS.count().between(1..3)).await, [9]);
    assert_eq!(
        user_ids(&db, User::ADDRESSES.count().is_in([0, 3])).await,
        [8, 10]
    );
    assert_eq!(
        user_ids(&db, User::ORDERS.count().gt(User::ADDRESSES.count())).await,
        [7, 9]
    );
    // A number of rows is compared with a column of the entity like any other.
    assert_eq!(
        user_ids(&db, !User::ID.gt(User::ORDERS.count())).await,
        [0; 0]
    );
    assert_statements(&log, 7);
}

#[tokio::test]
async fn counts_of_the_rows_that_a_filter_leaves() {
    let (_test, db, _) = shop().await;
    let urgent = || User::ORDERS.filter(Order::PRIORITY.eq(2));
    assert_eq!(user_ids(&db, urgent().count().eq(2)).await, [7]);
    let none = urgent().filter(Order::ID.gt(9)).count().eq(0);
    assert_eq!(user_ids(&db, none).await, [7, 8, 9, 10]);
    assert_eq!(user_ids(&db, urgent().exists()).await, [7]);
    assert_eq!(user_ids(&db, urgent().any(Order::ID.gt(5))).await, [0; 0]);
    assert_eq!(
        user_ids(&db, urgent().none(Order::ID.gt(1))).await,
        [8, 9, 10]
    );
    // Orders of several items of which one is ordered more than once.
    let several = || Order::ITEMS.filter_link(OrderItem::QUANTITY.gt(1));
    assert_eq!(order_ids(&db, several().count().eq(2)).await, [1]);
    assert_eq!(order_ids(&db, several().exists()).await, [1, 3]);
    assert_eq!(
        order_ids(&db, several().any(Item::NAME.eq("item 4"))).await,
        [3]
    );
    assert_eq!(
        order_ids(&db, several().filter(Item::ID.gt(1)).count().eq(1)).await,
        [1, 3]
    );
}

#[tokio::test]
async fn aggregates_of_the_rows_that_a_limit_leaves() {
    let (_test, db, _) = shop().await;
    let latest = || User::ORDERS.order_by(Order::ID.desc()).limit_per_parent(2);
    let users = User::query()
        .annotate((
            latest().count(),
            latest().sum(Order::ID),
            latest().offset_per_parent(1).max(Order::ID),
            latest().offset_per_parent(2).exists(),
        ))
        .with(latest())
        .all(&db)
        .await
        .unwrap();
    let values = users.iter().map(|(user, count, sum, second, third)| {
        assert_eq!(user.orders.len() as i64, *count);
        assert_eq!(user.orders.get(1).map(|order| order.id), *second);
        (user.id, *count, *sum, *third)
    });
    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            (7, 2, Some(5 + 3), true),
            (8, 0, None, false),
            (9, 2, Some(4 + 2), false),
            (10, 0, None, false)
        ]
    );
    let most_of_two = Order::ITEMS
        .order_by_link(OrderItem::QUANTITY.desc())
        .limit_per_parent(2)
        .min(Item::ID);
    assert_eq!(order_ids(&db, most_of_two.eq(3)).await, [3]);
}

#[tokio::test]
async fn conditions_and_orders_within_loads() {
    let (_test, db, log) = shop().await;
    let full = User::ORDERS
        .filter(Order::ITEMS.count().gt(0))
        .order_by(Order::ITEMS.count().desc());
    let users = User::query().with(full).all(&db).await.unwrap();
    let ids = users
        .iter()
        .map(|user| user.orders.iter().map(|order| order.id).collect());
    assert_eq!(
        ids.collect::<Vec<Vec<i64>>>(),
        [vec![1, 3], vec![], vec![2, 4], vec![]]
    );
    assert_statements(&log, 2);

    // Below a many-to-many load, whose statement has a link table of its own.
    let popular = Order::ITEMS.filter(
        Item::ORDERS
            .filter_link(OrderItem::QUANTITY.eq(1))
            .count()
            .ge(2),
    );
    let order = Order::find(1).with(popular).one(&db).await.unwrap();
    let ids: Vec<i64> = order.items.iter().map(|item| item.id).collect();
    assert_eq!(ids, [1, 3]);

    // Within a condition on related rows.
    let of_many = User::ORDERS.any(Order::ITEMS.count().eq(2));
    assert_eq!(user_ids(&db, of_many).await, [9]);
}

#[tokio::test]
async fn orders_by_aggregates() {
    let (_test, db, _) = shop().await;
    assert_eq!(
        ordered_user_ids(&db, User::ORDERS.count()).await,
        [8, 10, 9, 7]
    );
    assert_eq!(
        ordered_user_ids(&db, User::ORDERS.count().desc()).await,
        [7, 9, 8, 10]
    );
    // A sum of nothing is NULL, which comes first in a descending order unless it is made a number.
    let priorities = || User::ORDERS.sum(Order::PRIORITY);
    assert_eq!(
        ordered_user_ids(&db, priorities().desc()).await,
        [8, 10, 7, 9]
    );
    assert_eq!(
        ordered_user_ids(&db, priorities().desc().nulls_last()).await,
        [7, 9, 8, 10]
    );
    assert_eq!(
        ordered_user_ids(&db, priorities().unwrap_or(0).desc()).await,
        [7, 9, 8, 10]
    );
    assert_eq!(
        ordered_user_ids(&db, User::ADDRESSES.min(Address::EMAIL)).await,
        [7, 8, 9, 10]
    );
}

#[tokio::test]
async fn aggregates_of_aggregates() {
    let (_test, db, _) = shop().await;
    let items = || User::ORDERS.sum(Order::ITEMS.count());
    assert_eq!(user_ids(&db, items().eq(6)).await, [7]);
    assert_eq!(user_ids(&db, items().is_null()).await, [8, 10]);
    let of_largest = User::ORDERS.max(Order::ITEMS.count()).eq(3);
    assert_eq!(user_ids(&db, of_largest).await, [7, 9]);
    let to_whom = User::ORDERS.avg(Order::ID).lt(3.5).and(items().gt(5));
    assert_eq!(user_ids(&db, to_whom).await, [7]);
}

#[tokio::test]
async fn conditions_as_values() {
    let (_test, db, _) = shop().await;
    let has_orders = || Expression::from(User::ORDERS.exists());
    assert_eq!(
        ordered_user_ids(&db, has_orders().desc()).await,
        [7, 9, 8, 10]
    );
    let consistent = has_orders().eq(User::ADDRESSES.exists());
    assert_eq!(user_ids(&db, consistent).await, [7, 9, 10]);
    // What compares NULL does not hold, and so its opposite does.
    let urgent = || Expression::from(Order::PRIORITY.eq(2));
    assert_eq!(order_ids(&db, urgent()).await, [1, 5]);
    assert_eq!(order_ids(&db, !urgent()).await, [2, 3, 4]);
    assert_eq!(order_ids(&db, urgent().eq(false)).await, [2, 3, 4]);
    assert_eq!(
        order_ids(&db, Order::PRIORITY.unwrap_or(7).gt(2)).await,
        [2, 3]
    );
    let length = || sql!("length($1)", User::NAME).returns::<i32>();
    assert_eq!(user_ids(&db, length().gt(3)).await, [9]);
    assert_eq!(ordered_user_ids(&db, length().desc()).await, [9, 7, 8, 10]);
}

const MEASURES: &str = "
    CREATE TYPE size AS ENUM ('small', 'large');
    CREATE TABLE series (id int8 PRIMARY KEY);
    INSERT INTO series VALUES (1), (2), (3);
    CREATE TABLE measures (
        id int8 PRIMARY KEY,
        series_id int8 REFERENCES series,
        i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, t text, cents int8, size size, at timestamptz
    );
    INSERT INTO measures VALUES
        (1, 1, 32767, 2147483647, 4000000000, 0.5, 0.25, 1.10, 'b', 100, 'large', 'epoch'),
        (2, 1, 32767, 2147483647, 5000000000, 1.5, 0.5, 2.20, 'a', 250, 'small', '2020-02-20 00:00:00Z'),
        (3, 2, NULL, NULL, 9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (4, 2, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
";

#[derive(Value, Debug, Clone, Copy, PartialEq)]
struct Cents(i64);

impl Number for Cents {
    type Sum = Cents;
    type Average = f64;
}

#[derive(Value, Debug, Clone, Copy, PartialEq)]
enum Size {
    Small,
    Large,
}

#[derive(Entity, Debug, Clone, PartialEq)]
struct Series<Measures = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Measure, foreign_key = series_id))]
    measures: Measures,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "measures")]
struct Measure {
    #[entity(primary_key)]
    id: i64,
    series_id: Option<i64>,
    i2: Option<i16>,
    i4: Option<i32>,
    i8: Option<i64>,
    f4: Option<f32>,
    f8: Option<f64>,
    n: Option<Decimal>,
    t: Option<String>,
    cents: Option<Cents>,
    size: Option<Size>,
    at: Option<std::time::SystemTime>,
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn aggregates_of_all_entities_of_a_query() {
    let (_test, db, log) = database(MEASURES).await;
    let q = || Measure::query().filter(Measure::SERIES_ID.eq(1));

    let sums: (Option<i64>, Option<i64>, Option<i64>) = (
        q().sum(Measure::I2, &db).await.unwrap(),
        q().sum(Measure::I4, &db).await.unwrap(),
        q().sum(Measure::I8, &db).await.unwrap(),
    );
    assert_eq!(
        sums,
        (Some(65_534), Some(4_294_967_294), Some(9_000_000_000))
    );
    assert_eq!(q().sum(Measure::F4, &db).await.unwrap(), Some(2.0_f32));
    assert_eq!(q().sum(Measure::F8, &db).await.unwrap(), Some(0.75_f64));
    assert_eq!(
        q().sum(Measure::N, &db).await.unwrap(),
        Some(decimal("3.30"))
    );
    assert_eq!(
        q().sum(Measure::CENTS, &db).await.unwrap(),
        Some(Cents(350))
    );

    assert_eq!(q().avg(Measure::I2, &db).await.unwrap(), Some(32_767.0));
    assert_eq!(
        q().avg(Measure::I4, &db).await.unwrap(),
        Some(2_147_483_647.0)
    );
    assert_eq!(q().avg(Measure::I8, &db).await.unwrap(), Some(4.5e9));
    assert_eq!(q().avg(Measure::F4, &db).await.unwrap(), Some(1.0_f64));
    assert_eq!(q().avg(Measure::F8, &db).await.unwrap(), Some(0.375));
    assert_eq!(
        q().avg(Measure::N, &db).await.unwrap(),
        Some(decimal("1.65"))
    );
    assert_eq!(q().avg(Measure::CENTS, &db).await.unwrap(), Some(175.0));

    assert_eq!(q().min(Measure::I2, &db).await.unwrap(), Some(i16::MAX));
    assert_eq!(q().max(Measure::F4, &db).await.unwrap(), Some(1.5));
    assert_eq!(
        q().min(Measure::T, &db).await.unwrap().as_deref(),
        Some("a")
    );
    assert_eq!(
        q().max(Measure::CENTS, &db).await.unwrap(),
        Some(Cents(250))
    );
    // In the order of the enum's labels, not of the alphabet.
    assert_eq!(
        q().max(Measure::SIZE, &db).await.unwrap(),
        Some(Size::Large)
    );
    assert_eq!(
        q().min(Measure::SIZE, &db).await.unwrap(),
        Some(Size::Small)
    );
    assert_eq!(
        q().min(Measure::AT, &db).await.unwrap(),
        Some(std::time::UNIX_EPOCH)
    );
    assert_eq!(
        Series::query()
            .max(Series::MEASURES.count(), &db)
            .await
            .unwrap(),
        Some(2)
    );
    assert_statements(&log, 22);

    let nulls = || Measure::query().filter(Measure::SERIES_ID.eq(2));
    assert_eq!(nulls().sum(Measure::I4, &db).await.unwrap(), None);
    assert_eq!(nulls().max(Measure::SIZE, &db).await.unwrap(), None);
    assert_eq!(
        nulls()
            .filter(Measure::ID.eq(0))
            .min(Measure::ID, &db)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn aggregates_of_a_page() {
    let (_test, db, _) = shop().await;
    let page = || Order::query().order_by(Order::ID.desc()).limit(3).offset(1);
    assert_eq!(page().sum(Order::ID, &db).await.unwrap(), Some(4 + 3 + 2));
    assert_eq!(page().min(Order::ID, &db).await.unwrap(), Some(2));
    assert_eq!(
        page().sum(Order::ITEMS.count(), &db).await.unwrap(),
        Some(2 + 3 + 3)
    );
    assert_eq!(
        page().with(Order::USER).max(Order::ID, &db).await.unwrap(),
        Some(4)
    );
    let own = || Order::from_sql(sql!("SELECT * FROM orders ORDER BY id DESC"));
    assert_eq!(own().limit(2).sum(Order::ID, &db).await.unwrap(), Some(9));
    let filtered = own().filter(Order::USER.has(User::ID.eq(9))).limit(1);
    assert_eq!(filtered.sum(Order::ID, &db).await.unwrap(), Some(4));
}

#[tokio::test]
async fn values_next_to_entities() {
    let (_test, db, log) = shop().await;
    let counted = User::query().annotate(User::ORDERS.count());
    let users: Vec<(User, i64)> = counted.all(&db).await.unwrap();
    assert_eq!(
        users,
        [(7, 3), (8, 0), (9, 2), (10, 0)].map(|(id, orders)| (plain_user(id), orders))
    );
    assert_statements(&log, 1);

    let several = (
        User::ORDERS.count(),
        User::ORDERS.sum(Order::PRIORITY),
        User::ADDRESSES.exists(),
        User::ADDRESSES.min(Address::EMAIL),
        User::NAME,
    );
    type Row = (User, i64, Option<i64>, bool, Option<String>, String);
    let users: Vec<Row> = User::query().annotate(several).all(&db).await.unwrap();
    let email = |email: &str| Some(email.to_owned());
    let expected = [
        (7, 3, Some(4), true, email("ann@a.org"), "ann"),
        (8, 0, None, true, email("ben@a.org"), "ben"),
        (9, 2, Some(1), true, email("cleo@a.org"), "cleo"),
        (10, 0, None, false, None, "dan"),
    ];
    let expected = expected.map(|(id, orders, priority, has_address, email, name)| {
        let name = name.to_owned();
        (plain_user(id), orders, priority, has_address, email, name)
    });
    assert_eq!(users, expected);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn values_of_one_entity_and_of_the_first() {
    let (_test, db, log) = shop().await;
    let query = || User::query().annotate((User::ORDERS.count(),));
    let by_name = |name: &str| query().filter(User::NAME.eq(name));
    assert_eq!(by_name("ann").one(&db).await.unwrap(), (plain_user(7), 3));
    assert_eq!(
        by_name("ben").one_or_none(&db).await.unwrap(),
        Some((plain_user(8), 0))
    );
    assert_eq!(by_name("eve").one_or_none(&db).await.unwrap(), None);
    assert_eq!(
        query().order_by(User::ID.desc()).first(&db).await.unwrap(),
        Some((plain_user(10), 0))
    );
    let error = query().one(&db).await.unwrap_err();
    assert!(matches!(error, Error::TooMany { of } if of == "User"));
    // Counting needs no values.
    assert_eq!(query().count(&db).await.unwrap(), 4);
    assert!(query().exists(&db).await.unwrap());
    let statements: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    assert!(!statements[5].contains("orders") && !statements[6].contains("orders"));
    assert_eq!(statements.len(), 7);
}

#[tokio::test]
async fn values_next_to_loaded_relations() {
    let (_test, db, log) = shop().await;
    for (address, added) in strategies!(Order::ADDRESS) {
        for pipelined in [false, true] {
            let query = Order::query()
                .annotate((Order::ITEMS.count(), Order::PRIORITY.eq(2)))
                .with(Order::ITEMS.filter(Item::ID.gt(4)))
                .with(address.clone())
                .filter(Order::ITEMS.count().ge(2))
                .order_by(Order::ITEMS.count().desc())
                .limit(3);
            let query = if pipelined { query.pipelined() } else { query };
            let found = query.all(&db).await.unwrap();
            let expected = [
                (1, Some(1), &[][..], 3, true),
                (2, Some(4), &[], 3, false),
                (3, Some(1), &[5], 3, false),
            ];
            let expected = expected.map(|(id, to, items, count, urgent)| {
                let to = maybe(to.map(plain_address));
                let items = shared(items.iter().copied().map(plain_item));
                (order(id, Unloaded, to, items), count, urgent)
            });
            assert_eq!(found, expected);
            let sent = log.take();
            let selects = sent.iter().filter(|s| s.sql.starts_with("SELECT")).count();
            assert_eq!(selects, 2 + added, "{sent:#?}");
        }
    }
}

#[tokio::test]
async fn parents_that_a_sum_chooses_are_found_again_only_if_it_is_exact() {
    let (_test, db, log) = database(MEASURES).await;
    let query = || Series::query().with(Series::MEASURES).pipelined();
    let exact = query().filter(Series::MEASURES.sum(Measure::I2).gt(1));
    let found = exact.order_by(Series::MEASURES.avg(Measure::N)).all(&db);
    assert_eq!(found.await.unwrap()[0].measures.len(), 2);
    assert_eq!(log.notes(), [""; 0]);
    for rounded in [
        Series::MEASURES.sum(Measure::F4).gt(1.0),
        Series::MEASURES.avg(Measure::F8).lt(1.0) | Series::ID.eq(0),
    ] {
        let found = query().filter(rounded).all(&db).await.unwrap();
        assert_eq!(found[0].measures.len(), 2);
    }
    let notes = log.notes();
    assert_eq!(notes.len(), 2);
    assert!(
        notes.iter().all(|note| note.contains("floating-point")),
        "{notes:?}"
    );
}

#[tokio::test]
async fn values_of_rows_of_own_sql() {
    let (_test, db, _) = shop().await;
    let backwards = || {
        User::from_sql(sql!(
            "SELECT * FROM users WHERE id > $1 ORDER BY id DESC",
            7
        ))
    };
    let found = backwards()
        .annotate(
            User::ADDRESSES
                .filter(Address::EMAIL.ne("ben@a.org"))
                .count(),
        )
        .filter(User::ID.lt(10))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(found, [(plain_user(9), 1), (plain_user(8), 2)]);
}

#[tokio::test]
async fn an_order_by_a_value_is_the_same_as_without_it() {
    let (_test, db, _) = database(MEASURES).await;
    let ids = async |order: unlazy::Order<Measure>| -> Vec<i64> {
        let query = Measure::query().order_by(order);
        let plain = query.clone().all(&db).await.unwrap();
        let values = (Measure::SIZE, Measure::T.unwrap_or("c"), Measure::T);
        let annotated = query.annotate(values).all(&db).await.unwrap();
        let ids: Vec<i64> = plain.iter().map(|measure| measure.id).collect();
        assert_eq!(
            annotated.iter().map(|row| row.0.id).collect::<Vec<_>>(),
            ids
        );
        ids
    };
    // An enum comes as text, and has an order of its own.
    assert_eq!(ids(Measure::SIZE.asc()).await, [2, 1, 3, 4]);
    assert_eq!(ids(Measure::T.unwrap_or("c").desc()).await, [3, 4, 1, 2]);
    assert_eq!(ids(Measure::T.asc().nulls_first()).await, [3, 4, 2, 1]);
    // The same words with other values are not the same value.
    assert_eq!(ids(Measure::T.unwrap_or("0").desc()).await, [1, 2, 3, 4]);

    let copy = Measure::T.unwrap_or("aa");
    let query = Measure::query()
        .annotate(copy.clone())
        .order_by(copy.desc());
    assert!(
        query.to_sql()[0].contains(" ORDER BY 13 DESC, "),
        "{query:?}"
    );
    let rows = query.all(&db).await.unwrap();
    let values: Vec<&str> = rows.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["b", "aa", "aa", "a"]);
}

#[tokio::test]
async fn each_type_of_value() {
    let (_test, db, _) = database(MEASURES).await;
    type Row = (
        Series,
        Option<i64>,
        Option<f32>,
        Option<Decimal>,
        Option<f64>,
        Option<Size>,
        Option<Cents>,
        Option<std::time::SystemTime>,
        bool,
    );
    let measures = Series::MEASURES;
    let rows: Vec<Row> = Series::query()
        .filter(Series::ID.ne(2))
        .annotate((
            measures.sum(Measure::I2),
            measures.sum(Measure::F4),
            measures.avg(Measure::N),
            measures.avg(Measure::CENTS),
            measures.max(Measure::SIZE),
            measures.sum(Measure::CENTS),
            measures.min(Measure::AT),
            measures.filter(Measure::SIZE.eq(Size::Small)).exists(),
        ))
        .all(&db)
        .await
        .unwrap();
    let bare = |id| Series {
        id,
        measures: Unloaded,
    };
    let first = (
        bare(1),
        Some(65_534),
        Some(2.0),
        Some(decimal("1.65")),
        Some(175.0),
        Some(Size::Large),
        Some(Cents(350)),
        Some(std::time::UNIX_EPOCH),
        true,
    );
    let none = (bare(3), None, None, None, None, None, None, None, false);
    assert_eq!(rows, [first, none]);
}

#[tokio::test]
async fn a_sum_that_does_not_fit_is_an_error_of_the_server() {
    let (_test, db, _) = database(MEASURES).await;
    let error = Measure::query().sum(Measure::I8, &db).await.unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().message(),
        "bigint out of range"
    );
    let query = Series::query().filter(Series::MEASURES.sum(Measure::I8).gt(1));
    let error = query.all(&db).await.unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().message(),
        "bigint out of range"
    );
    // The connection is as good as before.
    assert_eq!(Series::query().count(&db).await.unwrap(), 3);
}

#[tokio::test]
async fn a_result_of_another_type_names_the_expression() {
    let (_test, db, _) = shop().await;
    let length = sql!("length($1)", User::NAME).returns::<i64>();
    let error = User::query().max(length, &db).await.unwrap_err();
    assert!(matches!(
        &error,
        Error::DecodeExpression {
            rust_type: "core::option::Option<i64>",
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "`SELECT max((length(t0.\"name\"))) FROM \"users\" AS t0`, int4 in the database, cannot be read as \
         `core::option::Option<i64>`"
    );

    let annotated = User::query().annotate((
        User::ORDERS.count(),
        sql!("length($1)", User::NAME).returns::<i64>(),
    ));
    for query in [annotated.clone(), annotated.limit(0)] {
        let error = query.all(&db).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`(length(t0.\"name\"))`, int4 in the database, cannot be read as `i64`"
        );
    }
    // A value that is not of the type is found row by row.
    let priority = sql!("$1", Order::PRIORITY).returns::<i32>();
    let error = Order::query()
        .annotate(priority)
        .all(&db)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`(t0.\"priority\")`, int4 in the database, cannot be read as `i32`: it is NULL"
    );
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}
