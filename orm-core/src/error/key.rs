//! The names in the texts of the server's errors, which are in its language (`lc_messages`). What stands between the names differs; how
//! they are written does not.

/// The columns of an index, from `Key (tenant_id, "Email", lower(name))=(1, a@b, ann) already exists.`
///
/// They are written as in SQL: a name is quoted where it must be, and an expression has its parentheses. There may be none, and the
/// values may be anything.
pub(super) fn of_index(detail: &str) -> Vec<String> {
    let Some((_, list)) = detail.split_once('(') else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    let mut start = 0;
    let mut depth = 0;
    let mut quote = None;
    for (position, character) in list.char_indices() {
        match (character, quote) {
            // A doubled quote ends the quoted text and begins it again.
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            (_, Some(_)) => {}
            ('(', None) => depth += 1,
            (')', None) if depth > 0 => depth -= 1,
            (',' | ')', None) if depth == 0 => {
                columns.push(unquoted(list[start..position].trim_start()));
                start = position + 1;
                if character == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    if list[start..].starts_with("=(") {
        columns
    } else {
        Vec::new()
    }
}

/// The columns of a foreign key, from `Key (author_id)=(99) is not present in table "users".`
///
/// They are written as they are, without quotes.
pub(super) fn of_foreign_key(detail: &str) -> Vec<String> {
    detail
        .split_once(")=(")
        .and_then(|(before, _)| before.split_once('('))
        .map(|(_, list)| list.split(", ").map(str::to_owned).collect())
        .unwrap_or_default()
}

/// How many names a message quotes, if these that are among them leave no doubt.
pub(super) fn quoted_names(message: &str, among: &[&str]) -> Option<usize> {
    // No language has single quotes here, which are apostrophes too.
    let is_quote = |character: char| "\"«»„“”‹›「」『』".contains(character);
    if among.iter().any(|name| name.contains(is_quote)) {
        return None;
    }
    let quotes = message.matches(is_quote).count();
    quotes.is_multiple_of(2).then_some(quotes / 2)
}

fn unquoted(column: &str) -> String {
    match column
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(name) => name.replace("\"\"", "\""),
        None => column.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_an_index() {
        for (list, columns) in [
            ("email", vec!["email"]),
            ("tenant_id, email", vec!["tenant_id", "email"]),
            (
                r#""Email", "a, b", "a ""b"" )=(""#,
                vec!["Email", "a, b", r#"a "b" )=("#],
            ),
            (
                "lower(email), COALESCE(a, b), (n + 1)",
                vec!["lower(email)", "COALESCE(a, b)", "(n + 1)"],
            ),
            (
                "COALESCE(a, ')=(, '::text), concat('it''s (', a)",
                vec!["COALESCE(a, ')=(, '::text)", "concat('it''s (', a)"],
            ),
            ("größe, 名前", vec!["größe", "名前"]),
        ] {
            for values in ["1, a@b", ")=(", "(x)=(y)", "\"'((", ""] {
                // English, German, French, Spanish, Korean, Japanese.
                for detail in [
                    format!("Key ({list})=({values}) already exists."),
                    format!("Schlüssel »({list})=({values})« existiert bereits."),
                    format!("La clé « ({list})=({values}) » existe déjà."),
                    format!("Ya existe la llave ({list})=({values})."),
                    format!("({list})=({values}) 키가 이미 있습니다."),
                    format!(
                        "キー ({list})=({values}) が既存のキー ({list})=({values}) と競合しています"
                    ),
                ] {
                    assert_eq!(of_index(&detail), columns, "{detail}");
                }
            }
        }
    }

    #[test]
    fn a_detail_that_does_not_tell_them_has_no_columns() {
        for detail in [
            "",
            "Key conflicts with existing key.",
            "Key is not present in table \"users (old)\".",
            "(",
            "(a",
            "(a, \"b)=(1)",
            "(a, f(b)=(1)",
            "this (or that) is wrong",
        ] {
            assert_eq!(of_index(detail), Vec::<String>::new(), "{detail}");
            if !detail.contains(")=(") {
                assert_eq!(of_foreign_key(detail), Vec::<String>::new(), "{detail}");
            }
        }
    }

    #[test]
    fn columns_of_a_foreign_key() {
        for (detail, columns) in [
            (
                "Key (author_id)=(99) is not present in table \"users\".",
                vec!["author_id"],
            ),
            (
                "Key (a, B)=(9, )=() is not present in table \"t\".",
                vec!["a", "B"],
            ),
            (
                "Key (price (net))=(9) is not present in table \"t\".",
                vec!["price (net)"],
            ),
            (
                "Schlüssel (a)=(9) ist nicht in Tabelle »t« vorhanden.",
                vec!["a"],
            ),
            (
                "テーブル\"t\"にキー(a, b)=(9, 8)がありません",
                vec!["a", "b"],
            ),
        ] {
            assert_eq!(of_foreign_key(detail), columns, "{detail}");
        }
    }

    /// What the server's own translations are.
    #[test]
    fn an_insert_quotes_two_names_and_a_delete_three_in_every_language() {
        let translations = [
            (
                "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
                "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
            ),
            (
                "Einfügen oder Aktualisieren in Tabelle »%s« verletzt Fremdschlüssel-Constraint »%s«",
                "Aktualisieren oder Löschen in Tabelle »%s« verletzt Fremdschlüssel-Constraint »%s« von Tabelle »%s«",
            ),
            (
                "inserción o actualización en la tabla «%s» viola la llave foránea «%s»",
                "update o delete en «%s» viola la llave foránea «%s» en la tabla «%s»",
            ),
            (
                "une instruction insert ou update sur la table « %s » viole la contrainte de clé\nétrangère « %s »",
                "UPDATE ou DELETE sur la table « %s » viole la contrainte de clé étrangère « %s » de la table « %s »",
            ),
            (
                "la INSERT o l'UPDATE sulla tabella \"%s\" viola il vincolo di chiave esterna \"%s\"",
                "l'istruzione UPDATE o DELETE sulla tabella \"%s\" viola il vincolo di chiave esterna \"%s\" sulla tabella \"%s\"",
            ),
            (
                "テーブル\"%s\"への挿入、更新は外部キー制約\"%s\"に違反しています",
                "テーブル\"%s\"の更新または削除は、テーブル\"%s\"の外部キー制約\"%s\"に違反します",
            ),
            (
                "INSERT или UPDATE в таблице \"%s\" нарушает ограничение внешнего ключа \"%s\"",
                "UPDATE или DELETE в таблице \"%s\" нарушает ограничение внешнего ключа \"%s\" таблицы \"%s\"",
            ),
            (
                "对表 \"%s\" 的插入或更新违反外键约束 \"%s\"",
                "对表 \"%s\" 的更新或删除违反表 \"%s\" 上的外键约束 \"%s\"",
            ),
        ];
        for (insert, delete) in translations {
            assert_eq!(quoted_names(insert, &["posts", "f"]), Some(2), "{insert}");
            assert_eq!(quoted_names(delete, &["posts", "f"]), Some(3), "{delete}");
            assert_eq!(quoted_names(insert, &["posts", "a \"b\""]), None);
        }
        assert_eq!(quoted_names("table \"a\"b\"", &["posts", "f"]), None);
    }
}
