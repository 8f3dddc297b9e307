//! The demo pays itself: a key with credits, a dry run, a quote, a read, its charge, and the proof that the
//! wallet is the ledger.

use anyhow::{Context, Result, ensure};
use api_gateway::{ChargingSettings, RequestLimits};
use billing_meter::{PAYERS_AUDITED, audit, publish_prices};
use operate::KeyToCreate;
use serde::Serialize;
use serde_json::json;

use crate::api_client::{ApiClient, ApiReply, create_key};
use crate::home::BorgHome;
use crate::meter::MeterParts;

/// What the account gets.
const CREDITS: &str = "1000";

/// What the demo paid itself. Amounts are credits.
#[derive(Debug, Serialize)]
pub(super) struct MoneyFigures {
    /// What a dry run said that the read would cost at most.
    estimate_credits: f64,
    /// What was set aside for the quote.
    quoted_credits: f64,
    /// What the read cost.
    charged_credits: f64,
    /// The sizes of all differences between wallets and ledger, in micro-credits.
    wallet_minus_ledger: u64,
}

/// Reads `path` as a customer does, and compares wallets and ledger after.
pub(super) async fn pay(home: &BorgHome, path: &str) -> Result<MoneyFigures> {
    let meter = MeterParts::of(home);
    publish_prices(meter.dependencies()).await?;
    let key = live_key(home).await?;
    let charging = ChargingSettings { limits: RequestLimits::NONE, doorbells_at_once: 1 };
    let client = ApiClient::with_key(home, key, charging).await?;
    let dry = client.send("GET", path, &[("borg-dry-run", "1")], None).await?;
    let cap = json!({"class": "graph", "units": {"call.read": 1, "row.person": 1}});
    let quote = client.send("POST", "/v1/quotes", &[], Some(&cap)).await?;
    let id = quote.body["data"]["id"].as_str().context("a quote has an id")?.to_owned();
    let read = client.send("GET", path, &[("borg-quote", &id)], None).await?;
    ensure!(read.status == 200, "the read was answered with {}", read.body);
    meter.post_round().await?;
    let charge = read.headers.get("borg-charge-id").and_then(|id| id.to_str().ok());
    let charge = charge.context("a read has a charge")?;
    let charge = client.send("GET", &format!("/v1/charges/{charge}"), &[], None).await?;
    ensure!(charge.body["data"]["state"] == "posted", "the charge is {}", charge.body);
    let audited = audit(meter.dependencies(), PAYERS_AUDITED).await?;
    Ok(MoneyFigures {
        estimate_credits: credits(&dry, "max")?,
        quoted_credits: credits(&quote, "max_total")?,
        charged_credits: credits(&charge, "cost")?,
        wallet_minus_ledger: audited.difference,
    })
}

/// The amount with this name in an answer.
fn credits(reply: &ApiReply, name: &str) -> Result<f64> {
    let text = reply.body["data"][name].as_str();
    text.and_then(|text| text.parse().ok())
        .with_context(|| format!("no `{name}` in {}", reply.body))
}

/// A key of a new account with credits.
async fn live_key(home: &BorgHome) -> Result<String> {
    let credits = Some(CREDITS.parse()?);
    create_key(home, KeyToCreate { credits, ..KeyToCreate::of("demo-customer") }).await
}
