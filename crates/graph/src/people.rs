//! PeopleRank in each community: attention, insider score, and ranks with a noise level.
//!
//! The walk in community c follows the arcs that start in its members, `a = α P_cᵀ a + (1 − α) t`,
//! with P over all arcs of a member (attention that leaves c is lost to it) and t members by trust
//! and membership share. What a person receives, member or not, is its attention in c. Communities are
//! independent of each other: time O(arcs that start in c · iterations), of which an iteration takes
//! the least: the arcs are grouped by receiver once, for the walk, the table and the evidence.
//!
//! Memory for each thread, beside the results: about 20 B for each arc that starts in its community.

mod input;
mod insider;
mod member_walk;
mod members;
mod packed;
mod ranked;
mod received;
mod scorer;
mod scores;
mod table;

pub use input::{PeopleInput, PeopleSettings};
pub use packed::PackedPeople;
pub use ranked::{MemberSource, RankedCommunity};
pub use scorer::{CommunityScorer, people_stage};
pub use scores::{CommunityPeople, ScoredPerson};
