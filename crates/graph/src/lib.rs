//! Arcs to communities and scores: pure functions, no IO, no clock, no randomness of their own.
//!
//! People are dense numbers `0..nodes` here, [`PersonIndex`](model::index::PersonIndex) in results;
//! the caller keeps the map to stored ids. The same input gives the same output, bit for bit, whatever
//! the number of threads.
//!
//! A run is a chain of stages. Each takes plain data and returns plain (serde) data, so that a
//! caller can seal it and continue in another process. n people, m arcs, c members of a community:
//!
//! | stage | input | output | time | memory |
//! |---|---|---|---|---|
//! | [`attention_stage`] | [`LayerArcs`] of every layer, today | [`Attention`] | O(m) | 8 B/arc of each layer |
//! | [`community_stage`] | [`Attention`], the previous [`Hierarchy`] | [`Hierarchy`] | O(m · levels) | 29 B/arc (measured, 93 M arcs) |
//! | [`trust_stage`] | [`Attention`], [`Hierarchy`], given seeds | [`Trust`] | O(m · sets · log n), and 101 short walks between communities | 5 to 15 B/arc, 4 more with weights, + 224 B/person |
//! | [`rank_stage`] | [`Attention`], [`Trust`], the previous [`GlobalRank`] | [`GlobalRank`] | O(m · iterations) | 9 B/arc, 5 without weights, + 20 B/person |
//! | [`CommunityScorer::level`] | all of the above, kinds, a level | [`RankedCommunity`] of every community: [`CommunityPeople`] and their [`evidence`] | O(m · iterations) | 20 B/arc of one community per thread, 24 B/person |
//! | [`layout_stage`] | [`Attention`], [`Hierarchy`], [`GlobalRank`], the previous [`Layout`] | [`Layout`] | O(m + 256 n) | 36 B/person, 28 B/arc of one community per thread |
//!
//! Beside them: searches around a few people ([`nearby`]), [`lineage`] between two hierarchies, [`labels`] from bios,
//! [`union`] of profiles into persons, [`eval`] measures, [`generate`]d graphs.

pub mod attention;
pub mod communities;
pub mod csr;
pub mod eval;
pub mod evidence;
pub mod generate;
pub mod labels;
pub mod layout;
pub mod lineage;
pub mod nearby;
pub mod people;
pub mod rank;
pub mod seed;
mod sorting;
pub mod trust;
pub mod union;
mod walk;
mod wilson;

pub use attention::{Attention, LayerArcs, attention_stage};
pub use communities::{
    CommunitySettings, Hierarchy, Level, NO_COMMUNITY, OptionalCommunity, Overlap, OverlapShare,
    community_stage, community_stage_across,
};
pub use csr::{ArcList, Csr, CsrError};
pub use layout::{HomeDepth, Layout, LayoutInput, PreviousLayout, layout_stage, visible_depths};
pub use people::{
    CommunityPeople, CommunityScorer, MemberSource, PackedPeople, PeopleInput, PeopleSettings,
    RankedCommunity, ScoredPerson, people_stage,
};
pub use rank::{GlobalRank, RankSettings, rank_stage};
pub use trust::{Trust, TrustSettings, trust_stage};
