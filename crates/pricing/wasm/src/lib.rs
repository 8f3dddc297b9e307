//! The published history of prices, recomputed by any client: WebAssembly without imports.
//!
//! A client calls [`reserve`] with the number of bytes, writes the epochs to the address that it returns
//! (each in the form of [`pricing::history`]), and calls [`recompute`].
//!
//! ```js
//! const { memory, reserve, recompute } = (await WebAssembly.instantiateStreaming(answer)).instance.exports;
//! const address = reserve(bytes.length); // before `memory.buffer`, which it may replace
//! new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
//! const verdict = recompute(0); // a BigInt: not negative if every epoch follows from those before it
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{Excess, PublishedEpoch};
use pricing::history::{EPOCH_BYTES, decode};

/// No history is longer: 970,000 epochs, almost two years.
const HISTORY_BYTES_MAX: u32 = 64 << 20;

/// The verdict on bytes that are no history, beside those of [`pricing::history::EpochFault`].
const MALFORMED: i64 = 8;

/// Where the client writes.
static HISTORY: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn history() -> MutexGuard<'static, Vec<u8>> {
    HISTORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for a history of this size, and returns its address. It is valid until the next call.
/// 0 if that is more than 64 MiB.
#[expect(unsafe_code, reason = "an export needs its name, which no other function here has")]
#[unsafe(no_mangle)]
pub extern "C" fn reserve(bytes: u32) -> u32 {
    if bytes > HISTORY_BYTES_MAX {
        return 0;
    }
    let mut history = history();
    history.clear();
    history.resize(bytes as usize, 0);
    // Addresses of WebAssembly have 32 bits.
    history.as_ptr() as usize as u32
}

/// Computes the reserved history again. Its first `known` epochs are those that the client trusts.
///
/// Returns 2^32 · gaps + epochs computed if each epoch follows from those before it. Otherwise
/// −(2^32 · fault + epoch) of the first that does not, with the numbers of
/// [`pricing::history::EpochFault`], or fault 8 if the bytes are no history.
#[expect(unsafe_code, reason = "an export needs its name, which no other function here has")]
#[unsafe(no_mangle)]
pub extern "C" fn recompute(known: u32) -> i64 {
    verdict(&history(), known)
}

/// What [`recompute`] says of these bytes.
pub fn verdict(bytes: &[u8], known: u32) -> i64 {
    let (epochs, rest) = bytes.as_chunks::<EPOCH_BYTES>();
    let epochs: Option<Vec<PublishedEpoch>> = epochs.iter().map(decode).collect();
    let epochs = epochs.filter(|_| rest.is_empty());
    let Some((known, history)) =
        epochs.as_ref().and_then(|all| all.split_at_checked(known as usize))
    else {
        return -(MALFORMED << 32);
    };
    match pricing::recompute(known, history) {
        Ok(found) => ((found.gaps << 32) + found.epochs) as i64,
        Err(wrong) => -((i64::from(wrong.fault as u8) << 32) + i64::from(wrong.epoch.number())),
    }
}

/// The index of an excess, both 32.32 fixed point.
#[expect(unsafe_code, reason = "an export needs its name, which no other function here has")]
#[unsafe(no_mangle)]
pub extern "C" fn index_of(excess: u64) -> u64 {
    pricing::index_of(Excess::from_bits(excess)).bits()
}
