//! The terms that are in use, by number.

use std::collections::HashMap;

use super::stop::{LanguageSet, StopWords};
use super::terms::SpelledWord;

/// Different spellings of one term that are counted.
const SPELLINGS_MAX: usize = 8;

/// Numbers of words and phrases.
#[derive(Debug)]
pub(super) struct TermVocabulary {
    pub(super) stop_words: StopWords,
    pub(super) words: HashMap<String, u32>,
    pub(super) phrases: HashMap<[u32; 2], u32>,
    pub(super) terms: Vec<LabelTerm>,
}

/// A term that is in use.
#[derive(Debug, Default)]
pub(super) struct LabelTerm {
    /// Its words, if it is a phrase.
    pub(super) words: Option<[u32; 2]>,
    /// The languages in which it, or a word of it, is a stop word.
    stops: LanguageSet,
    /// How many people use it as a hashtag, which is meant to name a topic.
    tagged: u32,
    spellings: Vec<SpellingCount>,
}

/// A spelling and how many people use it.
#[derive(Debug)]
struct SpellingCount {
    spelling: String,
    people: u32,
}

impl TermVocabulary {
    pub(super) fn new() -> TermVocabulary {
        TermVocabulary {
            stop_words: StopWords::load(),
            words: HashMap::new(),
            phrases: HashMap::new(),
            terms: Vec::new(),
        }
    }

    /// The number of a word, with one more use of its spelling; `None` if it is a stop word.
    pub(super) fn word(&mut self, key: String, word: SpelledWord<'_>) -> Option<u32> {
        let stops = self.stop_words.languages(&key);
        if !word.tagged && stops.intersects(self.stop_words.english()) {
            return None;
        }
        let number = *self.words.entry(key).or_insert(self.terms.len() as u32);
        self.count(number, LabelTerm { stops, ..LabelTerm::default() }, word.spelling);
        self.terms[number as usize].tagged += u32::from(word.tagged);
        Some(number)
    }

    /// The number of a phrase, with one more use of its spelling; `None` if one of its words is a stop
    /// word.
    pub(super) fn phrase(&mut self, words: &[String; 2], spelling: &str) -> Option<u32> {
        let [one, two] = words.each_ref().map(|word| self.words.get(word).copied());
        let words = [one?, two?];
        let [one, two] = words.map(|word| self.terms[word as usize].stops);
        let number = *self.phrases.entry(words).or_insert(self.terms.len() as u32);
        let new = LabelTerm { words: Some(words), stops: one.union(two), ..LabelTerm::default() };
        self.count(number, new, spelling);
        Some(number)
    }

    /// Counts a spelling of a term, which is `new` if its number is the next one.
    fn count(&mut self, number: u32, new: LabelTerm, spelling: &str) {
        if number as usize == self.terms.len() {
            self.terms.push(new);
        }
        let spellings = &mut self.terms[number as usize].spellings;
        match spellings.iter().position(|known| known.spelling == spelling) {
            Some(at) => spellings[at].people += 1,
            None if spellings.len() < SPELLINGS_MAX => {
                spellings.push(SpellingCount { spelling: spelling.to_owned(), people: 1 });
            }
            None => {}
        }
    }

    /// Removes the terms that are not `used` and are in no phrase that is. Returns the new number of
    /// each term.
    pub(super) fn retain(&mut self, used: impl Iterator<Item = u32>) -> Vec<Option<u32>> {
        let mut kept = vec![false; self.terms.len()];
        for term in used {
            kept[term as usize] = true;
            let words = self.terms[term as usize].words;
            words.into_iter().flatten().for_each(|word| kept[word as usize] = true);
        }
        let mut next = 0;
        let number = |&kept: &bool| {
            next += u32::from(kept);
            kept.then(|| next - 1)
        };
        let numbers: Vec<Option<u32>> = kept.iter().map(number).collect();
        let new = |old: u32| numbers[old as usize];
        let both = |[one, two]: [u32; 2]| Some([new(one)?, new(two)?]);
        let terms = std::mem::take(&mut self.terms).into_iter().zip(kept);
        let renumbered = |term: LabelTerm| LabelTerm { words: term.words.and_then(both), ..term };
        self.terms = terms.filter(|(_, kept)| *kept).map(|(term, _)| renumbered(term)).collect();
        let words = std::mem::take(&mut self.words).into_iter();
        self.words = words.filter_map(|(key, old)| Some((key, new(old)?))).collect();
        let phrases = std::mem::take(&mut self.phrases).into_iter();
        self.phrases = phrases.filter_map(|(words, old)| Some((both(words)?, new(old)?))).collect();
        numbers
    }
}

impl LabelTerm {
    /// Whether it may be a label where these languages are written: it is no stop word of any, or a
    /// hashtag for half of the `people` who use it.
    pub(super) fn is_label(&self, people: u32, written: LanguageSet) -> bool {
        !self.stops.intersects(written) || 2 * self.tagged >= people
    }

    /// The most frequent spelling.
    pub(super) fn spelling(&self) -> &str {
        let most = self
            .spellings
            .iter()
            .max_by(|a, b| a.people.cmp(&b.people).then(b.spelling.cmp(&a.spelling)));
        most.map_or("", |most| &most.spelling)
    }
}
