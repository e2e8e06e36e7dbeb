//! The statement that reads a deferred column of entities that the program has.

use std::sync::Arc;

use crate::bind::{BindArray, Parameter};
use crate::decode::Part;
use crate::entity::{ColumnDef, EntityDef};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::children::on_keys;
use crate::sql::select::{Place, conditions};
use crate::sql::writer::{Alias, Name, Table, Writer};
use crate::sql::{Layout, SelectSql};

/// `SELECT k.n, t0.body FROM unnest($1::int8[]) WITH ORDINALITY AS k(c0, n) JOIN documents AS t0 ON t0.id = k.c0`.
///
/// `keys` are the primary keys, one list for each of their columns.
pub(crate) fn column_of(
    def: &'static EntityDef,
    column: &'static ColumnDef,
    keys: Vec<Vec<Parameter>>,
    scopes: &Scopes,
) -> SelectSql {
    let mut writer = Writer::new(scopes);
    let table = writer.next_alias();
    let key_columns: Vec<&str> = def.key_columns().map(|key| key.name).collect();
    writer.write(format_args!(
        "SELECT {}.n, {table}.{}{} FROM unnest(",
        Alias::Keys,
        Name(column.name),
        column.ty.select_cast()
    ));
    for (position, (key, values)) in def.key_columns().zip(keys).enumerate() {
        writer.separate(position);
        let number = writer.add(Arc::new(BindArray(values)));
        writer.key_array(number, key.ty, &Table::of(def), key.name);
    }
    writer.write(format_args!(") WITH ORDINALITY AS {}(", Alias::Keys));
    for position in 0..key_columns.len() {
        writer.write(format_args!("c{position}, "));
    }
    writer.write(format_args!("n) JOIN {} AS {table} ON ", Table::of(def)));
    on_keys(&mut writer, table, &key_columns);
    conditions(&mut writer, &Select::of(def), Place::of(table), " WHERE ");
    SelectSql {
        sql: writer.finish(),
        layout: Layout::of(vec![Part {
            at: 1,
            def,
            columns: std::slice::from_ref(column),
        }]),
    }
}
