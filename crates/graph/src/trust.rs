//! Sybil-resistant trust: how well the stable cores of many communities attend to a person, directly or
//! not.
//!
//! From each of several independent seed sets (automatic, or dealt from a given list) a walk goes
//! ⌈log₂ n⌉ steps along attention and is divided by the attention received or given. What arrives at a
//! person is weighed by the people who attend to it and that it attends to, in four rounds in which more
//! and more people may vouch. Trust is the median over the sets, so no single set decides. Attending
//! to others raises no one's own trust. Sources: SybilRank (Cao et al. 2012); GrapeRank's capped
//! averages. Time O(m · sets · log n), all sets of five in one pass over the arcs. Peak memory beside
//! the input, for five sets: 2 B/arc (6 B with weights), 22 B for each message of the rank kernel
//! (0.05 to 0.6 an arc) and 224 B/person.

mod lanes;
mod seeds;
mod stage;
mod update;
mod walk;

pub use model::community::STRANGER_TRUST;
pub use stage::{Trust, TrustSettings, trust_stage};
