//! Files by links that this server gives itself: where the store of objects gives none.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use model::export::part_key;

use crate::error::{Problem, ProblemCode};
use crate::extract::PathId;
use crate::file_signer::FileToken;
use crate::state::Gateway;

/// A file of an export, by a link of `POST /v1/exports/{id}/links`. It needs no key.
#[utoipa::path(
    get,
    path = "/v1/files/{token}",
    operation_id = "get_file",
    tag = "exports",
    security(()),
    params(("token" = String, Path, pattern = "^[A-Za-z0-9_-]{114}$",
        example = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
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
