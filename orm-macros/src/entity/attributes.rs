//! The syntax of `#[entity(..)]` on structs and fields.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Result, Token, Type, parenthesized, token};

use crate::attribute::Errors;
use crate::entity::clauses::{self, Clause};
use crate::entity::unique::{self, UniqueAttribute};

/// `#[entity(table = "users", schema = "app", view, scope = User::DELETED_AT.is_null(), unique(tenant_id, email))]`.
#[derive(Default)]
pub(crate) struct StructAttributes {
    pub(crate) table: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) view: Option<Span>,
    pub(crate) scope: Option<Clause>,
    pub(crate) unique: Vec<UniqueAttribute>,
}

/// `#[entity(..)]` on a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) primary_key: Option<Span>,
    pub(crate) generated: Option<Span>,
    pub(crate) default: Option<Span>,
    pub(crate) unique: Option<Span>,
    pub(crate) version: Option<Span>,
    pub(crate) soft_delete: Option<Span>,
    pub(crate) column: Option<LitStr>,
    pub(crate) ty: Option<LitStr>,
    pub(crate) deferred: Option<Deferred>,
    pub(crate) scope: Option<(Span, Type)>,
    pub(crate) relation: Option<RelationAttribute>,
    /// Whether an option could not be read, so that nothing can be said about what is missing.
    pub(crate) malformed: bool,
}

/// `deferred(String)`.
pub(crate) struct Deferred {
    pub(crate) span: Span,
    pub(crate) ty: Type,
}

/// `has_many(Post, foreign_key = author_id, filter = .., order_by = ..)`.
pub(crate) struct RelationAttribute {
    pub(crate) span: Span,
    pub(crate) target: Type,
    pub(crate) kind: KindAttribute,
    pub(crate) clauses: Vec<Clause>,
}

pub(crate) enum KindAttribute {
    HasMany(Columns),
    HasOne(Columns),
    BelongsTo(Columns),
    ManyToMany(Through),
}

/// `author_id` or `(order_id, line)`.
#[derive(Clone)]
pub(crate) struct Columns(pub(crate) Vec<Ident>);

/// `PostTag(post_id, tag_id)` or `"post_tags"(post_id, tag_id)`.
pub(crate) struct Through {
    pub(crate) link: Link,
    pub(crate) parent: Columns,
    pub(crate) target: Columns,
}

pub(crate) enum Link {
    Entity(Box<Type>),
    Table(LitStr),
}

const STRUCT_OPTIONS: &str =
    "`table = \"..\"`, `schema = \"..\"`, `view`, `scope = ..`, `unique(..)`";
const FIELD_OPTIONS: &str = "`primary_key`, `generated`, `default`, `unique`, `version`, `soft_delete`, `column = \"..\"`, `type = \"..\"`, `scope = ..`, `deferred(..)`, \
     `belongs_to(..)`, `has_one(..)`, `has_many(..)`, `many_to_many(..)`";

impl StructAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        each_option(attributes, errors, |name, input, errors| {
            let span = name.span();
            match name.to_string().as_str() {
                "table" => errors.set(&mut read.table, string(input)?, span, "table"),
                "schema" => errors.set(&mut read.schema, string(input)?, span, "schema"),
                "view" => errors.set(&mut read.view, span, span, "view"),
                "scope" => {
                    input.parse::<Token![=]>()?;
                    let expression = clauses::expression(input)?;
                    if read.scope.is_some() {
                        errors.at(span, clauses::more_than_once(name));
                    }
                    let option = name.clone();
                    read.scope = Some(Clause { option, expression });
                }
                "unique" => {
                    if !input.peek(token::Paren) {
                        let form = "expected `unique(field, ..)`; of one column it is an option of the field";
                        return Err(Error::new(span, form));
                    }
                    let content;
                    parenthesized!(content in input);
                    let read_key = |content: ParseStream<'_>| unique::attribute(span, content);
                    read.unique.push(completely(&content, read_key)?);
                }
                _ => return Err(unknown(name, STRUCT_OPTIONS)),
            }
            Ok(())
        });
        read
    }
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let malformed = each_option(attributes, errors, |name, input, errors| {
            let span = name.span();
            let kind = match name.to_string().as_str() {
                "primary_key" => {
                    errors.set(&mut read.primary_key, span, span, "primary_key");
                    return Ok(());
                }
                "generated" => {
                    errors.set(&mut read.generated, span, span, "generated");
                    return Ok(());
                }
                "default" => {
                    errors.set(&mut read.default, span, span, "default");
                    return Ok(());
                }
                "unique" => {
                    errors.set(&mut read.unique, span, span, "unique");
                    return Ok(());
                }
                "version" => {
                    errors.set(&mut read.version, span, span, "version");
                    return Ok(());
                }
                "soft_delete" => {
                    errors.set(&mut read.soft_delete, span, span, "soft_delete");
                    return Ok(());
                }
                "column" => {
                    errors.set(&mut read.column, string(input)?, span, "column");
                    return Ok(());
                }
                "type" => {
                    let ty = string(input)?;
                    if ty.value().contains('(') {
                        // A cast to `varchar(3)` cuts what is too long, without an error.
                        return Err(Error::new(ty.span(), "name the type without its length"));
                    }
                    errors.set(&mut read.ty, ty, span, "type");
                    return Ok(());
                }
                "deferred" => {
                    let deferred = deferred(span, input)?;
                    errors.set(&mut read.deferred, deferred, span, "deferred");
                    return Ok(());
                }
                "scope" => {
                    input.parse::<Token![=]>()?;
                    let scope: Type = input.parse().map_err(|error| {
                        Error::new(
                            error.span(),
                            "expected the type of a scope: `scope = Tenant`",
                        )
                    })?;
                    errors.set(&mut read.scope, (span, scope), span, "scope");
                    return Ok(());
                }
                "has_many" => KindAttribute::HasMany,
                "has_one" => KindAttribute::HasOne,
                "belongs_to" => KindAttribute::BelongsTo,
                "many_to_many" => {
                    let relation = many_to_many(span, input)?;
                    set_relation(&mut read.relation, relation, errors);
                    return Ok(());
                }
                _ => return Err(unknown(name, FIELD_OPTIONS)),
            };
            let relation = with_foreign_key(name, input, kind)?;
            set_relation(&mut read.relation, relation, errors);
            Ok(())
        });
        Self { malformed, ..read }
    }
}

fn set_relation(
    slot: &mut Option<RelationAttribute>,
    relation: RelationAttribute,
    errors: &mut Errors,
) {
    let span = relation.span;
    if slot.replace(relation).is_some() {
        errors.at(span, "a field has one relation");
    }
}

/// Reads the options of all `#[entity(..)]` attributes, and says whether any is malformed. After a malformed option the
/// next one is read.
fn each_option(
    attributes: &[Attribute],
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> bool {
    let mut malformed = false;
    for attribute in attributes {
        if !attribute.path().is_ident("entity") {
            continue;
        }
        let parsed = attribute.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                // `type` is a keyword.
                let name = input
                    .call(<Ident as syn::ext::IdentExt>::parse_any)
                    .map_err(|error| Error::new(error.span(), "expected the name of an option"))?;
                if let Err(error) = read(&name, input, errors) {
                    errors.push(error);
                    malformed = true;
                    skip_option(input)?;
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        });
        malformed |= errors.keep(parsed).is_none();
    }
    malformed
}

/// Goes on at the next option, so that the errors of this one do not hide those of others.
fn skip_option(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

fn string(input: ParseStream<'_>) -> Result<LitStr> {
    input.parse::<Token![=]>()?;
    not_empty(input.parse()?)
}

fn not_empty(literal: LitStr) -> Result<LitStr> {
    if literal.value().is_empty() {
        return Err(Error::new(literal.span(), "a name cannot be empty"));
    }
    Ok(literal)
}

fn unknown(name: &Ident, options: &str) -> Error {
    Error::new(
        name.span(),
        format_args!("unknown option `{name}`; expected one of {options}"),
    )
}

fn deferred(span: Span, input: ParseStream<'_>) -> Result<Deferred> {
    let form = "expected `deferred(Type)`, with the type of the column";
    if !input.peek(token::Paren) {
        return Err(Error::new(span, form));
    }
    let content;
    parenthesized!(content in input);
    completely(&content, |content| {
        let ty = content
            .parse::<Type>()
            .map_err(|error| Error::new(error.span(), form))?;
        if !content.is_empty() {
            return Err(content.error("unexpected: `deferred` takes one type"));
        }
        Ok(Deferred { span, ty })
    })
}

fn with_foreign_key(
    name: &Ident,
    input: ParseStream<'_>,
    kind: fn(Columns) -> KindAttribute,
) -> Result<RelationAttribute> {
    let form = format!("expected `{name}(Target, foreign_key = field)`");
    relation(name.span(), input, &form, |content| {
        Ok(kind(keyword(content, "foreign_key", &form)?.parse()?))
    })
}

fn many_to_many(span: Span, input: ParseStream<'_>) -> Result<RelationAttribute> {
    let form = "expected `many_to_many(Target, through = Link(parent_field, target_field))`, \
                or with a table that has no entity `through = \"link_table\"(parent_column, target_column)`";
    relation(span, input, form, |content| {
        Ok(KindAttribute::ManyToMany(
            keyword(content, "through", form)?.parse()?,
        ))
    })
}

/// `(Target, ..)`.
fn relation(
    span: Span,
    input: ParseStream<'_>,
    form: &str,
    kind: impl FnOnce(ParseStream<'_>) -> Result<KindAttribute>,
) -> Result<RelationAttribute> {
    if !input.peek(token::Paren) {
        return Err(Error::new(span, form));
    }
    let content;
    parenthesized!(content in input);
    completely(&content, |content| {
        let target = content
            .parse::<Type>()
            .map_err(|error| Error::new(error.span(), form))?;
        let kind = kind(content)?;
        let clauses = clauses::clauses(&kind, content)?;
        Ok(RelationAttribute {
            span,
            target,
            kind,
            clauses,
        })
    })
}

/// After an error takes what is left, about which syn would complain too.
fn completely<T>(
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    let parsed = parse(input);
    if parsed.is_err() {
        input.parse::<proc_macro2::TokenStream>()?;
    }
    parsed
}

/// `, name =`.
fn keyword<'a>(input: ParseStream<'a>, name: &str, form: &str) -> Result<ParseStream<'a>> {
    input
        .parse::<Token![,]>()
        .map_err(|error| Error::new(error.span(), form))?;
    let found: Ident = input
        .parse()
        .map_err(|error| Error::new(error.span(), form))?;
    if found != name {
        return Err(Error::new(found.span(), form));
    }
    input.parse::<Token![=]>()?;
    Ok(input)
}

fn end(input: ParseStream<'_>) -> Result<()> {
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        return Ok(());
    }
    Err(input.error("unexpected: the relation is complete before this"))
}

impl Parse for Columns {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(token::Paren) {
            return Ok(Self(vec![column(input)?]));
        }
        let content;
        let paren = parenthesized!(content in input);
        let columns = Punctuated::<Ident, Token![,]>::parse_terminated_with(&content, column)?;
        if columns.is_empty() {
            return Err(Error::new(
                paren.span.join(),
                "a key has at least one field",
            ));
        }
        if columns.len() > 4 {
            return Err(Error::new(
                paren.span.join(),
                "a key has at most four fields",
            ));
        }
        Ok(Self(columns.into_iter().collect()))
    }
}

/// A field's name; for a link table without an entity, a column's.
fn column(input: ParseStream<'_>) -> Result<Ident> {
    input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected the name of a field"))
}

impl Parse for Through {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let link = if input.peek(LitStr) {
            Link::Table(not_empty(input.parse()?)?)
        } else {
            // A path followed by parentheses would be read as `Fn(..)`, so it is parsed without arguments.
            let path = input.call(syn::Path::parse_mod_style)?;
            Link::Entity(Box::new(Type::Path(syn::TypePath {
                attrs: Vec::new(),
                qself: None,
                path,
            })))
        };
        if !input.peek(token::Paren) {
            return Err(input.error(
                "expected the two foreign keys of the link: `(parent_field, target_field)`",
            ));
        }
        let content;
        let paren = parenthesized!(content in input);
        completely(&content, |content| {
            let parent: Columns = content.parse()?;
            content.parse::<Token![,]>().map_err(|_| {
                Error::new(
                    paren.span.join(),
                    "expected two foreign keys: the one to this entity, then the one to the target",
                )
            })?;
            let target: Columns = content.parse()?;
            end(content)?;
            Ok(Self {
                link,
                parent,
                target,
            })
        })
    }
}

impl Columns {
    pub(crate) fn span(&self) -> Span {
        self.0.first().map_or_else(Span::call_site, Ident::span)
    }
}
