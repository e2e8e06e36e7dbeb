//! Statements that ask about the rows of a query without fetching them.

use crate::entity::EntityDef;
use crate::select::Select;
use crate::sql::Sql;
use crate::sql::select::rows_only;

/// `SELECT count(*) FROM users AS t0 WHERE ..`.
pub(crate) fn count(def: &'static EntityDef, select: &Select) -> Sql {
    if select.page.is_some() {
        rows_only(def, select, "SELECT count(*) FROM (SELECT", ") AS q")
    } else {
        rows_only(def, select, "SELECT count(*)", "")
    }
}

/// `SELECT EXISTS (SELECT FROM users AS t0 WHERE ..)`.
pub(crate) fn exists(def: &'static EntityDef, select: &Select) -> Sql {
    rows_only(def, select, "SELECT EXISTS (SELECT", ")")
}
