//! `NewUser`: the values that an insert sets.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::entity::expand::entity::bind;
use crate::entity::model::{ColumnField, Model};
use crate::name;

pub(super) fn ident(model: &Model<'_>) -> Ident {
    format_ident!("New{}", model.ident)
}

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let Model {
        ident: entity, vis, ..
    } = model;
    let new = ident(model);
    let set: Vec<(usize, &ColumnField<'_>)> = model
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.generated)
        .collect();
    let positions = set.iter().map(|(position, _)| position);
    let fields = set.iter().map(|(_, column)| {
        let ColumnField {
            ident,
            vis,
            ty,
            name,
            ..
        } = column;
        let doc = format!("The column `{name}`.");
        quote! {
            #[doc = #doc]
            #vis #ident: #ty
        }
    });
    let binds = set.iter().map(|(_, column)| {
        let field = column.ident;
        bind(column, quote!(self.#field))
    });
    let doc = format!(
        "The values of a new [`{}`]: every column that the database does not make itself.",
        name::plain(entity)
    );
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #vis struct #new {
            #(#fields,)*
        }

        impl ::unlazy::__private::NewRow<#entity> for #new {
            const COLUMNS: &'static [usize] = &[#(#positions),*];

            fn binds(self) -> ::std::vec::Vec<::unlazy::__private::Bind> {
                ::std::vec![#(#binds),*]
            }
        }
    }
}
