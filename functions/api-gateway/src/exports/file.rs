//! Files by links that this server gives itself: where the store of objects gives none.

use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use model::export::part_key;
use store::pg::export;

use super::hexadecimal;
use crate::byte_range::WantedBytes;
use crate::error::{Problem, ProblemCode, partial};
use crate::extract::PathId;
use crate::file_signer::{FileName, FileToken};
use crate::state::Gateway;

/// A file of an export or of the archive, by a link. It needs no key. `Range` gives a part of it, one at a time.
#[utoipa::path(
    get,
    path = "/v1/files/{token}",
    operation_id = "get_file",
    tag = "exports",
    security(()),
    params(
        ("token" = String, Path, pattern = "^[A-Za-z0-9_-]{114}$",
            example = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("Range" = Option<String>, Header, description = "The bytes that are wanted, as `bytes=0-999`, `bytes=1000-` \
            or `bytes=-1000`. Several ranges give the whole file."),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of the file that the bytes are to be of: if it \
            is another one by now, the whole file is given."),
    ),
    responses(
        (status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/gzip"),
        )),
        (status = 206, description = "The part of it that `Content-Range` names.", content(
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/gzip"),
        )),
        Problem,
    )
)]
pub(crate) async fn get(
    State(gateway): State<Gateway>,
    method: Method,
    headers: HeaderMap,
    PathId(token): PathId<FileToken>,
) -> Result<Response, Problem> {
    let name = gateway.files().read(&token).filter(|name| gateway.now() < name.expires_at);
    let name = name.ok_or_else(over)?;
    let length = export::file_bytes(gateway.pg(), name.export, name.part, &name.sha256).await?;
    let length = length.ok_or_else(over)?;
    let tag = format!("\"{}\"", hexadecimal(&name.sha256));
    let wanted = match method {
        Method::GET => WantedBytes::of(&headers, &tag, length),
        // The head is that of the whole.
        _ => WantedBytes::Whole,
    };
    let key = part_key(name.export, name.part, &name.sha256, name.format);
    let objects = gateway.objects().store();
    let bytes = match wanted {
        WantedBytes::Whole => objects.get(&key).await?,
        WantedBytes::Part(range) => objects.get_range(&key, range.first, range.length()).await?,
        WantedBytes::Beyond => {
            return with(beyond(length), CONTENT_RANGE, &format!("bytes */{length}"));
        }
    };
    let whole = file(&name, &tag, bytes.ok_or_else(over)?)?;
    match wanted {
        WantedBytes::Part(range) => {
            with(partial(whole), CONTENT_RANGE, &range.content_range(length))
        }
        _ => Ok(whole),
    }
}

/// Bytes of a file, with what is said of all of it.
fn file(name: &FileName, tag: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let FileName { export, part, format, .. } = name;
    let shown = format!("attachment; filename=\"{export}-{part:05}.{}\"", format.ending());
    let fixed = [
        (CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    let response = (fixed, bytes).into_response();
    with(with(response, CONTENT_DISPOSITION, &shown)?, ETAG, tag)
}

/// An answer with one more header.
fn with(mut response: Response, name: HeaderName, value: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(value).map_err(|_| Problem::internal())?;
    response.headers_mut().insert(name, value);
    Ok(response)
}

fn beyond(length: u64) -> Response {
    let why = format!("the file has {length} bytes, and `Range` asks for none of them");
    Problem::new(ProblemCode::RangeBeyond, why).into_response()
}

fn over() -> Problem {
    let why =
        "there is no file by this link: it is over, or the file was replaced. Ask for another link";
    Problem::new(ProblemCode::FileLinkOver, why)
}
