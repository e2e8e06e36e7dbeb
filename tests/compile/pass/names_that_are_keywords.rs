#![deny(warnings)]

use unlazy::{Entity, Unloaded, Value, loaded};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "select")]
struct Order<Match = Unloaded, Loop = Unloaded, Where = Unloaded> {
    #[entity(primary_key)]
    r#type: i64,
    r#fn: Option<i64>,
    select: bool,
    from: String,
    #[entity(has_many(Order, foreign_key = r#fn))]
    r#match: Match,
    #[entity(belongs_to(Order, foreign_key = r#fn))]
    r#loop: Loop,
    #[entity(many_to_many(Order, through = Link(r#move, r#ref)))]
    r#where: Where,
}

#[derive(Entity)]
struct Link {
    #[entity(primary_key)]
    r#move: i64,
    #[entity(primary_key)]
    r#ref: i64,
}

#[derive(Debug, Clone, PartialEq, Value)]
enum Kind {
    Select,
    #[value(rename = "from")]
    Where,
}

#[derive(Entity)]
struct Struct {
    #[entity(primary_key)]
    r#enum: Kind,
}

fn below(order: &loaded!(Order { r#match { r#loop }, r#where })) -> usize {
    order
        .r#match
        .iter()
        .filter_map(|order| order.r#loop.as_ref())
        .count()
        + order.r#where.len()
}

fn main() {
    let query = Order::query()
        .filter(Order::TYPE.eq(1).and(Order::SELECT))
        .with(Order::MATCH.with(Order::LOOP))
        .with(Order::WHERE);
    assert_eq!(query.to_sql().len(), 3);
    let _ = Struct::find(Kind::Where);
    let _ = below;
    let _ = NewOrder {
        r#type: 1,
        r#fn: None,
        select: true,
        from: String::new(),
    };
}
