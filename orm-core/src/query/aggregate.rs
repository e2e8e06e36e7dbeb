//! Aggregates of all entities of a query.

use tokio_postgres::Row;

use crate::aggregate::{Aggregate, Average, Base, Number, Sum};
use crate::annotate::Annotations;
use crate::db::{Connection, Executor};
use crate::decode::ValueType;
use crate::entity::Entity;
use crate::error::Result;
use crate::expression::IntoExpression;
use crate::load::Loads;
use crate::query::Query;
use crate::sql::{self, Planned, SelectSql};
use crate::value::Field;

/// Aggregates of the entities of the result. Nothing is loaded.
///
/// The value is that of a column or of an expression: `User::query().max(User::POSTS.count(), &db)`.
impl<E: Entity, L: Loads<E>, A: Annotations> Query<E, L, A> {
    /// The sum of a number of each entity: `SELECT sum(t0.total)::int8 FROM orders AS t0 WHERE ..`. `None` if there are no
    /// entities, or if all have NULL.
    ///
    /// A sum of integers is an `i64`, one of other numbers is of their type.
    ///
    /// # Errors
    ///
    /// Those of the database; also if the sum does not fit.
    pub async fn sum<V, X>(self, value: V, on: &X) -> Result<Option<Sum<E, V>>>
    where
        V: IntoExpression<E>,
        Base<E, V>: Number,
        X: Executor + ?Sized,
    {
        self.aggregate(Aggregate::sum(value), on).await
    }

    /// The average of a number of each entity: `SELECT avg(t0.total)::float8 FROM orders AS t0 WHERE ..`. `None` if there
    /// are no entities, or if all have NULL.
    ///
    /// It is an `f64`, or a `Decimal` for a `Decimal`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn avg<V, X>(self, value: V, on: &X) -> Result<Option<Average<E, V>>>
    where
        V: IntoExpression<E>,
        Base<E, V>: Number,
        X: Executor + ?Sized,
    {
        self.aggregate(Aggregate::avg(value), on).await
    }

    /// The least value of all entities: `SELECT min(t0.total) FROM orders AS t0 WHERE ..`. `None` if there are none, or if
    /// all have NULL.
    ///
    /// # Errors
    ///
    /// Those of the database; also if PostgreSQL has no `min` for the type, as for `bool` and `uuid`.
    pub async fn min<V, X>(self, value: V, on: &X) -> Result<Option<Base<E, V>>>
    where
        V: IntoExpression<E>,
        X: Executor + ?Sized,
    {
        self.aggregate(Aggregate::min(value), on).await
    }

    /// The greatest value of all entities: `SELECT max(t0.total) FROM orders AS t0 WHERE ..`. See [`min`](Self::min).
    ///
    /// # Errors
    ///
    /// As [`min`](Self::min).
    pub async fn max<V, X>(self, value: V, on: &X) -> Result<Option<Base<E, V>>>
    where
        V: IntoExpression<E>,
        X: Executor + ?Sized,
    {
        self.aggregate(Aggregate::max(value), on).await
    }

    pub(super) async fn aggregate<T, X>(self, aggregate: Aggregate, on: &X) -> Result<T>
    where
        T: Field,
        X: Executor + ?Sized,
    {
        let connection = on
            .acquire()
            .connection_scoped_by(&self.select.scopes)
            .await?;
        let value_type = ValueType::of::<T>();
        let scopes = connection.scopes();
        let select = sql::aggregate(E::DEF, &self.select, &aggregate, value_type, scopes);
        scalar(&select, &connection).await
    }
}

/// The only value of a statement's only row.
pub(super) async fn scalar<T: Field>(
    select: &Planned<SelectSql>,
    connection: &Connection<'_>,
) -> Result<T> {
    let statement = connection.prepare(&select.sql).await?;
    let column = &select.layout.values[0];
    let mut value = None;
    connection
        .fetch(&statement, select, &select.parameters, &mut |row: &Row| {
            value = Some(column.get(row)?);
            Ok(())
        })
        .await?;
    Ok(value.expect("an aggregate without GROUP BY has one row"))
}
