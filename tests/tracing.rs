//! Each statement is a `tracing` event: its SQL, rows and duration, and never a value.

use std::sync::{Arc, Mutex};

use orm_test::TestDb;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use unlazy::{Entity, execute, sql};

#[derive(Entity)]
#[entity(table = "users")]
struct User {
    #[entity(primary_key)]
    id: i64,
    name: String,
}

/// Keeps the events of the target `unlazy`, as text.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "unlazy" && *metadata.level() == Level::DEBUG
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Fields(String);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                // The duration is there, but is never the same.
                let value = match field.name() {
                    "elapsed_us" => "..".to_owned(),
                    _ => format!("{value:?}"),
                };
                self.0 += &format!("{}={value} ", field.name());
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0.trim_end().to_owned());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn statements_are_events_without_values() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let test =
        TestDb::with_schema("CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL)")
            .await
            .unwrap();
    let db = test.db().unwrap();

    User::insert(NewUser {
        id: 7,
        name: "secret".into(),
    })
    .execute(&db)
    .await
    .unwrap();
    assert_eq!(
        events.take(),
        [
            r#"sql="INSERT INTO \"users\" AS t0 (\"id\", \"name\") VALUES ($1, $2)" rows=1 elapsed_us=.. failed=false"#
        ]
    );

    let found = User::query()
        .filter(User::NAME.eq("secret"))
        .one(&db)
        .await
        .unwrap();
    assert_eq!((found.id, found.name.as_str()), (7, "secret"));
    assert_eq!(
        events.take(),
        [
            r#"sql="SELECT t0.\"id\", t0.\"name\" FROM \"users\" AS t0 WHERE t0.\"name\" = $1 ORDER BY t0.\"id\" LIMIT $2" rows=1 elapsed_us=.. failed=false"#
        ]
    );

    execute(sql!("SELECT 1 / $1", 0), &db).await.unwrap_err();
    assert_eq!(
        events.take(),
        [r#"sql="SELECT 1 / $1::int4" rows=0 elapsed_us=.. failed=true"#]
    );
}
