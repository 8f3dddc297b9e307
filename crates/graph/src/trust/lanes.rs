//! Values for several seed sets at once.

use model::index::PersonIndex;

/// Seed sets that go along the arcs together.
pub(super) const LANES: usize = 5;

/// A value for each of [`LANES`] seed sets.
pub(super) type SetLanes = [f32; LANES];

/// Gives the seeds of each set 1 in the set's lane.
pub(super) fn fill_seeds(seeds: &[Vec<PersonIndex>], lanes: &mut [SetLanes]) {
    for (lane, seeds) in seeds.iter().enumerate() {
        seeds.iter().for_each(|&seed| lanes[seed.index()][lane] = 1.0);
    }
}
