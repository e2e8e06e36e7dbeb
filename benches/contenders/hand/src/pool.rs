//! Eight connections.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;
use workload::BoxError;

pub(crate) fn pool(url: &str) -> Result<Pool, BoxError> {
    let config = ManagerConfig {
        // Nothing is sent when a connection is taken.
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    Ok(Pool::builder(manager).max_size(8).build()?)
}
