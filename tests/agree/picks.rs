//! The fixed filters and orders, each in unlazy's words and in those of SQL.

use unlazy::{Entity, Fragment, Order, Predicate, Query, sql};

use crate::data::{Choice, Limits, Many, Page};
use crate::entities::{Author, Badge, Desk, Mood, MoodColour, Post, PostTag, Shelf, Tag, Topic};
use crate::rows::Row;

/// A filter and an order of the rows of `E`.
pub(crate) struct Pick<E> {
    pub(crate) filter: Option<Predicate<E>>,
    pub(crate) orders: Vec<Order<E>>,
    /// The filter as SQL.
    condition: &'static str,
    /// The orders as SQL, down to the primary key.
    order: &'static str,
}

impl<E: Pickable> Pick<E> {
    fn new(choice: Choice) -> Self {
        let (filter, condition) = E::filter(choice.filter).unzip();
        let (orders, order) = match choice.order {
            0 => (vec![], E::KEY),
            number => E::orders(number),
        };
        Self {
            filter,
            orders,
            condition: condition.unwrap_or("true"),
            order,
        }
    }
}

/// What a load of a to-many relation has besides its loads.
pub(crate) struct ManyPick<E> {
    pub(crate) pick: Pick<E>,
    pub(crate) limits: Limits,
    pub(crate) by_window: bool,
}

impl<E: Pickable> ManyPick<E> {
    pub(crate) fn new(many: Many) -> Self {
        Self {
            pick: Pick::new(many.choice),
            limits: many.limits,
            by_window: many.by_window,
        }
    }
}

impl<E> ManyPick<E> {
    /// What follows the condition on the parent's key.
    pub(crate) fn and(&self) -> String {
        self.and_by("")
    }

    /// The same, ordered by columns of the link first.
    pub(crate) fn and_by(&self, link_order: &str) -> String {
        let Pick {
            condition, order, ..
        } = self.pick;
        let limits = self.limits.to_sql();
        format!("AND {condition} ORDER BY {link_order} {order}{limits}")
    }
}

/// Applies a pick to a query or to a load, which have the same methods.
macro_rules! picked {
    ($query_or_load:expr, $pick:expr) => {{
        let mut picked = $query_or_load;
        if let Some(filter) = &$pick.filter {
            picked = picked.filter(filter.clone());
        }
        for order in &$pick.orders {
            picked = picked.order_by(order.clone());
        }
        picked
    }};
}

/// Applies all of a `ManyPick` to a load.
macro_rules! picked_many {
    ($load:expr, $pick:expr) => {{
        let mut load = picked!($load, $pick.pick);
        if let Some(limit) = $pick.limits.limit {
            load = load.limit_per_parent(limit);
        }
        if let Some(offset) = $pick.limits.offset {
            load = load.offset_per_parent(offset);
        }
        if $pick.by_window {
            load = load.by_window();
        }
        load
    }};
}

/// A query without loads, in both languages.
pub(crate) struct Root<E: Entity> {
    pub(crate) query: Query<E>,
    /// From `FROM` on.
    pub(crate) sql: String,
}

impl<E: Pickable> Root<E> {
    pub(crate) fn new(page: &Page) -> Self {
        let pick = Pick::<E>::new(page.choice);
        let (query, from, unordered) = if page.twice {
            let (fragment, source) = E::twice();
            // Without an order asked for, it is that of the source.
            (
                Query::from_sql(fragment),
                format!("({source})"),
                E::KEY_DESC,
            )
        } else {
            (Query::new(), E::TABLE.to_owned(), E::KEY)
        };
        let mut query = picked!(query, pick);
        let order = match pick.orders.as_slice() {
            [] => unordered,
            _ => pick.order,
        };
        let sql = format!(
            "FROM {from} AS {} WHERE {} ORDER BY {order}{}",
            E::TABLE,
            pick.condition,
            page.limits.to_sql()
        );
        if let Some(limit) = page.limits.limit {
            query = query.limit(limit);
        }
        if let Some(offset) = page.limits.offset {
            query = query.offset(offset);
        }
        Self { query, sql }
    }
}

/// An entity with variants to choose from. Columns in SQL are qualified by the table's name.
pub(crate) trait Pickable: Entity + Row {
    /// The order by primary key, and its reverse.
    const KEY: &'static str;
    const KEY_DESC: &'static str;

    /// Each row twice, in the reverse order of the primary key.
    fn twice() -> (Fragment<Self>, &'static str);

    /// The filters have the numbers from one on.
    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)>;

    /// The orders have the numbers from one on.
    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str);
}

macro_rules! twice {
    ($sql:literal) => {
        fn twice() -> (Fragment<Self>, &'static str) {
            (sql!($sql), $sql)
        }
    };
}

impl Pickable for Author {
    const KEY: &'static str = "authors.id";
    const KEY_DESC: &'static str = "authors.id DESC";

    twice!("SELECT * FROM (TABLE authors UNION ALL TABLE authors) AS twice ORDER BY id DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Author::RANK.ge(2), "authors.rank >= 2"),
            2 => (
                Author::MENTOR_ID.is_null() | Author::MOOD.eq(Mood::Calm),
                "(authors.mentor_id IS NULL OR authors.mood = 'calm')",
            ),
            3 => (
                Author::POSTS.any(Post::RATING.ge(2)),
                "EXISTS (SELECT FROM posts WHERE posts.author_id = authors.id AND posts.rating >= 2)",
            ),
            4 => (
                !Author::MENTOR.exists(),
                "NOT EXISTS (SELECT FROM authors AS mentor WHERE mentor.id = authors.mentor_id)",
            ),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (vec![Author::RANK.desc()], "authors.rank DESC, authors.id"),
            2 => (
                vec![Author::RANK.asc().nulls_first(), Author::NAME.desc()],
                "authors.rank NULLS FIRST, authors.name DESC, authors.id",
            ),
            3 => (
                vec![Author::MOOD.desc().nulls_last()],
                "authors.mood DESC NULLS LAST, authors.id",
            ),
            _ => (
                vec![Author::MENTOR.order(Author::RANK.asc())],
                "(SELECT rank FROM authors AS mentor WHERE mentor.id = authors.mentor_id), authors.id",
            ),
        }
    }
}

impl Pickable for Post {
    const KEY: &'static str = "posts.id";
    const KEY_DESC: &'static str = "posts.id DESC";

    twice!("SELECT * FROM (TABLE posts UNION ALL TABLE posts) AS twice ORDER BY id DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Post::RATING.is_not_null(), "posts.rating IS NOT NULL"),
            2 => (Post::TITLE.ne(""), "posts.title <> ''"),
            3 => (
                Post::TAGS.any(Tag::WORD.contains("n")),
                "posts.id IN (SELECT post_id FROM post_tags JOIN tags ON tags.id = tag_id WHERE word LIKE '%n%')",
            ),
            4 => (Post::TOPIC.eq("sQL"), "posts.topic = 'sQL'"),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (vec![Post::RATING.desc()], "posts.rating DESC, posts.id"),
            2 => (
                vec![Post::TITLE.asc(), Post::RATING.desc().nulls_last()],
                "posts.title, posts.rating DESC NULLS LAST, posts.id",
            ),
            3 => (
                vec![Post::AUTHOR.order(Author::NAME.desc())],
                "(SELECT name FROM authors AS author WHERE author.id = posts.author_id) DESC, posts.id",
            ),
            _ => (
                vec![sql!("length($1)", Post::TITLE).desc()],
                "length(posts.title) DESC, posts.id",
            ),
        }
    }
}

impl Pickable for Tag {
    const KEY: &'static str = "tags.id";
    const KEY_DESC: &'static str = "tags.id DESC";

    twice!("SELECT * FROM (TABLE tags UNION ALL TABLE tags) AS twice ORDER BY id DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Tag::WORD.ne(""), "tags.word <> ''"),
            2 => (Tag::ID.gt(5), "tags.id > 5"),
            3 => (
                Tag::POSTS.none(Post::RATING.is_null()),
                "tags.id NOT IN (SELECT tag_id FROM post_tags JOIN posts ON posts.id = post_id
                 WHERE tag_id IS NOT NULL AND rating IS NULL)",
            ),
            4 => (Tag::WORD.ilike("a%"), "tags.word ILIKE 'a%'"),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (vec![Tag::WORD.desc()], "tags.word DESC, tags.id"),
            2 => (vec![Tag::ID.desc()], "tags.id DESC"),
            3 => (
                vec![sql!("length($1)", Tag::WORD).asc()],
                "length(tags.word), tags.id",
            ),
            _ => (vec![Tag::WORD.asc()], "tags.word, tags.id"),
        }
    }
}

impl Pickable for Shelf {
    const KEY: &'static str = "shelves.room, shelves.number";
    const KEY_DESC: &'static str = "shelves.room DESC, shelves.number DESC";

    twice!(
        "SELECT * FROM (TABLE shelves UNION ALL TABLE shelves) AS twice ORDER BY room DESC, number DESC"
    );

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Shelf::HEIGHT.is_not_null(), "shelves.height IS NOT NULL"),
            2 => (Shelf::ROOM.eq("a"), "shelves.room = 'a'"),
            3 => (
                Shelf::POSTS.exists(),
                "(shelves.room, shelves.number) IN (SELECT room, number FROM posts)",
            ),
            4 => (
                !Shelf::LOCK.exists(),
                "NOT EXISTS (SELECT FROM locks
                 WHERE locks.room = shelves.room AND locks.number = shelves.number)",
            ),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (
                vec![Shelf::HEIGHT.desc()],
                "shelves.height DESC, shelves.room, shelves.number",
            ),
            2 => (
                vec![Shelf::NUMBER.desc()],
                "shelves.number DESC, shelves.room",
            ),
            3 => (
                vec![Shelf::HEIGHT.asc().nulls_first(), Shelf::ROOM.desc()],
                "shelves.height NULLS FIRST, shelves.room DESC, shelves.number",
            ),
            _ => (
                vec![Shelf::NUMBER.asc(), Shelf::ROOM.desc()],
                "shelves.number, shelves.room DESC",
            ),
        }
    }
}

impl Pickable for Topic {
    const KEY: &'static str = "topics.name";
    const KEY_DESC: &'static str = "topics.name DESC";

    twice!("SELECT * FROM (TABLE topics UNION ALL TABLE topics) AS twice ORDER BY name DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Topic::NAME.eq("rUST"), "topics.name = 'rUST'"),
            2 => (
                Topic::POSTS.exists(),
                "topics.name IN (SELECT topic FROM posts)",
            ),
            _ => return None,
        })
    }

    fn orders(_: u8) -> (Vec<Order<Self>>, &'static str) {
        (vec![Topic::NAME.desc()], "topics.name DESC")
    }
}

impl Pickable for MoodColour {
    const KEY: &'static str = "moods.mood";
    const KEY_DESC: &'static str = "moods.mood DESC";

    twice!("SELECT * FROM (TABLE moods UNION ALL TABLE moods) AS twice ORDER BY mood DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (MoodColour::MOOD.gt(Mood::Sunny), "moods.mood > 'sunny'"),
            2 => (
                MoodColour::MOOD.is_in([Mood::Sunny, Mood::Angry]),
                "moods.mood IN ('sunny', 'angry')",
            ),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (vec![MoodColour::MOOD.desc()], "moods.mood DESC"),
            _ => (vec![MoodColour::COLOUR.asc()], "moods.colour, moods.mood"),
        }
    }
}

impl Pickable for Desk {
    const KEY: &'static str = "desks.id";
    const KEY_DESC: &'static str = "desks.id DESC";

    twice!("SELECT * FROM (TABLE desks UNION ALL TABLE desks) AS twice ORDER BY id DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Desk::ROOM.ne(""), "desks.room <> ''"),
            2 => (
                Desk::AUTHOR.has(Author::RANK.is_not_null()),
                "desks.author_id IN (SELECT id FROM authors WHERE rank IS NOT NULL)",
            ),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (vec![Desk::ID.desc()], "desks.id DESC"),
            _ => (vec![Desk::ROOM.asc()], "desks.room, desks.id"),
        }
    }
}

impl Pickable for Badge {
    const KEY: &'static str = "badges.id";
    const KEY_DESC: &'static str = "badges.id DESC";

    twice!("SELECT * FROM (TABLE badges UNION ALL TABLE badges) AS twice ORDER BY id DESC");

    fn filter(number: u8) -> Option<(Predicate<Self>, &'static str)> {
        Some(match number {
            1 => (Badge::AUTHOR_ID.is_null(), "badges.author_id IS NULL"),
            2 => (Badge::AUTHOR_ID.gt(5), "badges.author_id > 5"),
            _ => return None,
        })
    }

    fn orders(number: u8) -> (Vec<Order<Self>>, &'static str) {
        match number {
            1 => (
                vec![Badge::AUTHOR_ID.desc()],
                "badges.author_id DESC, badges.id",
            ),
            _ => (
                vec![Badge::AUTHOR_ID.asc().nulls_first()],
                "badges.author_id NULLS FIRST, badges.id",
            ),
        }
    }
}

/// A filter and an order by columns of the link `post_tags`.
pub(crate) struct LinkPick {
    pub(crate) filter: Option<Predicate<PostTag>>,
    pub(crate) order: Option<Order<PostTag>>,
    pub(crate) condition: &'static str,
    /// With a comma, as other terms follow.
    pub(crate) order_sql: &'static str,
}

impl LinkPick {
    pub(crate) fn new(choice: Choice) -> Self {
        let (filter, condition) = match choice.filter {
            1 => (
                Some(PostTag::WEIGHT.is_not_null()),
                "post_tags.weight IS NOT NULL",
            ),
            2 => (Some(PostTag::WEIGHT.lt(2)), "post_tags.weight < 2"),
            _ => (None, "true"),
        };
        let (order, order_sql) = match choice.order {
            1 => (Some(PostTag::WEIGHT.desc()), "post_tags.weight DESC,"),
            2 => (
                Some(PostTag::WEIGHT.asc().nulls_first()),
                "post_tags.weight NULLS FIRST,",
            ),
            _ => (None, ""),
        };
        Self {
            filter,
            order,
            condition,
            order_sql,
        }
    }
}
