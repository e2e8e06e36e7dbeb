//! What many times of the same work come to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// In microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) rounds: usize,
    pub(crate) median: f64,
    /// The 10th percentile.
    pub(crate) p10: f64,
    /// The 90th percentile.
    pub(crate) p90: f64,
}

impl Summary {
    pub(crate) fn of(times: &[Duration]) -> Self {
        let mut micros: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        micros.sort_by(f64::total_cmp);
        Self {
            rounds: micros.len(),
            median: quantile(&micros, 0.5),
            p10: quantile(&micros, 0.1),
            p90: quantile(&micros, 0.9),
        }
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// Between two values, the one that lies there on a straight line. Not a number if there are no values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = q * last as f64;
    let (below, above) = (sorted[place as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn percentiles_lie_between_values() {
        let times: Vec<Duration> = (0..=20).rev().map(Duration::from_micros).collect();
        let summary = Summary::of(&times);
        assert_eq!(summary.rounds, 21);
        assert!((summary.p10 - 2.0).abs() < 1e-9);
        assert!((summary.median - 10.0).abs() < 1e-9);
        assert!((summary.p90 - 18.0).abs() < 1e-9);
    }
}
