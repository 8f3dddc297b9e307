//! The words of a text that others deny.
//!
//! A denial ("not", "ex", "gegen"; after its word "değilim", "ではない") holds for all terms next to it in its
//! clause, and leaps over three small words: "not even a Muslim", "no politics or religion". It leaps over no
//! emoji, but denies one beside it, with those that touch that one: a flag is two. It denies too much rather than too
//! little, as a word too few hides a person, and a word too many shows one.

use std::ops::Range;

use super::found::{FoundTerm, Reach};
use super::glyphs::{Glyphs, Word};
use super::lexicon::TermMeaning;

/// How many small words a denial leaps over.
const LEAPED_WORDS_MAX: usize = 3;
/// The longest word that is small without being listed, in characters.
const SMALL_WORD_CHARS_MAX: usize = 4;

/// What a word is to a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordRole {
    /// A part of a term, which may be denied.
    Term,
    /// It is leaped over.
    Small,
    /// A denial ends before it.
    End,
}

/// Which words are denied.
#[derive(Debug)]
pub(super) struct Denied {
    roles: Vec<WordRole>,
    /// Terms that begin with these words are denied, by a word before them.
    by_earlier: Vec<bool>,
    /// Terms that end with these words are denied, by a word after them.
    by_later: Vec<bool>,
    /// Terms within these words are denied, as the words begin with a denial.
    by_beginning: Vec<bool>,
    steps: usize,
}

impl Denied {
    /// What the terms deny that are part of no idiom. O(words), since each word is looked at only by the
    /// denials that are at most three small words away.
    pub(super) fn of(glyphs: &Glyphs, found: &[FoundTerm], idioms: &Reach) -> Denied {
        let none = vec![false; glyphs.words().len()];
        let (by_earlier, by_later, by_beginning) = (none.clone(), none.clone(), none);
        let roles = roles(glyphs, found);
        let mut denied = Denied { roles, by_earlier, by_later, by_beginning, steps: 0 };
        let terms = Reach::of(glyphs.chars().len(), found, TermMeaning::is_term);
        for one in found.iter().filter(|one| idioms.end(&one.range).is_none()) {
            let in_term = terms.end(&one.range);
            match one.meaning {
                TermMeaning::DeniesNext => denied.deny_next(glyphs, &one.range, in_term),
                TermMeaning::DeniesBefore if in_term.is_none() => {
                    denied.deny_before(glyphs, &one.range);
                }
                _ => {}
            }
        }
        denied
    }

    /// Denies what follows; if the denial is part of a term ("non binary"), nothing after that term.
    fn deny_next(&mut self, glyphs: &Glyphs, denial: &Range<usize>, in_term: Option<usize>) {
        let word = glyphs.word_of(denial.end - 1);
        let clause = glyphs.words()[word].clause;
        if denial.end < glyphs.words()[word].range.1 && !glyphs.is_end(denial.end) {
            self.by_beginning[word] = true;
            return;
        }
        let end = in_term.unwrap_or(glyphs.chars().len());
        let mut leaped = 0;
        for next in word + 1..glyphs.words().len() {
            let one = glyphs.words()[next];
            self.steps += 1;
            if one.clause != clause || one.range.0 >= end || !self.is_reached(next, &mut leaped) {
                return;
            }
            let before = glyphs.words()[next - 1];
            let touches = before.range.1 == one.range.0;
            if next > word + 1 && !goes_on(before, one, touches) {
                return;
            }
            self.by_earlier[next] = true;
        }
    }

    /// Denies what is before it.
    fn deny_before(&mut self, glyphs: &Glyphs, denial: &Range<usize>) {
        let word = glyphs.word_of(denial.start);
        let clause = glyphs.words()[word].clause;
        let mut leaped = 0;
        for before in (0..word).rev() {
            let one = glyphs.words()[before];
            self.steps += 1;
            if one.clause != clause || !self.is_reached(before, &mut leaped) {
                return;
            }
            let after = glyphs.words()[before + 1];
            let touches = one.range.1 == after.range.0;
            if before + 1 < word && !goes_on(after, one, touches) {
                return;
            }
            self.by_later[before] = true;
        }
    }

    fn is_reached(&self, word: usize, leaped: &mut usize) -> bool {
        let role = self.roles[word];
        *leaped += usize::from(role == WordRole::Small);
        role != WordRole::End && *leaped <= LEAPED_WORDS_MAX
    }

    /// Whether a term is denied.
    pub(super) fn has(&self, glyphs: &Glyphs, term: &Range<usize>) -> bool {
        let (first, last) = (glyphs.word_of(term.start), glyphs.word_of(term.end - 1));
        let is_inside = term.start > glyphs.words()[first].range.0;
        self.by_earlier[first] || self.by_later[last] || is_inside && self.by_beginning[first]
    }

    /// How often a denial looked at a word.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }
}

/// Whether a denial that reached a word goes on to the one behind it: not from words to emoji or back, and from
/// emoji to those that touch them only.
fn goes_on(reached: Word, behind: Word, touches: bool) -> bool {
    match (reached.is_emoji, behind.is_emoji) {
        (false, false) => true,
        (true, true) => touches,
        _ => false,
    }
}

/// The role of each word. O(words), and O(terms) of the text.
fn roles(glyphs: &Glyphs, found: &[FoundTerm]) -> Vec<WordRole> {
    let role = |word: &Word| match word.len() {
        0..=SMALL_WORD_CHARS_MAX => WordRole::Small,
        _ => WordRole::End,
    };
    let mut roles: Vec<WordRole> = glyphs.words().iter().map(role).collect();
    let mut set = |is_one: fn(TermMeaning) -> bool, role| {
        for one in found.iter().filter(|one| is_one(one.meaning)) {
            let words = glyphs.word_of(one.range.start)..=glyphs.word_of(one.range.end - 1);
            roles[words].fill(role);
        }
    };
    set(|meaning| meaning == TermMeaning::Between, WordRole::Small);
    set(|meaning| meaning == TermMeaning::Turn, WordRole::End);
    set(TermMeaning::is_term, WordRole::Term);
    roles
}
