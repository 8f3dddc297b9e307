//! Stop words by language, and the languages that a text is in. The lists are stopwords-iso's.
//!
//! A stop word of one language is a topic in another (`cat` is "how much" in Romanian, `dog` "yet" in
//! Danish). So those of English are dropped everywhere, and those of another language where it is
//! written.

use std::collections::HashMap;

/// A set of languages, a bit for each index in the list of available ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LanguageSet {
    bits: u128,
}

impl LanguageSet {
    fn of(index: u32) -> LanguageSet {
        LanguageSet { bits: 1u128.checked_shl(index).unwrap_or_default() }
    }

    /// The languages in either.
    pub(super) fn union(self, other: LanguageSet) -> LanguageSet {
        LanguageSet { bits: self.bits | other.bits }
    }

    /// Whether they share one.
    pub(super) fn intersects(self, other: LanguageSet) -> bool {
        self.bits & other.bits != 0
    }

    fn each(self) -> impl Iterator<Item = u32> {
        (0..u128::BITS).filter(move |&index| self.intersects(LanguageSet::of(index)))
    }
}

impl FromIterator<u32> for LanguageSet {
    fn from_iter<I: IntoIterator<Item = u32>>(indexes: I) -> LanguageSet {
        indexes.into_iter().map(LanguageSet::of).fold(LanguageSet::default(), LanguageSet::union)
    }
}

/// A text is in the language of which it has the most different stop words, if at least this number.
const STOP_WORDS_MIN: u32 = 2;

/// The stop words of every language.
#[derive(Debug)]
pub(super) struct StopWords {
    languages: HashMap<&'static str, LanguageSet>,
    english: LanguageSet,
}

impl StopWords {
    pub(super) fn load() -> StopWords {
        let mut languages: HashMap<&'static str, LanguageSet> = HashMap::new();
        let mut english = LanguageSet::default();
        for (index, code) in (0..).zip(stop_words::available_languages()) {
            if *code == "en" {
                english = LanguageSet::of(index);
            }
            for &word in stop_words::lookup(code).unwrap_or_default() {
                let known = languages.entry(word).or_default();
                *known = known.union(LanguageSet::of(index));
            }
        }
        StopWords { languages, english }
    }

    /// The languages in which a word, in lower case, is a stop word.
    pub(super) fn languages(&self, word: &str) -> LanguageSet {
        self.languages.get(word).copied().unwrap_or_default()
    }

    /// English, whose stop words are dropped in every text.
    pub(super) fn english(&self) -> LanguageSet {
        self.english
    }

    /// The languages that a text of these different words may be in, as indexes; several if they have
    /// equally many stop words.
    pub(super) fn written<'a>(&self, words: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let mut counts = [0u32; u128::BITS as usize];
        for word in words {
            self.languages(word).each().for_each(|index| counts[index as usize] += 1);
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let best = (0..u128::BITS).filter(|&index| counts[index as usize] == most);
        let best: Vec<u32> = best.filter(|_| most >= STOP_WORDS_MIN).collect();
        let english = best.iter().any(|&index| self.english.intersects(LanguageSet::of(index)));
        if english { Vec::new() } else { best }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_bit() {
        assert!(stop_words::available_languages().len() <= u128::BITS as usize);
    }

    #[test]
    fn a_text_is_in_the_language_of_its_stop_words() {
        let stop = StopWords::load();
        let languages = |text: &str| -> Vec<&str> {
            let all = stop_words::available_languages();
            stop.written(text.split(' ')).into_iter().map(|index| all[index as usize]).collect()
        };
        assert_eq!(languages("ich liebe die berge und das meer"), ["de"]);
        assert_eq!(languages("je suis la et le chat"), ["fr"]);
        assert_eq!(languages("я и мы не там"), ["ru"]);
        assert!(languages("i live in london and this is my cat").is_empty());
        assert!(languages("cat dog photos").is_empty());
        assert!(stop.languages("cat").intersects(stop.languages("cat")));
        assert!(!stop.languages("cat").intersects(stop.english()));
    }
}
