//! Hostile bodies: too long, too dense, too slow, or not text.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::stream;

const ENDLESS_BYTES: usize = 5_000_000_000;
const CHUNK_BYTES: usize = 65_536;

/// A gzip header, then a deflate block of fixed codes: one space, and the first five bits of a run
/// that the repeated part continues.
const BOMB_HEAD: [u8; 12] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x53, 0x18];
/// How many spaces the repeated part represents.
const BOMB_CYCLE_BYTES: usize = 8 * 258;
const BOMB_BYTES: usize = 1 << 30;

/// The 13 bytes that hold eight runs of 258 (code 285: `11000101`, distance 1: `00000`), as they
/// lie after the head, which holds five bits of a run.
fn bomb_cycle() -> [u8; 13] {
    const RUN: [u8; 13] = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let mut cycle = [0u8; 13];
    for bit in 0..104 {
        cycle[bit / 8] |= RUN[(bit + 5) % 13] << (bit % 8);
    }
    cycle
}

/// A head, then copies of one chunk.
fn repeat(head: Bytes, chunk: Bytes, times: usize) -> Body {
    let pieces = std::iter::once(head).chain(std::iter::repeat_n(chunk, times));
    Body::from_stream(stream::iter(pieces.map(Ok::<Bytes, Infallible>)))
}

/// 5 GB of white space after the beginning of an object.
pub(crate) fn endless() -> Body {
    let chunk = Bytes::from(vec![b' '; CHUNK_BYTES]);
    repeat(Bytes::from_static(b"{"), chunk, ENDLESS_BYTES / CHUNK_BYTES)
}

/// A gzip stream of 7 MB that unpacks to 1 GiB; it has no end mark.
pub(crate) fn bomb() -> Body {
    let cycles_per_chunk = CHUNK_BYTES / 13;
    let chunk = Bytes::from(bomb_cycle().repeat(cycles_per_chunk));
    let times = BOMB_BYTES / BOMB_CYCLE_BYTES / cycles_per_chunk;
    repeat(Bytes::from_static(&BOMB_HEAD), chunk, times)
}

/// A body that is sent a byte at a time.
pub(crate) fn drip(body: Vec<u8>, pause: Duration) -> Body {
    let bytes = stream::unfold((body, 0), move |(body, at)| async move {
        let byte = *body.get(at)?;
        tokio::time::sleep(pause).await;
        Some((Ok::<Bytes, Infallible>(Bytes::copy_from_slice(&[byte])), (body, at + 1)))
    });
    Body::from_stream(bytes)
}

/// Writes bytes that are never UTF-8 into the middle.
pub(crate) fn corrupt_utf8(body: &mut [u8]) {
    let middle = body.len() / 2;
    for byte in body.iter_mut().skip(middle).take(2) {
        *byte = 0xff;
    }
}
