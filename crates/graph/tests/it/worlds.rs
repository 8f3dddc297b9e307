//! Graphs that several tests share, and a way to run on a given number of threads.

use graph::generate::{DrawnArcs, PlantedSpec, SybilFarm, add_farm, planted};
use graph::seed::RandomSeed;
use graph::{
    ArcList, Attention, CommunitySettings, Csr, GlobalRank, Hierarchy, Overlap, PeopleInput,
    RankSettings, Trust, TrustSettings, community_stage, rank_stage, trust_stage,
};
use model::index::PersonIndex;
use proptest::prelude::*;

/// People with these numbers.
pub(crate) fn people(numbers: &[u32]) -> Vec<PersonIndex> {
    numbers.iter().copied().map(PersonIndex::new).collect()
}

/// Unweighted arcs as a graph.
pub(crate) fn csr(nodes: usize, arcs: &[(u32, u32)]) -> Csr {
    let (sources, targets): (Vec<u32>, Vec<u32>) = arcs.iter().copied().unzip();
    let list = ArcList { sources: &sources, targets: &targets, weights: None };
    Csr::from_arcs(nodes, list).unwrap().csr
}

/// Weighted arcs as a graph.
pub(crate) fn weighted(nodes: usize, arcs: &[(u32, u32, f32)]) -> Csr {
    let sources: Vec<u32> = arcs.iter().map(|arc| arc.0).collect();
    let targets: Vec<u32> = arcs.iter().map(|arc| arc.1).collect();
    let weights: Vec<f32> = arcs.iter().map(|arc| arc.2).collect();
    let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
    Csr::from_arcs(nodes, list).unwrap().csr
}

/// Attention without negative evidence.
pub(crate) fn attention(arcs: Csr) -> Attention {
    Attention::of(arcs)
}

/// Any small weighted graph: its size and arcs.
pub(crate) fn any_arcs() -> impl Strategy<Value = (usize, Vec<(u32, u32, f32)>)> {
    (2usize..40).prop_flat_map(|nodes| {
        let person = 0..nodes as u32;
        let arc =
            (person.clone(), person, 1u8..20).prop_map(|(s, t, w)| (s, t, f32::from(w) / 4.0));
        (Just(nodes), proptest::collection::vec(arc, 0..200))
    })
}

/// Runs on `threads` threads.
pub(crate) fn on<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

/// A planted graph of 3,000 people in communities of 40 to 200, three to a parent.
pub(crate) fn planted_world(mixing: f64) -> graph::generate::PlantedGraph {
    let spec = PlantedSpec {
        nodes: 3_000,
        mean_degree: 24.0,
        degree_max: 200.0,
        degree_exponent: 2.3,
        size_min: 40,
        size_max: 200,
        size_exponent: 1.5,
        mixing,
        siblings: 3,
        kept_by_parent: 0.4,
        overlapping: 0.0,
    };
    planted(&spec, RandomSeed(11))
}

/// A scored world with a farm: fakes are the people from `honest` on.
pub(crate) struct Scored {
    pub(crate) attention: Attention,
    pub(crate) hierarchy: Hierarchy,
    pub(crate) trust: Trust,
    pub(crate) global: GlobalRank,
    pub(crate) honest: usize,
}

impl Scored {
    /// Scores `arcs` of `honest` people and `fakes` more.
    pub(crate) fn new(arcs: &DrawnArcs, honest: usize, fakes: usize) -> Scored {
        Scored::of(Csr::from_arcs(honest + fakes, arcs.list()).unwrap().csr, honest)
    }

    fn of(arcs: Csr, honest: usize) -> Scored {
        let attention = attention(arcs);
        let hierarchy = community_stage(&attention, None, &CommunitySettings::default());
        Scored::within(hierarchy, attention, honest)
    }

    /// Scores people in communities that are known.
    fn within(hierarchy: Hierarchy, attention: Attention, honest: usize) -> Scored {
        let trust = trust_stage(&attention, &hierarchy, &[], &TrustSettings::default());
        let global = rank_stage(&attention, &trust, None, &RankSettings::default());
        Scored { attention, hierarchy, trust, global, honest }
    }

    /// The planted world with a farm of 300 and 60 bought arcs.
    pub(crate) fn with_farm() -> Scored {
        let mut arcs = planted_world(0.3).arcs;
        let farm = SybilFarm { fakes: 300, follows: 15, attack_arcs: 60, outward_arcs: 600 };
        add_farm(&mut arcs, 3_000, &farm, RandomSeed(5));
        Scored::new(&arcs, 3_000, 300)
    }

    /// The planted world, four of ten arcs with a weight of their own.
    pub(crate) fn weighted() -> Scored {
        let arcs = planted_world(0.3).arcs;
        let weight = |at: usize| match RandomSeed(3).fork(at as u64).unit() {
            other @ ..0.4 => 0.1 + 5.0 * other as f32,
            _ => 1.0,
        };
        let weights: Vec<f32> = (0..arcs.sources.len()).map(weight).collect();
        let list = ArcList { weights: Some(&weights), ..arcs.list() };
        Scored::of(Csr::from_arcs(3_000, list).unwrap().csr, 3_000)
    }

    /// The same people in the same communities, scored again along other arcs.
    pub(crate) fn along(&self, arcs: Csr) -> Scored {
        Scored::within(self.hierarchy.clone(), attention(arcs), self.honest)
    }

    /// The same people, communities and arcs with other numbers (`new_ids[old] = new`), scored again.
    pub(crate) fn renumbered(&self, new_ids: &[u32]) -> Scored {
        let mut old_ids = vec![0; new_ids.len()];
        (0..).zip(new_ids).for_each(|(old, &new)| old_ids[new as usize] = old);
        let mut hierarchy = self.hierarchy.clone();
        for level in &mut hierarchy.levels {
            let old = std::mem::take(&mut level.community_of);
            level.community_of = old_ids.iter().map(|&id| old[PersonIndex::new(id)]).collect();
        }
        let mut overlap = Overlap { offsets: vec![0], ..Overlap::default() };
        for &old in &old_ids {
            for one in self.hierarchy.overlap.of(PersonIndex::new(old)) {
                overlap.communities.push(one.community);
                overlap.shares.push(one.share);
            }
            overlap.offsets.push(overlap.communities.len() as u64);
        }
        hierarchy.overlap = overlap;
        let arcs = self.attention.arcs.relabel(new_ids).unwrap();
        Scored::within(hierarchy, attention(arcs), self.honest)
    }

    pub(crate) fn input(&self) -> PeopleInput<'_> {
        PeopleInput {
            attention: &self.attention,
            hierarchy: &self.hierarchy,
            trust: &self.trust,
            global: &self.global,
            kinds: Default::default(),
        }
    }
}
