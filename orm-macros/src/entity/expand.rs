//! From the model to impls, each part in a file of its own.

mod deferred;
mod entity;
mod new;
mod relations;
mod states;
mod tokens;
mod unique;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::entity::model::Model;
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let entity = entity::expand(model);
    let tokens = tokens::expand(model);
    let relations = relations::expand(model);
    let deferred = deferred::expand(model);
    let states = states::expand(model);
    let new = if model.writable {
        new::expand(model)
    } else {
        TokenStream::new()
    };
    quote! {
        #new

        const _: () = {
            #entity
            #tokens
            #relations
            #deferred
            #states
        };
    }
}

/// The module of the relations' types: there their names cannot hide a name that the user's types mention.
fn relations_module() -> Ident {
    format_ident!("__relations")
}

/// The type of a relation or of a deferred column, `User_posts`. It stands in messages of the compiler, which says a name
/// without its path only if no other type has it.
fn field_ident(entity: &Ident, field: &Ident) -> Ident {
    let plain = name::plain(field);
    format_ident!("{}_{plain}", name::plain(entity), span = field.span())
}

/// The type of a relation or of a deferred column, with its module.
fn field_type(entity: &Ident, field: &Ident) -> TokenStream {
    let module = relations_module();
    let ident = field_ident(entity, field);
    quote!(#module::#ident)
}
