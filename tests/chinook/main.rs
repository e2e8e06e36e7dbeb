//! Whole trees of a database that others have made, compared with what plain SQL says.
//!
//! The database is Chinook, <https://github.com/lerocha/chinook-database>. It is looked for beside the workspace; where
//! it is not, these tests say so and pass.

mod entities;
mod oracle;

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use orm_test::TestDb;
use rust_decimal::Decimal;
use tokio_postgres::Client;
use unlazy::{Db, Loaded, StatementLog, Unloaded, loaded, sql};

use entities::{
    Album, Artist, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist,
    PlaylistTrack, Track,
};
use oracle::{Oracle, many, one, optional};

const CHINOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/chinook.sql");

struct Chinook {
    db: Db,
    log: StatementLog,
    client: Client,
    oracle: Oracle,
    // Last, so that the connections are closed before the database is dropped.
    _test: TestDb,
}

impl Chinook {
    /// The database, or `None` after saying why the test is skipped.
    async fn open() -> Option<Self> {
        let schema = match std::fs::read_to_string(CHINOOK) {
            Ok(schema) => schema,
            Err(error) => {
                // Not by `eprintln!`, whose output is shown for failed tests only.
                let reason = format!("skipped: {CHINOOK} cannot be read: {error}\n");
                std::io::stderr().write_all(reason.as_bytes()).unwrap();
                return None;
            }
        };
        let test = TestDb::with_schema(&schema).await.unwrap();
        let client = test.connect().await.unwrap();
        let log = StatementLog::new();
        Some(Self {
            db: Db::connect(&test.url()).unwrap().logged(&log),
            log,
            oracle: Oracle::read(&client).await,
            client,
            _test: test,
        })
    }

    /// The number of statements since the last call.
    fn statements(&self) -> usize {
        self.log.take().len()
    }

    /// The only column of what plain SQL returns.
    async fn ids(&self, sql: &str) -> Vec<i32> {
        let rows = self.client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn column<T, C>(rows: &[T], of: impl Fn(&T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

/// Compares whole trees. Of trees that differ, the first difference is shown: all of them would be megabytes.
#[track_caller]
fn assert_same<T: PartialEq + std::fmt::Debug>(found: &[T], expected: &[T]) {
    for (position, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            found == expected,
            "the trees differ at position {position}:\n found {found:#?}\n expected {expected:#?}"
        );
    }
    assert_eq!(found.len(), expected.len());
}

type Discography = loaded!(Artist { albums { tracks { genre, media_type } } });
type Account = loaded!(Customer { support_rep, invoices { lines { track } } });

impl Oracle {
    fn genre(&self, track: &Track) -> Loaded<Option<Arc<Genre>>> {
        optional(
            &self.genres,
            |genre| Some(genre.genre_id) == track.genre_id,
            Genre::clone,
        )
    }

    fn media_type(&self, track: &Track) -> Loaded<Arc<MediaType>> {
        one(
            &self.media_types,
            |media_type| media_type.media_type_id == track.media_type_id,
            MediaType::clone,
        )
    }

    fn discography(&self) -> Vec<Discography> {
        let track = |track: &Track| {
            track.holding(
                Unloaded,
                self.media_type(track),
                self.genre(track),
                Unloaded,
                Unloaded,
            )
        };
        let album = |album: &Album| {
            let on_it = |track: &Track| track.album_id == Some(album.album_id);
            album.holding(Unloaded, many(&self.tracks, on_it, track))
        };
        let artist = |artist: &Artist| {
            let by_them = |album: &Album| album.artist_id == artist.artist_id;
            artist.holding(many(&self.albums, by_them, album))
        };
        self.artists.iter().map(artist).collect()
    }

    fn accounts(&self) -> Vec<Account> {
        let line = |line: &InvoiceLine| {
            let sold = |track: &Track| track.track_id == line.track_id;
            line.holding(Unloaded, one(&self.tracks, sold, Track::clone))
        };
        let invoice = |invoice: &Invoice| {
            let on_it = |line: &InvoiceLine| line.invoice_id == invoice.invoice_id;
            invoice.holding(Unloaded, many(&self.invoice_lines, on_it, line))
        };
        let customer = |customer: &Customer| {
            let to_them = |invoice: &Invoice| invoice.customer_id == customer.customer_id;
            customer.holding(
                optional(
                    &self.employees,
                    |employee| Some(employee.employee_id) == customer.support_rep_id,
                    Employee::clone,
                ),
                many(&self.invoices, to_them, invoice),
            )
        };
        self.customers.iter().map(customer).collect()
    }

    fn manager<T>(&self, of: &Employee, fill: impl Fn(&Employee) -> T) -> Loaded<Option<Arc<T>>> {
        optional(
            &self.employees,
            |manager| Some(manager.employee_id) == of.reports_to,
            fill,
        )
    }

    fn reports<T>(&self, of: &Employee, fill: impl Fn(&Employee) -> T) -> Loaded<Vec<T>> {
        many(
            &self.employees,
            |report| report.reports_to == Some(of.employee_id),
            fill,
        )
    }

    fn tracks_of(&self, playlist: &Playlist) -> Vec<i32> {
        let links = self.playlist_tracks.iter();
        links
            .filter(|link| link.playlist_id == playlist.playlist_id)
            .map(|link| link.track_id)
            .collect()
    }

    /// By number, as they are counted from one without gaps.
    fn track(&self, id: i32) -> &Track {
        let track = &self.tracks[id as usize - 1];
        assert_eq!(track.track_id, id);
        track
    }
}

#[tokio::test]
async fn every_table_is_read_as_it_is() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let (db, oracle) = (&chinook.db, &chinook.oracle);
    assert_same(&Album::query().all(db).await.unwrap(), &oracle.albums);
    assert_same(&Artist::query().all(db).await.unwrap(), &oracle.artists);
    assert_same(&Customer::query().all(db).await.unwrap(), &oracle.customers);
    assert_same(&Employee::query().all(db).await.unwrap(), &oracle.employees);
    assert_same(&Genre::query().all(db).await.unwrap(), &oracle.genres);
    assert_same(&Invoice::query().all(db).await.unwrap(), &oracle.invoices);
    let lines = InvoiceLine::query().all(db).await.unwrap();
    assert_same(&lines, &oracle.invoice_lines);
    let media_types = MediaType::query().all(db).await.unwrap();
    assert_same(&media_types, &oracle.media_types);
    assert_same(&Playlist::query().all(db).await.unwrap(), &oracle.playlists);
    let links = PlaylistTrack::query().all(db).await.unwrap();
    assert_same(&links, &oracle.playlist_tracks);
    assert_same(&Track::query().all(db).await.unwrap(), &oracle.tracks);
    assert_eq!(chinook.statements(), 11);
}

#[tokio::test]
async fn artists_with_albums_with_tracks_with_genre_and_media_type() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let expected = chinook.oracle.discography();
    let without_albums = expected.iter().filter(|artist| artist.albums.is_empty());
    assert_eq!(without_albums.count(), 71);

    let joined = Artist::query()
        .with(Artist::ALBUMS.with(Album::TRACKS.with(Track::GENRE).with(Track::MEDIA_TYPE)))
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 3);
    assert_same(&joined, &expected);

    let selectin = Artist::query()
        .with(
            Artist::ALBUMS.with(
                Album::TRACKS
                    .with(Track::MEDIA_TYPE.selectin())
                    .with(Track::GENRE.selectin()),
            ),
        )
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 5);
    assert_same(&selectin, &expected);
}

#[tokio::test]
async fn genres_and_media_types_with_their_tracks() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let (db, oracle) = (&chinook.db, &chinook.oracle);
    let of_genre = |genre: &Genre| {
        let of_it = |track: &Track| track.genre_id == Some(genre.genre_id);
        genre.holding(many(&oracle.tracks, of_it, Track::clone))
    };
    let expected: Vec<_> = oracle.genres.iter().map(of_genre).collect();
    let genres = Genre::query().with(Genre::TRACKS).all(db).await.unwrap();
    assert_same(&genres, &expected);

    let on_medium = |media_type: &MediaType| {
        let on_it = |track: &Track| track.media_type_id == media_type.media_type_id;
        media_type.holding(many(&oracle.tracks, on_it, Track::clone))
    };
    let expected: Vec<_> = oracle.media_types.iter().map(on_medium).collect();
    let media_types = MediaType::query().with(MediaType::TRACKS);
    assert_same(&media_types.all(db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 4);
}

#[tokio::test]
async fn customers_with_support_and_invoices_with_lines_with_tracks() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let expected = chinook.oracle.accounts();

    let joined = Customer::query()
        .with(Customer::SUPPORT_REP)
        .with(Customer::INVOICES.with(Invoice::LINES.with(InvoiceLine::TRACK)))
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 3);
    assert_same(&joined, &expected);

    let selectin = Customer::query()
        .with(Customer::INVOICES.with(Invoice::LINES.with(InvoiceLine::TRACK.selectin())))
        .with(Customer::SUPPORT_REP.selectin())
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 5);
    assert_same(&selectin, &expected);
}

#[tokio::test]
async fn managers_three_levels_up() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let expected: Vec<_> = oracle
        .employees
        .iter()
        .map(|employee| {
            let third =
                |of: &Employee| of.holding(oracle.manager(of, Employee::clone), Unloaded, Unloaded);
            let second = |of: &Employee| of.holding(oracle.manager(of, third), Unloaded, Unloaded);
            employee.holding(oracle.manager(employee, second), Unloaded, Unloaded)
        })
        .collect();

    let joined = Employee::query()
        .with(Employee::MANAGER.with(Employee::MANAGER.with(Employee::MANAGER)))
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 1);
    assert_same(&joined, &expected);

    let selectin = Employee::MANAGER.selectin().with(
        Employee::MANAGER
            .selectin()
            .with(Employee::MANAGER.selectin()),
    );
    let selectin = Employee::query().with(selectin).all(&chinook.db).await;
    // Nobody is above the manager's manager, so no key is left for a fourth statement.
    assert_eq!(chinook.statements(), 3);
    assert_same(&selectin.unwrap(), &expected);

    let mixed = Employee::MANAGER.joined().with(
        Employee::MANAGER
            .selectin()
            .with(Employee::MANAGER.joined()),
    );
    let mixed = Employee::query().with(mixed).all(&chinook.db).await;
    assert_eq!(chinook.statements(), 2);
    assert_same(&mixed.unwrap(), &expected);
}

#[tokio::test]
async fn reports_three_levels_down_with_their_managers_and_customers() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let expected: Vec<_> = oracle
        .employees
        .iter()
        .map(|employee| {
            let third = |of: &Employee| {
                let theirs = |customer: &Customer| customer.support_rep_id == Some(of.employee_id);
                let customers = many(&oracle.customers, theirs, Customer::clone);
                of.holding(oracle.manager(of, Employee::clone), Unloaded, customers)
            };
            let second = |of: &Employee| of.holding(Unloaded, oracle.reports(of, third), Unloaded);
            employee.holding(Unloaded, oracle.reports(employee, second), Unloaded)
        })
        .collect();
    assert_eq!(expected[0].reports[0].reports[0].customers.len(), 21);

    let found = Employee::query()
        .with(
            Employee::REPORTS.with(
                Employee::REPORTS
                    .with(Employee::CUSTOMERS)
                    .with(Employee::MANAGER),
            ),
        )
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 4);
    assert_same(&found, &expected);
}

#[tokio::test]
async fn playlists_with_tracks_and_back() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let back = |id: i32| {
        let on_it = |playlist: &Playlist| oracle.tracks_of(playlist).contains(&id);
        let playlists = oracle.playlists.iter().filter(|playlist| on_it(playlist));
        let playlists = playlists.cloned().map(Arc::new).collect();
        let track = oracle.track(id);
        track.holding(
            Unloaded,
            Unloaded,
            oracle.genre(track),
            Unloaded,
            Loaded::<Vec<Arc<Playlist>>>::new(playlists),
        )
    };
    let expected: Vec<_> = oracle
        .playlists
        .iter()
        .filter(|playlist| playlist.playlist_id >= 9)
        .map(|playlist| {
            let tracks = oracle.tracks_of(playlist).into_iter().map(back);
            playlist.holding(Loaded::<Vec<_>>::new(tracks.map(Arc::new).collect()))
        })
        .collect();

    let found = Playlist::query()
        .filter(Playlist::PLAYLIST_ID.ge(9))
        .with(Playlist::TRACKS.with(Track::PLAYLISTS).with(Track::GENRE))
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 3);
    assert_same(&found, &expected);
}

#[tokio::test]
async fn all_tracks_of_all_playlists() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let expected: Vec<_> = oracle
        .playlists
        .iter()
        .map(|playlist| {
            let tracks = oracle.tracks_of(playlist).into_iter();
            let tracks = tracks.map(|id| Arc::new(oracle.track(id).clone()));
            playlist.holding(Loaded::<Vec<_>>::new(tracks.collect()))
        })
        .collect();
    let found = Playlist::query()
        .with(Playlist::TRACKS)
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 2);
    assert_same(&found, &expected);

    let listed = found.iter().flat_map(|playlist| &playlist.tracks);
    let distinct: HashSet<_> = listed.clone().map(Arc::as_ptr).collect();
    assert_eq!(listed.count(), 8715);
    assert_eq!(distinct.len(), 3503, "a track is shared by its playlists");
}

#[tokio::test]
async fn links_with_both_ends() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let expected: Vec<_> = oracle
        .playlist_tracks
        .iter()
        .map(|link| {
            link.holding(
                one(
                    &oracle.playlists,
                    |playlist| playlist.playlist_id == link.playlist_id,
                    Playlist::clone,
                ),
                Loaded::new(Arc::new(oracle.track(link.track_id).clone())),
            )
        })
        .collect();
    let links = PlaylistTrack::query();

    let joined = links
        .clone()
        .with(PlaylistTrack::PLAYLIST)
        .with(PlaylistTrack::TRACK);
    assert_same(&joined.all(&chinook.db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 1);

    let selectin = links
        .with(PlaylistTrack::PLAYLIST.selectin())
        .with(PlaylistTrack::TRACK.selectin());
    assert_same(&selectin.all(&chinook.db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 3);
}

#[tokio::test]
async fn sales_up_to_the_support_of_the_customer() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let rep = |customer: &Customer| {
        let is_rep = |employee: &Employee| Some(employee.employee_id) == customer.support_rep_id;
        customer.holding(
            optional(&oracle.employees, is_rep, Employee::clone),
            Unloaded,
        )
    };
    let customer = |invoice: &Invoice| {
        let is_customer = |customer: &Customer| customer.customer_id == invoice.customer_id;
        invoice.holding(one(&oracle.customers, is_customer, rep), Unloaded)
    };
    let invoice = |line: &InvoiceLine| {
        let is_invoice = |invoice: &Invoice| invoice.invoice_id == line.invoice_id;
        line.holding(one(&oracle.invoices, is_invoice, customer), Unloaded)
    };
    let expected: Vec<_> = oracle
        .tracks
        .iter()
        .map(|track| {
            let of_it = |line: &InvoiceLine| line.track_id == track.track_id;
            track.holding(
                Unloaded,
                Unloaded,
                Unloaded,
                many(&oracle.invoice_lines, of_it, invoice),
                Unloaded,
            )
        })
        .collect();

    let joined = InvoiceLine::INVOICE.with(Invoice::CUSTOMER.with(Customer::SUPPORT_REP));
    let joined = Track::query().with(Track::SALES.with(joined));
    assert_same(&joined.all(&chinook.db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 2);

    let selectin = InvoiceLine::INVOICE.selectin().with(
        Invoice::CUSTOMER
            .selectin()
            .with(Customer::SUPPORT_REP.selectin()),
    );
    let selectin = Track::query().with(Track::SALES.with(selectin));
    assert_same(&selectin.all(&chinook.db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 5);

    let mixed = InvoiceLine::INVOICE.selectin().with(
        Invoice::CUSTOMER
            .joined()
            .with(Customer::SUPPORT_REP.selectin()),
    );
    let mixed = Track::query().with(Track::SALES.with(mixed));
    assert_same(&mixed.all(&chinook.db).await.unwrap(), &expected);
    assert_eq!(chinook.statements(), 4);
}

#[tokio::test]
async fn filtered_and_ordered_loads() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let oracle = &chinook.oracle;
    let expected: Vec<_> = oracle
        .albums
        .iter()
        .map(|album| {
            let mut tracks: Vec<_> = oracle
                .tracks
                .iter()
                .filter(|track| track.album_id == Some(album.album_id))
                .filter(|track| track.milliseconds > 300_000 && track.composer.is_some())
                .cloned()
                .collect();
            tracks.sort_by_key(|track| (-track.milliseconds, track.track_id));
            album.holding(Unloaded, Loaded::new(tracks))
        })
        .collect();
    let found = Album::query()
        .with(
            Album::TRACKS
                .filter(Track::MILLISECONDS.gt(300_000))
                .filter(Track::COMPOSER.is_not_null())
                .order_by(Track::MILLISECONDS.desc()),
        )
        .all(&chinook.db)
        .await
        .unwrap();
    assert_eq!(chinook.statements(), 2);
    assert_same(&found, &expected);
}

#[tokio::test]
async fn conditions_through_relations() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let db = &chinook.db;

    let silent = Artist::query().filter(Artist::ALBUMS.exists().not());
    assert_eq!(
        column(&silent.all(db).await.unwrap(), |row| row.artist_id),
        chinook
            .ids(
                "SELECT artist_id FROM artist LEFT JOIN album USING (artist_id)
                 WHERE album_id IS NULL ORDER BY 1"
            )
            .await
    );

    let unsold = Track::query().filter(Track::SALES.exists().not() & Track::PLAYLISTS.exists());
    let unsold = unsold.order_by(Track::BYTES.desc().nulls_last());
    assert_eq!(
        column(&unsold.all(db).await.unwrap(), |row| row.track_id),
        chinook
            .ids(
                "SELECT track_id FROM track WHERE track_id NOT IN (SELECT track_id FROM invoice_line)
                 AND track_id IN (SELECT track_id FROM playlist_track) ORDER BY bytes DESC NULLS LAST, track_id"
            )
            .await
    );

    let jazz_or_rock = Genre::NAME.is_in(["Jazz", "Rock"]);
    let buyers = Customer::query().filter(
        Customer::INVOICES.any(
            Invoice::TOTAL
                .ge(Decimal::new(1000, 2))
                .and(Invoice::LINES.any(InvoiceLine::TRACK.has(Track::GENRE.has(jazz_or_rock)))),
        ),
    );
    let buyers = buyers.filter(Customer::SUPPORT_REP.has(Employee::FIRST_NAME.starts_with("J")));
    assert_eq!(
        column(&buyers.all(db).await.unwrap(), |row| row.customer_id),
        chinook
            .ids(
                "SELECT DISTINCT customer_id FROM customer
                 JOIN invoice USING (customer_id) JOIN invoice_line USING (invoice_id)
                 JOIN track USING (track_id) JOIN genre USING (genre_id)
                 JOIN employee ON employee_id = support_rep_id
                 WHERE total >= 10 AND genre.name IN ('Jazz', 'Rock') AND employee.first_name LIKE 'J%' ORDER BY 1"
            )
            .await
    );

    let by_artist = Track::ALBUM.order(
        sql!(
            "(SELECT name FROM artist a WHERE a.artist_id = $1)",
            Album::ARTIST_ID
        )
        .desc(),
    );
    let by_artist = Track::query().order_by(by_artist).limit(50).offset(100);
    assert_eq!(
        column(&by_artist.clone().all(db).await.unwrap(), |row| row.track_id),
        chinook
            .ids(
                "SELECT track_id FROM track LEFT JOIN album USING (album_id) LEFT JOIN artist USING (artist_id)
                 ORDER BY artist.name DESC, track_id LIMIT 50 OFFSET 100"
            )
            .await
    );
    assert_eq!(by_artist.count(db).await.unwrap(), 50);
    assert_eq!(chinook.statements(), 5);
}

#[tokio::test]
async fn found_by_single_and_composite_keys() {
    let Some(chinook) = Chinook::open().await else {
        return;
    };
    let (db, oracle) = (&chinook.db, &chinook.oracle);
    let track = Track::find(2_000).with(Track::GENRE).one(db).await.unwrap();
    let expected = oracle.track(2_000);
    let genre = oracle.genre(expected);
    assert_eq!(
        track,
        expected.holding(Unloaded, Unloaded, genre, Unloaded, Unloaded)
    );

    let links = PlaylistTrack::find_many([(1, 3402), (18, 597), (18, 598), (1, 1)]);
    let links = links.all(db).await.unwrap();
    assert_eq!(
        column(&links, |link| (link.playlist_id, link.track_id)),
        [(1, 1), (1, 3402), (18, 597)]
    );
    assert_eq!(
        PlaylistTrack::find((18, 598))
            .one_or_none(db)
            .await
            .unwrap(),
        None
    );
    assert_eq!(chinook.statements(), 3);
}
