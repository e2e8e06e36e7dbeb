//! Names: from Rust to SQL, and as hashes.

use proc_macro2::Ident;
use syn::ext::IdentExt;

/// The identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `OrderLine` is `order_line`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous_is_lower = false;
    for character in name.chars() {
        if character.is_uppercase() && previous_is_lower {
            snake.push('_');
        }
        previous_is_lower = character.is_lowercase() || character.is_ascii_digit();
        snake.extend(character.to_lowercase());
    }
    snake
}

/// The constant for a field: `author_id` is `AUTHOR_ID`.
pub(crate) fn constant(field: &Ident) -> Ident {
    Ident::new(&plain(field).to_uppercase(), field.span())
}

/// A relation's name as a const generic, since a string cannot be one: 64-bit FNV-1a
/// (<http://www.isthe.com/chongo/tech/comp/fnv/>). Two relations of one entity with the same hash would be reported as
/// conflicting impls.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
