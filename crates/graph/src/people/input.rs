//! The input of the scores in communities.

use model::PersonKind;
use model::index::PersonIndex;
use serde::{Deserialize, Serialize};
use typed_index_collections::TiSlice;

use crate::attention::Attention;
use crate::communities::Hierarchy;
use crate::rank::{GlobalRank, RankSettings};
use crate::trust::Trust;

/// Everything that the scores in communities are made of.
#[derive(Debug, Clone, Copy)]
pub struct PeopleInput<'a> {
    /// The attention between people.
    pub attention: &'a Attention,
    /// The communities.
    pub hierarchy: &'a Hierarchy,
    /// Trust of every person.
    pub trust: &'a Trust,
    /// Global attention of every person.
    pub global: &'a GlobalRank,
    /// Kind of every person; empty if all are unknown.
    pub kinds: &'a TiSlice<PersonIndex, PersonKind>,
}

/// How people are ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeopleSettings {
    /// The walk in each community.
    pub walk: RankSettings,
    /// The most receivers, by attention, who are not members and are kept for each community.
    pub outsiders_max: usize,
}

impl Default for PeopleSettings {
    fn default() -> PeopleSettings {
        PeopleSettings { walk: RankSettings::default(), outsiders_max: 10_000 }
    }
}
