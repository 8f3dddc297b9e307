//! Sums along arcs, block by block, and the random walk made of them.

mod blocks;
mod groups;
mod layout;
mod product;
mod random_walk;
mod rows;
mod scratch;
mod settings;
mod shares;
mod simd;
mod visit;

pub(crate) use layout::BlockLayout;
pub use random_walk::{RandomWalk, WalkResult};
pub use settings::RankSettings;
pub(crate) use shares::normalised;
