//! The strongest path of attention from one person to another: the one whose shares have the largest product.
//!
//! Two searches meet: one along what people give, one back along what they receive, each by falling product
//! and at most three hops long. Both stop when no path that is still unknown can be stronger: besides the usual
//! rule (the next turns of both cost no less together than the best path), a path of five or six hops may
//! be seen by one search up to its third hop and not yet by the other one.
//!
//! Among listed people only. Costs are sums of [`ShareCode`]s, so of whole numbers: the same path each time.
//! Source: Dijkstra from both ends (Pohl 1971).

use std::collections::BTreeSet;

use model::index::PersonIndex;

use super::path_side::{ENDLESS, HALF_HOPS, PathLabel, PathSide, PathTurn};
use super::share_code::ShareCode;
use super::source::{AttentionRow, MissingRows, RowSource, SearchStep};

/// What a code costs; a hop costs 1 more, so that of equal paths the one with fewer hops is found.
const CODE_COST: u32 = 2 * HALF_HOPS as u32 + 2;

/// How many of those whose turns come soon are looked at for what they miss.
const LOOKED_AHEAD: usize = 48;

/// How far a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathSettings {
    /// The most rows that are read.
    pub rows_max: usize,
    /// The most arcs that are followed.
    pub arcs_max: usize,
    /// A row received that has this number of arcs is cut: it may lack weaker ones.
    pub received_max: usize,
}

impl PathSettings {
    /// The most arcs of a path.
    pub const HOPS_MAX: usize = 2 * HALF_HOPS;
}

impl Default for PathSettings {
    fn default() -> PathSettings {
        PathSettings { rows_max: 4_000, arcs_max: 1_000_000, received_max: usize::MAX }
    }
}

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathHop {
    /// The person that it leads to.
    pub person: PersonIndex,
    /// The share of its attention that the person before gives to this one.
    pub share: ShareCode,
}

/// A path from the one end, which is not among its hops, to the other.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPath {
    /// Its steps, at most [`PathSettings::HOPS_MAX`].
    pub hops: Vec<PathHop>,
}

impl FoundPath {
    /// The product of all shares.
    pub fn share(&self) -> f32 {
        self.hops.iter().map(|hop| hop.share.share()).product()
    }
}

/// Which search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathEnd {
    From,
    To,
}

/// Where the best path so far meets.
#[derive(Debug, Clone, Copy)]
struct PathMeeting {
    cost: u32,
    person: PersonIndex,
    hops_from: usize,
    hops_to: usize,
}

/// One search for a path, as far as it is.
#[derive(Debug, Clone)]
pub struct PathSearch {
    ends: [PersonIndex; 2],
    settings: PathSettings,
    /// Who may not be on the path, though the run takes it for listed.
    without: BTreeSet<PersonIndex>,
    from: PathSide,
    to: PathSide,
    best: Option<PathMeeting>,
    rows_read: usize,
    arcs_followed: usize,
    /// Whether it may have missed a stronger path.
    cut: bool,
}

impl PathSearch {
    /// A search for the path between two different people that leads past those in `without`.
    pub fn new(
        from: PersonIndex,
        to: PersonIndex,
        without: BTreeSet<PersonIndex>,
        settings: &PathSettings,
    ) -> PathSearch {
        PathSearch {
            ends: [from, to],
            settings: *settings,
            without,
            from: PathSide::from(from),
            to: PathSide::from(to),
            best: None,
            rows_read: 0,
            arcs_followed: 0,
            cut: false,
        }
    }

    /// Goes on as far as the rows at hand allow.
    pub fn advance(&mut self, source: &impl RowSource) -> SearchStep {
        loop {
            let costs = [self.from.cost(), self.to.cost()];
            if self.is_settled(costs) {
                return SearchStep::Done;
            }
            if self.rows_read == self.settings.rows_max
                || self.arcs_followed >= self.settings.arcs_max
            {
                self.cut = true;
                return SearchStep::Done;
            }
            let [from, to] = costs;
            let end = if from <= to { PathEnd::From } else { PathEnd::To };
            let Some(turn) = self.side_mut(end).turn() else { return SearchStep::Done };
            if !self.take(end, turn, source) {
                return SearchStep::Missing(self.missing_ahead(end, turn, source));
            }
        }
    }

    /// Whether no unknown path can be stronger than the best one.
    fn is_settled(&self, [from, to]: [u32; 2]) -> bool {
        let best = self.best.map_or(ENDLESS, |best| best.cost);
        [(from, to), (self.from.farthest(), to), (from, self.to.farthest())]
            .into_iter()
            .all(|(one, other)| one.saturating_add(other) >= best)
    }

    /// Follows a person's arcs; false if something for it is missing.
    fn take(&mut self, end: PathEnd, turn: PathTurn, source: &impl RowSource) -> bool {
        if turn.hops < HALF_HOPS {
            let Some(is_allowed) = self.is_allowed(turn.person, source) else { return false };
            if is_allowed {
                let Some(row) = row(source, end, turn.person) else { return false };
                if self.meeting_unknown(end, row, source).next().is_some() {
                    return false;
                }
                self.rows_read += 1;
                self.cut |= end == PathEnd::To && row.people.len() >= self.settings.received_max;
                self.arcs_followed += row.people.len();
                for (person, share) in row.arcs() {
                    self.step(end, turn, PathHop { person, share }, source);
                }
            }
        }
        self.side_mut(end).end_turn();
        true
    }

    /// Whether a path may lead over a person; `None` if that is not at hand.
    fn is_allowed(&self, person: PersonIndex, source: &impl RowSource) -> Option<bool> {
        if self.ends.contains(&person) {
            return Some(true);
        }
        Some(source.fact(person)?.listed && !self.without.contains(&person))
    }

    /// Those of a row that the other search has reached, if it is not at hand whether they are listed.
    fn meeting_unknown<'a>(
        &'a self,
        end: PathEnd,
        row: AttentionRow<'a>,
        source: &'a impl RowSource,
    ) -> impl Iterator<Item = PersonIndex> + 'a {
        let other = self.side(end.other());
        let is_unknown = move |person: &PersonIndex| {
            other.labels(*person).is_some() && self.is_allowed(*person, source).is_none()
        };
        row.people.iter().copied().filter(is_unknown)
    }

    /// Takes one arc.
    fn step(
        &mut self,
        end: PathEnd,
        turn: PathTurn,
        PathHop { person, share }: PathHop,
        source: &impl RowSource,
    ) {
        let cost = turn.cost + u32::from(share.number()) * CODE_COST + 1;
        let best = self.best.map_or(ENDLESS, |best| best.cost);
        let (label, hops) = (PathLabel { cost, before: turn.person.number() }, turn.hops + 1);
        if cost >= best || !self.side_mut(end).reach(person, hops, label) {
            return;
        }
        let Some((rest, hops_rest)) = self.side(end.other()).cheapest(person) else { return };
        let cost = cost.saturating_add(rest);
        if cost < best && self.is_allowed(person, source) == Some(true) {
            let (hops_from, hops_to) =
                if end == PathEnd::From { (hops, hops_rest) } else { (hops_rest, hops) };
            self.best = Some(PathMeeting { cost, person, hops_from, hops_to });
        }
    }

    /// What this turn misses, and those that come soon.
    fn missing_ahead(&self, end: PathEnd, turn: PathTurn, source: &impl RowSource) -> MissingRows {
        let mut missing = MissingRows::default();
        let soon = self.side(end).soon(LOOKED_AHEAD).filter(|turn| turn.hops < HALF_HOPS);
        for turn in [turn].into_iter().chain(soon) {
            if self.is_allowed(turn.person, source).is_none() {
                missing.facts.push(turn.person);
            }
            match row(source, end, turn.person) {
                Some(row) => missing.facts.extend(self.meeting_unknown(end, row, source)),
                None if end == PathEnd::From => missing.given.push(turn.person),
                None => missing.received.push(turn.person),
            }
        }
        missing
    }

    fn side(&self, end: PathEnd) -> &PathSide {
        match end {
            PathEnd::From => &self.from,
            PathEnd::To => &self.to,
        }
    }

    fn side_mut(&mut self, end: PathEnd) -> &mut PathSide {
        match end {
            PathEnd::From => &mut self.from,
            PathEnd::To => &mut self.to,
        }
    }

    /// Whose rows were read.
    pub fn rows_read(&self) -> usize {
        self.rows_read
    }

    /// Whether a stronger path than the one found, or one where none was found, may exist: beyond the limits, or over
    /// an arc that a row received lacks.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The strongest path that was found.
    pub fn path(&self) -> Option<FoundPath> {
        let best = self.best?;
        let mut people = self.from.way(best.person, best.hops_from);
        people.extend(self.to.way(best.person, best.hops_to).into_iter().rev().skip(1));
        let costs = self.costs(&best);
        let hops = people.into_iter().skip(1).zip(costs);
        let hops = hops.map(|(person, cost)| {
            let code = u8::try_from(cost / CODE_COST).unwrap_or(u8::MAX);
            PathHop { person, share: ShareCode::new(code) }
        });
        Some(FoundPath { hops: hops.collect() })
    }

    /// What each hop of the best path costs.
    fn costs(&self, best: &PathMeeting) -> Vec<u32> {
        let differences = |side: &PathSide, hops: usize| {
            let way = side.way(best.person, hops);
            let cost = |(at, person): (usize, &PersonIndex)| {
                side.labels(*person).map_or(0, |labels| labels[at].cost)
            };
            let costs: Vec<u32> = way.iter().enumerate().map(cost).collect();
            costs.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<u32>>()
        };
        let mut costs = differences(&self.from, best.hops_from);
        costs.extend(differences(&self.to, best.hops_to).into_iter().rev());
        costs
    }
}

impl PathEnd {
    const fn other(self) -> PathEnd {
        match self {
            PathEnd::From => PathEnd::To,
            PathEnd::To => PathEnd::From,
        }
    }
}

/// The row that a search goes on along.
fn row<S: RowSource>(source: &S, end: PathEnd, person: PersonIndex) -> Option<AttentionRow<'_>> {
    match end {
        PathEnd::From => source.given(person),
        PathEnd::To => source.received(person),
    }
}
