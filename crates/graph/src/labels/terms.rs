//! A text → its terms: words, and phrases of two adjacent words.
//!
//! Addresses, e-mail addresses and handles are not words. Words are cut by UAX 29, in scripts without
//! spaces by a dictionary or a model (`icu_segmenter`); their keys are in NFKC and lower case.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use linkify::LinkFinder;
use unicode_normalization::UnicodeNormalization as _;

/// Words taken of one person, and as many phrases.
const TERMS_MAX: usize = 64;

/// The shortest and longest word in a script that has cases, in characters.
const CHARS: RangeInclusive<usize> = 3..=30;

/// The same in other scripts, whose words are shorter.
const CHARS_UNCASED: RangeInclusive<usize> = 2..=30;

/// The terms of a text, each once, by its key, in the first spelling.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TextTerms<'t> {
    /// Words.
    pub(super) words: BTreeMap<String, SpelledWord<'t>>,
    /// Phrases, by the keys of their words.
    pub(super) phrases: BTreeMap<[String; 2], &'t str>,
}

/// A word as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpelledWord<'t> {
    pub(super) spelling: &'t str,
    /// Whether it is a hashtag.
    pub(super) tagged: bool,
}

/// Reads texts.
#[derive(Debug)]
pub(super) struct TermReader {
    links: LinkFinder,
    words: WordSegmenterBorrowed<'static>,
}

/// A word and its position in the text.
struct TextWord {
    start: usize,
    end: usize,
    key: String,
    tagged: bool,
}

impl TermReader {
    pub(super) fn new() -> TermReader {
        let mut links = LinkFinder::new();
        links.url_must_have_scheme(false);
        let words = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
        TermReader { links, words }
    }

    /// The terms of a text.
    pub(super) fn read<'t>(&self, text: &'t str) -> TextTerms<'t> {
        let mut terms = TextTerms::default();
        let plain = self.links.spans(text).filter(|span| span.kind().is_none());
        plain.flat_map(|span| without_handles(span.as_str())).for_each(|part| {
            self.read_plain(part, &mut terms);
        });
        terms
    }

    fn read_plain<'t>(&self, text: &'t str, terms: &mut TextTerms<'t>) {
        let mut before: Option<TextWord> = None;
        for word in self.words_of(text) {
            let spelling = &text[word.start..word.end];
            if terms.words.len() < TERMS_MAX {
                terms
                    .words
                    .entry(word.key.clone())
                    .or_insert(SpelledWord { spelling, tagged: word.tagged });
            }
            let phrase = before.filter(|one| joined(&text[one.end..word.start], spelling));
            if let Some(one) = phrase.filter(|_| terms.phrases.len() < TERMS_MAX) {
                let words = [one.key, word.key.clone()];
                terms.phrases.entry(words).or_insert(&text[one.start..word.end]);
            }
            before = Some(word);
        }
    }

    fn words_of(&self, text: &str) -> Vec<TextWord> {
        let (mut words, mut start) = (Vec::new(), 0);
        for (end, kind) in self.words.segment_str(text).iter_with_word_type() {
            if kind.is_word_like() {
                let tagged = text[..start].ends_with(['#', '＃']);
                let key = key(&text[start..end]);
                words.extend(is_useful(&key).then_some(TextWord { start, end, key, tagged }));
            }
            start = end;
        }
        words
    }
}

/// The parts of a text between handles such as `@ada@example.org`.
fn without_handles(text: &str) -> impl Iterator<Item = &str> {
    let in_handle = |c: char| c.is_alphanumeric() || "_-.@".contains(c);
    let mut parts = text.split(['@', '＠']);
    let first = parts.next();
    first.into_iter().chain(parts.map(move |part| part.trim_start_matches(in_handle)))
}

/// Whether two words with this text between them are a phrase.
fn joined(between: &str, second: &str) -> bool {
    match between {
        " " | "-" => true,
        "" => !second.chars().any(is_cased),
        _ => false,
    }
}

fn key(word: &str) -> String {
    word.nfkc().map(|c| if c == '’' { '\'' } else { c }).flat_map(char::to_lowercase).collect()
}

fn is_useful(key: &str) -> bool {
    let chars = if key.chars().any(is_cased) { CHARS } else { CHARS_UNCASED };
    chars.contains(&key.chars().count()) && !key.chars().all(char::is_numeric)
}

fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        TermReader::new().read(text).words.into_keys().collect()
    }

    fn phrases(text: &str) -> Vec<String> {
        TermReader::new().read(text).phrases.into_keys().map(|words| words.join("+")).collect()
    }

    #[test]
    fn addresses_and_handles_are_not_words() {
        for text in [
            "https://www.example.org/rust?q=jazz#top",
            "(www.example.org/rust)",
            "see: example.org/about",
            "ada.lovelace@example.org",
            "@ada.lovelace@social.example.org",
            "@ada_lovelace",
            "@ada.bsky.social",
            "＠ada",
            "mailto:ada@example.org",
            "「https://example.org/ジャズ」",
        ] {
            let found = words(&format!("{text} violin"));
            let found: Vec<_> = found.iter().filter(|w| *w != "see" && *w != "mailto").collect();
            assert_eq!(found, ["violin"], "{text}");
        }
    }

    #[test]
    fn words_are_cut_in_every_script() {
        assert_eq!(words("Rust & Zu\u{308}rich, 2024 ab!"), ["rust", "zürich"]);
        assert_eq!(words("気候変動 東京"), ["東京", "気候", "変動"].map(String::from).sorted());
        assert!(words("ฉันรักภาษาไทย").contains(&"ไทย".to_owned()));
        assert_eq!(words("don’t DON'T"), ["don't"]);
        assert_eq!(words("한국 음악"), ["음악", "한국"]);
    }

    #[test]
    fn a_hashtag_is_a_word_that_is_marked() {
        let reader = TermReader::new();
        let terms = reader.read("#RustLang, jazz");
        assert_eq!(terms.words["rustlang"], SpelledWord { spelling: "RustLang", tagged: true });
        assert_eq!(terms.words["jazz"], SpelledWord { spelling: "jazz", tagged: false });
    }

    #[test]
    fn a_phrase_is_two_adjacent_words() {
        assert_eq!(phrases("Machine Learning, board-games"), ["board+games", "machine+learning"]);
        assert_eq!(phrases("気候変動"), ["気候+変動"]);
        assert!(phrases("one. two, three / four").is_empty());
        let reader = TermReader::new();
        let terms = reader.read("Machine Learning");
        assert_eq!(terms.phrases.into_values().next(), Some("Machine Learning"));
    }

    #[test]
    fn the_terms_of_a_person_are_limited() {
        let text: String = (0..1_000).map(|n| format!("word{n} ")).collect();
        let reader = TermReader::new();
        let terms = reader.read(&text);
        assert_eq!((terms.words.len(), terms.phrases.len()), (TERMS_MAX, TERMS_MAX));
    }

    trait Sorted {
        fn sorted(self) -> Vec<String>;
    }

    impl<const N: usize> Sorted for [String; N] {
        fn sorted(mut self) -> Vec<String> {
            self.sort();
            self.to_vec()
        }
    }
}
