//! More relations than the standard library implements traits for tuples, in an entity made by a macro.

#![deny(warnings)]

use unlazy::{Entity, Unloaded, loaded};

macro_rules! hub {
    ($name:ident { $($field:ident: $parameter:ident),+ $(,)? }) => {
        #[derive(Entity, Debug, Clone)]
        struct $name<$($parameter = Unloaded),+> {
            #[entity(primary_key)]
            id: i64,
            $(
                #[entity(has_many(Spoke, foreign_key = hub_id))]
                $field: $parameter,
            )+
        }
    };
}

hub!(Hub {
    a: A,
    b: B,
    c: C,
    d: D,
    e: E,
    f: F,
    g: G,
    h: H,
    i: I,
    j: J,
    k: K,
    l: L,
    m: M,
    n: N,
});

macro_rules! entity {
    ($name:ident, $target:ty, $kind:ident, $key:ident: $key_type:ty, $table:literal) => {
        #[derive(Entity, Debug, Clone)]
        #[entity(table = $table)]
        struct $name<Related = Unloaded> {
            #[entity(primary_key)]
            id: i64,
            $key: $key_type,
            #[entity($kind($target, foreign_key = $key))]
            related: Related,
        }
    };
}

entity!(Spoke, Hub, belongs_to, hub_id: i64, "spokes");

fn main() {
    let query = Hub::query()
        .with(Hub::A)
        .with(Hub::B)
        .with(Hub::C)
        .with(Hub::D)
        .with(Hub::E)
        .with(Hub::F)
        .with(Hub::G)
        .with(Hub::N)
        .with(Hub::M)
        .with(Hub::L)
        .with(Hub::K)
        .with(Hub::J)
        .with(Hub::I)
        .with(Hub::H.with(Spoke::RELATED));
    assert_eq!(query.to_sql().len(), 15);
    let _ =
        |hub: loaded!(Hub { a, b, c, d, e, f, g, h { related }, i, j, k, l, m, n })| hub.n.len();
}
