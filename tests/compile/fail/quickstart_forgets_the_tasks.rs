//! What `examples/quickstart.rs` shows at its end.

use unlazy::{Db, Entity, Unloaded};

#[derive(Entity)]
struct Project<Tasks = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Task, foreign_key = project_id))]
    tasks: Tasks,
}

#[derive(Entity)]
struct Task {
    #[entity(primary_key)]
    id: i64,
    project_id: i64,
}

async fn count_tasks(db: &Db) -> unlazy::Result<usize> {
    let mut tasks = 0;
    for project in Project::query().limit(100).all(db).await? {
        tasks += project.tasks.len();
    }
    Ok(tasks)
}

fn main() {}
