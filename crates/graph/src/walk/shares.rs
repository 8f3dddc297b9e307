//! Numbers scaled to shares of their sum.

/// Numbers that are added up independently, so that no addition waits for the one before.
const SUMMED_AT_ONCE: usize = 8;

/// The same shares with sum 1; uniform if there is nothing positive.
pub(crate) fn normalised(shares: &[f32]) -> Vec<f32> {
    let mut shares = shares.to_vec();
    normalise(&mut shares);
    shares
}

pub(super) fn normalise(shares: &mut [f32]) {
    let scale = ShareScale::of(shares);
    shares.iter_mut().for_each(|part| *part = scale.share(*part));
}

/// How parts become shares of their sum.
#[derive(Clone, Copy)]
pub(super) struct ShareScale {
    /// The share of a unit; 0 unless something is positive and the sum is finite.
    per_unit: f64,
    /// The least share: 0, or the same for all where `per_unit` is 0.
    least: f64,
}

impl ShareScale {
    /// Adds up the positive parts, [`SUMMED_AT_ONCE`] at a time.
    pub(super) fn of(parts: &[f32]) -> ShareScale {
        let mut sums = [0.0; SUMMED_AT_ONCE];
        for parts in parts.chunks(SUMMED_AT_ONCE) {
            let both = sums.iter_mut().zip(parts);
            both.for_each(|(sum, part)| *sum += f64::from(part.max(0.0)));
        }
        let sum: f64 = sums.iter().sum();
        if sum > 0.0 && sum.is_finite() {
            ShareScale { per_unit: 1.0 / sum, least: 0.0 }
        } else {
            ShareScale { per_unit: 0.0, least: 1.0 / parts.len() as f64 }
        }
    }

    /// The share of a part.
    pub(super) fn share(self, part: f32) -> f32 {
        // Infinity times 0 is NaN; `max` then returns the other operand.
        (f64::from(part.max(0.0)) * self.per_unit).max(self.least) as f32
    }
}
