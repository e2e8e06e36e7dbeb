//! Whether a query finds the same rows when it is run again as a subquery, within the same snapshot.

use crate::load::{Node, has_statements, relations};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::{self, Ingredients};

/// Why a query, or a load below it, may find other rows as a subquery than by itself. Only those matter that have
/// statements below them.
pub(crate) fn obstacle(
    select: &Select,
    nodes: &[Option<Node<'_>>],
    scopes: &Scopes,
) -> Option<&'static str> {
    if select.lock.is_some() {
        return Some(
            "not pipelined: a query that locks rows may return others than the same query that does not",
        );
    }
    if select.source.is_some() {
        return Some(
            "not pipelined: SQL of your own as a query's source may return other rows when it is run again",
        );
    }
    if let Some(obstacle) = obstacle_of(select, scopes) {
        return Some(obstacle);
    }
    relations(nodes)
        .filter(|node| has_statements(&node.slots))
        .find_map(|node| obstacle(node.select, &node.slots, scopes))
}

fn obstacle_of(select: &Select, scopes: &Scopes) -> Option<&'static str> {
    let Ingredients {
        own_sql,
        is_rounded,
    } = sql::ingredients(select, scopes);
    if is_rounded {
        return Some(
            "not pipelined: a condition adds floating-point numbers, whose sum depends on the order in which they are found",
        );
    }
    (!own_sql.into_iter().all(is_repeatable_sql)).then_some(
        "not pipelined: a condition in SQL of your own calls a function that may return another value when it is called again",
    )
}

/// Functions that return the same for the same arguments within a transaction, and words that a parenthesis may follow.
/// Whether any other function does only the server knows, so SQL that calls one counts as not repeatable.
const REPEATABLE: &[&str] = &[
    "abs",
    "age",
    "all",
    "and",
    "any",
    "array_length",
    "array_position",
    "btrim",
    "cardinality",
    "cast",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "current_setting",
    "date_part",
    "date_trunc",
    "div",
    "exists",
    "extract",
    "floor",
    "greatest",
    "in",
    "interval",
    "jsonb_array_length",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_typeof",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "make_date",
    "md5",
    "mod",
    "not",
    "now",
    "nullif",
    "numeric",
    "or",
    "overlay",
    "plainto_tsquery",
    "position",
    "power",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row",
    "rtrim",
    "sign",
    "similarity",
    "some",
    "split_part",
    "sqrt",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "to_char",
    "to_date",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "translate",
    "trim",
    "trunc",
    "ts_rank",
    "upper",
    "varchar",
    "websearch_to_tsquery",
    "when",
    "word_similarity",
];

/// Words that make a result depend on more than the rows: the order in which they are found, or chance.
const UNREPEATABLE: &[&str] = &["fetch", "limit", "offset", "tablesample"];

fn is_repeatable_sql(text: &str) -> bool {
    // A comment may stand between a function and its arguments.
    if text.contains("--") || text.contains("/*") {
        return false;
    }
    let mut rest = text;
    while let Some(start) = rest.find(is_of_word) {
        let word_and_rest = &rest[start..];
        let end = word_and_rest
            .find(|character| !is_of_word(character))
            .unwrap_or(word_and_rest.len());
        let (word, after) = word_and_rest.split_at(end);
        let word = word.to_ascii_lowercase();
        let is_called = after.trim_start().starts_with('(');
        if UNREPEATABLE.contains(&word.as_str())
            || (is_called && !REPEATABLE.contains(&word.as_str()))
        {
            return false;
        }
        rest = after;
    }
    true
}

/// A quoted or qualified name counts as one word, which is in no list.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '"' | '.')
}

#[cfg(test)]
mod tests {
    use super::is_repeatable_sql;

    #[test]
    fn operators_and_well_known_functions_are_repeatable() {
        for sql in [
            "lower(name) = lower(",
            "a + b > ",
            "created < now() - interval '1 day'",
            "x IN (1, 2)",
            "coalesce (a, b)",
            "(a OR b) AND NOT (c)",
            "1.5 * price",
            "data ->> 'key' = 'random'",
        ] {
            assert!(is_repeatable_sql(sql), "{sql}");
        }
    }

    #[test]
    fn what_only_the_server_knows_is_not() {
        for sql in [
            "random() < 0.5",
            "clock_timestamp() > a",
            "pg_catalog.random ( ) < 1",
            "\"random\"() < 1",
            "my_function(id)",
            "id = (SELECT id FROM t LIMIT 1)",
            "row_number() OVER (ORDER BY a) < 3",
            "nextval('s') > 1",
        ] {
            assert!(!is_repeatable_sql(sql), "{sql}");
        }
    }
}
