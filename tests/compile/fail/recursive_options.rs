#[path = "../entities.rs"]
mod entities;

use unlazy::{Entity, Tree, Unloaded, loaded};

#[derive(Entity, Debug)]
struct Task<Parent = Unloaded, Subtasks = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    #[entity(belongs_to(Task, foreign_key = parent_id))]
    parent: Parent,
    #[entity(has_many(Task, foreign_key = parent_id))]
    subtasks: Subtasks,
}

/// What is above has an order of its own.
fn order_what_is_above() {
    let _ = Task::PARENT.recursive().order_by(Task::ID);
}

fn another_entity() {
    let _ = Task::SUBTASKS.recursive().filter(entities::User::ID.eq(1));
    let _ = Task::SUBTASKS.recursive().with(entities::User::POSTS);
}

fn twice() {
    let _ = Task::query().with(Task::SUBTASKS).with(Task::SUBTASKS.recursive());
}

/// The children are in the tree.
fn read_the_field_of_a_node(tree: &Tree<Task>) -> usize {
    tree.subtasks.len()
}

fn no_tree(_: &loaded!(entities::Post { author* })) {}

fn main() {}
