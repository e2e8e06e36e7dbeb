//! `#[derive(Value)]`: PostgreSQL enums, and newtypes of values.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Token, Type, Variant,
};

use crate::attribute::Errors;
use crate::name;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let mut errors = Errors::default();
    for parameter in &input.generics.params {
        errors.at(parameter.span(), "a value's type has no generic parameters");
    }
    let expanded = match &input.data {
        Data::Enum(data) => {
            let type_name = one_name(&input.attrs, "name", &mut errors)
                .unwrap_or_else(|| name::snake_case(&name::plain(&input.ident)));
            enumeration(&input.ident, &type_name, data.variants.iter(), &mut errors)
        }
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                for attribute in input.attrs.iter().filter(|a| a.path().is_ident("value")) {
                    errors.at(
                        attribute.path().span(),
                        "a newtype is called in PostgreSQL what the type inside is called; it has no options",
                    );
                }
                newtype(&input.ident, &fields.unnamed[0].ty)
            }
            _ => return Err(unsupported(input)),
        },
        Data::Union(_) => return Err(unsupported(input)),
    };
    errors.finish()?;
    Ok(expanded)
}

fn unsupported(input: &DeriveInput) -> Error {
    Error::new(
        input.ident.span(),
        "`Value` is for an enum without fields (a PostgreSQL enum) and for a struct with one unnamed field (a newtype)",
    )
}

/// `#[value(name = "mood")]` of an enum, `#[value(rename = "happy")]` of a variant.
fn one_name(attributes: &[Attribute], option: &str, errors: &mut Errors) -> Option<String> {
    let mut found: Option<LitStr> = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("value")) {
        let parsed = attribute.parse_args_with(|input: syn::parse::ParseStream<'_>| {
            let name: Ident = input.parse()?;
            if name != option {
                return Err(Error::new(
                    name.span(),
                    format_args!("unknown option `{name}`; expected `{option} = \"..\"`"),
                ));
            }
            input.parse::<Token![=]>()?;
            Ok((name.span(), input.parse::<LitStr>()?))
        });
        if let Some((span, literal)) = errors.keep(parsed) {
            errors.set(&mut found, literal, span, option);
        }
    }
    found.map(|literal| literal.value())
}

fn enumeration<'a>(
    ident: &Ident,
    type_name: &str,
    variants: impl Iterator<Item = &'a Variant>,
    errors: &mut Errors,
) -> TokenStream {
    let mut names = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(
                variant.fields.span(),
                "a PostgreSQL enum has only labels: its variants have no fields",
            );
        }
        let label = one_name(&variant.attrs, "rename", errors)
            .unwrap_or_else(|| name::snake_case(&name::plain(&variant.ident)));
        if labels.contains(&label) {
            errors.at(
                variant.ident.span(),
                format_args!("another variant has the label `{label}` already"),
            );
        }
        names.push(&variant.ident);
        labels.push(label);
    }
    if names.is_empty() {
        errors.at(ident.span(), "a PostgreSQL enum has at least one label");
    }
    let to_sql = impl_to_sql(
        ident,
        quote!(::unlazy::__private::label_to_sql(
            match self { #(Self::#names => #labels,)* },
            out,
        )),
        quote!(::unlazy::__private::accepts_label(ty)),
    );
    quote! {
        #to_sql

        impl<'a> ::unlazy::__private::FromSql<'a> for #ident {
            fn from_sql(
                _: &::unlazy::__private::Type,
                raw: &'a [u8],
            ) -> ::core::result::Result<Self, ::unlazy::__private::BoxedError> {
                match ::unlazy::__private::label_from_sql(raw)? {
                    #(#labels => ::core::result::Result::Ok(Self::#names),)*
                    unknown => ::core::result::Result::Err(::unlazy::__private::unknown_label(unknown)),
                }
            }

            fn accepts(ty: &::unlazy::__private::Type) -> bool {
                ::unlazy::__private::accepts_label(ty)
            }
        }

        impl ::unlazy::Value for #ident {
            const TYPE: ::unlazy::PgType = ::unlazy::PgType::through_text(#type_name);
        }
    }
}

fn newtype(ident: &Ident, inner: &Type) -> TokenStream {
    let to_sql = impl_to_sql(
        ident,
        quote!(<#inner as ::unlazy::__private::ToSql>::to_sql(&self.0, ty, out)),
        quote!(<#inner as ::unlazy::__private::ToSql>::accepts(ty)),
    );
    // Whether patterns can be matched cannot be asked of the inner type without naming it in a bound that may be false.
    let is_string = matches!(
        inner,
        Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "String")
    );
    let text = is_string.then(|| quote!(impl ::unlazy::Text for #ident {}));
    quote! {
        #to_sql

        impl<'a> ::unlazy::__private::FromSql<'a> for #ident {
            fn from_sql(
                ty: &::unlazy::__private::Type,
                raw: &'a [u8],
            ) -> ::core::result::Result<Self, ::unlazy::__private::BoxedError> {
                <#inner as ::unlazy::__private::FromSql<'a>>::from_sql(ty, raw).map(Self)
            }

            fn accepts(ty: &::unlazy::__private::Type) -> bool {
                <#inner as ::unlazy::__private::FromSql<'a>>::accepts(ty)
            }
        }

        impl ::unlazy::Value for #ident {
            const TYPE: ::unlazy::PgType = <#inner as ::unlazy::Value>::TYPE;
        }

        #text
    }
}

fn impl_to_sql(ident: &Ident, to_sql: TokenStream, accepts: TokenStream) -> TokenStream {
    quote! {
        impl ::unlazy::__private::ToSql for #ident {
            fn to_sql(
                &self,
                ty: &::unlazy::__private::Type,
                out: &mut ::unlazy::__private::BytesMut,
            ) -> ::core::result::Result<::unlazy::__private::IsNull, ::unlazy::__private::BoxedError> {
                let _ = ty;
                #to_sql
            }

            fn accepts(ty: &::unlazy::__private::Type) -> bool {
                #accepts
            }

            ::unlazy::__private::to_sql_checked!();
        }
    }
}
