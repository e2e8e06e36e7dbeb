//! Relations: how the rows of one entity belong to those of another.

use std::fmt;
use std::marker::PhantomData;

use crate::db::Executor;
use crate::entity::{Entity, EntityDef, KeyParts};
use crate::expr::Expr;
use crate::expression::{Expression, IntoExpression};
use crate::fixed::Fixed;
use crate::load::{
    At, Below, Complete, Filled, FilledIf, Follow, If, InHand, IntoComplete, LimitOverAllParents,
    Load, LoadOnto, Loads, Put, Recursive, Restated, StateField, Strategy, ToItself, forget,
    load_onto,
};
use crate::order::{Order, OrderBy};
use crate::predicate::{Filter, Predicate};
use crate::record::{Assemble, Record};
use crate::scope::SoftDelete;
use crate::select::Select;
use crate::shape::{Joinable, Shape, ToMany, ToOne};
use crate::state::{Loaded, Unloaded};

/// A relation of an entity. `#[derive(Entity)]` makes a type for each relation field.
pub trait Relation: Send + Sync + 'static {
    /// The entity that has the relation as a field.
    type Parent: Entity;
    /// The entity that it leads to.
    type Target: Entity;
    /// What the field holds once loaded.
    type Shape: Shape;
    /// The position of its state among those of the entity.
    #[doc(hidden)]
    type Position;
    /// Which rows have the keys that it goes by.
    #[doc(hidden)]
    type Via;
    /// The relation's name, kind and keys.
    const DEF: &'static RelationDef;

    /// The values by which a parent refers to its targets.
    #[doc(hidden)]
    fn key<'a>(parent: &'a Self::Parent, key: &mut KeyParts<'a>);
}

impl<R: Relation> StateField for R {
    type Owner = R::Parent;
    type Position = R::Position;
    type Target = R::Target;
    type Slot<Below> = Load<R, Below>;
}

/// A many-to-many relation whose link table is an entity too.
#[diagnostic::on_unimplemented(
    message = "the link table of this relation is not an entity",
    label = "there are no link columns that could be named here",
    note = "declare the link with an entity: `many_to_many(Tag, through = PostTag(post_id, tag_id))`"
)]
pub trait ThroughEntity: Relation {
    /// The link's entity.
    type Link: Entity;
}

/// What kind of relation it is, seen from the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RelationKind {
    /// Any number of targets have the parent's key.
    HasMany,
    /// At most one target has the parent's key.
    HasOne,
    /// The parent has the target's key.
    BelongsTo,
    /// Rows of a link table have the keys of both.
    ManyToMany,
}

/// A relation as data.
#[derive(Debug)]
pub struct RelationDef {
    /// The field's name.
    pub name: &'static str,
    /// The kind.
    pub kind: RelationKind,
    /// The entity that has the relation.
    pub parent: &'static EntityDef,
    /// The entity that it leads to.
    pub target: &'static EntityDef,
    /// The positions of the parent's columns that take part in it.
    pub parent_columns: &'static [usize],
    /// The positions of the target's columns that take part in it.
    pub target_columns: &'static [usize],
    /// The link table of a many-to-many relation.
    pub link: Option<LinkDef>,
    /// The conditions and the order that the definition fixes.
    #[doc(hidden)]
    pub fixed: Option<Fixed>,
}

/// The link table of a many-to-many relation.
#[derive(Debug)]
pub struct LinkDef {
    /// The schema, if one is named.
    pub schema: Option<&'static str>,
    /// The table.
    pub table: &'static str,
    /// The columns that refer to the parent.
    pub parent_columns: &'static [&'static str],
    /// The columns that refer to the target.
    pub target_columns: &'static [&'static str],
    /// Its entity, if it has one.
    pub entity: Option<&'static EntityDef>,
}

impl RelationDef {
    /// Whether the declarations of the entities alone say that a parent has at most one target.
    pub(crate) fn target_is_unique(&self) -> bool {
        self.target.is_unique(self.target_columns)
    }
}

/// The sides of a relation where scopes do not hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unscoped {
    pub(crate) target: bool,
    pub(crate) link: bool,
    /// Only of the scope that hides deleted targets.
    pub(crate) deleted: bool,
}

impl fmt::Display for RelationDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.parent.name, self.name)
    }
}

/// A relation token, as `User::POSTS`: what [`Query::with`](crate::Query::with) loads and what conditions go through.
pub struct Rel<R> {
    unscoped: Unscoped,
    marker: PhantomData<fn() -> R>,
}

impl<R> Rel<R> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub const fn new() -> Self {
        Self {
            unscoped: Unscoped {
                target: false,
                link: false,
                deleted: false,
            },
            marker: PhantomData,
        }
    }
}

impl<R> Rel<R> {
    pub(crate) fn unscoped_sides(self) -> Unscoped {
        self.unscoped
    }
}

impl<R> Clone for Rel<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Rel<R> {}

impl<R: Relation> fmt::Debug for Rel<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(R::DEF, f)
    }
}

/// The load slots of a relation's target, with none filled.
type TargetLoads<R> = <<R as Relation>::Target as Entity>::Loads;

/// Loading: each method makes a [`Load`] that [`Query::with`](crate::Query::with) takes.
impl<R: Relation> Rel<R> {
    /// Loads a relation of the target too: `User::POSTS.with(Post::TAGS)`.
    pub fn with<N>(self, nested: N) -> Load<R, Filled<R::Target, TargetLoads<R>, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, TargetLoads<R>, N::Load>,
        Filled<R::Target, TargetLoads<R>, N>: Loads<R::Target>,
    {
        self.into_load().with(nested)
    }

    /// Loads a relation of the target if a condition holds; see [`Query::with_if`](crate::Query::with_if).
    pub fn with_if<N>(
        self,
        condition: bool,
        nested: N,
    ) -> Load<R, FilledIf<R::Target, TargetLoads<R>, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, TargetLoads<R>, If<N::Load>>,
        FilledIf<R::Target, TargetLoads<R>, N>: Loads<R::Target>,
    {
        self.into_load().with_if(condition, nested)
    }

    /// Loads with one more statement for all parents, whatever their number: `WHERE author_id = ANY($1)`.
    /// The default for collections, and for a `has_one` whose foreign key is
    /// not declared `unique`.
    pub fn selectin(self) -> Load<R, TargetLoads<R>> {
        self.into_load().strategy(Strategy::Selectin)
    }

    /// Loads in the parent's own statement: `LEFT JOIN users AS t1 ON ..`. The default for `belongs_to`, and for a
    /// `has_one` whose foreign key is declared `unique`.
    ///
    /// A `has_one` is joined as `LEFT JOIN LATERAL (.. LIMIT 1)`, so that data with two rows cannot multiply the parents;
    /// that looks the key up once for each parent, and wants an index.
    pub fn joined(self) -> Load<R, TargetLoads<R>>
    where
        R::Shape: Joinable,
    {
        self.into_load().strategy(Strategy::Joined)
    }

    /// Follows a relation of an entity to itself to its end, by one statement however deep that is.
    ///
    /// A `has_many` loads all that is below each entity, as [`Tree`](crate::Tree)s:
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use unlazy::{Db, Entity, Loaded, Tree, Unloaded};
    /// #[derive(Entity)]
    /// #[entity(table = "tasks")]
    /// struct Task<Parent = Unloaded, Subtasks = Unloaded> {
    ///     #[entity(primary_key)]
    ///     id: i64,
    ///     title: String,
    ///     parent_id: Option<i64>,
    ///     #[entity(belongs_to(Task, foreign_key = parent_id))]
    ///     parent: Parent,
    ///     #[entity(has_many(Task, foreign_key = parent_id))]
    ///     subtasks: Subtasks,
    /// }
    ///
    /// # async fn example(db: Db) -> unlazy::Result<()> {
    /// let goals: Vec<Task<Unloaded, Loaded<Vec<Tree<Task>>>>> = Task::query()
    ///     .filter(Task::PARENT_ID.is_null())
    ///     .with(Task::SUBTASKS.recursive())
    ///     .all(&db)
    ///     .await?;
    /// for task in &goals[0].subtasks {
    ///     println!("{}: {} subtasks", task.title, task.children().len());
    /// }
    ///
    /// let task: Task<Loaded<Vec<Arc<Task>>>> = Task::find(7).with(Task::PARENT.recursive()).one(&db).await?;
    /// let path: Vec<&str> = task.parent.iter().rev().map(|task| &*task.title).collect();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```sql
    /// WITH RECURSIVE "unlazy tree"(r0, c0, a0) AS (
    ///     SELECT k.c0, k.c0, nullif(k.c0, k.c0)
    ///     FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION
    ///     SELECT r.r0, t1."id", r.c0 FROM "unlazy tree" AS r JOIN "tasks" AS t1 ON t1."parent_id" = r.c0)
    /// SELECT r.r0, r.a0, t0."id", .. FROM "unlazy tree" AS r JOIN "tasks" AS t0 ON t0."id" = r.c0
    /// WHERE r.a0 IS NOT NULL ORDER BY t0."id"
    /// ```
    ///
    /// Each entity has its own tree, also if one of them is in the tree of another. The tree can be filtered, which leaves
    /// out what is below, and ordered; [`depth`](Recursive::depth) limits its levels, and [`with`](Recursive::with) loads
    /// relations of everything in it.
    ///
    /// A `belongs_to` whose key is nullable loads all that is above each entity, the nearest first. Each row is fetched
    /// once, and shared. The way ends at a key that is NULL, and at one whose row is missing or hidden.
    ///
    /// # Errors
    ///
    /// The query fails with [`Error::Cycle`](crate::Error::Cycle) if an entity is found below or above itself.
    pub fn recursive(self) -> Recursive<R, TargetLoads<R>>
    where
        (R::Parent, R::Target): ToItself<R>,
        <(R::Parent, R::Target) as ToItself<R>>::Shape: Follow<R>,
    {
        Recursive::new(self.unscoped)
    }

    /// Loads only the targets that fulfil a condition. Which parents come back does not change.
    pub fn filter(self, condition: impl Filter<R::Target>) -> Load<R, TargetLoads<R>>
    where
        R::Shape: ToMany,
    {
        self.into_load().filter(condition)
    }

    /// Loads the targets of each parent in this order; then, and without it, by primary key.
    pub fn order_by(self, order: impl OrderBy<R::Target>) -> Load<R, TargetLoads<R>>
    where
        R::Shape: ToMany,
    {
        self.into_load().order_by(order)
    }

    #[doc(hidden)]
    pub fn limit(self, limit: u32) -> Load<R, TargetLoads<R>>
    where
        R: LimitOverAllParents,
    {
        self.into_load().limit(limit)
    }

    /// Loads at most so many targets of each parent, the first in their order:
    /// `User::POSTS.order_by(Post::CREATED.desc()).limit_per_parent(1)` is the latest post of each user.
    ///
    /// ```sql
    /// SELECT k.n, t0."id", .. FROM unnest($1::int8[]) WITH ORDINALITY AS k(c0, n) CROSS JOIN LATERAL (
    ///     SELECT *, row_number() OVER () AS "unlazy row" FROM (
    ///         SELECT .. FROM "posts" AS t0 WHERE t0."author_id" = k.c0 ORDER BY t0."created" DESC, t0."id" LIMIT $2
    ///     ) AS q) AS t0 ORDER BY k.n, t0."unlazy row"
    /// ```
    ///
    /// It looks up each parent by itself, and so wants an index on the foreign key; best is one on the foreign key and
    /// the order. Where most targets are kept, or there is no such index, [`by_window`](Self::by_window) is faster.
    pub fn limit_per_parent(self, limit: u32) -> Load<R, TargetLoads<R>>
    where
        R::Shape: ToMany,
    {
        self.into_load().limit_per_parent(limit)
    }

    /// Leaves out the first targets of each parent, in their order.
    pub fn offset_per_parent(self, offset: u64) -> Load<R, TargetLoads<R>>
    where
        R::Shape: ToMany,
    {
        self.into_load().offset_per_parent(offset)
    }

    /// Loads what `limit_per_parent` and `offset_per_parent` leave by numbering the targets of all parents in one pass,
    /// instead of looking up each parent: `User::POSTS.order_by(Post::CREATED.desc()).limit_per_parent(3).by_window()`.
    ///
    /// ```sql
    /// SELECT t0."id", .. FROM (
    ///     SELECT .., row_number() OVER (PARTITION BY t0."author_id" ORDER BY t0."created" DESC, t0."id") AS "unlazy row"
    ///     FROM "posts" AS t0 WHERE t0."author_id" = ANY($1)
    /// ) AS t0 WHERE t0."unlazy row" <= $2 ORDER BY t0."author_id", t0."created" DESC, t0."id"
    /// ```
    ///
    /// The result is the same. Which one is faster depends on the data:
    ///
    /// - Without it, the default, only the targets that are kept are read, if there is an index on the foreign key and the
    ///   order. That is best where parents have many more targets than the limit.
    /// - With it, all targets of the parents are read, but in one pass. Choose it where most of them are kept, which is where
    ///   the lists are not much longer than the limit, or where there is no such index.
    ///
    /// It may be called before or after the limit. Without a limit or an offset it changes nothing, nor does it for
    /// aggregates of the relation.
    pub fn by_window(self) -> Load<R, TargetLoads<R>>
    where
        R::Shape: ToMany,
    {
        self.into_load().by_window()
    }

    /// Loads only through link rows that fulfil a condition.
    pub fn filter_link(self, condition: impl Filter<R::Link>) -> Load<R, TargetLoads<R>>
    where
        R: ThroughEntity,
    {
        self.into_load().filter_link(condition)
    }

    /// Loads the targets of each parent ordered by a column of the link.
    pub fn order_by_link(self, order: impl OrderBy<R::Link>) -> Load<R, TargetLoads<R>>
    where
        R: ThroughEntity,
    {
        self.into_load().order_by_link(order)
    }
}

/// Onto values in hand.
impl<R: Relation> Rel<R> {
    /// Loads the relation onto values that the program already has, all at once: one statement whatever their number,
    /// and one more for each level that is loaded below it. What else is loaded on them stays.
    ///
    /// Takes an entity, a `Vec`, an `Option`, a slice (onto copies), an `Arc`, and what a loaded relation
    /// holds; gives back the same with the relation loaded.
    ///
    /// ```no_run
    /// # use unlazy::{Db, Entity, Loaded, Unloaded};
    /// # #[derive(Entity)] struct User<Posts = Unloaded> {
    /// #     #[entity(primary_key)] id: i64,
    /// #     #[entity(has_many(Post, foreign_key = author_id))] posts: Posts,
    /// # }
    /// # #[derive(Entity)] struct Post { #[entity(primary_key)] id: i64, author_id: i64 }
    /// # async fn example(users: Vec<User>, db: Db) -> unlazy::Result<()> {
    /// let users: Vec<User<Loaded<Vec<Post>>>> = User::POSTS.load(users, &db).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Query::all`](crate::Query::all).
    pub fn load<'a, C, X>(self, values: C, on: &'a X) -> LoadOnto<'a, C, Load<R, TargetLoads<R>>>
    where
        C: InHand,
        Load<R, TargetLoads<R>>: Complete<C::Record>,
        X: Executor + ?Sized,
    {
        load_onto(values, self.into_load(), on)
    }

    /// What is to be loaded below this relation where values in hand have it loaded already:
    /// `User::POSTS.below(Post::TAGS).load(users, &db)`. It nests: `User::POSTS.below(Post::TAGS.below(..))`.
    pub fn below<N: IntoComplete>(self, nested: N) -> Below<R, N::Complete> {
        Below::new(nested.into_complete())
    }

    /// Takes what is loaded off values again: `User<Loaded<Vec<Post>>>` becomes `User`. What else is loaded stays.
    ///
    /// [`Record::into_bare`](crate::Record::into_bare) takes off everything.
    pub fn forget<C>(self, values: C) -> C::With<Restated<C::Record, R::Position, Unloaded>>
    where
        C: InHand,
        C::Record: Record<Entity = R::Parent>,
        <C::Record as Record>::States: At<R::Position>,
        R::Parent: Assemble<<<C::Record as Record>::States as At<R::Position>>::Replaced<Unloaded>>,
    {
        forget::<C, R::Position>(values)
    }

    /// What is loaded, of a value of which only that is known: see [`HasLoaded`].
    pub fn of<V, Below>(self, value: &V) -> &<R::Shape as Shape>::Of<Below>
    where
        V: HasLoaded<R, Below>,
        Below: Send + Sync + 'static,
    {
        value.loaded()
    }
}

/// An entity on which the relation `R` is loaded, whatever else is: a bound for generic functions.
///
/// `Below` is what is loaded below it: the bare target if it is not said.
///
/// ```
/// # use unlazy::{Entity, HasLoaded, Unloaded, relation};
/// # #[derive(Entity)] struct User<Posts = Unloaded> {
/// #     #[entity(primary_key)] id: i64,
/// #     #[entity(has_many(Post, foreign_key = author_id))] posts: Posts,
/// # }
/// # #[derive(Entity)] struct Post { #[entity(primary_key)] id: i64, author_id: i64 }
/// fn number_of_posts(user: &impl HasLoaded<relation!(User::posts)>) -> usize {
///     User::POSTS.of(user).len()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "relation `{R}` is not loaded in `{Self}`",
    label = "this needs `{R}` to be loaded, with `{Below}` in it",
    note = "load it with the query, as `User::query().with(User::POSTS)`, or onto the value, as `User::POSTS.load(user, &db)`"
)]
pub trait HasLoaded<R: Relation, Below = <R as Relation>::Target>:
    Record<Entity = R::Parent>
where
    Below: Send + Sync + 'static,
{
    #[doc(hidden)]
    fn loaded(&self) -> &<R::Shape as Shape>::Of<Below>;
}

#[diagnostic::do_not_recommend]
impl<V, R, Below> HasLoaded<R, Below> for V
where
    R: Relation,
    Below: Send + Sync + 'static,
    V: Record<Entity = R::Parent>,
    V::States: At<R::Position, Item = Loaded<<R::Shape as Shape>::Of<Below>>>,
{
    fn loaded(&self) -> &<R::Shape as Shape>::Of<Below> {
        V::States::pick(self.states())
    }
}

/// Without [scopes](crate::Scope): for loads as well as for conditions and orders.
impl<R: Relation> Rel<R> {
    /// The targets that the scopes of their entity hide are there too: `User::POSTS.unscoped().any(..)`,
    /// `.with(Post::AUTHOR.unscoped())`. What is loaded below them, and conditions on them, have their own scopes.
    pub fn unscoped(mut self) -> Self {
        self.unscoped.target = true;
        self
    }

    /// The targets that are [deleted softly](crate::SoftDelete) are there too: `.with(Post::AUTHOR.with_deleted())`,
    /// `User::POSTS.with_deleted().count()`. Other scopes of the target hold.
    pub fn with_deleted(mut self) -> Self
    where
        R::Target: SoftDelete,
    {
        self.unscoped.deleted = true;
        self
    }

    /// Goes also through link rows that the scopes of the link's entity hide.
    pub fn unscoped_link(mut self) -> Self
    where
        R: ThroughEntity,
    {
        self.unscoped.link = true;
        self
    }
}

/// Conditions and orders that go through the relation; nothing is loaded by them.
impl<R: Relation> Rel<R> {
    /// The rows that it leads to.
    pub(crate) fn select(self) -> Select {
        Select::through(R::DEF, self.unscoped)
    }

    fn exists_where(self, condition: Option<Expr>) -> Predicate<R::Parent> {
        let mut select = self.select();
        if let Some(condition) = condition {
            select.filter(condition);
        }
        Predicate::new(Expr::Exists(R::DEF, Box::new(select)))
    }

    /// At least one related row is there: `EXISTS (SELECT FROM posts ..)`.
    pub fn exists(self) -> Predicate<R::Parent> {
        self.exists_where(None)
    }

    /// At least one related row fulfils a condition: `EXISTS (SELECT FROM posts .. AND title = $1)`.
    pub fn any(self, condition: impl Filter<R::Target>) -> Predicate<R::Parent>
    where
        R::Shape: ToMany,
    {
        self.exists_where(Some(condition.into_expr()))
    }

    /// No related row fulfils a condition: `NOT EXISTS (SELECT FROM posts .. AND title = $1)`.
    pub fn none(self, condition: impl Filter<R::Target>) -> Predicate<R::Parent>
    where
        R::Shape: ToMany,
    {
        self.any(condition).not()
    }

    /// The related row is there and fulfils a condition: `EXISTS (SELECT FROM users .. AND email = $1)`.
    ///
    /// A query that joins the relation to load it (`.with(Post::AUTHOR)`) uses that join instead, with the same result:
    /// `LEFT JOIN users AS t1 ON t1.id = t0.author_id WHERE t1.id IS NOT NULL AND t1.email = $1`.
    pub fn has(self, condition: impl Filter<R::Target>) -> Predicate<R::Parent>
    where
        R::Shape: ToOne,
    {
        self.exists_where(Some(condition.into_expr()))
    }

    /// A value of the related row, for whatever takes an [`Expression`]: `Post::AUTHOR.value(User::EMAIL)`.
    ///
    /// It is `(SELECT t1.email FROM users AS t1 WHERE t1.id = t0.author_id)`, or `t1.email` in a query that joins the relation
    /// to load it. Where there need not be a row, the value is NULL without one, and so its type is an `Option`.
    ///
    /// Of a relation that is required the row is taken to be there. If a [scope](crate::Scope) hides it, the value is NULL all
    /// the same, which is an error where a statement returns it ([`Error::DecodeExpression`](crate::Error::DecodeExpression)).
    pub fn value<V>(self, value: V) -> Expression<R::Parent, <R::Shape as ToOne>::Value<V::Value>>
    where
        R::Shape: ToOne,
        V: IntoExpression<R::Target>,
    {
        let value = value.into_expression().expr();
        Expression::computed(Expr::Related(
            R::DEF,
            Box::new(self.select()),
            Box::new(value),
        ))
    }

    /// Orders by a column of the related row: `Post::AUTHOR.order(User::EMAIL.desc())`. Where there is none, the value
    /// is NULL.
    ///
    /// It is `ORDER BY (SELECT t1.email FROM users AS t1 WHERE t1.id = t0.author_id)`, or `ORDER BY t1.email` in a query that joins the
    /// relation to load it.
    pub fn order(self, order: impl OrderBy<R::Target>) -> Order<R::Parent>
    where
        R::Shape: ToOne,
    {
        let mut term = order.into_term();
        term.expr = Expr::Related(R::DEF, Box::new(self.select()), Box::new(term.expr));
        Order::new(term)
    }
}

/// What [`with`](crate::Query::with) takes: a relation, or one with options, as `User::POSTS.selectin()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation",
    label = "expected a relation, such as `User::POSTS`"
)]
pub trait IntoLoad {
    /// The relation, or the deferred column.
    type Field: StateField;
    /// How it is loaded.
    type Load;

    #[doc(hidden)]
    fn into_load(self) -> Self::Load;
}

impl<R: Relation> IntoLoad for Rel<R> {
    type Field = R;
    type Load = Load<R, TargetLoads<R>>;

    fn into_load(self) -> Self::Load {
        Load::new(self.unscoped)
    }
}

impl<R: Relation, L: Loads<R::Target>> IntoLoad for Load<R, L> {
    type Field = R;
    type Load = Self;

    fn into_load(self) -> Self {
        self
    }
}
