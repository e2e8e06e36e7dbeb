//! Unique keys that are declared on the struct: a `has_one` over one of them is a plain join.

use unlazy::{Entity, Unloaded};

#[derive(Entity)]
#[entity(table = "tenants")]
struct Tenant<Owner = Unloaded, Plan = Unloaded, Region = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(primary_key)]
    part: i64,
    #[entity(has_one(Owner, foreign_key = (tenant_id, part)))]
    owner: Owner,
    #[entity(has_one(Plan, foreign_key = (tenant_id, part)))]
    plan: Plan,
    #[entity(has_one(Region, foreign_key = (tenant_id, part)))]
    region: Region,
}

#[derive(Entity)]
#[entity(unique(part, tenant_id))]
struct Owner {
    #[entity(primary_key)]
    id: i64,
    tenant_id: i64,
    part: i64,
}

#[derive(Entity)]
#[entity(unique(tenant_id, part, filter = Plan::CURRENT))]
struct Plan {
    #[entity(primary_key)]
    id: i64,
    tenant_id: i64,
    part: i64,
    current: bool,
}

#[derive(Entity)]
#[entity(unique(tenant_id, part, name))]
struct Region {
    #[entity(primary_key)]
    id: i64,
    tenant_id: i64,
    part: i64,
    name: String,
}

#[test]
fn a_key_of_the_struct_is_unique_for_all_rows_unless_it_is_partial_or_has_more_columns() {
    let statements = |statements: Vec<String>| statements.len();
    assert_eq!(statements(Tenant::query().with(Tenant::OWNER).to_sql()), 1);
    assert_eq!(statements(Tenant::query().with(Tenant::PLAN).to_sql()), 2);
    assert_eq!(statements(Tenant::query().with(Tenant::REGION).to_sql()), 2);
}
