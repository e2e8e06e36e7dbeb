//! What plain SQL says: one query for each parent and relation, with `tokio-postgres` alone, so slow that it can be
//! seen to be right.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};
use unlazy::Loaded;

use crate::rows::Row;

/// A tree of the whole result, or every error that loading it could report: which one comes first is not specified.
pub(crate) type Outcome<T> = Result<Vec<T>, BTreeSet<String>>;

type Cells = Vec<Option<String>>;

/// Answers about one state of the database.
///
/// Its methods return `None` where a load fails; why, is collected meanwhile.
pub(crate) struct Oracle<'w> {
    runtime: &'w Runtime,
    client: &'w Client,
    /// Nothing is written while the oracle is asked, so that the same question has the same answer.
    answers: RefCell<HashMap<String, Vec<Cells>>>,
    failures: RefCell<BTreeSet<String>>,
    targets: Cell<usize>,
}

impl<'w> Oracle<'w> {
    pub(crate) fn new(runtime: &'w Runtime, client: &'w Client) -> Self {
        Self {
            runtime,
            client,
            answers: RefCell::default(),
            failures: RefCell::default(),
            targets: Cell::new(0),
        }
    }

    /// How many related rows it has returned.
    pub(crate) fn targets(&self) -> usize {
        self.targets.get()
    }

    /// `rest` is everything from `FROM` on.
    pub(crate) fn tree<T: Row, U>(&self, rest: &str, fill: impl Fn(T) -> Option<U>) -> Outcome<U> {
        self.failures.take();
        let roots = self.rows(rest).into_iter();
        // All of them are gone through, whichever fails.
        let roots: Vec<Option<U>> = roots.map(fill).collect();
        let failures = self.failures.take();
        let roots: Option<Vec<U>> = roots.into_iter().collect();
        roots.ok_or(failures)
    }

    /// What a `has_many` holds. `rest` is everything that follows the name of the target's table.
    pub(crate) fn many<T: Row, U>(
        &self,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Loaded<Vec<U>>> {
        Some(Loaded::new(self.targets_of(rest, fill)?))
    }

    /// What a `many_to_many` holds.
    pub(crate) fn many_shared<T: Row, U>(
        &self,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Loaded<Vec<Arc<U>>>> {
        let targets = self.targets_of(rest, fill)?;
        Some(Loaded::new(targets.into_iter().map(Arc::new).collect()))
    }

    /// What a `has_one` holds.
    pub(crate) fn has_one<T: Row, U>(
        &self,
        relation: &str,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Loaded<Option<U>>> {
        Some(Loaded::new(self.at_most_one(relation, rest, fill)?))
    }

    /// What a `belongs_to` with a nullable key holds.
    pub(crate) fn nullable<T: Row, U>(
        &self,
        relation: &str,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Loaded<Option<Arc<U>>>> {
        let target = self.at_most_one(relation, rest, fill)?;
        Some(Loaded::new(target.map(Arc::new)))
    }

    /// What a `belongs_to` with a required key holds.
    pub(crate) fn required<T: Row, U>(
        &self,
        relation: &str,
        key: &dyn std::fmt::Debug,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Loaded<Arc<U>>> {
        let target = self.at_most_one(relation, rest, fill)?;
        if target.is_none() {
            self.fail(missing_target(relation, &format!("{key:?}")));
        }
        Some(Loaded::new(Arc::new(target?)))
    }

    fn at_most_one<T: Row, U>(
        &self,
        relation: &str,
        rest: &str,
        fill: impl Fn(T) -> Option<U>,
    ) -> Option<Option<U>> {
        let mut found = 0;
        let targets = self.targets_of(rest, |target| {
            found += 1;
            fill(target)
        });
        if found > 1 {
            self.fail(too_many(relation));
            return None;
        }
        Some(targets?.pop())
    }

    fn targets_of<T: Row, U>(
        &self,
        rest: &str,
        fill: impl FnMut(T) -> Option<U>,
    ) -> Option<Vec<U>> {
        let rows = self.rows(&format!("FROM {} {rest}", T::TABLE));
        self.targets.update(|targets| targets + rows.len());
        let filled: Vec<Option<U>> = rows.into_iter().map(fill).collect();
        filled.into_iter().collect()
    }

    fn fail(&self, failure: String) {
        self.failures.borrow_mut().insert(failure);
    }

    fn rows<T: Row>(&self, rest: &str) -> Vec<T> {
        let columns: Vec<String> = T::COLUMNS
            .iter()
            .map(|column| format!("{}.{column}", T::TABLE))
            .collect();
        let sql = format!("SELECT {} {rest}", columns.join(", "));
        let mut answers = self.answers.borrow_mut();
        let rows = answers
            .entry(sql)
            .or_insert_with_key(|sql| self.ask(sql, columns.len()));
        rows.iter().map(|cells| T::read(cells)).collect()
    }

    fn ask(&self, sql: &str, columns: usize) -> Vec<Cells> {
        let messages = self.runtime.block_on(self.client.simple_query(sql));
        let messages = messages.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            (0..columns)
                .map(|column| row.get(column).map(str::to_owned))
                .collect()
        })
        .collect()
    }
}

pub(crate) fn missing_target(relation: &str, key: &str) -> String {
    format!("{relation} has no row for {key}")
}

pub(crate) fn too_many(relation: &str) -> String {
    format!("{relation} has two rows")
}
