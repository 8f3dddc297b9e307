//! The constants of the search for the leaf level, with the reasons for their values.

use crate::communities::network::TieNetwork;
use crate::seed::RandomSeed;

/// The effort and the randomness of a search.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafSearch {
    pub(super) effort: &'static SearchEffort,
    pub(super) seed: RandomSeed,
}

/// How thoroughly to search.
#[derive(Debug)]
pub(super) struct SearchEffort {
    /// Resolutions of modularity that are tried on the whole graph.
    pub(super) resolutions: &'static [f64],
    /// Whether the map equation is tried too.
    pub(super) map_equation: bool,
    /// Passes of each search.
    pub(super) passes: usize,
    /// Another search from the best partition must be worth it: the one before shortened the
    /// description by more than this share.
    pub(super) gain_min: f64,
    /// In a run after another, a community that has changed little is searched for parts with a
    /// probability of 1 in this number.
    pub(super) split_turns: f64,
}

/// For graphs of at most [`LeafTuning::thorough_arcs_max`], where time does not matter.
const THOROUGH: SearchEffort = SearchEffort {
    resolutions: &[0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
    map_equation: true,
    passes: 3,
    gain_min: 0.0,
    split_turns: 1.0,
};

/// For larger graphs: one search, then the resolutions that its results indicate.
pub(super) const QUICK: SearchEffort = SearchEffort {
    resolutions: &[FIRST_RESOLUTION],
    map_equation: false,
    passes: 1,
    gain_min: 1e-3,
    split_turns: 32.0,
};

/// The resolution of the first search of all.
pub(super) const FIRST_RESOLUTION: f64 = 1.0;

/// The other constants. They were set on planted graphs and on public ones (decisions 13 and 20).
#[derive(Debug)]
pub(super) struct LeafTuning {
    /// Graphs up to this are searched thoroughly.
    pub(super) thorough_arcs_max: usize,
    /// The resolution at which a community is searched for parts, relative to its own edges.
    pub(super) split_resolution: f64,
    /// A search is not continued from a draft that takes more than this times the bits of the
    /// partition that it is to replace.
    pub(super) draft_bits_max: f64,
    /// A resolution is followed while it differs from the previous one by more than this factor …
    pub(super) resolution_step: f64,
    /// … and at most this often.
    pub(super) resolution_steps_max: usize,
    /// Searches from the best partition end after this number of rounds.
    pub(super) polish_rounds_max: u64,
    /// Communities with fewer members are not split.
    pub(super) split_members_min: usize,
    /// Depth of splits within splits.
    pub(super) split_depth_max: usize,
    /// Smaller communities are dissolved, unless they have no neighbours.
    pub(super) members_min: usize,
    /// The partition from the previous run stays unless a new one is shorter by more than this share.
    pub(super) inertia: f64,
    /// A new partition is searched for if the previous one, improved, describes an edge in more bits
    /// than the best since the last search from nothing, by more than this share.
    pub(super) stale: f64,
    /// A community has changed if the weight inside of it has by more than this share.
    pub(super) changed: f64,
}

/// The values in use.
pub(super) const TUNING: LeafTuning = LeafTuning {
    // Below this a thorough search takes less than a second.
    thorough_arcs_max: 200_000,
    // Low, for a few large parts, each of which is searched again. A high one finds many parts at
    // once, which shorten the description too, but by less than the right few would.
    split_resolution: 0.5,
    // Continuing a search shortens the description by a tenth of a percent or two.
    draft_bits_max: 1.01,
    resolution_step: 1.25,
    resolution_steps_max: 8,
    polish_rounds_max: 4,
    split_members_min: 8,
    // A guard: three is much.
    split_depth_max: 8,
    // A person whose audience is everywhere would otherwise be a community of its own.
    members_min: 3,
    // Ids should not change where nothing happened.
    inertia: 5e-4,
    stale: 2e-3,
    changed: 0.02,
};

impl LeafSearch {
    pub(super) fn new(network: &TieNetwork, seed: RandomSeed) -> LeafSearch {
        let is_small = network.targets.len() <= TUNING.thorough_arcs_max;
        LeafSearch { effort: if is_small { &THOROUGH } else { &QUICK }, seed }
    }

    /// The same effort with an independent seed.
    pub(super) fn fork(self, part: u64) -> LeafSearch {
        LeafSearch { seed: self.seed.fork(part), ..self }
    }
}
