//! The global rank, and personal ranks.

mod global;
mod push;
mod residue;

pub use crate::walk::{RandomWalk, RankSettings, WalkResult};
pub use global::{GlobalRank, rank_stage};
pub use model::membership::score;
pub(crate) use push::first_ranks;
pub use push::{ForwardPush, PersonalRank, PushSettings};
pub use residue::{ResidueModel, residue_shares};
