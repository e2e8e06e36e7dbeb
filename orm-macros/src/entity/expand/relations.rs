//! A type for each relation, and `impl Relation` for it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Type, Visibility};

use crate::entity::attributes::{Columns, KindAttribute, Link, Through};
use crate::entity::clauses::Clause;
use crate::entity::expand::{field_ident, field_type, relations_module, states};
use crate::entity::model::{Model, RelationField};
use crate::name;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    if model.states.is_empty() {
        return TokenStream::new();
    }
    let module = relations_module();
    // As visible as the entity, whatever the field is: `Named` leads from the one to the other.
    let vis = from_inside(model.vis);
    let types = model.states.iter().map(|state| {
        let ident = field_ident(model.ident, state.ident);
        quote! {
            #vis struct #ident;
        }
    });
    let impls = model
        .relations
        .iter()
        .map(|relation| relation_impls(model, relation));
    quote! {
        #[allow(non_camel_case_types, unreachable_pub)]
        mod #module {
            #(#types)*
        }
        #(#impls)*
    }
}

fn relation_impls(model: &Model<'_>, relation: &RelationField<'_>) -> TokenStream {
    let entity = model.ident;
    let relation_type = field_type(entity, relation.ident);
    let position = states::position(model.position(relation.ident));
    let field_name = name::plain(relation.ident);
    let hash = name::hash(&field_name);
    let target = &relation.attribute.target;
    let target_item = quote_spanned!(target.span()=> type Target = #target;);
    let fixed = fixed(&relation_type, &relation.attribute.clauses);
    let parts = match &relation.attribute.kind {
        KindAttribute::HasMany(columns) => has(model, target, columns, "HasMany", "Many"),
        KindAttribute::HasOne(columns) => has(model, target, columns, "HasOne", "Optional"),
        KindAttribute::BelongsTo(columns) => belongs_to(model, target, columns),
        KindAttribute::ManyToMany(through) => many_to_many(model, target, through, relation),
    };
    let Parts {
        kind,
        shape,
        via,
        parent_columns,
        target_columns,
        link,
        key,
        checks,
    } = parts;
    let put = states::put(entity, &relation_type, &position);
    quote! {
        #put

        impl ::unlazy::Relation for #relation_type {
            type Parent = #entity;
            #target_item
            type Shape = #shape;
            type Position = #position;
            type Via = ::unlazy::__private::#via;
            const DEF: &'static ::unlazy::__private::RelationDef = &::unlazy::__private::RelationDef {
                name: #field_name,
                kind: ::unlazy::__private::RelationKind::#kind,
                parent: <#entity as ::unlazy::Entity>::DEF,
                target: <#target as ::unlazy::Entity>::DEF,
                parent_columns: #parent_columns,
                target_columns: #target_columns,
                link: #link,
                fixed: #fixed,
            };

            fn key<'a>(parent: &'a #entity, key: &mut ::unlazy::__private::KeyParts<'a>) {
                #key
            }
        }

        #[diagnostic::do_not_recommend]
        impl ::unlazy::__private::Named<#hash> for #entity {
            type Field = #relation_type;
        }

        #checks
    }
}

/// The conditions and orders that the attribute fixes, each written as a call with the name of its option.
fn fixed(relation_type: &TokenStream, clauses: &[Clause]) -> TokenStream {
    if clauses.is_empty() {
        return quote!(::core::option::Option::None);
    }
    let calls = clauses
        .iter()
        .map(|Clause { option, expression }| quote_spanned!(option.span()=> .#option(#expression)));
    quote! {
        ::core::option::Option::Some(::unlazy::__private::Fixed::of::<#relation_type>(|| {
            ::unlazy::__private::RelationOptions::<#relation_type>::new()#(#calls)*.into_select()
        }))
    }
}

/// What differs between the kinds.
struct Parts {
    kind: Ident,
    shape: TokenStream,
    via: TokenStream,
    parent_columns: TokenStream,
    target_columns: TokenStream,
    link: TokenStream,
    key: TokenStream,
    checks: TokenStream,
}

/// The target has this entity's primary key.
fn has(model: &Model<'_>, target: &Type, columns: &Columns, kind: &str, shape: &str) -> Parts {
    let entity = model.ident;
    let shape = Ident::new(shape, Span::call_site());
    let foreign_key = constants(target, columns);
    Parts {
        kind: Ident::new(kind, Span::call_site()),
        shape: quote!(::unlazy::__private::#shape),
        via: quote!(ViaTarget),
        parent_columns: quote!(<#entity as ::unlazy::Entity>::DEF.key),
        target_columns: positions(&foreign_key),
        link: quote!(::core::option::Option::None),
        key: primary_key(model),
        checks: check_foreign_key(quote!(#entity), &foreign_key, columns.span()),
    }
}

/// This entity has the target's primary key.
fn belongs_to(model: &Model<'_>, target: &Type, columns: &Columns) -> Parts {
    let fields = &columns.0;
    let types: Vec<&Type> = fields
        .iter()
        .filter_map(|field| model.column(field).map(|(_, column)| &column.ty))
        .collect();
    let own_positions = fields
        .iter()
        .filter_map(|field| model.column(field).map(|(position, _)| position));
    let span = columns.span();
    // The span is where an error is shown; these names are found only from where `Relation::key` has them.
    let (parent, key) = (quote!(parent), quote!(key));
    let foreign_key = quote_spanned! {span=>
        <(#(#types,)*) as ::unlazy::__private::ForeignKey<<#target as ::unlazy::Entity>::KeyParts>>
    };
    Parts {
        kind: Ident::new("BelongsTo", Span::call_site()),
        shape: quote_spanned!(span=> #foreign_key::Shape),
        via: quote!(ViaParent),
        parent_columns: quote!(&[#(#own_positions),*]),
        target_columns: quote!(<#target as ::unlazy::Entity>::DEF.key),
        link: quote!(::core::option::Option::None),
        key: quote_spanned!(span=> #foreign_key::push((#(&#parent.#fields,)*), #key);),
        checks: TokenStream::new(),
    }
}

/// Rows of a link table have the primary keys of both.
fn many_to_many(
    model: &Model<'_>,
    target: &Type,
    through: &Through,
    relation: &RelationField<'_>,
) -> Parts {
    let entity = model.ident;
    let relation_type = field_type(entity, relation.ident);
    let (link, keys_suffice, checks) = match &through.link {
        Link::Entity(link) => {
            let to_parent = constants(link, &through.parent);
            let to_target = constants(link, &through.target);
            let parent_check =
                check_foreign_key(quote!(#entity), &to_parent, through.parent.span());
            let target_check =
                check_foreign_key(quote!(#target), &to_target, through.target.span());
            let def = quote!(<#link as ::unlazy::Entity>::DEF);
            (
                quote! {
                    ::unlazy::__private::LinkDef {
                        schema: #def.schema,
                        table: #def.table,
                        parent_columns: &[#(#def.columns[#to_parent.position()].name),*],
                        target_columns: &[#(#def.columns[#to_target.position()].name),*],
                        entity: ::core::option::Option::Some(#def),
                    }
                },
                quote!({ #def.is_complete_with(&[#(#to_parent.position(),)* #(#to_target.position()),*]) }),
                quote! {
                    impl ::unlazy::ThroughEntity for #relation_type {
                        type Link = #link;
                    }

                    #parent_check
                    #target_check
                },
            )
        }
        Link::Table(table) => {
            let name = table.value();
            let (schema, table) = match name.split_once('.') {
                Some((schema, table)) => (quote!(::core::option::Option::Some(#schema)), table),
                None => (quote!(::core::option::Option::None), name.as_str()),
            };
            let to_parent = through.parent.0.iter().map(name::plain);
            let to_target = through.target.0.iter().map(name::plain);
            let counts = [
                (quote!(#entity), &through.parent),
                (quote!(#target), &through.target),
            ]
            .map(|(referred, columns)| {
                let count = columns.0.len();
                quote_spanned! {columns.span()=>
                    const _: () = assert!(
                        <#referred as ::unlazy::Entity>::DEF.key.len() == #count,
                        "the link table needs one column for each column of the primary key that it refers to",
                    );
                }
            });
            (
                quote! {
                    ::unlazy::__private::LinkDef {
                        schema: #schema,
                        table: #table,
                        parent_columns: &[#(#to_parent),*],
                        target_columns: &[#(#to_target),*],
                        entity: ::core::option::Option::None,
                    }
                },
                quote!(true),
                quote!(#(#counts)*),
            )
        }
    };
    Parts {
        kind: Ident::new("ManyToMany", Span::call_site()),
        shape: quote!(::unlazy::__private::ManyShared),
        via: quote!(ViaLink<#keys_suffice>),
        parent_columns: quote!(<#entity as ::unlazy::Entity>::DEF.key),
        target_columns: quote!(<#target as ::unlazy::Entity>::DEF.key),
        link: quote!(::core::option::Option::Some(#link)),
        key: primary_key(model),
        checks,
    }
}

fn primary_key(model: &Model<'_>) -> TokenStream {
    let fields = model.key().map(|column| column.ident);
    quote!(#(key.push(::core::option::Option::Some(&parent.#fields));)*)
}

/// `<Post>::AUTHOR_ID`, at the span of the field's name in the attribute: a typo is reported there.
fn constants(entity: &Type, columns: &Columns) -> Vec<TokenStream> {
    columns
        .0
        .iter()
        .map(|field| {
            let constant = name::constant(field);
            quote_spanned!(field.span()=> <#entity>::#constant)
        })
        .collect()
}

fn positions(constants: &[TokenStream]) -> TokenStream {
    quote!(&[#(#constants.position()),*])
}

fn check_foreign_key(referred: TokenStream, constants: &[TokenStream], span: Span) -> TokenStream {
    quote_spanned! {span=>
        const _: () = ::unlazy::__private::check_foreign_key::<
            <#referred as ::unlazy::Entity>::KeyParts,
            _,
        >((#(#constants,)*));
    }
}

/// The same visibility, written one module further in.
fn from_inside(vis: &Visibility) -> TokenStream {
    match vis {
        Visibility::Inherited => quote!(pub(super)),
        Visibility::Public(_) => quote!(pub),
        Visibility::Restricted(restricted) => {
            let path = &restricted.path;
            match path.segments.first() {
                Some(first) if first.ident == "self" => quote!(pub(super)),
                Some(first) if first.ident == "super" => quote!(pub(in super::#path)),
                _ => quote!(#vis),
            }
        }
    }
}
