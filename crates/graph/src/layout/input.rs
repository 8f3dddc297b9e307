//! What a layout is made of, and what it is.

use model::index::{CommunityIndex, PersonIndex};
use model::map::MapDisc;
use serde::{Deserialize, Serialize};
use typed_index_collections::{TiSlice, TiVec};

use super::home::HomeDepth;
use crate::communities::Hierarchy;
use crate::csr::Csr;

/// Everything that a layout is made of.
#[derive(Debug, Clone, Copy)]
pub struct LayoutInput<'a> {
    /// The communities.
    pub hierarchy: &'a Hierarchy,
    /// The attention between people.
    pub arcs: &'a Csr,
    /// The share of all attention of each person, which its area grows with.
    pub shares: &'a TiSlice<PersonIndex, f32>,
    /// How deep in its communities each person is shown; empty if all are shown in their finest one.
    pub depths: &'a TiSlice<PersonIndex, HomeDepth>,
    /// Where people were in the run before; `None` to start from nothing.
    pub previous: Option<&'a PreviousLayout>,
}

/// Where people were, by their numbers in this run.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviousLayout {
    /// [`Layout::unit`] of that run.
    pub unit: f32,
    /// Their discs; `None` for those who were not there.
    pub people: TiVec<PersonIndex, Option<MapDisc>>,
}

/// Where everything lies. No two people overlap, nor two communities of a level; a community contains its
/// people and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The radius of the person with the least attention.
    pub unit: f32,
    /// Every person.
    pub people: TiVec<PersonIndex, MapDisc>,
    /// By level, every community.
    pub regions: Vec<TiVec<CommunityIndex, MapDisc>>,
}
