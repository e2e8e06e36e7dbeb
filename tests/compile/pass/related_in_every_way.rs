#![deny(warnings)]

use std::sync::Arc;

use unlazy::{Entity, Unloaded, loaded};

#[derive(Entity, Debug, Clone)]
struct Order<Lines = Unloaded, Parent = Unloaded, Parts = Unloaded, First = Unloaded> {
    #[entity(has_many(OrderLine, foreign_key = order_id))]
    lines: Lines,
    #[entity(primary_key)]
    id: i64,
    #[entity(belongs_to(Order, foreign_key = parent_id))]
    parent: Parent,
    parent_id: Option<i64>,
    #[entity(has_many(Order, foreign_key = parent_id))]
    parts: Parts,
    #[entity(has_one(Order, foreign_key = parent_id))]
    first: First,
}

/// The parameters need not have the order of the fields.
#[derive(Entity, Debug, Clone)]
struct OrderLine<Labels = Unloaded, Replaces = Unloaded, Order_ = Unloaded, Shipments = Unloaded> {
    #[entity(many_to_many(Label, through = OrderLineLabel((order_id, line), label)))]
    labels: Labels,
    #[entity(primary_key)]
    order_id: i64,
    #[entity(belongs_to(Order, foreign_key = order_id))]
    order: Order_,
    #[entity(primary_key)]
    line: i16,
    replaces_order: Option<i64>,
    #[entity(has_many(Shipment, foreign_key = (order_id, line)))]
    shipments: Shipments,
    #[entity(belongs_to(OrderLine, foreign_key = (replaces_order, line)))]
    replaces: Replaces,
}

#[derive(Entity, Debug, Clone)]
struct Shipment<Line = Unloaded, Labels = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    order_id: i64,
    line: i16,
    #[entity(belongs_to(OrderLine, foreign_key = (order_id, line)))]
    order_line: Line,
    #[entity(many_to_many(Label, through = "app.shipment_labels"(shipment_id, label)))]
    labels: Labels,
}

#[derive(Entity, Debug, Clone)]
struct Label<Lines = Unloaded> {
    #[entity(primary_key)]
    name: String,
    #[entity(many_to_many(OrderLine, through = OrderLineLabel(label, (order_id, line))))]
    lines: Lines,
}

#[derive(Entity, Debug, Clone)]
struct OrderLineLabel {
    #[entity(primary_key)]
    order_id: i64,
    #[entity(primary_key)]
    line: i16,
    #[entity(primary_key)]
    label: String,
}

fn shapes(line: loaded!(OrderLine { replaces, order, shipments { order_line } })) {
    let _: Option<Arc<OrderLine>> = line.replaces.into_inner();
    let _: Arc<Order> = line.order.into_inner();
    let _: Vec<Shipment<unlazy::Loaded<Arc<OrderLine>>>> = line.shipments.into_inner();
}

fn main() {
    let _ = OrderLine::find((1, 2));
    let _ = OrderLine::find_many([(1, 2), (1, 3)]);
    let _ = Label::find("new");
    let _ = Order::query()
        .with(Order::PARENT.with(Order::PARENT.with(Order::PARENT)))
        .with(Order::LINES.with(OrderLine::LABELS.order_by_link(OrderLineLabel::LINE)));
    let _ = shapes;
}
