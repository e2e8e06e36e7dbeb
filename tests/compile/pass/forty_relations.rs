//! An entity may have many relations, and the last of them can be loaded, below itself and in another task too.

use unlazy::{Db, Entity, Unloaded};

#[derive(Entity)]
struct Wide<
    R0 = Unloaded,
    R1 = Unloaded,
    R2 = Unloaded,
    R3 = Unloaded,
    R4 = Unloaded,
    R5 = Unloaded,
    R6 = Unloaded,
    R7 = Unloaded,
    R8 = Unloaded,
    R9 = Unloaded,
    R10 = Unloaded,
    R11 = Unloaded,
    R12 = Unloaded,
    R13 = Unloaded,
    R14 = Unloaded,
    R15 = Unloaded,
    R16 = Unloaded,
    R17 = Unloaded,
    R18 = Unloaded,
    R19 = Unloaded,
    R20 = Unloaded,
    R21 = Unloaded,
    R22 = Unloaded,
    R23 = Unloaded,
    R24 = Unloaded,
    R25 = Unloaded,
    R26 = Unloaded,
    R27 = Unloaded,
    R28 = Unloaded,
    R29 = Unloaded,
    R30 = Unloaded,
    R31 = Unloaded,
    R32 = Unloaded,
    R33 = Unloaded,
    R34 = Unloaded,
    R35 = Unloaded,
    R36 = Unloaded,
    R37 = Unloaded,
    R38 = Unloaded,
    R39 = Unloaded,
> {
    #[entity(primary_key)]
    id: i64,
    parent_id: i64,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r0: R0,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r1: R1,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r2: R2,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r3: R3,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r4: R4,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r5: R5,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r6: R6,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r7: R7,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r8: R8,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r9: R9,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r10: R10,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r11: R11,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r12: R12,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r13: R13,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r14: R14,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r15: R15,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r16: R16,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r17: R17,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r18: R18,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r19: R19,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r20: R20,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r21: R21,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r22: R22,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r23: R23,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r24: R24,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r25: R25,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r26: R26,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r27: R27,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r28: R28,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r29: R29,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r30: R30,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r31: R31,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r32: R32,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r33: R33,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r34: R34,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r35: R35,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r36: R36,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r37: R37,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r38: R38,
    #[entity(has_many(Wide, foreign_key = parent_id))]
    r39: R39,
}

fn main() {}

async fn last(db: Db) {
    let task = tokio::spawn(async move {
        let wide = Wide::query()
            .with(Wide::R39.with(Wide::R0))
            .one(&db)
            .await?;
        Ok::<_, unlazy::Error>(wide.r39.len() + wide.r39[0].r0.len())
    });
    let _ = task.await;
}
