//! `impl DeferredColumn` for the types of deferred columns.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::entity::expand::{field_type, states};
use crate::entity::model::{ColumnField, Model};
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let columns = model.columns.iter().enumerate();
    let impls = columns
        .filter(|(_, column)| column.deferred.is_some())
        .map(|(position, column)| impls(model.ident, position, column, model));
    quote!(#(#impls)*)
}

fn impls(
    entity: &Ident,
    position: usize,
    column: &ColumnField<'_>,
    model: &Model<'_>,
) -> TokenStream {
    let field = field_type(entity, column.ident);
    let state = states::position(model.position(column.ident));
    let hash = name::hash(&name::plain(column.ident));
    let ty = &column.ty;
    let content = quote_spanned!(column.type_span()=> type Content = #ty;);
    let put = states::put(entity, &field, &state);
    quote! {
        #put

        impl ::unlazy::StateField for #field {
            type Owner = #entity;
            type Position = #state;
            type Target = #entity;
            type Slot<Below> = ::unlazy::LoadColumn<#field>;
        }

        impl ::unlazy::DeferredColumn for #field {
            #content
            const POSITION: usize = #position;
        }

        #[diagnostic::do_not_recommend]
        impl ::unlazy::__private::Named<#hash> for #entity {
            type Field = #field;
        }
    }
}
