//! The bytes of shards in the object store, checked by their hashes.

use model::snapshot::{Shard, SnapshotManifestError};

use crate::artifact::{get, put};
use crate::{NumberRange, ObjectStore, SnapshotError};

/// A shard's bytes, which must have the hash that the manifest says.
pub(crate) async fn get_shard(
    objects: ObjectStore<'_>,
    shard: &Shard,
) -> Result<Vec<u8>, SnapshotError> {
    let body = get(objects, &shard.key).await?;
    if blake3::hash(&body).to_hex().as_str() != shard.blake3 {
        let (key, why) = (shard.key.clone(), "its hash is another");
        return Err(SnapshotManifestError::CorruptShard { key, why }.into());
    }
    Ok(body)
}

/// Seals the bytes of a shard.
pub(crate) async fn put_shard(
    objects: ObjectStore<'_>,
    key: String,
    range: NumberRange,
    arcs: u64,
    body: Vec<u8>,
) -> Result<Shard, SnapshotError> {
    let (bytes, blake3) = (body.len() as u64, blake3::hash(&body).to_hex().to_string());
    put(objects, &key, body).await?;
    Ok(Shard { key, first: range.first.into(), end: range.end.into(), arcs, bytes, blake3 })
}
