//! The people that a score is made of, and why it changed.
//!
//! Attention in a community is `share_v = Σ_u mass_u · w_uv / W_u / flow`; a [`ShareEvidence`] lists
//! the largest terms with all their factors, and the sum of the others, so that anyone can
//! recompute the share. It is made while a community is scored:
//! [`RankedCommunity::evidence`](crate::RankedCommunity::evidence). [`community_terms`] and
//! [`global_terms`] are for few people, from sealed scores.

mod changes;
mod cover;
mod global;
mod terms;

pub use changes::{ContributorPart, PartChange, change_reasons};
pub use cover::{CoveredTerms, EvidenceCover, ShareEvidence, ShareTerm, SourceTerm};
pub use global::{GlobalShares, global_evidence, global_terms};
pub use terms::{SourceMass, community_terms};
