//! Getting a tree in every way there is, and comparing it with what is expected.

use std::cell::Cell;
use std::fmt::Debug;

use orm_test::TestDb;
use proptest::test_runner::TestCaseError;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use unlazy::{Db, Entity, Error, Loads, Query, StatementLog};

use crate::data::{Case, Choices};
use crate::entities::SCHEMA;
use crate::oracle::{Oracle, Outcome, missing_target, too_many};
use crate::rows::Row;
use crate::trees;

pub(crate) type Verdict = Result<(), TestCaseError>;

/// The database that all cases use, one after the other.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    /// Its queries meet on one connection, whose planner is told what to do.
    pub(crate) db: Db,
    /// The same connection, with a log.
    pub(crate) logged: Db,
    log: StatementLog,
    pub(crate) tally: Tally,
    client: Client,
    // Last, so that the connections are closed before the database is dropped.
    _test: TestDb,
}

/// What was compared, to see that it was more than errors and empty lists.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Trees that can be loaded.
    pub(crate) whole: Cell<usize>,
    /// The related rows in them.
    pub(crate) targets: Cell<usize>,
    /// Loads of them, by every strategy and in every way.
    pub(crate) loads: Cell<usize>,
    /// Trees that cannot be loaded.
    pub(crate) failing: Cell<usize>,
    /// The errors of their loads, by kind.
    pub(crate) missing_target: Cell<usize>,
    pub(crate) too_many: Cell<usize>,
}

fn count(counter: &Cell<usize>) {
    counter.update(|count| count + 1);
}

/// One state of the database.
pub(crate) struct Context<'w> {
    pub(crate) world: &'w World,
    pub(crate) oracle: Oracle<'w>,
    pub(crate) choices: &'w Choices,
    turn: Cell<usize>,
}

/// Loads a relation of a query's entities and compares the tree with the expected one. The ways to do so take turns, and
/// each case begins with another one.
///
/// A macro, because each way has bounds of its own.
macro_rules! agree {
    ($context:expr, $query:expr, $load:expr, $expected:expr) => {{
        let (context, query, load) = ($context, $query, $load);
        let (db, logged) = (&context.world.db, &context.world.logged);
        let with = || query.clone().with(load.clone());
        let ways: &[(&str, &dyn Fn() -> _)] = &[
            ("a query", &|| context.run(with().all(db))),
            ("a pipelined query", &|| {
                context.run(with().pipelined().all(logged))
            }),
            ("a snapshot", &|| context.run(with().snapshot().all(db))),
            ("a transaction", &|| {
                context.run(db.transaction(async |tx| with().all(tx).await))
            }),
            ("values in hand", &|| {
                context.run(async { load.clone().load(query.clone().all(db).await?, db).await })
            }),
        ];
        let (way, run) = ways[context.next_turn() % ways.len()];
        context.compare(way, &with(), &$expected, run())?;
    }};
}

impl World {
    pub(crate) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (test, client) = runtime.block_on(async {
            let test = TestDb::with_schema(SCHEMA).await.unwrap();
            let client = test.connect().await.unwrap();
            (test, client)
        });
        let separator = if test.url().contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}max_connections=1", test.url());
        let db = Db::connect(&url).unwrap();
        let log = StatementLog::new();
        Self {
            runtime,
            logged: db.logged(&log),
            db,
            log,
            tally: Tally::default(),
            client,
            _test: test,
        }
    }

    /// How many queries were pipelined. Those that consist of one statement are not.
    pub(crate) fn pipelined(&self) -> usize {
        let statements = self.log.statements();
        statements
            .iter()
            .filter(|statement| statement.sql.starts_with("BEGIN"))
            .count()
    }

    /// Compares all trees over the data of a case.
    pub(crate) fn check(&self, case: &Case) -> Verdict {
        let sql = case.tables.to_sql();
        let inserted = self.runtime.block_on(self.client.batch_execute(&sql));
        inserted.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        let planner = case.choices.planner.to_sql();
        self.runtime
            .block_on(self.db.batch_execute(&planner))
            .unwrap();
        let context = Context {
            world: self,
            oracle: Oracle::new(&self.runtime, &self.client),
            choices: &case.choices,
            turn: Cell::new(case.choices.way),
        };
        for (name, tree) in trees::ALL {
            tree(&context).map_err(|error| TestCaseError::fail(format!("{name}, {error}")))?;
        }
        let targets = context.oracle.targets();
        self.tally.targets.update(|sum| sum + targets);
        Ok(())
    }
}

impl Context<'_> {
    pub(crate) fn run<T>(&self, load: impl Future<Output = T>) -> T {
        self.world.runtime.block_on(load)
    }

    /// The tree that the oracle builds.
    pub(crate) fn expect<T: Row, U>(&self, sql: &str, fill: impl Fn(T) -> Option<U>) -> Outcome<U> {
        let expected = self.oracle.tree(sql, fill);
        let tally = &self.world.tally;
        count(if expected.is_ok() {
            &tally.whole
        } else {
            &tally.failing
        });
        expected
    }

    /// A number for which way's turn it is.
    pub(crate) fn next_turn(&self) -> usize {
        self.turn.replace(self.turn.get() + 1)
    }

    pub(crate) fn compare<E, L>(
        &self,
        way: &str,
        query: &Query<E, L>,
        expected: &Outcome<L::Value>,
        found: unlazy::Result<Vec<L::Value>>,
    ) -> Verdict
    where
        E: Entity,
        L: Loads<E, Value: PartialEq + Debug>,
    {
        self.difference(expected, found).map_err(|difference| {
            let statements = query.to_sql().join("\n");
            TestCaseError::fail(format!("by {way} of\n{statements}\n{difference}"))
        })
    }

    fn difference<T: PartialEq + Debug>(
        &self,
        expected: &Outcome<T>,
        found: unlazy::Result<Vec<T>>,
    ) -> Result<(), String> {
        let tally = &self.world.tally;
        let failure = match &found {
            Ok(_) => None,
            Err(Error::MissingTarget { relation, key }) => {
                count(&tally.missing_target);
                Some(missing_target(relation, key))
            }
            Err(Error::TooMany { of }) => {
                count(&tally.too_many);
                Some(too_many(of))
            }
            Err(other) => return Err(format!("{other:?}")),
        };
        match (expected, found, failure) {
            (Err(expected), _, Some(failure)) if expected.contains(&failure) => Ok(()),
            (Ok(expected), Ok(found), _) => {
                count(&tally.loads);
                first_difference(expected, &found)
            }
            (expected, found, _) => Err(format!("found {found:#?}\nexpected {expected:#?}")),
        }
    }
}

/// The first difference only: whole trees are long.
fn first_difference<T: PartialEq + Debug>(expected: &[T], found: &[T]) -> Result<(), String> {
    for (position, (expected, found)) in expected.iter().zip(found).enumerate() {
        if expected != found {
            return Err(format!(
                "at position {position}\nfound {found:#?}\nexpected {expected:#?}"
            ));
        }
    }
    if expected.len() != found.len() {
        return Err(format!(
            "found {} of {} entities",
            found.len(),
            expected.len()
        ));
    }
    Ok(())
}
