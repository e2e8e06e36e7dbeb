//! What users name: `User::EMAIL`, `User::POSTS`, `User::query()`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use crate::entity::attributes::KindAttribute;
use crate::entity::expand::{field_type, unique};
use crate::entity::model::{ColumnField, Model, RelationField};
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let columns = model
        .columns
        .iter()
        .enumerate()
        .map(|(position, column)| column_token(model, position, column));
    let relations = model
        .relations
        .iter()
        .map(|relation| relation_token(model, relation));
    let key = match model.key().map(|column| &column.ty).collect::<Vec<_>>()[..] {
        [ty] => quote!(#ty),
        ref types => quote!((#(#types),*)),
    };
    let entity = name::plain(ident);
    let query_doc = format!(
        "A query for all rows of `{}`, to be narrowed, ordered and completed.",
        model.table
    );
    let find_doc = format!(
        "A query for the `{entity}` with this primary key: `.one(&db)` or `.one_or_none(&db)`."
    );
    let find_many_doc = format!(
        "A query for every `{entity}` that has one of these primary keys, ordered by it. \
         A key without a row is passed over."
    );
    let from_sql_doc = format!(
        "A query for what SQL of your own returns, which must have the columns of `{entity}`. \
         It can be filtered, ordered and completed with relations like any other."
    );
    let writes = model.writable.then(|| writes(model));
    quote! {
        impl #ident {
            #(#columns)*
            #(#relations)*

            #[doc = #query_doc]
            #vis fn query() -> ::unlazy::Query<#ident> {
                ::unlazy::Query::new()
            }

            #[doc = #find_doc]
            #vis fn find(key: impl ::unlazy::IntoValue<#key>) -> ::unlazy::Query<#ident> {
                ::unlazy::Query::find(key)
            }

            #[doc = #find_many_doc]
            #vis fn find_many<K: ::unlazy::IntoValue<#key>>(
                keys: impl ::core::iter::IntoIterator<Item = K>,
            ) -> ::unlazy::Query<#ident> {
                ::unlazy::Query::find_many(keys)
            }

            #[doc = #from_sql_doc]
            #vis fn from_sql(source: ::unlazy::Fragment<#ident>) -> ::unlazy::Query<#ident> {
                ::unlazy::Query::from_sql(source)
            }

            #writes
        }
    }
}

fn writes(model: &Model<'_>) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let new = name::plain(&super::new::ident(model));
    let entity = name::plain(ident);
    let insert_doc = format!(
        "Inserts one `{entity}`, such as a [`{new}`]: `.one(&db)` returns it as it was stored."
    );
    let insert_many_doc =
        format!("Inserts any number of `{entity}`, such as [`{new}`]s, in one statement.");
    let update_doc = format!(
        "Changes columns of `{entity}`: `.of(&entity)` of one, `.filter(..)` of those that fulfil a condition."
    );
    let unique_keys = unique::tokens(model);
    let delete_doc = format!(
        "Deletes `{entity}`: `.of(&entity)` one, `.filter(..)` those that fulfil a condition."
    );
    quote! {
        #unique_keys

        #[doc = #insert_doc]
        #vis fn insert(new: impl ::unlazy::NewRow<#ident>) -> ::unlazy::Insert<#ident> {
            ::unlazy::Insert::new(new)
        }

        #[doc = #insert_many_doc]
        #vis fn insert_many<N: ::unlazy::NewRow<#ident>>(
            new: impl ::core::iter::IntoIterator<Item = N>,
        ) -> ::unlazy::InsertMany<#ident> {
            ::unlazy::InsertMany::new(new)
        }

        #[doc = #update_doc]
        #vis fn update() -> ::unlazy::Update<#ident> {
            ::unlazy::Update::new()
        }

        #[doc = #delete_doc]
        #vis fn delete() -> ::unlazy::Delete<#ident> {
            ::unlazy::Delete::new()
        }
    }
}

fn column_token(model: &Model<'_>, position: usize, column: &ColumnField<'_>) -> TokenStream {
    let ColumnField { vis, ty, .. } = column;
    let ident = model.ident;
    let constant = name::constant(column.ident);
    let doc = format!("The column `{}` of `{}`.", column.name, model.table);
    if column.deferred.is_some() {
        let field = field_type(ident, column.ident);
        let doc = format!("{doc} It is read only where a query asks for it: `.with(..)`.");
        return quote! {
            #[doc = #doc]
            #vis const #constant: ::unlazy::Deferred<#field> = ::unlazy::Deferred::new();
        };
    }
    let source = column
        .is_generated()
        .then(|| quote!(, ::unlazy::Stored<::unlazy::Generated>));
    quote! {
        #[doc = #doc]
        #vis const #constant: ::unlazy::Column<#ident, #ty #source> = ::unlazy::Column::new(#position);
    }
}

fn relation_token(model: &Model<'_>, relation: &RelationField<'_>) -> TokenStream {
    let vis = relation.vis;
    let relation_type = field_type(model.ident, relation.ident);
    let constant = name::constant(relation.ident);
    let target: &Type = &relation.attribute.target;
    let target = quote!(#target).to_string();
    let doc = match &relation.attribute.kind {
        KindAttribute::HasMany(_) => {
            format!("Has many [`{target}`]. Loaded with `.with(..)`: `Loaded<Vec<{target}>>`.")
        }
        KindAttribute::HasOne(_) => {
            format!("Has one [`{target}`]. Loaded with `.with(..)`: `Loaded<Option<{target}>>`.")
        }
        KindAttribute::BelongsTo(_) => format!(
            "Belongs to [`{target}`]. Loaded with `.with(..)`: `Loaded<Arc<{target}>>`, or `Loaded<Option<Arc<{target}>>>` if the \
             key is nullable."
        ),
        KindAttribute::ManyToMany(_) => format!(
            "Many to many [`{target}`]. Loaded with `.with(..)`: `Loaded<Vec<Arc<{target}>>>`."
        ),
    };
    quote! {
        #[doc = #doc]
        #vis const #constant: ::unlazy::Rel<#relation_type> = ::unlazy::Rel::new();
    }
}
