//! New rows together with new rows of their relations.

mod level;
mod place;
mod slot;

use std::fmt;
use std::marker::PhantomData;

use crate::db::{Connection, Executor};
use crate::entity::{Entity, KeyBinds};
use crate::error::Result;
use crate::load::{Put, Skip};
use crate::record::{Assemble, RecordOf};
use crate::relation::{Rel, Relation};
use crate::write::graph::level::{Alone, Below, With, store};
pub use crate::write::graph::place::NotGiven;
use crate::write::graph::place::Place;
use crate::write::graph::slot::NewSlots;
use crate::write::links::IntoKey;
use crate::write::related::{HasLinks, KeysSuffice, TargetsRefer};
use crate::write::rows::NewRow;
use crate::write::statement::exactly_one;

/// A new row with new rows of its relations: what `NewUser { .. }.with(..)` makes.
///
/// [`Entity::insert_with`] and [`Entity::insert_many_with`] insert it, and return the entity with these relations loaded, as a query
/// does. Rows are nested to any depth:
///
/// ```
/// # use unlazy::{Db, Entity, Unloaded, loaded};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User<Posts = Unloaded> {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// #     #[entity(has_many(Post, foreign_key = author_id))]
/// #     posts: Posts,
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "posts")]
/// # struct Post<Tags = Unloaded> {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     author_id: i64,
/// #     title: String,
/// #     #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
/// #     tags: Tags,
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "tags")]
/// # struct Tag {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     name: String,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let drafts = vec![("Hello", vec!["rust", "sql"]), ("Bye", vec![])];
///
/// let user: loaded!(User { posts { tags } }) = User::insert_with(
///     NewUser { email: "ann@example.org".into() }.with(User::POSTS.insert(drafts, |user, (title, tags)| {
///         NewPost { author_id: user.id, title: title.into() }
///             .with(Post::TAGS.insert(tags, |_, tag| NewTag { name: tag.into() }))
///     })),
/// )
/// .one(&db)
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// BEGIN
/// INSERT INTO "users" AS t0 ("email") VALUES ($1) RETURNING "id", "email"
/// INSERT INTO "posts" AS t0 ("author_id", "title") SELECT * FROM unnest($1::int8[], $2::text[]) RETURNING "id", "author_id", "title"
/// INSERT INTO "tags" AS t0 ("name") SELECT * FROM unnest($1::text[]) RETURNING "id", "name"
/// INSERT INTO "post_tags" ("post_id", "tag_id") SELECT k.c0, k.c1 FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS k(c0, c1, n)
/// COMMIT
/// ```
///
/// That is one statement for each relation, whatever the number of rows, and one more for the links of a `many_to_many`.
/// Relations of the same row are sent together. `BEGIN` goes with the first statement.
///
/// # What is loaded
///
/// The rows that were inserted, as they are stored, in the order in which they were given. A condition or an order that the
/// relation's definition fixes, and the [scopes](crate::Scope) of its entity, are for rows that are looked for: here a row that they
/// would hide is there too.
///
/// # All or nothing
///
/// On a [`Db`](crate::Db) it is a transaction of its own, unless it is a single statement. On a transaction it is a part of
/// that; if it fails, that cannot be committed any more (one of another crate has to be rolled back by its owner). To go on after a
/// failure, run it within a [savepoint](crate::Transaction::savepoint). On a plain client it needs a transaction that was begun on it,
/// and runs within a savepoint: [`Error::NoTransaction`](crate::Error::NoTransaction).
#[must_use = "a row is not inserted before it is given to `User::insert_with` or `User::insert_many_with`"]
pub struct NewWith<E, N, L> {
    row: N,
    related: L,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity, N, L> NewWith<E, N, L> {
    /// Called by the method `with` of a new row.
    #[doc(hidden)]
    pub fn new<C>(row: N, related: C) -> Self
    where
        C: GivenTo<E, E::Loads, Output = L>,
    {
        Self {
            row,
            related: related.put(E::Loads::default()),
            marker: PhantomData,
        }
    }

    /// Adds the rows of one more relation.
    pub fn with<C: GivenTo<E, L>>(self, related: C) -> NewWith<E, N, C::Output> {
        NewWith {
            row: self.row,
            related: related.put(self.related),
            marker: PhantomData,
        }
    }
}

impl<E: Entity, N, L> fmt::Debug for NewWith<E, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWith")
            .field("entity", &E::DEF.name)
            .finish_non_exhaustive()
    }
}

/// Makes rows of a parent that is stored.
type Make<'v, E, N> = Box<dyn FnOnce(&E) -> Vec<N> + Send + 'v>;

/// New rows of the relation `R` of one parent. Made by [`Rel::insert`].
pub struct NewRelated<'v, R: Relation, N, B> {
    make: Make<'v, R::Parent, (N, B)>,
    is_empty: bool,
}

impl<R: Relation, N, B> fmt::Debug for NewRelated<'_, R, N, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRelated")
            .field("relation", &R::DEF.to_string())
            .finish_non_exhaustive()
    }
}

/// Links of one new row to rows that are there already. Made by [`Rel::link`].
pub struct NewLinks<R> {
    targets: Vec<KeyBinds>,
    marker: PhantomData<fn() -> R>,
}

impl<R: Relation> fmt::Debug for NewLinks<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLinks")
            .field("relation", &R::DEF.to_string())
            .field("targets", &self.targets)
            .finish()
    }
}

/// # New rows
impl<R: Relation> Rel<R> {
    /// New rows of this relation, to be inserted together with their parent: one for each value, made by a function of the
    /// parent as it is stored. See [`NewWith`].
    ///
    /// ```
    /// # use unlazy::{Db, Entity, Unloaded};
    /// # #[derive(Entity)]
    /// # #[entity(table = "users")]
    /// # struct User<Posts = Unloaded> {
    /// #     #[entity(primary_key, generated)]
    /// #     id: i64,
    /// #     email: String,
    /// #     #[entity(has_many(Post, foreign_key = author_id))]
    /// #     posts: Posts,
    /// # }
    /// # #[derive(Entity)]
    /// # #[entity(table = "posts")]
    /// # struct Post {
    /// #     #[entity(primary_key, generated)]
    /// #     id: i64,
    /// #     author_id: i64,
    /// #     title: String,
    /// # }
    /// # async fn example(email: String, titles: Vec<String>, db: Db) -> unlazy::Result<()> {
    /// let posts = User::POSTS.insert(titles, |user, title| NewPost { author_id: user.id, title });
    /// let user = User::insert_with(NewUser { email }.with(posts)).one(&db).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The row of a `has_one` is given as an array of one value, or as an `Option`. A row of a `has_many` or `has_one` must have
    /// the key of the parent that the function was given: if it has another one, the error is
    /// [`Error::WrongParent`](crate::Error::WrongParent), and nothing is inserted. (Where the key is of a type whose equal values
    /// can have different bytes, such as `citext` or `numeric`, the row is taken as it is.)
    ///
    /// In a `many_to_many` the links are made by this library. All rows are new: to link what is there already, see
    /// [`link`](Self::link) and [`add`](Self::add).
    pub fn insert<'v, V, N, F>(self, values: V, mut new: F) -> NewRelated<'v, R, N::Row, N::Below>
    where
        R::Via: TargetsRefer<R> + KeysSuffice<R>,
        V: IntoIterator<Item: Send + 'v>,
        F: FnMut(&R::Parent, V::Item) -> N + Send + 'v,
        N: IntoNew<R::Target>,
    {
        let values: Vec<V::Item> = values.into_iter().collect();
        NewRelated {
            is_empty: values.is_empty(),
            make: Box::new(move |parent| {
                let values = values.into_iter();
                values.map(|value| new(parent, value).split()).collect()
            }),
        }
    }

    /// Links a new row to rows that are there already, given as for [`add`](Self::add):
    /// `NewPost { .. }.with(Post::TAGS.link([1, 2]))`. The relation stays unloaded, since only the keys are known.
    pub fn link<K, As>(self, targets: impl IntoIterator<Item = K>) -> NewLinks<R>
    where
        R::Via: HasLinks<R> + KeysSuffice<R>,
        K: IntoKey<R::Target, As>,
    {
        NewLinks {
            targets: targets.into_iter().map(IntoKey::into_key).collect(),
            marker: PhantomData,
        }
    }
}

/// What `.with(..)` of a new row of `E` takes, where `L` is what it was given before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a new `{E}` can be inserted with",
    label = "expected new rows of a relation, such as `User::POSTS.insert(titles, |user, title| NewPost {{ .. }})`",
    note = "or links to rows that are there already: `Post::TAGS.link([1, 2])`"
)]
pub trait GivenTo<E, L> {
    /// What it has been given then.
    #[doc(hidden)]
    type Output;

    #[doc(hidden)]
    fn put(self, related: L) -> Self::Output;
}

impl<'v, E, L, R, N, B> GivenTo<E, L> for NewRelated<'v, R, N, B>
where
    E: Entity,
    R: Relation + Put<E, E::Loads, Skip>,
    L: Place<R, <R as Relation>::Position>,
{
    type Output = L::With<Self>;

    fn put(self, related: L) -> Self::Output {
        related.with(self)
    }
}

impl<E, L, R> GivenTo<E, L> for NewLinks<R>
where
    E: Entity,
    R: Relation + Put<E, E::Loads, Skip>,
    L: Place<R, <R as Relation>::Position>,
{
    type Output = L::With<Self>;

    fn put(self, related: L) -> Self::Output {
        related.with(self)
    }
}

/// What [`Rel::insert`] makes rows of: a [`NewRow`], such as a `NewPost`, or one [with](NewWith) rows of its own relations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a new row of `{E}`",
    label = "expected a `New{E}`, or a struct with `#[derive(Insert)]` and `#[insert({E})]`"
)]
pub trait IntoNew<E: Entity>: Sized {
    /// The row.
    #[doc(hidden)]
    type Row: NewRow<E>;
    /// What is inserted below it.
    #[doc(hidden)]
    type Below: Below<E>;

    #[doc(hidden)]
    fn split(self) -> (Self::Row, Self::Below);
}

/// A new row by itself.
///
/// Without it [`NewWith`] might be a [`NewRow`] too, as far as the compiler knows: of an entity of another crate.
#[doc(hidden)]
pub trait SingleRow {}

#[diagnostic::do_not_recommend]
impl<E: Entity, N: NewRow<E> + SingleRow> IntoNew<E> for N {
    type Row = Self;
    type Below = Alone;

    fn split(self) -> (Self, Alone) {
        (self, Alone)
    }
}

impl<E, N, L> IntoNew<E> for NewWith<E, N, L>
where
    E: Entity + Assemble<L::States>,
    N: NewRow<E>,
    L: NewSlots<E>,
{
    type Row = N;
    type Below = With<L>;

    fn split(self) -> (N, With<L>) {
        (self.row, With(self.related))
    }
}

/// One new row with rows of its relations. Made by [`Entity::insert_with`]; see [`NewWith`].
#[derive(Debug)]
#[must_use = "nothing is inserted before `.one(&db).await`"]
pub struct InsertWith<E: Entity, N, L> {
    new: NewWith<E, N, L>,
}

impl<E: Entity, N, L> InsertWith<E, N, L> {
    pub(crate) fn new(new: NewWith<E, N, L>) -> Self {
        Self { new }
    }
}

impl<E, N, L> InsertWith<E, N, L>
where
    E: Entity + Assemble<L::States>,
    N: NewRow<E>,
    L: NewSlots<E>,
{
    /// Inserts everything, and returns the entity with the relations that were given.
    ///
    /// # Errors
    ///
    /// As [`InsertManyWith::all`].
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<RecordOf<E, L::States>> {
        exactly_one(insert_all(vec![self.new], on).await?, E::DEF)
    }
}

/// Any number of new rows with rows of their relations. Made by [`Entity::insert_many_with`]; see [`NewWith`].
///
/// ```
/// # use unlazy::{Db, Entity, Unloaded, loaded};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User<Posts = Unloaded> {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// #     #[entity(has_many(Post, foreign_key = author_id))]
/// #     posts: Posts,
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "posts")]
/// # struct Post {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     author_id: i64,
/// #     title: String,
/// # }
/// # async fn example(imported: Vec<(String, Vec<String>)>, db: Db) -> unlazy::Result<()> {
/// let users: Vec<loaded!(User { posts })> =
///     User::insert_many_with(imported.into_iter().map(|(email, titles)| {
///         let posts = User::POSTS.insert(titles, |user, title| NewPost { author_id: user.id, title });
///         NewUser { email }.with(posts)
///     }))
///     .all(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// The posts of all users are one statement.
#[derive(Debug)]
#[must_use = "nothing is inserted before `.all(&db).await`"]
pub struct InsertManyWith<E: Entity, N, L> {
    new: Vec<NewWith<E, N, L>>,
}

impl<E: Entity, N, L> InsertManyWith<E, N, L> {
    pub(crate) fn new(new: impl IntoIterator<Item = NewWith<E, N, L>>) -> Self {
        let new = new.into_iter().collect();
        Self { new }
    }
}

impl<E, N, L> InsertManyWith<E, N, L>
where
    E: Entity + Assemble<L::States>,
    N: NewRow<E>,
    L: NewSlots<E>,
{
    /// Inserts everything, and returns the entities with the relations that were given, in the order in which they were given.
    ///
    /// # Errors
    ///
    /// Then nothing is inserted: [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a row,
    /// [`Error::WrongParent`](crate::Error::WrongParent) if a row has the key of another parent than its own,
    /// [`Error::TooMany`](crate::Error::TooMany) if a `has_one` is given several rows, and
    /// [`Error::NotFound`](crate::Error::NotFound) if a trigger of the table leaves a row out.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<RecordOf<E, L::States>>> {
        insert_all(self.new, on).await
    }
}

async fn insert_all<E, N, L, X>(
    new: Vec<NewWith<E, N, L>>,
    on: &X,
) -> Result<Vec<RecordOf<E, L::States>>>
where
    E: Entity + Assemble<L::States>,
    N: NewRow<E>,
    L: NewSlots<E>,
    X: Executor + ?Sized,
{
    let (rows, below): (Vec<_>, Vec<_>) = new.into_iter().map(IntoNew::split).unzip();
    let connection = on.acquire().connection().await?;
    let is_one_statement = below.iter().all(Below::is_empty);
    let insert = insert_rows(rows, below, &connection);
    if is_one_statement {
        insert.await
    } else {
        connection.all_or_nothing(insert).await
    }
}

async fn insert_rows<E: Entity, N: NewRow<E>, B: Below<E>>(
    rows: Vec<N>,
    below: Vec<B>,
    connection: &Connection<'_>,
) -> Result<Vec<B::Record>> {
    let stored = store(rows, connection, &mut |_, _| Ok(())).await?;
    B::insert(below, stored, connection).await
}
