//! What the impls of a derived enum call: labels are text on the wire.

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, Type};

use super::BoxedError;

/// Writes a label.
pub fn label_to_sql(label: &str, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
    out.extend_from_slice(label.as_bytes());
    Ok(IsNull::No)
}

/// Reads a label.
pub fn label_from_sql(raw: &[u8]) -> Result<&str, BoxedError> {
    Ok(std::str::from_utf8(raw)?)
}

/// The error for a label that the Rust enum does not have.
pub fn unknown_label(label: &str) -> BoxedError {
    format!("the enum has no variant with the label `{label}`").into()
}

/// Labels come as text, as they are selected and bound; the user's own SQL may have the enum itself.
pub fn accepts_label(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR) || matches!(ty.kind(), Kind::Enum(_))
}
