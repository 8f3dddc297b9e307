//! Searches over rows that are read as they are needed, against those over a whole graph.

use std::cell::RefCell;
use std::collections::BTreeSet;

use graph::generate::rmat;
use graph::nearby::{
    AttentionRow, LocalPush, MissingRows, PathSearch, PathSettings, PersonFact, RowSource,
    SearchStep, ShareCode,
};
use graph::rank::{
    ForwardPush, PersonalRank, PushSettings, RandomWalk, ResidueModel, residue_shares,
};
use graph::seed::RandomSeed;
use graph::{Csr, RankSettings};
use model::index::PersonIndex;
use proptest::prelude::*;

use crate::worlds::{any_arcs, csr, people, weighted};

/// One side of a graph, as rows.
struct Rows {
    offsets: Vec<usize>,
    people: Vec<PersonIndex>,
    shares: Vec<ShareCode>,
}

impl Rows {
    fn of(arcs: &Csr, share: impl Fn(u32, u32, f32) -> ShareCode) -> Rows {
        let mut rows = Rows { offsets: vec![0], people: Vec::new(), shares: Vec::new() };
        for person in 0..arcs.nodes() as u32 {
            for (other, weight) in arcs.arcs_of(person) {
                rows.people.push(PersonIndex::new(other));
                rows.shares.push(share(person, other, weight));
            }
            rows.offsets.push(rows.people.len());
        }
        rows
    }

    fn row(&self, person: PersonIndex) -> AttentionRow<'_> {
        let range = self.offsets[person.index()]..self.offsets[person.index() + 1];
        AttentionRow { people: &self.people[range.clone()], shares: &self.shares[range] }
    }
}

/// A whole graph at hand.
struct Whole {
    given: Rows,
    received: Rows,
    residue_shares: Vec<f32>,
    unlisted: BTreeSet<u32>,
}

impl Whole {
    fn of(arcs: &Csr, unlisted: &[u32]) -> Whole {
        let strengths = arcs.strengths();
        let share = |source: u32, weight: f32| {
            ShareCode::of(f64::from(weight) / strengths[source as usize])
        };
        let received = arcs.transpose();
        Whole {
            given: Rows::of(arcs, |source, _, weight| share(source, weight)),
            received: Rows::of(&received, |_, source, weight| share(source, weight)),
            residue_shares: vec![0.0; arcs.nodes()],
            unlisted: unlisted.iter().copied().collect(),
        }
    }

    fn people(&self) -> u32 {
        self.residue_shares.len() as u32
    }
}

impl RowSource for Whole {
    fn given(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        Some(self.given.row(person))
    }

    fn received(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        Some(self.received.row(person))
    }

    fn fact(&self, person: PersonIndex) -> Option<PersonFact> {
        Some(PersonFact {
            arcs: self.given.row(person).people.len() as u32,
            residue_share: self.residue_shares[person.index()],
            listed: !self.unlisted.contains(&person.number()),
        })
    }
}

/// The same graph, at hand block by block as it is asked for.
struct Piecewise<'a> {
    whole: &'a Whole,
    block: u32,
    /// Blocks of given, received and facts.
    at_hand: RefCell<[BTreeSet<u32>; 3]>,
}

impl<'a> Piecewise<'a> {
    fn new(whole: &'a Whole, block: u32) -> Piecewise<'a> {
        Piecewise { whole, block, at_hand: RefCell::default() }
    }

    fn has(&self, section: usize, person: PersonIndex) -> bool {
        self.at_hand.borrow()[section].contains(&(person.number() / self.block))
    }

    fn fetch(&self, missing: &MissingRows) {
        assert!(!missing.is_empty(), "a search that stops says what it misses");
        let sections = [&missing.given, &missing.received, &missing.facts];
        for (at_hand, missing) in self.at_hand.borrow_mut().iter_mut().zip(sections) {
            at_hand.extend(missing.iter().map(|person| person.number() / self.block));
        }
    }
}

impl RowSource for Piecewise<'_> {
    fn given(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.has(0, person).then(|| self.whole.given.row(person))
    }

    fn received(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.has(1, person).then(|| self.whole.received.row(person))
    }

    fn fact(&self, person: PersonIndex) -> Option<PersonFact> {
        self.has(2, person).then(|| self.whole.fact(person)).flatten()
    }
}

fn pushed(whole: &Whole, seeds: &[u32], settings: &PushSettings) -> LocalPush {
    let mut push = LocalPush::new(people(seeds), BTreeSet::new(), settings);
    assert_eq!(push.advance(whole), SearchStep::Done);
    push
}

fn everyone(_: PersonIndex) -> bool {
    true
}

/// A graph over several blocks, with idle people.
fn large() -> Csr {
    let mut random = RandomSeed(3);
    let arcs: Vec<(u32, u32, f32)> = (0..100_000)
        .map(|_| {
            let (from, to) = (random.below(20_000) as u32, random.below(24_000) as u32);
            (from, to, 0.5 + random.unit() as f32)
        })
        .collect();
    weighted(24_000, &arcs)
}

const FAR: PushSettings = PushSettings {
    damping: 0.85,
    residue_max: 1e-7,
    arcs_max: 100_000_000,
    received_max: 0,
    rows_max: usize::MAX,
};

fn distance(one: &[PersonalRank], other: &[PersonalRank], people: usize) -> f64 {
    let mut shares = vec![0.0; people];
    one.iter().for_each(|rank| shares[rank.person.index()] += rank.share);
    other.iter().for_each(|rank| shares[rank.person.index()] -= rank.share);
    shares.into_iter().map(f64::abs).sum()
}

#[test]
fn a_view_of_rows_is_that_of_the_whole_graph() {
    let plain = Csr::from_arcs(1 << 12, rmat(12, 4, RandomSeed(5)).list()).unwrap().csr;
    // Equal shares are exact in one byte; others are off by up to 3.5 % each.
    for (graph, tolerance) in [(plain, 1e-4), (large(), 0.02)] {
        let whole = Whole::of(&graph, &[]);
        let seeds = [5, 17, 99];
        let settings = PushSettings { residue_max: 1e-6, ..FAR };
        let exact = ForwardPush::new(&graph, None).ranks(&people(&seeds), usize::MAX, &settings);
        let ranks = pushed(&whole, &seeds, &settings).ranks(usize::MAX, everyone);
        let off = distance(&exact, &ranks, graph.nodes());
        assert!(off < tolerance, "{off} of {tolerance}");
    }
}

#[test]
fn the_first_places_are_those_of_the_exact_walk() {
    let nodes = 1 << 14;
    let graph = Csr::from_arcs(nodes, rmat(14, 12, RandomSeed(2)).list()).unwrap().csr;
    let settings = RankSettings { damping: 0.85, tolerance: 1e-7, iterations_max: 1_000 };
    let walk = RandomWalk::new(&graph);
    let global = walk.run(&vec![1.0; nodes], None, &settings).shares;
    let residue_shares = residue_shares(&graph, &global, &settings);
    let whole = Whole { residue_shares, ..Whole::of(&graph, &[]) };
    let residues = ResidueModel::new(&graph, &walk, &global, &settings);
    let seed = (0..nodes as u32).find(|&person| graph.degree(person) > 5).unwrap();
    let mut t = vec![0.0; nodes];
    t[seed as usize] = 1.0;
    let exact = walk.run(&t, None, &settings).shares;
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    order.sort_by(|&a, &b| exact[b as usize].total_cmp(&exact[a as usize]));
    let settings = PushSettings { arcs_max: 4_000, ..PushSettings::default() };
    let found = |view: Vec<PersonalRank>| {
        view.iter().filter(|one| order[..100].contains(&one.person.number())).count()
    };
    let push = pushed(&whole, &[seed], &settings);
    assert!(push.arcs_followed() <= 4_000);
    let ours = found(push.ranks(100, everyone));
    let held = ForwardPush::new(&graph, Some(&residues)).ranks(&people(&[seed]), 100, &settings);
    assert!(ours >= 95, "{ours} of 100, {} with the exact first step", found(held));
}

#[test]
fn a_view_does_not_depend_on_what_is_at_hand() {
    let whole = Whole::of(&large(), &[7, 98]);
    let settings = PushSettings { arcs_max: 20_000, ..PushSettings::default() };
    let at_once = pushed(&whole, &[5, 17, 99], &settings);
    let ranks = at_once.ranks(500, everyone);
    assert!(ranks.iter().all(|rank| ![7, 98].contains(&rank.person.number())), "unlisted");
    let shown: Vec<PersonIndex> = ranks.iter().map(|rank| rank.person).collect();
    for block in [1, 64, 5_000] {
        let pieces = Piecewise::new(&whole, block);
        let mut push = LocalPush::new(people(&[5, 17, 99]), BTreeSet::new(), &settings);
        let mut rounds = 0;
        while let SearchStep::Missing(missing) = push.advance(&pieces) {
            pieces.fetch(&missing);
            rounds += 1;
        }
        assert!(rounds > 2 && rounds < 400, "{rounds} rounds by {block}");
        assert_eq!(push.ranks(500, everyone), ranks, "blocks of {block}");
        assert_eq!(push.parts(&shown, &pieces), at_once.parts(&shown, &whole));
    }
}

#[test]
fn parts_name_who_brings_the_most() {
    // 0 attends to 1 and 2, both attend to 3; 2 also to 4. 1 is unlisted.
    let whole = Whole::of(&csr(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (2, 4)]), &[1]);
    let push = pushed(&whole, &[0], &FAR);
    let parts = push.parts(&people(&[2, 3, 4, 0]), &whole);
    let part = |at: usize| parts[at].map(|part| (part.from.number(), part.part));
    assert!(part(0).is_some_and(|(from, part)| from == 0 && part > 0.99));
    assert!(part(1).is_some_and(|(from, part)| from == 2 && part > 0.99), "1 passes nothing on");
    assert!(part(2).is_some_and(|(from, part)| from == 2 && part > 0.99));
    assert_eq!(part(3), None, "no one attends to the seed");
}

#[test]
fn no_view_shows_the_list_of_the_unlisted() {
    // The seed attends to 1 only, and that one to 2 and 3.
    let arcs = csr(4, &[(0, 1), (1, 2), (1, 3)]);
    let found = |unlisted: &[u32], without: &[u32]| {
        let whole = Whole::of(&arcs, unlisted);
        let without = without.iter().copied().map(PersonIndex::new).collect();
        let mut push = LocalPush::new(people(&[0]), without, &FAR);
        assert_eq!(push.advance(&whole), SearchStep::Done);
        push.ranks(9, everyone).iter().map(|rank| rank.person.number()).collect::<Vec<u32>>()
    };
    assert_eq!(found(&[], &[]), [0, 1, 2, 3]);
    assert_eq!((found(&[1], &[]), found(&[], &[1])), (vec![0], vec![0]));
    assert_eq!(found(&[0], &[]), [0, 1, 2, 3], "a seed may be shown, whatever the run says");
}

#[test]
fn a_path_over_a_cut_row_may_not_be_the_strongest() {
    let whole = Whole::of(&csr(5, &[(0, 1), (1, 4), (2, 4), (3, 4)]), &[]);
    let cut = |received_max| {
        let settings = PathSettings { received_max, ..PathSettings::default() };
        let ends = [0, 4].map(PersonIndex::new);
        let mut search = PathSearch::new(ends[0], ends[1], BTreeSet::new(), &settings);
        search.advance(&whole);
        assert!(search.path().is_some());
        search.is_cut()
    };
    assert_eq!((cut(3), cut(4)), (true, false));
}

#[test]
fn a_seed_without_arcs_has_a_view_of_itself() {
    let whole = Whole::of(&csr(3, &[(0, 1)]), &[]);
    let ranks = pushed(&whole, &[2], &PushSettings::default()).ranks(9, everyone);
    assert_eq!(ranks.iter().map(|rank| rank.person.number()).collect::<Vec<_>>(), [2]);
    assert_eq!(ranks[0].share, 1.0);
}

/// What a hop costs, as paths are compared.
fn hop_cost(share: ShareCode) -> u32 {
    u32::from(share.number()) * 8 + 1
}

/// The cheapest cost of a path of at most six hops over listed people, hop by hop.
fn cheapest(whole: &Whole, from: u32, to: u32) -> Option<u32> {
    let mut costs = vec![None; whole.people() as usize];
    costs[from as usize] = Some(0);
    for _ in 0..PathSettings::HOPS_MAX {
        let before: Vec<Option<u32>> = costs.clone();
        for person in 0..whole.people() {
            let is_step = person == from || !whole.unlisted.contains(&person);
            let Some(cost) = before[person as usize].filter(|_| is_step) else { continue };
            for (other, share) in whole.given.row(PersonIndex::new(person)).arcs() {
                let cost = cost + hop_cost(share);
                let known = &mut costs[other.index()];
                *known = Some(known.map_or(cost, |known: u32| known.min(cost)));
            }
        }
    }
    costs[to as usize]
}

fn search(from: u32, to: u32) -> PathSearch {
    let [from, to] = [from, to].map(PersonIndex::new);
    PathSearch::new(from, to, BTreeSet::new(), &PathSettings::default())
}

proptest! {
    #[test]
    fn the_path_is_the_cheapest_of_six_hops(
        (nodes, arcs) in any_arcs(),
        thin in 1usize..8,
        ends: (u32, u32),
        unlisted in proptest::collection::vec(0u32..40, 0..6),
        block in 1u32..9,
    ) {
        // Thinned out, so that long paths are among the cheapest.
        let arcs: Vec<_> = arcs.into_iter().step_by(thin).collect();
        let (from, to) = (ends.0 % nodes as u32, ends.1 % nodes as u32);
        prop_assume!(from != to);
        let whole = Whole::of(&weighted(nodes, &arcs), &unlisted);
        let mut found = search(from, to);
        prop_assert_eq!(found.advance(&whole), SearchStep::Done);
        prop_assert!(!found.is_cut());
        let path = found.path();
        let cost = path.as_ref().map(|path| path.hops.iter().map(|hop| hop_cost(hop.share)).sum());
        prop_assert_eq!(cost, cheapest(&whole, from, to));
        if let Some(path) = &path {
            let mut at = PersonIndex::new(from);
            prop_assert!(path.hops.len() <= PathSettings::HOPS_MAX);
            for hop in &path.hops {
                let arc = whole.given.row(at).arcs().find(|arc| arc.0 == hop.person);
                prop_assert_eq!(arc, Some((hop.person, hop.share)));
                at = hop.person;
                prop_assert!(at.number() == to || !whole.unlisted.contains(&at.number()));
            }
            prop_assert_eq!(at.number(), to);
        }
        let pieces = Piecewise::new(&whole, block);
        let mut piecewise = search(from, to);
        while let SearchStep::Missing(missing) = piecewise.advance(&pieces) {
            pieces.fetch(&missing);
        }
        prop_assert_eq!(piecewise.path(), path);
    }
}

#[test]
fn a_path_leads_past_those_it_must_not_name() {
    let whole = Whole::of(&csr(5, &[(0, 1), (1, 4), (0, 2), (0, 3), (2, 3), (3, 4)]), &[1]);
    let path = |without: &[u32]| {
        let without = without.iter().copied().map(PersonIndex::new).collect();
        let ends = [0, 4].map(PersonIndex::new);
        let mut search = PathSearch::new(ends[0], ends[1], without, &PathSettings::default());
        assert_eq!(search.advance(&whole), SearchStep::Done);
        let path = search.path();
        path.map(|path| path.hops.iter().map(|hop| hop.person.number()).collect::<Vec<_>>())
    };
    assert_eq!(path(&[]), Some(vec![3, 4]));
    assert_eq!(path(&[3]), None);
}

#[test]
fn a_path_says_what_it_is_worth() {
    // 0 gives a half to 1, which gives a fourth to 4.
    let whole = Whole::of(&csr(8, &[(0, 1), (0, 2), (1, 4), (1, 5), (1, 6), (1, 7)]), &[]);
    let mut found = search(0, 4);
    found.advance(&whole);
    assert_eq!(found.path().unwrap().share(), 0.125);
    let mut none = search(4, 0);
    none.advance(&whole);
    assert!(none.path().is_none() && !none.is_cut());
}

#[test]
fn a_search_ends_at_its_limits() {
    let whole = Whole::of(&large(), &[]);
    let settings = PathSettings { rows_max: 3, ..PathSettings::default() };
    let ends = [5, 23_999].map(PersonIndex::new);
    let mut search = PathSearch::new(ends[0], ends[1], BTreeSet::new(), &settings);
    assert_eq!(search.advance(&whole), SearchStep::Done);
    assert!(search.is_cut() && search.rows_read() == 3);
}
