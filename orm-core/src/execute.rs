//! Statements of the user's own that return no entities.

use crate::db::Executor;
use crate::error::Result;
use crate::fragment::Fragment;
use crate::sql;

/// Runs SQL of your own that returns no rows, and returns how many it changed:
/// `execute(sql!("DELETE FROM drafts WHERE age > $1", 30), &db)`.
///
/// # Errors
///
/// Those of the database.
pub async fn execute<X: Executor + ?Sized>(statement: Fragment<()>, on: &X) -> Result<u64> {
    let sql = sql::raw(&statement.into_pieces());
    on.acquire().connection().await?.execute(&sql).await
}
