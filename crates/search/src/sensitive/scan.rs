//! The terms of the list that a text has.

use std::ops::Range;

use model::sensitive::SensitiveTopics;

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

/// A term in a text.
struct FoundTerm {
    range: Range<usize>,
    meaning: TermMeaning,
}

/// The topics of the terms that a text has.
pub(super) fn topics(
    glyphs: &Glyphs,
    lexicon: &SensitiveLexicon,
    term_use: TermUse,
) -> SensitiveTopics {
    let mut found = Vec::new();
    for at in 0..glyphs.chars().len() {
        if glyphs.is_start(at) {
            walk(glyphs, lexicon, (AT_START, at), &mut found);
        }
        walk(glyphs, lexicon, (ANYWHERE, at), &mut found);
    }
    let counts = |one: &&FoundTerm| !is_voided(glyphs, one, &found, term_use);
    let topics = found.iter().filter(counts).map(|one| match one.meaning {
        TermMeaning::Topics(topics) => topics,
        TermMeaning::Weak(topics) if term_use == TermUse::Label => topics,
        TermMeaning::Weak(_) | TermMeaning::Nothing | TermMeaning::Denial => SensitiveTopics::NONE,
    });
    topics.collect()
}

/// The terms that begin at a character, from this root of the tree.
fn walk(
    glyphs: &Glyphs,
    lexicon: &SensitiveLexicon,
    (root, start): (u32, usize),
    found: &mut Vec<FoundTerm>,
) {
    let mut node = root;
    for (at, &c) in glyphs.chars().iter().enumerate().skip(start) {
        let Some(next) = lexicon.step(node, c) else { return };
        node = next;
        for term in lexicon.ending_at(node) {
            if term.open_end || glyphs.is_end(at + 1) {
                found.push(FoundTerm { range: start..at + 1, meaning: term.meaning });
            }
        }
    }
}

/// Whether a term is part of a phrase that means something else, or is denied.
fn is_voided(glyphs: &Glyphs, one: &FoundTerm, found: &[FoundTerm], term_use: TermUse) -> bool {
    found.iter().any(|other| match other.meaning {
        TermMeaning::Nothing => {
            other.range.start <= one.range.start && one.range.end <= other.range.end
        }
        TermMeaning::Denial => {
            let denied = other.range.end + 1;
            term_use == TermUse::Naming && denied == glyphs.word_start(one.range.start)
        }
        TermMeaning::Topics(_) | TermMeaning::Weak(_) => false,
    })
}
