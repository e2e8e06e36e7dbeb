//! The SQL of upserts, as the server gets it.

use expect_test::{Expect, expect};
use unlazy::{StatementLog, UniqueKey, sql};

use super::{Member, NewMember, NewPart, NewRole, Part, Role, ann, members, new};

#[track_caller]
fn sent(log: &StatementLog, expected: Expect) {
    let statements: Vec<_> = log
        .take()
        .into_iter()
        .map(|statement| statement.sql)
        .collect();
    expected.assert_eq(&statements.join("\n"));
}

#[tokio::test]
async fn what_is_done_on_a_conflict() {
    let (_test, db, log) = members().await;
    let upsert = || Member::insert(ann()).on_conflict(Member::UNIQUE_EMAIL);
    upsert().do_nothing().execute(&db).await.unwrap();
    upsert().update().execute(&db).await.unwrap();
    upsert()
        .set_excluded(Member::NAME)
        .set(Member::VISITS, 7)
        .execute(&db)
        .await
        .unwrap();
    let combined = upsert()
        .update()
        .set(
            Member::NAME,
            sql!("lower($1) || $2", Member::NAME.excluded(), "!"),
        )
        .filter(
            Member::LOCKED
                .eq(false)
                .and(Member::NAME.ne(Member::NAME.excluded())),
        )
        .filter(Member::VISITS.gt(3));
    combined
        .returning(Member::ID)
        .one_or_none(&db)
        .await
        .unwrap();
    sent(
        &log,
        expect![[r#"
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO NOTHING
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "badge" = excluded."badge"
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "visits" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO UPDATE SET "badge" = excluded."badge", "name" = (lower(excluded."name") || $4) WHERE t0."locked" = $5 AND t0."name" <> excluded."name" AND t0."visits" > $6 RETURNING t0."id""#]],
    );
    upsert().update().one_upserted(&db).await.unwrap();
    sent(
        &log,
        expect![[
            r#"INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "badge" = excluded."badge" RETURNING "id", "email", "name", "visits", "locked", "badge", "status", "deleted_at", (xmax = 0)"#
        ]],
    );
}

#[tokio::test]
async fn which_key_is_meant() {
    let (_test, db, log) = members().await;
    let keys = [
        Member::UNIQUE_EMAIL,
        Member::UNIQUE_NAME_BADGE,
        Member::LIVE_BADGE,
        Member::UNIQUE_BADGE_VISITS,
        UniqueKey::constraint("members_by_email"),
    ];
    for key in keys {
        let cleo = Member::insert(new("cleo@c.org", "cleo")).on_conflict(key);
        cleo.set(Member::STATUS, "known").execute(&db).await.ok();
    }
    Member::insert(ann())
        .on_conflict_do_nothing()
        .execute(&db)
        .await
        .unwrap();
    sent(
        &log,
        expect![[r#"
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("email") DO UPDATE SET "status" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("name", "badge") DO UPDATE SET "status" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("badge") WHERE "deleted_at" IS NULL AND NOT ("locked") DO UPDATE SET "status" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ("badge", "visits") WHERE (status = 'open') DO UPDATE SET "status" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT "members_by_email" DO UPDATE SET "status" = $4
        INSERT INTO "members" AS t0 ("email", "name", "badge") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"#]],
    );
}

#[tokio::test]
async fn one_text_for_any_number_of_rows() {
    let (_test, db, log) = members().await;
    let upsert = |numbers: std::ops::Range<i32>| {
        let rows = numbers.map(|n| NewMember {
            badge: Some(n),
            ..new(&format!("{n}@n.org"), "n")
        });
        Member::insert_many(rows)
            .on_conflict(Member::UNIQUE_EMAIL)
            .update()
    };
    upsert(0..2).execute(&db).await.unwrap();
    upsert(0..50).all(&db).await.unwrap();
    upsert(0..99).all(&db).await.unwrap();
    sent(
        &log,
        expect![[r#"
        INSERT INTO "members" AS t0 ("email", "name", "badge") SELECT * FROM unnest($1::text[], $2::text[], $3::int4[]) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "badge" = excluded."badge"
        INSERT INTO "members" AS t0 ("email", "name", "badge") SELECT * FROM unnest($1::text[], $2::text[], $3::int4[]) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "badge" = excluded."badge" RETURNING "id", "email", "name", "visits", "locked", "badge", "status", "deleted_at"
        INSERT INTO "members" AS t0 ("email", "name", "badge") SELECT * FROM unnest($1::text[], $2::text[], $3::int4[]) ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", "badge" = excluded."badge" RETURNING "id", "email", "name", "visits", "locked", "badge", "status", "deleted_at""#]],
    );
}

#[tokio::test]
async fn rows_of_keys_only_and_arrays() {
    let (_test, db, log) = members().await;
    let role = NewRole {
        member_id: 1,
        role: "admin".to_owned(),
    };
    Role::insert(role)
        .on_conflict(Role::PRIMARY_KEY)
        .update()
        .execute(&db)
        .await
        .unwrap();
    let part = |id| NewPart {
        id,
        code: format!("code {id}"),
        labels: vec!["y".to_owned()],
        body: None,
    };
    let parts = Part::insert_many([part(1), part(2)]).on_conflict(Part::PRIMARY_KEY);
    parts
        .update()
        .set(Part::BODY.column(), Part::BODY.excluded())
        .execute(&db)
        .await
        .unwrap();
    sent(
        &log,
        expect![[r#"
            INSERT INTO "roles" AS t0 ("member_id", "role") VALUES ($1, $2) ON CONFLICT ("member_id", "role") DO UPDATE SET "member_id" = t0."member_id"
            INSERT INTO "parts" AS t0 ("id", "code", "labels", "body") SELECT k.c0, k.c1, CASE k.c2 WHEN 0 THEN '{}' ELSE a2.a END, k.c3 FROM unnest($1::int8[], $2::text[], $4::int4[], $5::text[]) WITH ORDINALITY AS k(c0, c1, c2, c3, n) LEFT JOIN (SELECT r, array_agg(v ORDER BY n) AS a FROM unnest($3::text[], $6::int8[]) WITH ORDINALITY AS e(v, r, n) GROUP BY r) AS a2 ON a2.r = k.n ORDER BY k.n ON CONFLICT ("id") DO UPDATE SET "code" = excluded."code", "labels" = excluded."labels", "body" = excluded."body""#]],
    );
}
