//! An async ORM for PostgreSQL in which the N+1 query problem does not compile.
//!
//! A relation that the query did not load has the type [`Unloaded`](struct@Unloaded), and nothing can be read from it; one that it did load has
//! the type [`Loaded`]. There is no lazy loading, no session and no identity map: entities are plain values that you own,
//! and `.await` on a query is the only thing that talks to the database.
//!
//! ```no_run
//! use unlazy::{Db, Entity, Unloaded};
//!
//! #[derive(Entity, Debug)]
//! #[entity(table = "users")]
//! struct User<Posts = Unloaded> {
//!     #[entity(primary_key, generated)]
//!     id: i64,
//!     email: String,
//!     #[entity(has_many(Post, foreign_key = author_id))]
//!     posts: Posts,
//! }
//!
//! #[derive(Entity, Debug)]
//! #[entity(table = "posts")]
//! struct Post<Author = Unloaded> {
//!     #[entity(primary_key, generated)]
//!     id: i64,
//!     author_id: i64,
//!     title: String,
//!     #[entity(belongs_to(User, foreign_key = author_id))]
//!     author: Author,
//! }
//!
//! # async fn example() -> unlazy::Result<()> {
//! let db = Db::connect("postgres://localhost/blog")?;
//! let users = User::query()
//!     .filter(User::EMAIL.ends_with("@example.org"))
//!     .with(User::POSTS.order_by(Post::ID.desc()))
//!     .limit(100)
//!     .all(&db)
//!     .await?;
//! for user in &users {
//!     for post in &user.posts {
//!         println!("{}: {}", user.email, post.title);
//!         // post.author.email    does not compile: `author` was not loaded
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! That runs two statements, whatever the number of users:
//!
//! ```sql
//! SELECT t0."id", t0."email" FROM "users" AS t0 WHERE t0."email" LIKE $1 ORDER BY t0."id" LIMIT $2
//! SELECT t0."id", t0."author_id", t0."title" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) ORDER BY t0."id" DESC
//! ```
//!
//! # Where to find what
//!
//! - entities, columns and relations: [`derive(Entity)`](derive@Entity); enums and newtypes: [`derive(Value)`](derive@Value)
//! - conditions: [`Column`] for comparisons, [`Rel`] for conditions on related rows, [`sql!`] for SQL of your own
//! - queries: [`Query`]; results larger than memory: [`Query::stream`]
//! - counting and adding up related rows without loading them: [`Rel::count`], [`Rel::sum`] and their kin, each an [`Expression`] to
//!   compare with, to order by and to return next to the entity with [`Query::annotate`]; of a whole query: [`Query::sum`]
//! - what is loaded: [`Query::with`], and the strategies and options on [`Rel`] and [`Load`]; naming the result's type:
//!   [`loaded!`]
//! - connecting: [`Db::connect`]; next to existing code: [`Executor`]
//! - transactions: [`Db::transaction`]; savepoints: [`Transaction::savepoint`]; isolation levels: [`TransactionOptions`]; running
//!   again what conflicts with others: [`Db::transaction_retrying`]
//! - locking rows: [`Query::for_update`]; locking anything else: [`Transaction::advisory_lock`]
//! - tenants: [`Scope`]; soft deletion: [`SoftDelete`]
//! - changing rows: [`writing`] is the guide; [`Insert`](struct@Insert), [`InsertMany`], [`CopyIn`], [`Update`], [`Delete`]; structs of your own as new
//!   rows: [`derive(Insert)`](derive@Insert), and as changes: [`derive(Patch)`](derive@Patch)
//! - inserting or updating, whichever it takes: [`Insert::on_conflict`] over a [`UniqueKey`]; all about it at [`OnConflict`] and [`Upsert`]
//! - calculating with columns: [`Calculate`]; values of related rows: [`Rel::value`]
//! - refusing to overwrite what somebody else has changed: [versions](derive@Entity#versions)
//! - inserting rows together with rows of their relations: [`NewWith`]; adding and removing links of a `many_to_many`: [`Rel::add`],
//!   [`Rel::remove`], [`Rel::set`]
//! - what can go wrong: [`Error`]; which constraint refused a row: [`Error::violates`]
//! - seeing what is sent: [`Query::to_sql`], [`StatementLog`]
//!
//! # How relations are loaded
//!
//! | strategy | default for | statements | SQL |
//! | --- | --- | --- | --- |
//! | [`selectin`](Rel::selectin) | `has_many`, `many_to_many`, `has_one` | one for each relation, whatever the number of parents | `SELECT .. FROM posts WHERE author_id = ANY($1)` |
//! | [`joined`](Rel::joined) | `belongs_to`, `has_one` over a `unique` foreign key | none of its own | `LEFT JOIN users ON ..` in the parent's statement |
//! | [`pipelined`](Query::pipelined) | a query, or all of a [`Db`](Db::pipelined) | as `selectin`, all sent at once | `.. WHERE author_id IN (SELECT id FROM users ..)` |
//!
//! The strategy changes neither the result nor its type. [`loading`] is the guide to all that a load can be told: filters, limits
//! per parent, conditions, trees, values in hand, and functions that take loaded entities.
//!
//! Targets that can have several parents are shared: `belongs_to` and `many_to_many` hold `Arc`s, and each target is decoded
//! once. Targets with a single parent are owned.
//!
//! A load never changes which entities the query returns. Where a foreign key is required, and its row is missing or hidden, the
//! query fails with [`Error::MissingTarget`]; where a `has_one` finds two rows, with [`Error::TooMany`].
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `uuid`, `chrono`, `time`, `jiff` | the types of these crates |
//! | `json` | `serde_json::Value`, and [`Json`] for types of your own |
//! | `decimal` | `rust_decimal::Decimal` |
//! | `network` | `cidr::IpCidr`, `cidr::IpInet`, `eui48::MacAddress` |
//! | `bits` | `bit_vec::BitVec` |
//! | `serde` | `Serialize` for [`Loaded`] (as its content) and [`Unloaded`](struct@Unloaded) (as `null`), and [`is_unloaded`] to leave it out; both ways for [`Change`] |
//! | `tls` | TLS, by rustls |

#![warn(missing_docs)]

pub use orm_core::*;

#[doc = include_str!("docs/entity.md")]
pub use orm_macros::Entity;

#[doc = include_str!("docs/insert.md")]
pub use orm_macros::Insert;

#[doc = include_str!("docs/patch.md")]
pub use orm_macros::Patch;

#[doc = include_str!("docs/value.md")]
pub use orm_macros::Value;

#[doc = include_str!("docs/loaded.md")]
pub use orm_macros::loaded;

/// The type of a relation, for bounds: `relation!(User::posts)` in `HasLoaded<relation!(User::posts)>`. See
/// [`HasLoaded`].
pub use orm_macros::relation;

/// How relations are loaded: the strategies, and everything that a load can be told.
///
/// The examples use these entities:
///
/// ```rust
#[doc = include_str!("docs/loading/entities.rs")]
/// ```
#[doc = include_str!("docs/loading.md")]
pub mod loading {}

/// How rows are written: inserts, upserts, updates, deletes, graphs of new rows, and transactions.
#[doc = include_str!("docs/writing/insert.md")]
#[doc = include_str!("docs/writing/upsert.md")]
#[doc = include_str!("docs/writing/update.md")]
#[doc = include_str!("docs/writing/transactions.md")]
#[doc = include_str!("docs/writing/graphs.md")]
pub mod writing {}

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
