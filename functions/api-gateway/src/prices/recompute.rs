//! The module that computes a history again.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::error::Problem;

/// `crates/pricing/wasm`, as its test builds it.
const MODULE: &[u8] = include_bytes!("../../../../crates/pricing/wasm/recompute.wasm");

/// A WebAssembly module that computes a class's history again: its exports `reserve`, `recompute` and `index_of`
/// are explained in `crates/pricing/wasm`.
#[utoipa::path(
    get,
    path = "/v1/prices/recompute.wasm",
    operation_id = "get_recompute_module",
    tag = "prices",
    security(()),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/wasm", description = "The module."),
        Problem
    )
)]
pub(crate) async fn get() -> Response {
    let headers = [(CONTENT_TYPE, "application/wasm"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, MODULE).into_response()
}
