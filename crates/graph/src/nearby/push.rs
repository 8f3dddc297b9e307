//! Personal ranks by forward push over rows that are read as they are needed.
//!
//! The algorithm is that of [`ForwardPush`](crate::rank::ForwardPush), which holds a whole graph; only the
//! people reached are kept here, 40 B each, and what is not passed on in the end is estimated by
//! [`PersonFact::residue_share`] alone: the exact first step would take the rows that celebrities receive.
//! Time O(arcs followed), which settings limit.
//!
//! What reaches people who may not be shown is not passed on along their arcs: from a seed that attends to one
//! such person only, the view would be that person's list. It is estimated, as if it were left over.

use std::collections::BTreeSet;

use model::index::PersonIndex;

use super::reached::{NumberMap, ReachedPeople};
use super::source::{AttentionRow, MissingRows, PersonFact, RowSource, SearchStep};
use crate::rank::{PersonalRank, PushSettings, first_ranks};

/// How many of those whose turn is next are looked at for what they miss.
const LOOKED_AHEAD: usize = 512;

/// Past this number of missing facts no further row is looked at.
const FACTS_AHEAD: usize = 50_000;

/// Who brings the most of a person's share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionPart {
    /// Who.
    pub from: PersonIndex,
    /// The part of the person's share that comes directly from there, 0 to 1.
    pub part: f64,
}

/// One personal view, as far as it is.
#[derive(Debug, Clone)]
pub struct LocalPush {
    settings: PushSettings,
    seeds: Vec<PersonIndex>,
    /// Who may not be shown, though the run takes it for listed.
    without: BTreeSet<PersonIndex>,
    reached: ReachedPeople<PushedMass>,
    /// Slots of those whose residue is to be passed on, in order.
    queue: Vec<u32>,
    next: usize,
    epsilon: Option<f64>,
    state: PushState,
    /// The slots of the targets of a row.
    targets: Vec<u32>,
    arcs_followed: usize,
    rows_followed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PushState {
    New,
    Spreading,
    Over,
}

/// What became of one person's turn.
enum Turn {
    Passed,
    NoArcsLeft,
    RowsMissing,
}

/// The state of one person in a view.
#[derive(Debug, Clone, Copy)]
struct PushedMass {
    residue: f32,
    rank: f32,
    /// Number of arcs; infinite if none are followed.
    arcs: f32,
    /// Whether there are arcs, followed or not.
    has_arcs: bool,
    residue_share: f32,
    listed: bool,
}

impl PushedMass {
    fn new(PersonFact { arcs, residue_share, listed }: PersonFact) -> PushedMass {
        let has_arcs = arcs > 0;
        let arcs = if has_arcs && listed { arcs as f32 } else { f32::INFINITY };
        PushedMass { residue: 0.0, rank: 0.0, arcs, has_arcs, residue_share, listed }
    }
}

impl LocalPush {
    /// A view from `seeds`, each named once, which start with equal shares. The seeds may be shown, whatever the run
    /// says; those in `without` may not.
    pub fn new(
        seeds: Vec<PersonIndex>,
        without: BTreeSet<PersonIndex>,
        settings: &PushSettings,
    ) -> LocalPush {
        LocalPush {
            settings: *settings,
            seeds,
            without,
            reached: ReachedPeople::new(),
            queue: Vec::new(),
            next: 0,
            epsilon: None,
            state: PushState::New,
            targets: Vec::new(),
            arcs_followed: 0,
            rows_followed: 0,
        }
    }

    /// Goes on as far as the rows at hand allow.
    pub fn advance(&mut self, source: &impl RowSource) -> SearchStep {
        if self.state == PushState::New {
            let missing = self.start(source);
            if !missing.is_empty() {
                return SearchStep::Missing(missing);
            }
        }
        while self.state != PushState::Over {
            let Some(&slot) = self.queue.get(self.next) else {
                self.begin_round();
                continue;
            };
            match self.turn(slot, source) {
                Turn::Passed => self.next += 1,
                Turn::NoArcsLeft => self.state = PushState::Over,
                Turn::RowsMissing => return SearchStep::Missing(self.missing_ahead(source)),
            }
        }
        SearchStep::Done
    }

    /// How many arcs were followed.
    pub fn arcs_followed(&self) -> usize {
        self.arcs_followed
    }

    /// How many rows were read.
    pub fn rows_followed(&self) -> usize {
        self.rows_followed
    }

    fn start(&mut self, source: &impl RowSource) -> MissingRows {
        let share = 1.0 / self.seeds.len() as f32;
        let mut missing = MissingRows::default();
        for &seed in &self.seeds {
            if self.reached.slot(seed).is_some() {
                continue;
            }
            match source.fact(seed) {
                Some(fact) => {
                    let fact = PersonFact { listed: true, ..fact };
                    let mass = PushedMass { residue: share, ..PushedMass::new(fact) };
                    self.reached.push(seed, mass);
                }
                None => missing.facts.push(seed),
            }
        }
        if missing.is_empty() {
            self.state = PushState::Spreading;
            self.begin_round();
        } else {
            // The order of slots must not depend on what was at hand first.
            self.reached = ReachedPeople::new();
        }
        missing
    }

    /// Queues those whose residue exceeds the next, lower ε for each arc.
    fn begin_round(&mut self) {
        self.epsilon = self.settings.epsilon_after(self.epsilon);
        self.queue.clear();
        self.next = 0;
        let Some(epsilon) = self.epsilon else {
            self.state = PushState::Over;
            return;
        };
        let epsilon = epsilon as f32;
        let above = self.reached.by_slot().filter(|(_, mass)| mass.residue > epsilon * mass.arcs);
        self.queue.extend(above.map(|(slot, _)| slot));
    }

    /// Passes the residue of a slot on, if all rows for it are at hand.
    fn turn(&mut self, slot: u32, source: &impl RowSource) -> Turn {
        let Some(row) = source.given(self.reached.person(slot)) else { return Turn::RowsMissing };
        let arcs = self.arcs_followed + row.people.len();
        if arcs > self.settings.arcs_max || self.rows_followed == self.settings.rows_max {
            return Turn::NoArcsLeft;
        }
        if !self.reach_all(row, source) {
            return Turn::RowsMissing;
        }
        self.arcs_followed = arcs;
        self.rows_followed += 1;
        self.pass_on(slot, row);
        Turn::Passed
    }

    /// Finds or makes the slots of a row's targets; false if a fact is missing.
    fn reach_all(&mut self, row: AttentionRow<'_>, source: &impl RowSource) -> bool {
        self.targets.clear();
        for &person in row.people {
            let slot = match self.reached.slot(person) {
                Some(slot) => slot,
                None => {
                    let Some(fact) = source.fact(person) else { return false };
                    let listed = fact.listed && !self.without.contains(&person);
                    self.reached.push(person, PushedMass::new(PersonFact { listed, ..fact }))
                }
            };
            self.targets.push(slot);
        }
        true
    }

    fn pass_on(&mut self, slot: u32, row: AttentionRow<'_>) {
        let damping = self.settings.damping;
        let epsilon = self.epsilon.unwrap_or_default() as f32;
        let mass = self.reached.value_mut(slot);
        if row.people.is_empty() {
            (mass.arcs, mass.has_arcs) = (f32::INFINITY, false);
            return;
        }
        let residue = f64::from(std::mem::take(&mut mass.residue));
        mass.rank += ((1.0 - damping) * residue) as f32;
        let share = (damping * residue / strength(row)) as f32;
        for (&target, code) in self.targets.iter().zip(row.shares) {
            let mass = self.reached.value_mut(target);
            let (before, limit) = (mass.residue, epsilon * mass.arcs);
            mass.residue = before + share * code.share();
            if before <= limit && mass.residue > limit {
                self.queue.push(target);
            }
        }
    }

    /// What those whose turn is next miss.
    fn missing_ahead(&self, source: &impl RowSource) -> MissingRows {
        let mut missing = MissingRows::default();
        let end = self.queue.len().min(self.next + LOOKED_AHEAD);
        for &slot in &self.queue[self.next..end] {
            let person = self.reached.person(slot);
            let Some(row) = source.given(person) else {
                missing.given.push(person);
                continue;
            };
            let is_unknown = |person: &PersonIndex| {
                self.reached.slot(*person).is_none() && source.fact(*person).is_none()
            };
            missing.facts.extend(row.people.iter().copied().filter(is_unknown));
            if missing.facts.len() > FACTS_AHEAD {
                break;
            }
        }
        missing
    }

    /// The first `count` listed people that `keep` lets through, by falling share, then by number. The shares of
    /// all people reached sum to 1.
    pub fn ranks(&self, count: usize, keep: impl Fn(PersonIndex) -> bool) -> Vec<PersonalRank> {
        let passed = self.settings.damping * self.residue_left();
        let all = self.reached.iter().map(|(person, mass)| {
            let share = self.estimate(mass, passed);
            (PersonalRank { person, share }, mass.listed)
        });
        let all: Vec<(PersonalRank, bool)> = all.collect();
        let sum: f64 = all.iter().map(|(rank, _)| rank.share).sum();
        let kept = all.into_iter().filter(|(rank, listed)| *listed && keep(rank.person));
        let kept = kept.map(|(rank, _)| PersonalRank { share: rank.share / sum, ..rank });
        first_ranks(kept.collect(), count)
    }

    /// The estimated mass of a person, before it is scaled to a share.
    fn estimate(&self, mass: &PushedMass, passed: f64) -> f64 {
        let kept = f64::from(mass.rank) + (1.0 - self.settings.damping) * f64::from(mass.residue);
        kept + passed * f64::from(mass.residue_share)
    }

    /// The residues of the people who have a target to pass them to.
    fn residue_left(&self) -> f64 {
        let masses = self.reached.iter().map(|(_, mass)| mass);
        masses.filter(|mass| mass.has_arcs).map(|mass| f64::from(mass.residue)).sum()
    }

    /// Who of those who are listed brings each of these people the most of its share, if anyone does; of equals
    /// the first reached. Rows that were read must still be at hand. Time O(arcs followed).
    pub fn parts(
        &self,
        people: &[PersonIndex],
        source: &impl RowSource,
    ) -> Vec<Option<AttentionPart>> {
        let passed = self.settings.damping * self.residue_left();
        let wanted: NumberMap<usize> =
            people.iter().map(|person| person.number()).zip(0..).collect();
        let mut parts: Vec<Option<AttentionPart>> = vec![None; people.len()];
        for (from, mass) in self.reached.iter().filter(|(_, mass)| mass.rank > 0.0 && mass.listed) {
            let Some(row) = source.given(from) else { continue };
            let unit = self.settings.damping * f64::from(mass.rank) / strength(row);
            for (person, code) in row.arcs() {
                let Some(&at) = wanted.get(&person.number()) else { continue };
                let brought = unit * f64::from(code.share());
                if parts[at].is_none_or(|best| best.part < brought) {
                    parts[at] = Some(AttentionPart { from, part: brought });
                }
            }
        }
        for (person, part) in people.iter().zip(&mut parts) {
            let slot = self.reached.slot(*person);
            let whole = slot.map(|slot| self.estimate(self.reached.value(slot), passed));
            if let (Some(part), Some(whole)) = (part, whole) {
                part.part = (part.part / whole).min(1.0);
            }
        }
        parts
    }
}

/// The sum of a row's shares, which is 1 but for rounding.
fn strength(row: AttentionRow<'_>) -> f64 {
    row.shares.iter().map(|code| f64::from(code.share())).sum()
}
