//! Random data: the rows of all tables as plain values, and which of the fixed filters, orders and pages to use.
//!
//! Foreign keys are drawn as positions in the table that they refer to, so that nearly all rows hang together and a case that
//! fails can shrink row by row. Few cases have what makes a load fail: required targets that are missing, and two rows where
//! a `has_one` expects one.

use proptest::bool::weighted as weighted_bool;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use unlazy::Unloaded;

use crate::entities::{
    Author, Badge, Desk, Lock, Mood, MoodColour, Post, Profile, Shelf, Tag, Topic,
};
use crate::rows::{LinkRow, Row, ShelfLink};

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) tables: Tables,
    pub(crate) choices: Choices,
}

/// The rows of all tables, in the order in which they are inserted.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    moods: Vec<MoodColour>,
    authors: Vec<Author>,
    profiles: Vec<Profile>,
    desks: Vec<Desk>,
    badges: Vec<Badge>,
    topics: Vec<Topic>,
    shelves: Vec<Shelf>,
    shelf_links: Vec<ShelfLink>,
    locks: Vec<Lock>,
    posts: Vec<Post>,
    tags: Vec<Tag>,
    post_tags: Vec<LinkRow>,
}

impl Tables {
    /// The statements that make these the only rows.
    pub(crate) fn to_sql(&self) -> String {
        [
            replace(&self.moods),
            replace(&self.authors),
            replace(&self.profiles),
            replace(&self.desks),
            replace(&self.badges),
            replace(&self.topics),
            replace(&self.shelves),
            replace(&self.shelf_links),
            replace(&self.locks),
            replace(&self.posts),
            replace(&self.tags),
            replace(&self.post_tags),
        ]
        .concat()
    }
}

/// Faster than TRUNCATE for so few rows. A primary key that was drawn twice keeps its first row.
fn replace<R: Row>(rows: &[R]) -> String {
    let table = R::TABLE;
    let mut sql = format!("DELETE FROM {table};\n");
    if !rows.is_empty() {
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("({})", row.literals().join(", ")))
            .collect();
        sql += &format!(
            "INSERT INTO {table} VALUES {} ON CONFLICT DO NOTHING;\n",
            rows.join(", ")
        );
    }
    sql
}

/// Which of the fixed variants the trees of a case use.
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    pub(crate) page: Page,
    pub(crate) authors: Many,
    pub(crate) posts: Many,
    pub(crate) tags: Many,
    pub(crate) shelves: Many,
    pub(crate) link: Choice,
    pub(crate) planner: Planner,
    /// Where to begin with the ways to run a query.
    pub(crate) way: usize,
}

/// How the server has to join. Each way brings rows in another order, where none is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Planner {
    Free,
    Hash,
    Merge,
    NestedLoop,
}

impl Planner {
    pub(crate) fn to_sql(self) -> String {
        let kinds = [
            ("hashjoin", matches!(self, Self::Free | Self::Hash)),
            ("mergejoin", matches!(self, Self::Free | Self::Merge)),
            ("nestloop", matches!(self, Self::Free | Self::NestedLoop)),
        ];
        let settings = kinds.map(|(kind, enabled)| format!("SET enable_{kind} = {enabled};"));
        // Prepared statements keep their plans otherwise.
        settings.concat() + "DISCARD PLANS"
    }
}

/// The number of a filter and that of an order. Zero is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) filter: u8,
    pub(crate) order: u8,
}

/// What a query has besides its loads.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) choice: Choice,
    /// From SQL that returns each row twice, instead of from the table.
    pub(crate) twice: bool,
    pub(crate) limits: Limits,
}

/// What a load of a to-many relation has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Many {
    pub(crate) choice: Choice,
    /// Of each parent's targets.
    pub(crate) limits: Limits,
    /// Whether those are told by a window function.
    pub(crate) by_window: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) limit: Option<u32>,
    pub(crate) offset: Option<u64>,
}

impl Limits {
    pub(crate) fn to_sql(self) -> String {
        let limit = self.limit.map(|limit| format!(" LIMIT {limit}"));
        let offset = self.offset.map(|offset| format!(" OFFSET {offset}"));
        limit.unwrap_or_default() + &offset.unwrap_or_default()
    }
}

fn choice() -> impl Strategy<Value = Choice> {
    // Most loads take all rows.
    let filter = prop_oneof![2 => Just(0), 1 => 1..5_u8];
    (filter, 0..5_u8).prop_map(|(filter, order)| Choice { filter, order })
}

prop_compose! {
    fn page()(
        choice in choice(),
        twice in weighted_bool(0.15),
        limit in weighted(0.3, 0..16_u32),
        offset in weighted(0.35, 0..4_u64),
    ) -> Page {
        Page { choice, twice, limits: Limits { limit, offset } }
    }
}

prop_compose! {
    fn many()(
        choice in choice(),
        limit in weighted(0.25, 0..4_u32),
        offset in weighted(0.1, 0..3_u64),
        by_window in any::<bool>(),
    ) -> Many {
        Many { choice, limits: Limits { limit, offset }, by_window }
    }
}

prop_compose! {
    fn choices()(
        page in page(),
        authors in many(),
        posts in many(),
        tags in many(),
        shelves in many(),
        link in choice(),
        planner in select(vec![Planner::Free, Planner::Hash, Planner::Merge, Planner::NestedLoop]),
        way in 0..60_usize,
    ) -> Choices {
        Choices { page, authors, posts, tags, shelves, link, planner, way }
    }
}

/// A foreign key before it is known which rows there are.
#[derive(Debug, Clone)]
enum Reference {
    Null,
    /// To a row that is not there.
    Missing,
    To(Index),
}

impl Reference {
    /// The key, unless this is NULL or there is no row at all.
    fn key<K: Clone>(&self, keys: &[K], missing: K) -> Option<K> {
        match self {
            Self::Null => None,
            Self::Missing => Some(missing),
            Self::To(_) if keys.is_empty() => None,
            Self::To(index) => Some(index.get(keys).clone()),
        }
    }

    /// As [`key`](Self::key), but only few cases have rows whose required target is missing.
    fn required_key<K: Clone>(&self, keys: &[K], missing: K, loose: bool) -> Option<K> {
        match self {
            Self::Missing if !loose => keys.first().cloned(),
            _ => self.key(keys, missing),
        }
    }
}

fn required() -> impl Strategy<Value = Reference> {
    prop_oneof![
        9 => any::<Index>().prop_map(Reference::To),
        1 => Just(Reference::Missing),
    ]
}

fn nullable() -> impl Strategy<Value = Reference> {
    prop_oneof![
        7 => any::<Index>().prop_map(Reference::To),
        2 => Just(Reference::Null),
        1 => Just(Reference::Missing),
    ]
}

/// A number that no row has as its primary key.
const MISSING: i64 = 1000;

fn id() -> impl Strategy<Value = i64> {
    // Negative ones too, which are the greater ones by their bytes.
    -20..40_i64
}

/// Few of them, so that orders have ties.
fn text() -> impl Strategy<Value = String> {
    select(vec!["", "ann", "Ann", "it's", "ü", "zoë"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Option<i32>> {
    of(0..4_i32)
}

fn mood() -> impl Strategy<Value = Mood> {
    select(vec![Mood::Sunny, Mood::Calm, Mood::Angry])
}

/// Equal in threes by the rules of `citext`.
fn topic() -> impl Strategy<Value = String> {
    select(vec!["sql", "SQL", "Sql", "rust", "Rust", "RUST", "it's"]).prop_map(str::to_owned)
}

fn room() -> impl Strategy<Value = String> {
    select(vec!["", "a", "b"]).prop_map(str::to_owned)
}

type ShelfKey = (String, i16);

fn shelf_key() -> impl Strategy<Value = ShelfKey> {
    (room(), -1..2_i16)
}

/// A key of which any part may be NULL.
fn nullable_shelf_key() -> impl Strategy<Value = (Option<String>, Option<i16>)> {
    (weighted(0.85, room()), weighted(0.85, -1..2_i16))
}

fn author() -> impl Strategy<Value = (Author, Reference)> {
    let mentor = nullable();
    (id(), text(), number(), of(mood()), mentor).prop_map(|(id, name, rank, mood, mentor)| {
        let author = Author {
            id,
            name,
            rank,
            mood,
            mentor_id: None,
            posts: Unloaded,
            edited: Unloaded,
            pupils: Unloaded,
            mentor: Unloaded,
            profile: Unloaded,
            desk: Unloaded,
            badge: Unloaded,
            mood_colour: Unloaded,
            motto: Unloaded,
        };
        (author, mentor)
    })
}

fn post() -> impl Strategy<Value = (Post, Reference, Reference)> {
    let columns = (id(), text(), number(), of(topic()), nullable_shelf_key());
    (columns, required(), nullable()).prop_map(|(columns, author, editor)| {
        let (id, title, rating, topic, (room, number)) = columns;
        let post = Post {
            id,
            title,
            rating,
            author_id: MISSING,
            editor_id: None,
            topic,
            room,
            number,
            author: Unloaded,
            editor: Unloaded,
            about: Unloaded,
            shelf: Unloaded,
            tags: Unloaded,
        };
        (post, author, editor)
    })
}

fn shelf() -> impl Strategy<Value = Shelf> {
    (shelf_key(), number()).prop_map(|((room, number), height)| Shelf {
        room,
        number,
        height,
        posts: Unloaded,
        lock: Unloaded,
        neighbours: Unloaded,
    })
}

fn shelf_link() -> impl Strategy<Value = ShelfLink> {
    (nullable_shelf_key(), nullable_shelf_key()).prop_map(
        |((room, number), (to_room, to_number))| ShelfLink {
            room,
            number,
            to_room,
            to_number,
        },
    )
}

fn lock() -> impl Strategy<Value = Lock> {
    (id(), nullable_shelf_key()).prop_map(|(id, (room, number))| Lock {
        id,
        room,
        number,
        shelf: Unloaded,
    })
}

fn mood_colour() -> impl Strategy<Value = MoodColour> {
    (mood(), text()).prop_map(|(mood, colour)| MoodColour {
        mood,
        colour,
        authors: Unloaded,
    })
}

fn tag() -> impl Strategy<Value = Tag> {
    (id(), text()).prop_map(|(id, word)| Tag {
        id,
        word,
        posts: Unloaded,
    })
}

fn topic_row() -> impl Strategy<Value = Topic> {
    topic().prop_map(|name| Topic {
        name,
        posts: Unloaded,
    })
}

prop_compose! {
    fn tables()(
        (loose, doubled) in (weighted_bool(0.2), weighted_bool(0.2)),
        moods in vec(mood_colour(), 0..6),
        topics in vec(topic_row(), 0..6),
        (shelves, shelf_links, locks) in (
            vec(shelf(), 0..12), vec(shelf_link(), 0..24), vec(lock(), 0..12)
        ),
        tags in vec(tag(), 0..12),
        authors in vec(author(), 0..16),
        profiles in vec((required(), of(text())), 0..12),
        desks in vec((id(), required(), required()), 0..12),
        badges in vec((id(), nullable()), 0..12),
        posts in vec(post(), 0..40),
        post_tags in vec((nullable(), nullable(), number(), 1..3_usize), 0..50),
    ) -> Tables {
        let author_ids: Vec<i64> = authors.iter().map(|(author, _)| author.id).collect();
        let post_ids: Vec<i64> = posts.iter().map(|(post, ..)| post.id).collect();
        let tag_ids: Vec<i64> = tags.iter().map(|tag| tag.id).collect();
        let shelf_keys: Vec<ShelfKey> =
            shelves.iter().map(|shelf| (shelf.room.clone(), shelf.number)).collect();
        let required_author =
            |author: &Reference| author.required_key(&author_ids, MISSING, loose);

        let authors = authors.iter().map(|(author, mentor)| Author {
            mentor_id: mentor.key(&author_ids, MISSING),
            ..author.clone()
        });
        let profiles = profiles.iter().filter_map(|(author, bio)| Some(Profile {
            author_id: required_author(author)?,
            bio: bio.clone(),
            author: Unloaded,
        }));
        let desks = desks.iter().filter_map(|(id, author, shelf)| {
            let nowhere = ("nowhere".to_owned(), 9);
            let (room, number) = shelf.required_key(&shelf_keys, nowhere, loose)?;
            let author_id = required_author(author)?;
            Some(Desk { id: *id, author_id, room, number, author: Unloaded, shelf: Unloaded })
        });
        let badges = badges.iter().map(|(id, author)| Badge {
            id: *id,
            author_id: author.key(&author_ids, MISSING),
            author: Unloaded,
            label: Unloaded,
        });
        let posts = posts.iter().filter_map(|(post, author, editor)| Some(Post {
            author_id: required_author(author)?,
            editor_id: editor.key(&author_ids, MISSING),
            ..post.clone()
        }));
        let post_tags = post_tags.iter().flat_map(|(post, tag, weight, times)| {
            let link = LinkRow {
                post_id: post.key(&post_ids, MISSING),
                tag_id: tag.key(&tag_ids, MISSING),
                weight: *weight,
            };
            std::iter::repeat_n(link, *times)
        });
        Tables {
            moods,
            authors: authors.collect(),
            profiles: profiles.collect(),
            desks: desks.collect(),
            badges: one_each(badges.collect(), |badge| badge.author_id, doubled),
            topics,
            shelves,
            shelf_links,
            locks: one_each(locks, |lock| lock.room.clone().zip(lock.number), doubled),
            posts: posts.collect(),
            tags,
            post_tags: post_tags.collect(),
        }
    }
}

/// Keeps the first row of each key, and if it is `doubled`, the second one of one key: then there are pages with that key
/// and pages without it.
fn one_each<R, K: PartialEq>(
    rows: Vec<R>,
    key: impl Fn(&R) -> Option<K>,
    mut doubled: bool,
) -> Vec<R> {
    let mut kept: Vec<R> = Vec::new();
    for row in rows {
        let wanted = key(&row);
        let is_first = wanted.is_none() || kept.iter().all(|other| key(other) != wanted);
        if is_first || std::mem::take(&mut doubled) {
            kept.push(row);
        }
    }
    kept
}

prop_compose! {
    pub(crate) fn cases()(tables in tables(), choices in choices()) -> Case {
        Case { tables, choices }
    }
}
