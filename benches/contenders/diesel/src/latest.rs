//! A query that the query builder cannot say.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt},
};
use workload::LATEST;

use crate::{model::User, schema::posts};

/// The latest posts of each of these authors.
///
/// The query builder has window functions, but no subquery to select from, which could filter by one; nor has it
/// `LATERAL`, which is slower for this data. `sql_query` would do, but none of its statements is cached and each value
/// is looked up by its name; a `QueryFragment` of one's own is treated as those of the query builder are.
#[derive(QueryId)]
pub(crate) struct LatestPosts {
    authors: Vec<i64>,
}

impl LatestPosts {
    pub(crate) fn belonging_to(users: &[User]) -> Self {
        Self {
            authors: users.iter().map(|user| user.id).collect(),
        }
    }
}

impl Query for LatestPosts {
    type SqlType = <posts::table as AsQuery>::SqlType;
}

impl QueryFragment<Pg> for LatestPosts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, author_id, title, views, created_at FROM ( \
                 SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY id DESC) AS place \
                 FROM posts WHERE author_id = ANY(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.authors)?;
        out.push_sql(")) AS ranked WHERE place <= ");
        out.push_bind_param::<BigInt, _>(&LATEST)?;
        out.push_sql(" ORDER BY id DESC");
        Ok(())
    }
}
