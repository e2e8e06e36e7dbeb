//! Statements that are kept: queries of the same shape have the same text, so it is written once.

use std::any::TypeId;
use std::mem;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::aggregate::Aggregate;
use crate::bind::Parameter;
use crate::decode::ValueType;
use crate::entity::EntityDef;
use crate::load::{Node, RelationNode};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::outline::{Outline, is_same};
use crate::sql::{Children, KeyFrom, SelectSql, Sql};

/// A statement as it was written for its shape, with the values of one query.
#[derive(Debug)]
pub(crate) struct Planned<S> {
    plan: Arc<Plan<S>>,
    pub(crate) parameters: Parameters,
}

impl<S> Deref for Planned<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.plan.statement
    }
}

/// Of most queries they are a few.
type Parameters = SmallVec<[Parameter; 4]>;

#[derive(Debug)]
struct Plan<S> {
    /// Without parameters.
    statement: S,
    parameters: Vec<Source>,
}

/// Which value a parameter has.
#[derive(Debug)]
enum Source {
    /// The one at this position of the query's outline.
    Value(usize),
    /// That of a scope.
    Scope(TypeId),
}

/// A statement that can be kept.
pub(crate) trait Written: std::fmt::Debug {
    fn sql(&mut self) -> &mut Sql;
}

impl Written for SelectSql {
    fn sql(&mut self) -> &mut Sql {
        &mut self.sql
    }
}

impl Written for Children {
    fn sql(&mut self) -> &mut Sql {
        &mut self.select.sql
    }
}

/// The statements of this program by the outlines of their queries.
struct Plans<S>(RwLock<ByOutline<S>>);

type ByOutline<S> = HashMap<Box<[usize]>, Arc<Plan<S>>>;

/// A program has a few hundred. More come only of conditions whose length depends on data; then all begin anew.
const MOST: usize = 4096;

static SELECTS: LazyLock<Plans<SelectSql>> = LazyLock::new(Plans::default);
static CHILDREN: LazyLock<Plans<Children>> = LazyLock::new(Plans::default);

#[derive(Clone, Copy)]
enum Kind {
    Root,
    ByKey,
    Children,
    Exists,
    Aggregate,
}

/// [`root`](crate::sql::select::root), written once for each shape.
pub(crate) fn root(
    def: &'static EntityDef,
    select: &Select,
    nodes: &[Option<Node<'_>>],
    scopes: &Scopes,
) -> Planned<SelectSql> {
    let has_no_loads = nodes.iter().all(Option::is_none);
    let only_key = select.only_key(def).filter(|_| has_no_loads);
    let mut outline = Outline::of(match only_key {
        Some(_) => Kind::ByKey,
        None => Kind::Root,
    });
    outline.address(def);
    match only_key {
        Some(key) => outline.parameter(&key.value),
        None => {
            outline.select(select);
            outline.nodes(nodes);
        }
    }
    SELECTS.plan(&mut outline, scopes, &|| {
        crate::sql::select::root(def, select, nodes, scopes)
    })
}

/// [`children`](crate::sql::children::children), written once for each shape.
pub(crate) fn children<'a>(
    node: &'a RelationNode<'_>,
    from: KeyFrom<'a>,
    scopes: &Scopes,
) -> Planned<Children> {
    let mut outline = Outline::of(Kind::Children);
    outline.relation(node);
    outline.keys(from);
    CHILDREN.plan(&mut outline, scopes, &|| {
        crate::sql::children::children(node, from, scopes)
    })
}

/// [`exists`](crate::sql::aggregate::exists), written once for each shape.
pub(crate) fn exists(
    def: &'static EntityDef,
    select: &Select,
    scopes: &Scopes,
) -> Planned<SelectSql> {
    let mut outline = Outline::of(Kind::Exists);
    outline.address(def);
    outline.select(select);
    SELECTS.plan(&mut outline, scopes, &|| {
        crate::sql::aggregate::exists(def, select, scopes)
    })
}

/// [`aggregate`](crate::sql::aggregate::aggregate), written once for each shape.
pub(crate) fn aggregate(
    def: &'static EntityDef,
    select: &Select,
    aggregate: &Aggregate,
    value_type: ValueType,
    scopes: &Scopes,
) -> Planned<SelectSql> {
    let mut outline = Outline::of(Kind::Aggregate);
    outline.address(def);
    outline.select(select);
    outline.aggregate(aggregate);
    outline.value_type(&value_type);
    SELECTS.plan(&mut outline, scopes, &|| {
        crate::sql::aggregate::aggregate(def, select, aggregate, value_type, scopes)
    })
}

impl Outline<'_> {
    fn of(kind: Kind) -> Self {
        let mut outline = Self::default();
        outline.word(kind as usize);
        outline
    }
}

impl<S> Default for Plans<S> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<S: Written> Plans<S> {
    /// Not generic in what writes: a plan that is found needs none of it.
    fn plan(
        &self,
        outline: &mut Outline<'_>,
        scopes: &Scopes,
        write: &dyn Fn() -> S,
    ) -> Planned<S> {
        let Some(kind) = scopes.kind() else {
            return Planned::once(write());
        };
        outline.word(kind);
        if let Some(plan) = self.known(outline)
            && let Some(parameters) = plan.parameters(outline, scopes)
        {
            let planned = Planned { plan, parameters };
            debug_assert!(planned.is_as(write()), "two shapes have the same outline");
            return planned;
        }
        self.write(outline, scopes, write)
    }

    fn known(&self, outline: &Outline<'_>) -> Option<Arc<Plan<S>>> {
        let plans = self.0.read().unwrap_or_else(PoisonError::into_inner);
        plans.get(outline.words()).cloned()
    }

    /// Writes a statement, and keeps it if each of its parameters is found again in another query of this shape. Those of conditions
    /// that definitions make anew for each statement are not.
    #[cold]
    fn write(&self, outline: &Outline<'_>, scopes: &Scopes, write: &dyn Fn() -> S) -> Planned<S> {
        let mut statement = write();
        let sql = statement.sql();
        let parameters = mem::take(&mut sql.parameters);
        let sources: Option<Vec<Source>> = parameters
            .iter()
            .map(|value| {
                let position = outline.position(value).map(Source::Value);
                position.or_else(|| scopes.scope_of(value).map(Source::Scope))
            })
            .collect();
        let is_kept = sources.is_some() && !sql.depends_on_data && sql.missing_scope.is_none();
        let plan = Arc::new(Plan {
            statement,
            parameters: sources.unwrap_or_default(),
        });
        if is_kept {
            let mut plans = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if plans.len() >= MOST {
                plans.clear();
            }
            plans.insert(outline.words().into(), Arc::clone(&plan));
        }
        Planned {
            plan,
            parameters: parameters.into(),
        }
    }
}

impl<S> Plan<S> {
    /// `None` if a scope has no value.
    fn parameters(&self, outline: &Outline<'_>, scopes: &Scopes) -> Option<Parameters> {
        let value = |source: &Source| match source {
            Source::Value(position) => outline.value(*position).cloned(),
            Source::Scope(scope) => scopes.given(*scope),
        };
        self.parameters.iter().map(value).collect()
    }
}

impl<S: Written> Planned<S> {
    /// A statement that is not kept.
    fn once(mut statement: S) -> Self {
        let parameters = mem::take(&mut statement.sql().parameters);
        let plan = Arc::new(Plan {
            statement,
            parameters: Vec::new(),
        });
        Self {
            plan,
            parameters: parameters.into(),
        }
    }

    /// Whether it is what is written for the query now.
    fn is_as(&self, mut written: S) -> bool {
        let parameters = mem::take(&mut written.sql().parameters);
        format!("{:?}", **self) == format!("{written:?}")
            && self.parameters.len() == parameters.len()
            && self
                .parameters
                .iter()
                .zip(&parameters)
                .all(|(a, b)| is_same(a, b))
    }
}
