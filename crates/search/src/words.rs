//! Text to words, one way for the index and one for the query, so that they meet.
//!
//! A word is a run of letters, digits and the marks between them, folded. Where words have no
//! spaces between them (Chinese, Japanese, Thai and their neighbours), or carry endings (Korean),
//! runs become overlapping pairs of characters: any word in a run is found by its pairs, without
//! a dictionary that would have to be the same for both. The index also keeps the last character of
//! such a run on its own, so that one character asked for as a prefix finds every run that has it.
//! An emoji is a word.
//!
//! A text can be read in several ways ([`TextReading`]): the index has the words of all, and a query
//! finds the people that any of its readings finds.

use std::collections::HashSet;

use crate::fold::{CharClass, Folding};

/// The longest word, in characters; longer ones are cut, in the index and in queries alike.
pub const WORD_CHARS_MAX: usize = 32;
/// The longest handle that is distinguished from others, in characters; longer ones are cut.
pub const HANDLE_CHARS_MAX: usize = 64;
/// How much of a text is read, in characters.
const TEXT_CHARS_MAX: usize = 4096;

/// One of the ways to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextReading {
    /// The parts of compounds as words: `o'brien` is o, brien.
    Parts,
    /// Compounds as one word: `o'brien` is obrien.
    Joined,
    /// As [`TextReading::Parts`], with `ü` and the like as `ue`.
    SpelledOut,
}

impl TextReading {
    /// All of them, the plainest first.
    pub const ALL: [TextReading; 3] =
        [TextReading::Parts, TextReading::Joined, TextReading::SpelledOut];

    /// The folded characters of a text, read in this way; `None` if that is no other than the first.
    pub(crate) fn of(self, folding: Folding, text: &str) -> Option<Vec<char>> {
        let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let chars = |folded: String| folded.chars().collect::<Vec<char>>();
        match self {
            TextReading::Parts => Some(chars(folding.fold(&cut))),
            TextReading::Joined => joined(folding, &chars(folding.fold(&cut))),
            TextReading::SpelledOut => folding.fold_spelled_out(&cut).map(chars),
        }
    }
}

/// The words of a text as the index keeps them, in all readings: at most `most` of each.
pub fn indexed(folding: Folding, text: &str, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let readings = TextReading::ALL.into_iter().filter_map(|reading| reading.of(folding, text));
    let words = readings.flat_map(|chars| {
        let words = runs(folding, &chars, true).flatten();
        words.take(most).collect::<Vec<_>>()
    });
    words.filter(|word| seen.insert(word.clone())).collect()
}

/// The words of a text as a query asks for them, read in one way; those of one run stand together,
/// and there are at most `most` runs. `None` if the reading is no other than the first.
pub fn of_query(
    folding: Folding,
    reading: TextReading,
    text: &str,
    most: usize,
) -> Option<Vec<Vec<String>>> {
    let chars = reading.of(folding, text)?;
    Some(runs(folding, &chars, false).take(most).collect())
}

/// Whether an asked word is one character of a run, which the index has as the beginning of pairs.
pub(crate) fn is_piece(folding: Folding, word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next().is_some_and(|c| folding.class(c) == CharClass::Unspaced);
    first && chars.next().is_none()
}

/// The words of a handle that tell people apart: those of the part before the server
/// (`john.doe@example.org`, `john-doe.bsky.social`: john, doe, johndoe; `nytimes.com`: nytimes).
pub fn of_handle(folding: Folding, handle: &str, most: usize) -> Vec<String> {
    indexed(folding, &name_part(handle).replace('.', "-"), most)
}

/// The whole handle as the index keeps it, without a leading `@`, and without invisible characters.
pub fn whole_handle(folding: Folding, handle: &str) -> String {
    let cut: String = handle.chars().take(HANDLE_CHARS_MAX * 2).collect();
    let folded = folding.fold(cut.trim_start_matches('@'));
    folded.chars().filter(|c| !c.is_control()).take(HANDLE_CHARS_MAX).collect()
}

/// The same part of a handle in one, without the signs between its words.
pub fn joined_handle(folding: Folding, handle: &str) -> String {
    joined_text(folding, name_part(handle))
}

/// The folded letters, digits and emoji of a text in one, without what is between them.
pub fn joined_text(folding: Folding, text: &str) -> String {
    let is_word = |&c: &char| !matches!(folding.class(c), CharClass::Between | CharClass::Joiner);
    folding.fold(text).chars().filter(is_word).collect()
}

fn name_part(handle: &str) -> &str {
    let bare = handle.trim_start_matches('@');
    if let Some((local, _server)) = bare.split_once(['@', ':']) {
        return local;
    }
    let mut labels = bare.rsplitn(3, '.');
    let (last, domain, name) = (labels.next(), labels.next(), labels.next());
    name.or(domain).or(last).unwrap_or(bare)
}

/// The text without the signs that join words; `None` if there are none.
fn joined(folding: Folding, chars: &[char]) -> Option<Vec<char>> {
    let is_word = |at: Option<&char>| {
        at.is_some_and(|&c| matches!(folding.class(c), CharClass::Letter | CharClass::Unspaced))
    };
    let joins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        folding.class(chars[at]) == CharClass::Joiner
            && is_word(before)
            && is_word(chars.get(at + 1))
    };
    let kept: Vec<char> = (0..chars.len()).filter(|&at| !joins(at)).map(|at| chars[at]).collect();
    (kept.len() < chars.len()).then_some(kept)
}

/// The words of each run of characters of one class.
fn runs(
    folding: Folding,
    chars: &[char],
    with_last: bool,
) -> impl Iterator<Item = Vec<String>> + '_ {
    let class = move |c: char| folding.class(c);
    chars.chunk_by(move |&a, &b| class(a) == class(b)).filter_map(move |run| {
        let words = match class(run[0]) {
            CharClass::Between | CharClass::Joiner => return None,
            CharClass::Letter => vec![run.iter().take(WORD_CHARS_MAX).collect()],
            CharClass::Unspaced => pairs(run, with_last),
            CharClass::Emblem => run.iter().map(char::to_string).collect(),
            CharClass::Regional => run.chunks(2).map(|flag| flag.iter().collect()).collect(),
        };
        Some(words)
    })
}

fn pairs(run: &[char], with_last: bool) -> Vec<String> {
    let pairs = run.windows(2).map(|pair| pair.iter().collect());
    let last = run.last().filter(|_| with_last || run.len() == 1);
    pairs.chain(last.map(char::to_string)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEWEST: Folding = Folding::NEWEST;

    fn check(text: &str, wanted: &[&str]) {
        assert_eq!(indexed(NEWEST, text, 100), wanted, "{text}");
    }

    fn asked_for(text: &str) -> Vec<String> {
        of_query(NEWEST, TextReading::Parts, text, 9).unwrap().concat()
    }

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        check("Rust, C++ & Łódź 2026!", &["rust", "c", "lodz", "2026"]);
        check("हिन्दी भाषा", &["हिन्दी", "भाषा"]);
        check("  \t\0", &[]);
    }

    #[test]
    fn unspaced_scripts_become_pairs_and_the_last_character() {
        check("東京都 rust", &["東京", "京都", "都", "rust"]);
        check("한국어", &["한국", "국어", "어"]);
        check("ประเทศ", &["ปร", "ระ", "ะเ", "เท", "ทศ", "ศ"]);
        check("ລາວ", &["ລາ", "າວ", "ວ"]);
        check("らーめん", &["らー", "ーめ", "めん", "ん"]);
        assert_eq!(asked_for("東京都"), ["東京", "京都"]);
        assert_eq!(asked_for("都"), ["都"]);
    }

    #[test]
    fn compounds_are_there_in_parts_and_in_one() {
        check("O’Brien", &["o", "brien", "obrien"]);
        check("Jean-Pierre d'Arc", &["jean", "pierre", "d", "arc", "jeanpierre", "darc"]);
        check("ジョン・リー", &["ジョ", "ョン", "ン", "リー", "ー", "ンリ"]);
        check("me - you -", &["me", "you"]);
        check("می\u{200c}خواهم", &["مي", "خواهم", "ميخواهم"]);
    }

    #[test]
    fn umlauts_are_there_without_and_spelled_out() {
        check("Jürgen Weiß", &["jurgen", "weiss", "juergen"]);
        check(
            "Müller-Lüdenscheid",
            &["muller", "ludenscheid", "mullerludenscheid", "mueller", "luedenscheid"],
        );
    }

    #[test]
    fn an_emoji_is_a_word() {
        check("crab🦀🦀 fan", &["crab", "🦀", "fan"]);
        check("👩🏽‍💻", &["👩", "💻"]);
        check("🇺🇦🇵🇱", &["🇺🇦", "🇵🇱"]);
        check("❤️", &["❤"]);
    }

    #[test]
    fn a_handle_gives_its_name_but_not_its_server() {
        for (handle, wanted) in [
            ("alice.bsky.social", vec!["alice"]),
            ("@John_Doe@example.org", vec!["john", "doe", "johndoe"]),
            ("john.doe.bsky.social", vec!["john", "doe", "johndoe"]),
            ("nytimes.com", vec!["nytimes"]),
            ("ada:matrix.org", vec!["ada"]),
            ("rust-lang", vec!["rust", "lang", "rustlang"]),
        ] {
            assert_eq!(of_handle(NEWEST, handle, 8), wanted, "{handle}");
        }
        assert_eq!(whole_handle(NEWEST, "@Ada@Example.org"), "ada@example.org");
        assert_eq!(joined_handle(NEWEST, "@John_Doe@example.org"), "johndoe");
        assert_eq!(joined_handle(NEWEST, "john.doe.bsky.social"), joined_text(NEWEST, "John Doe"));
    }

    #[test]
    fn words_and_handles_are_bounded() {
        assert_eq!(indexed(NEWEST, &"x".repeat(10_000), 5), ["x".repeat(WORD_CHARS_MAX)]);
        let many: String = (0..10_000).map(|n| format!("a{n} b-c{n} ")).collect();
        assert_eq!(indexed(NEWEST, &many, 5).len(), 7);
        assert_eq!(whole_handle(NEWEST, &"h".repeat(2048)).len(), HANDLE_CHARS_MAX);
        assert_eq!(whole_handle(NEWEST, "a\0b"), "ab");
    }

    #[test]
    fn the_first_version_reads_as_it_did() {
        let v1 = |text| indexed(Folding::V1, text, 100);
        assert_eq!(v1("Łódź 한국어 東京都"), ["łodz", "한국어", "東京", "京都", "都"]);
        assert_eq!(v1("O'Brien Müller"), ["o", "brien", "muller"]);
        assert_eq!(of_query(Folding::V1, TextReading::Joined, "O'Brien", 9), None);
    }

    proptest! {
        #[test]
        fn every_word_asked_for_is_a_word_of_the_index_or_begins_one(text: String) {
            for folding in [Folding::V1, Folding::V2] {
                let kept = indexed(folding, &text, 1000);
                for reading in TextReading::ALL {
                    for word in of_query(folding, reading, &text, 1000).into_iter().flatten().flatten() {
                        prop_assert!(kept.contains(&word));
                    }
                }
            }
        }
    }
}
