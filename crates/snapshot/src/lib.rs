//! Sealed snapshots of the attention graph, and the sealed artifacts of a run.
//!
//! A snapshot is `snapshots/<id>/`: shards of nodes ([`Nodes`]), shards of arcs by layer, direction and
//! range of numbers ([`shard`]), and the manifest, which names and hashes them. Sealed objects never
//! change.
//!
//! | module | does |
//! |---|---|
//! | [`shard`] | arcs ↔ bytes, as pure functions |
//! | [`artifact`] | one value of a run ↔ one object |
//! | [`person_rows`] | the attention between a run's people, in blocks that are read one at a time |
//! | [`build`] | profiles and adjacency, in the order in which they are read → a sealed snapshot |
//! | [`mod@load`] | a sealed snapshot → nodes, and the layers between persons |
//!
//! Objects are read and written through the port [`Objects`](model::port::Objects), behind
//! [`ObjectStore`]. This crate has no database: its caller reads the rows and adds them to a build.

pub mod artifact;
pub mod build;
mod directory;
mod error;
pub mod load;
mod nodes;
mod objects;
pub mod person_rows;
mod rows;
pub mod shard;
mod stored_nodes;
mod stored_shard;

use model::{Direction, Layer};

pub use error::SnapshotError;
pub use load::{Snapshot, load, load_manifest, load_nodes};
pub use nodes::{NodeFact, Nodes};
pub use objects::{ObjectStore, SharedObjects};
pub use rows::{RowBuilder, dense_arcs};
pub use shard::DenseArc;

/// The format of a snapshot that is written.
pub const FORMAT: u32 = shard::FORMAT;

/// A layer as one direction shows it: a part of every snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    /// The layer.
    pub layer: Layer,
    /// Whether the arcs come from the lists of those who attend, or of those attended to.
    pub direction: Direction,
}

/// Profile numbers from `first` up to, but without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The first number.
    pub first: u32,
    /// One past the last number.
    pub end: u32,
}

impl NumberRange {
    /// Whether a number is in the range.
    pub const fn contains(self, number: u32) -> bool {
        self.first <= number && number < self.end
    }

    /// How many numbers the range has.
    pub const fn len(self) -> usize {
        (self.end - self.first) as usize
    }

    /// Whether the range has no number.
    pub const fn is_empty(self) -> bool {
        self.first == self.end
    }
}
