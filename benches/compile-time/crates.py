"""The same model and the same work as a crate of each library, written as the library's documentation writes them.

Entities stand in a ring of n. An entity has five columns and six relations:

    a    belongs to the next one (`a_id`)
    b    belongs to the one after it (`b_id`, nullable)
    c    has many of the one before, the other side of `a`
    d    has many links to the entity on the other side of the ring
    f    has one of the second before, the other side of `b`
    g    the entity on the other side of the ring, many to many, through these links

So each relation leads to another table, as SeaORM's and Diesel's traits want it; and there are n / 2 link tables.

For each entity, `find` loads 20 rows by a condition, ordered, with `a` and `c`, and `store` inserts a row.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

# Both sides of the ring and four neighbours have to be different entities.
LEAST_ENTITIES = 6

TOKIO = 'tokio = { version = "=1.54.1", default-features = false, features = ["macros", "rt"] }'

MAIN = Template("""\
$attributes$modules

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    $connect
$calls
    Ok(())
}
""")


@dataclass
class Library:
    name: str
    dependencies: str
    connect: str
    entity: Template
    link: Template
    # What writes the other modules, by their names, from the number of entities.
    others: dict[str, Callable[[int], str]] = field(default_factory=dict)
    lock: Path | None = None
    # Of the program.
    attributes: str = ""

    def write(self, crate: Path, entities: int):
        (crate / "src").mkdir(parents=True)
        (crate / "Cargo.toml").write_text(manifest(self.dependencies))
        if self.lock:
            shutil.copy(self.lock, crate / "Cargo.lock")
        for name, source in self.sources(entities).items():
            (crate / "src" / f"{name}.rs").write_text(source)

    def sources(self, entities):
        half = entities // 2
        sources = {name: other(entities) for name, other in self.others.items()}
        for link in range(half):
            sources[f"l{link}"] = self.link.substitute(n=link, a=link, b=link + half)
        for n in range(entities):
            this, that = ("a_id", "b_id") if n < half else ("b_id", "a_id")
            sources[f"e{n}"] = self.entity.substitute(
                n=n,
                next=(n + 1) % entities,
                second=(n + 2) % entities,
                previous=(n - 1) % entities,
                second_previous=(n - 2) % entities,
                opposite=(n + half) % entities,
                link=n % half,
                this=this,
                that=that,
            )
        sources["main"] = MAIN.substitute(
            attributes=self.attributes,
            modules="\n".join(f"mod {name};" for name in sources),
            connect=self.connect,
            calls="\n".join(
                f'    println!("{{}} {{}}", e{n}::store(db, "name").await?, e{n}::find(db, "name").await?.len());'
                for n in range(entities)
            ),
        )
        return sources


def manifest(dependencies):
    return f"""\
[package]
name = "compile-time"
edition = "2024"

[dependencies]
{dependencies}
{TOKIO}

[workspace]
"""


def unlazy(root: Path):
    return Library(
        name="unlazy",
        dependencies=f'unlazy = {{ path = "{root}" }}',
        connect="let db = &unlazy::Db::connect(&url)?;",
        entity=Template("""\
use unlazy::{Db, Entity, Unloaded, loaded};

use crate::{e$next::E$next, e$opposite::E$opposite, e$previous::E$previous, e$second::E$second};
use crate::{e$second_previous::E$second_previous, l$link::L$link};

#[derive(Entity, Debug, Clone)]
#[entity(table = "e$n")]
pub struct E$n<A = Unloaded, B = Unloaded, C = Unloaded, D = Unloaded, F = Unloaded, G = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub a_id: i64,
    #[entity(unique)]
    pub b_id: Option<i64>,
    pub name: String,
    pub note: Option<String>,
    #[entity(belongs_to(E$next, foreign_key = a_id))]
    pub a: A,
    #[entity(belongs_to(E$second, foreign_key = b_id))]
    pub b: B,
    #[entity(has_many(E$previous, foreign_key = a_id))]
    pub c: C,
    #[entity(has_many(L$link, foreign_key = $this))]
    pub d: D,
    #[entity(has_one(E$second_previous, foreign_key = b_id))]
    pub f: F,
    #[entity(many_to_many(E$opposite, through = L$link($this, $that)))]
    pub g: G,
}

pub async fn find(db: &Db, name: &str) -> unlazy::Result<Vec<loaded!(E$n { a, c })>> {
    E$n::query()
        .filter(E$n::NAME.eq(name))
        .with(E$n::A)
        .with(E$n::C)
        .order_by(E$n::ID.asc())
        .limit(20)
        .all(db)
        .await
}

pub async fn store(db: &Db, name: &str) -> unlazy::Result<i64> {
    let new = NewE$n { a_id: 1, b_id: None, name: name.into(), note: None };
    let stored: E$n = E$n::insert(new).one(db).await?;
    Ok(stored.id)
}
"""),
        link=Template("""\
use unlazy::{Entity, Unloaded};

use crate::{e$a::E$a, e$b::E$b};

#[derive(Entity, Debug, Clone)]
#[entity(table = "l$n")]
pub struct L$n<A = Unloaded, B = Unloaded> {
    #[entity(primary_key)]
    pub a_id: i64,
    #[entity(primary_key)]
    pub b_id: i64,
    #[entity(belongs_to(E$a, foreign_key = a_id))]
    pub a: A,
    #[entity(belongs_to(E$b, foreign_key = b_id))]
    pub b: B,
}
"""),
        lock=root / "Cargo.lock",
    )


SEA_ORM = Library(
    name="SeaORM",
    # Without the defaults: no types and no TLS that the others do not bring either.
    dependencies="""\
sea-orm = { version = "=2.0.4", default-features = false, features = ["macros", "runtime-tokio", "sqlx-postgres"] }""",
    connect="let db = &sea_orm::Database::connect(&url).await?;",
    # Whether an entity is `Send` is asked of each entity that it leads to, one within the other.
    attributes='#![recursion_limit = "1024"]\n',
    entity=Template("""\
use sea_orm::{ActiveValue::Set, EntityLoaderTrait, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "e$n")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub a_id: i64,
    #[sea_orm(unique)]
    pub b_id: Option<i64>,
    pub name: String,
    pub note: Option<String>,
    #[sea_orm(belongs_to, from = "a_id", to = "id")]
    pub a: BelongsTo<crate::e$next::Entity>,
    #[sea_orm(belongs_to, from = "b_id", to = "id")]
    pub b: BelongsTo<Option<crate::e$second::Entity>>,
    #[sea_orm(has_many)]
    pub c: HasMany<crate::e$previous::Entity>,
    #[sea_orm(has_many)]
    pub d: HasMany<crate::l$link::Entity>,
    #[sea_orm(has_one)]
    pub f: HasOne<crate::e$second_previous::Entity>,
    #[sea_orm(has_many, via = "l$link")]
    pub g: HasMany<crate::e$opposite::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

pub async fn find(db: &DatabaseConnection, name: &str) -> Result<Vec<ModelEx>, DbErr> {
    Entity::load()
        .filter(COLUMN.name.eq(name))
        .with(crate::e$next::Entity)
        .with(crate::e$previous::Entity)
        .order_by_id_asc()
        .paginate(db, 20)
        .fetch()
        .await
}

pub async fn store(db: &DatabaseConnection, name: &str) -> Result<i64, DbErr> {
    let new = ActiveModel {
        a_id: Set(1),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    Ok(new.insert(db).await?.id)
}
"""),
    link=Template("""\
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "l$n")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub a_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub b_id: i64,
    #[sea_orm(belongs_to, from = "a_id", to = "id")]
    pub a: BelongsTo<crate::e$a::Entity>,
    #[sea_orm(belongs_to, from = "b_id", to = "id")]
    pub b: BelongsTo<crate::e$b::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
"""),
)


def diesel_schema(entities):
    """What `diesel print-schema` writes by default: all tables may stand in one query."""
    half = entities // 2
    schema, joins = "", ""
    for n in range(entities):
        schema += f"""\
diesel::table! {{
    e{n} (id) {{
        id -> Int8,
        a_id -> Int8,
        b_id -> Nullable<Int8>,
        name -> Text,
        note -> Nullable<Text>,
    }}
}}

"""
        joins += f"diesel::joinable!(e{n} -> e{(n + 1) % entities} (a_id));\n"
        joins += f"diesel::joinable!(e{n} -> e{(n + 2) % entities} (b_id));\n"
    for n in range(half):
        schema += f"""\
diesel::table! {{
    l{n} (a_id, b_id) {{
        a_id -> Int8,
        b_id -> Int8,
    }}
}}

"""
        joins += f"diesel::joinable!(l{n} -> e{n} (a_id));\n"
        joins += f"diesel::joinable!(l{n} -> e{n + half} (b_id));\n"
    tables = [f"e{n}" for n in range(entities)] + [f"l{n}" for n in range(half)]
    listed = "".join(f"    {table},\n" for table in tables)
    return f"{schema}{joins}\ndiesel::allow_tables_to_appear_in_same_query!(\n{listed});\n"


DIESEL = Library(
    name="Diesel",
    # With a pool, as the others have one.
    dependencies="""\
diesel = { version = "=2.3.14", default-features = false, features = ["postgres_backend"] }
diesel-async = { version = "=0.9.2", features = ["deadpool", "postgres"] }""",
    connect="""\
let manager = diesel_async::pooled_connection::AsyncDieselConnectionManager::<diesel_async::AsyncPgConnection>::new(url);
    let pool = diesel_async::pooled_connection::deadpool::Pool::builder(manager).build()?;
    let db = &mut pool.get().await?;""",
    entity=Template("""\
use diesel::{pg::Pg, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{e$next::E$next, e$previous::E$previous, e$second::E$second, schema::{e$n, e$next}};

#[derive(Queryable, Selectable, Identifiable, Associations, Debug, Clone)]
#[diesel(table_name = e$n, check_for_backend(Pg))]
#[diesel(belongs_to(E$next, foreign_key = a_id), belongs_to(E$second, foreign_key = b_id))]
pub struct E$n {
    pub id: i64,
    pub a_id: i64,
    pub b_id: Option<i64>,
    pub name: String,
    pub note: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = e$n, check_for_backend(Pg))]
pub struct NewE$n {
    pub a_id: i64,
    pub b_id: Option<i64>,
    pub name: String,
    pub note: Option<String>,
}

pub async fn find(db: &mut AsyncPgConnection, name: &str) -> QueryResult<Vec<((E$n, E$next), Vec<E$previous>)>> {
    let found: Vec<(E$n, E$next)> = e$n::table
        .inner_join(e$next::table)
        .filter(e$n::name.eq(name))
        .order(e$n::id.asc())
        .limit(20)
        .select((E$n::as_select(), E$next::as_select()))
        .load(db)
        .await?;
    let parents: Vec<&E$n> = found.iter().map(|(parent, _)| parent).collect();
    let children = E$previous::belonging_to(&parents)
        .select(E$previous::as_select())
        .load(db)
        .await?
        .grouped_by(&parents);
    Ok(found.into_iter().zip(children).collect())
}

pub async fn store(db: &mut AsyncPgConnection, name: &str) -> QueryResult<i64> {
    let new = NewE$n { a_id: 1, b_id: None, name: name.into(), note: None };
    let stored = diesel::insert_into(e$n::table)
        .values(new)
        .returning(E$n::as_returning())
        .get_result(db)
        .await?;
    Ok(stored.id)
}
"""),
    link=Template("""\
use diesel::{pg::Pg, prelude::*};

use crate::{e$a::E$a, e$b::E$b, schema::l$n};

#[derive(Queryable, Selectable, Identifiable, Associations, Debug, Clone)]
#[diesel(table_name = l$n, primary_key(a_id, b_id), check_for_backend(Pg))]
#[diesel(belongs_to(E$a, foreign_key = a_id), belongs_to(E$b, foreign_key = b_id))]
pub struct L$n {
    pub a_id: i64,
    pub b_id: i64,
}
"""),
    others={"schema": diesel_schema},
)
