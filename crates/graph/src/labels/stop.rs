//! Words that say nothing, by language, and which languages a text is in. The lists are stopwords-iso's.
//!
//! A stop word of one language is a topic in another (`cat` is "how much" in Romanian, `dog` "yet" in
//! Danish). So those of English are dropped everywhere, and those of another language where it is
//! written.

use std::collections::HashMap;

/// A set of languages, as bits by their places among the available ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Languages(u128);

impl Languages {
    fn of(place: u32) -> Languages {
        Languages(1u128.checked_shl(place).unwrap_or_default())
    }

    /// Those in either.
    pub(super) fn or(self, other: Languages) -> Languages {
        Languages(self.0 | other.0)
    }

    /// Whether they share one.
    pub(super) fn meet(self, other: Languages) -> bool {
        self.0 & other.0 != 0
    }

    fn each(self) -> impl Iterator<Item = u32> {
        (0..u128::BITS).filter(move |&place| self.meet(Languages::of(place)))
    }
}

impl FromIterator<u32> for Languages {
    fn from_iter<I: IntoIterator<Item = u32>>(places: I) -> Languages {
        places.into_iter().map(Languages::of).fold(Languages::default(), Languages::or)
    }
}

/// A text is in the language of which it has the most stop words, if so many different ones.
const WORDS_MIN: u32 = 2;

/// The stop words of every language.
#[derive(Debug)]
pub(super) struct StopWords {
    languages: HashMap<&'static str, Languages>,
    english: Languages,
}

impl StopWords {
    pub(super) fn load() -> StopWords {
        let mut languages: HashMap<&'static str, Languages> = HashMap::new();
        let mut english = Languages::default();
        for (place, code) in (0..).zip(stop_words::available_languages()) {
            if *code == "en" {
                english = Languages::of(place);
            }
            for &word in stop_words::lookup(code).unwrap_or_default() {
                let known = languages.entry(word).or_default();
                *known = known.or(Languages::of(place));
            }
        }
        StopWords { languages, english }
    }

    /// The languages in which a word, in lower case, says nothing.
    pub(super) fn languages(&self, word: &str) -> Languages {
        self.languages.get(word).copied().unwrap_or_default()
    }

    /// English, whose stop words are dropped in every text.
    pub(super) fn english(&self) -> Languages {
        self.english
    }

    /// The languages that a text of these different words may be in, as places; several if they say
    /// equally much for them.
    pub(super) fn spoken<'a>(&self, words: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let mut counts = [0u32; u128::BITS as usize];
        for word in words {
            self.languages(word).each().for_each(|place| counts[place as usize] += 1);
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let best = (0..u128::BITS).filter(|&place| counts[place as usize] == most);
        let best: Vec<u32> = best.filter(|_| most >= WORDS_MIN).collect();
        let english = best.iter().any(|&place| self.english.meet(Languages::of(place)));
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
    fn a_text_is_in_the_language_whose_words_it_has() {
        let stop = StopWords::load();
        let languages = |text: &str| -> Vec<&str> {
            let all = stop_words::available_languages();
            stop.spoken(text.split(' ')).into_iter().map(|place| all[place as usize]).collect()
        };
        assert_eq!(languages("ich liebe die berge und das meer"), ["de"]);
        assert_eq!(languages("je suis la et le chat"), ["fr"]);
        assert_eq!(languages("я и мы не там"), ["ru"]);
        assert!(languages("i live in london and this is my cat").is_empty());
        assert!(languages("cat dog photos").is_empty());
        assert!(stop.languages("cat").meet(stop.languages("cat")));
        assert!(!stop.languages("cat").meet(stop.english()));
    }
}
