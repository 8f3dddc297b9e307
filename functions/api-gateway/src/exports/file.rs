//! Files by links that this server gives itself: where the store of objects gives none.
//!
//! A link has a token, which names the file and says until when, signed. It is no key: it opens this one file, for a
//! quarter of an hour. It is in no log, as the log has routes and no paths.

use std::str::FromStr;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::export::part_key;
use model::time::Timestamp;
use model::{ExportFormat, ExportId};

use crate::error::{Problem, ProblemCode};
use crate::extract::PathId;
use crate::state::Gateway;

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
    fn read(&self, token: &FileToken) -> Option<FileName> {
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

/// A file of an export, by a link of `POST /v1/exports/{id}/links`. It needs no key.
#[utoipa::path(
    get,
    path = "/v1/files/{token}",
    operation_id = "get_file",
    tag = "exports",
    security(()),
    params(("token" = String, Path, pattern = "^[A-Za-z0-9_-]{114}$",
        example = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    responses(
        (status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/gzip"),
        )),
        Problem,
    )
)]
pub(crate) async fn get(
    State(gateway): State<Gateway>,
    PathId(token): PathId<FileToken>,
) -> Result<Response, Problem> {
    let name = gateway.files().read(&token).filter(|name| gateway.now() < name.expires_at);
    let name = name.ok_or_else(over)?;
    let key = part_key(name.export, name.part, &name.sha256, name.format);
    let bytes = gateway.objects().store().get(&key).await?.ok_or_else(over)?;
    let shown = format!(
        "attachment; filename=\"{}-{:05}.{}\"",
        name.export,
        name.part,
        name.format.ending()
    );
    let shown = HeaderValue::try_from(shown).map_err(|_| Problem::internal())?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(name.format.media_type())),
        (CONTENT_DISPOSITION, shown),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

fn over() -> Problem {
    let why =
        "there is no file by this link: it is over, or the file was replaced. Ask for another link";
    Problem::new(ProblemCode::FileLinkOver, why)
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
