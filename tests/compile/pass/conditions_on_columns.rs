#![deny(warnings)]

use unlazy::{Entity, Unloaded, Value, sql};

#[derive(Debug, Clone, Value)]
struct Slug(String);

#[derive(Entity)]
struct Post<Parent = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    slug: Slug,
    title: String,
    subtitle: Option<String>,
    views: Option<i32>,
    labels: Vec<String>,
    published: bool,
    parent_id: Option<i64>,
    #[entity(belongs_to(Post, foreign_key = parent_id))]
    parent: Parent,
}

fn main() {
    let owned = String::from("a");
    let slug = Slug(owned.clone());
    let _ = Post::query()
        .filter(
            Post::TITLE
                .eq("a")
                .and(Post::TITLE.ne(&owned))
                .or(Post::TITLE.gt(owned.clone())),
        )
        .filter(Post::SUBTITLE.eq("a") & !Post::PUBLISHED | Post::SUBTITLE.is_null())
        .filter(Post::SUBTITLE.eq(Post::TITLE))
        .filter(Post::VIEWS.is_not_distinct_from(Some(1)))
        .filter(Post::VIEWS.between(1..=9))
        .filter(Post::SLUG.eq(&slug).and(Post::SLUG.starts_with("a")))
        .filter(Post::PUBLISHED)
        .filter(
            Post::TITLE
                .is_in(["a", "b"])
                .and(Post::ID.is_not_in(vec![1, 2])),
        )
        .filter(Post::LABELS.has_element("a"))
        .filter(Post::PARENT.has(Post::PUBLISHED))
        .filter(sql!("length($1) > $2", Post::TITLE, 3))
        .order_by(Post::TITLE)
        .order_by(Post::PARENT.order(Post::VIEWS.desc().nulls_last()));
    let _ = Post::find(1);
    let _ = Post::find(&1);
    let _ = Post::find_many([1, 2]);
    let _ = Post::find_many(&[1, 2]);
    let _ = Post::update()
        .set(Post::SUBTITLE, "a")
        .set(Post::SUBTITLE, None)
        .set(Post::TITLE, "a")
        .set(Post::VIEWS, 1)
        .filter(Post::PUBLISHED);
    let _ = |post: &Post| Post::delete().of(post);
}
