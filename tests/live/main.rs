//! Queries, loads, writes and transactions against a real PostgreSQL.

#![allow(clippy::type_complexity)] // shapes are written out here, where a program has an alias

#[macro_use]
mod fixture;

mod advisory;
mod aggregates;
mod basics;
mod begin;
mod constraints;
mod deferred;
mod dropped;
mod fixed;
mod graph;
mod in_hand;
mod inserts;
mod job_queue;
mod join_once;
mod keys;
mod links;
mod locks;
mod many_keys;
mod many_to_many;
mod names;
mod nesting;
mod order;
mod per_parent;
mod pipelined;
mod queries;
mod resources;
mod retry;
mod same_table_twice;
mod scopes;
mod serialize;
mod snapshot;
mod soft_delete;
mod stream;
mod to_one;
mod transactions;
mod trees;
mod updates;
mod upsert;
mod versions;
mod writes;
