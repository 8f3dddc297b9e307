//! The configuration from the environment: where the state is, and which PostgreSQL and wallets to use.
#![expect(clippy::disallowed_methods, reason = "this is where `borg` reads the environment")]

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use api_gateway::RequestRate;
use billing::payment::PaymentSecret;
use billing_meter::PriceTargets;
use platforms::PlatformSecrets;

/// The environment's part of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `BORG_HOME`: the folder of all state; `.borg` in the working directory by default.
    pub(crate) home: PathBuf,
    /// `DATABASE_URL`: use this PostgreSQL instead of a private one.
    pub(crate) database_url: Option<String>,
    /// `BORG_LOG`: what to log on standard error, in `tracing`'s filter language.
    pub(crate) log: String,
    /// `BORG_PLATFORM_SECRETS`: tokens and keys for platforms' APIs, as `NAME=VALUE,…`.
    pub(crate) platform_secrets: PlatformSecrets,
    /// `BORG_WALLET_TABLE`: wallets are in this table of DynamoDB instead of PostgreSQL. The variables of
    /// the AWS SDK say where it is.
    pub(crate) wallet_table: Option<String>,
    /// `BORG_PRICE_TARGETS`: how much of each class should be used, as `search=6000,…` units a minute.
    pub(crate) price_targets: PriceTargets,
    /// `BORG_PAYMENT_SECRET`: what the payment service signs its callbacks with.
    pub(crate) payment_secret: Option<PaymentSecret>,
    /// `BORG_ADDRESS_RATE`: how many requests a client address may send, a second and at once, such as 50,100.
    /// This machine's own is not limited.
    pub(crate) address_rate: Option<RequestRate>,
    /// `BORG_WEBHOOK_ORIGINS`: origins such as `http://127.0.0.1:9000`, with commas between, that webhooks may have
    /// though they are no public `https`.
    pub(crate) webhook_origins: Vec<String>,
    /// `AWS_ENDPOINT_URL`: what stands in for AWS.
    #[cfg(all(feature = "lab", feature = "aws"))]
    pub(crate) aws_endpoint: Option<String>,
}

/// Reads the environment. Paths may be any bytes; other variables must be UTF-8.
pub(crate) fn from_environment() -> Result<Config> {
    Ok(Config {
        home: variable("BORG_HOME").map_or_else(|| PathBuf::from(".borg"), PathBuf::from),
        database_url: text("DATABASE_URL")?,
        log: text("BORG_LOG")?.unwrap_or_else(|| "warn".to_owned()),
        platform_secrets: platform_secrets(text("BORG_PLATFORM_SECRETS")?)?,
        wallet_table: text("BORG_WALLET_TABLE")?,
        price_targets: price_targets(text("BORG_PRICE_TARGETS")?)?,
        payment_secret: text("BORG_PAYMENT_SECRET")?.map(PaymentSecret::new),
        address_rate: address_rate(text("BORG_ADDRESS_RATE")?.as_deref())?,
        webhook_origins: webhook_origins(text("BORG_WEBHOOK_ORIGINS")?),
        #[cfg(all(feature = "lab", feature = "aws"))]
        aws_endpoint: text("AWS_ENDPOINT_URL")?,
    })
}

/// Arms the place of `BORG_DIE_AT`, such as `wallet.commit.after=3`, if it is set: for tests.
#[cfg(feature = "lab")]
pub(crate) fn arm_failpoint() -> Result<()> {
    let Some(place) = text("BORG_DIE_AT")? else { return Ok(()) };
    store::failpoint::arm(&place).context("read the environment variable BORG_DIE_AT")
}

/// Lets the clock of this process be ahead by the seconds of `BORG_CLOCK_AHEAD`, or behind if below zero, if it is
/// set: for tests.
#[cfg(feature = "lab")]
pub(crate) fn shift_clock() -> Result<()> {
    let Some(seconds) = text("BORG_CLOCK_AHEAD")? else { return Ok(()) };
    let seconds = seconds.parse().context("read the environment variable BORG_CLOCK_AHEAD")?;
    store::clock::shift(seconds);
    Ok(())
}

fn address_rate(text: Option<&str>) -> Result<Option<RequestRate>> {
    let rate = text.map(str::parse).transpose();
    rate.context("read the environment variable BORG_ADDRESS_RATE")
}

fn webhook_origins(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    let origins = text.split(',').map(|origin| origin.trim().trim_end_matches('/'));
    origins.filter(|origin| !origin.is_empty()).map(str::to_owned).collect()
}

fn price_targets(text: Option<String>) -> Result<PriceTargets> {
    let targets = text.unwrap_or_default().parse();
    targets.context("read the environment variable BORG_PRICE_TARGETS")
}

fn platform_secrets(text: Option<String>) -> Result<PlatformSecrets> {
    let text = text.unwrap_or_default();
    let items: Vec<&str> = text.split(',').filter(|item| !item.trim().is_empty()).collect();
    PlatformSecrets::parse(&items).context("read the environment variable BORG_PLATFORM_SECRETS")
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Result<Option<String>> {
    let Some(value) = variable(name) else { return Ok(None) };
    value
        .into_string()
        .map(Some)
        .map_err(|_| anyhow!("the environment variable {name} is not UTF-8"))
}
