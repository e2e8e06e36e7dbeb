//! How much memory loads and copies need at their peak, counted in bytes that are asked of the allocator.
//!
//! A program of its own, whose tests run one after the other: the allocator counts for the whole process.

use orm_test::TestDb;
use peak_alloc::PeakAlloc;
use tokio::sync::Mutex;
use unlazy::{Entity, Unloaded};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[derive(Entity)]
#[entity(table = "users")]
#[allow(dead_code)]
struct User<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    name: String,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
}

#[derive(Entity)]
#[entity(table = "posts")]
#[allow(dead_code)]
struct Post<Author = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    title: String,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
}

const SCHEMA: &str = "
    CREATE TABLE users (id int8 PRIMARY KEY, name text NOT NULL);
    INSERT INTO users SELECT id, 'user ' || id FROM generate_series(1, 65536) AS id;
    CREATE TABLE posts (id int8 PRIMARY KEY, author_id int8 NOT NULL, title text NOT NULL);
    INSERT INTO posts SELECT id, 1 + id % 65536, 'the title of post ' || id FROM generate_series(1, 4 * 65536) AS id;
    ANALYZE;
";

const USERS: usize = 65_536;
const POSTS: usize = 4 * USERS;

/// More than what the buffers of a connection differ by from one query to the next, and less than any of the results.
const BUFFERS: usize = 128 * 1024;

/// What a load left allocated and what it needed at its peak, both beyond what there was before.
struct Usage {
    held: usize,
    peak: usize,
}

impl Usage {
    async fn of<T>(load: impl Future<Output = unlazy::Result<T>>) -> (T, Self) {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let result = load.await.unwrap();
        let held = ALLOCATOR.current_usage().saturating_sub(before);
        let peak = ALLOCATOR.peak_usage().saturating_sub(before);
        (result, Self { held, peak })
    }

    /// Asserts that nothing but the content is held, and that less than twice as much was needed.
    #[track_caller]
    fn assert(&self, content: usize) {
        let Self { held, peak } = self;
        assert!(held.abs_diff(content) < BUFFERS, "{held} for {content}");
        assert!(*peak < 2 * content, "{peak} for {content}");
    }
}

#[tokio::test]
async fn a_load_holds_its_result_and_needs_less_than_twice_that() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let test = TestDb::with_schema(SCHEMA).await.unwrap();
    let db = test.db().unwrap();
    // Statements are prepared and the connection's buffers have their size after the first run.
    let with_posts = User::query().with(User::POSTS);
    with_posts.clone().all(&db).await.unwrap();

    let (users, usage) = Usage::of(User::query().all(&db)).await;
    let names: usize = users.iter().map(|user| user.name.len()).sum();
    usage.assert(USERS * size_of::<User>() + names);

    let (users, usage) = Usage::of(with_posts.all(&db)).await;
    let posts = || users.iter().flat_map(|user| &user.posts);
    assert_eq!((users.len(), posts().count()), (USERS, POSTS));
    let titles: usize = posts().map(|post| post.title.len()).sum();
    let content = size_of_val(&users[..]) + names + POSTS * size_of::<Post>() + titles;
    usage.assert(content);
    drop(users);

    for author in [Post::AUTHOR.joined(), Post::AUTHOR.selectin()] {
        let query = Post::query().with(author);
        query.clone().limit(1).all(&db).await.unwrap();
        let (posts, usage) = Usage::of(query.all(&db)).await;
        // Each author once, next to its two counts of references.
        let authors = USERS * (size_of::<User>() + 2 * size_of::<usize>()) + names;
        let content = size_of_val(&posts[..]) + titles + authors;
        usage.assert(content);
    }
}

#[tokio::test]
async fn a_million_rows_are_copied_without_holding_them() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let schema = "CREATE TABLE users (id int8 PRIMARY KEY, name text NOT NULL)";
    let test = TestDb::with_schema(schema).await.unwrap();
    let db = test.db().unwrap();
    let users = |ids: std::ops::Range<i64>| {
        ids.map(|id| NewUser {
            id,
            name: format!("user {id}"),
        })
    };
    User::copy_in(users(0..10_000)).execute(&db).await.unwrap();

    let copy = User::copy_in(users(10_000..1_010_000)).execute(&db);
    let (copied, usage) = Usage::of(copy).await;
    assert_eq!(copied, 1_000_000);
    assert!(usage.peak < BUFFERS, "{} bytes", usage.peak);
}
