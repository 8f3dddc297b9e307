//! The work for a text grows with its length, and no faster.

use super::super::glyphs::Glyphs;
use super::super::scan::{TermUse, scan};
use super::*;

/// More steps than this for a character would mean that they depend on the text's length.
const STEPS_PER_CHAR_MAX: usize = 12;
const WORDS: usize = 100_000;

fn steps(words: &str, times: usize) -> usize {
    let folded: Vec<char> = FOLDING.fold(words).chars().collect();
    let glyphs = Glyphs::of(&folded.repeat(times), FOLDING);
    scan(&glyphs, &LEXICON, TermUse::Naming).steps
}

#[test]
fn the_steps_for_a_long_text_are_linear() {
    let words = [
        "bread ",
        "no gay ",
        "gay no ",
        "not not a b c gay ",
        "no union jack ",
        "müslüman değilim ",
        "मुस्लिम नहीं ",
        "国会",
        "反ゲイではない",
        "북노조",
    ];
    for word in words {
        let (tenth, all) = (steps(word, WORDS / 100), steps(word, WORDS / 10));
        let length = word.chars().count() * WORDS / 10;
        assert!(all <= length * STEPS_PER_CHAR_MAX, "{word}: {all} steps, {length} characters");
        assert!(all <= tenth * 10 + 1000, "{word}: {tenth} steps, {all} for ten times the text");
    }
    // More than 100,000 words in one text.
    let length = words.iter().map(|word| word.chars().count()).sum::<usize>() * WORDS / 10;
    let all = steps(&words.concat(), WORDS / 10);
    assert!(all <= length * STEPS_PER_CHAR_MAX, "{all} steps, {length} characters");
}

#[test]
fn one_denial_reaches_all_terms_of_a_clause_in_one_walk() {
    let clause = format!("no {}", "gay ".repeat(WORDS));
    assert!(steps(&clause, 1) <= clause.len() * STEPS_PER_CHAR_MAX);
}
