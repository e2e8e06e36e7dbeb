//! The load slots of an entity, and how they are filled.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use crate::entity::expand::{loads_ident, relations_module};
use crate::entity::model::Model;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let loads = loads_ident(model);
    let parameters: Vec<&Ident> = model.relations.iter().map(|r| r.parameter).collect();
    let fields: Vec<&Ident> = model.relations.iter().map(|r| r.ident).collect();
    let columns: Vec<&Ident> = model.columns.iter().map(|column| column.ident).collect();
    let slots = list(&parameters);
    let contents = list(&fields);
    let puts = (0..model.relations.len()).map(|position| put(model, position));
    quote! {
        #[derive(Clone, Debug, Default)]
        #[allow(unreachable_pub)]
        #vis struct #loads<#(#parameters = ::unlazy::__private::Skip),*>(#slots);

        impl<#(#parameters),*> ::unlazy::Loads for #loads<#(#parameters),*>
        where
            #(#parameters: ::unlazy::__private::Slot<#ident>,)*
        {
            type Entity = #ident;
            type Value = #ident<#(<#parameters as ::unlazy::__private::Slot<#ident>>::Value),*>;
            type Slots = #slots;

            fn slots(&self) -> &Self::Slots {
                &self.0
            }

            fn assemble(
                entity: #ident,
                relations: <Self::Slots as ::unlazy::__private::Slots<#ident>>::Values,
            ) -> Self::Value {
                let #contents = relations;
                #ident { #(#columns: entity.#columns,)* #(#fields),* }
            }
        }

        #(#puts)*
    }
}

/// `(a, (b, ()))`: lists of slots are nested pairs, since impls for tuples would end at some length.
fn list<T: ToTokens>(items: &[T]) -> TokenStream {
    items
        .iter()
        .rev()
        .fold(quote!(()), |rest, item| quote!((#item, #rest)))
}

/// `Put` for one relation: its slot is `Skip` before, and the others stay what they are.
fn put(model: &Model<'_>, position: usize) -> TokenStream {
    let loads = loads_ident(model);
    let module = relations_module();
    let relation = model.relations[position].ident;
    let parameters: Vec<&Ident> = model.relations.iter().map(|r| r.parameter).collect();
    let fields: Vec<&Ident> = model.relations.iter().map(|r| r.ident).collect();
    let others = parameters
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != position)
        .map(|(_, parameter)| parameter);
    let before = parameters.iter().enumerate().map(|(other, parameter)| {
        if other == position {
            quote!(::unlazy::__private::Skip)
        } else {
            quote!(#parameter)
        }
    });
    let after = parameters.iter().enumerate().map(|(other, parameter)| {
        if other == position {
            quote!(__Filled)
        } else {
            quote!(#parameter)
        }
    });
    let skipped = quote!(_);
    let filled = quote!(__filled);
    let slots_with = |slot: &TokenStream| {
        let slots: Vec<TokenStream> = fields
            .iter()
            .enumerate()
            .map(|(other, field)| {
                if other == position {
                    slot.clone()
                } else {
                    quote!(#field)
                }
            })
            .collect();
        list(&slots)
    };
    let old = slots_with(&skipped);
    let new = slots_with(&filled);
    quote! {
        impl<__Filled #(, #others)*> ::unlazy::Put<#module::#relation, __Filled> for #loads<#(#before),*> {
            type Output = #loads<#(#after),*>;

            fn put(self, #filled: __Filled) -> Self::Output {
                let #old = self.0;
                #loads(#new)
            }
        }
    }
}
