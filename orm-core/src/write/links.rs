//! Adding and removing links of many-to-many relations.

use std::sync::Arc;

use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::record::Record;
use crate::relation::{Rel, Relation};
use crate::scope::Scopes;
use crate::sql::Sql;
use crate::value::IntoValue;
use crate::write::link_rows::{Key, LinkRows};
use crate::write::related::{HasLinks, KeysSuffice};

/// What says which row of `E` is meant: its primary key or a reference to it, a reference to the entity in any state, or an
/// `Arc` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a key of `{E}` nor a reference to one",
    label = "expected the primary key of a `{E}`, a `&{E}`, or an `Arc` of one"
)]
pub trait IntoKey<E: Entity, As> {
    #[doc(hidden)]
    fn into_key(self) -> crate::entity::KeyBinds;
}

/// By its key.
#[derive(Debug)]
#[doc(hidden)]
pub enum ByKey {}

/// By the entity.
#[derive(Debug)]
#[doc(hidden)]
pub enum ByEntity {}

/// By the entity, which is shared.
#[derive(Debug)]
#[doc(hidden)]
pub enum ByShared {}

impl<E: Entity, K: IntoValue<E::Key>> IntoKey<E, ByKey> for K {
    fn into_key(self) -> Key {
        E::bind_key(self.into_value())
    }
}

impl<V: Record> IntoKey<V::Entity, ByEntity> for &V {
    fn into_key(self) -> Key {
        self.key_binds()
    }
}

impl<V: Record> IntoKey<V::Entity, ByShared> for &Arc<V> {
    fn into_key(self) -> Key {
        self.key_binds()
    }
}

impl<V: Record> IntoKey<V::Entity, ByShared> for Arc<V> {
    fn into_key(self) -> Key {
        self.key_binds()
    }
}

/// # Links
///
/// The links of a `many_to_many` are rows of its link table. Each of these methods makes one statement, whose text does not
/// depend on the number of keys, and which runs with `.execute(&db)`:
///
/// ```
/// # use std::sync::Arc;
/// # use unlazy::{Db, Entity, Unloaded};
/// # #[derive(Entity)]
/// # #[entity(table = "posts")]
/// # struct Post<Tags = Unloaded> {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
/// #     tags: Tags,
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "tags")]
/// # struct Tag { #[entity(primary_key, generated)] id: i64 }
/// # async fn example(db: Db, post: Post, tags: Vec<Tag>, shared: Vec<Arc<Tag>>) -> unlazy::Result<()> {
/// let added: u64 = Post::TAGS.add(&post, [1, 2]).execute(&db).await?;
/// let removed: u64 = Post::TAGS.remove(&post, &tags).execute(&db).await?;
/// let links = Post::TAGS.set(&post, &shared).execute(&db).await?;
/// println!("{} added, {} removed", links.added, links.removed);
/// Post::TAGS.remove_all(7).execute(&db).await?;
/// # Ok(())
/// # }
/// ```
///
/// Rows are given by their primary keys, by reference to entities in any state, or by `Arc`s.
///
/// A link that is an entity may have [scopes](crate::Scope), and the relation a `filter_link`. Links that these hide are as if
/// they were not there: they are not removed. [`unscoped_link`](Self::unscoped_link) lifts the scopes. A link that is [deleted
/// softly](crate::SoftDelete) is marked instead of removed. A new link has the value of a
/// scope that has one, such as its tenant; its other columns have what the database has for them.
impl<R: Relation> Rel<R> {
    /// Adds links from a row to others. What is linked already stays as it is, and what is given twice is linked once.
    ///
    /// ```sql
    /// INSERT INTO "post_tags" ("post_id", "tag_id") SELECT k.c0, k.c1
    /// FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS k(c0, c1, n)
    /// WHERE NOT EXISTS (SELECT FROM "post_tags" AS l WHERE l."post_id" = k.c0 AND l."tag_id" = k.c1)
    /// GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT DO NOTHING
    /// ```
    ///
    /// Two that add the same link at the same time add it once if a unique constraint of the table is over both keys, and
    /// twice otherwise. With such a constraint a link that is hidden cannot be added: it stays hidden, and is not counted.
    ///
    /// A link whose entity has more columns that must be set is inserted as an entity, and does not compile here.
    pub fn add<P, K, AsParent, AsTarget>(
        self,
        parent: P,
        targets: impl IntoIterator<Item = K>,
    ) -> AddLinks
    where
        R::Via: HasLinks<R> + KeysSuffice<R>,
        P: IntoKey<R::Parent, AsParent>,
        K: IntoKey<R::Target, AsTarget>,
    {
        AddLinks(self.links(parent, targets))
    }

    /// Removes the links from a row to others:
    ///
    /// ```sql
    /// DELETE FROM "post_tags" AS l WHERE l."post_id" = $1 AND (l."tag_id" = ANY($2::int8[]))
    /// ```
    pub fn remove<P, K, AsParent, AsTarget>(
        self,
        parent: P,
        targets: impl IntoIterator<Item = K>,
    ) -> RemoveLinks
    where
        R::Via: HasLinks<R>,
        P: IntoKey<R::Parent, AsParent>,
        K: IntoKey<R::Target, AsTarget>,
    {
        RemoveLinks {
            links: self.links(parent, targets),
            all: false,
        }
    }

    /// Removes all links of a row: `DELETE FROM "post_tags" AS l WHERE l."post_id" = $1`.
    pub fn remove_all<P, AsParent>(self, parent: P) -> RemoveLinks
    where
        R::Via: HasLinks<R>,
        P: IntoKey<R::Parent, AsParent>,
    {
        RemoveLinks {
            links: self.links_to(parent.into_key(), Vec::new()),
            all: true,
        }
    }

    /// Links a row to exactly these others: removes the links that it has to any else, and [`add`](Self::add)s those that it does
    /// not have. Links that stay are not touched.
    ///
    /// ```sql
    /// WITH removed AS (
    ///     DELETE FROM "post_tags" AS l WHERE l."post_id" = $3 AND NOT (l."tag_id" = ANY($2::int8[])) RETURNING 1),
    /// added AS (INSERT INTO "post_tags" ("post_id", "tag_id") SELECT .. ON CONFLICT DO NOTHING RETURNING 1)
    /// SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)
    /// ```
    ///
    /// Of two that set the links of a row at the same time neither sees what the other adds, so that there may be those of both
    /// afterwards. Where that matters, lock the row before: [`Query::for_update`](crate::Query::for_update).
    pub fn set<P, K, AsParent, AsTarget>(
        self,
        parent: P,
        targets: impl IntoIterator<Item = K>,
    ) -> SetLinks
    where
        R::Via: HasLinks<R> + KeysSuffice<R>,
        P: IntoKey<R::Parent, AsParent>,
        K: IntoKey<R::Target, AsTarget>,
    {
        SetLinks(self.links(parent, targets))
    }

    fn links<P, K, AsParent, AsTarget>(
        self,
        parent: P,
        targets: impl IntoIterator<Item = K>,
    ) -> Links
    where
        P: IntoKey<R::Parent, AsParent>,
        K: IntoKey<R::Target, AsTarget>,
    {
        let targets = targets.into_iter().map(IntoKey::into_key).collect();
        self.links_to(parent.into_key(), targets)
    }

    fn links_to(self, parent: Key, targets: Vec<Key>) -> Links {
        Links {
            rows: LinkRows::of(R::DEF, self.unscoped_sides().link),
            parent,
            targets,
        }
    }
}

/// Links from one row to others.
#[derive(Debug, Clone)]
struct Links {
    /// There always are, by the bounds of the methods.
    rows: Option<LinkRows>,
    parent: Key,
    targets: Vec<Key>,
}

/// Links to be added. Made by [`Rel::add`].
#[derive(Debug, Clone)]
#[must_use = "nothing is linked before `.execute(&db).await`"]
pub struct AddLinks(Links);

impl AddLinks {
    /// Adds the links, and returns the number of those that were not there.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if one of the rows does not exist, and the database has a foreign key;
    /// then nothing is linked.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        let Links {
            rows,
            parent,
            targets,
        } = self.0;
        let parents = vec![parent; targets.len()];
        let is_empty = targets.is_empty();
        let add = |rows: LinkRows, scopes: &Scopes| rows.add(&parents, &targets, scopes);
        execute(rows.filter(|_| !is_empty), add, on).await
    }
}

/// Links to be removed. Made by [`Rel::remove`] and [`Rel::remove_all`].
#[derive(Debug, Clone)]
#[must_use = "no link is removed before `.execute(&db).await`"]
pub struct RemoveLinks {
    links: Links,
    all: bool,
}

impl RemoveLinks {
    /// Removes the links, and returns their number.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        let Self { links, all } = self;
        let targets = (!all).then_some(&*links.targets);
        let is_empty = targets.is_some_and(<[_]>::is_empty);
        let remove = |rows: LinkRows, scopes: &Scopes| rows.remove(&links.parent, targets, scopes);
        execute(links.rows.filter(|_| !is_empty), remove, on).await
    }
}

/// Links of a row to be replaced. Made by [`Rel::set`].
#[derive(Debug, Clone)]
#[must_use = "nothing is linked before `.execute(&db).await`"]
pub struct SetLinks(Links);

/// How many links [`Rel::set`] has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ChangedLinks {
    /// The number of links that are new.
    pub added: u64,
    /// The number of links that are gone.
    pub removed: u64,
}

impl SetLinks {
    /// Replaces the links, and returns how many were added and removed.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if one of the rows does not exist, and the database has a foreign key;
    /// then nothing is changed.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<ChangedLinks> {
        let Links {
            rows,
            parent,
            targets,
        } = self.0;
        let mut changed = ChangedLinks::default();
        let Some(rows) = rows else {
            return Ok(changed);
        };
        let connection = on.acquire().connection().await?;
        let sql = rows.set(&parent, &targets, connection.scopes());
        connection
            .query(&sql, &mut |row| {
                changed = ChangedLinks {
                    added: row.try_get::<_, i64>(0)?.unsigned_abs(),
                    removed: row.try_get::<_, i64>(1)?.unsigned_abs(),
                };
                Ok(())
            })
            .await?;
        Ok(changed)
    }
}

/// Runs a statement, unless there is nothing to be done.
async fn execute<X: Executor + ?Sized>(
    rows: Option<LinkRows>,
    sql: impl FnOnce(LinkRows, &Scopes) -> Sql,
    on: &X,
) -> Result<u64> {
    let Some(rows) = rows else {
        return Ok(0);
    };
    let connection = on.acquire().connection().await?;
    let sql = sql(rows, connection.scopes());
    connection.execute(&sql).await
}
