//! The API on one machine: the router of the cloud behind a listener.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use api_gateway::{
    ChargingSettings, Gateway, GatewayParts, GatewaySecrets, RequestLimits, WebhookParts, router,
};
use operate::{OperateDependencies, Order, OrderOutcome};
use snapshot::SharedObjects;
use store::Pg;
use store::objects::ObjectLinks;
use store::pg::{key, platform};
use tokio::net::TcpListener;

use crate::exporter::LocalExporter;
use crate::home::BorgHome;
use crate::interrupt::interrupted;
use crate::meter::LocalMeter;
use crate::webhooks::LocalWebhooks;

/// How often what a gateway has to tell others is sent.
const FLUSHED_EVERY: Duration = Duration::from_millis(200);

/// How often a server looks for platforms that another process added.
const PLATFORMS_EVERY: Duration = Duration::from_secs(5);

/// How a server charges. A key may send more than one of strangers, as it is the machine's owner who gives them
/// out; doorbells are rung several at a time.
const CHARGING: ChargingSettings = ChargingSettings {
    limits: RequestLimits {
        burst: Some(2_000),
        per_second: 1_000,
        are_streams_sent: true,
        ..RequestLimits::PUBLIC
    },
    doorbells_at_once: 32,
};

/// The most memory that blocks of person rows take between answers.
const ROW_CACHE_BYTES: usize = 256 << 20;

/// The gateway of a server.
async fn gateway(home: &BorgHome) -> Result<Gateway> {
    let limits = CHARGING.limits;
    let limits = RequestLimits { address: home.address_rate.or(limits.address), ..limits };
    let charging = ChargingSettings { limits, ..CHARGING };
    gateway_over(home, home.connect_for_answers().await?, charging)
}

/// The gateway with these connections.
pub(crate) fn gateway_over(home: &BorgHome, pg: Pg, charging: ChargingSettings) -> Result<Gateway> {
    gateway_with(home, pg, charging, ROW_CACHE_BYTES)
}

/// The same with a cache of person rows of this size.
pub(crate) fn gateway_with(
    home: &BorgHome,
    pg: Pg,
    charging: ChargingSettings,
    row_cache_bytes: usize,
) -> Result<Gateway> {
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).map_err(|error| anyhow::anyhow!("draw a number: {error}"))?;
    let secrets = GatewaySecrets::derived(&home.secret()?, home.payment_secret.clone(), instance);
    Ok(Gateway::new(GatewayParts {
        wallet: home.wallet_over(&pg),
        usage: home.usage_queue(),
        pg,
        clock: Arc::new(home.clock),
        secrets,
        charging,
        objects: SharedObjects::new(home.objects.clone()),
        exports: home.export_queue(),
        links: ObjectLinks::Own,
        row_cache_bytes,
        webhooks: WebhookParts {
            queue: home.deliver_queue(),
            origins: home.webhook_origins.clone(),
        },
    }))
}

/// Carries out an order as the function `operate` does, for the user who runs `borg`.
pub(crate) async fn order(home: &BorgHome, order: &Order) -> Result<OrderOutcome> {
    let (pepper, actor) = (key::pepper(&home.secret()?), actor());
    let (pg, clock, wallet) = (&home.pg, &home.clock, &home.wallet());
    let dependencies = OperateDependencies { pg, wallet, clock, pepper: &pepper, actor: &actor };
    // On the heap: else each future that may give an order is as large as all of them.
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
    let gateway = gateway(home).await?;
    let meter = LocalMeter::start(home).await?;
    let webhooks = LocalWebhooks::start(home)?;
    let exporter = LocalExporter::start(home);
    let ending = {
        let gateway = gateway.clone();
        async move {
            interrupted().await;
            // Else a stream of events would keep the server for a quarter of an hour.
            gateway.end_waiting();
        }
    };
    let service = router(gateway.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(ending);
    let served = tokio::select! {
        served = serving.into_future() => served,
        () = flush_periodically(&gateway) => Ok(()),
        () = learn_platforms(&home.pg) => Ok(()),
    };
    // Doorbells ring before the meter ends, so that it answers them.
    exporter.end().await?;
    let closed = gateway.close().await;
    meter.end().await?;
    webhooks.end().await?;
    served?;
    closed.map_err(|_| anyhow::anyhow!("what was counted last could not be stored"))
}

/// Never ends: another process may add platforms.
async fn learn_platforms(pg: &Pg) {
    loop {
        tokio::time::sleep(PLATFORMS_EVERY).await;
        if let Err(error) = platform::learn_all(pg).await {
            tracing::warn!(%error, "platforms that were added are not known yet");
        }
    }
}

/// Never ends. What cannot be sent is sent later.
async fn flush_periodically(gateway: &Gateway) {
    loop {
        tokio::time::sleep(FLUSHED_EVERY).await;
        let _ = gateway.flush().await;
    }
}
