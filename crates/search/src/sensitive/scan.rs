//! The terms of the list that a text has.

use model::sensitive::SensitiveTopics;

use super::denial::Denied;
use super::found::{FoundTerm, Reach};
use super::glyphs::Glyphs;
use super::lexicon::{ANYWHERE, AT_START, SensitiveLexicon, TermMeaning};

/// What a text is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TermUse {
    /// A label: all words count.
    Label,
    /// A person's words about itself.
    Naming,
}

/// What a text names, and the work it took.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) topics: SensitiveTopics,
    /// Steps in the tree, terms found, and words that denials looked at.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the length"))]
    pub(super) steps: usize,
}

/// The topics of the terms that a text has. O(length) of the text, times the longest term.
pub(super) fn scan(glyphs: &Glyphs, lexicon: &SensitiveLexicon, term_use: TermUse) -> Scan {
    let (found, steps) = find(glyphs, lexicon);
    let length = glyphs.chars().len();
    let idioms = Reach::of(length, &found, |meaning| meaning == TermMeaning::Nothing);
    let counts = |one: &&FoundTerm| idioms.end(&one.range).is_none();
    if term_use == TermUse::Label {
        let topics = found.iter().filter(counts).map(|one| one.meaning.topics());
        return Scan { topics: topics.collect(), steps: steps + found.len() };
    }
    let weak = Reach::of(length, &found, |meaning| matches!(meaning, TermMeaning::Weak(_)));
    let denied = Denied::of(glyphs, &found, &idioms);
    let is_named = |one: &&FoundTerm| {
        counts(one) && !weak.outdoes(&one.range) && !denied.has(glyphs, &one.range)
    };
    let topics = found.iter().filter(is_named).map(|one| one.meaning.named_topics());
    Scan { topics: topics.collect(), steps: steps + found.len() + denied.steps() }
}

/// The terms in the order in which they begin, and the steps taken.
fn find(glyphs: &Glyphs, lexicon: &SensitiveLexicon) -> (Vec<FoundTerm>, usize) {
    let (mut found, mut steps) = (Vec::new(), 0);
    for at in 0..glyphs.chars().len() {
        if glyphs.is_start(at) {
            steps += walk(glyphs, lexicon, (AT_START, at), &mut found);
        }
        steps += walk(glyphs, lexicon, (ANYWHERE, at), &mut found);
    }
    (found, steps)
}

/// Adds the terms that begin at a character, from this root of the tree. It takes at most as many steps as
/// the longest term has characters.
fn walk(
    glyphs: &Glyphs,
    lexicon: &SensitiveLexicon,
    (root, start): (u32, usize),
    found: &mut Vec<FoundTerm>,
) -> usize {
    let mut node = root;
    for (at, &c) in glyphs.chars().iter().enumerate().skip(start) {
        let Some(next) = lexicon.step(node, c) else { return at - start + 1 };
        node = next;
        for term in lexicon.ending_at(node) {
            if term.open_end || glyphs.is_end(at + 1) {
                found.push(FoundTerm { range: start..at + 1, meaning: term.meaning });
            }
        }
    }
    glyphs.chars().len() - start
}
