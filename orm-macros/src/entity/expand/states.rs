//! The states of an entity: taking them off, and putting others on.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use crate::entity::expand::entity::bind;
use crate::entity::model::Model;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let entity = model.ident;
    let parameters: Vec<&Ident> = model.states.iter().map(|state| state.parameter).collect();
    let fields: Vec<&Ident> = model.states.iter().map(|state| state.ident).collect();
    let columns: Vec<&Ident> = model.eager_columns().map(|column| column.ident).collect();
    let states = list(&parameters);
    let contents = list(&fields);
    let own_contents = list(fields.iter().map(|field| quote!(self.#field)));
    let own_refs = list(fields.iter().map(|field| quote!(&self.#field)));
    let key_binds = model.key().map(|column| {
        let field = column.ident;
        bind(column, quote!(::core::clone::Clone::clone(&self.#field)))
    });
    let version_bind = model.version().map(|(_, column)| {
        let field = column.ident;
        let version = bind(column, quote!(::core::clone::Clone::clone(&self.#field)));
        quote! {
            fn version_bind(&self) -> ::core::option::Option<::unlazy::__private::Bind> {
                ::core::option::Option::Some(#version)
            }
        }
    });
    let record = quote!(#entity<#(#parameters),*>);
    quote! {
        impl<#(#parameters),*> ::unlazy::Record for #record
        where
            #(#parameters: ::core::marker::Send + ::core::marker::Sync + 'static,)*
        {
            type Entity = #entity;
            type States = #states;

            fn split(self) -> (#entity, Self::States) {
                let __states = #own_contents;
                (#entity { #(#columns: self.#columns,)* #(#fields: ::unlazy::Unloaded),* }, __states)
            }

            #[allow(clippy::unused_unit)]
            fn states(&self) -> <Self::States as ::unlazy::__private::List>::Refs<'_> {
                #own_refs
            }

            fn key_binds(&self) -> ::unlazy::__private::KeyBinds {
                ::unlazy::__private::key_of([#(#key_binds),*])
            }

            #version_bind
        }

        impl<#(#parameters),*> ::unlazy::__private::Assemble<#states> for #entity
        where
            #(#parameters: ::core::marker::Send + ::core::marker::Sync + 'static,)*
        {
            type Record = #record;

            fn assemble(self, #contents: #states) -> #record {
                #entity { #(#columns: self.#columns,)* #(#fields),* }
            }
        }
    }
}

/// `(a, (b, ()))`: lists are nested pairs, since impls for tuples would end at some length.
pub(super) fn list<T: ToTokens>(
    items: impl IntoIterator<Item = T, IntoIter: DoubleEndedIterator>,
) -> TokenStream {
    items
        .into_iter()
        .rev()
        .fold(quote!(()), |rest, item| quote!((#item, #rest)))
}

/// How the slot of a field is filled.
pub(super) fn put(entity: &Ident, field: &TokenStream, position: &TokenStream) -> TokenStream {
    quote! {
        impl<__Loads, __Load> ::unlazy::Put<#entity, __Loads, __Load> for #field
        where
            __Loads: ::unlazy::__private::At<#position>,
            <__Loads as ::unlazy::__private::At<#position>>::Item: ::unlazy::Vacant<#field>,
        {
            type Output = <__Loads as ::unlazy::__private::At<#position>>::Replaced<__Load>;

            fn put(loads: __Loads, load: __Load) -> Self::Output {
                <__Loads as ::unlazy::__private::At<#position>>::replace(loads, load)
            }
        }
    }
}

/// The position of a state as a type.
pub(super) fn position(position: usize) -> TokenStream {
    let here = quote!(::unlazy::__private::Here);
    (0..position).fold(
        here,
        |before, _| quote!(::unlazy::__private::After<#before>),
    )
}
