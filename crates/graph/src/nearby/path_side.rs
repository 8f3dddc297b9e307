//! One of the two searches that meet in the middle of a path.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::index::PersonIndex;

use super::reached::NumberMap;

/// The most arcs from an end to where the two searches meet.
pub(super) const HALF_HOPS: usize = 3;

/// No cost.
pub(super) const ENDLESS: u32 = u32::MAX;

/// The cheapest way to a person with some number of hops.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathLabel {
    /// What the hops cost.
    pub(super) cost: u32,
    /// The person before, with one hop less.
    pub(super) before: u32,
}

/// For each number of hops the cheapest way, if one was found that no way of fewer hops undercuts.
pub(super) type PersonLabels = [PathLabel; HALF_HOPS + 1];

const NO_LABELS: PersonLabels = [PathLabel { cost: ENDLESS, before: 0 }; HALF_HOPS + 1];

/// A person with a number of hops whose turn is to come: the cheapest first, of equals the nearest, then by
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathTurn {
    pub(super) cost: u32,
    pub(super) hops: usize,
    pub(super) person: PersonIndex,
}

/// A search from one end by falling share, of at most [`HALF_HOPS`] hops.
#[derive(Debug, Clone)]
pub(super) struct PathSide {
    labels: NumberMap<PersonLabels>,
    turns: BinaryHeap<Reverse<PathTurn>>,
    /// The cheapest way with the most hops, from which none goes on.
    farthest: u32,
}

impl PathSide {
    pub(super) fn from(end: PersonIndex) -> PathSide {
        let (labels, turns) = (NumberMap::default(), BinaryHeap::new());
        let mut side = PathSide { labels, turns, farthest: ENDLESS };
        side.reach(end, 0, PathLabel { cost: 0, before: end.number() });
        side
    }

    /// The ways to a person.
    pub(super) fn labels(&self, person: PersonIndex) -> Option<&PersonLabels> {
        self.labels.get(&person.number())
    }

    /// The cheapest way to a person, and its hops.
    pub(super) fn cheapest(&self, person: PersonIndex) -> Option<(u32, usize)> {
        let labels = self.labels(person)?;
        (0..=HALF_HOPS).map(|hops| (labels[hops].cost, hops)).min()
    }

    /// Keeps a way to a person, unless one with no more hops is as cheap. Whether it was kept.
    pub(super) fn reach(&mut self, person: PersonIndex, hops: usize, label: PathLabel) -> bool {
        let labels = self.labels.entry(person.number()).or_insert(NO_LABELS);
        if labels[..=hops].iter().any(|known| known.cost <= label.cost) {
            return false;
        }
        labels[hops] = label;
        self.turns.push(Reverse(PathTurn { cost: label.cost, hops, person }));
        if hops == HALF_HOPS {
            self.farthest = self.farthest.min(label.cost);
        }
        true
    }

    /// Whose turn it is, past turns that became void since a cheaper way was found.
    pub(super) fn turn(&mut self) -> Option<PathTurn> {
        while let Some(Reverse(turn)) = self.turns.peek() {
            let turn = *turn;
            let label = self.labels.get(&turn.person.number()).map(|labels| labels[turn.hops]);
            if label.is_some_and(|label| label.cost == turn.cost) {
                return Some(turn);
            }
            self.turns.pop();
        }
        None
    }

    /// Ends the turn.
    pub(super) fn end_turn(&mut self) {
        self.turns.pop();
    }

    /// What the next turn costs.
    pub(super) fn cost(&mut self) -> u32 {
        self.turn().map_or(ENDLESS, |turn| turn.cost)
    }

    /// The cheapest way with [`HALF_HOPS`] hops.
    pub(super) fn farthest(&self) -> u32 {
        self.farthest
    }

    /// Some of those whose turns come soon, in no particular order.
    pub(super) fn soon(&self, count: usize) -> impl Iterator<Item = PathTurn> {
        self.turns.iter().take(count).map(|Reverse(turn)| *turn)
    }

    /// The people from this side's end to a person, by a way of this many hops.
    pub(super) fn way(&self, to: PersonIndex, hops: usize) -> Vec<PersonIndex> {
        let mut way = vec![to];
        for hops in (1..=hops).rev() {
            let person = way[way.len() - 1];
            let Some(labels) = self.labels(person) else { break };
            way.push(PersonIndex::new(labels[hops].before));
        }
        way.reverse();
        way
    }
}
