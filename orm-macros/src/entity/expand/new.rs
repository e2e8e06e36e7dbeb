//! `NewUser`: the values that an insert sets.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::entity::model::{ColumnField, Model};
use crate::{name, new_row};

pub(super) fn ident(model: &Model<'_>) -> Ident {
    format_ident!("New{}", model.ident)
}

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let Model {
        ident: entity, vis, ..
    } = model;
    let new = ident(model);
    let required: Vec<(usize, &ColumnField<'_>)> = model
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_required())
        .collect();
    let positions = required.iter().map(|(position, _)| position);
    let fields = required.iter().map(|(_, column)| {
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
    let values = required
        .iter()
        .enumerate()
        .map(|(place, (_, column))| value(place, column));
    let with = new_row::with(vis, &new, quote!(#entity));
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

        #with

        impl ::unlazy::NewRow<#entity> for #new {
            const COLUMNS: &'static [usize] = &[#(#positions),*];

            fn value(&self, column: usize) -> &(dyn ::unlazy::__private::ColumnValue + ::core::marker::Sync) {
                match column {
                    #(#values,)*
                    _ => ::unlazy::__private::no_value(),
                }
            }
        }
    }
}

/// `0 => &self.email`.
fn value(place: usize, column: &ColumnField<'_>) -> TokenStream {
    let field = column.ident;
    quote_spanned!(column.type_span()=> #place => &self.#field)
}
