//! `#[derive(Insert)]`: a struct of the user's own whose values are new rows of an entity.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataStruct, DeriveInput, Error, Field, Fields, Ident, Result, Type};

use crate::attribute::Errors;
use crate::{name, new_row};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let mut errors = Errors::default();
    for parameter in &input.generics.params {
        errors.at(
            parameter.span(),
            "a new row owns its values: its struct has no generic parameters",
        );
    }
    let entity = entity(input, &mut errors);
    let fields = match named_fields(input) {
        Ok(fields) => fields
            .iter()
            .filter_map(|field| RowField::read(field, &mut errors))
            .collect(),
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    };
    errors.finish()?;
    Ok(match entity {
        Some(entity) => expand(input, &entity, &fields),
        None => TokenStream::new(),
    })
}

/// A field that is the value of a column.
struct RowField<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    generated: bool,
}

/// `#[insert(User)]`.
fn entity(input: &DeriveInput, errors: &mut Errors) -> Option<Type> {
    let form = "say of which entity it is a new row: `#[insert(User)]`";
    let mut entity = None;
    for attribute in insert_attributes(&input.attrs) {
        if let Some(ty) = errors.keep(attribute.parse_args::<Type>()) {
            errors.set(&mut entity, ty, attribute.path().span(), "insert");
        }
    }
    if entity.is_none() && insert_attributes(&input.attrs).next().is_none() {
        errors.at(input.ident.span(), form);
    }
    entity
}

fn named_fields(input: &DeriveInput) -> Result<&Fields> {
    match &input.data {
        Data::Struct(DataStruct {
            fields: fields @ Fields::Named(_),
            ..
        }) => Ok(fields),
        _ => Err(Error::new(
            input.ident.span(),
            "a new row is a struct with named fields, one for each column that it sets",
        )),
    }
}

fn insert_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("insert"))
}

impl<'a> RowField<'a> {
    /// None for a field with `#[insert(skip)]`.
    fn read(field: &'a Field, errors: &mut Errors) -> Option<Self> {
        let mut generated: Option<Span> = None;
        let mut skip: Option<Span> = None;
        for attribute in insert_attributes(&field.attrs) {
            let options = attribute.parse_nested_meta(|option| {
                let span = option.path.span();
                if option.path.is_ident("generated") {
                    errors.set(&mut generated, span, span, "generated");
                } else if option.path.is_ident("skip") {
                    errors.set(&mut skip, span, span, "skip");
                } else {
                    return Err(Error::new(
                        span,
                        "unknown option; expected one of `generated`, `skip`",
                    ));
                }
                Ok(())
            });
            errors.keep(options);
        }
        if let (Some(_), Some(span)) = (skip, generated) {
            errors.at(span, "a field that is skipped sets no column");
        }
        Some(Self {
            ident: field.ident.as_ref()?,
            ty: &field.ty,
            generated: generated.is_some(),
        })
        .filter(|_| skip.is_none())
    }
}

fn expand(input: &DeriveInput, entity: &Type, fields: &[RowField<'_>]) -> TokenStream {
    let row = &input.ident;
    let with = new_row::with(&input.vis, row, quote!(#entity));
    let row_name = name::plain(row);
    let positions = fields.iter().map(|field| {
        let column = name::constant(field.ident);
        quote!(<#entity>::#column.position())
    });
    let checks = fields.iter().map(|RowField { ident, ty, generated }| {
        let column = name::constant(ident);
        let check = if *generated {
            quote!(check_generated_column)
        } else {
            quote!(check_column)
        };
        quote_spanned!(ty.span()=> ::unlazy::__private::#check::<#entity, #ty, _>(<#entity>::#column);)
    });
    let values = fields.iter().enumerate().map(|(place, field)| {
        let ident = field.ident;
        quote!(#place => &self.#ident)
    });
    let required = quote_spanned! {row.span()=>
        ::unlazy::__private::check_required_columns::<#entity>(
            <#row as ::unlazy::NewRow<#entity>>::COLUMNS,
            #row_name,
        )
    };
    quote! {
        #with

        impl ::unlazy::NewRow<#entity> for #row {
            const COLUMNS: &'static [usize] = &[#(#positions),*];

            fn value(&self, column: usize) -> &(dyn ::unlazy::__private::ColumnValue + ::core::marker::Sync) {
                match column {
                    #(#values,)*
                    _ => ::unlazy::__private::no_value(),
                }
            }
        }

        const _: () = {
            #(#checks)*
            #required
        };
    }
}
