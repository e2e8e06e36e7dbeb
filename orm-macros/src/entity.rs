//! `#[derive(Entity)]`: read the input, check it, write the impls.

mod attributes;
mod clauses;
mod expand;
mod model;
mod special;
mod unique;

use proc_macro2::TokenStream;
use syn::DeriveInput;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let model = model::Model::read(input)?;
    Ok(expand::expand(&model))
}
