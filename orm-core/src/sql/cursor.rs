//! Statements about cursors.

use crate::sql::Sql;
use crate::sql::writer::Name;

/// `DECLARE "unlazy stream" NO SCROLL CURSOR FOR SELECT ..`, with the parameters of the query.
pub(crate) fn declare(name: &str, query: &str) -> String {
    format!("DECLARE {} NO SCROLL CURSOR FOR {query}", Name(name))
}

/// `FETCH 1000 FROM "unlazy stream"`.
pub(crate) fn fetch(name: &str, rows: u32) -> Sql {
    Sql {
        text: format!("FETCH {rows} FROM {}", Name(name)),
        parameters: Vec::new(),
        // What it returns depends on the cursor.
        depends_on_data: true,
        missing_scope: None,
    }
}

/// `CLOSE "unlazy stream 1"`.
pub(crate) fn close(name: &str) -> String {
    format!("CLOSE {}", Name(name))
}
