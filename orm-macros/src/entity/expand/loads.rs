//! The load slots of an entity, and how they are filled.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use crate::entity::expand::{loads_ident, relation_type};
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
        #[derive(Clone, Default)]
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
                __entity: #ident,
                __relations: <Self::Slots as ::unlazy::__private::Slots<#ident>>::Values,
            ) -> Self::Value {
                let #contents = __relations;
                #ident { #(#columns: __entity.#columns,)* #(#fields),* }
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

/// `Put` for one relation: its slot is vacant before, and the others stay what they are.
fn put(model: &Model<'_>, position: usize) -> TokenStream {
    let entity = model.ident;
    let loads = loads_ident(model);
    let relation = relation_type(entity, &model.relations[position]);
    let parameters: Vec<&Ident> = model.relations.iter().map(|r| r.parameter).collect();
    let vacant = parameters[position];
    let fields: Vec<&Ident> = model.relations.iter().map(|r| r.ident).collect();
    let types_after = with_replaced(&parameters, position, quote!(__Load));
    let old = list(&with_replaced(&fields, position, quote!(_)));
    let new = list(&with_replaced(&fields, position, quote!(__load)));
    quote! {
        impl<__Load, #(#parameters),*> ::unlazy::Put<#entity, #loads<#(#parameters),*>, __Load>
            for #relation
        where
            #vacant: ::unlazy::__private::Vacant<#relation>,
        {
            type Output = #loads<#(#types_after),*>;

            fn put(loads: #loads<#(#parameters),*>, __load: __Load) -> Self::Output {
                let #old = loads.0;
                #loads(#new)
            }
        }
    }
}

fn with_replaced<T: ToTokens>(items: &[T], position: usize, by: TokenStream) -> Vec<TokenStream> {
    let mut items: Vec<TokenStream> = items.iter().map(ToTokens::to_token_stream).collect();
    items[position] = by;
    items
}
