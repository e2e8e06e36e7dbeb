//! How rows are related, as far as it decides what can be written through a relation.

/// Each target has the parent's key: `has_many`, `has_one`.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct ViaTarget;

/// The parent has the target's key: `belongs_to`.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct ViaParent;

/// Rows of a link table have the keys of both: `many_to_many`. `KEYS_SUFFICE` says whether such a row can be made of keys alone.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct ViaLink<const KEYS_SUFFICE: bool>;

/// Of a relation `R` whose targets refer to their parents, so that they can be inserted after them.
#[diagnostic::on_unimplemented(
    message = "`{R}` is a `belongs_to`: its target cannot be inserted after the row that refers to it",
    label = "the target comes first",
    note = "insert it the other way round, the author with its posts: \
            `User::insert_with(NewUser {{ .. }}.with(User::POSTS.insert(posts, |user, post| NewPost {{ author_id: user.id, .. }})))`"
)]
#[doc(hidden)]
pub trait TargetsRefer<R> {}

impl<R> TargetsRefer<R> for ViaTarget {}
impl<R, const KEYS_SUFFICE: bool> TargetsRefer<R> for ViaLink<KEYS_SUFFICE> {}

/// Of a relation `R` that is a `many_to_many`.
#[diagnostic::on_unimplemented(
    message = "`{R}` has no links that could be added or removed",
    label = "this is for a `many_to_many`, whose links are rows of a table of their own",
    note = "in other relations one of the two rows has the key of the other: update that row, as in \
            `Post::update().of(&post).set(Post::AUTHOR_ID, user.id)`, or insert or delete it"
)]
#[doc(hidden)]
pub trait HasLinks<R> {}

impl<R, const KEYS_SUFFICE: bool> HasLinks<R> for ViaLink<KEYS_SUFFICE> {}

/// Of a relation `R` whose links, if it has any, are made of the two keys.
#[diagnostic::on_unimplemented(
    message = "a link of `{R}` has more to it than the two keys",
    label = "the link's entity has other columns that an insert must set",
    note = "insert the links as entities, as in `PostTag::insert_many(..)`; a column with a default in the database can say so: \
            `#[entity(default)]`"
)]
#[doc(hidden)]
pub trait KeysSuffice<R> {}

impl<R> KeysSuffice<R> for ViaTarget {}
impl<R> KeysSuffice<R> for ViaParent {}
impl<R> KeysSuffice<R> for ViaLink<true> {}
