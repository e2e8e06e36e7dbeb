use unlazy::{Db, Entity, Unloaded};

#[derive(Entity)]
#[entity(table = "tasks")]
struct Task<Subtasks = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    #[entity(has_many(Task, foreign_key = parent_id))]
    subtasks: Subtasks,
}

fn main() {}

async fn tree(db: &Db) -> unlazy::Result<()> {
    let two_levels = Task::SUBTASKS.with(Task::SUBTASKS);
    let root = Task::find(1).with(two_levels).one(db).await?;
    for first in &root.subtasks {
        for second in &first.subtasks {
            println!("{}", second.subtasks.len());
        }
    }
    Ok(())
}
