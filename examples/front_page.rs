//! The front page of a magazine: the latest articles of each section, pipelined, next to counts; a row that the program has
//! is completed; and what a visitor may not see costs nothing.

use orm_test::TestDb;
use unlazy::{Db, Entity, HasLoaded, MaybeLoaded, Record, Unloaded, loaded, relation};

#[derive(Entity, Debug)]
#[entity(table = "sections")]
pub struct Section<Articles = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(has_many(Article, foreign_key = section_id))]
    pub articles: Articles,
}

#[derive(Entity, Debug)]
#[entity(table = "articles")]
pub struct Article<Author = Unloaded, Comments = Unloaded, Body = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub section_id: i64,
    pub author_id: i64,
    pub title: String,
    /// Long, and not wanted on every page.
    #[entity(deferred(String))]
    pub body: Body,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    pub author: Author,
    #[entity(has_many(Comment, foreign_key = article_id))]
    pub comments: Comments,
}

#[derive(Entity, Debug)]
#[entity(table = "authors")]
pub struct Author {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
}

#[derive(Entity, Debug)]
#[entity(table = "comments")]
pub struct Comment {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub article_id: i64,
    pub approved: bool,
    pub text: String,
}

const SCHEMA: &str = "
    CREATE TABLE sections (id bigserial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE authors (id bigserial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE articles (
        id bigserial PRIMARY KEY, section_id bigint NOT NULL REFERENCES sections, author_id bigint NOT NULL REFERENCES authors,
        title text NOT NULL, body text NOT NULL);
    CREATE INDEX ON articles (section_id, id DESC);
    CREATE TABLE comments (
        id bigserial PRIMARY KEY, article_id bigint NOT NULL REFERENCES articles, approved bool NOT NULL, text text NOT NULL);
    CREATE INDEX ON comments (article_id);
    INSERT INTO sections (name) VALUES ('Gardens'), ('Kitchens'), ('Attics');
    INSERT INTO authors (name) VALUES ('Ann'), ('Ben');
    INSERT INTO articles (section_id, author_id, title, body)
        SELECT 1 + n % 2, 1 + n % 2, 'Article ' || n, repeat('Long. ', 1000) FROM generate_series(1, 10) AS n;
    INSERT INTO comments (article_id, approved, text)
        SELECT 1 + n % 10, n % 3 > 0, 'Comment ' || n FROM generate_series(1, 40) AS n;
";

/// What the front page shows of a section.
type Front = loaded!(Section { articles { author } });

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;

    for (section, number) in front_page(&db).await? {
        println!("{} ({number} articles in all)", section.name);
        for article in &section.articles {
            println!("    {} by {}", article.title, article.author.name);
        }
    }
    show("the whole page in one round trip", &database);

    let article = Article::find(7).with(Article::AUTHOR).one(&db).await?;
    println!("\n{} by {}", article.title, article.author.name);
    show("of an article, without its body", &database);

    // The reader wants more of what is here already.
    let article = Article::BODY.load(article, &db).await?;
    let approved = Article::COMMENTS.filter(Comment::APPROVED);
    let article = approved.load(article, &db).await?;
    println!("{} bytes, {}", article.body.len(), comments(&article));
    show("only what was missing", &database);

    // What is kept for long should be small.
    let bare: Article = article.into_bare();
    println!("remembered: {bare:?}");

    for is_moderator in [false, true] {
        let article = Article::find(7)
            .with_if(is_moderator, Article::COMMENTS.filter(!Comment::APPROVED))
            .one(&db)
            .await?;
        match &article.comments {
            MaybeLoaded::Yes(comments) => println!("{} comments to look at", comments.len()),
            MaybeLoaded::No => println!("nothing to moderate here"),
        }
    }
    show("a load only for moderators", &database);
    Ok(())
}

/// Each section with its latest three articles, and how many there are.
async fn front_page(db: &Db) -> unlazy::Result<Vec<(Front, i64)>> {
    Section::query()
        .filter(Section::ARTICLES.exists())
        .with(
            Section::ARTICLES
                .order_by(Article::ID.desc())
                .limit_per_parent(3)
                .with(Article::AUTHOR),
        )
        .annotate(Section::ARTICLES.count())
        .pipelined()
        .all(db)
        .await
}

/// Whatever else is loaded of the article.
fn comments(article: &impl HasLoaded<relation!(Article::comments)>) -> String {
    match Article::COMMENTS.of(article).as_slice() {
        [] => "no comments".to_owned(),
        [only] => format!("one comment: {}", only.text),
        [first, rest @ ..] => format!("{} and {} more", first.text, rest.len()),
    }
}

fn show(what: &str, database: &TestDb) {
    println!("\n-- {what}:");
    for statement in database.log().take() {
        println!("{}", statement.sql);
    }
}
