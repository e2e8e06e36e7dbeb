//! unlazy, in each of its strategies.

mod entities;

use futures_util::future::BoxFuture;
use unlazy::Db;
use workload::{BoxError, Case, Contender, Done, LATEST, done, key, note};

use crate::entities::{
    Event, NewNote, Note, Post, User, event, post_with_all, post_with_author, post_with_tags, user,
    user_with_all, user_with_posts,
};

/// How relations are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// One statement for each relation, level by level.
    Selectin,
    /// To-one relations in the statement of their parent, all others as with `Selectin`.
    Joined,
    /// All statements at once.
    Pipelined,
}

pub fn connect(url: &str, strategy: Strategy) -> Result<impl Contender + use<>, BoxError> {
    let db = Db::connect(url)?;
    db.pool().resize(8);
    let db = if strategy == Strategy::Pipelined {
        db.pipelined()
    } else {
        db
    };
    Ok(Unlazy { db, strategy })
}

struct Unlazy {
    db: Db,
    strategy: Strategy,
}

impl Contender for Unlazy {
    fn name(&self) -> &'static str {
        match self.strategy {
            Strategy::Selectin => "unlazy",
            Strategy::Joined => "unlazy joined",
            Strategy::Pipelined => "unlazy pipelined",
        }
    }

    fn offers(&self, case: Case) -> bool {
        let has_to_one = matches!(
            case,
            Case::PostsAuthor { .. } | Case::PostsAuthorTagsComments { .. }
        );
        let has_one_level = matches!(
            case,
            Case::UserByKey { .. } | Case::FlatRows { .. } | Case::Insert { .. }
        );
        match self.strategy {
            Strategy::Selectin => true,
            Strategy::Joined => has_to_one,
            Strategy::Pipelined => !has_one_level,
        }
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        Box::pin(async move { Ok(self.done(case).await?) })
    }
}

impl Unlazy {
    async fn done(&self, case: Case) -> unlazy::Result<Done> {
        let db = &self.db;
        let first = case.parents() as u32;
        let joined = self.strategy == Strategy::Joined;
        Ok(match case {
            Case::UsersPosts { .. } => {
                let query = User::query().with(User::POSTS).limit(first);
                done(query.all(db).await?, user_with_posts)
            }
            Case::UsersPostsComments { .. } => {
                let query = User::query().with(User::POSTS.with(Post::COMMENTS));
                done(query.limit(first).all(db).await?, user_with_all)
            }
            Case::PostsAuthor { .. } if joined => {
                let query = Post::query().with(Post::AUTHOR).limit(first);
                done(query.all(db).await?, post_with_author)
            }
            Case::PostsAuthor { .. } => {
                let query = Post::query().with(Post::AUTHOR.selectin()).limit(first);
                done(query.all(db).await?, post_with_author)
            }
            Case::PostsTags { .. } => {
                let query = Post::query().with(Post::TAGS).limit(first);
                done(query.all(db).await?, post_with_tags)
            }
            Case::PostsAuthorTagsComments { .. } => {
                let query = Post::query().with(Post::TAGS).with(Post::COMMENTS);
                let query = query.limit(first);
                let posts = if joined {
                    query.with(Post::AUTHOR).all(db).await?
                } else {
                    query.with(Post::AUTHOR.selectin()).all(db).await?
                };
                done(posts, post_with_all)
            }
            Case::UserByKey { id } => done(vec![User::find(id).one(db).await?], user),
            Case::FlatRows { .. } => done(Event::query().limit(first).all(db).await?, event),
            Case::Insert { rows } => {
                let notes = (0..rows).map(new_note);
                let insert = Note::insert_many(notes).returning(Note::ID);
                done(insert.all(db).await?, key)
            }
            Case::UsersLatestPosts { .. } => {
                // As the documentation recommends for lists that are not much longer than the limit.
                let latest = User::POSTS.order_by(Post::ID.desc()).by_window();
                let query = User::query().with(latest.limit_per_parent(LATEST as u32));
                done(query.limit(first).all(db).await?, user_with_posts)
            }
        })
    }
}

fn new_note(number: i64) -> NewNote {
    let (user_id, title, views, created_at) = note(number);
    NewNote {
        user_id,
        title,
        views,
        created_at,
    }
}
