//! Opaque cursors: `run ‖ position ‖ filter ‖ MAC`, in base64url.
//!
//! The filter is a hash of account, path and parameters (but `limit`), so a cursor works only for
//! the walk that it was given in; the MAC (BLAKE3, keyed) makes it ours. A walk stays on the run
//! that it began with, so its pages fit together whatever is published meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::RunId;

/// Where a page begins, in a route's own terms.
pub(crate) type Position = [u64; 2];

/// The key that cursors are signed with; the same in every instance.
#[derive(Clone)]
pub(crate) struct Signer([u8; 32]);

/// What a cursor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The run of the walk; 0 where none is needed.
    pub(crate) run: RunId,
    /// Where the page begins.
    pub(crate) position: Position,
}

/// A hash of what the walk is about.
pub(crate) type Filter = [u8; 8];

const SAID_BYTES: usize = 24;
const MAC_BYTES: usize = 16;

impl Signer {
    /// Derives the key from the installation's secret.
    pub(crate) fn new(secret: &[u8]) -> Signer {
        Signer(blake3::derive_key("borg 2026-11 api-gateway cursors", secret))
    }

    /// The hash of what a walk is about. Lengths keep the parts apart.
    pub(crate) fn filter(parts: &[&str]) -> Filter {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut filter = Filter::default();
        hasher.finalize_xof().fill(&mut filter);
        filter
    }

    /// The cursor as clients see it.
    pub(crate) fn seal(&self, cursor: Cursor, filter: Filter) -> String {
        let mut said = Vec::with_capacity(SAID_BYTES + MAC_BYTES);
        said.extend(cursor.run.number().to_le_bytes());
        cursor.position.iter().for_each(|part| said.extend(part.to_le_bytes()));
        let mac = self.mac(&said, filter);
        said.extend(&mac.as_bytes()[..MAC_BYTES]);
        URL_SAFE_NO_PAD.encode(said)
    }

    /// Reads a cursor; `None` if it is not ours or belongs to another walk.
    pub(crate) fn open(&self, text: &str, filter: Filter) -> Option<Cursor> {
        let bytes: [u8; SAID_BYTES + MAC_BYTES] =
            URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (said, mac) = bytes.split_at(SAID_BYTES);
        // Both are hashed again, so that the comparison takes the same time wherever they differ.
        let wanted = self.mac(said, filter);
        if blake3::hash(mac) != blake3::hash(&wanted.as_bytes()[..MAC_BYTES]) {
            return None;
        }
        let number = |at: usize| said[at..].first_chunk().map(|part| u64::from_le_bytes(*part));
        Some(Cursor { run: RunId::new(number(0)?), position: [number(8)?, number(16)?] })
    }

    fn mac(&self, said: &[u8], filter: Filter) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(said);
        hasher.update(&filter);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor { run: RunId::new(3), position: [7, u64::MAX] }
    }

    #[test]
    fn a_cursor_reads_back_in_its_own_walk_only() {
        let signer = Signer::new(b"secret");
        let (here, there) = (Signer::filter(&["a", "bc"]), Signer::filter(&["ab", "c"]));
        let text = signer.seal(cursor(), here);
        assert_eq!(signer.open(&text, here), Some(cursor()));
        assert_eq!(signer.open(&text, there), None);
        assert_eq!(Signer::new(b"other").open(&text, here), None);
    }

    #[test]
    fn whatever_is_changed_in_a_cursor_voids_it() {
        let signer = Signer::new(b"secret");
        let filter = Signer::filter(&["a"]);
        let text = signer.seal(cursor(), filter);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(signer.open(&changed, filter), None, "{at}");
        }
        for text in ["", "x", "borg", &text[1..]] {
            assert_eq!(signer.open(text, filter), None);
        }
    }
}
