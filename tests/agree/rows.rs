//! Entities as rows of plain SQL, without anything of unlazy: as literals to insert, and read from the text that the
//! server sends.

use unlazy::Unloaded;

use crate::entities::{
    Author, Badge, Desk, Lock, Mood, MoodColour, Post, Profile, Shelf, Tag, Topic,
};

/// The deferred column of `authors`.
#[derive(Debug, Clone)]
pub(crate) struct Motto {
    pub(crate) motto: Option<String>,
}

/// The deferred column of `badges`.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) label: String,
}

/// A row of `post_tags`.
#[derive(Debug, Clone)]
pub(crate) struct LinkRow {
    pub(crate) post_id: Option<i64>,
    pub(crate) tag_id: Option<i64>,
    pub(crate) weight: Option<i32>,
}

/// A row of `shelf_links`.
#[derive(Debug, Clone)]
pub(crate) struct ShelfLink {
    pub(crate) room: Option<String>,
    pub(crate) number: Option<i16>,
    pub(crate) to_room: Option<String>,
    pub(crate) to_number: Option<i16>,
}

/// A row of a table.
pub(crate) trait Row: Sized {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];

    /// Reads a row whose cells stand in the order of [`COLUMNS`](Self::COLUMNS).
    fn read(cells: &[Option<String>]) -> Self;

    /// The cells in this order as literals.
    fn literals(&self) -> Vec<String>;
}

/// A value as SQL text.
pub(crate) trait Cell: Sized {
    /// `text` is what the server sent.
    fn read(text: Option<&str>) -> Self;

    fn literal(&self) -> String;
}

macro_rules! numbers {
    ($($number:ty)+) => {$(
        impl Cell for $number {
            fn read(text: Option<&str>) -> Self {
                text.unwrap().parse().unwrap()
            }

            fn literal(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

numbers! { i16 i32 i64 }

impl Cell for String {
    fn read(text: Option<&str>) -> Self {
        text.unwrap().to_owned()
    }

    fn literal(&self) -> String {
        format!("'{}'", self.replace('\'', "''"))
    }
}

impl Cell for Mood {
    fn read(text: Option<&str>) -> Self {
        match text.unwrap() {
            "sunny" => Self::Sunny,
            "calm" => Self::Calm,
            "angry" => Self::Angry,
            other => panic!("{other} is no mood"),
        }
    }

    fn literal(&self) -> String {
        let label = match self {
            Self::Sunny => "'sunny'",
            Self::Calm => "'calm'",
            Self::Angry => "'angry'",
        };
        label.to_owned()
    }
}

impl<C: Cell> Cell for Option<C> {
    fn read(text: Option<&str>) -> Self {
        text.map(|text| C::read(Some(text)))
    }

    fn literal(&self) -> String {
        self.as_ref().map_or("NULL".to_owned(), C::literal)
    }
}

/// `Row` for an entity, and for each field with a state a method that fills it: `author.posts(..)`.
macro_rules! rows {
    ($($entity:ident in $table:literal: $columns:tt $({ $($relations:tt)* })?)+) => {$(
        row! { $entity $table $columns { $($($relations)*)? } }
        $(fill! { $entity $columns [] $($relations)* })?
    )+};
}

macro_rules! row {
    ($entity:ident $table:literal { $($column:ident)* } { $($relation:ident: $State:ident)* }) => {
        impl Row for $entity {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];

            fn read(cells: &[Option<String>]) -> Self {
                let mut cells = cells.iter();
                let mut next = || cells.next().unwrap().as_deref();
                Self {
                    $($column: Cell::read(next()),)*
                    $($relation: Unloaded,)*
                }
            }

            fn literals(&self) -> Vec<String> {
                vec![$(self.$column.literal()),*]
            }
        }
    };
}

/// Goes through the relations: those before one and those after it keep their states.
macro_rules! fill {
    ($entity:ident $columns:tt [$($before:ident: $Before:ident)*]) => {};
    ($entity:ident $columns:tt [$($before:ident: $Before:ident)*] $this:ident: $This:ident $($after:ident: $After:ident)*) => {
        fill_one! { $entity $columns [$($before: $Before)*] $this: $This [$($after: $After)*] }
        fill! { $entity $columns [$($before: $Before)* $this: $This] $($after: $After)* }
    };
}

macro_rules! fill_one {
    (
        $entity:ident { $($column:ident)* }
        [$($before:ident: $Before:ident)*] $this:ident: $This:ident [$($after:ident: $After:ident)*]
    ) => {
        #[allow(dead_code)] // not every tree has every relation
        impl<$($Before,)* $This, $($After),*> $entity<$($Before,)* $This, $($After),*> {
            pub(crate) fn $this<New>(self, $this: New) -> $entity<$($Before,)* New, $($After),*> {
                $entity {
                    $($column: self.$column,)*
                    $($before: self.$before,)*
                    $this,
                    $($after: self.$after,)*
                }
            }
        }
    };
}

rows! {
    MoodColour in "moods": { mood colour } { authors: A }
    Author in "authors": { id name rank mood mentor_id }
        { posts: A edited: B pupils: C mentor: D profile: E desk: F badge: G mood_colour: H motto: I }
    Motto in "authors": { motto }
    Profile in "profiles": { author_id bio } { author: A }
    Desk in "desks": { id author_id room number } { author: A shelf: B }
    Badge in "badges": { id author_id } { author: A label: B }
    Label in "badges": { label }
    Topic in "topics": { name } { posts: A }
    Shelf in "shelves": { room number height } { posts: A lock: B neighbours: C }
    ShelfLink in "shelf_links": { room number to_room to_number }
    Lock in "locks": { id room number } { shelf: A }
    Post in "posts": { id title rating author_id editor_id topic room number }
        { author: A editor: B about: C shelf: D tags: E }
    Tag in "tags": { id word } { posts: A }
    LinkRow in "post_tags": { post_id tag_id weight }
}
