//! The entity as it is understood, with every rule checked.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{
    Data, DataStruct, DeriveInput, Error, Field, Fields, GenericParam, Ident, Type, TypeParam,
    Visibility,
};

use crate::attribute::Errors;
use crate::entity::attributes::{
    Columns, FieldAttributes, KindAttribute, RelationAttribute, StructAttributes,
};
use crate::entity::clauses::Clause;
use crate::entity::special;
use crate::entity::unique::{self, UniqueKey};
use crate::name;

pub(crate) struct Model<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) table: String,
    pub(crate) schema: Option<String>,
    pub(crate) writable: bool,
    /// The condition of its own scope.
    pub(crate) scope: Option<Clause>,
    pub(crate) unique_keys: Vec<UniqueKey>,
    /// In the order of the fields; deferred ones come last.
    pub(crate) columns: Vec<ColumnField<'a>>,
    pub(crate) relations: Vec<RelationField<'a>>,
    /// The fields that have a state, in the order of the type parameters.
    pub(crate) states: Vec<StateField<'a>>,
}

/// A field that has a state: a relation, or a deferred column.
#[derive(Clone, Copy)]
pub(crate) struct StateField<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) parameter: &'a Ident,
}

pub(crate) struct ColumnField<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) ty: Type,
    pub(crate) name: String,
    /// The PostgreSQL type, where the entity names it.
    pub(crate) pg_type: Option<String>,
    pub(crate) primary_key: bool,
    pub(crate) generated: bool,
    /// Whether an insert may leave it to the database.
    pub(crate) default: bool,
    /// Where it is said that it counts the updates of its row.
    pub(crate) version: Option<Span>,
    /// Where it is said that it marks deleted rows.
    pub(crate) soft_delete: Option<Span>,
    pub(crate) unique: bool,
    /// The type parameter of a column that is read only when it is asked for.
    pub(crate) deferred: Option<&'a Ident>,
    /// The type of the scope whose value it holds.
    pub(crate) scope: Option<Type>,
}

pub(crate) struct RelationField<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) parameter: &'a Ident,
    pub(crate) attribute: RelationAttribute,
}

impl<'a> Model<'a> {
    pub(crate) fn read(input: &'a DeriveInput) -> syn::Result<Self> {
        let fields = named_fields(input)?;
        let mut errors = Errors::default();
        let attributes = StructAttributes::read(&input.attrs, &mut errors);
        let parameters = relation_parameters(input, &mut errors);
        let mut columns = Vec::new();
        let mut relations = Vec::new();
        let mut malformed = false;
        for field in fields {
            let attributes = FieldAttributes::read(&field.attrs, &mut errors);
            malformed |= attributes.malformed;
            let parameter = parameters
                .iter()
                .find(|parameter| is_parameter(&field.ty, &parameter.ident));
            match (parameter, attributes) {
                (Some(parameter), attributes) if attributes.deferred.is_some() => {
                    columns.extend(deferred_field(field, parameter, attributes, &mut errors));
                }
                (Some(parameter), attributes) => {
                    relations.extend(relation_field(field, parameter, attributes, &mut errors));
                }
                (None, attributes) => columns.extend(column_field(field, attributes, &mut errors)),
            }
        }
        let mut states: Vec<StateField<'_>> = relations
            .iter()
            .map(RelationField::state)
            .chain(columns.iter().filter_map(ColumnField::state))
            .collect();
        check_parameters(&parameters, &states, &mut errors);
        check_foreign_keys(input, &relations, &columns, &mut errors);
        check_names(&columns, &mut errors);
        check_primary_key(input, &columns, malformed, &mut errors);
        let unique_keys = unique::keys(
            &input.ident,
            attributes.unique,
            &columns,
            &relations,
            &mut errors,
        );
        special::check_entity(&columns, attributes.view, &mut errors);
        errors.finish()?;

        // The slots have the order of the parameters, whatever the order of the fields.
        states.sort_by_key(|state| {
            parameters
                .iter()
                .position(|parameter| parameter.ident == *state.parameter)
        });
        columns.sort_by_key(|column| column.deferred.is_some());
        Ok(Self {
            ident: &input.ident,
            vis: &input.vis,
            table: attributes.table.map_or_else(
                || name::snake_case(&name::plain(&input.ident)),
                |table| table.value(),
            ),
            schema: attributes.schema.map(|schema| schema.value()),
            writable: attributes.view.is_none(),
            scope: attributes.scope,
            unique_keys,
            columns,
            relations,
            states,
        })
    }

    /// The position of a field's state among those of the entity.
    pub(crate) fn position(&self, field: &Ident) -> usize {
        self.states
            .iter()
            .position(|state| state.ident == field)
            .unwrap_or(self.states.len())
    }

    /// The columns that every query reads.
    pub(crate) fn eager_columns(&self) -> impl Iterator<Item = &ColumnField<'a>> {
        self.columns
            .iter()
            .filter(|column| column.deferred.is_none())
    }

    pub(crate) fn key(&self) -> impl Iterator<Item = &ColumnField<'a>> {
        self.columns.iter().filter(|column| column.primary_key)
    }

    /// The column that counts the updates of its row, and its position.
    pub(crate) fn version(&self) -> Option<(usize, &ColumnField<'a>)> {
        let mut columns = self.columns.iter().enumerate();
        columns.find(|(_, column)| column.version.is_some())
    }

    /// The column that marks deleted rows, and its position.
    pub(crate) fn soft_delete(&self) -> Option<(usize, &ColumnField<'a>)> {
        let mut columns = self.columns.iter().enumerate();
        columns.find(|(_, column)| column.soft_delete.is_some())
    }

    pub(crate) fn column(&self, field: &Ident) -> Option<(usize, &ColumnField<'a>)> {
        self.columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.ident == field)
    }
}

fn relation_parameters<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<&'a TypeParam> {
    let mut parameters = Vec::new();
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Type(parameter) => {
                let message = format!(
                    "the type parameter of a relation needs its default: `{} = Unloaded`",
                    parameter.ident
                );
                match &parameter.default {
                    None => errors.at(parameter.ident.span(), message),
                    Some((_, default)) if !is_unloaded(default) => {
                        errors.at(default.span(), message);
                    }
                    Some(_) => {}
                }
                if !parameter.bounds.is_empty() {
                    errors.at(
                        parameter.bounds.span(),
                        "the type parameter of a relation has no bounds: it is `Unloaded` or `Loaded<..>`",
                    );
                }
                parameters.push(parameter);
            }
            other => errors.at(
                other.span(),
                "an entity owns its columns: its only generic parameters are those of its relations",
            ),
        }
    }
    if let Some(clause) = &input.generics.where_clause {
        errors.at(
            clause.span(),
            "an entity has no `where` clause: its only generic parameters are those of its relations",
        );
    }
    parameters
}

fn named_fields(input: &DeriveInput) -> syn::Result<impl Iterator<Item = &Field>> {
    match &input.data {
        Data::Struct(DataStruct {
            fields: Fields::Named(fields),
            ..
        }) => Ok(fields.named.iter()),
        _ => Err(Error::new(
            input.ident.span(),
            "an entity is a struct with named fields, one for each column and relation",
        )),
    }
}

fn relation_field<'a>(
    field: &'a Field,
    parameter: &'a TypeParam,
    attributes: FieldAttributes,
    errors: &mut Errors,
) -> Option<RelationField<'a>> {
    let ident = field.ident.as_ref()?;
    let column_options = [
        (attributes.primary_key, "primary_key"),
        (attributes.generated, "generated"),
        (attributes.default, "default"),
        (attributes.unique, "unique"),
        (attributes.version, "version"),
        (attributes.soft_delete, "soft_delete"),
        (attributes.column.as_ref().map(syn::LitStr::span), "column"),
        (attributes.ty.as_ref().map(syn::LitStr::span), "type"),
        (attributes.scope.as_ref().map(|(span, _)| *span), "scope"),
    ];
    for (span, option) in column_options {
        if let Some(span) = span {
            errors.at(
                span,
                format_args!("`{option}` is for columns, and `{ident}` is a relation"),
            );
        }
    }
    let Some(attribute) = attributes.relation else {
        if attributes.malformed {
            return None;
        }
        errors.at(
            ident.span(),
            format_args!(
                "`{ident}` has the type parameter `{}`, so it is a relation; say which one: \
                 `#[entity(belongs_to(..))]`, `has_one`, `has_many` or `many_to_many`",
                parameter.ident
            ),
        );
        return None;
    };
    Some(RelationField {
        ident,
        vis: &field.vis,
        parameter: &parameter.ident,
        attribute,
    })
}

fn column_field<'a>(
    field: &'a Field,
    attributes: FieldAttributes,
    errors: &mut Errors,
) -> Option<ColumnField<'a>> {
    let ident = field.ident.as_ref()?;
    if let Some(relation) = &attributes.relation {
        let parameter = camel_case(&name::plain(ident));
        errors.at(
            relation.span,
            format_args!(
                "a relation's field has a type parameter of its own as its type: declare \
                 `struct ..<{parameter} = Unloaded>` and `{ident}: {parameter}`"
            ),
        );
        return None;
    }
    if let Some(deferred) = &attributes.deferred {
        let parameter = camel_case(&name::plain(ident));
        errors.at(
            deferred.span,
            format_args!(
                "a deferred column's field has a type parameter of its own as its type: declare \
                 `struct ..<{parameter} = Unloaded>` and `{ident}: {parameter}`"
            ),
        );
        return None;
    }
    if let (Some(_), Some(span)) = (attributes.generated, attributes.default) {
        errors.at(
            span,
            "a generated column is never set by an insert, so it has no use for `default`",
        );
    }
    special::check_column(&attributes, errors);
    Some(ColumnField {
        ident,
        vis: &field.vis,
        ty: field.ty.clone(),
        name: attributes
            .column
            .map_or_else(|| name::plain(ident), |column| column.value()),
        pg_type: attributes.ty.map(|ty| ty.value()),
        primary_key: attributes.primary_key.is_some(),
        generated: attributes.generated.is_some(),
        default: attributes.default.is_some(),
        unique: attributes.unique.is_some(),
        version: attributes.version,
        soft_delete: attributes.soft_delete,
        deferred: None,
        scope: attributes.scope.map(|(_, scope)| scope),
    })
}

fn deferred_field<'a>(
    field: &'a Field,
    parameter: &'a TypeParam,
    mut attributes: FieldAttributes,
    errors: &mut Errors,
) -> Option<ColumnField<'a>> {
    let deferred = attributes.deferred.take()?;
    if let Some(span) = attributes.primary_key {
        errors.at(
            span,
            "a primary key is read by every query, so it cannot be deferred",
        );
    }
    if let Some(span) = attributes.version {
        errors.at(
            span,
            "a version is read by every query, so it cannot be deferred",
        );
    }
    if let Some(relation) = attributes.relation.take() {
        errors.at(
            relation.span,
            "a field is a relation or a deferred column, not both",
        );
    }
    Some(ColumnField {
        ty: deferred.ty,
        deferred: Some(&parameter.ident),
        ..column_field(field, attributes, errors)?
    })
}

fn check_parameters(parameters: &[&TypeParam], states: &[StateField<'_>], errors: &mut Errors) {
    for parameter in parameters {
        let fields: Vec<_> = states
            .iter()
            .filter(|state| *state.parameter == parameter.ident)
            .collect();
        for extra in fields.iter().skip(1) {
            errors.at(
                extra.ident.span(),
                format_args!(
                    "each relation has a type parameter of its own, and `{}` is that of `{}` already",
                    parameter.ident, fields[0].ident
                ),
            );
        }
    }
}

/// A foreign key of `belongs_to` names fields of this struct, so typos are found here; those of other entities are
/// found by the compiler.
fn check_foreign_keys(
    input: &DeriveInput,
    relations: &[RelationField<'_>],
    columns: &[ColumnField<'_>],
    errors: &mut Errors,
) {
    for relation in relations {
        let KindAttribute::BelongsTo(Columns(fields)) = &relation.attribute.kind else {
            continue;
        };
        for field in fields {
            match columns.iter().find(|column| column.ident == field) {
                None => errors.at(
                    field.span(),
                    format_args!("`{}` has no column `{field}`", input.ident),
                ),
                Some(column) if column.deferred.is_some() => errors.at(
                    field.span(),
                    "a foreign key is read by every query, so it cannot be deferred",
                ),
                Some(_) => {}
            }
        }
    }
}

/// No two fields are the same column, or the same constant.
fn check_names(columns: &[ColumnField<'_>], errors: &mut Errors) {
    for (position, column) in columns.iter().enumerate() {
        let mut earlier = columns[..position].iter();
        if let Some(other) = earlier.clone().find(|other| other.name == column.name) {
            errors.at(
                column.ident.span(),
                format_args!(
                    "the column `{}` is that of `{}` already",
                    column.name, other.ident
                ),
            );
        }
        let constant = name::constant(column.ident);
        if let Some(other) = earlier.find(|other| name::constant(other.ident) == constant) {
            errors.at(
                column.ident.span(),
                format_args!(
                    "the constant `{constant}` is that of `{}` already",
                    other.ident
                ),
            );
        }
    }
}

fn check_primary_key(
    input: &DeriveInput,
    columns: &[ColumnField<'_>],
    malformed: bool,
    errors: &mut Errors,
) {
    let keys: Vec<_> = columns.iter().filter(|column| column.primary_key).collect();
    for column in keys.iter().filter(|column| column.is_option()) {
        errors.at(
            column.type_span(),
            "a primary key is never NULL, so the type of its field is no `Option`",
        );
    }
    if keys.is_empty() && !malformed {
        errors.at(
            input.ident.span(),
            "an entity needs a primary key: mark its field, or each of its fields, with `#[entity(primary_key)]`",
        );
    } else if keys.len() > 4 {
        errors.at(input.ident.span(), "a primary key has at most four fields");
    }
}

fn is_parameter(ty: &Type, parameter: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.qself.is_none() && path.path.is_ident(parameter))
}

/// Whether a type is written as `Unloaded`, by whatever path.
fn is_unloaded(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Unloaded")
    )
}

fn camel_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters)
        })
        .collect()
}

impl<'a> RelationField<'a> {
    fn state(&self) -> StateField<'a> {
        StateField {
            ident: self.ident,
            parameter: self.parameter,
        }
    }
}

impl<'a> ColumnField<'a> {
    fn state(&self) -> Option<StateField<'a>> {
        self.deferred.map(|parameter| StateField {
            ident: self.ident,
            parameter,
        })
    }
}

impl ColumnField<'_> {
    /// Whether every insert has to set it.
    pub(crate) fn is_required(&self) -> bool {
        !self.is_generated() && !self.has_default()
    }

    /// Whether an insert may leave it to the database.
    pub(crate) fn has_default(&self) -> bool {
        self.default || self.soft_delete.is_some()
    }

    /// Whether its value is made by the database or by the library.
    pub(crate) fn is_generated(&self) -> bool {
        self.generated || self.version.is_some()
    }

    /// The span of the type, for errors about it.
    pub(crate) fn type_span(&self) -> Span {
        self.ty.span()
    }

    /// Whether the type is written as an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        matches!(
            &self.ty,
            Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
        )
    }
}
