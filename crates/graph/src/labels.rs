//! Words that set a community apart: its people use them far more often than others do.
//!
//! Of a term that x of the n people of a community use, and X of all, two numbers must be high: the
//! share of the people who use it, x / n, and the share of its use that is here, x / X. Both are taken
//! at their lower bounds (Wilson's, z = 1.645), so that a few people make no label, and the score is
//! their harmonic mean. A term is a candidate only if the lower bound of its odds ratio against the
//! rest of the people (Woolf's, with Haldane's correction) is over 2: it is used here more than twice
//! as often as by chance. Each person counts once, so repetition makes no label.
//!
//! Terms are words and phrases of two words. A phrase replaces a word of it that is mostly used in it;
//! a phrase without such a word adds nothing to its words. A label has the most frequent spelling.
//!
//! Time O(words). Memory O(pairs of a term and a community), bounded by a maximal number of pairs.

mod counter;
mod select;
mod stop;
mod terms;
mod vocabulary;

pub use counter::LabelCounter;
