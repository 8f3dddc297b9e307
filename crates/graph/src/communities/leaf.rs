//! The leaf partition: the one that describes the graph in the fewest bits, split further wherever
//! a community's own edges are described in fewer bits by its parts.
//!
//! A first search at γ = 1 is followed by searches at the resolution that its result indicates
//! (Newman 2016), where the parts of its draft are joined again if that settles; then by the map
//! equation and modularity in turns from the best; small graphs try a series of resolutions too.
//! Splitting, into few parts at a time, finds small communities inside of large ones whatever the size
//! of the whole graph. A run after another starts from the previous leaf level instead: nodes and whole
//! communities move, and parts are searched for where much has changed. Time: one search for each
//! candidate, about four, or a few sweeps near the previous leaf level; memory: a search's state for
//! each thread. Decisions 13 and 20.

mod candidate;
mod refine;
mod search;
mod settle;
mod split;
mod tuning;

pub(super) use search::{
    FirstPartition, LeafPartition, PreviousLeaf, bits_per_edge, first, leaf, leaf_near,
};
pub(super) use settle::move_once_more;
