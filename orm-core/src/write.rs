//! Inserts, updates and deletes.

mod array_column;
mod assign;
mod check;
mod copy;
mod delete;
mod graph;
mod insert;
mod link_rows;
mod links;
mod new_rows;
mod patch;
pub(crate) mod related;
mod returning;
mod rows;
mod statement;
mod update;
mod upsert;
mod which;

pub use assign::{Assign, SetColumn};
pub use check::{
    GeneratedColumn, InsertedColumn, ValueOfColumn, check_column, check_generated_column,
    check_required_columns,
};
pub use copy::CopyIn;
pub use delete::Delete;
pub use graph::{
    GivenTo, InsertManyWith, InsertWith, IntoNew, NewLinks, NewRelated, NewWith, NotGiven,
    SingleRow,
};
pub use insert::{Insert, InsertMany};
pub use links::{AddLinks, ChangedLinks, IntoKey, RemoveLinks, SetLinks};
pub use patch::{Change, Changes, Patch, PatchField};
pub use returning::Returning;
pub use rows::{ColumnValue, NewRow, no_value};
pub use update::Update;
pub use upsert::{
    Action, AlwaysWrites, DoNothing, DoUpdate, DoUpdateIf, Insertion, OnConflict, Updates, Upsert,
    Upserted,
};

use std::marker::PhantomData;

/// Marks an update or delete that does not yet say which rows it is for: it cannot be run.
#[derive(Debug, Clone, Copy)]
pub struct Unfiltered;

/// Marks an update or delete that says which rows it is for.
#[derive(Debug, Clone, Copy)]
pub struct Filtered;

/// Of an update or delete: it says which rows it is for.
#[diagnostic::on_unimplemented(
    message = "this statement does not say which rows it is for",
    label = "it would be for every row of the table",
    note = "say which: `.of(&entity)`, `.filter(..)`, or `.all_rows()` if it is meant for all"
)]
pub trait SaysWhich {}

impl SaysWhich for Filtered {}

type EntityMarker<E, F> = PhantomData<fn() -> (E, F)>;
