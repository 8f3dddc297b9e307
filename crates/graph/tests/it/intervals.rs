//! Whether intervals cover: a sample of a known graph is scored, and the whole graph's shares are
//! looked for in the sample's intervals.

use std::collections::BTreeMap;

use graph::generate::{DrawnArcs, PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{
    CommunityScorer, Csr, PeopleSettings, RankSettings, ScoredPerson, TrustSettings, people_stage,
    rank_stage, trust_stage,
};
use model::interval;

use crate::worlds::{Scored, attention};

const PEOPLE: usize = 3_000;

/// The part of the whole graph's arcs that a sample has. Small, so that drawing is close to
/// Poisson's law.
const SEEN: f64 = 0.1;

/// A planted graph with ten times the arcs that are seen of it; each once.
fn whole() -> DrawnArcs {
    let spec = PlantedSpec {
        nodes: PEOPLE,
        mean_degree: 240.0,
        degree_max: 2_000.0,
        degree_exponent: 2.3,
        size_min: 200,
        size_max: 600,
        size_exponent: 1.5,
        mixing: 0.3,
        siblings: 3,
        kept_by_parent: 0.4,
        overlapping: 0.0,
    };
    let csr = Csr::from_arcs(PEOPLE, planted(&spec, RandomSeed(11)).arcs.list()).unwrap().csr;
    let mut once = DrawnArcs::default();
    for source in 0..PEOPLE as u32 {
        once.targets.extend(csr.arcs_of(source).map(|arc| arc.0));
        once.sources.resize(once.targets.len(), source);
    }
    once
}

/// The same people and communities with other arcs: everything else is scored again.
fn drawn_again(whole: &DrawnArcs, like: &Scored, mut seed: RandomSeed) -> Scored {
    let mut seen = DrawnArcs::default();
    for (&source, &target) in whole.sources.iter().zip(&whole.targets) {
        if seed.unit() < SEEN {
            seen.sources.push(source);
            seen.targets.push(target);
        }
    }
    let attention = attention(Csr::from_arcs(PEOPLE, seen.list()).unwrap().csr);
    let hierarchy = like.hierarchy.clone();
    let trust = trust_stage(&attention, &hierarchy, &[], &TrustSettings::default());
    let global = rank_stage(&attention, &trust, None, &RankSettings::default());
    Scored { attention, hierarchy, trust, global, honest: PEOPLE }
}

/// Everybody's scores on the leaf level, by community and person.
fn scores(scored: &Scored) -> BTreeMap<(u32, u32), ScoredPerson> {
    let tables = people_stage(&scored.input(), scored.hierarchy.leaf, &PeopleSettings::default());
    let of = |table: graph::CommunityPeople| {
        let community = table.community.number();
        table.people.into_iter().map(move |one| ((community, one.person.number()), one))
    };
    tables.into_iter().flat_map(of).collect()
}

/// Counts by support (below 3, 5, 10, 20, and above) of shares that are, and are not, covered.
#[derive(Default)]
struct Covered([[u32; 2]; 5]);

impl Covered {
    fn count(&mut self, (share, support): (f32, f32), truth: f32) {
        let found = interval(share, support).unwrap();
        let class = [3.0, 5.0, 10.0, 20.0].iter().filter(|&&end| support >= end).count();
        self.0[class][usize::from(found.low <= truth && truth <= found.high)] += 1;
    }

    fn part(cells: &[[u32; 2]]) -> f64 {
        let sum = |at: usize| f64::from(cells.iter().map(|cell| cell[at]).sum::<u32>());
        sum(1) / (sum(0) + sum(1))
    }

    /// Over all, within a few points of what is promised.
    fn check(&self) {
        let all = Covered::part(&self.0);
        println!("covered {all:.3}, by support {:.3?}", self.0.map(|cell| Covered::part(&[cell])));
        assert!((0.88..0.97).contains(&all), "{all}");
    }

    /// For every support that is common.
    fn check_each(&self) {
        self.check();
        let known = self.0.iter().filter(|cell| cell.iter().sum::<u32>() > 100);
        let parts: Vec<f64> = known.map(|&cell| Covered::part(&[cell])).collect();
        assert!(parts.len() > 1 && parts.iter().all(|&part| part > 0.85), "{parts:?}");
    }
}

#[test]
fn nine_of_ten_true_shares_are_in_their_intervals() {
    let arcs = whole();
    let truth = Scored::new(&arcs, PEOPLE, 0);
    let true_scores = scores(&truth);
    let (mut inside, mut world) = (Covered::default(), Covered::default());
    for sample in 0..3 {
        let seen = drawn_again(&arcs, &truth, RandomSeed(100 + sample));
        for (key, one) in scores(&seen).iter().filter(|(_, one)| one.rank.is_some()) {
            inside.count((one.share, one.support), true_scores[key].share);
        }
        let settings = PeopleSettings::default();
        let scorer = CommunityScorer::new(seen.input(), &settings);
        let support = scorer.world_support(&RankSettings::default());
        for person in (0..PEOPLE).filter(|&person| seen.global.ranks.raw[person].is_some()) {
            world.count(
                (seen.global.shares.raw[person], support.raw[person]),
                truth.global.shares.raw[person],
            );
        }
    }
    inside.check_each();
    // Who has few followers has most of its share in the world from trust, which more arcs would
    // raise: those are covered less, and they are few.
    world.check();
}
