//! The work.

use std::fmt;

/// How many posts of each user `i` loads.
pub const LATEST: i64 = 3;

/// A piece of work. Rows come in the order of their keys, at every level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Case {
    /// The first users with their posts.
    UsersPosts { users: i64 },
    /// The first users with their posts, and these with their comments.
    UsersPostsComments { users: i64 },
    /// The first posts with their author. Posts of the same author may share it.
    PostsAuthor { posts: i64 },
    /// The first posts with their tags.
    PostsTags { posts: i64 },
    /// The first posts with their author, their tags and their comments.
    PostsAuthorTagsComments { posts: i64 },
    /// One user by its key.
    UserByKey { id: i64 },
    /// The first events: 8 columns, nothing below them.
    FlatRows { rows: i64 },
    /// Stores this many notes ([`note`](crate::note)), and returns their keys.
    Insert { rows: i64 },
    /// The first users, each with its [`LATEST`] posts: those with the highest keys, the highest first.
    UsersLatestPosts { users: i64 },
}

impl Case {
    /// The cases of the comparison, in their order.
    pub const ALL: [Self; 10] = [
        Self::UsersPosts { users: 100 },
        Self::UsersPostsComments { users: 1_000 },
        Self::UsersPostsComments { users: 20 },
        Self::PostsAuthor { posts: 10_000 },
        Self::PostsTags { posts: 1_000 },
        Self::PostsAuthorTagsComments { posts: 100 },
        Self::UserByKey { id: 500 },
        Self::FlatRows { rows: 10_000 },
        Self::Insert { rows: 1_000 },
        Self::UsersLatestPosts { users: 1_000 },
    ];

    /// A short name: `b20` is `b` for 20 users.
    pub fn name(self) -> String {
        let first = Self::ALL.iter().find(|case| case.letter() == self.letter());
        if first == Some(&self) {
            self.letter().to_owned()
        } else {
            format!("{}{}", self.letter(), self.parents())
        }
    }

    /// The case that goes by a name of [`name`](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|case| case.name() == name);
        known.or_else(|| {
            let (letter, parents) = name.split_at_checked(1)?;
            let alike = Self::ALL.into_iter().find(|case| case.letter() == letter)?;
            Some(alike.of(parents.parse().ok()?))
        })
    }

    fn letter(self) -> &'static str {
        match self {
            Self::UsersPosts { .. } => "a",
            Self::UsersPostsComments { .. } => "b",
            Self::PostsAuthor { .. } => "c",
            Self::PostsTags { .. } => "d",
            Self::PostsAuthorTagsComments { .. } => "e",
            Self::UserByKey { .. } => "f",
            Self::FlatRows { .. } => "g",
            Self::Insert { .. } => "h",
            Self::UsersLatestPosts { .. } => "i",
        }
    }

    /// How many rows the first statement has; of `f` the key.
    pub fn parents(self) -> i64 {
        match self {
            Self::UsersPosts { users: n }
            | Self::UsersPostsComments { users: n }
            | Self::PostsAuthor { posts: n }
            | Self::PostsTags { posts: n }
            | Self::PostsAuthorTagsComments { posts: n }
            | Self::UserByKey { id: n }
            | Self::FlatRows { rows: n }
            | Self::Insert { rows: n }
            | Self::UsersLatestPosts { users: n } => n,
        }
    }

    /// The same work for another number of parents.
    pub fn of(self, n: i64) -> Self {
        match self {
            Self::UsersPosts { .. } => Self::UsersPosts { users: n },
            Self::UsersPostsComments { .. } => Self::UsersPostsComments { users: n },
            Self::PostsAuthor { .. } => Self::PostsAuthor { posts: n },
            Self::PostsTags { .. } => Self::PostsTags { posts: n },
            Self::PostsAuthorTagsComments { .. } => Self::PostsAuthorTagsComments { posts: n },
            Self::UserByKey { .. } => Self::UserByKey { id: n },
            Self::FlatRows { .. } => Self::FlatRows { rows: n },
            Self::Insert { .. } => Self::Insert { rows: n },
            Self::UsersLatestPosts { .. } => Self::UsersLatestPosts { users: n },
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsersPosts { users } => write!(f, "{users} users + posts"),
            Self::UsersPostsComments { users } => write!(f, "{users} users + posts + comments"),
            Self::PostsAuthor { posts } => write!(f, "{posts} posts + author"),
            Self::PostsTags { posts } => write!(f, "{posts} posts + tags"),
            Self::PostsAuthorTagsComments { posts } => {
                write!(f, "{posts} posts + author + tags + comments")
            }
            Self::UserByKey { .. } => write!(f, "one user by key"),
            Self::FlatRows { rows } => write!(f, "{rows} flat rows of 8 columns"),
            Self::Insert { rows } => write!(f, "insert {rows} rows"),
            Self::UsersLatestPosts { users } => write!(f, "{users} users + latest {LATEST} posts"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for case in Case::ALL {
            assert_eq!(Case::named(&case.name()), Some(case));
        }
        let larger = Case::PostsAuthor { posts: 7 };
        assert_eq!(Case::named(&larger.name()), Some(larger));
        assert_eq!(Case::named("z"), None);
    }
}
