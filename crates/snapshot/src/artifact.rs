//! Sealed artifacts of a run: what a stage made, so that another invocation can continue from there.
//!
//! An artifact is one object, `runs/<run>/<name>`: [`FORMAT`], a BLAKE3 hash, and what it is of: postcard
//! under zstd, frame after frame. Objects are create-only: a stage that runs twice makes the same
//! bytes, and the first artifact stays.

use std::collections::HashSet;
use std::io;

use model::RunId;
use model::port::PortError;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ObjectStore;

/// What each artifact begins with. The last byte counts up whenever a sealed type changes its shape: runs
/// sealed before cannot be read then, and the next one begins without them.
const FORMAT: [u8; 4] = *b"brg\x03";
const HASH_BYTES: usize = 32;
/// Most artifacts are numbers that no level makes small: level 3 takes 0.9 CPU-s where 1 takes 0.5, for a
/// tenth fewer bytes.
const ZSTD_LEVEL: i32 = 1;

/// Plain bytes of one frame. Frames are packed side by side, each at once: zstd is slower on a stream.
const FRAME_BYTES: usize = 4 << 20;

/// Why an artifact cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The object store failed.
    #[error("{key}: {source}")]
    Port {
        /// The object.
        key: String,
        /// Why.
        source: PortError,
    },
    /// There is no such object: an earlier stage is not sealed.
    #[error("{0} is not sealed")]
    Missing(String),
    /// A version of Borg whose types had another shape sealed the object.
    #[error("{0} was sealed by another version of Borg: score again")]
    Format(String),
    /// The object is not what was sealed.
    #[error("{key} is corrupt: {why}")]
    Corrupt {
        /// The object.
        key: String,
        /// What does not fit.
        why: String,
    },
}

impl ArtifactError {
    /// Whether the object is missing, broken, or of another format.
    pub fn is_unreadable(&self) -> bool {
        !matches!(self, ArtifactError::Port { .. })
    }

    /// Whether the same call may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self, ArtifactError::Port { source: PortError::Retry(_), .. })
    }

    pub(crate) fn corrupt(key: &str, why: impl ToString) -> ArtifactError {
        ArtifactError::Corrupt { key: key.to_owned(), why: why.to_string() }
    }
}

/// The object key of an artifact of a run.
pub fn key(run: RunId, name: &str) -> String {
    format!("runs/{run}/{name}")
}

/// Seals `value`; an artifact that exists stays as it is.
pub async fn seal<T: Serialize>(
    objects: ObjectStore<'_>,
    key: &str,
    value: &T,
) -> Result<(), ArtifactError> {
    let body = encode(value);
    put(objects, key, body.map_err(|why| ArtifactError::corrupt(key, why))?).await
}

/// Puts bytes as they are; an object that exists stays.
pub async fn put(objects: ObjectStore<'_>, key: &str, body: Vec<u8>) -> Result<(), ArtifactError> {
    let put = objects.put(key, body).await;
    put.map(|_| ()).map_err(|source| ArtifactError::Port { key: key.to_owned(), source })
}

/// Gets bytes as they are; `Missing` if there are none.
pub async fn get(objects: ObjectStore<'_>, key: &str) -> Result<Vec<u8>, ArtifactError> {
    let found = objects.get(key).await;
    let found = found.map_err(|source| ArtifactError::Port { key: key.to_owned(), source })?;
    found.ok_or_else(|| ArtifactError::Missing(key.to_owned()))
}

/// Opens an artifact; `None` if it is not sealed yet.
pub async fn find<T: DeserializeOwned>(
    objects: ObjectStore<'_>,
    key: &str,
) -> Result<Option<T>, ArtifactError> {
    match open(objects, key).await {
        Err(ArtifactError::Missing(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// Opens an artifact; `Missing` if there is none.
pub async fn open<T: DeserializeOwned>(
    objects: ObjectStore<'_>,
    key: &str,
) -> Result<T, ArtifactError> {
    let body = get(objects, key).await?;
    let body = body.strip_prefix(&FORMAT).ok_or_else(|| ArtifactError::Format(key.to_owned()))?;
    decode(body).map_err(|why| ArtifactError::corrupt(key, why))
}

/// The names of the artifacts that a run has.
pub async fn names(objects: ObjectStore<'_>, run: RunId) -> Result<HashSet<String>, ArtifactError> {
    let prefix = key(run, "");
    let found = objects.list(&prefix).await;
    let found = found.map_err(|source| ArtifactError::Port { key: prefix.clone(), source })?;
    Ok(found.iter().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect())
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let plain = postcard::to_stdvec(value).map_err(|error| error.to_string())?;
    let frames = plain.par_chunks(FRAME_BYTES);
    let frames: io::Result<Vec<Vec<u8>>> =
        frames.map(|plain| zstd::bulk::compress(plain, ZSTD_LEVEL)).collect();
    let packed = frames.map_err(|error| error.to_string())?.concat();
    Ok([FORMAT.as_slice(), blake3::hash(&packed).as_bytes(), &packed].concat())
}

/// The value of a body without its format.
fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let (hash, packed) = body.split_first_chunk::<HASH_BYTES>().ok_or("it is too short")?;
    if blake3::hash(packed).as_bytes() != hash {
        return Err("its hash does not fit".to_owned());
    }
    let frames: Vec<&[u8]> = frames(packed)?;
    let plain = frames.par_iter().map(|frame| zstd::decode_all(*frame));
    let plain: io::Result<Vec<Vec<u8>>> = plain.collect();
    let plain = plain.map_err(|error| error.to_string())?.concat();
    postcard::from_bytes(&plain).map_err(|error| error.to_string())
}

/// The frames that packed bytes are made of.
fn frames(mut packed: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut frames = Vec::new();
    while !packed.is_empty() {
        let bytes = zstd::zstd_safe::find_frame_compressed_size(packed);
        let bytes = bytes.map_err(|code| zstd::zstd_safe::get_error_name(code).to_owned())?;
        let (frame, rest) = packed.split_at_checked(bytes).ok_or("a frame is cut off")?;
        frames.push(frame);
        packed = rest;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use model::rank_change::{RankChange, RankChangeReason, RankState};
    use model::{CommunityId, PersonId};

    use super::*;

    #[test]
    fn artifacts_of_any_number_of_frames_are_opened() {
        for length in [0, 1, FRAME_BYTES - 4, FRAME_BYTES, 3 * FRAME_BYTES + 1] {
            let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert!(decode(&encode(&value).unwrap()[FORMAT.len()..]) == Ok(value));
        }
    }

    #[test]
    fn changed_bytes_are_refused() {
        let mut body = encode(&vec![1u32, 2, 3]).unwrap().split_off(FORMAT.len());
        assert_eq!(decode::<Vec<u32>>(&body), Ok(vec![1, 2, 3]));
        let last = body.len() - 1;
        body[last] ^= 1;
        assert!(decode::<Vec<u32>>(&body).unwrap_err().contains("hash"));
        assert!(decode::<Vec<u32>>(&body[..8]).is_err());
    }

    /// The checked-in run has no changes. If these bytes change, [`FORMAT`] counts up.
    #[test]
    fn golden_bytes_of_changes() {
        let state = |rank, attention| RankState { rank: NonZeroU32::new(rank), attention };
        let change = RankChange {
            person: PersonId::new(300),
            community: CommunityId::new(7),
            run: RunId::new(2),
            before: state(0, 0.5),
            after: state(9, 1.0),
            reasons: vec![RankChangeReason { person: PersonId::new(1), before: 0.0, after: 2.0 }],
        };
        let bytes = postcard::to_stdvec(&vec![change.clone()]).unwrap();
        let golden = [
            b"\x01\x06per_9c\x05com_7\x05run_2".as_slice(),
            &[0, 0, 0, 0, 0x3f],
            &[1, 9, 0, 0, 0x80, 0x3f],
            b"\x01\x05per_1",
            &[0, 0, 0, 0, 0, 0, 0, 0x40],
        ];
        assert_eq!(bytes, golden.concat());
        assert_eq!(postcard::from_bytes::<Vec<RankChange>>(&bytes), Ok(vec![change]));
    }
}
