//! The platforms' own identifiers, made from names and times.

use crate::random::{mix_bytes, mix_pair};

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE32_SORTABLE: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

fn push_base32(text: &mut String, mut seed: u64, characters: usize) {
    for at in 0..characters {
        if at % 12 == 11 {
            seed = mix_pair(seed, at as u64);
        }
        text.push(char::from(BASE32[(seed >> (5 * (at % 12)) & 31) as usize]));
    }
}

/// `did:plc:` and 24 characters, always the same for one first handle.
pub(crate) fn did(handle: &str) -> String {
    let mut text = String::from("did:plc:");
    push_base32(&mut text, mix_bytes(handle.as_bytes()), 24);
    text
}

/// A content id: `bafyrei` and 52 characters that depend on what it names.
pub(crate) fn cid(of: u64) -> String {
    let mut text = String::from("bafyrei");
    push_base32(&mut text, mix_pair(of, 0xC1D), 52);
    text
}

/// A record key: 13 characters that sort by time.
pub(crate) fn record_key(unix_seconds: u32, salt: u32) -> [u8; 13] {
    let mut bits = (u64::from(unix_seconds) * 1_000_000) << 10 | u64::from(salt & 1_023);
    let mut key = [0; 13];
    for character in key.iter_mut().rev() {
        *character = BASE32_SORTABLE[(bits & 31) as usize];
        bits >>= 5;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dids_look_real_and_differ() {
        let alice = did("alice.test");
        assert_eq!(alice.len(), 32);
        assert!(alice.starts_with("did:plc:") && alice.bytes().skip(8).all(|b| b != b'1'));
        assert_ne!(alice, did("bob.test"));
        assert_eq!(cid(1).len(), 59);
    }

    #[test]
    fn record_keys_sort_by_time() {
        assert!(record_key(1_793_491_200, 5) < record_key(1_793_491_201, 0));
        assert!(record_key(1_793_491_200, 5) < record_key(1_793_491_200, 6));
        assert_eq!(record_key(1, 0).len(), 13);
    }
}
