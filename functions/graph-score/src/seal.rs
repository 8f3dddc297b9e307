//! Sealing what a stage made, so that another invocation can go on from there.
//!
//! A value is one object, `runs/<run>/<name>`: [`FORMAT`], a BLAKE3 hash, and what it is of: postcard
//! under zstd, frame after frame. Objects are create-only: a stage that runs twice makes the same
//! bytes, and the first seal stays.

use std::collections::HashSet;
use std::io;

use model::RunId;
use model::port::{Objects, PortError};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What each seal begins with. The last byte counts up whenever a sealed type changes its shape: runs
/// sealed before cannot be read then, and the next one does without them.
const FORMAT: [u8; 4] = *b"brg\x03";
const HASH_BYTES: usize = 32;
/// Most of what is sealed is numbers that no level makes small: 3 takes 0.9 CPU-s where 1 takes 0.5,
/// for a tenth less.
const ZSTD_LEVEL: i32 = 1;

/// Plain bytes of one frame. Frames are packed side by side, each at once: zstd is slower where it is
/// handed a stream.
const FRAME_BYTES: usize = 4 << 20;

/// Why a sealed value cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The objects' door failed.
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
    /// The object was sealed by a version of Borg whose values had another shape.
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

/// The object key of a value of a run.
pub fn key(run: RunId, name: &str) -> String {
    format!("runs/{run}/{name}")
}

/// Seals `value`; one that is sealed already stays as it is.
pub async fn seal<T: Serialize>(
    objects: &impl Objects,
    key: &str,
    value: &T,
) -> Result<(), SealError> {
    let body = encode(value);
    put(objects, key, body.map_err(|why| SealError::Corrupt { key: key.to_owned(), why })?).await
}

/// Puts bytes as they are; what is there already stays.
pub(crate) async fn put(objects: &impl Objects, key: &str, body: Vec<u8>) -> Result<(), SealError> {
    let put = objects.put(key, body).await;
    put.map(|_| ()).map_err(|source| SealError::Port { key: key.to_owned(), source })
}

/// Gets bytes as they are; `Missing` if there are none.
pub(crate) async fn get(objects: &impl Objects, key: &str) -> Result<Vec<u8>, SealError> {
    let found = objects.get(key).await;
    let found = found.map_err(|source| SealError::Port { key: key.to_owned(), source })?;
    found.ok_or_else(|| SealError::Missing(key.to_owned()))
}

/// Opens a value that may be sealed already.
pub async fn find_sealed<T: DeserializeOwned>(
    objects: &impl Objects,
    key: &str,
) -> Result<Option<T>, SealError> {
    match open(objects, key).await {
        Err(SealError::Missing(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// Opens a sealed value; `Missing` if there is none.
pub async fn open<T: DeserializeOwned>(objects: &impl Objects, key: &str) -> Result<T, SealError> {
    let body = get(objects, key).await?;
    let body = body.strip_prefix(&FORMAT).ok_or_else(|| SealError::Format(key.to_owned()))?;
    decode(body).map_err(|why| SealError::Corrupt { key: key.to_owned(), why })
}

/// The names under which values of a run are sealed.
pub(crate) async fn names(
    objects: &impl Objects,
    run: RunId,
) -> Result<HashSet<String>, SealError> {
    let prefix = key(run, "");
    let found = objects.list(&prefix).await;
    let found = found.map_err(|source| SealError::Port { key: prefix.clone(), source })?;
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
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_however_many_frames_it_takes() {
        for length in [0, 1, FRAME_BYTES - 4, FRAME_BYTES, 3 * FRAME_BYTES + 1] {
            let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert!(decode(&encode(&value).unwrap()[FORMAT.len()..]) == Ok(value));
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let mut body = encode(&vec![1u32, 2, 3]).unwrap().split_off(FORMAT.len());
        assert_eq!(decode::<Vec<u32>>(&body), Ok(vec![1, 2, 3]));
        let last = body.len() - 1;
        body[last] ^= 1;
        assert!(decode::<Vec<u32>>(&body).unwrap_err().contains("hash"));
        assert!(decode::<Vec<u32>>(&body[..8]).is_err());
    }
}
