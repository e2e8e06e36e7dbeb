use unlazy::{Db, Entity, Unloaded};

#[derive(Entity, Debug)]
#[entity(table = "documents")]
pub struct Document<Body = Unloaded> {
    #[entity(primary_key)]
    pub id: i64,
    pub title: String,
    #[entity(deferred(String))]
    pub body: Body,
}

fn main() {}

async fn not_asked_for(db: &Db) -> unlazy::Result<()> {
    for document in Document::query().all(db).await? {
        println!("{}: {}", document.title, document.body.len());
    }
    Ok(())
}

async fn asked_for_twice(db: &Db) -> unlazy::Result<()> {
    Document::query()
        .with(Document::BODY)
        .with(Document::BODY)
        .all(db)
        .await?;
    Ok(())
}
