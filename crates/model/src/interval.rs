//! The uncertainty of a share: the interval that resampling of its arcs would give, in closed form.
//!
//! Assume that the observed arcs are a sample, in which each arc could have occurred any number of
//! times, Poisson distributed with mean 1, while the mass of its source stays the same. Then a share of
//! terms q has the mean `s = Σq` and the variance `Σq²`, like a share of `support = (Σq)² / Σq²` equal
//! arcs. Its distribution is near a gamma distribution of that shape, and the bounds of its mean are
//! quantiles of gamma distributions: of shape `support` below, of `support + 1` above (Fay and Feuer
//! 1997; with equal terms they are Garwood's exact bounds of a Poisson mean). The quantiles are those of
//! Wilson and Hilferty (1931), within 3 % for a support of 2 and more.

use serde::{Deserialize, Serialize};

/// The 95 % quantile of the normal distribution: both bounds together exclude 10 %.
const Z: f64 = 1.645;

/// Support below this is low confidence: the interval spans more than a factor of 5.
pub const SUPPORT_CONFIDENT: f32 = 5.0;

/// The bounds of a share: in 9 of 10 cases the true share is between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// In one of twenty cases the true share is below.
    pub low: f32,
    /// In one of twenty cases the true share is above.
    pub high: f32,
}

/// The interval of a share that comes from an effective number of `support` arcs; `None` without any.
///
/// ```
/// use model::interval;
///
/// let few = interval(0.01, 2.0).unwrap();
/// let many = interval(0.01, 200.0).unwrap();
/// assert!(few.low < many.low && many.high < few.high);
/// assert_eq!(interval(0.0, 0.0), None);
/// ```
pub fn interval(share: f32, support: f32) -> Option<Interval> {
    if share <= 0.0 || support <= 0.0 {
        return None;
    }
    let (share, shape) = (f64::from(share), f64::from(support));
    let low = share * quantile(shape, -Z) / shape;
    let high = share * quantile(shape + 1.0, Z) / shape;
    Some(Interval { low: low as f32, high: high.min(1.0).max(share) as f32 })
}

/// The quantile of a gamma distribution (scale 1) that is `z` in the normal one.
fn quantile(shape: f64, z: f64) -> f64 {
    let root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    shape * root.max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Garwood's exact bounds of a Poisson mean, by the tables of the gamma distribution.
    #[test]
    fn with_equal_arcs_the_bounds_are_those_of_a_poisson_mean() {
        for (count, low, high) in
            [(2.0, 0.355, 6.296), (5.0, 1.970, 10.513), (20.0, 13.255, 29.062)]
        {
            let found = interval(0.01, count).unwrap();
            assert!((found.low * count / 0.01 - low).abs() < 0.03 * low, "{found:?}");
            assert!((found.high * count / 0.01 - high).abs() < 0.03 * high, "{found:?}");
        }
    }

    #[test]
    fn an_interval_holds_its_share_and_shrinks_with_support() {
        let width = |support| {
            let found = interval(0.25, support).unwrap();
            assert!(found.low <= 0.25 && 0.25 <= found.high && found.high <= 1.0);
            found.high - found.low
        };
        let widths: Vec<f32> = [1.0, 2.0, 8.0, 100.0, 1e6].map(width).to_vec();
        assert!(widths.is_sorted_by(|a, b| a > b), "{widths:?}");
        assert_eq!((interval(0.0, 3.0), interval(0.1, 0.0)), (None, None));
    }

    #[test]
    fn bounds_have_these_values_and_stay_within_the_share_and_the_whole() {
        let found = interval(0.01, 5.0).unwrap();
        assert!((found.low - 0.003_931_2).abs() < 1e-6, "{found:?}");
        assert!((found.high - 0.021_013_9).abs() < 1e-6, "{found:?}");
        // The quantile of a shape near 0 would be below 0.
        assert_eq!(interval(0.5, 0.05).map(|found| (found.low, found.high)), Some((0.0, 1.0)));
        assert_eq!(interval(1.0, 100.0).unwrap().high, 1.0);
        assert!(interval(-0.1, 3.0).is_none() && interval(0.1, -1.0).is_none());
    }
}
