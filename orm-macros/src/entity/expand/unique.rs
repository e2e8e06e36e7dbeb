//! Unique keys: `User::PRIMARY_KEY`, `User::UNIQUE_EMAIL`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;

use crate::entity::model::Model;
use crate::entity::unique::UniqueKey;

/// The keys as constants.
pub(super) fn tokens(model: &Model<'_>) -> TokenStream {
    let keys = model.unique_keys.iter().map(|key| token(model, key));
    quote!(#(#keys)*)
}

fn token(model: &Model<'_>, key: &UniqueKey) -> TokenStream {
    let Model {
        ident, vis, table, ..
    } = model;
    let constant = &key.constant;
    let positions = positions(model, key);
    let names = key.fields.iter().filter_map(|field| model.column(field));
    let names: Vec<_> = names
        .map(|(_, column)| format!("`{}`", column.name))
        .collect();
    let (names, index) = (names.join(", "), key.filter.as_ref());
    let index = index.map_or("", |_| ", of a partial index");
    let doc = format!(
        "The unique key {names} of `{table}`{index}: what an upsert names as its conflict."
    );
    let new = match &key.filter {
        None => quote!(new(&[#(#positions),*])),
        Some(filter) => {
            let condition = quote::quote_spanned! {filter.span()=>
                ::unlazy::__private::condition::<#ident>(#filter)
            };
            quote!(partial(&[#(#positions),*], || #condition))
        }
    };
    quote! {
        #[doc = #doc]
        #vis const #constant: ::unlazy::UniqueKey<#ident> = ::unlazy::UniqueKey::#new;
    }
}

/// What the entity's definition says of the keys of the struct: the positions of the columns of each that holds for all rows.
pub(super) fn definition(model: &Model<'_>) -> TokenStream {
    let keys = model
        .unique_keys
        .iter()
        .filter(|key| !key.is_known && key.filter.is_none())
        .map(|key| {
            let positions = positions(model, key);
            quote!(&[#(#positions),*])
        });
    quote!(&[#(#keys),*])
}

fn positions(model: &Model<'_>, key: &UniqueKey) -> impl Iterator<Item = usize> {
    key.fields
        .iter()
        .filter_map(|field| model.column(field))
        .map(|(position, _)| position)
}
