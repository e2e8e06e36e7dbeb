use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct OrderLine<Shipments = Unloaded, Labels = Unloaded> {
    #[entity(primary_key)]
    order_id: i64,
    #[entity(primary_key)]
    line: i32,
    #[entity(has_many(Shipment, foreign_key = order_id))]
    shipments: Shipments,
    #[entity(many_to_many(Label, through = OrderLineLabel(order_id, label_id)))]
    labels: Labels,
}

#[derive(Entity)]
struct Shipment<OrderLine_ = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    order_id: i64,
    line: i32,
    #[entity(belongs_to(OrderLine, foreign_key = order_id))]
    order_line: OrderLine_,
}

#[derive(Entity)]
struct Label {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct OrderLineLabel {
    #[entity(primary_key)]
    order_id: i64,
    #[entity(primary_key)]
    line: i32,
    #[entity(primary_key)]
    label_id: i64,
}

fn main() {}
