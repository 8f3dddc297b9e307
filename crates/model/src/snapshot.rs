//! The manifest of a sealed snapshot: `snapshots/<id>/manifest.json`.

use serde::{Deserialize, Serialize};

use crate::id::SnapshotId;
use crate::layer::{Direction, Layer};
use crate::time::Timestamp;

/// What a snapshot consists of. Written last; a snapshot without it does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// The shard format; readers refuse numbers that they do not know.
    pub format: u32,
    /// This snapshot.
    pub id: SnapshotId,
    /// The snapshot that this one was merged from.
    pub parent: Option<SnapshotId>,
    /// Every adjacency row of a transaction below this `xid8` is in the snapshot.
    pub high_water: u64,
    /// When the record was read.
    pub at: Timestamp,
    /// How many profiles there are.
    pub profiles: u64,
    /// How many persons they are joined into.
    pub people: u64,
    /// Profiles are numbered `0..numbers`. A snapshot keeps its parent's numbers, so the numbers of
    /// profiles that left are vacant.
    #[serde(default)]
    pub numbers: u64,
    /// How many numbers, from 0 on, were given in the order of communities; later ones came after.
    #[serde(default)]
    pub ordered: u64,
    /// The shards of who has each number, by id range, without gaps.
    pub nodes: Vec<Shard>,
    /// The arcs, by layer.
    pub layers: Vec<LayerShards>,
}

/// One layer of a snapshot, as seen from one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerShards {
    /// The layer.
    pub layer: Layer,
    /// The side: own lists, or lists of those who attend. Of the latter, only the arcs whose
    /// sources show no complete list of their own.
    pub direction: Direction,
    /// Its shards, by id range. A range without arcs has no shard; the ranges of all layers are
    /// cut alike.
    pub shards: Vec<Shard>,
}

/// One sealed object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its object key.
    pub key: String,
    /// The first profile number in it: of an arc, the one who attends.
    pub first: u64,
    /// One past the last profile number in it.
    pub end: u64,
    /// How many arcs it holds (0 in a node shard).
    pub arcs: u64,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3 hash in hexadecimal.
    pub blake3: String,
}

/// The formats that this version reads.
pub const FORMATS_READ: &[u32] = &[1];

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotManifestError {
    /// Another version wrote it.
    #[error(
        "snapshot {id} has format {format}, which this version cannot read (it reads \
         {FORMATS_READ:?}): score again"
    )]
    UnknownFormat {
        /// The snapshot.
        id: SnapshotId,
        /// Its format.
        format: u32,
    },
    /// A shard's bytes are not those that were sealed.
    #[error("shard {key} is corrupt: {why}")]
    CorruptShard {
        /// The object key.
        key: String,
        /// What does not fit.
        why: &'static str,
    },
}

impl SnapshotManifest {
    /// Refuses formats that this version does not know.
    pub fn check_format(&self) -> Result<(), SnapshotManifestError> {
        if FORMATS_READ.contains(&self.format) {
            return Ok(());
        }
        Err(SnapshotManifestError::UnknownFormat { id: self.id, format: self.format })
    }
}

/// The object key of a snapshot's manifest.
pub fn manifest_key(id: SnapshotId) -> String {
    format!("snapshots/{id}/manifest.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_formats_are_refused_by_name() {
        let manifest = SnapshotManifest {
            format: 7,
            id: SnapshotId::new(3),
            parent: None,
            high_water: 0,
            at: Timestamp::UNIX_EPOCH,
            profiles: 0,
            people: 0,
            numbers: 0,
            ordered: 0,
            nodes: vec![],
            layers: vec![],
        };
        let refused = manifest.check_format().unwrap_err().to_string();
        assert!(refused.contains("snp_3") && refused.contains("format 7"), "{refused}");
        assert_eq!(SnapshotManifest { format: 1, ..manifest }.check_format(), Ok(()));
    }

    #[test]
    fn a_manifest_of_format_0_is_refused_and_says_what_to_do() {
        let text = r#"{"format": 0, "id": "snp_3", "parent": null, "high_water": 7,
            "at": "2026-11-22T10:00:00Z", "profiles": 2, "people": 2, "nodes": [], "layers": []}"#;
        let manifest: SnapshotManifest = serde_json::from_str(text).unwrap();
        let refused = manifest.check_format().unwrap_err().to_string();
        assert!(refused.contains("format 0") && refused.contains("score again"), "{refused}");
    }
}
