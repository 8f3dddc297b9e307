//! Searches around a few people, over rows that are read as they are needed: personal views, and the
//! strongest path of attention between two people.
//!
//! A search does no IO. It is advanced over the rows at hand ([`RowSource`]) and says which further ones it
//! misses; its caller fetches those and advances it again. What it finds does not depend on what was at
//! hand when, nor on the size of the graph, but on the rows alone, bit for bit.

mod path;
mod path_side;
mod push;
mod reached;
mod share_code;
mod source;

pub use path::{FoundPath, PathHop, PathSearch, PathSettings};
pub use push::{AttentionPart, LocalPush};
pub use share_code::ShareCode;
pub use source::{AttentionRow, MissingRows, PersonFact, RowSource, SearchStep};
