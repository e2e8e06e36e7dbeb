use unlazy::{Entity, Unloaded};

#[derive(Entity, Debug)]
struct Task<Successor = Unloaded, Predecessor = Unloaded, Blocked = Unloaded, Subtasks = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    successor_id: i64,
    parent_id: Option<i64>,
    #[entity(belongs_to(Task, foreign_key = successor_id))]
    successor: Successor,
    #[entity(has_one(Task, foreign_key = successor_id))]
    predecessor: Predecessor,
    #[entity(many_to_many(Task, through = "blocks"(blocking_id, blocked_id)))]
    blocked: Blocked,
    #[entity(has_many(Task, foreign_key = parent_id))]
    subtasks: Subtasks,
}

fn main() {
    let _ = Task::query().with(Task::SUCCESSOR.recursive());
    let _ = Task::query().with(Task::PREDECESSOR.recursive());
    let _ = Task::query().with(Task::BLOCKED.recursive());
    let _ = Task::query().with(Task::SUBTASKS.recursive());
}
