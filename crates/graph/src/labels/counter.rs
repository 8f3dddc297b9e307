//! Counting the people who use each term in each community.

use std::collections::{BTreeMap, HashMap};

use model::index::CommunityIndex;
use typed_index_collections::{TiSlice, TiVec};

use super::select::{LabelCandidate, TermUse, best};
use super::stop::LanguageSet;
use super::terms::TermReader;
use super::vocabulary::TermVocabulary;

/// When this number of pairs of a term and a community is counted, the rarest are dropped: half a
/// gigabyte, enough for all terms of a million people.
const PAIRS_MAX: usize = 1 << 24;

/// A language is written in a community where at least this part of the people writes it.
const WRITTEN_MIN: f64 = 0.05;

/// Counts the terms that people use in the communities of one level.
///
/// ```
/// use graph::labels::LabelCounter;
/// use model::index::CommunityIndex;
///
/// let mut counter = LabelCounter::new(2);
/// for _ in 0..10 {
///     counter.add(CommunityIndex::new(0), "Gardening, coffee");
///     counter.add(CommunityIndex::new(1), "Chess, coffee");
/// }
/// assert_eq!(counter.labels(8), [["Gardening"], ["Chess"]]);
/// ```
#[derive(Debug)]
pub struct LabelCounter {
    reader: TermReader,
    vocabulary: TermVocabulary,
    /// People of a community who use a term.
    uses: HashMap<UseKey, u32>,
    communities: TiVec<CommunityIndex, CommunityWriters>,
    pairs_max: usize,
}

/// A term in a community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct UseKey {
    community: CommunityIndex,
    term: u32,
}

/// The people of a community, and how many of them write each language.
#[derive(Debug, Clone, Default)]
struct CommunityWriters {
    people: u32,
    languages: BTreeMap<u32, u32>,
}

/// A term and how many people of a community use it.
#[derive(Clone, Copy)]
struct UsedTerm {
    term: u32,
    uses: u32,
}

impl LabelCounter {
    /// A counter for communities `0..communities`.
    pub fn new(communities: u32) -> LabelCounter {
        LabelCounter {
            reader: TermReader::new(),
            vocabulary: TermVocabulary::new(),
            uses: HashMap::new(),
            communities: vec![CommunityWriters::default(); communities as usize].into(),
            pairs_max: PAIRS_MAX,
        }
    }

    /// Adds one person: its community and its words.
    pub fn add(&mut self, community: CommunityIndex, text: &str) {
        let found = self.reader.read(text);
        let keys = found.words.keys().map(String::as_str);
        let languages = self.vocabulary.stop_words.written(keys);
        let writers = &mut self.communities[community];
        writers.people += 1;
        languages.into_iter().for_each(|one| *writers.languages.entry(one).or_insert(0) += 1);
        let vocabulary = &mut self.vocabulary;
        let words = found.words.into_iter();
        let words: Vec<u32> = words.filter_map(|(key, word)| vocabulary.word(key, word)).collect();
        let phrases = found.phrases.iter();
        let phrases: Vec<u32> =
            phrases.filter_map(|(words, spelling)| vocabulary.phrase(words, spelling)).collect();
        for term in words.into_iter().chain(phrases) {
            *self.uses.entry(UseKey { community, term }).or_insert(0) += 1;
        }
        if self.uses.len() > self.pairs_max {
            self.drop_rare();
        }
    }

    /// Drops the pairs with the fewest people until half of the room is free. A term with few users in
    /// a community is no label of it; its later uses are counted from 0.
    fn drop_rare(&mut self) {
        for few in 1.. {
            self.uses.retain(|_, uses| *uses > few);
            if self.uses.len() <= self.pairs_max / 2 {
                break;
            }
        }
        let numbers = self.vocabulary.retain(self.uses.keys().map(|key| key.term));
        let uses = std::mem::take(&mut self.uses).into_iter();
        let renumbered = |(key, uses): (UseKey, u32)| {
            let term = numbers[key.term as usize]?;
            Some((UseKey { term, ..key }, uses))
        };
        self.uses = uses.filter_map(renumbered).collect();
    }

    /// The same counts for the level above. `parents` has the community there of each.
    pub fn above(
        self,
        parents: &TiSlice<CommunityIndex, CommunityIndex>,
        communities: u32,
    ) -> LabelCounter {
        let mut above: TiVec<CommunityIndex, CommunityWriters> =
            vec![CommunityWriters::default(); communities as usize].into();
        for (part, &parent) in self.communities.iter().zip(parents) {
            let whole = &mut above[parent];
            whole.people += part.people;
            for (&language, &people) in &part.languages {
                *whole.languages.entry(language).or_insert(0) += people;
            }
        }
        let mut uses = HashMap::new();
        for (UseKey { community, term }, count) in self.uses {
            let parent = UseKey { community: parents[community], term };
            *uses.entry(parent).or_insert(0) += count;
        }
        LabelCounter { communities: above, uses, ..self }
    }

    /// Up to `most` labels of each community, the best first.
    pub fn labels(&self, most: usize) -> Vec<Vec<String>> {
        let terms = &self.vocabulary.terms;
        let mut totals = vec![0u32; terms.len()];
        let mut used: TiVec<CommunityIndex, Vec<UsedTerm>> =
            vec![Vec::new(); self.communities.len()].into();
        for (&UseKey { community, term }, &uses) in &self.uses {
            totals[term as usize] += uses;
            used[community].push(UsedTerm { term, uses });
        }
        let all = self.communities.iter().map(|one| one.people).sum();
        let label = |(writers, used): (&CommunityWriters, Vec<UsedTerm>)| {
            let written = writers.written().union(self.vocabulary.stop_words.english());
            let people = writers.people;
            let candidate = |UsedTerm { term, uses }: UsedTerm| {
                let total = totals[term as usize];
                let score = TermUse { uses, people, total, all }.score()?;
                let is_label = terms[term as usize].is_label(total, written);
                is_label.then_some(LabelCandidate { term, uses, score })
            };
            best(terms, used.into_iter().filter_map(candidate).collect(), most)
        };
        self.communities.iter().zip(used).map(label).collect()
    }
}

impl CommunityWriters {
    /// The languages that are written in it.
    fn written(&self) -> LanguageSet {
        let least = WRITTEN_MIN * f64::from(self.people);
        let written = self.languages.iter().filter(|(_, people)| f64::from(**people) >= least);
        written.map(|(&language, _)| language).collect()
    }
}

#[cfg(test)]
mod tests;
