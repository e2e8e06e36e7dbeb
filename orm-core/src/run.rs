//! How a query is run: level by level or pipelined, in a snapshot or without.

use futures_util::future::{join, join4};
use tokio_postgres::{Row, Statement};

use crate::annotate::Annotations;
use crate::db::{BEGIN_SNAPSHOT, Connection, END_SNAPSHOT, is_outdated};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::load::{Loads, Node, Rows, Tasks, has_statements, nodes, pipelined, plan, repeatable};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::{self, Origin, Planned, SelectSql};

/// What a query says of how it is run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    /// Whether it is pipelined; otherwise the handle decides.
    pub(crate) pipelined: Option<bool>,
    /// Whether all of its statements see the database at one moment.
    pub(crate) snapshot: bool,
    /// How many entities are fetched at a time when they are streamed.
    pub(crate) batch_size: Option<u32>,
}

/// Runs a query and its loads.
///
/// What is generic is only what the entities' types are needed for: it is compiled anew for each query of a program.
pub(crate) async fn run<E: Entity, L: Loads<E>, A: Annotations>(
    select: &Select,
    loads: &L,
    how: How,
    connection: &Connection<'_>,
) -> Result<Vec<A::Row<L::Value>>> {
    let query = RunningQuery {
        select,
        loads,
        connection,
    };
    let is_pipelined = how.pipelined.unwrap_or(connection.is_pipelined())
        && can_be_pipelined(select, &nodes::<E, L>(loads), connection);
    if !is_pipelined && !how.snapshot {
        return query.by_levels::<E, A>(false).await;
    }
    let mut is_first = true;
    loop {
        // Boxed, so that a plain query is a small future.
        let done = match is_pipelined {
            true => Box::pin(query.at_once::<E, A>()).await,
            false => Box::pin(query.by_levels::<E, A>(true)).await,
        };
        match done {
            // The tables have changed since the statements were prepared. Within a transaction that can only be mended for all of them.
            Err(error) if is_first && is_worth_another_try(connection, &error) => {
                connection.forget_statements();
                is_first = false;
            }
            done => return done,
        }
    }
}

struct RunningQuery<'a, L> {
    select: &'a Select,
    loads: &'a L,
    connection: &'a Connection<'a>,
}

impl<L> RunningQuery<'_, L> {
    /// The query's own statement, and then one for each level of loads.
    async fn by_levels<E: Entity, A: Annotations>(
        &self,
        snapshot: bool,
    ) -> Result<Vec<A::Row<L::Value>>>
    where
        L: Loads<E>,
    {
        let Self {
            select,
            loads,
            connection,
        } = *self;
        let mut nodes = nodes::<E, L>(loads);
        let root = plan_levels(E::DEF, select, &mut nodes, connection)?;
        let begins = snapshot && has_statements(&nodes) && connection.begins_snapshot()?;
        let mut found = Found::<E, L, A>::default();
        let read = read_first(connection, &root, begins, &mut |row| {
            found.read(loads, &nodes, &root, row)
        })
        .await;
        let done = match read {
            Ok(()) => {
                found
                    .finish(loads, &nodes, Default::default(), connection)
                    .await
            }
            Err(error) => Err(error),
        };
        if !begins {
            return done;
        }
        let ended = Box::pin(connection.end_snapshot(true)).await;
        // The first error says more than that of a lost connection at the end.
        done.and_then(|values| ended.map(|()| values))
    }

    /// All statements at once, between BEGIN and COMMIT.
    async fn at_once<E: Entity, A: Annotations>(&self) -> Result<Vec<A::Row<L::Value>>>
    where
        L: Loads<E>,
    {
        let Self {
            select,
            loads,
            connection,
        } = *self;
        let mut nodes = nodes::<E, L>(loads);
        let (root, statement) = prepare_all(E::DEF, select, &mut nodes, connection).await?;
        let mut found = Found::<E, L, A>::default();
        let mut ahead = L::Ahead::default();
        let mut tasks = Tasks::default();
        loads.fetch_ahead(&nodes, connection, &mut ahead, &mut tasks);
        read_at_once(
            connection,
            &root,
            &statement,
            has_statements(&nodes),
            &mut |row| found.read(loads, &nodes, &root, row),
            tasks,
        )
        .await?;
        found.finish(loads, &nodes, ahead, connection).await
    }
}

/// What the query's own statement has found: entities, and the values next to them.
pub(crate) struct Found<E: Entity, L: Loads<E>, A> {
    rows: Rows<E, L>,
    values: Vec<A>,
}

impl<E: Entity, L: Loads<E>, A> Default for Found<E, L, A> {
    fn default() -> Self {
        Self {
            rows: Rows::of_query(),
            values: Vec::new(),
        }
    }
}

impl<E: Entity, L: Loads<E>, A: Annotations> Found<E, L, A> {
    pub(crate) fn read(
        &mut self,
        loads: &L,
        nodes: &[Option<Node<'_>>],
        root: &SelectSql,
        row: &Row,
    ) -> Result<()> {
        self.rows.read(loads, nodes, row, 0, E::DEF.eager)?;
        self.values.push(A::read(row, &root.layout.values)?);
        Ok(())
    }

    /// Loads what is not there yet, and puts everything together.
    pub(crate) async fn finish(
        self,
        loads: &L,
        nodes: &[Option<Node<'_>>],
        ahead: L::Ahead,
        connection: &Connection<'_>,
    ) -> Result<Vec<A::Row<L::Value>>> {
        let Self { rows, values } = self;
        let entities = rows.finish(loads, nodes, ahead, connection).await?;
        Ok(A::attach(entities.into_vec(), values))
    }
}

type Each<'a> = &'a mut (dyn FnMut(&Row) -> Result<()> + Send);

/// Sends a query's own statement, behind BEGIN if the query is to have a snapshot of its own, and reads its rows.
async fn read_first(
    connection: &Connection<'_>,
    root: &Planned<SelectSql>,
    begins: bool,
    each: Each<'_>,
) -> Result<()> {
    let statement = connection.prepare(&root.sql).await?;
    if !begins {
        let fetch = connection.fetch(&statement, root, &root.parameters, each);
        return fetch.await.map(drop);
    }
    // Boxed, so that a plain query is a small future.
    let begin = Box::pin(connection.begin_snapshot(true));
    let fetch = Box::pin(connection.fetch(&statement, root, &root.parameters, each));
    let (begun, read) = join(begin, fetch).await;
    begun.and(read).map(drop)
}

/// The query's own statement. Those of the loads are left at their nodes.
fn plan_levels(
    def: &'static EntityDef,
    select: &Select,
    nodes: &mut [Option<Node<'_>>],
    connection: &Connection<'_>,
) -> Result<Planned<SelectSql>> {
    let scopes = connection.scopes();
    let root = sql::root(def, select, nodes, scopes);
    root.sql.check()?;
    plan(nodes, scopes)?;
    Ok(root)
}

/// Prepares all statements of a pipelined query. Those of the loads are left at their nodes.
async fn prepare_all(
    def: &'static EntityDef,
    select: &Select,
    nodes: &mut [Option<Node<'_>>],
    connection: &Connection<'_>,
) -> Result<(Planned<SelectSql>, Statement)> {
    let scopes = connection.scopes();
    let root = sql::root(def, select, nodes, scopes);
    let loads = pipelined::statements(&Origin::Root { def, select }, nodes, scopes);
    root.sql.check()?;
    for load in &loads {
        load.select.sql.check()?;
    }
    let (statement, prepared) = join(
        connection.prepare(&root.sql),
        pipelined::prepare(loads, nodes, connection),
    )
    .await;
    prepared?;
    Ok((root, statement?))
}

/// Sends all statements of a pipelined query, and reads the rows of its own one.
async fn read_at_once(
    connection: &Connection<'_>,
    root: &Planned<SelectSql>,
    statement: &Statement,
    has_loads: bool,
    each: Each<'_>,
    loads: Tasks<'_>,
) -> Result<()> {
    let begins = has_loads && connection.begins_snapshot()?;
    let (begun, read, loaded, ended) = join4(
        connection.begin_snapshot(begins),
        connection.fetch(statement, root, &root.parameters, each),
        loads.finish(),
        connection.end_snapshot(begins),
    )
    .await;
    begun?;
    read?;
    loaded?;
    ended
}

fn is_worth_another_try(connection: &Connection<'_>, error: &Error) -> bool {
    !connection.is_in_transaction() && error.as_driver_error().is_some_and(is_outdated)
}

/// The statements that a query would send on a connection of its own, in their order.
pub(crate) fn statements(
    def: &'static EntityDef,
    select: &Select,
    nodes: &[Option<Node<'_>>],
    how: How,
) -> Vec<String> {
    let scopes = &Scopes::shown();
    let root = sql::write_root(def, select, nodes, scopes).sql.text;
    let pipelined =
        how.pipelined == Some(true) && repeatable::obstacle(select, nodes, scopes).is_none();
    let loads: Vec<String> = if pipelined {
        pipelined::statements(&Origin::Root { def, select }, nodes, scopes)
            .into_iter()
            .map(|load| load.select.sql.text.clone())
            .collect()
    } else {
        sql::loads(nodes, scopes)
    };
    let in_snapshot = (pipelined || how.snapshot) && !loads.is_empty();
    let begin = in_snapshot.then(|| BEGIN_SNAPSHOT.to_owned());
    let end = in_snapshot.then(|| END_SNAPSHOT.to_owned());
    begin
        .into_iter()
        .chain([root])
        .chain(loads)
        .chain(end)
        .collect()
}

/// Whether each load finds the parents that the query returns. If not, it says why.
fn can_be_pipelined(
    select: &Select,
    nodes: &[Option<Node<'_>>],
    connection: &Connection<'_>,
) -> bool {
    let obstacle = obstacle(select, nodes, connection);
    if let Some(obstacle) = obstacle {
        connection.note(obstacle);
    }
    obstacle.is_none()
}

/// Why a query cannot be pipelined: a load would find other parents than those that the query returns.
fn obstacle(
    select: &Select,
    nodes: &[Option<Node<'_>>],
    connection: &Connection<'_>,
) -> Option<&'static str> {
    if !has_statements(nodes) {
        return None;
    }
    if connection.begins_snapshot().is_err() {
        return Some(
            "not pipelined: the statements of this transaction or client may see the database at different moments",
        );
    }
    repeatable::obstacle(select, nodes, connection.scopes())
}
