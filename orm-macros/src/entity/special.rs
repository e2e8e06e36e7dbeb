//! Rules for the columns that the library itself sets: `version` and `soft_delete`.

use proc_macro2::Span;

use crate::attribute::Errors;
use crate::entity::attributes::FieldAttributes;
use crate::entity::model::ColumnField;

/// What such a column cannot be besides.
pub(crate) fn check_column(attributes: &FieldAttributes, errors: &mut Errors) {
    let others = [
        (attributes.primary_key, "primary_key"),
        (attributes.generated, "generated"),
        (attributes.default, "default"),
        (attributes.unique, "unique"),
        (attributes.scope.as_ref().map(|(span, _)| *span), "scope"),
    ];
    for (span, other) in others {
        let Some(span) = span else { continue };
        if attributes.version.is_some() {
            errors.at(
                span,
                format_args!(
                    "the library counts a version up, beginning with the database's default: it has no use for `{other}`"
                ),
            );
        }
        if attributes.soft_delete.is_some() {
            errors.at(
                span,
                format_args!(
                    "a `soft_delete` column only says whether its row is deleted: it has no use for `{other}`"
                ),
            );
        }
    }
    if let (Some(_), Some(span)) = (attributes.version, attributes.soft_delete) {
        errors.at(span, "a column is a `version` or a `soft_delete`, not both");
    }
}

/// An entity has at most one version, and one column that marks deleted rows.
pub(crate) fn check_entity(columns: &[ColumnField<'_>], view: Option<Span>, errors: &mut Errors) {
    let versions = columns.iter().filter_map(|column| column.version);
    for span in versions.clone().skip(1) {
        errors.at(span, "an entity has one `version`");
    }
    if let (Some(_), Some(span)) = (view, versions.clone().next()) {
        errors.at(span, "a view is only read, and a `version` is for updates");
    }
    let marks = columns.iter().filter_map(|column| column.soft_delete);
    for span in marks.skip(1) {
        errors.at(span, "an entity has one `soft_delete`");
    }
}
