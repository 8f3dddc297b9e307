//! Text to words, one way for the index and one for the query, so that they meet.
//!
//! A word is a run of letters, digits and the marks between them, folded. Chinese and Japanese
//! have no spaces: their runs become overlapping pairs of characters. The index also keeps the
//! last character of such a run on its own, so that one character asked for as a prefix finds
//! every run that has it.

use unicode_normalization::char::is_combining_mark;

use crate::fold::fold;

/// The longest word, in characters; longer ones are cut, in the index and in queries alike.
pub const WORD_CHARS_MAX: usize = 32;
/// The longest handle that is told from others, in characters; longer ones are cut.
pub const HANDLE_CHARS_MAX: usize = 64;
/// How much of a text is read, in characters.
const TEXT_CHARS_MAX: usize = 4096;

/// The words of a text as the index keeps them: at most `most`, in order, with repetitions.
pub fn indexed(text: &str, most: usize) -> Vec<String> {
    words(text, most, true)
}

/// The words of a text as a query asks for them: at most `most`, in order, with repetitions.
pub fn asked(text: &str, most: usize) -> Vec<String> {
    words(text, most, false)
}

/// The words of a handle that tell people apart: those of the part before the server
/// (`john.doe@example.org`, `john-doe.bsky.social`: john, doe; `nytimes.com`: nytimes).
pub fn of_handle(handle: &str, most: usize) -> Vec<String> {
    indexed(name_part(handle), most)
}

/// The whole handle as the index keeps it, without a leading `@`.
pub fn whole_handle(handle: &str) -> String {
    let cut: String = handle.chars().take(HANDLE_CHARS_MAX * 2).collect();
    fold(cut.trim_start_matches('@')).chars().take(HANDLE_CHARS_MAX).collect()
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

/// What a character is to the tokeniser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Unspaced,
    Between,
}

fn class(c: char) -> Class {
    match c {
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => {
            Class::Unspaced
        }
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
            Class::Unspaced
        }
        '\u{20000}'..='\u{3ffff}' => Class::Unspaced,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Class::Letter,
        _ => Class::Between,
    }
}

fn words(text: &str, most: usize, with_last: bool) -> Vec<String> {
    let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let folded: Vec<char> = fold(&cut).chars().collect();
    let mut out = Vec::new();
    for run in folded.chunk_by(|&a, &b| class(a) == class(b)) {
        match class(run[0]) {
            Class::Between => {}
            Class::Letter => out.push(run.iter().take(WORD_CHARS_MAX).collect()),
            Class::Unspaced => push_pairs(&mut out, run, with_last),
        }
        if out.len() >= most {
            break;
        }
    }
    out.truncate(most);
    out
}

fn push_pairs(out: &mut Vec<String>, run: &[char], with_last: bool) {
    out.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
    if with_last || run.len() == 1 {
        out.extend(run.last().map(char::to_string));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, wanted: &[&str]) {
        assert_eq!(indexed(text, 100), wanted, "{text}");
    }

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        check("Rust, C++ & Zürich-2026!", &["rust", "c", "zurich", "2026"]);
        check("हिन्दी भाषा", &["हिन्दी", "भाषा"]);
        check("  \t", &[]);
    }

    #[test]
    fn unspaced_scripts_become_pairs_and_the_last_character() {
        check("東京都 rust", &["東京", "京都", "都", "rust"]);
        assert_eq!(asked("東京都", 9), ["東京", "京都"]);
        assert_eq!(asked("都", 9), ["都"]);
    }

    #[test]
    fn a_handle_gives_its_name_but_not_its_server() {
        for (handle, wanted) in [
            ("alice.bsky.social", vec!["alice"]),
            ("@John_Doe@example.org", vec!["john", "doe"]),
            ("nytimes.com", vec!["nytimes"]),
            ("ada:matrix.org", vec!["ada"]),
            ("rust-lang", vec!["rust", "lang"]),
        ] {
            assert_eq!(of_handle(handle, 8), wanted, "{handle}");
        }
        assert_eq!(whole_handle("@Ada@Example.org"), "ada@example.org");
    }

    #[test]
    fn words_and_handles_are_bounded() {
        assert_eq!(indexed(&"x".repeat(10_000), 5), ["x".repeat(WORD_CHARS_MAX)]);
        assert_eq!(indexed(&"a b ".repeat(10_000), 5).len(), 5);
        assert_eq!(whole_handle(&"h".repeat(2048)).len(), HANDLE_CHARS_MAX);
    }

    proptest! {
        #[test]
        fn every_word_asked_for_is_a_word_of_the_index_or_begins_one(text: String) {
            let kept = indexed(&text, 1000);
            for word in asked(&text, 1000) {
                prop_assert!(kept.contains(&word));
            }
        }
    }
}
