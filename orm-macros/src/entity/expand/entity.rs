//! `impl Entity`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

use crate::entity::clauses::Clause;
use crate::entity::expand::states::list;
use crate::entity::expand::unique;
use crate::entity::model::{ColumnField, Model};
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let Model { ident, table, .. } = model;
    let entity_name = name::plain(ident);
    let schema = match &model.schema {
        Some(schema) => quote!(::core::option::Option::Some(#schema)),
        None => quote!(::core::option::Option::None),
    };
    let columns = model.columns.iter().map(column_def);
    let scopes = scopes(model);
    let unique = unique::definition(model);
    let key_positions = model
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.primary_key)
        .map(|(position, _)| position);
    let key_types: Vec<&Type> = model.key().map(|column| &column.ty).collect();
    let key_fields: Vec<&Ident> = model.key().map(|column| column.ident).collect();
    let (key_type, key_pattern) = match (key_types.as_slice(), key_fields.as_slice()) {
        ([ty], [field]) => (quote!(#ty), quote!(#field)),
        _ => (quote!((#(#key_types),*)), quote!((#(#key_fields),*))),
    };
    let key_binds = model.key().map(|column| {
        let field = column.ident;
        bind(column, quote!(#field))
    });
    let eager = model.eager_columns().count();
    let decoded = model.eager_columns().enumerate().map(|(position, column)| {
        let field = column.ident;
        let row = quote!(row);
        let span = column.type_span();
        match column.pg_type {
            Some(_) => quote_spanned!(span=> #field: #row.get_typed(#position)?),
            None => quote_spanned!(span=> #field: #row.get(#position)?),
        }
    });
    let version = match model.version() {
        Some((position, column)) => {
            let ty = &column.ty;
            quote_spanned!(column.type_span()=> ::unlazy::__private::version::<#ty>(#position))
        }
        None => quote!(::core::option::Option::None),
    };
    let soft_delete = model
        .soft_delete()
        .map(|_| quote!(impl ::unlazy::SoftDelete for #ident {}));
    let unloaded = model.states.iter().map(|state| state.ident);
    let vacant = list(model.states.iter().map(|_| quote!(::unlazy::Skip)));

    quote! {
        impl ::unlazy::Entity for #ident {
            type Key = #key_type;
            type KeyParts = (#(#key_types,)*);
            type Loads = #vacant;
            const DEF: &'static ::unlazy::__private::EntityDef = &::unlazy::__private::EntityDef {
                name: #entity_name,
                schema: #schema,
                table: #table,
                columns: &[#(#columns),*],
                eager: #eager,
                key: &[#(#key_positions),*],
                unique: #unique,
                version: #version,
                scopes: #scopes,
            };

            fn decode(row: &::unlazy::__private::RowReader<'_>) -> ::unlazy::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#decoded,)*
                    #(#unloaded: ::unlazy::Unloaded,)*
                })
            }

            fn bind_key(#key_pattern: Self::Key) -> ::unlazy::__private::KeyBinds {
                ::unlazy::__private::key_of([#(#key_binds),*])
            }
        }

        #soft_delete
    }
}

/// The scopes of its columns, its own, and the one that hides deleted rows.
fn scopes(model: &Model<'_>) -> TokenStream {
    let entity = model.ident;
    let valued = model
        .columns
        .iter()
        .enumerate()
        .filter_map(|(position, column)| {
            let (scope, ty) = (column.scope.as_ref()?, &column.ty);
            let name = match scope {
                Type::Path(path) => path.path.segments.last()?.ident.to_string(),
                other => quote!(#other).to_string(),
            };
            Some(quote_spanned! {scope.span()=>
                ::unlazy::__private::ScopeDef::valued::<#entity, #scope, #ty>(#position, #name)
            })
        });
    let always = model.scope.iter().map(|Clause { option, expression }| {
        let condition = quote_spanned! {option.span()=>
            ::unlazy::__private::condition::<#entity>(#expression)
        };
        quote!(::unlazy::__private::ScopeDef::always::<#entity>(|| #condition))
    });
    let not_deleted = model.soft_delete().map(|(position, column)| {
        let ty = &column.ty;
        quote_spanned! {column.type_span()=>
            ::unlazy::__private::ScopeDef::not_deleted::<#entity, #ty>(#position)
        }
    });
    quote!(&[#(#valued,)* #(#always,)* #not_deleted])
}

/// A value of a column, bound as the column's type.
pub(super) fn bind(column: &ColumnField<'_>, value: TokenStream) -> TokenStream {
    let (ty, span) = (&column.ty, column.type_span());
    match &column.pg_type {
        Some(pg_type) => quote_spanned! {span=>
            ::unlazy::__private::Bind::typed(#value, ::unlazy::PgType::new(#pg_type))
        },
        None => quote_spanned!(span=> ::unlazy::__private::Bind::field::<#ty>(#value)),
    }
}

fn column_def(column: &ColumnField<'_>) -> TokenStream {
    let ColumnField { ty, name, .. } = column;
    let field = name::plain(column.ident);
    let span = column.type_span();
    let new = match &column.pg_type {
        None => quote_spanned!(span=> ::unlazy::__private::ColumnDef::new::<#ty>(#field, #name)),
        Some(pg_type) => {
            // Such a type may have no `Field` impl that could be asked.
            let nullable = column.is_option();
            quote_spanned! {span=>
                ::unlazy::__private::ColumnDef::typed::<#ty>(#field, #name, ::unlazy::PgType::new(#pg_type), #nullable)
            }
        }
    };
    let unique = column.unique.then(|| quote!(.unique()));
    let generated = column.is_generated().then(|| quote!(.generated()));
    let default = column.has_default().then(|| quote!(.with_default()));
    let deferred = column.deferred.map(|_| quote!(.deferred()));
    quote!(#new #unique #generated #default #deferred)
}
