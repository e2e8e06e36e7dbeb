//! A task manager: projects, tasks and workers. Run it with `./dev demo` or `cargo run --example quickstart`.
//!
//! It makes a database of its own, fills it with some thousands of rows, loads trees of them, and shows the SQL that
//! each load sends and how many statements that is.

use std::sync::Arc;

use orm_test::{Server, TestDb};
use unlazy::{Db, Entity, StatementLog, Unloaded, Value, loaded};

#[derive(Entity, Debug)]
#[entity(table = "workers")]
pub struct Worker<Assigned = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(has_many(Task, foreign_key = assignee_id))]
    pub assigned: Assigned,
}

#[derive(Entity, Debug)]
#[entity(table = "projects")]
pub struct Project<Tasks = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(has_many(Task, foreign_key = project_id))]
    pub tasks: Tasks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Value)]
pub enum Status {
    Open,
    InProgress,
    Done,
}

/// A task has two workers and two relations to its own table. Each relation is a type parameter: what is not loaded is
/// `Unloaded`, and so the bare name `Task` is a task with nothing loaded.
#[derive(Entity, Debug)]
#[entity(table = "tasks")]
pub struct Task<
    InProject = Unloaded,
    Assignee = Unloaded,
    Creator = Unloaded,
    Parent = Unloaded,
    Subtasks = Unloaded,
    Tags = Unloaded,
> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub project_id: i64,
    pub creator_id: i64,
    pub assignee_id: Option<i64>,
    pub parent_id: Option<i64>,
    pub title: String,
    pub status: Status,

    #[entity(belongs_to(Project, foreign_key = project_id))]
    pub project: InProject,
    #[entity(belongs_to(Worker, foreign_key = assignee_id))]
    pub assignee: Assignee,
    #[entity(belongs_to(Worker, foreign_key = creator_id))]
    pub creator: Creator,
    #[entity(belongs_to(Task, foreign_key = parent_id))]
    pub parent: Parent,
    #[entity(has_many(Task, foreign_key = parent_id))]
    pub subtasks: Subtasks,
    #[entity(many_to_many(Tag, through = "task_tags"(task_id, tag_id)))]
    pub tags: Tags,
}

#[derive(Entity, Debug)]
#[entity(table = "tags")]
pub struct Tag {
    #[entity(primary_key, generated)]
    pub id: i64,
    #[entity(unique)]
    pub name: String,
}

const SCHEMA: &str = "
    CREATE TYPE status AS ENUM ('open', 'in_progress', 'done');
    CREATE TABLE workers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE tasks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        project_id bigint NOT NULL REFERENCES projects,
        creator_id bigint NOT NULL REFERENCES workers,
        assignee_id bigint REFERENCES workers,
        parent_id bigint REFERENCES tasks,
        title text NOT NULL,
        status status NOT NULL
    );
    CREATE INDEX ON tasks (project_id);
    CREATE INDEX ON tasks (assignee_id);
    CREATE INDEX ON tasks (parent_id);
    CREATE TABLE tags (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
    CREATE TABLE task_tags (
        task_id bigint NOT NULL REFERENCES tasks,
        tag_id bigint NOT NULL REFERENCES tags,
        PRIMARY KEY (task_id, tag_id)
    );
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;
    println!("PostgreSQL: {}", Server::shared().await?);
    fill(&db).await?;
    println!(
        "A task manager with {} projects, {} tasks, {} workers, in a database of its own.",
        Project::query().count(&db).await?,
        Task::query().count(&db).await?,
        Worker::query().count(&db).await?,
    );
    let mut show = Show {
        log: database.log().clone(),
        scene: 0,
    };
    show.log.take();

    projects_with_tasks(&db, &mut show).await?;
    a_page_of_tasks(&db, &mut show).await?;
    by_what_is_related(&db, &mut show).await?;
    what_does_not_compile(&mut show);
    Ok(())
}

/// One level: the parents, then the children of all of them.
async fn projects_with_tasks(db: &Db, show: &mut Show) -> unlazy::Result<()> {
    show.intent(
        "100 projects, each with its tasks",
        &code("    let projects = Project::query()"),
    );
    let projects = Project::query()
        .limit(100)
        .with(Project::TASKS)
        .all(db)
        .await?;
    show.statements(
        "one for the projects, then one for the tasks of each",
        1 + projects.len(),
    );
    show.table(
        &["project", "tasks", "done"],
        projects.iter().take(4).map(|project| {
            let done = project
                .tasks
                .iter()
                .filter(|task| task.status == Status::Done);
            vec![
                project.name.clone(),
                project.tasks.len().to_string(),
                done.count().to_string(),
            ]
        }),
    );
    Ok(())
}

/// What a line of the table needs, in the words of the query that loads it.
type TaskWithPeople = loaded!(Task { project, assignee, creator, tags, subtasks { assignee } });

/// A function says in its signature what must be loaded. It cannot be called with less.
fn line(task: &TaskWithPeople) -> Vec<String> {
    let name = |worker: &Option<Arc<Worker>>| match worker {
        Some(worker) => worker.name.clone(),
        None => "nobody".to_owned(),
    };
    let tags: Vec<&str> = task.tags.iter().map(|tag| tag.name.as_str()).collect();
    let helpers: Vec<String> = task
        .subtasks
        .iter()
        .map(|sub| name(&sub.assignee))
        .collect();
    vec![
        task.title.clone(),
        task.project.name.clone(),
        task.creator.name.clone(),
        name(&task.assignee),
        tags.join(", "),
        helpers.join(", "),
    ]
}

/// To-one relations come with a join in the task's own statement, collections with one statement each.
async fn a_page_of_tasks(db: &Db, show: &mut Show) -> unlazy::Result<()> {
    show.intent(
        "a page of 50 tasks with project, assignee, creator, tags, and subtasks with their assignees",
        &code("    let tasks = Task::query()"),
    );
    let tasks = Task::query()
        .filter(Task::PARENT_ID.is_null().and(Task::STATUS.ne(Status::Done)))
        .order_by(Task::TITLE.asc())
        .limit(50)
        .with(Task::PROJECT)
        .with(Task::ASSIGNEE)
        .with(Task::CREATOR)
        .with(Task::TAGS.order_by(Tag::NAME))
        .with(Task::SUBTASKS.with(Task::ASSIGNEE))
        .all(db)
        .await?;
    let subtasks: usize = tasks.iter().map(|task| task.subtasks.len()).sum();
    show.statements(
        "one for the page, five for each task, one for the assignee of each subtask",
        1 + 5 * tasks.len() + subtasks,
    );
    show.table(
        &[
            "task",
            "project",
            "creator",
            "assignee",
            "tags",
            "subtask done by",
        ],
        tasks
            .iter()
            .filter(|task| !task.subtasks.is_empty())
            .take(4)
            .map(line),
    );
    Ok(())
}

/// Conditions go through relations too, and load nothing.
async fn by_what_is_related(db: &Db, show: &mut Show) -> unlazy::Result<()> {
    show.intent(
        "workers who have an urgent task in a project called Apollo, with the open ones of their tasks",
        &code("    let workers = Worker::query()"),
    );
    let workers = Worker::query()
        .filter(
            Worker::ASSIGNED.any(
                Task::TAGS
                    .any(Tag::NAME.eq("urgent"))
                    .and(Task::PROJECT.has(Project::NAME.starts_with("Apollo"))),
            ),
        )
        .with(Worker::ASSIGNED.filter(Task::STATUS.eq(Status::Open)))
        .all(db)
        .await?;
    show.statements(
        "one for the workers, then one for the tasks of each",
        1 + workers.len(),
    );
    show.table(
        &["worker", "open tasks"],
        workers
            .iter()
            .take(4)
            .map(|worker| vec![worker.name.clone(), worker.assigned.len().to_string()]),
    );
    Ok(())
}

/// The program and the compiler's words are those of a test.
fn what_does_not_compile(show: &mut Show) {
    let program = include_str!("../tests/compile/fail/quickstart_forgets_the_tasks.rs");
    let message = include_str!("../tests/compile/fail/quickstart_forgets_the_tasks.stderr");
    show.intent(
        "the same without `.with(Project::TASKS)` would be 101 statements elsewhere; here it does not compile",
        &lines_of(program, "async fn count_tasks", "}"),
    );
    for line in message
        .lines()
        .take_while(|line| !line.starts_with("note: required"))
    {
        println!("  {line}");
    }
    println!();
}

/// The statement of this very file that begins so.
fn code(start: &str) -> String {
    lines_of(include_str!("quickstart.rs"), start, "        .await?;")
}

/// The lines of a program from the first that begins so to the next that ends it.
fn lines_of(program: &str, start: &str, end: &str) -> String {
    let mut lines = String::new();
    for line in program.lines().skip_while(|line| !line.starts_with(start)) {
        lines.push_str(line);
        lines.push('\n');
        if line == end {
            break;
        }
    }
    lines
}

/// Prints what is done, and what was sent for it.
struct Show {
    log: StatementLog,
    scene: usize,
}

impl Show {
    fn intent(&mut self, intent: &str, code: &str) {
        self.scene += 1;
        println!("\n{}. {intent}\n", self.scene);
        // A statement is indented in its function already.
        let indent = if code.starts_with(' ') { "" } else { "    " };
        for line in code.lines() {
            println!("{indent}{line}");
        }
        println!();
    }

    /// The statements since the last call, and how many lazy loading would have sent.
    fn statements(&self, lazy: &str, lazy_count: usize) {
        let statements = self.log.take();
        for statement in &statements {
            println!("  SQL  {}", wrapped(&statement.sql));
            println!("       -> {} rows\n", statement.rows);
        }
        println!(
            "  {} statements. Lazy loading: {lazy_count} ({lazy}).\n",
            statements.len()
        );
    }

    fn table(&self, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        for (position, row) in rows.iter().enumerate() {
            let cells: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| format!("{cell:<width$}", width = width(column)))
                .collect();
            println!("  | {} |", cells.join(" | "));
            if position == 0 {
                let lines: Vec<String> = (0..row.len())
                    .map(|column| "-".repeat(width(column)))
                    .collect();
                println!("  | {} |", lines.join(" | "));
            }
        }
    }
}

/// SQL with a line for each clause, its subqueries left whole.
fn wrapped(sql: &str) -> String {
    const CLAUSES: [&str; 6] = ["FROM", "LEFT JOIN", "JOIN", "WHERE", "ORDER BY", "LIMIT"];
    let mut lines = String::new();
    let mut depth = 0;
    for (position, character) in sql.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        let rest = &sql[position + character.len_utf8()..];
        let starts_clause = CLAUSES.iter().any(|clause| rest.starts_with(clause));
        let within_join = lines.ends_with("LEFT");
        if character == ' ' && depth == 0 && starts_clause && !within_join {
            lines.push_str("\n       ");
        } else {
            lines.push(character);
        }
    }
    lines
}

/// 100 projects with 30 tasks each, every fifth of them a subtask of the one before.
async fn fill(db: &Db) -> unlazy::Result<()> {
    const NAMES: [&str; 8] = [
        "Apollo", "Borealis", "Cygnus", "Delphi", "Europa", "Fornax", "Gemini", "Hydra",
    ];
    const PEOPLE: [&str; 10] = [
        "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jil",
    ];
    const VERBS: [&str; 5] = ["Design", "Build", "Review", "Test", "Ship"];
    const TAGS: [&str; 5] = ["backend", "frontend", "docs", "urgent", "later"];

    db.transaction(async |tx| {
        let workers = Worker::insert_many((0..40).map(|number| NewWorker {
            name: format!("{} {}.", PEOPLE[number % 10], (b'A' + (number / 10) as u8) as char),
        }))
        .all(tx)
        .await?;
        let projects = Project::insert_many((0..100).map(|number| NewProject {
            name: format!("{} {}", NAMES[number % 8], number / 8 + 1),
        }))
        .all(tx)
        .await?;
        let tags = Tag::insert_many(TAGS.map(|name| NewTag { name: name.to_owned() }))
            .all(tx)
            .await?;

        let task = |number: usize, parent: Option<&Task>| NewTask {
            project_id: parent.map_or(projects[number % 100].id, |parent| parent.project_id),
            creator_id: workers[number * 7 % 40].id,
            assignee_id: (!number.is_multiple_of(7)).then(|| workers[number * 11 % 40].id),
            parent_id: parent.map(|parent| parent.id),
            title: format!("{} part {}", VERBS[number % 5], number),
            status: [Status::Open, Status::InProgress, Status::Done][number * 13 % 3],
        };
        let tasks = Task::insert_many((0..2_400).map(|number| task(number, None))).all(tx).await?;
        Task::insert_many((0..600).map(|number| task(2_400 + number, Some(&tasks[number * 3 % 2_400]))))
            .execute(tx)
            .await?;
        let tag_ids: Vec<i64> = tags.iter().map(|tag| tag.id).collect();
        unlazy::execute(
            unlazy::sql!(
                "INSERT INTO task_tags SELECT id, ($1::int8[])[abs(hashint8(id * 2 + tag)) % 5 + 1] FROM tasks, generate_series(1, 2) AS tag
                 ON CONFLICT DO NOTHING",
                tag_ids
            ),
            tx,
        )
        .await?;
        Ok(())
    })
    .await
}
