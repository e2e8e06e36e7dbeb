//! Each relation in plain SQL, for one parent. A key with a NULL in it finds nothing, as `=` is in SQL.

use std::sync::Arc;

use unlazy::Loaded;

use crate::entities::{Author, Badge, Desk, Lock, MoodColour, Post, Profile, Shelf, Tag, Topic};
use crate::oracle::Oracle;
use crate::picks::{LinkPick, ManyPick};
use crate::rows::{Cell, Label, Motto};

type Many<U> = Option<Loaded<Vec<U>>>;
type ManyShared<U> = Option<Loaded<Vec<Arc<U>>>>;
type HasOne<U> = Option<Loaded<Option<U>>>;
type Required<U> = Option<Loaded<Arc<U>>>;
type Nullable<U> = Option<Loaded<Option<Arc<U>>>>;

/// Of authors.
impl Oracle<'_> {
    pub(crate) fn posts_of_author<U>(
        &self,
        author: &Author,
        pick: &ManyPick<Post>,
        fill: impl Fn(Post) -> Option<U>,
    ) -> Many<U> {
        let rest = format!("WHERE posts.author_id = {} {}", author.id, pick.and());
        self.many(&rest, fill)
    }

    pub(crate) fn posts_edited_by<U>(
        &self,
        author: &Author,
        pick: &ManyPick<Post>,
        fill: impl Fn(Post) -> Option<U>,
    ) -> Many<U> {
        let rest = format!("WHERE posts.editor_id = {} {}", author.id, pick.and());
        self.many(&rest, fill)
    }

    pub(crate) fn pupils<U>(
        &self,
        author: &Author,
        pick: &ManyPick<Author>,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Many<U> {
        let rest = format!("WHERE authors.mentor_id = {} {}", author.id, pick.and());
        self.many(&rest, fill)
    }

    pub(crate) fn mentor<U>(
        &self,
        author: &Author,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Nullable<U> {
        let rest = format!("WHERE id = {}", author.mentor_id.literal());
        self.nullable("Author.mentor", &rest, fill)
    }

    pub(crate) fn profile<U>(
        &self,
        author: &Author,
        fill: impl Fn(Profile) -> Option<U>,
    ) -> HasOne<U> {
        let rest = format!("WHERE author_id = {}", author.id);
        self.has_one("Author.profile", &rest, fill)
    }

    pub(crate) fn desk<U>(&self, author: &Author, fill: impl Fn(Desk) -> Option<U>) -> HasOne<U> {
        let rest = format!("WHERE author_id = {}", author.id);
        self.has_one("Author.desk", &rest, fill)
    }

    pub(crate) fn badge<U>(&self, author: &Author, fill: impl Fn(Badge) -> Option<U>) -> HasOne<U> {
        let rest = format!("WHERE author_id = {}", author.id);
        self.has_one("Author.badge", &rest, fill)
    }

    pub(crate) fn mood_colour<U>(
        &self,
        author: &Author,
        fill: impl Fn(MoodColour) -> Option<U>,
    ) -> Nullable<U> {
        let rest = format!("WHERE mood = {}", author.mood.literal());
        self.nullable("Author.mood_colour", &rest, fill)
    }
}

/// What is deferred.
impl Oracle<'_> {
    pub(crate) fn motto(&self, author: &Author) -> Option<Loaded<Option<String>>> {
        let rest = format!("WHERE id = {}", author.id);
        let rows = self.many(&rest, |row: Motto| Some(row.motto))?;
        rows.into_iter().next().map(Loaded::new)
    }

    pub(crate) fn label(&self, badge: &Badge) -> Option<Loaded<String>> {
        let rest = format!("WHERE id = {}", badge.id);
        let rows = self.many(&rest, |row: Label| Some(row.label))?;
        rows.into_iter().next().map(Loaded::new)
    }
}

/// Of what an author has.
impl Oracle<'_> {
    pub(crate) fn author_of_desk<U>(
        &self,
        desk: &Desk,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Required<U> {
        let rest = format!("WHERE id = {}", desk.author_id);
        self.required("Desk.author", &desk.author_id, &rest, fill)
    }

    pub(crate) fn shelf_of_desk<U>(
        &self,
        desk: &Desk,
        fill: impl Fn(Shelf) -> Option<U>,
    ) -> Required<U> {
        let rest = format!(
            "WHERE room = {} AND number = {}",
            desk.room.literal(),
            desk.number
        );
        self.required("Desk.shelf", &(&desk.room, desk.number), &rest, fill)
    }

    pub(crate) fn author_of_profile<U>(
        &self,
        profile: &Profile,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Required<U> {
        let rest = format!("WHERE id = {}", profile.author_id);
        self.required("Profile.author", &profile.author_id, &rest, fill)
    }

    pub(crate) fn author_of_badge<U>(
        &self,
        badge: &Badge,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Nullable<U> {
        let rest = format!("WHERE id = {}", badge.author_id.literal());
        self.nullable("Badge.author", &rest, fill)
    }

    pub(crate) fn authors_of_mood<U>(
        &self,
        mood: &MoodColour,
        pick: &ManyPick<Author>,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Many<U> {
        let mood = mood.mood.literal();
        self.many(&format!("WHERE authors.mood = {mood} {}", pick.and()), fill)
    }
}

/// Of posts, topics and tags.
impl Oracle<'_> {
    pub(crate) fn author_of_post<U>(
        &self,
        post: &Post,
        fill: impl Fn(Author) -> Option<U>,
    ) -> Required<U> {
        let rest = format!("WHERE id = {}", post.author_id);
        self.required("Post.author", &post.author_id, &rest, fill)
    }

    pub(crate) fn editor<U>(&self, post: &Post, fill: impl Fn(Author) -> Option<U>) -> Nullable<U> {
        let rest = format!("WHERE id = {}", post.editor_id.literal());
        self.nullable("Post.editor", &rest, fill)
    }

    pub(crate) fn topic<U>(&self, post: &Post, fill: impl Fn(Topic) -> Option<U>) -> Nullable<U> {
        let rest = format!("WHERE name = {}", post.topic.literal());
        self.nullable("Post.about", &rest, fill)
    }

    pub(crate) fn posts_of_topic<U>(
        &self,
        topic: &Topic,
        pick: &ManyPick<Post>,
        fill: impl Fn(Post) -> Option<U>,
    ) -> Many<U> {
        let name = topic.name.literal();
        self.many(&format!("WHERE posts.topic = {name} {}", pick.and()), fill)
    }

    pub(crate) fn tags<U>(
        &self,
        post: &Post,
        pick: &ManyPick<Tag>,
        fill: impl Fn(Tag) -> Option<U>,
    ) -> ManyShared<U> {
        let rest = format!(
            "JOIN post_tags ON post_tags.tag_id = tags.id WHERE post_tags.post_id = {} {}",
            post.id,
            pick.and()
        );
        self.many_shared(&rest, fill)
    }

    pub(crate) fn posts_of_tag<U>(
        &self,
        tag: &Tag,
        link: &LinkPick,
        pick: &ManyPick<Post>,
        fill: impl Fn(Post) -> Option<U>,
    ) -> ManyShared<U> {
        let rest = format!(
            "JOIN post_tags ON post_tags.post_id = posts.id WHERE post_tags.tag_id = {} AND {} {}",
            tag.id,
            link.condition,
            pick.and_by(link.order_sql)
        );
        self.many_shared(&rest, fill)
    }
}

/// Of shelves.
impl Oracle<'_> {
    pub(crate) fn shelf_of_post<U>(
        &self,
        post: &Post,
        fill: impl Fn(Shelf) -> Option<U>,
    ) -> Nullable<U> {
        let (room, number) = (post.room.literal(), post.number.literal());
        let rest = format!("WHERE room = {room} AND number = {number}");
        self.nullable("Post.shelf", &rest, fill)
    }

    pub(crate) fn posts_on_shelf<U>(
        &self,
        shelf: &Shelf,
        pick: &ManyPick<Post>,
        fill: impl Fn(Post) -> Option<U>,
    ) -> Many<U> {
        let (room, number) = (shelf.room.literal(), shelf.number);
        let rest = format!(
            "WHERE posts.room = {room} AND posts.number = {number} {}",
            pick.and()
        );
        self.many(&rest, fill)
    }

    pub(crate) fn lock<U>(&self, shelf: &Shelf, fill: impl Fn(Lock) -> Option<U>) -> HasOne<U> {
        let (room, number) = (shelf.room.literal(), shelf.number);
        let rest = format!("WHERE room = {room} AND number = {number}");
        self.has_one("Shelf.lock", &rest, fill)
    }

    pub(crate) fn shelf_of_lock<U>(
        &self,
        lock: &Lock,
        fill: impl Fn(Shelf) -> Option<U>,
    ) -> Nullable<U> {
        let (room, number) = (lock.room.literal(), lock.number.literal());
        let rest = format!("WHERE room = {room} AND number = {number}");
        self.nullable("Lock.shelf", &rest, fill)
    }

    pub(crate) fn neighbours<U>(
        &self,
        shelf: &Shelf,
        pick: &ManyPick<Shelf>,
        fill: impl Fn(Shelf) -> Option<U>,
    ) -> ManyShared<U> {
        let (room, number) = (shelf.room.literal(), shelf.number);
        let rest = format!(
            "JOIN shelf_links ON to_room = shelves.room AND to_number = shelves.number
             WHERE shelf_links.room = {room} AND shelf_links.number = {number} {}",
            pick.and()
        );
        self.many_shared(&rest, fill)
    }
}
