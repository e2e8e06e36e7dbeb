//! Conditions and orders in attributes: `filter = Post::PUBLISHED.eq(true), order_by = (Post::PINNED.desc(), Post::ID)`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{AngleBracketedGenericArguments, Error, Ident, Result, Token, parenthesized, token};

use crate::attribute::Errors;
use crate::entity::attributes::{KindAttribute, Link};

/// One condition, or one term of an order.
pub(crate) struct Clause {
    /// The option, which is also the method that takes the expression.
    pub(crate) option: Ident,
    pub(crate) expression: TokenStream,
}

/// Reads what follows a relation's keys.
pub(crate) fn clauses(kind: &KindAttribute, input: ParseStream<'_>) -> Result<Vec<Clause>> {
    let mut errors = Errors::default();
    let mut clauses = Vec::new();
    let mut options: Vec<Ident> = Vec::new();
    while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
        let option: Ident = input.parse().map_err(|error| {
            Error::new(
                error.span(),
                "unexpected: the relation is complete before this",
            )
        })?;
        errors.keep(check(kind, &option));
        if options.contains(&option) {
            errors.at(option.span(), more_than_once(&option));
        }
        input.parse::<Token![=]>()?;
        let expressions = if option.to_string().starts_with("order_by") {
            expressions(input)?
        } else {
            vec![expression(input)?]
        };
        clauses.extend(expressions.into_iter().map(|expression| Clause {
            option: option.clone(),
            expression,
        }));
        options.push(option);
    }
    if !input.is_empty() {
        errors.push(input.error("unexpected: the relation is complete before this"));
    }
    errors.finish()?;
    Ok(clauses)
}

pub(crate) fn more_than_once(option: &Ident) -> String {
    if option.to_string().starts_with("order_by") {
        format!("`{option}` is specified more than once: name all terms in one tuple")
    } else {
        format!("`{option}` is specified more than once: join the conditions with `.and(..)`")
    }
}

/// Whether a relation of this kind has this option.
fn check(kind: &KindAttribute, option: &Ident) -> Result<()> {
    let name = option.to_string();
    let refused = match (kind, name.as_str()) {
        (KindAttribute::BelongsTo(_), "filter") => {
            "a `belongs_to` cannot leave out rows: the key that refers to one would have no target. \
             What is to be hidden everywhere is the business of the target's own entity: `scope = ..`"
        }
        (KindAttribute::BelongsTo(_) | KindAttribute::HasOne(_), "order_by") => {
            "this relation leads to one row, which has no order"
        }
        (KindAttribute::ManyToMany(_), "filter" | "order_by")
        | (KindAttribute::HasMany(_), "filter" | "order_by")
        | (KindAttribute::HasOne(_), "filter") => return Ok(()),
        (KindAttribute::ManyToMany(through), "filter_link" | "order_by_link") => {
            match through.link {
                Link::Entity(_) => return Ok(()),
                Link::Table(_) => {
                    "the link table is not an entity, so there are no link columns that could be named here: \
                     `through = PostTag(post_id, tag_id)`"
                }
            }
        }
        (_, "filter_link" | "order_by_link") => "only a `many_to_many` has a link",
        (kind, _) => {
            let options = match kind {
                KindAttribute::BelongsTo(_) => {
                    return Err(Error::new(
                        option.span(),
                        "unexpected: the relation is complete before this",
                    ));
                }
                KindAttribute::HasOne(_) => "`filter = ..`",
                KindAttribute::HasMany(_) => "`filter = ..`, `order_by = ..`",
                KindAttribute::ManyToMany(_) => {
                    "`filter = ..`, `order_by = ..`, `filter_link = ..`, `order_by_link = ..`"
                }
            };
            return Err(Error::new(
                option.span(),
                format_args!("unknown option `{option}`; after the keys there can be {options}"),
            ));
        }
    };
    Err(Error::new(option.span(), refused))
}

/// One expression, or a tuple of them.
fn expressions(input: ParseStream<'_>) -> Result<Vec<TokenStream>> {
    if is_tuple(input) {
        let content;
        parenthesized!(content in input);
        let terms = Punctuated::<_, Token![,]>::parse_terminated_with(&content, expression)?;
        if terms.is_empty() {
            return Err(content.error("expected an expression"));
        }
        return Ok(terms.into_iter().collect());
    }
    Ok(vec![expression(input)?])
}

/// Whether the next expression is all within parentheses.
fn is_tuple(input: ParseStream<'_>) -> bool {
    if !input.peek(token::Paren) {
        return false;
    }
    let ahead = input.fork();
    let skipped: Result<TokenTree> = ahead.parse();
    skipped.is_ok() && (ahead.is_empty() || ahead.peek(Token![,]))
}

/// The tokens up to the next comma. What they mean is the compiler's business, so `syn` needs not be able to parse every
/// kind of expression.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.peek(Token![::]) {
            input.parse::<Token![::]>()?.to_tokens(&mut tokens);
            if input.peek(Token![<]) {
                let arguments: AngleBracketedGenericArguments = input.parse()?;
                arguments.to_tokens(&mut tokens);
            }
        } else {
            input.parse::<TokenTree>()?.to_tokens(&mut tokens);
        }
    }
    if tokens.is_empty() {
        return Err(input.error("expected an expression"));
    }
    Ok(tokens)
}
