//! What new rows have in common, those that the derive makes and those of the user's own.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Visibility;

/// How a new row is given rows of its relations.
pub(crate) fn with(vis: &Visibility, row: &Ident, entity: TokenStream) -> TokenStream {
    quote! {
        impl #row {
            /// This row with new rows of a relation, or links to rows that are there: see [`NewWith`](::unlazy::NewWith).
            #vis fn with<C>(self, related: C) -> ::unlazy::NewWith<#entity, Self, C::Output>
            where
                C: ::unlazy::GivenTo<#entity, <#entity as ::unlazy::Entity>::Loads>,
            {
                ::unlazy::NewWith::new(self, related)
            }
        }

        impl ::unlazy::SingleRow for #row {}
    }
}
