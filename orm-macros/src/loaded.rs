//! `loaded!(User { posts { tags }, profile })`: the type of an entity with these relations loaded; and
//! `relation!(User::posts)`: the type of a relation.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Path, Result, Token, braced, token};

use crate::attribute::Errors;
use crate::name;

pub(crate) struct Shape {
    entity: Path,
    relations: Vec<Relation>,
}

struct Relation {
    name: Ident,
    /// Whether it is followed to its end: `subtasks*`.
    recursive: bool,
    /// Whether it is loaded only if a condition holds: `posts?`.
    maybe: bool,
    below: Vec<Relation>,
}

impl Parse for Shape {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let entity = input.call(Path::parse_mod_style).map_err(|error| {
            Error::new(
                error.span(),
                "expected an entity: `loaded!(User { posts })`",
            )
        })?;
        let relations = if input.is_empty() {
            Vec::new()
        } else {
            relations(input)?
        };
        if !input.is_empty() {
            return Err(input.error("unexpected: the shape is complete before this"));
        }
        Ok(Self { entity, relations })
    }
}

impl Parse for Relation {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input
            .parse::<Ident>()
            .map_err(|error| Error::new(error.span(), "expected the name of a relation"))?;
        let recursive = input.parse::<Option<Token![*]>>()?.is_some();
        let maybe = input.parse::<Option<Token![?]>>()?.is_some();
        let below = if input.peek(token::Brace) {
            relations(input)?
        } else {
            Vec::new()
        };
        Ok(Self {
            name,
            recursive,
            maybe,
            below,
        })
    }
}

fn relations(input: ParseStream<'_>) -> Result<Vec<Relation>> {
    if !input.peek(token::Brace) {
        return Err(
            input.error("expected the loaded relations in braces: `loaded!(User { posts })`")
        );
    }
    let content;
    braced!(content in input);
    let relations = Punctuated::<Relation, Token![,]>::parse_terminated(&content)?;
    Ok(relations.into_iter().collect())
}

/// Reports each relation that is named twice, on every level.
fn check_names(relations: &[Relation], errors: &mut Errors) {
    for (position, relation) in relations.iter().enumerate() {
        if relations[..position]
            .iter()
            .any(|earlier| earlier.name == relation.name)
        {
            errors.at(
                relation.name.span(),
                format_args!("relation `{}` is named twice", relation.name),
            );
        }
        check_names(&relation.below, errors);
    }
}

/// `relation!(User::posts)`.
pub(crate) struct RelationName {
    entity: Path,
    name: Ident,
}

impl Parse for RelationName {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let form = "expected an entity and a relation of it: `relation!(User::posts)`";
        let mut entity = input
            .call(Path::parse_mod_style)
            .map_err(|error| Error::new(error.span(), form))?;
        if !input.is_empty() {
            return Err(input.error("unexpected: the relation is complete before this"));
        }
        let Some(name) = entity.segments.pop() else {
            return Err(input.error(form));
        };
        if entity.segments.pop_punct().is_none() || entity.segments.is_empty() {
            return Err(Error::new(name.ident.span(), form));
        }
        Ok(Self {
            entity,
            name: name.ident,
        })
    }
}

impl RelationName {
    pub(crate) fn expand(&self) -> TokenStream {
        let Self { entity, name } = self;
        let hash = name::hash(&name::plain(name));
        quote_spanned!(name.span()=> ::unlazy::__private::NamedField<#entity, #hash>)
    }
}

impl Shape {
    pub(crate) fn expand(&self) -> TokenStream {
        let mut errors = Errors::default();
        check_names(&self.relations, &mut errors);
        match errors.finish() {
            Ok(()) => {
                let entity = &self.entity;
                let slots = slots(&quote!(#entity), &self.relations);
                quote!(::unlazy::__private::ValueOf<#entity, #slots>)
            }
            Err(errors) => {
                // The macro stands for one type, whatever the number of errors.
                let errors = errors.into_iter().map(Error::into_compile_error);
                quote!((#(#errors,)*))
            }
        }
    }
}

/// The slots of an entity with these relations filled, one after the other.
fn slots(entity: &TokenStream, relations: &[Relation]) -> TokenStream {
    let mut filled = None;
    for relation in relations {
        filled = Some(with(entity, filled, relation));
    }
    filled.unwrap_or_else(|| quote!(<#entity as ::unlazy::Entity>::Loads))
}

/// The slots with one more relation.
fn with(entity: &TokenStream, filled: Option<TokenStream>, relation: &Relation) -> TokenStream {
    let span = relation.name.span();
    let hash = name::hash(&name::plain(&relation.name));
    let is_plain = !relation.recursive && !relation.maybe;
    if is_plain && relation.below.is_empty() {
        return match filled {
            Some(filled) => {
                quote_spanned!(span=> ::unlazy::__private::WithBare<#entity, #filled, #hash>)
            }
            None => quote_spanned!(span=> ::unlazy::__private::FirstBare<#entity, #hash>),
        };
    }
    let target = quote_spanned!(span=> ::unlazy::__private::TargetOf<#entity, #hash>);
    let below = slots(&target, &relation.below);
    let filled = match filled {
        None if is_plain => {
            return quote_spanned!(span=> ::unlazy::__private::FirstWith<#entity, #hash, #below>);
        }
        None => quote!(<#entity as ::unlazy::Entity>::Loads),
        Some(filled) => filled,
    };
    let slot = if relation.recursive {
        quote_spanned!(span=> ::unlazy::__private::RecursiveSlot)
    } else {
        quote_spanned!(span=> ::unlazy::__private::NamedSlot)
    };
    let slot = quote_spanned!(span=> #slot<#entity, #hash, #below>);
    let slot = if relation.maybe {
        quote_spanned!(span=> ::unlazy::If<#slot>)
    } else {
        slot
    };
    quote_spanned!(span=> ::unlazy::__private::With<#entity, #filled, #hash, #slot>)
}
