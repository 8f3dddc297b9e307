//! Opaque cursors: `run ‖ position`, sealed with the filter by AES-SIV (RFC 5297), in base64url.
//!
//! They are encrypted, because a position can be the id of an unlisted profile, or a position in the order
//! of trust; and encryption is deterministic, because the `ETag` covers the cursor. The filter is a hash
//! of account, path and parameters (but `limit`), so a cursor works only with the same request. All
//! pages come from the run of the first one, so they fit together whatever is published meanwhile.

use std::ops::Deref;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::RunId;
use serde::Deserialize;

/// Where a page begins, in a route's own terms.
pub(crate) type CursorPosition = [u64; 2];

/// The key that cursors are sealed with; the same in every instance.
#[derive(Clone)]
pub(crate) struct CursorSealer([u8; 32]);

/// The longest cursor.
pub(crate) const CURSOR_LENGTH_MAX: usize = 1_024;

/// What may be a cursor: base64url.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CursorText(String);

impl Deref for CursorText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CursorText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<CursorText, &'static str> {
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_cursor = (1..=CURSOR_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_digit);
        let why = "is no cursor: send `next_cursor` as it was given, or begin without it";
        if is_cursor { Ok(CursorText(text)) } else { Err(why) }
    }
}

/// What a cursor contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The run of all pages; 0 where none is needed.
    pub(crate) run: RunId,
    /// Where the page begins.
    pub(crate) position: CursorPosition,
}

/// A hash of the request that a cursor belongs to.
pub(crate) type CursorFilter = [u8; 8];

/// Run and position.
const SAID_BYTES: usize = 24;

/// What tells cursors of texts from those of numbers.
const TEXT: &[u8] = b"text";

impl CursorSealer {
    /// Derives the key from the installation's secret.
    pub(crate) fn new(secret: &[u8]) -> CursorSealer {
        CursorSealer(blake3::derive_key("borg 2026-11 api-gateway sealed cursors", secret))
    }

    /// The hash of these parts of a request. Lengths keep the parts apart.
    pub(crate) fn filter(parts: &[&str]) -> CursorFilter {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut filter = CursorFilter::default();
        hasher.finalize_xof().fill(&mut filter);
        filter
    }

    /// The cursor as clients get it.
    pub(crate) fn seal(&self, cursor: Cursor, filter: CursorFilter) -> String {
        let mut said = Vec::with_capacity(SAID_BYTES);
        said.extend(cursor.run.number().to_le_bytes());
        cursor.position.iter().for_each(|part| said.extend(part.to_le_bytes()));
        // One filter is far below the number that AES-SIV refuses.
        let sealed = self.cipher().encrypt([filter], &said).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Reads a cursor; `None` if it is damaged or belongs to another request.
    pub(crate) fn open(&self, text: &str, filter: CursorFilter) -> Option<Cursor> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let said = self.cipher().decrypt([filter], &sealed).ok()?;
        let said: [u8; SAID_BYTES] = said.try_into().ok()?;
        let number = |at: usize| said[at..].first_chunk().map(|part| u64::from_le_bytes(*part));
        Some(Cursor { run: RunId::new(number(0)?), position: [number(8)?, number(16)?] })
    }

    /// The cursor of a position that is a text.
    pub(crate) fn seal_text(&self, text: &str, filter: CursorFilter) -> String {
        let sealed = self.cipher().encrypt([&filter[..], TEXT], text.as_bytes());
        URL_SAFE_NO_PAD.encode(sealed.unwrap_or_default())
    }

    /// Reads a cursor of a text; `None` if it is not one of this request.
    pub(crate) fn open_text(&self, text: &str, filter: CursorFilter) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let said = self.cipher().decrypt([&filter[..], TEXT], &sealed).ok()?;
        String::from_utf8(said).ok()
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
    fn a_cursor_reads_back_with_its_own_request_only() {
        let sealer = CursorSealer::new(b"secret");
        let (here, there) =
            (CursorSealer::filter(&["a", "bc"]), CursorSealer::filter(&["ab", "c"]));
        let text = sealer.seal(cursor(), here);
        assert_eq!(sealer.open(&text, here), Some(cursor()));
        assert_eq!(sealer.open(&text, there), None);
        assert_eq!(CursorSealer::new(b"other").open(&text, here), None);
    }

    #[test]
    fn a_cursor_hides_its_position_and_is_deterministic() {
        let (sealer, filter) = (CursorSealer::new(b"secret"), CursorSealer::filter(&["a"]));
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
    fn a_changed_cursor_is_refused() {
        let sealer = CursorSealer::new(b"secret");
        let filter = CursorSealer::filter(&["a"]);
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
