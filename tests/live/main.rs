//! Queries, loads, writes and transactions against a real PostgreSQL.

#[macro_use]
mod fixture;

mod basics;
mod deferred;
mod in_hand;
mod keys;
mod many_to_many;
mod names;
mod nesting;
mod order;
mod per_parent;
mod pipelined;
mod queries;
mod resources;
mod same_table_twice;
mod serialize;
mod snapshot;
mod to_one;
mod transactions;
mod trees;
mod writes;
