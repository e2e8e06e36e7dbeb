//! Unique keys in attributes: `unique(tenant_id, email, filter = User::DELETED_AT.is_null(), name = LIVE_EMAIL)`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprMethodCall, Ident, Result, Token, UnOp};

use crate::attribute::Errors;
use crate::entity::clauses;
use crate::entity::model::{ColumnField, RelationField};
use crate::name;

/// `unique(..)` on the struct.
pub(crate) struct UniqueAttribute {
    pub(crate) fields: Vec<Ident>,
    /// The condition of a partial index.
    pub(crate) filter: Option<TokenStream>,
    name: Option<Ident>,
}

/// A unique key of the entity.
pub(crate) struct UniqueKey {
    pub(crate) constant: Ident,
    pub(crate) fields: Vec<Ident>,
    pub(crate) filter: Option<TokenStream>,
    /// Whether it is the primary key, or a column that says so itself.
    pub(crate) is_known: bool,
}

const FORM: &str = "expected `unique(field, ..)`, with `filter = ..` for a partial index and `name = ..` for the constant";

/// Reads what stands within the parentheses.
pub(crate) fn attribute(span: Span, input: ParseStream<'_>) -> Result<UniqueAttribute> {
    let mut errors = Errors::default();
    let mut fields: Vec<Ident> = Vec::new();
    let (mut filter, mut constant) = (None, None);
    while !input.is_empty() {
        let word: Ident = input
            .parse()
            .map_err(|error| Error::new(error.span(), FORM))?;
        if !input.peek(Token![=]) {
            if fields.contains(&word) {
                errors.at(word.span(), format_args!("`{word}` is named twice"));
            }
            fields.push(word);
        } else {
            input.parse::<Token![=]>()?;
            match word.to_string().as_str() {
                "filter" => {
                    let condition = clauses::expression(input)?;
                    errors.keep(check_condition(&condition));
                    errors.set(&mut filter, condition, word.span(), "filter");
                }
                "name" => {
                    let name = input.parse().map_err(|error: Error| {
                        let form = "expected the name of a constant: `name = LIVE_EMAIL`";
                        Error::new(error.span(), form)
                    })?;
                    errors.set(&mut constant, name, word.span(), "name");
                }
                _ => {
                    errors.at(word.span(), FORM);
                    clauses::expression(input)?;
                }
            }
        }
        if !input.is_empty() {
            input
                .parse::<Token![,]>()
                .map_err(|error| Error::new(error.span(), FORM))?;
        }
    }
    if fields.is_empty() {
        errors.at(span, FORM);
    }
    errors.finish()?;
    Ok(UniqueAttribute {
        fields,
        filter,
        name: constant,
    })
}

/// A condition that PostgreSQL can compare with that of an index has no value that is bound. Which method binds one is known by
/// its name only: the type of a condition does not tell.
fn check_condition(condition: &TokenStream) -> Result<()> {
    check_expression(&syn::parse2(condition.clone())?)
}

fn check_expression(expression: &Expr) -> Result<()> {
    match expression {
        Expr::Path(_) => Ok(()),
        Expr::Paren(inner) => check_expression(&inner.expr),
        Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => check_expression(&not.expr),
        Expr::Binary(terms) if matches!(terms.op, BinOp::BitAnd(_) | BinOp::BitOr(_)) => {
            check_expression(&terms.left)?;
            check_expression(&terms.right)
        }
        Expr::MethodCall(ExprMethodCall {
            receiver,
            method,
            args,
            ..
        }) if ["is_null", "is_not_null", "not", "and", "or"]
            .iter()
            .any(|name| method == name) =>
        {
            check_expression(receiver)?;
            args.iter().try_for_each(check_expression)
        }
        Expr::Macro(sql)
            if sql
                .mac
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "sql") =>
        {
            let has_argument = |token: &TokenTree| matches!(token, TokenTree::Punct(_));
            match sql.mac.tokens.clone().into_iter().find(has_argument) {
                Some(comma) => Err(Error::new(comma.span(), NO_VALUES)),
                None => Ok(()),
            }
        }
        Expr::MethodCall(call) => Err(Error::new(call.method.span(), NO_VALUES)),
        other => Err(Error::new(other.to_token_stream().span(), NO_VALUES)),
    }
}

const NO_VALUES: &str = "PostgreSQL compares this condition with that of the index before it knows any value, so there can be none in it: \
     write `.is_null()`, `.is_not_null()`, a `bool` column, `!`, `.and(..)`, `.or(..)`, or SQL without arguments, \
     `sql!(\"status = 'open'\")`";

/// All unique keys of an entity: the primary key, those of columns, and those of the struct.
pub(crate) fn keys(
    entity: &Ident,
    attributes: Vec<UniqueAttribute>,
    columns: &[ColumnField<'_>],
    relations: &[RelationField<'_>],
    errors: &mut Errors,
) -> Vec<UniqueKey> {
    let primary: Vec<_> = columns.iter().filter(|column| column.primary_key).collect();
    let mut keys = vec![UniqueKey {
        constant: Ident::new("PRIMARY_KEY", Span::call_site()),
        fields: primary.iter().map(|column| column.ident.clone()).collect(),
        filter: None,
        is_known: true,
    }];
    keys.extend(columns.iter().filter(|column| column.unique).map(|column| {
        let fields = vec![column.ident.clone()];
        UniqueKey {
            constant: constant(&fields, column.ident.span()),
            fields,
            filter: None,
            is_known: true,
        }
    }));
    for UniqueAttribute {
        fields,
        filter,
        name,
    } in attributes
    {
        for field in &fields {
            if !columns.iter().any(|column| column.ident == field) {
                errors.at(
                    field.span(),
                    format_args!("`{entity}` has no column `{field}`"),
                );
            }
        }
        let span = fields.first().map_or_else(Span::call_site, Ident::span);
        keys.push(UniqueKey {
            constant: name.unwrap_or_else(|| constant(&fields, span)),
            fields,
            filter,
            is_known: false,
        });
    }
    check_constants(&keys, columns, relations, errors);
    keys
}

/// `UNIQUE_TENANT_ID_EMAIL`.
fn constant(fields: &[Ident], span: Span) -> Ident {
    let names: Vec<_> = fields.iter().map(name::plain).collect();
    Ident::new(&format!("UNIQUE_{}", names.join("_").to_uppercase()), span)
}

/// No key has the constant of another, or of a field.
fn check_constants(
    keys: &[UniqueKey],
    columns: &[ColumnField<'_>],
    relations: &[RelationField<'_>],
    errors: &mut Errors,
) {
    let columns = columns.iter().map(|column| column.ident);
    let fields: Vec<_> = columns
        .chain(relations.iter().map(|relation| relation.ident))
        .collect();
    for (position, key) in keys.iter().enumerate() {
        let constant = &key.constant;
        if keys[..position]
            .iter()
            .any(|other| other.constant == *constant)
        {
            errors.at(
                constant.span(),
                format_args!(
                    "the constant `{constant}` is that of another unique key already; name this one: `unique(.., name = ..)`"
                ),
            );
        }
        let Some(field) = fields
            .iter()
            .find(|field| name::constant(field) == *constant)
        else {
            continue;
        };
        match position {
            0 => errors.at(
                field.span(),
                format_args!(
                    "the constant `{constant}` is that of the primary key already: give the field another name, and the column \
                     its own with `column = \"..\"`"
                ),
            ),
            _ => errors.at(
                constant.span(),
                format_args!(
                    "the constant `{constant}` is that of the field `{field}` already; give the key a name on the struct: \
                     `unique(.., name = ..)`"
                ),
            ),
        }
    }
}
