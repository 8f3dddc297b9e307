//! Who stands where in the communities of a run.
//!
//! A community's standings are one blob by falling attention, of which a page is one slice. Ranks
//! are not stored: they are the place among those who hold one, found by counts kept for each 64
//! standings. A person's list names only its place in each community.

use std::num::NonZeroU32;

use model::{CommunityId, RunId, Standing};

use super::Pg;
use crate::StoreError;

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By falling attention.
    Attention,
    /// By falling insider score.
    Insider,
}

/// A standing with its ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The standing.
    pub standing: Standing,
    /// Place by attention among all who hold a rank.
    pub rank: Option<NonZeroU32>,
    /// Place by attention among those of its own kind who hold a rank.
    pub rank_of_kind: Option<NonZeroU32>,
}

/// A page of a community's standings.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many standings there are in all.
    pub total: u32,
    /// The standings from the offset on.
    pub rows: Vec<Ranked>,
}

/// Standings from `offset` (0-based) on, at most `limit`. `None` if the run has no such
/// community.
pub async fn page(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    order: Order,
    (offset, limit): (u32, u32),
) -> Result<Option<Page>, StoreError> {
    todo!()
}

/// All standings of one person, by number, in every community that has it, [`WORLD`] included.
///
/// [`WORLD`]: super::community::WORLD
pub async fn of_person(
    pg: &Pg,
    run: RunId,
    person: u32,
) -> Result<Vec<(CommunityId, Ranked)>, StoreError> {
    todo!()
}
