//! Whether everybody has done the same work.

use workload::{BoxError, Case, Entry};

use crate::{
    aside::{Aside, expected_notes},
    contenders::{BASE, Competitor},
    measure::failed,
    runtime::{Flavor, joined},
};

/// Has each of them do it once, the base first, and compares what came of it.
pub(crate) async fn check(
    flavor: Flavor,
    aside: &Aside,
    competitors: &[Competitor],
    case: Case,
) -> Result<(), BoxError> {
    let mut base: Option<Vec<Entry>> = None;
    for Competitor { label, contender } in competitors {
        if !contender.offers(case) {
            continue;
        }
        if let Case::Insert { .. } = case {
            aside.empty_notes().await?;
        }
        let running = contender.clone();
        let done = flavor.run(async move { running.run(case).await }).await;
        let done = done.map_err(failed(&label.name, case))?;
        // Not on a worker: it may wait for a process.
        let entries = joined(tokio::task::spawn_blocking(move || done.entries()).await);
        if let Case::Insert { rows } = case
            && let Some(difference) = difference(&expected_notes(rows), &aside.notes().await?)
        {
            return Err(format!("{case}: what {} has stored: {difference}", label.name).into());
        }
        let Some(entries) = entries else {
            continue;
        };
        let Some(base) = &base else {
            base = Some(entries);
            continue;
        };
        if let Some(difference) = difference(base, &entries) {
            let name = &label.name;
            return Err(
                format!("{case}: what {name} has made, next to {BASE}: {difference}").into(),
            );
        }
    }
    Ok(())
}

/// The first one, in words.
fn difference(expected: &[Entry], made: &[Entry]) -> Option<String> {
    for (number, (expected, made)) in expected.iter().zip(made).enumerate() {
        if expected.values != made.values {
            let (expected, made) = (&expected.values, &made.values);
            return Some(format!(
                "entry {number} is {made:?} instead of {expected:?}"
            ));
        }
        if expected.below.len() != made.below.len() {
            let (expected, made) = (expected.below.len(), made.below.len());
            return Some(format!(
                "entry {number} has {made} relations instead of {expected}"
            ));
        }
        let below = expected.below.iter().zip(&made.below).enumerate();
        for (relation, (expected, made)) in below {
            if let Some(difference) = difference(expected, made) {
                return Some(format!("entry {number}, relation {relation}: {difference}"));
            }
        }
    }
    (expected.len() != made.len()).then(|| {
        format!(
            "there are {} entries instead of {}",
            made.len(),
            expected.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i64) -> Entry {
        Entry::new([(&number).into()])
    }

    #[test]
    fn the_same_does_not_differ() {
        let list = [entry(1).with([entry(2)]), entry(3).with([])];
        assert_eq!(difference(&list, &list), None);
    }

    #[test]
    fn the_first_difference_is_told() {
        let one = [entry(1).with([entry(2), entry(3)])];
        let other = [entry(1).with([entry(2), entry(4)])];
        let shorter = [entry(1).with([entry(2)])];
        assert_eq!(
            difference(&one, &other).as_deref(),
            Some("entry 0, relation 0: entry 1 is [Int(4)] instead of [Int(3)]")
        );
        assert_eq!(
            difference(&one, &shorter).as_deref(),
            Some("entry 0, relation 0: there are 1 entries instead of 2")
        );
        assert_eq!(
            difference(&one, &[entry(1)]).as_deref(),
            Some("entry 0 has 0 relations instead of 1")
        );
    }
}
