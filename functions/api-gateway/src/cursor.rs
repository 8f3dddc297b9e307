//! Opaque cursors: `run ‖ position`, sealed with the filter by AES-SIV (RFC 5297), in base64url.
//!
//! They are encrypted, because a position can be the id of somebody who is not shown, or a place in the
//! order of trust; and the same cursor always looks the same, because the `ETag` covers it. The filter
//! is a hash of account, path and parameters (but `limit`), so a cursor works only for the walk that it
//! was given in. A walk stays on the run that it began with, so its pages fit together whatever is
//! published meanwhile.

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::RunId;

/// Where a page begins, in a route's own terms.
pub(crate) type Position = [u64; 2];

/// The key that cursors are sealed with; the same in every instance.
#[derive(Clone)]
pub(crate) struct Sealer([u8; 32]);

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

/// Run and position.
const SAID_BYTES: usize = 24;

impl Sealer {
    /// Derives the key from the installation's secret.
    pub(crate) fn new(secret: &[u8]) -> Sealer {
        Sealer(blake3::derive_key("borg 2026-11 api-gateway sealed cursors", secret))
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
        let mut said = Vec::with_capacity(SAID_BYTES);
        said.extend(cursor.run.number().to_le_bytes());
        cursor.position.iter().for_each(|part| said.extend(part.to_le_bytes()));
        // One filter is far below the number that AES-SIV refuses.
        let sealed = self.cipher().encrypt([filter], &said).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Reads a cursor; `None` if it is not ours or belongs to another walk.
    pub(crate) fn open(&self, text: &str, filter: Filter) -> Option<Cursor> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let said = self.cipher().decrypt([filter], &sealed).ok()?;
        let said: [u8; SAID_BYTES] = said.try_into().ok()?;
        let number = |at: usize| said[at..].first_chunk().map(|part| u64::from_le_bytes(*part));
        Some(Cursor { run: RunId::new(number(0)?), position: [number(8)?, number(16)?] })
    }

    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new(&self.0.into())
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
        let sealer = Sealer::new(b"secret");
        let (here, there) = (Sealer::filter(&["a", "bc"]), Sealer::filter(&["ab", "c"]));
        let text = sealer.seal(cursor(), here);
        assert_eq!(sealer.open(&text, here), Some(cursor()));
        assert_eq!(sealer.open(&text, there), None);
        assert_eq!(Sealer::new(b"other").open(&text, here), None);
    }

    #[test]
    fn a_cursor_tells_nobody_where_it_is_and_is_always_the_same() {
        let (sealer, filter) = (Sealer::new(b"secret"), Sealer::filter(&["a"]));
        let bytes = |position| {
            let text = sealer.seal(Cursor { run: RunId::new(3), position }, filter);
            URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        let (one, next) = (bytes([7, 0]), bytes([8, 0]));
        assert_eq!(one, bytes([7, 0]));
        let same = one.iter().zip(&next).filter(|(a, b)| a == b).count();
        assert!(same < 8, "{same} of {} bytes are those of the next position", one.len());
    }

    #[test]
    fn whatever_is_changed_in_a_cursor_voids_it() {
        let sealer = Sealer::new(b"secret");
        let filter = Sealer::filter(&["a"]);
        let text = sealer.seal(cursor(), filter);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(sealer.open(&changed, filter), None, "{at}");
        }
        for text in ["", "x", "borg", &text[1..]] {
            assert_eq!(sealer.open(text, filter), None);
        }
    }
}
