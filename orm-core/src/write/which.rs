//! Which rows an update or delete is for.

use crate::entity::{Entity, EntityDef, KeyBinds, KeyParts};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::query::key_condition;
use crate::record::Record;
use crate::select::Select;

/// The conditions of an update or delete, without the entity's type.
#[derive(Debug, Clone)]
pub(super) struct Which {
    pub(super) def: &'static EntityDef,
    pub(super) select: Select,
    /// The key of the entity whose row must be there in the version that the program has.
    versioned: Option<KeyBinds>,
}

impl Which {
    pub(super) fn all(def: &'static EntityDef) -> Self {
        Self {
            def,
            select: Select::of(def),
            versioned: None,
        }
    }

    /// Only the row of this entity, in the version that it has.
    pub(super) fn of<R: Record>(&mut self, entity: &R) {
        let key = entity.key_binds();
        self.select
            .filter(key_condition(R::Entity::DEF, key.clone()));
        if let (Some(column), Some(version)) = (self.def.version_column(), entity.version_bind()) {
            let same = Expr::binary(Expr::Column(column), "=", Expr::Bind(version));
            self.select.filter(same);
            self.versioned = Some(key);
        }
    }

    /// Says that a row is stale if it was not among those that were found.
    pub(super) fn check(&self, found: u64) -> Result<()> {
        match &self.versioned {
            Some(key) if found == 0 => Err(Error::Stale {
                entity: self.def.name,
                key: KeyParts::of(key).to_string(),
            }),
            _ => Ok(()),
        }
    }
}
