//! The macros of [unlazy](https://docs.rs/unlazy). Use them through the crate `unlazy`, which documents them.

mod attribute;
mod entity;
mod insert;
mod loaded;
mod name;
mod new_row;
mod patch;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro_derive(Entity, attributes(entity))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    entity::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro_derive(Insert, attributes(insert))]
pub fn derive_insert(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    insert::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro_derive(Patch, attributes(patch))]
pub fn derive_patch(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    patch::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro_derive(Value, attributes(value))]
pub fn derive_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    value::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro]
pub fn loaded(input: TokenStream) -> TokenStream {
    let shape = parse_macro_input!(input as loaded::Shape);
    shape.expand().into()
}

#[allow(missing_docs)] // documented where it is re-exported
#[proc_macro]
pub fn relation(input: TokenStream) -> TokenStream {
    let relation = parse_macro_input!(input as loaded::RelationName);
    relation.expand().into()
}
