//! Tokens of links to files that this server gives itself.
//!
//! A token names the file and says until when, signed. It is no key: it opens this one file, for a quarter of an hour. It
//! is in no log, as the log has routes and no paths.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::Timestamp;
use model::{ExportFormat, ExportId};

/// A file, and until when it may be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) export: ExportId,
    pub(crate) part: u32,
    pub(crate) format: ExportFormat,
    pub(crate) sha256: [u8; 32],
    pub(crate) expires_at: Timestamp,
}

/// Signs names of files, and reads them.
#[derive(Clone)]
pub(crate) struct FileSigner([u8; 32]);

/// What a token says: export, part, format, hash, time.
const SAID_BYTES: usize = 8 + 4 + 1 + 32 + 8;

/// The digits of a token: what it says, and 32 bytes of signature.
const TOKEN_DIGITS: usize = ((SAID_BYTES + 32) * 4).div_ceil(3);

/// What may be a token.
#[derive(Debug, Clone)]
pub(crate) struct FileToken(String);

impl FromStr for FileToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<FileToken, &'static str> {
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_token = text.len() == TOKEN_DIGITS && text.bytes().all(is_digit);
        if is_token { Ok(FileToken(text.to_owned())) } else { Err("this is no link to a file") }
    }
}

impl FileSigner {
    /// Derives the key from the installation's secret.
    pub(crate) fn new(secret: &[u8]) -> FileSigner {
        FileSigner(blake3::derive_key("borg 2026-11 api-gateway file links", secret))
    }

    /// The token of a file.
    pub(crate) fn sign(&self, name: &FileName) -> String {
        let mut said = Vec::with_capacity(SAID_BYTES + 32);
        said.extend(name.export.number().to_le_bytes());
        said.extend(name.part.to_le_bytes());
        said.push(name.format as u8);
        said.extend(name.sha256);
        said.extend(name.expires_at.as_second().to_le_bytes());
        let signature = blake3::keyed_hash(&self.0, &said);
        said.extend(signature.as_bytes());
        URL_SAFE_NO_PAD.encode(said)
    }

    /// The file that a token names; `None` if it is not signed by us.
    pub(crate) fn read(&self, token: &FileToken) -> Option<FileName> {
        let bytes = URL_SAFE_NO_PAD.decode(&token.0).ok()?;
        let (said, signature) = bytes.split_at_checked(SAID_BYTES)?;
        let signature: [u8; 32] = signature.try_into().ok()?;
        // Hashes compare in constant time.
        if blake3::keyed_hash(&self.0, said) != blake3::Hash::from_bytes(signature) {
            return None;
        }
        let number = |at: usize| said[at..].first_chunk().map(|part| u64::from_le_bytes(*part));
        let expires = i64::from_le_bytes(*said[45..].first_chunk()?);
        Some(FileName {
            export: ExportId::new(number(0)?),
            part: u32::from_le_bytes(*said[8..].first_chunk()?),
            format: ExportFormat::from_number(said[12])?,
            sha256: *said[13..].first_chunk()?,
            expires_at: Timestamp::from_second(expires).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> FileName {
        FileName {
            export: ExportId::new(u64::MAX >> 1),
            part: 7,
            format: ExportFormat::Parquet,
            sha256: [0xab; 32],
            expires_at: "2026-11-22T10:15:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_token_reads_back_and_a_changed_one_does_not() {
        let signer = FileSigner::new(b"secret");
        let token = signer.sign(&name());
        let read = |text: &str| text.parse().ok().and_then(|token| signer.read(&token));
        assert_eq!(read(&token), Some(name()));
        assert_eq!(token.len(), TOKEN_DIGITS);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(read(&changed), None, "{at}");
        }
        assert_eq!(FileSigner::new(b"other").read(&FileToken(token.clone())), None);
        assert!(token[1..].parse::<FileToken>().is_err() && "é".parse::<FileToken>().is_err());
    }
}
