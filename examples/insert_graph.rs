//! New rows together with rows of their relations, and the links of a many-to-many relation: added, removed and set.

use orm_test::TestDb;
use unlazy::{Entity, Unloaded, loaded};

#[derive(Entity, Debug)]
#[entity(table = "albums")]
pub struct Album<Songs = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub title: String,
    #[entity(has_many(Song, foreign_key = album_id))]
    pub songs: Songs,
}

#[derive(Entity, Debug)]
#[entity(table = "songs")]
pub struct Song<Genres = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub album_id: i64,
    pub title: String,
    #[entity(many_to_many(Genre, through = "song_genres"(song_id, genre_id)))]
    pub genres: Genres,
}

#[derive(Entity, Debug)]
#[entity(table = "genres")]
pub struct Genre {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
}

const SCHEMA: &str = "
    CREATE TABLE albums (id bigserial PRIMARY KEY, title text NOT NULL);
    CREATE TABLE songs (id bigserial PRIMARY KEY, album_id bigint NOT NULL REFERENCES albums, title text NOT NULL);
    CREATE TABLE genres (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);
    CREATE TABLE song_genres (
        song_id bigint REFERENCES songs, genre_id bigint REFERENCES genres, PRIMARY KEY (song_id, genre_id));
    INSERT INTO genres (name) VALUES ('rock'), ('folk'), ('jazz');
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;

    // Songs of both albums by one statement, and the links of all songs by another.
    let imported = [
        ("Blue", vec![("All I Want", vec![2]), ("Carey", vec![1, 2])]),
        ("Kind of Blue", vec![("So What", vec![3])]),
    ];
    let albums: Vec<loaded!(Album { songs })> =
        Album::insert_many_with(imported.map(|(title, songs)| {
            let title = title.to_owned();
            NewAlbum { title }.with(Album::SONGS.insert(songs, |album, (title, genres)| {
                NewSong {
                    album_id: album.id,
                    title: title.to_owned(),
                }
                .with(Song::GENRES.link(genres))
            }))
        }))
        .all(&db)
        .await?;
    for album in &albums {
        println!("{}: {} songs", album.title, album.songs.len());
    }

    // A song with a genre that is new too.
    let song: loaded!(Song { genres }) = Song::insert_with(
        NewSong {
            album_id: albums[0].id,
            title: "California".into(),
        }
        .with(
            Song::GENRES.insert(["singer-songwriter"], |_, name| NewGenre {
                name: name.into(),
            }),
        ),
    )
    .one(&db)
    .await?;
    println!("{}: {}", song.title, song.genres[0].name);

    let added = Song::GENRES.add(&song, [1, 2]).execute(&db).await?;
    let removed = Song::GENRES
        .remove(&song, &song.genres)
        .execute(&db)
        .await?;
    println!("{added} links added, {removed} removed");
    let changed = Song::GENRES.set(&song, [2, 3]).execute(&db).await?;
    println!("{} added, {} removed", changed.added, changed.removed);

    println!("\nThe statements:");
    for statement in database.log().take() {
        println!("{}", statement.sql);
    }
    Ok(())
}
