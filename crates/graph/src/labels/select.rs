//! The choice of a community's labels among its terms.

use std::collections::{HashMap, HashSet};

use super::vocabulary::LabelTerm;
use crate::wilson::{Z, lower_bound};

/// A label is used by at least this number of people …
const PEOPLE_MIN: u32 = 2;

/// … and by one in this number.
const ONE_IN: u32 = 100;

/// A label is used more than this many times as often as by chance.
const ODDS_MIN: f64 = 2.0;

/// A phrase replaces a word if more than this part of the people who use the word use the phrase.
const IN_PHRASE_MIN: f64 = 0.5;

/// A term that may be a label of one community.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelCandidate {
    pub(super) term: u32,
    pub(super) uses: u32,
    pub(super) score: f64,
}

/// How many people use a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermUse {
    /// In the community.
    pub(super) uses: u32,
    /// People of the community.
    pub(super) people: u32,
    /// Everywhere.
    pub(super) total: u32,
    /// People everywhere.
    pub(super) all: u32,
}

/// A candidate by its spelling.
struct SpelledCandidate<'a> {
    score: f64,
    spelling: &'a str,
}

/// The spellings of the best candidates; of equals, in alphabetical order.
pub(super) fn best(
    terms: &[LabelTerm],
    candidates: Vec<LabelCandidate>,
    most: usize,
) -> Vec<String> {
    let candidates = without_covered(terms, candidates);
    let spelled = |one: LabelCandidate| SpelledCandidate {
        score: one.score,
        spelling: terms[one.term as usize].spelling(),
    };
    let mut spelled: Vec<SpelledCandidate<'_>> = candidates.into_iter().map(spelled).collect();
    spelled.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.spelling.cmp(b.spelling)));
    let mut seen = HashSet::new();
    spelled.retain(|one| seen.insert(one.spelling));
    spelled.into_iter().take(most).map(|one| one.spelling.to_owned()).collect()
}

/// Leaves out the words that are mostly used in a phrase, and the phrases that have none of those.
fn without_covered(terms: &[LabelTerm], candidates: Vec<LabelCandidate>) -> Vec<LabelCandidate> {
    let uses: HashMap<u32, u32> = candidates.iter().map(|one| (one.term, one.uses)).collect();
    let mut covered: Vec<u32> = Vec::new();
    let covers = |phrase: &LabelCandidate, word: u32| {
        let word_uses = uses.get(&word).copied().unwrap_or(phrase.uses);
        f64::from(phrase.uses) > IN_PHRASE_MIN * f64::from(word_uses)
    };
    let words = |one: &LabelCandidate| terms[one.term as usize].words;
    for one in &candidates {
        let words = words(one).into_iter().flatten();
        covered.extend(words.filter(|&word| covers(one, word)));
    }
    let stays = |one: &LabelCandidate| match words(one) {
        Some(words) => words.into_iter().any(|word| covers(one, word)),
        None => !covered.contains(&one.term),
    };
    candidates.into_iter().filter(stays).collect()
}

impl TermUse {
    /// How well the term describes the community; `None` if its use may be chance.
    pub(super) fn score(self) -> Option<f64> {
        let TermUse { uses, people, total, all } = self;
        let by_chance = all > people && self.log_odds_bound() <= ODDS_MIN.ln();
        if by_chance || uses < PEOPLE_MIN.max(people.div_ceil(ONE_IN)) {
            return None;
        }
        let bound = |of: u32| lower_bound(f64::from(uses) / f64::from(of), f64::from(of));
        let (of_people, of_uses) = (bound(people), bound(total));
        Some(2.0 * of_people * of_uses / (of_people + of_uses))
    }

    /// The lower bound of the log odds ratio of using the term here against elsewhere.
    fn log_odds_bound(self) -> f64 {
        let TermUse { uses, people, total, all } = self;
        let elsewhere = total - uses;
        let cells = [uses, people - uses, elsewhere, (all - people) - elsewhere];
        let [a, b, c, d] = cells.map(|people| f64::from(people) + 0.5);
        (a * d / (b * c)).ln() - Z * (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()
    }
}
