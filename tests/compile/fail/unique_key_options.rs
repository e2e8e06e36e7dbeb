use unlazy::Entity;

#[derive(Entity)]
#[entity(
    unique,
    unique(),
    unique(email, email),
    unique(tenant, email),
    unique(tenant_id, email, status),
    unique(tenant_id, filters = User::ACTIVE),
    unique(email = tenant_id),
    unique(status, name = "OPEN")
)]
struct User {
    #[entity(primary_key)]
    id: i64,
    tenant_id: i64,
    email: String,
    status: String,
    active: bool,
}

#[derive(Entity)]
#[entity(
    unique(email, filter = Member::STATUS.eq("open"), name = OPEN),
    unique(email, filter = Member::ACTIVE.and(Member::DELETED_AT.is_not_distinct_from(None)), name = LIVE),
    unique(email, filter = unlazy::sql!("status = $1", "open"), name = BOUND),
    unique(email, filter = condition(), name = CALLED),
    unique(email, filter = Member::ACTIVE | (!Member::DELETED_AT.is_null()), name = GOOD)
)]
struct Member {
    #[entity(primary_key)]
    id: i64,
    email: String,
    status: String,
    active: bool,
    deleted_at: Option<i64>,
}

#[derive(Entity)]
#[entity(unique(email, filter = Account::ACTIVE), unique(email), unique(code, name = EMAIL))]
struct Account {
    #[entity(primary_key)]
    id: i64,
    #[entity(column = "e")]
    primary_key: i64,
    unique_code: i64,
    #[entity(unique)]
    code: String,
    email: String,
    active: bool,
}

#[derive(Entity)]
#[entity(unique(email, filter = Team::ACTIVE))]
struct Guest {
    #[entity(primary_key)]
    id: i64,
    email: String,
}

#[derive(Entity)]
struct Team {
    #[entity(primary_key)]
    id: i64,
    active: bool,
}

fn main() {}
