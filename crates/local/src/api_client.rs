//! The API as a client sees it, without a network between.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use api_gateway::{ChargingSettings, RequestLimits};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request};
use model::port::Clock as _;
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
    /// The number of the next request, where each is charged.
    numbers: Option<AtomicU64>,
}

/// As many numbers has a millisecond.
const NUMBER_BITS: u32 = 20;

/// What a client that is charged may spend: more than it will.
const CHARGED_CREDITS: &str = "1000000000";

/// One answer.
pub(crate) struct ApiReply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
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

    /// The same of an API that keeps no person rows between answers.
    pub(crate) async fn without_row_cache(home: &BorgHome, pg: Pg) -> Result<ApiClient> {
        let key = create_test_key(home, "bench").await?;
        let charging = ChargingSettings { limits: RequestLimits::NONE, doorbells_at_once: 32 };
        let gateway = server::gateway_with(home, pg, charging, 0)?;
        Ok(ApiClient { router: api_gateway::router(gateway), key, numbers: None })
    }

    /// A client of an API with these connections, each of whose requests is charged.
    pub(crate) async fn charged(home: &BorgHome, pg: Pg) -> Result<ApiClient> {
        let credits = CHARGED_CREDITS.parse()?;
        let (credits, daily_cap) = (Some(credits), Some(credits));
        let key = KeyToCreate { credits, daily_cap, ..KeyToCreate::of("bench-customer") };
        let client = ApiClient::with(home, pg, create_key(home, key).await?)?;
        // Other numbers than those of any client before, whose requests would be replays.
        let first = home.clock.now().as_millisecond().unsigned_abs() << NUMBER_BITS;
        Ok(ApiClient { numbers: Some(AtomicU64::new(first)), ..client })
    }

    fn with(home: &BorgHome, pg: Pg, key: String) -> Result<ApiClient> {
        let charging = ChargingSettings { limits: RequestLimits::NONE, doorbells_at_once: 32 };
        let gateway = server::gateway_over(home, pg, charging)?;
        Ok(ApiClient { router: api_gateway::router(gateway), key, numbers: None })
    }

    /// A client with this key of an API that charges like this.
    pub(crate) async fn with_key(
        home: &BorgHome,
        key: String,
        charging: ChargingSettings,
    ) -> Result<ApiClient> {
        let gateway = server::gateway_over(home, home.connect_for_answers().await?, charging)?;
        Ok(ApiClient { router: api_gateway::router(gateway), key, numbers: None })
    }

    /// The answer to a request with headers and a body, whatever its status.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<ApiReply> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", self.key));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body)?).await?;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, ANSWER_BYTES_MAX).await?;
        let body = serde_json::from_slice(&body).with_context(|| format!("{path} answers JSON"))?;
        Ok(ApiReply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// The answer to a request, whatever its status.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let body = self.fetch(path).await?;
        serde_json::from_slice(&body).with_context(|| format!("{path} answers JSON"))
    }

    /// The same, not parsed.
    pub(crate) async fn fetch(&self, path: &str) -> Result<Bytes> {
        let mut request =
            Request::get(path).header("authorization", format!("Bearer {}", self.key));
        if let Some(numbers) = &self.numbers {
            request = request.header("idempotency-key", numbers.fetch_add(1, Ordering::Relaxed));
        }
        let response = self.router.clone().oneshot(request.body(Body::empty())?).await?;
        Ok(to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?)
    }
}

/// Creates a key for sample data that may read everything; returns the secret, which is stored
/// nowhere.
pub(crate) async fn create_test_key(home: &BorgHome, account: &str) -> Result<String> {
    create_key(home, KeyToCreate { test: true, ..KeyToCreate::of(account) }).await
}

/// Creates a key; returns the secret, which is stored nowhere.
pub(crate) async fn create_key(home: &BorgHome, key: KeyToCreate) -> Result<String> {
    match server::order(home, &Order::CreateKey(key)).await? {
        OrderOutcome::KeyCreated { key, .. } => Ok(key),
        other => bail!("not the outcome of creating a key: {other:?}"),
    }
}
