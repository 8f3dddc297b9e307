//! Attention → a hierarchy of communities, from continents to villages.
//!
//! The backbone of the graph is searched for its *leaf level*, the partition that describes it in the
//! fewest bits; levels above and below refine each other at a series of resolutions; people belong to
//! several communities of the leaf level in part. Each file gives its formula and source. Time
//! O(m · levels · passes), a pass being one visit of all nodes that may move; memory about 29 B/arc at
//! the peak (`borg bench run`).

mod attach;
mod backbone;
mod cross_platform;
mod description;
mod groups;
mod hierarchy;
mod leaf;
mod leiden;
mod levels;
mod moving;
mod network;
mod objective;
mod overlap;
mod previous;
mod resolutions;
mod settings;
mod stage;
mod sums;
mod undirected;

pub(crate) use groups::GroupMembers;
pub use hierarchy::{Hierarchy, Level, NO_COMMUNITY, OptionalCommunity, Overlap, OverlapShare};
pub use settings::CommunitySettings;
pub use stage::{community_stage, community_stage_across, leaf_partition};
pub(crate) use sums::KeyedSums;
pub use undirected::UndirectedGraph;
