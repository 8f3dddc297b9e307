//! The API on one machine: the router of the cloud behind a listener.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use api_gateway::{Gateway, Scope, Secrets, keys, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use model::key::{RANDOM_BYTES, Realm, Secret};
use model::port::Clock;
use serde_json::Value;
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
        pepper: derived(&secret, "borg 2026 api key pepper"),
        cursors: derived(&secret, "borg 2026 cursor signing"),
        instance,
    };
    Ok(Gateway::new(home.pg.clone(), Arc::new(home.clock), secrets))
}

/// A secret of its own for each use.
fn derived(secret: &[u8], context: &str) -> Vec<u8> {
    blake3::derive_key(context, secret).to_vec()
}

/// Creates a key that may read everything; returns the secret, which is nowhere else.
pub(crate) async fn create_key(home: &Home, account: &str, realm: Realm) -> Result<Secret> {
    let pepper = derived(&home.secret()?, "borg 2026 api key pepper");
    let mut random = [[0; RANDOM_BYTES]; 8];
    for draw in &mut random {
        getrandom::fill(draw).map_err(|error| anyhow::anyhow!("draw a key: {error}"))?;
    }
    // A draw is unfair less often than once in 10^8.
    let mut draws = random.into_iter().cycle();
    let secret = keys::mint(realm, || draws.next().unwrap_or([0; RANDOM_BYTES]));
    let now = home.clock.now();
    keys::create(&home.pg, &pepper, (account, &secret), &Scope::READING, now).await?;
    Ok(secret)
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
        let key = create_key(home, account, Realm::Test).await?.reveal().to_owned();
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
