use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct OrderLine<Labels = Unloaded> {
    #[entity(primary_key)]
    order_id: i64,
    #[entity(primary_key)]
    line: i32,
    #[entity(many_to_many(Label, through = "order_line_labels"(order_id, label_id)))]
    labels: Labels,
}

#[derive(Entity)]
struct Label {
    #[entity(primary_key)]
    id: i64,
}

fn main() {}
