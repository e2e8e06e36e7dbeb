//! From the model to impls, each part in a file of its own.

mod entity;
mod loads;
mod new;
mod relations;
mod tokens;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::entity::model::{Model, RelationField};
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let entity = entity::expand(model);
    let tokens = tokens::expand(model);
    let relations = relations::expand(model);
    let loads = loads::expand(model);
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
            #loads
        };
    }
}

/// The type of the load slots.
fn loads_ident(model: &Model<'_>) -> Ident {
    format_ident!("{}Loads", model.ident)
}

/// The module of the relations' types: there their names cannot hide a name that the user's types mention.
fn relations_module() -> Ident {
    format_ident!("__relations")
}

/// The type of a relation, `User_posts`. It stands in messages of the compiler, which says a name without its path only
/// if no other type has it.
fn relation_ident(entity: &Ident, relation: &RelationField<'_>) -> Ident {
    let field = name::plain(relation.ident);
    format_ident!(
        "{}_{field}",
        name::plain(entity),
        span = relation.ident.span()
    )
}

/// The type of a relation, with its module.
fn relation_type(entity: &Ident, relation: &RelationField<'_>) -> TokenStream {
    let module = relations_module();
    let ident = relation_ident(entity, relation);
    quote!(#module::#ident)
}
