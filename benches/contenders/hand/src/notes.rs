//! The rows that are inserted.

use chrono::{DateTime, Utc};
use workload::note;

/// The same rows by columns.
pub(crate) struct Columns {
    pub(crate) user_ids: Vec<i64>,
    pub(crate) titles: Vec<String>,
    pub(crate) views: Vec<i32>,
    pub(crate) created_ats: Vec<DateTime<Utc>>,
}

impl Columns {
    pub(crate) fn of(rows: i64) -> Self {
        let mut columns = Self {
            user_ids: Vec::new(),
            titles: Vec::new(),
            views: Vec::new(),
            created_ats: Vec::new(),
        };
        for (user_id, title, views, created_at) in (0..rows).map(note) {
            columns.user_ids.push(user_id);
            columns.titles.push(title);
            columns.views.push(views);
            columns.created_ats.push(created_at);
        }
        columns
    }
}
