//! The manifest of a sealed snapshot: `snapshots/<id>/manifest.json`.

use serde::{Deserialize, Serialize};

use crate::id::SnapshotId;
use crate::layer::{Direction, Layer};
use crate::time::Timestamp;

/// The parts of a snapshot. It is written last; a snapshot without a manifest does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// The format of the shards; readers refuse an unknown one.
    pub format: u32,
    /// This snapshot.
    pub id: SnapshotId,
    /// The snapshot that this one was made from.
    pub parent: Option<SnapshotId>,
    /// The high-water mark, an `xid8`: every adjacency row of an earlier transaction is in the snapshot.
    pub high_water: u64,
    /// When the database was read.
    pub at: Timestamp,
    /// The number of profiles.
    pub profiles: u64,
    /// The number of persons that they are joined into.
    pub people: u64,
    /// Profiles are numbered `0..numbers`. A snapshot keeps its parent's numbers, so the numbers of
    /// profiles that left are vacant.
    #[serde(default)]
    pub numbers: u64,
    /// How many numbers, from 0 on, are in the order of communities; the others were added later.
    #[serde(default)]
    pub ordered: u64,
    /// The shards of profiles by number, without gaps.
    pub nodes: Vec<Shard>,
    /// The arcs, by layer.
    pub layers: Vec<LayerShards>,
}

/// One layer and direction of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerShards {
    /// The layer.
    pub layer: Layer,
    /// Out: the sources' own lists. In: only arcs whose sources show no complete list of their own.
    pub direction: Direction,
    /// Its shards, by id range. A range without arcs has no shard; all layers have the same ranges.
    pub shards: Vec<Shard>,
}

/// One object of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its object key.
    pub key: String,
    /// The first profile number in it; of arcs, that of the source.
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
pub const FORMATS_READ: &[u32] = &[1, 2];

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
    /// The bytes of a shard are not those that were written.
    #[error("shard {key} is corrupt: {why}")]
    CorruptShard {
        /// The object key.
        key: String,
        /// What is wrong.
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
    fn golden_bytes_are_read_and_written() {
        let path = "../../tests/compat/format-1/objects/snapshots/snp_1/manifest.json";
        let body = std::fs::read(path).unwrap();
        let manifest: SnapshotManifest = serde_json::from_slice(&body).unwrap();
        assert_eq!((manifest.format, manifest.layers[0].shards[0].arcs), (1, 944));
        assert!(serde_json::to_vec_pretty(&manifest).unwrap() == body);
    }

    #[test]
    fn a_manifest_of_format_0_is_refused_with_the_remedy() {
        let text = r#"{"format": 0, "id": "snp_3", "parent": null, "high_water": 7,
            "at": "2026-11-22T10:00:00Z", "profiles": 2, "people": 2, "nodes": [], "layers": []}"#;
        let manifest: SnapshotManifest = serde_json::from_str(text).unwrap();
        let refused = manifest.check_format().unwrap_err().to_string();
        assert!(refused.contains("format 0") && refused.contains("score again"), "{refused}");
    }

    #[test]
    fn a_manifest_has_this_json() {
        let json = concat!(
            r#"{"format":1,"id":"snp_3","parent":"snp_2","high_water":7,"at":"2026-11-22T10:00:00Z","#,
            r#""profiles":2,"people":1,"numbers":4,"ordered":3,"nodes":[],"layers":[{"layer":"follow","#,
            r#""direction":"in","shards":[{"key":"snapshots/snp_3/a","first":0,"end":4,"arcs":2,"#,
            r#""bytes":9,"blake3":"ab"}]}]}"#,
        );
        let manifest: SnapshotManifest = serde_json::from_str(json).unwrap();
        assert_eq!(manifest.layers[0].direction, Direction::In);
        assert_eq!(serde_json::to_string(&manifest).unwrap(), json);
        assert_eq!(manifest_key(manifest.id), "snapshots/snp_3/manifest.json");
    }
}
