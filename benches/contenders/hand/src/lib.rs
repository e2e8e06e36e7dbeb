//! tokio-postgres by hand, in three ways: as most would write it ([`naive`]), as well as it can be written ([`tuned`]),
//! and without doing anything with the rows ([`floor`]).

mod floor;
mod naive;
mod notes;
mod pool;
mod rows;
mod sql;
mod tuned;

pub use crate::{floor::floor, naive::naive, tuned::tuned};
