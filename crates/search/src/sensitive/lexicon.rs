//! The list of words as a tree of characters.

use std::collections::HashMap;

use model::sensitive::{SensitiveTopic, SensitiveTopics};

use super::FOLDING;
use super::glyphs::Glyphs;

const TABLE: &str = include_str!("words.tsv");

/// The roots of the tree: of terms that begin with a word, and of those that begin anywhere.
pub(super) const AT_START: u32 = 0;
pub(super) const ANYWHERE: u32 = 1;

/// What a term says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TermMeaning {
    /// It names these topics.
    Topics(SensitiveTopics),
    /// It names them as a label, and may mean something else where a person uses it.
    Weak(SensitiveTopics),
    /// Its words mean something else.
    Nothing,
    /// It denies what follows.
    DeniesNext,
    /// It denies what is before it.
    DeniesBefore,
    /// It may stand between a denial and what is denied, although it is long.
    Between,
    /// A denial ends before it.
    Turn,
}

impl TermMeaning {
    /// Whether it names a topic, at least as a label.
    pub(super) fn is_term(self) -> bool {
        matches!(self, TermMeaning::Topics(_) | TermMeaning::Weak(_))
    }

    /// What it names in a label.
    pub(super) fn topics(self) -> SensitiveTopics {
        match self {
            TermMeaning::Topics(topics) | TermMeaning::Weak(topics) => topics,
            _ => SensitiveTopics::NONE,
        }
    }

    /// What a person names with it.
    pub(super) fn named_topics(self) -> SensitiveTopics {
        match self {
            TermMeaning::Topics(topics) => topics,
            _ => SensitiveTopics::NONE,
        }
    }
}

/// A term whose characters were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LexiconTerm {
    pub(super) meaning: TermMeaning,
    /// Whether a word may continue after it.
    pub(super) open_end: bool,
}

/// All terms.
#[derive(Debug)]
pub(super) struct SensitiveLexicon {
    edges: HashMap<(u32, char), u32>,
    terms: HashMap<u32, Vec<LexiconTerm>>,
    nodes: u32,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LexiconRow {
    pub(super) topic: &'static str,
    pub(super) language: &'static str,
    pub(super) terms: &'static str,
}

/// A term as it is written in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenTerm<'a> {
    pub(super) text: &'a str,
    pub(super) is_weak: bool,
    pub(super) open_start: bool,
    pub(super) open_end: bool,
}

/// The rows of the list.
pub(super) fn rows() -> impl Iterator<Item = LexiconRow> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut cells = line.splitn(3, '\t');
        Some(LexiconRow { topic: cells.next()?, language: cells.next()?, terms: cells.next()? })
    })
}

impl LexiconRow {
    pub(super) fn terms(self) -> impl Iterator<Item = WrittenTerm<'static>> {
        self.terms.split(',').map(|term| WrittenTerm::parse(term.trim()))
    }

    /// What its terms mean; `None` if no topic has the name.
    pub(super) fn meaning(self) -> Option<TermMeaning> {
        match self.topic {
            "none" => Some(TermMeaning::Nothing),
            "not" => Some(TermMeaning::DeniesNext),
            "not-before" => Some(TermMeaning::DeniesBefore),
            "between" => Some(TermMeaning::Between),
            "but" => Some(TermMeaning::Turn),
            topics => {
                let topics: Option<SensitiveTopics> = topics
                    .split('+')
                    .map(|slug| SensitiveTopic::from_slug(slug).map(SensitiveTopics::from))
                    .collect();
                topics.map(TermMeaning::Topics)
            }
        }
    }
}

impl<'a> WrittenTerm<'a> {
    fn parse(term: &'a str) -> WrittenTerm<'a> {
        let bare = term.strip_prefix('?').unwrap_or(term);
        let text = bare.trim_matches('*');
        WrittenTerm {
            text,
            is_weak: bare.len() < term.len(),
            open_start: bare.starts_with('*'),
            open_end: bare.ends_with('*'),
        }
    }

    /// Its characters as texts have them: in one way or, where letters can be spelled out, in two.
    pub(super) fn spellings(self) -> Vec<Vec<char>> {
        let folded = [Some(FOLDING.fold(self.text)), FOLDING.fold_spelled_out(self.text)];
        let glyphs = folded.into_iter().flatten().map(|folded| {
            let chars: Vec<char> = folded.chars().collect();
            Glyphs::of(&chars, FOLDING).chars().to_vec()
        });
        glyphs.collect()
    }
}

impl SensitiveLexicon {
    /// Reads the list. A row whose topic is not known is left out; a test sees to it that there is none.
    pub(super) fn load() -> SensitiveLexicon {
        let (edges, terms) = (HashMap::new(), HashMap::new());
        let mut lexicon = SensitiveLexicon { edges, terms, nodes: ANYWHERE + 1 };
        for row in rows() {
            if let Some(meaning) = row.meaning() {
                row.terms().for_each(|term| lexicon.add(term, meaning));
            }
        }
        lexicon
    }

    fn add(&mut self, term: WrittenTerm<'_>, meaning: TermMeaning) {
        let meaning = match meaning {
            TermMeaning::Topics(topics) if term.is_weak => TermMeaning::Weak(topics),
            meaning => meaning,
        };
        let root = if term.open_start { ANYWHERE } else { AT_START };
        for spelling in term.spellings() {
            let end = spelling.into_iter().fold(root, |node, c| self.grow(node, c));
            let found = LexiconTerm { meaning, open_end: term.open_end };
            self.terms.entry(end).or_default().push(found);
        }
    }

    fn grow(&mut self, node: u32, c: char) -> u32 {
        let next = *self.edges.entry((node, c)).or_insert(self.nodes);
        self.nodes = self.nodes.max(next + 1);
        next
    }

    /// The node after a character.
    pub(super) fn step(&self, node: u32, c: char) -> Option<u32> {
        self.edges.get(&(node, c)).copied()
    }

    /// The terms that end at a node.
    pub(super) fn ending_at(&self, node: u32) -> &[LexiconTerm] {
        self.terms.get(&node).map_or(&[], Vec::as_slice)
    }
}
