//! The tables of the Chinook database: a shop that sells music.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use unlazy::{Entity, Unloaded};

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Artist<Albums = Unloaded> {
    #[entity(primary_key)]
    pub artist_id: i32,
    pub name: Option<String>,
    #[entity(has_many(Album, foreign_key = artist_id))]
    pub albums: Albums,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Album<By = Unloaded, Tracks = Unloaded> {
    #[entity(primary_key)]
    pub album_id: i32,
    pub title: String,
    pub artist_id: i32,
    #[entity(belongs_to(Artist, foreign_key = artist_id))]
    pub artist: By,
    #[entity(has_many(Track, foreign_key = album_id))]
    pub tracks: Tracks,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Genre<Tracks = Unloaded> {
    #[entity(primary_key)]
    pub genre_id: i32,
    pub name: Option<String>,
    #[entity(has_many(Track, foreign_key = genre_id))]
    pub tracks: Tracks,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct MediaType<Tracks = Unloaded> {
    #[entity(primary_key)]
    pub media_type_id: i32,
    pub name: Option<String>,
    #[entity(has_many(Track, foreign_key = media_type_id))]
    pub tracks: Tracks,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Track<
    On = Unloaded,
    Medium = Unloaded,
    Kind = Unloaded,
    Sales = Unloaded,
    Playlists = Unloaded,
> {
    #[entity(primary_key)]
    pub track_id: i32,
    pub name: String,
    pub album_id: Option<i32>,
    pub media_type_id: i32,
    pub genre_id: Option<i32>,
    pub composer: Option<String>,
    pub milliseconds: i32,
    pub bytes: Option<i32>,
    pub unit_price: Decimal,
    #[entity(belongs_to(Album, foreign_key = album_id))]
    pub album: On,
    #[entity(belongs_to(MediaType, foreign_key = media_type_id))]
    pub media_type: Medium,
    #[entity(belongs_to(Genre, foreign_key = genre_id))]
    pub genre: Kind,
    #[entity(has_many(InvoiceLine, foreign_key = track_id))]
    pub sales: Sales,
    #[entity(many_to_many(Playlist, through = PlaylistTrack(track_id, playlist_id)))]
    pub playlists: Playlists,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Playlist<Tracks = Unloaded> {
    #[entity(primary_key)]
    pub playlist_id: i32,
    pub name: Option<String>,
    #[entity(many_to_many(Track, through = PlaylistTrack(playlist_id, track_id)))]
    pub tracks: Tracks,
}

/// Type parameters may be called as the entities that they stand for.
#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct PlaylistTrack<Playlist = Unloaded, Track = Unloaded> {
    #[entity(primary_key)]
    pub playlist_id: i32,
    #[entity(primary_key)]
    pub track_id: i32,
    #[entity(belongs_to(Playlist, foreign_key = playlist_id))]
    pub playlist: Playlist,
    #[entity(belongs_to(Track, foreign_key = track_id))]
    pub track: Track,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Employee<Manager = Unloaded, Reports = Unloaded, Customers = Unloaded> {
    #[entity(primary_key)]
    pub employee_id: i32,
    pub last_name: String,
    pub first_name: String,
    pub title: Option<String>,
    pub reports_to: Option<i32>,
    pub birth_date: Option<NaiveDateTime>,
    pub hire_date: Option<NaiveDateTime>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub email: Option<String>,
    #[entity(belongs_to(Employee, foreign_key = reports_to))]
    pub manager: Manager,
    #[entity(has_many(Employee, foreign_key = reports_to))]
    pub reports: Reports,
    #[entity(has_many(Customer, foreign_key = support_rep_id))]
    pub customers: Customers,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Customer<SupportRep = Unloaded, Invoices = Unloaded> {
    #[entity(primary_key)]
    pub customer_id: i32,
    pub first_name: String,
    pub last_name: String,
    pub company: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub email: String,
    pub support_rep_id: Option<i32>,
    #[entity(belongs_to(Employee, foreign_key = support_rep_id))]
    pub support_rep: SupportRep,
    #[entity(has_many(Invoice, foreign_key = customer_id))]
    pub invoices: Invoices,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct Invoice<To = Unloaded, Lines = Unloaded> {
    #[entity(primary_key)]
    pub invoice_id: i32,
    pub customer_id: i32,
    pub invoice_date: NaiveDateTime,
    pub billing_address: Option<String>,
    pub billing_city: Option<String>,
    pub billing_state: Option<String>,
    pub billing_country: Option<String>,
    pub billing_postal_code: Option<String>,
    pub total: Decimal,
    #[entity(belongs_to(Customer, foreign_key = customer_id))]
    pub customer: To,
    #[entity(has_many(InvoiceLine, foreign_key = invoice_id))]
    pub lines: Lines,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub(crate) struct InvoiceLine<On = Unloaded, Sold = Unloaded> {
    #[entity(primary_key)]
    pub invoice_line_id: i32,
    pub invoice_id: i32,
    pub track_id: i32,
    pub unit_price: Decimal,
    pub quantity: i32,
    #[entity(belongs_to(Invoice, foreign_key = invoice_id))]
    pub invoice: On,
    #[entity(belongs_to(Track, foreign_key = track_id))]
    pub track: Sold,
}
