//! The API on one machine: the router of the cloud behind a listener.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use api_gateway::{Gateway, GatewaySecrets, router};
use operate::{OperateDependencies, Order, OrderOutcome};
use store::Pg;
use store::pg::key;
use tokio::net::TcpListener;

use crate::home::BorgHome;
use crate::interrupt::interrupted;
use crate::meter::LocalMeter;

/// The gateway to this machine's database.
pub(crate) async fn gateway(home: &BorgHome) -> Result<Gateway> {
    gateway_over(home, home.connect_for_answers().await?)
}

/// The gateway with these connections.
pub(crate) fn gateway_over(home: &BorgHome, pg: Pg) -> Result<Gateway> {
    let secret = home.secret()?;
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).map_err(|error| anyhow::anyhow!("draw a number: {error}"))?;
    let secrets = GatewaySecrets {
        pepper: key::pepper(&secret),
        cursors: blake3::derive_key("borg 2026 cursor signing", &secret).to_vec(),
        instance,
    };
    Ok(Gateway::new(pg, Arc::new(home.clock), secrets))
}

/// Carries out an order as the function `operate` does, for the user who runs `borg`.
pub(crate) async fn order(home: &BorgHome, order: &Order) -> Result<OrderOutcome> {
    let (pepper, actor) = (key::pepper(&home.secret()?), actor());
    let (pg, clock, wallet) = (&home.pg, &home.clock, &home.wallet());
    let dependencies = OperateDependencies { pg, wallet, clock, pepper: &pepper, actor: &actor };
    // Boxed, or the type of what waits for it exceeds the limits of the compiler.
    Ok(Box::pin(operate::handle(&dependencies, order)).await?)
}

/// The user who runs `borg`, as the audit log names it.
fn actor() -> String {
    format!("local:{}", rustix::process::getuid().as_raw())
}

/// Binds an address; port 0 takes any.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address}: is another server there? Take another one with --addr")
    })
}

/// Serves until Ctrl-C; requests under way are answered, and what they cost is posted.
pub(crate) async fn serve(home: &BorgHome, listener: TcpListener) -> Result<()> {
    let router = router(gateway(home).await?);
    let meter = LocalMeter::start(home).await?;
    let served = axum::serve(listener, router).with_graceful_shutdown(interrupted()).await;
    meter.end().await?;
    Ok(served?)
}
