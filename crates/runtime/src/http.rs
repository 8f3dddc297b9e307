//! Functions that answer HTTP.

use axum::Router;

use crate::FunctionFailure;

/// Answers every request of the HTTP API with this router. Returns only if the Runtime API fails.
pub async fn serve(router: Router) -> Result<(), FunctionFailure> {
    lambda_http::run(router).await.map_err(|error| FunctionFailure::new(error.to_string()))
}
