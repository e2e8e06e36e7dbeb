//! Relations of an entity to itself, followed to their end.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use orm_test::TestDb;
use serde::Serialize;
use unlazy::{Db, Entity, Error, Loads, MaybeLoaded, Query, StatementLog, Tree, Unloaded, loaded};

use crate::fixture::{assert_statements, database, with_parameter};

/// Two trees, of 1 and of 9. Nothing of the second one belongs to anybody.
const TASKS: &str = "
    CREATE TABLE people (id int8 PRIMARY KEY, name text NOT NULL);
    INSERT INTO people VALUES (1, 'ann'), (2, 'ben'), (3, 'cleo');
    CREATE TABLE tasks (
        id int8 PRIMARY KEY,
        parent_id int8 REFERENCES tasks,
        rank int4 NOT NULL DEFAULT 0,
        owner_id int8 REFERENCES people
    );
    INSERT INTO tasks VALUES
        (1, NULL, 0, 1), (2, 1, 3, 1), (3, 1, 1, 2), (4, 2, 1, 1), (5, 2, 2, NULL), (6, 3, 0, 2), (7, 4, 0, 2), (8, 1, 2, NULL),
        (9, NULL, 0, NULL), (10, 9, 0, NULL);
    CREATE INDEX ON tasks (parent_id);
    CREATE TABLE comments (id int8 PRIMARY KEY, task_id int8 NOT NULL REFERENCES tasks);
    INSERT INTO comments VALUES (1, 2), (2, 7), (3, 2), (4, 1);
    CREATE TABLE replies (id int8 PRIMARY KEY, comment_id int8 NOT NULL REFERENCES comments);
    INSERT INTO replies VALUES (1, 3), (2, 2), (3, 3);
    CREATE TABLE notes (id int8 PRIMARY KEY, task_id int8 NOT NULL REFERENCES tasks);
    INSERT INTO notes VALUES (1, 7), (2, 3);
    CREATE TABLE task_labels (task_id int8 REFERENCES tasks, label_id int8);
    INSERT INTO task_labels VALUES (2, 1), (7, 1), (7, 2);
    CREATE TABLE labels (id int8 PRIMARY KEY);
    INSERT INTO labels VALUES (1), (2);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people")]
struct Person<Tasks = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    name: String,
    #[entity(has_many(Task, foreign_key = owner_id))]
    tasks: Tasks,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tasks")]
struct Task<
    Parent = Unloaded,
    Subtasks = Unloaded,
    Owner = Unloaded,
    Comments = Unloaded,
    Note = Unloaded,
    Labels = Unloaded,
> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    rank: i32,
    owner_id: Option<i64>,
    #[entity(belongs_to(Task, foreign_key = parent_id))]
    parent: Parent,
    #[entity(has_many(Task, foreign_key = parent_id))]
    subtasks: Subtasks,
    #[entity(belongs_to(Person, foreign_key = owner_id))]
    owner: Owner,
    #[entity(has_many(Comment, foreign_key = task_id))]
    comments: Comments,
    #[entity(has_one(Note, foreign_key = task_id))]
    note: Note,
    #[entity(many_to_many(Label, through = "task_labels"(task_id, label_id)))]
    labels: Labels,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "comments")]
struct Comment<Replies = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    task_id: i64,
    #[entity(has_many(Reply, foreign_key = comment_id))]
    replies: Replies,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "replies")]
struct Reply {
    #[entity(primary_key)]
    id: i64,
    comment_id: i64,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "notes")]
struct Note {
    #[entity(primary_key)]
    id: i64,
    task_id: i64,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "labels")]
struct Label {
    #[entity(primary_key)]
    id: i64,
}

async fn tasks() -> (TestDb, Db, StatementLog) {
    database(TASKS).await
}

async fn change(test: &TestDb, sql: &str) {
    test.connect()
        .await
        .unwrap()
        .batch_execute(sql)
        .await
        .unwrap();
}

/// A chain of so many tasks below the first one.
async fn chain(tasks: i64) -> (TestDb, Db, StatementLog) {
    let last = tasks + 1;
    database(&format!(
        "{TASKS}; TRUNCATE tasks CASCADE;
        INSERT INTO tasks SELECT id, nullif(id - 1, 0) FROM generate_series(1, {last}) AS id;
        ANALYZE tasks"
    ))
    .await
}

/// An id for each node of a tree.
trait Id {
    fn id(&self) -> i64;
}

impl<P, S, O, C, N, L> Id for Task<P, S, O, C, N, L> {
    fn id(&self) -> i64 {
        self.id
    }
}

/// `2(4(7) 5) 3(6)`.
fn outline<T: Id>(trees: &[Tree<T>]) -> String {
    let outlines = trees.iter().map(|tree| {
        let id = tree.id();
        match tree.children() {
            [] => id.to_string(),
            children => format!("{id}({})", outline(children)),
        }
    });
    outlines.collect::<Vec<_>>().join(" ")
}

fn ids<T: Id>(ancestors: &[Arc<T>]) -> Vec<i64> {
    ancestors.iter().map(|ancestor| ancestor.id()).collect()
}

/// The result of a query, pipelined the same as level by level, with its number of statements.
async fn both_ways<E: Entity, L>(
    query: Query<E, L>,
    statements: usize,
    db: &Db,
    log: &StatementLog,
) -> Vec<L::Value>
where
    L: Loads<E>,
    L::Value: PartialEq + Debug,
{
    log.take();
    let by_levels = query.clone().by_levels().all(db).await.unwrap();
    assert_statements(log, statements);
    let pipelined = query.pipelined().all(db).await.unwrap();
    let begin_and_commit = 2;
    assert_statements(log, statements + begin_and_commit);
    assert_eq!(log.notes(), [""; 0]);
    assert_eq!(pipelined, by_levels);
    by_levels
}

/// The error of a query, pipelined the same as level by level.
async fn cycle_both_ways<L: Loads<Task>>(query: Query<Task, L>, db: &Db) -> (String, String) {
    let mut cycles = Vec::new();
    for query in [query.clone().by_levels(), query.pipelined()] {
        match query.all(db).await.err() {
            Some(Error::Cycle { relation, key }) => cycles.push((relation, key)),
            other => panic!("{other:?}"),
        }
    }
    // The connection is usable.
    assert!(Task::query().count(db).await.unwrap() > 0);
    assert_eq!(cycles[0], cycles[1]);
    cycles.remove(0)
}

#[tokio::test]
async fn a_tree_is_one_statement_whatever_its_depth() {
    for depth in [1, 15, 185] {
        let (_test, db, log) = chain(depth).await;
        let query = Task::find(1).with(Task::SUBTASKS.recursive());
        let tasks = both_ways(query, 2, &db, &log).await;
        let tree = &tasks[0].subtasks[0];
        assert_eq!(tree.depth() as i64, depth - 1);
        let found: Vec<i64> = tree.walk().map(|(_, task)| task.id).collect();
        assert_eq!(found, (2..=depth + 1).collect::<Vec<_>>());

        let query = Task::find(depth + 1).with(Task::PARENT.recursive());
        let tasks = both_ways(query, 2, &db, &log).await;
        assert_eq!(ids(&tasks[0].parent), (1..=depth).rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn ten_thousand_levels_do_not_overflow_the_stack() {
    let (_test, db, _) = chain(10_000).await;
    let query = Task::find(1).with(Task::SUBTASKS.recursive().with(Task::COMMENTS));
    let task = query.one(&db).await.unwrap();
    assert_eq!(task.subtasks[0].depth(), 9_999);
    let copy = task.clone();
    assert!(copy == task);
    drop(task);
    let completed = Task::SUBTASKS
        .below(Task::LABELS)
        .load(copy, &db)
        .await
        .unwrap();
    assert_eq!(completed.subtasks[0].descendants().count(), 9_999);
}

#[tokio::test]
async fn every_entity_of_a_query_has_its_own_tree() {
    let (_test, db, log) = tasks().await;
    let query = Task::query()
        .with(Task::SUBTASKS.recursive())
        .with(Task::PARENT.recursive());
    let tasks: Vec<loaded!(Task { subtasks*, parent* })> = both_ways(query, 3, &db, &log).await;
    let trees: Vec<String> = tasks.iter().map(|task| outline(&task.subtasks)).collect();
    assert_eq!(
        trees,
        [
            "2(4(7) 5) 3(6) 8",
            "4(7) 5",
            "6",
            "7",
            "",
            "",
            "",
            "",
            "10",
            ""
        ]
    );
    let paths: Vec<Vec<i64>> = tasks.iter().map(|task| ids(&task.parent)).collect();
    let expected: [&[i64]; 10] = [
        &[],
        &[1],
        &[1],
        &[2, 1],
        &[2, 1],
        &[3, 1],
        &[4, 2, 1],
        &[1],
        &[],
        &[9],
    ];
    assert_eq!(paths, expected);
    // Each is one value for all that are below it.
    let top = |task: usize| tasks[task].parent.last().unwrap();
    assert!(Arc::ptr_eq(top(1), top(6)));
}

#[tokio::test]
async fn without_anything_to_follow_nothing_is_sent() {
    let (_test, db, log) = tasks().await;
    let nobody = Task::query().filter(Task::ID.eq(100));
    let tasks = nobody
        .clone()
        .with(Task::SUBTASKS.recursive())
        .with(Task::PARENT.recursive());
    assert_eq!(tasks.all(&db).await.unwrap(), []);
    assert_statements(&log, 1);
    // All keys are NULL.
    let tops = Task::query().filter(Task::PARENT_ID.is_null());
    let tops = tops.with(Task::PARENT.recursive()).all(&db).await.unwrap();
    assert_statements(&log, 1);
    assert!(tops.iter().all(|task| task.parent.is_empty()));
    // Only the server knows that there is nothing below.
    let leaf = Task::find(7).with(Task::SUBTASKS.recursive().with(Task::LABELS));
    assert_eq!(leaf.one(&db).await.unwrap().subtasks.len(), 0);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn at_most_so_many_levels() {
    let (_test, db, log) = tasks().await;
    let expected: [(u32, &str, &[i64]); 5] = [
        (0, "", &[]),
        (1, "2 3 8", &[4]),
        (2, "2(4 5) 3(6) 8", &[4, 2]),
        (3, "2(4(7) 5) 3(6) 8", &[4, 2, 1]),
        (u32::MAX, "2(4(7) 5) 3(6) 8", &[4, 2, 1]),
    ];
    for (levels, tree, path) in expected {
        let below = Task::find(1).with(Task::SUBTASKS.recursive().depth(levels));
        let above = Task::find(7).with(Task::PARENT.recursive().depth(levels));
        let below = below.clone().pipelined().all(&db).await.unwrap()
            == below.clone().all(&db).await.unwrap()
            && outline(&below.one(&db).await.unwrap().subtasks) == tree;
        assert!(below, "{levels}");
        let pipelined = above.clone().pipelined().one(&db).await.unwrap();
        assert_eq!(pipelined, above.clone().one(&db).await.unwrap());
        assert_eq!(ids(&pipelined.parent), path);
    }
    log.take();
    let none = Task::SUBTASKS.recursive().depth(0).with(Task::LABELS);
    let none = none.load(Task::find(1).one(&db).await.unwrap(), &db);
    assert_eq!(none.await.unwrap().subtasks.len(), 0);
    assert_statements(&log, 1);
    // Overlapping ways of different lengths, each with its own limit.
    let query = Task::query().with(Task::PARENT.recursive().depth(2));
    let tasks = both_ways(query, 2, &db, &log).await;
    assert_eq!(
        (ids(&tasks[6].parent), ids(&tasks[3].parent)),
        (vec![4, 2], vec![2, 1])
    );
}

#[tokio::test]
async fn siblings_have_the_order_asked_for_and_filters_prune() {
    let (_test, db, log) = tasks().await;
    let ordered = Task::SUBTASKS.recursive().order_by(Task::RANK.desc());
    let tasks = both_ways(Task::find(1).with(ordered), 2, &db, &log).await;
    assert_eq!(outline(&tasks[0].subtasks), "2(5 4(7)) 8 3(6)");

    // 7 fulfils the condition, but not 4 above it.
    let filtered = Task::SUBTASKS
        .recursive()
        .filter(Task::RANK.ne(1))
        .filter(Task::ID.lt(8));
    let tasks = both_ways(Task::query().with(filtered.clone()), 2, &db, &log).await;
    assert_eq!(outline(&tasks[0].subtasks), "2(5)");
    // Not of the root.
    assert_eq!(
        (tasks[2].rank, outline(&tasks[2].subtasks)),
        (1, "6".to_owned())
    );
    let tasks = both_ways(Task::find(1).with(filtered.depth(1)), 2, &db, &log).await;
    assert_eq!(outline(&tasks[0].subtasks), "2");

    let related = Task::SUBTASKS
        .recursive()
        .filter(Task::OWNER.exists() & Task::SUBTASKS.exists())
        .order_by(Task::OWNER.order(Person::NAME.desc()));
    let tasks = both_ways(Task::find(1).with(related), 2, &db, &log).await;
    assert_eq!(outline(&tasks[0].subtasks), "3 2(4)");
}

#[tokio::test]
async fn relations_of_every_node() {
    let (_test, db, log) = tasks().await;
    let all = || {
        Task::SUBTASKS
            .recursive()
            .with(Task::OWNER)
            .with(Task::COMMENTS.with(Comment::REPLIES))
            .with(Task::NOTE.selectin())
            .with(Task::LABELS)
            .with(Task::PARENT.recursive())
    };
    // The tree, its comments and their replies, notes, labels, and what is above.
    let statements = 1 + 6;
    let query = Task::find(1).with(all());
    let tasks = both_ways(query, statements, &db, &log).await;
    let node = |id| {
        let mut below = tasks[0].subtasks.iter().flat_map(Tree::walk);
        below.find(|(_, task)| task.id == id).unwrap().1
    };
    assert_eq!(node(7).owner.as_ref().unwrap().name, "ben");
    assert_eq!(node(5).owner.as_ref(), None);
    let comments: Vec<(i64, usize)> = node(2)
        .comments
        .iter()
        .map(|comment| (comment.id, comment.replies.len()))
        .collect();
    assert_eq!(comments, [(1, 0), (3, 2)]);
    assert_eq!(node(7).comments[0].replies[0].id, 2);
    assert_eq!(node(7).note.as_ref().map(|note| note.id), Some(1));
    assert_eq!(node(8).note.as_ref(), None);
    assert_eq!(node(7).labels.len(), 2);
    assert!(Arc::ptr_eq(&node(7).labels[0], &node(2).labels[0]));
    assert_eq!(ids(&node(7).parent), [4, 2, 1]);

    // What is owned is there for each tree that its task is in.
    let query = Task::query().with(all());
    let tasks = both_ways(query, statements, &db, &log).await;
    let comments_on_7: Vec<usize> = tasks
        .iter()
        .flat_map(|task| task.subtasks.iter().flat_map(Tree::walk))
        .filter(|(_, task)| task.id == 7)
        .map(|(_, task)| task.comments[0].replies.len())
        .collect();
    assert_eq!(comments_on_7, [1, 1, 1]);
}

#[tokio::test]
async fn trees_in_trees() {
    let (_test, db, log) = tasks().await;
    let query = Task::query().with(
        Task::SUBTASKS
            .recursive()
            .with(Task::SUBTASKS.recursive().depth(1).with(Task::COMMENTS)),
    );
    let tasks = both_ways(query, 4, &db, &log).await;
    for (_, task) in tasks
        .iter()
        .flat_map(|task| task.subtasks.iter().flat_map(Tree::walk))
    {
        assert_eq!(task.subtasks.len(), task.children().len());
    }
    let four = &tasks[0].subtasks[0].children()[0];
    assert_eq!(four.subtasks[0].comments[0].id, 2);
}

#[tokio::test]
async fn relations_of_all_that_is_above() {
    let (_test, db, log) = tasks().await;
    let above = Task::PARENT
        .recursive()
        .with(Task::OWNER)
        .with(Task::COMMENTS.with(Comment::REPLIES))
        .with(Task::SUBTASKS.recursive());
    let tasks = both_ways(Task::query().with(above.clone()), 5, &db, &log).await;
    let above_7 = &tasks[6].parent;
    assert_eq!(ids(above_7), [4, 2, 1]);
    assert_eq!(above_7[0].owner.as_ref().unwrap().name, "ann");
    assert_eq!(above_7[1].comments[1].replies.len(), 2);
    assert_eq!(outline(&above_7[1].subtasks), "4(7) 5");
    let tasks = both_ways(Task::query().with(above.depth(1)), 5, &db, &log).await;
    assert_eq!(ids(&tasks[6].parent), [4]);
}

#[tokio::test]
async fn below_other_relations_and_only_if() {
    let (_test, db, log) = tasks().await;
    let query = Person::query().with(
        Person::TASKS
            .with(Task::SUBTASKS.recursive().with(Task::COMMENTS))
            .with(Task::PARENT.recursive()),
    );
    let people: Vec<loaded!(Person { tasks { subtasks* { comments }, parent* } })> =
        both_ways(query, 5, &db, &log).await;
    let trees: Vec<String> = people[1]
        .tasks
        .iter()
        .map(|task| outline(&task.subtasks))
        .collect();
    assert_eq!(trees, ["6", "", ""]);
    assert_eq!(ids(&people[1].tasks[2].parent), [4, 2, 1]);

    // Through a joined relation, and one that several have.
    let query = Comment::query();
    assert_eq!(query.count(&db).await.unwrap(), 4);
    let query = Task::query().with(Task::PARENT.with(Task::SUBTASKS.recursive()));
    let tasks = both_ways(query, 2, &db, &log).await;
    let parent = |task: usize| tasks[task].parent.as_ref().unwrap();
    assert_eq!(outline(&parent(3).subtasks), "4(7) 5");
    assert!(Arc::ptr_eq(parent(3), parent(4)));

    for wanted in [true, false] {
        let query = Task::find(1)
            .with_if(wanted, Task::SUBTASKS.recursive())
            .with(Task::PARENT.recursive().with_if(wanted, Task::LABELS));
        let tasks: Vec<loaded!(Task { subtasks*?, parent* { labels? } })> =
            query.all(&db).await.unwrap();
        match &tasks[0].subtasks {
            MaybeLoaded::Yes(trees) if wanted => assert_eq!(trees.len(), 3),
            MaybeLoaded::No if !wanted => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn pages_and_orders_of_the_parents() {
    let (_test, db, log) = tasks().await;
    let query = Task::query()
        .order_by(Task::RANK.desc())
        .limit(3)
        .with(Task::SUBTASKS.recursive().with(Task::LABELS))
        .with(Task::PARENT.recursive());
    let tasks = both_ways(query, 4, &db, &log).await;
    let found: Vec<i64> = tasks.iter().map(|task| task.id).collect();
    assert_eq!(found, [2, 5, 8]);
    assert_eq!(outline(&tasks[0].subtasks), "4(7) 5");
}

#[tokio::test]
async fn onto_values_in_hand() {
    let (_test, db, log) = tasks().await;
    let bare = Task::find_many([9, 2, 7]).all(&db).await.unwrap();
    // One is there twice.
    let bare = vec![
        bare[2].clone(),
        bare[0].clone(),
        bare[1].clone(),
        bare[0].clone(),
    ];
    log.take();
    let tasks = Task::SUBTASKS.recursive().with(Task::COMMENTS);
    let tasks = tasks.load(bare, &db).await.unwrap();
    assert_statements(&log, 2);
    let trees: Vec<String> = tasks.iter().map(|task| outline(&task.subtasks)).collect();
    assert_eq!(trees, ["10", "4(7) 5", "", "4(7) 5"]);
    assert_eq!(tasks[1], tasks[3]);
    assert_eq!(tasks[3].subtasks[0].children()[0].comments[0].id, 2);

    let tasks = Task::PARENT.recursive().load(tasks, &db).await.unwrap();
    assert_statements(&log, 1);
    let paths: Vec<Vec<i64>> = tasks.iter().map(|task| ids(&task.parent)).collect();
    assert_eq!(paths, [vec![], vec![1], vec![4, 2, 1], vec![1]]);

    // What is below and above can be completed too, each row once.
    let tasks = Task::SUBTASKS
        .below(Task::NOTE)
        .load(tasks, &db)
        .await
        .unwrap();
    let tasks = Task::PARENT
        .below(Task::NOTE)
        .load(tasks, &db)
        .await
        .unwrap();
    assert_statements(&log, 2);
    let seven = &tasks[3].subtasks[0].children()[0];
    assert_eq!(seven.note.as_ref().map(|note| note.id), Some(1));
    assert_eq!(seven.comments.len(), 1);
    assert!(Arc::ptr_eq(&tasks[1].parent[0], &tasks[3].parent[0]));

    let tasks = Task::SUBTASKS.forget(tasks);
    let tasks = Task::PARENT.forget(tasks);
    let people = Person::query().with(Person::TASKS).all(&db).await.unwrap();
    let people = Person::TASKS
        .below(Task::SUBTASKS.recursive())
        .load(people, &db)
        .await
        .unwrap();
    assert_eq!(outline(&people[0].tasks[0].subtasks), "2(4(7) 5) 3(6) 8");
    assert_eq!(tasks.len(), 4);
}

#[tokio::test]
async fn a_row_below_itself_is_an_error() {
    let (test, db, _) = tasks().await;
    change(&test, "UPDATE tasks SET parent_id = 7 WHERE id = 2").await;
    // 2 > 4 > 7 > 2, and 5 below 2; nothing is below 1 any more but 3, 6 and 8.
    let below = |id| Task::find(id).with(Task::SUBTASKS.recursive());
    for id in [2, 4, 7] {
        let cycle = cycle_both_ways(below(id), &db).await;
        assert_eq!(cycle, ("Task.subtasks".to_owned(), id.to_string()));
    }
    for query in [below(1).by_levels(), below(1).pipelined()] {
        assert_eq!(outline(&query.one(&db).await.unwrap().subtasks), "3(6) 8");
    }
    // No error where the levels end before the cycle closes.
    let limited = |levels| Task::find(4).with(Task::SUBTASKS.recursive().depth(levels));
    for query in [limited(2), limited(2).pipelined()] {
        assert_eq!(outline(&query.one(&db).await.unwrap().subtasks), "7(2)");
    }
    for levels in [3, 4, 1_000, u32::MAX] {
        cycle_both_ways(limited(levels), &db).await;
    }
    let in_hand = Task::find(4).one(&db).await.unwrap();
    let error = Task::SUBTASKS
        .recursive()
        .load(in_hand, &db)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Task.subtasks` leads from the row 4 back to it, so that it has no end"
    );
    // A condition can break it.
    let without_7 = Task::SUBTASKS.recursive().filter(Task::ID.ne(7));
    let two = Task::find(2).with(without_7).one(&db).await.unwrap();
    assert_eq!(outline(&two.subtasks), "4 5");

    change(&test, "UPDATE tasks SET parent_id = 8 WHERE id = 8").await;
    for limited in [1, 2] {
        cycle_both_ways(
            Task::find(8).with(Task::SUBTASKS.recursive().depth(limited)),
            &db,
        )
        .await;
    }
    assert_eq!(cycle_both_ways(below(8), &db).await.1, "8");
}

#[tokio::test]
async fn a_row_above_itself_is_an_error() {
    let (test, db, _) = tasks().await;
    change(&test, "UPDATE tasks SET parent_id = 7 WHERE id = 2").await;
    // 2 > 7 > 4 > 2, and 5 > 2.
    let above = |id| Task::find(id).with(Task::PARENT.recursive());
    for id in [2, 4, 7, 5] {
        let (relation, key) = cycle_both_ways(above(id), &db).await;
        let expected = if id == 5 { 2 } else { id };
        assert_eq!(
            (relation, key),
            ("Task.parent".to_owned(), expected.to_string())
        );
    }
    let limited = |id, levels| Task::find(id).with(Task::PARENT.recursive().depth(levels));
    for query in [limited(7, 2), limited(7, 2).pipelined()] {
        assert_eq!(ids(&query.one(&db).await.unwrap().parent), [4, 2]);
    }
    for query in [limited(5, 3), limited(5, 3).pipelined()] {
        assert_eq!(ids(&query.one(&db).await.unwrap().parent), [2, 7, 4]);
    }
    for levels in [3, 4, 1_000, u32::MAX] {
        cycle_both_ways(limited(7, levels), &db).await;
    }
    for levels in [4, 1_000, u32::MAX] {
        cycle_both_ways(limited(5, levels), &db).await;
    }
    let in_hand = Task::find(7).one(&db).await.unwrap();
    let limited_load = Task::PARENT.recursive().depth(2).load(in_hand.clone(), &db);
    assert_eq!(ids(&limited_load.await.unwrap().parent), [4, 2]);
    let error = Task::PARENT
        .recursive()
        .depth(3)
        .load(in_hand, &db)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Cycle { key, .. } if key == "7"));

    change(&test, "UPDATE tasks SET parent_id = 8 WHERE id = 8").await;
    assert_eq!(cycle_both_ways(above(8), &db).await.1, "8");
    assert_eq!(cycle_both_ways(limited(8, 1), &db).await.1, "8");
    // All at once, of which some are on no cycle.
    cycle_both_ways(Task::query().with(Task::PARENT.recursive()), &db).await;
    let others = Task::query()
        .filter(Task::ID.is_in([1, 3, 6, 10]))
        .with(Task::PARENT.recursive());
    let others = others.all(&db).await.unwrap();
    assert_eq!(ids(&others[2].parent), [3, 1]);
}

#[tokio::test]
async fn the_way_up_ends_at_a_row_that_is_missing_or_hidden() {
    let (test, db, log) = tasks().await;
    change(
        &test,
        "ALTER TABLE tasks DROP CONSTRAINT tasks_parent_id_fkey; TRUNCATE comments, task_labels CASCADE; DELETE FROM tasks WHERE id = 2",
    )
    .await;
    let query = Task::find(7).with(Task::PARENT.recursive());
    assert_eq!(ids(&both_ways(query, 2, &db, &log).await[0].parent), [4]);
    let query = Task::query().with(Task::PARENT.recursive());
    assert_eq!(ids(&both_ways(query, 2, &db, &log).await[3].parent), [0; 0]);

    // The foreign key still leads from the deleted row to what is below it, as it does without recursion.
    let query = Task::find(1).with(Task::SUBTASKS.recursive());
    assert_eq!(
        outline(&both_ways(query, 2, &db, &log).await[0].subtasks),
        "3(6) 8"
    );
    let deleted = Task {
        id: 2,
        parent_id: None,
        rank: 0,
        owner_id: None,
        parent: Unloaded,
        subtasks: Unloaded,
        owner: Unloaded,
        comments: Unloaded,
        note: Unloaded,
        labels: Unloaded,
    };
    let deleted = Task::SUBTASKS.recursive().load(deleted, &db).await.unwrap();
    assert_eq!(outline(&deleted.subtasks), "4(7) 5");

    change(
        &test,
        "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
         CREATE POLICY most ON tasks USING (id <> 1)",
    )
    .await;
    let path = db
        .transaction(async |tx| {
            unlazy::execute(unlazy::sql!("SET LOCAL ROLE pg_read_all_data"), tx).await?;
            Task::find(6).with(Task::PARENT.recursive()).one(tx).await
        })
        .await
        .unwrap();
    assert_eq!(ids(&path.parent), [3]);
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "sections")]
struct Section<Parent = Unloaded, Sections = Unloaded> {
    #[entity(primary_key)]
    document: String,
    #[entity(primary_key)]
    number: i32,
    in_document: Option<String>,
    in_number: Option<i32>,
    #[entity(belongs_to(Section, foreign_key = (in_document, in_number)))]
    parent: Parent,
    #[entity(has_many(Section, foreign_key = (in_document, in_number)))]
    sections: Sections,
}

#[tokio::test]
async fn composite_keys() {
    let (test, db, log) = database(
        r#"CREATE TABLE sections (
            document varchar(10) COLLATE "C", number int4, in_document varchar(10) COLLATE "C", in_number int4,
            PRIMARY KEY (document, number), FOREIGN KEY (in_document, in_number) REFERENCES sections
        );
        INSERT INTO sections VALUES
            ('a', 1, NULL, NULL), ('a', 2, 'a', 1), ('a', 3, 'a', 2), ('b', 2, 'a', 1), ('b', 1, NULL, 2), ('b', 3, 'b', 2)"#,
    )
    .await;
    let query = Section::query()
        .with(Section::SECTIONS.recursive().with(Section::PARENT))
        .with(Section::PARENT.recursive());
    let sections = both_ways(query, 3, &db, &log).await;
    let below: Vec<(usize, &str, i32)> = sections[0]
        .sections
        .iter()
        .flat_map(Tree::walk)
        .map(|(depth, section)| (depth, section.document.as_str(), section.number))
        .collect();
    assert_eq!(below, [(0, "a", 2), (1, "a", 3), (0, "b", 2), (1, "b", 3)]);
    let above: Vec<(&str, i32)> = sections[5]
        .parent
        .iter()
        .map(|section| (section.document.as_str(), section.number))
        .collect();
    assert_eq!(above, [("b", 2), ("a", 1)]);
    // A part of the key is NULL.
    assert_eq!(
        (sections[3].in_number, sections[3].parent.len()),
        (Some(2), 0)
    );

    let limited = Section::query()
        .with(Section::SECTIONS.recursive().depth(1))
        .with(Section::PARENT.recursive().depth(1));
    let sections = both_ways(limited, 3, &db, &log).await;
    assert_eq!(sections[0].sections[0].depth(), 0);

    change(
        &test,
        "UPDATE sections SET in_document = 'a', in_number = 3 WHERE document = 'a' AND number = 1",
    )
    .await;
    let error = Section::find(("a".to_owned(), 2))
        .with(Section::SECTIONS.recursive().depth(9))
        .one(&db);
    assert_eq!(
        error.await.unwrap_err().to_string(),
        r#"`Section.sections` leads from the row ("a", 2) back to it, so that it has no end"#
    );
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "branches")]
struct Branch<Parent = Unloaded, Branches = Unloaded> {
    #[entity(primary_key, type = "citext")]
    name: String,
    #[entity(type = "citext")]
    parent_name: Option<String>,
    #[entity(belongs_to(Branch, foreign_key = parent_name))]
    parent: Parent,
    #[entity(has_many(Branch, foreign_key = parent_name))]
    branches: Branches,
}

#[tokio::test]
async fn keys_that_are_equal_without_being_the_same() {
    let (_test, db, log) = database(
        "CREATE EXTENSION citext;
        CREATE TABLE branches (name citext PRIMARY KEY, parent_name citext REFERENCES branches);
        INSERT INTO branches VALUES ('Root', NULL), ('a', 'root'), ('b', 'ROOT'), ('c', 'A'), ('d', 'B')",
    )
    .await;
    let names = |trees: &[Tree<Branch>]| -> Vec<(usize, String)> {
        let below = trees.iter().flat_map(Tree::walk);
        below
            .map(|(depth, branch)| (depth, branch.name.clone()))
            .collect()
    };
    for levels in [9, 2_000] {
        let query = Branch::query()
            .with(Branch::BRANCHES.recursive().depth(levels))
            .with(Branch::PARENT.recursive().depth(levels));
        let branches = both_ways(query, 3, &db, &log).await;
        let root = branches
            .iter()
            .find(|branch| branch.name == "Root")
            .unwrap();
        let expected = [(0, "a"), (1, "c"), (0, "b"), (1, "d")];
        assert_eq!(
            names(&root.branches),
            expected.map(|(depth, name)| (depth, name.to_owned()))
        );
        for branch in branches
            .iter()
            .filter(|branch| ["c", "d"].contains(&&*branch.name))
        {
            assert_eq!(branch.parent.len(), 2);
            assert_eq!(branch.parent[1].name, "Root");
        }
    }
    // Two values in hand that the server takes for one.
    let branch = |name: &str| Branch {
        name: name.to_owned(),
        parent_name: Some("A".to_owned()),
        parent: Unloaded,
        branches: Unloaded,
    };
    let branches = vec![branch("Root"), branch("root")];
    let branches = Branch::BRANCHES
        .recursive()
        .load(branches, &db)
        .await
        .unwrap();
    assert_eq!(names(&branches[0].branches), names(&branches[1].branches));
    assert_eq!(branches[1].branches.len(), 2);
}

/// A view whose rows have the same "primary key" twice.
#[derive(Entity, Debug)]
#[entity(table = "steps", view)]
struct Step<Next = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    after: Option<i64>,
    #[entity(has_many(Step, foreign_key = after))]
    next: Next,
}

#[tokio::test]
async fn keys_that_are_not_unique_end_in_an_error() {
    let (_test, db, _) = database(
        "CREATE VIEW steps AS SELECT id::int8, after::int8 FROM (VALUES (1, NULL), (2, 1), (3, 2), (2, 3)) AS t(id, after)",
    )
    .await;
    let query = Step::query()
        .filter(Step::AFTER.is_null())
        .with(Step::NEXT.recursive());
    for query in [query.clone(), query.pipelined()] {
        let error = query.all(&db).await.unwrap_err();
        assert!(matches!(error, Error::TooMany { .. }), "{error}");
    }
}

#[tokio::test]
async fn one_round_trip_when_pipelined() {
    let (test, _, _) = tasks().await;
    let proxy = test.proxy(Duration::ZERO).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    let query = Task::query()
        .with(
            Task::SUBTASKS
                .recursive()
                .with(Task::COMMENTS.with(Comment::REPLIES)),
        )
        .with(Task::PARENT.recursive().with(Task::LABELS))
        .pipelined();
    let first = query.clone().all(&db).await.unwrap();
    proxy.reset();
    assert_eq!(query.all(&db).await.unwrap(), first);
    assert_eq!(proxy.round_trips(), 1);
}

#[derive(Entity, Serialize)]
#[entity(table = "tasks")]
struct Item<Children = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    #[entity(has_many(Item, foreign_key = parent_id))]
    children: Children,
}

#[tokio::test]
async fn serialized_with_the_children_as_one_more_field() {
    let (_test, db, _) = tasks().await;
    let item = Item::find(2)
        .with(Item::CHILDREN.recursive())
        .one(&db)
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_string(&item).unwrap(),
        concat!(
            r#"{"id":2,"parent_id":1,"children":["#,
            r#"{"id":4,"parent_id":2,"children":[{"id":7,"parent_id":4,"children":[]}]},"#,
            r#"{"id":5,"parent_id":2,"children":[]}]}"#
        )
    );
    let twice = Item::find(2).with(Item::CHILDREN.recursive().with(Item::CHILDREN));
    let error = serde_json::to_string(&twice.one(&db).await.unwrap()).unwrap_err();
    assert!(
        error.to_string().contains("has a field `children`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_hundred_shapes_of_one_statement() {
    // Neither the limit nor a condition's value nor the number of roots makes a new statement.
    let (_test, db, log) = tasks().await;
    for levels in 1..=5 {
        let below = Task::SUBTASKS
            .recursive()
            .depth(levels)
            .filter(Task::ID.ne(i64::from(levels)));
        let above = Task::PARENT.recursive().depth(levels);
        let query = Task::query().limit(levels).with(below).with(above);
        query.all(&db).await.unwrap();
    }
    let mut sent: Vec<String> = log
        .take()
        .into_iter()
        .map(|statement| statement.sql)
        .filter(|sql| sql.contains("tasks"))
        .collect();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 3);
}

/// A folder, which may be in the bin.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "folders", scope = Folder::DELETED.eq(false))]
struct Folder<Parent = Unloaded, Folders = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    deleted: bool,
    #[entity(belongs_to(Folder, foreign_key = parent_id))]
    parent: Parent,
    #[entity(has_many(Folder, foreign_key = parent_id, order_by = Folder::ID.desc()))]
    folders: Folders,
}

#[tokio::test]
async fn scopes_and_fixed_orders_hold_on_every_level() {
    let (_test, db, _) = database(
        "CREATE TABLE folders (id int8 PRIMARY KEY, parent_id int8, deleted bool NOT NULL);
         INSERT INTO folders VALUES (1, NULL, false), (2, 1, false), (3, 1, true), (4, 3, false), (5, 2, false), (6, 1, false)",
    )
    .await;
    for query in [Folder::find(1), Folder::find(1).pipelined()] {
        let root = query
            .clone()
            .with(Folder::FOLDERS.recursive())
            .one(&db)
            .await
            .unwrap();
        let ids: Vec<i64> = root
            .folders
            .iter()
            .flat_map(|tree| {
                std::iter::once(tree.id).chain(tree.descendants().map(|folder| folder.id))
            })
            .collect();
        assert_eq!(ids, [6, 2, 5]);
        let everything = Folder::FOLDERS.unscoped().recursive();
        let root = query.with(everything).one(&db).await.unwrap();
        let number: usize = root
            .folders
            .iter()
            .map(|tree| 1 + tree.descendants().count())
            .sum();
        assert_eq!(number, 5);
    }
    let below_the_bin = Folder::find(4)
        .with(Folder::PARENT.recursive())
        .one(&db)
        .await
        .unwrap();
    assert!(below_the_bin.parent.is_empty());
}

#[tokio::test]
async fn trees_of_entities_that_are_streamed() {
    let (_test, db, _) = tasks().await;
    let query = Task::query()
        .with(Task::SUBTASKS.recursive().with(Task::COMMENTS))
        .with(Task::PARENT.recursive());
    let all = query.clone().all(&db).await.unwrap();
    for batch in [1, 3, 10] {
        let mut tasks = query.clone().batch_size(batch).stream(&db);
        for expected in &all {
            assert_eq!(tasks.try_next().await.unwrap().as_ref(), Some(expected));
        }
        assert_eq!(tasks.try_next().await.unwrap(), None);
    }
}
