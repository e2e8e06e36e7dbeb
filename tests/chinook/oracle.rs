//! What plain SQL says: every table, read with `tokio-postgres` alone, from which the tests stitch the trees that they
//! expect by hand.

use std::sync::Arc;

use tokio_postgres::Client;
use unlazy::{Loaded, Unloaded};

use crate::entities::{
    Album, Artist, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist,
    PlaylistTrack, Track,
};

/// The rows of all tables, each table ordered by its primary key.
pub(crate) struct Oracle {
    pub(crate) albums: Vec<Album>,
    pub(crate) artists: Vec<Artist>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) employees: Vec<Employee>,
    pub(crate) genres: Vec<Genre>,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) invoice_lines: Vec<InvoiceLine>,
    pub(crate) media_types: Vec<MediaType>,
    pub(crate) playlists: Vec<Playlist>,
    pub(crate) playlist_tracks: Vec<PlaylistTrack>,
    pub(crate) tracks: Vec<Track>,
}

impl Oracle {
    pub(crate) async fn read(client: &Client) -> Self {
        Self {
            albums: Album::rows(client).await,
            artists: Artist::rows(client).await,
            customers: Customer::rows(client).await,
            employees: Employee::rows(client).await,
            genres: Genre::rows(client).await,
            invoices: Invoice::rows(client).await,
            invoice_lines: InvoiceLine::rows(client).await,
            media_types: MediaType::rows(client).await,
            playlists: Playlist::rows(client).await,
            playlist_tracks: PlaylistTrack::rows(client).await,
            tracks: Track::rows(client).await,
        }
    }
}

/// The targets that fulfil a condition, as `has_many` loads them.
pub(crate) fn many<T, U>(
    rows: &[T],
    belongs: impl Fn(&T) -> bool,
    fill: impl Fn(&T) -> U,
) -> Loaded<Vec<U>> {
    Loaded::new(rows.iter().filter(|row| belongs(row)).map(fill).collect())
}

/// The only target that fulfils a condition, as `belongs_to` with a required key loads it.
pub(crate) fn one<T, U>(
    rows: &[T],
    is_target: impl Fn(&T) -> bool,
    fill: impl Fn(&T) -> U,
) -> Loaded<Arc<U>> {
    let row = rows.iter().find(|row| is_target(row));
    Loaded::new(Arc::new(fill(row.expect("the foreign key has a target"))))
}

/// As [`one`], for a key that may be NULL.
pub(crate) fn optional<T, U>(
    rows: &[T],
    is_target: impl Fn(&T) -> bool,
    fill: impl Fn(&T) -> U,
) -> Loaded<Option<Arc<U>>> {
    let row = rows.iter().find(|row| is_target(row));
    Loaded::new(row.map(|row| Arc::new(fill(row))))
}

/// `rows` reads the table; `holding` is the row with these contents in its relations.
macro_rules! table {
    ($entity:ident from $sql:literal { $($column:ident),+ } holding { $($relation:ident: $State:ident),+ }) => {
        impl $entity {
            async fn rows(client: &Client) -> Vec<Self> {
                let rows = client.query($sql, &[]).await.unwrap();
                rows.iter()
                    .map(|row| Self {
                        $($column: row.get(stringify!($column)),)+
                        $($relation: Unloaded,)+
                    })
                    .collect()
            }

            pub(crate) fn holding<$($State),+>(&self, $($relation: $State),+) -> $entity<$($State),+> {
                $entity {
                    $($column: self.$column.clone(),)+
                    $($relation,)+
                }
            }
        }
    };
}

table! {
    Album from "SELECT * FROM album ORDER BY album_id" { album_id, title, artist_id }
    holding { artist: A, tracks: B }
}

table! {
    Artist from "SELECT * FROM artist ORDER BY artist_id" { artist_id, name }
    holding { albums: A }
}

table! {
    Customer from "SELECT * FROM customer ORDER BY customer_id" {
        customer_id, first_name, last_name, company, address, city, state, country, postal_code, phone, fax, email,
        support_rep_id
    }
    holding { support_rep: A, invoices: B }
}

table! {
    Employee from "SELECT * FROM employee ORDER BY employee_id" {
        employee_id, last_name, first_name, title, reports_to, birth_date, hire_date, address, city, state, country,
        postal_code, phone, fax, email
    }
    holding { manager: A, reports: B, customers: C }
}

table! {
    Genre from "SELECT * FROM genre ORDER BY genre_id" { genre_id, name }
    holding { tracks: A }
}

table! {
    Invoice from "SELECT * FROM invoice ORDER BY invoice_id" {
        invoice_id, customer_id, invoice_date, billing_address, billing_city, billing_state, billing_country,
        billing_postal_code, total
    }
    holding { customer: A, lines: B }
}

table! {
    InvoiceLine from "SELECT * FROM invoice_line ORDER BY invoice_line_id" {
        invoice_line_id, invoice_id, track_id, unit_price, quantity
    }
    holding { invoice: A, track: B }
}

table! {
    MediaType from "SELECT * FROM media_type ORDER BY media_type_id" { media_type_id, name }
    holding { tracks: A }
}

table! {
    Playlist from "SELECT * FROM playlist ORDER BY playlist_id" { playlist_id, name }
    holding { tracks: A }
}

table! {
    PlaylistTrack from "SELECT * FROM playlist_track ORDER BY playlist_id, track_id" { playlist_id, track_id }
    holding { playlist: A, track: B }
}

table! {
    Track from "SELECT * FROM track ORDER BY track_id" {
        track_id, name, album_id, media_type_id, genre_id, composer, milliseconds, bytes, unit_price
    }
    holding { album: A, media_type: B, genre: C, sales: D, playlists: E }
}
