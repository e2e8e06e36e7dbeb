//! How a query is run: level by level or pipelined, in a snapshot or without.

use std::pin::pin;

use futures_util::future::{join, join4};
use tokio_postgres::Row;

use crate::annotate::Annotations;
use crate::bind::Parameter;
use crate::db::{BEGIN_SNAPSHOT, Connection, END_SNAPSHOT, is_outdated};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::load::{Loads, Node, Rows, has_statements, nodes, pipelined, plan, repeatable};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::{self, Origin, SelectSql};

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
    if how.pipelined.unwrap_or(connection.is_pipelined()) {
        match obstacle(select, &nodes::<E, L>(loads), connection) {
            Some(obstacle) => connection.note(obstacle),
            None => return Box::pin(query.pipelined::<E, A>()).await,
        }
    }
    // The others are boxed, so that a plain query is a small future.
    if how.snapshot {
        Box::pin(query.in_snapshot::<E, A>()).await
    } else {
        query.by_levels::<E, A>(false).await
    }
}

pub(crate) struct RunningQuery<'a, L> {
    pub(crate) select: &'a Select,
    pub(crate) loads: &'a L,
    pub(crate) connection: &'a Connection<'a>,
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
        let scopes = connection.scopes();
        let root = sql::root(E::DEF, select, &nodes, scopes);
        root.sql.check()?;
        plan(&mut nodes, scopes)?;
        let needs_snapshot = snapshot && has_statements(&nodes);
        let begins = needs_snapshot && connection.begins_snapshot()?;
        let statement = connection.prepare(&root.sql).await?;
        let fetch = pin!(self.fetch(&nodes, &root, &statement, &root.parameters));
        let rows = match begins {
            true => Box::pin(connection.behind_begin(fetch)).await,
            false => fetch.await,
        };
        let done = match rows {
            Ok((rows, values)) => {
                let ahead = Default::default();
                let entities = rows.finish(loads, &nodes, ahead, connection).await;
                entities.map(|entities| A::attach(entities.into_values(), values))
            }
            Err(error) => Err(error),
        };
        if begins {
            let ended = Box::pin(connection.end_snapshot(begins)).await;
            // The first error says more than that of a lost connection at the end.
            return done.and_then(|values| ended.map(|()| values));
        }
        done
    }

    /// [`by_levels`](Self::by_levels), in a snapshot. Where the tables have changed since the statements were prepared,
    /// they are prepared anew, once: within a transaction that can only be done for all of them.
    async fn in_snapshot<E: Entity, A: Annotations>(&self) -> Result<Vec<A::Row<L::Value>>>
    where
        L: Loads<E>,
    {
        match self.by_levels::<E, A>(true).await {
            Err(error) if self.is_worth_another_try(&error) => {
                self.connection.forget_statements();
                self.by_levels::<E, A>(true).await
            }
            done => done,
        }
    }

    /// All statements at once, between BEGIN and COMMIT, and once more as in [`in_snapshot`](Self::in_snapshot).
    async fn pipelined<E: Entity, A: Annotations>(&self) -> Result<Vec<A::Row<L::Value>>>
    where
        L: Loads<E>,
    {
        match self.at_once::<E, A>().await {
            Err(error) if self.is_worth_another_try(&error) => {
                self.connection.forget_statements();
                self.at_once::<E, A>().await
            }
            done => done,
        }
    }

    fn is_worth_another_try(&self, error: &Error) -> bool {
        !self.connection.is_in_transaction() && error.as_driver_error().is_some_and(is_outdated)
    }

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
        let scopes = connection.scopes();
        let root = sql::root(E::DEF, select, &nodes, scopes);
        root.sql.check()?;
        let origin = Origin::Root {
            def: E::DEF,
            select,
        };
        let statements = pipelined::statements(&origin, &nodes, scopes);
        for children in &statements {
            children.select.sql.check()?;
        }
        let begins = !statements.is_empty() && connection.begins_snapshot()?;
        let (statement, prepared) = join(
            connection.prepare(&root.sql),
            pipelined::prepare(statements, &mut nodes, connection),
        )
        .await;
        let statement = statement?;
        prepared?;
        let (begun, rows, ahead, ended) = join4(
            connection.begin_snapshot(begins),
            self.fetch(&nodes, &root, &statement, &root.parameters),
            loads.fetch_ahead(&nodes, connection),
            connection.end_snapshot(begins),
        )
        .await;
        begun?;
        let ((rows, values), ahead) = (rows?, ahead?);
        ended?;
        let entities = rows.finish(loads, &nodes, ahead, connection).await?;
        Ok(A::attach(entities.into_values(), values))
    }

    pub(crate) async fn fetch<E: Entity, A: Annotations>(
        &self,
        nodes: &[Option<Node<'_>>],
        root: &SelectSql,
        statement: &tokio_postgres::Statement,
        parameters: &[Parameter],
    ) -> Result<(Rows<E, L>, Vec<A>)>
    where
        L: Loads<E>,
    {
        let mut rows = Rows::default();
        let mut values = Vec::new();
        let joined_at = E::DEF.eager;
        self.connection
            .fetch(statement, root, parameters, &mut |row: &Row| {
                rows.read(self.loads, nodes, row, 0, joined_at)?;
                values.push(A::read(row, &root.layout.values)?);
                Ok(())
            })
            .await?;
        Ok((rows, values))
    }
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
