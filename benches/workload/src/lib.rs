//! What every contender of the benchmark does, and what must come of it.

mod answer;
mod case;
mod contender;
mod data;

pub use crate::{
    answer::{Entry, Value, key},
    case::{Case, LATEST},
    contender::{BoxError, Contender, Done, Loaded, Race, done},
    data::{BASE, KEYS, SCHEMA, Size, fill, note},
};
