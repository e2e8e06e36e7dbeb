//! `#[derive(Patch)]`: a struct of changes to some columns of an entity.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, Result, Type};

use crate::attribute::Errors;
use crate::name;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(unsupported(input));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(unsupported(input));
    };
    let mut errors = Errors::default();
    let entity = entity(input, &mut errors);
    let columns: Vec<&Field> = fields
        .named
        .iter()
        .filter(|field| !is_skipped(field, &mut errors))
        .collect();
    errors.finish()?;

    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let changes = columns.iter().filter_map(|field| {
        let field_name = field.ident.as_ref()?;
        let constant = name::constant(field_name);
        // A column that cannot be set is reported at the field's name, a value that does not fit at its type.
        let column = quote_spanned!(field_name.span()=> <#entity>::#constant);
        let mut value = field_name.clone();
        value.set_span(field.ty.span());
        let value = quote_spanned!(field.ty.span()=> self.#value);
        Some(quote_spanned!(field_name.span()=> changes.add(#column, #value);))
    });
    Ok(quote! {
        impl #impl_generics ::unlazy::Patch<#entity> for #ident #type_generics #where_clause {
            fn changes(self, changes: &mut ::unlazy::__private::Changes<'_, #entity>) {
                let _ = &changes;
                #(#changes)*
            }
        }
    })
}

fn unsupported(input: &DeriveInput) -> Error {
    Error::new(
        input.ident.span(),
        "a patch is a struct with named fields, one for each column that it may change",
    )
}

fn patch_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("patch"))
}

/// `#[patch(User)]`.
fn entity(input: &DeriveInput, errors: &mut Errors) -> Option<Type> {
    let mut entity = None;
    let mut is_named = false;
    for attribute in patch_attributes(&input.attrs) {
        is_named = true;
        let parsed = attribute
            .parse_args::<Type>()
            .map_err(|error| Error::new(error.span(), "expected the entity: `#[patch(User)]`"));
        if let Some(ty) = errors.keep(parsed) {
            errors.set(&mut entity, ty, attribute.path().span(), "patch");
        }
    }
    if !is_named {
        errors.at(
            input.ident.span(),
            "a patch names the entity that it changes: `#[patch(User)]`",
        );
    }
    entity
}

/// `#[patch(skip)]`.
fn is_skipped(field: &Field, errors: &mut Errors) -> bool {
    let mut skip = None;
    for attribute in patch_attributes(&field.attrs) {
        let parsed = attribute
            .parse_args::<Ident>()
            .map_err(|error| Error::new(error.span(), "expected `skip`"))
            .and_then(|option| {
                if option == "skip" {
                    Ok(option.span())
                } else {
                    let message = format_args!("unknown option `{option}`; expected `skip`");
                    Err(Error::new(option.span(), message))
                }
            });
        if let Some(span) = errors.keep(parsed) {
            errors.set(&mut skip, span, span, "skip");
        }
    }
    skip.is_some()
}
