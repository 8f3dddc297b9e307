//! The API as a client sees it, without a network between.

use anyhow::{Context, Result, bail};
use api_gateway::{ChargingSettings, RequestLimits};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use operate::{KeyToCreate, Order, OrderOutcome};
use serde_json::Value;
use store::Pg;
use tower::ServiceExt;

use crate::home::BorgHome;
use crate::server;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A client with a key.
pub(crate) struct ApiClient {
    router: Router,
    key: String,
}

impl ApiClient {
    /// A client with a new key of this account.
    pub(crate) async fn new(home: &BorgHome, account: &str) -> Result<ApiClient> {
        let key = create_test_key(home, account).await?;
        ApiClient::with(home, home.connect_for_answers().await?, key)
    }

    /// A client of an API with these connections.
    pub(crate) async fn over(home: &BorgHome, pg: Pg) -> Result<ApiClient> {
        let key = create_test_key(home, "bench").await?;
        ApiClient::with(home, pg, key)
    }

    fn with(home: &BorgHome, pg: Pg, key: String) -> Result<ApiClient> {
        let charging = ChargingSettings { limits: RequestLimits::NONE, doorbells_at_once: 32 };
        let gateway = server::gateway_over(home, pg, charging)?;
        Ok(ApiClient { router: api_gateway::router(gateway), key })
    }

    /// The answer to a request, whatever its status.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let body = self.fetch(path).await?;
        serde_json::from_slice(&body).with_context(|| format!("{path} answers JSON"))
    }

    /// The same, not parsed.
    pub(crate) async fn fetch(&self, path: &str) -> Result<Bytes> {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", self.key))
            .body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        Ok(to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?)
    }
}

/// Creates a key for sample data that may read everything; returns the secret, which is stored
/// nowhere.
pub(crate) async fn create_test_key(home: &BorgHome, account: &str) -> Result<String> {
    let create = Order::CreateKey(KeyToCreate { test: true, ..KeyToCreate::of(account) });
    match server::order(home, &create).await? {
        OrderOutcome::KeyCreated { key, .. } => Ok(key),
        other => bail!("not the outcome of creating a key: {other:?}"),
    }
}
