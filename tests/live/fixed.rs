//! Filters and orders that are fixed on a relation.

use unlazy::{Db, Entity, Loaded, StatementLog, Unloaded};

use crate::fixture::{assert_statements, database};

const BLOG: &str = "
    CREATE TABLE authors (id int8 PRIMARY KEY);
    INSERT INTO authors VALUES (1), (2), (3);

    CREATE TABLE posts (
        id int8 PRIMARY KEY,
        author_id int8 NOT NULL REFERENCES authors,
        published bool NOT NULL,
        pinned bool NOT NULL
    );
    INSERT INTO posts VALUES
        (1, 1, true, false), (2, 1, false, true), (3, 1, true, true), (4, 1, true, false),
        (5, 2, false, false);

    CREATE TABLE addresses (id int8 PRIMARY KEY, author_id int8 NOT NULL REFERENCES authors, current bool NOT NULL);
    INSERT INTO addresses VALUES (1, 1, false), (2, 1, true), (3, 2, false), (4, 3, true), (5, 3, true);

    CREATE TABLE tags (id int8 PRIMARY KEY, name text NOT NULL);
    INSERT INTO tags VALUES (1, 'rust'), (2, 'sql'), (3, ''), (4, 'async');
    CREATE TABLE post_tags (
        post_id int8 REFERENCES posts,
        tag_id int8 REFERENCES tags,
        hidden bool NOT NULL,
        position int4 NOT NULL,
        PRIMARY KEY (post_id, tag_id)
    );
    INSERT INTO post_tags VALUES
        (1, 1, false, 2), (1, 2, false, 1), (1, 3, false, 0), (1, 4, true, 0),
        (3, 1, false, 1), (3, 2, false, 1), (3, 4, false, 1),
        (4, 3, false, 1), (5, 1, true, 1);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "authors")]
struct Author<Posts = Unloaded, Drafts = Unloaded, Addr = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(
        Post,
        foreign_key = author_id,
        filter = Post::PUBLISHED,
        order_by = (Post::PINNED.desc(), Post::ID.desc()),
    ))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = author_id, filter = Post::PUBLISHED.eq(false)))]
    drafts: Drafts,
    #[entity(has_one(Address, foreign_key = author_id, filter = Address::CURRENT))]
    address: Addr,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
struct Post<By = Unloaded, Tags = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    published: bool,
    pinned: bool,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    author: By,
    #[entity(many_to_many(
        Tag,
        through = PostTag(post_id, tag_id),
        filter = Tag::NAME.ne(""),
        filter_link = !PostTag::HIDDEN,
        order_by_link = PostTag::POSITION,
        order_by = Tag::NAME.desc(),
    ))]
    tags: Tags,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "addresses")]
struct Address {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    current: bool,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags")]
struct Tag {
    #[entity(primary_key)]
    id: i64,
    name: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "post_tags")]
struct PostTag {
    #[entity(primary_key)]
    post_id: i64,
    #[entity(primary_key)]
    tag_id: i64,
    hidden: bool,
    position: i32,
}

async fn blog() -> (orm_test::TestDb, Db, StatementLog) {
    database(BLOG).await
}

fn ids<'p>(posts: impl IntoIterator<Item = &'p Post>) -> Vec<i64> {
    posts.into_iter().map(|post| post.id).collect()
}

#[tokio::test]
async fn a_load_brings_only_the_targets_that_the_relation_has() {
    let (_test, db, log) = blog().await;
    let authors = Author::query()
        .with(Author::POSTS)
        .with(Author::DRAFTS)
        .all(&db)
        .await
        .unwrap();
    assert_statements(&log, 3);
    let posts: Vec<_> = authors.iter().map(|author| ids(&author.posts)).collect();
    let drafts: Vec<_> = authors.iter().map(|author| ids(&author.drafts)).collect();
    assert_eq!(posts, [vec![3, 4, 1], vec![], vec![]]);
    assert_eq!(drafts, [vec![2], vec![5], vec![]]);
}

#[tokio::test]
async fn a_loads_own_filter_narrows_and_its_own_order_comes_first() {
    let (_test, db, _) = blog().await;
    let loads = [
        (Author::POSTS.filter(Post::ID.ne(3)), vec![4, 1]),
        (Author::POSTS.order_by(Post::ID), vec![1, 3, 4]),
        (Author::POSTS.order_by(Post::PINNED), vec![4, 1, 3]),
    ];
    for (load, expected) in loads {
        let author = Author::find(1).with(load).one(&db).await.unwrap();
        assert_eq!(ids(&author.posts), expected);
    }
}

#[tokio::test]
async fn below_another_load() {
    let (_test, db, log) = blog().await;
    let post = Post::find(5)
        .with(Post::AUTHOR.with(Author::POSTS).with(Author::DRAFTS))
        .one(&db)
        .await
        .unwrap();
    assert!(post.author.posts.is_empty());
    assert_eq!(ids(&post.author.drafts), [5]);
    assert_statements(&log, 3);
}

#[tokio::test]
async fn one_row_in_each_strategy() {
    let (_test, db, _) = blog().await;
    for load in [
        Author::ADDRESS.selectin(),
        Author::ADDRESS.joined(),
        unlazy::IntoLoad::into_load(Author::ADDRESS),
    ] {
        let authors = Author::query()
            .filter(Author::ID.lt(3))
            .with(load.clone())
            .all(&db)
            .await
            .unwrap();
        let addresses: Vec<_> = authors
            .into_iter()
            .map(|author| author.address.into_inner().map(|address| address.id))
            .collect();
        assert_eq!(addresses, [Some(2), None]);

        let two = Author::find(3).with(load).one(&db).await.unwrap_err();
        assert_eq!(
            two.to_string(),
            "`Author.address` has more than one row where at most one was expected"
        );
    }
}

#[tokio::test]
async fn through_a_link_with_columns_of_its_own() {
    let (_test, db, _) = blog().await;
    let posts = Post::query().with(Post::TAGS).all(&db).await.unwrap();
    let tags: Vec<Vec<&str>> = posts
        .iter()
        .map(|post| post.tags.iter().map(|tag| tag.name.as_str()).collect())
        .collect();
    assert_eq!(
        tags,
        [
            vec!["sql", "rust"],
            vec![],
            vec!["sql", "rust", "async"],
            vec![],
            vec![]
        ]
    );
}

#[tokio::test]
async fn conditions_and_orders_see_what_a_load_would_bring() {
    let (_test, db, _) = blog().await;
    let authors = async |query: unlazy::Query<Author>| {
        let authors = query.all(&db).await.unwrap();
        authors.iter().map(|author| author.id).collect::<Vec<_>>()
    };
    let query = Author::query;
    assert_eq!(authors(query().filter(Author::POSTS.exists())).await, [1]);
    assert_eq!(
        authors(query().filter(Author::DRAFTS.any(Post::PINNED))).await,
        [1]
    );
    assert_eq!(
        authors(query().filter(Author::DRAFTS.none(Post::ID.eq(5)))).await,
        [1, 3]
    );
    assert_eq!(
        authors(query().filter(Author::ADDRESS.has(Address::ID.lt(4)))).await,
        [1]
    );
    assert_eq!(
        authors(
            query()
                .filter(Author::ID.lt(3))
                .order_by(Author::ADDRESS.order(Address::ID.desc()).nulls_last())
        )
        .await,
        [1, 2]
    );
    let tagged = Post::query().filter(Post::TAGS.exists()).count(&db).await;
    assert_eq!(tagged.unwrap(), 2);
    let deleted = Post::delete()
        .filter(Post::AUTHOR.has(Author::DRAFTS.exists()))
        .filter(Post::TAGS.exists().not())
        .filter(Post::PINNED)
        .all(&db)
        .await
        .unwrap();
    assert_eq!(ids(&deleted), [2]);
}

#[tokio::test]
async fn the_type_is_the_same_as_without() {
    let (_test, db, _) = blog().await;
    let loaded: Author<Loaded<Vec<Post>>> =
        Author::find(2).with(Author::POSTS).one(&db).await.unwrap();
    assert_eq!(loaded.posts, Loaded::new(Vec::new()));
}

#[tokio::test]
async fn in_one_round_trip_too() {
    let (_test, db, log) = blog().await;
    let query = Author::query()
        .with(Author::POSTS.with(Post::TAGS).with(Post::AUTHOR))
        .with(Author::DRAFTS.with(Post::TAGS))
        .filter(Author::ID.lt(3))
        .with(Author::ADDRESS.joined());
    let by_levels = query.clone().all(&db).await.unwrap();
    log.take();
    assert_eq!(query.pipelined().all(&db).await.unwrap(), by_levels);
    assert_eq!(log.notes(), [""; 0]);
    assert_statements(&log, 7);
    assert_eq!(by_levels[0].posts[2].tags.len(), 2);
}

#[tokio::test]
async fn onto_values_in_hand_and_so_many_of_each() {
    let (_test, db, _) = blog().await;
    let authors = Author::query().all(&db).await.unwrap();
    let authors = Author::POSTS.load(authors, &db).await.unwrap();
    let posts: Vec<_> = authors.iter().map(|author| ids(&author.posts)).collect();
    assert_eq!(posts, [vec![3, 4, 1], vec![], vec![]]);
    let authors = Author::POSTS.forget(authors);
    let two = Author::POSTS.limit_per_parent(2);
    let authors = two.load(authors, &db).await.unwrap();
    let posts: Vec<_> = authors.iter().map(|author| ids(&author.posts)).collect();
    assert_eq!(posts, [vec![3, 4], vec![], vec![]]);
}

#[tokio::test]
async fn aggregates_of_the_rows_that_the_relation_has() {
    let (_test, db, _) = blog().await;
    let latest = Author::POSTS.limit_per_parent(2).min(Post::ID);
    let authors = Author::query()
        .annotate((Author::POSTS.count(), Author::DRAFTS.count(), latest))
        .order_by(Author::POSTS.count().desc())
        .all(&db)
        .await
        .unwrap();
    let counts: Vec<_> = authors
        .into_iter()
        .map(|(author, posts, drafts, latest)| (author.id, posts, drafts, latest))
        .collect();
    assert_eq!(
        counts,
        [(1, 3, 1, Some(3)), (2, 0, 1, None), (3, 0, 0, None)]
    );
}
