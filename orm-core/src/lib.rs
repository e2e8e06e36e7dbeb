//! The runtime of [unlazy](https://docs.rs/unlazy): states, entities, relations, queries and loading.
//!
//! Use it through the crate `unlazy`, which re-exports it together with the derives.

#![warn(missing_docs)]

mod aggregate;
mod annotate;
mod arithmetic;
mod bind;
mod column;
mod columns;
mod connect;
mod db;
mod decode;
mod entity;
mod error;
mod execute;
mod expr;
mod expression;
mod fixed;
mod foreign_key;
mod fragment;
mod load;
mod lock;
mod order;
mod predicate;
mod query;
mod record;
mod relation;
mod run;
mod scope;
mod select;
mod shape;
mod sql;
mod state;
mod stream;
mod tree;
mod unique;
mod value;
mod write;

pub use aggregate::Number;
pub use annotate::{Annotate, Annotations};
pub use arithmetic::Calculate;
pub use column::{Column, Computed, Generated, Operand, Settable, Stored};
pub use columns::Columns;
pub use connect::ConnectError;
pub use db::{
    AdvisoryKey, Db, Executor, Isolation, LoggedStatement, Retry, StatementLog, Transaction,
    TransactionOptions,
};
pub use entity::Entity;
pub use error::{ConstraintKind, Error, Result, Violation};
pub use execute::execute;
pub use expression::{Expression, IntoExpression};
pub use fragment::Fragment;
pub use load::{Below, Deferred, DeferredColumn, If, InHand, Load, LoadColumn, Loads, Recursive};
pub use lock::Locked;
pub use order::{Order, OrderBy};
pub use predicate::{Filter, Predicate};
pub use query::Query;
pub use record::Record;
pub use relation::{HasLoaded, IntoLoad, Rel, Relation, ThroughEntity};
pub use scope::{Scope, SoftDelete};
#[cfg(feature = "serde")]
pub use state::is_unloaded;
pub use state::{Loaded, MaybeLoaded, Unloaded};
pub use stream::EntityStream;
#[cfg(feature = "json")]
pub use tokio_postgres::types::Json;
pub use tree::{Tree, Walk};
pub use unique::{ConflictTarget, UniqueKey};
pub use value::{Field, IntoValue, Nullable, PgType, Text, Value};
pub use write::{
    AddLinks, Assign, Change, ChangedLinks, CopyIn, Delete, DoNothing, DoUpdate, DoUpdateIf,
    Filtered, Insert, InsertMany, InsertManyWith, InsertWith, IntoKey, IntoNew, NewLinks,
    NewRelated, NewRow, NewWith, OnConflict, Patch, RemoveLinks, Returning, SaysWhich, SetColumn,
    SetLinks, Unfiltered, Update, Upsert, Upserted,
};

// Bounds that the compiler names in its messages: with a path of their own here it says `ToMany`, not
// `orm_core::shape::ToMany`.
#[doc(hidden)]
pub use aggregate::NothingLoaded;
#[doc(hidden)]
pub use annotate::NotAnnotated;
#[doc(hidden)]
pub use column::Source;
#[doc(hidden)]
pub use entity::VersionNumber;
#[doc(hidden)]
pub use foreign_key::{ForeignKey, ForeignKeyColumns, References};
#[doc(hidden)]
pub use load::{
    ChainThatEnds, Filled, Follow, LimitOverAllParents, LoadedState, Named, NotYetLoaded, Put,
    RecursiveShape, RowsInATree, Skip, StateField, ToItself, TreeOfMany, Vacant,
};
#[doc(hidden)]
pub use lock::{AfterLock, BeforeLock};
#[doc(hidden)]
pub use scope::{HoldsScope, MarksDeletion};
#[doc(hidden)]
pub use shape::{Joinable, Many, ManyShared, Optional, OptionalShared, Shared, ToMany, ToOne};
#[doc(hidden)]
pub use state::Readable;
#[doc(hidden)]
pub use write::related::{HasLinks, KeysSuffice, TargetsRefer};
#[doc(hidden)]
pub use write::{
    Action, AlwaysWrites, ColumnValue, GeneratedColumn, GivenTo, InsertedColumn, Insertion,
    NotGiven, PatchField, SingleRow, Updates, ValueOfColumn,
};

/// What generated code uses. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use bytes::BytesMut;
    pub use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

    pub use crate::bind::Bind;
    pub use crate::db::Acquire;
    pub use crate::decode::RowReader;
    pub use crate::entity::{ColumnDef, EntityDef, KeyBinds, KeyParts, key_of, version};
    pub use crate::fixed::{Fixed, RelationOptions};
    pub use crate::foreign_key::{ForeignKey, check_foreign_key};
    pub use crate::fragment::{Argument, check_placeholders};
    pub use crate::load::{
        After, At, Complete, FilledIf, FirstBare, FirstWith, Here, IntoComplete, List, Load,
        LoadOnto, Named, NamedField, NamedSlot, Node, RecursiveSlot, RelationNode, Restated, Slot,
        Slots, TargetOf, ValueOf, With, WithBare,
    };
    pub use crate::record::Assemble;
    pub use crate::relation::{LinkDef, RelationDef, RelationKind};
    pub use crate::scope::{ScopeDef, condition};
    pub use crate::select::Select;
    pub use crate::shape::{Links, Many, ManyShared, Optional};
    pub use crate::value::BoxedError;
    pub use crate::value::label::{accepts_label, label_from_sql, label_to_sql, unknown_label};
    pub use crate::write::related::{ViaLink, ViaParent, ViaTarget};
    pub use crate::write::{
        Changes, ColumnValue, check_column, check_generated_column, check_required_columns,
        no_value,
    };
}
