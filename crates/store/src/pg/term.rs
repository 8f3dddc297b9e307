//! The search index of a run: for each term, the numbers of the people that have it.
//!
//! Numbers ascend, and the smallest are the most trusted: the head of a list is its best answer.

use model::RunId;

use super::Pg;
use crate::StoreError;

/// A term and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub term: String,
    /// How many people have it.
    pub count: u32,
    /// Their numbers, ascending: the first of them, as far as was asked.
    pub people: Vec<u32>,
}

/// These terms, with at most `people_max` people each; those that nobody has are left out.
pub async fn get(
    pg: &Pg,
    run: RunId,
    terms: &[&str],
    people_max: u32,
) -> Result<Vec<Term>, StoreError> {
    todo!()
}

/// The terms that begin with `prefix`, the commonest first, at most `limit`, with at most
/// `people_max` people each.
pub async fn with_prefix(
    pg: &Pg,
    run: RunId,
    prefix: &str,
    (limit, people_max): (u32, u32),
) -> Result<Vec<Term>, StoreError> {
    todo!()
}
