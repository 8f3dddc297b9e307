//! The API on one machine: the router of the cloud behind a listener.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use api_gateway::{Gateway, Secrets, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use operate::Order;
use serde_json::Value;
use store::pg::key;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::commands::crawl::interrupted;
use crate::home::Home;

/// The gateway to this machine's record.
pub(crate) fn gateway(home: &Home) -> Result<Gateway> {
    let secret = home.secret()?;
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).map_err(|error| anyhow::anyhow!("draw a number: {error}"))?;
    let secrets = Secrets {
        pepper: key::pepper(&secret),
        cursors: blake3::derive_key("borg 2026 cursor signing", &secret).to_vec(),
        instance,
    };
    Ok(Gateway::new(home.pg.clone(), Arc::new(home.clock), secrets))
}

/// Carries out an order as the function `operate` does, for the user who runs `borg`.
pub(crate) async fn order(home: &Home, order: &Order) -> Result<Value> {
    let (pepper, actor) = (key::pepper(&home.secret()?), actor());
    let doors = operate::Doors { pg: &home.pg, clock: &home.clock, pepper: &pepper, actor: &actor };
    Ok(operate::handle(&doors, order).await?)
}

/// Creates a key for sample data that may read everything; returns the secret, which is nowhere else.
pub(crate) async fn create_test_key(home: &Home, account: &str) -> Result<String> {
    let account = account.to_owned();
    let made = order(home, &Order::CreateKey { account, test: true }).await?;
    made["key"].as_str().map(str::to_owned).context("a key that was made has a secret")
}

/// The user who runs `borg`, as the audit log names it.
fn actor() -> String {
    format!("local:{}", rustix::process::getuid().as_raw())
}

/// The API as a client sees it, without a network between.
pub(crate) struct Client {
    router: Router,
    key: String,
}

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

impl Client {
    /// A client with a key of its own.
    pub(crate) async fn new(home: &Home, account: &str) -> Result<Client> {
        let key = create_test_key(home, account).await?;
        Ok(Client { router: router(gateway(home)?), key })
    }

    /// The answer to a request, whatever its status.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", self.key))
            .body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&body).with_context(|| format!("{path} answers JSON"))
    }
}

/// Binds an address; port 0 takes any.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address}: is another server there? Take another one with --addr")
    })
}

/// Serves until Ctrl-C; requests under way are answered.
pub(crate) async fn serve(home: &Home, listener: TcpListener) -> Result<()> {
    let router = router(gateway(home)?);
    axum::serve(listener, router).with_graceful_shutdown(interrupted()).await?;
    Ok(())
}
