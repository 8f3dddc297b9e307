//! The environment: the database, the wallet, the queue of the meter, and the installation's secret.

use api_gateway::{GatewaySecrets, RequestLimits, RequestRateError};
use billing::payment::PaymentSecret;
use runtime::{EnvironmentSettings, FunctionFailure};
use store::WebhookSealer;

/// The memory of the cache of person rows unless the environment says otherwise, in MB: a quarter of the
/// function's.
const ROW_CACHE_MB: u64 = 256;

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The table of wallets; `None` if they are in the database.
    pub(crate) wallet_table: Option<String>,
    /// Where doorbells ring for charges.
    pub(crate) usage_queue_url: String,
    /// The queue of deliveries of webhooks.
    pub(crate) deliver_queue_url: String,
    /// Origins that webhooks may have though they are no public `https`: for tests.
    pub(crate) webhook_origins: Vec<String>,
    /// Where runs are sealed, and files of exports.
    pub(crate) objects_bucket: String,
    /// Where jobs of exports wait.
    pub(crate) export_queue_url: String,
    /// The most memory that blocks of person rows take between answers, in bytes.
    pub(crate) row_cache_bytes: usize,
    /// What keys, cursors and quotes are made with.
    pub(crate) secrets: GatewaySecrets,
    /// How many requests it takes. `ADDRESS_RATE`: of a client address, a second and at once, such as 50,100.
    pub(crate) limits: RequestLimits,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let secret = settings.required("SERVER_SECRET")?.as_bytes();
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(|error| FunctionFailure::new(error.to_string()))?;
        let payments = settings.text("PAYMENT_SECRET").map(PaymentSecret::new);
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            wallet_table: settings.text("WALLET_TABLE").map(str::to_owned),
            usage_queue_url: settings.required("USAGE_QUEUE_URL")?.to_owned(),
            deliver_queue_url: settings.required("DELIVER_QUEUE_URL")?.to_owned(),
            webhook_origins: settings
                .list("WEBHOOK_ORIGINS")
                .into_iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
            objects_bucket: settings.required("OBJECTS_BUCKET")?.to_owned(),
            export_queue_url: settings.required("EXPORT_QUEUE_URL")?.to_owned(),
            row_cache_bytes: (settings.number("ROW_CACHE_MB", ROW_CACHE_MB, 1..=8_192)? << 20)
                as usize,
            secrets: GatewaySecrets {
                webhooks: WebhookSealer::new(settings.required("WEBHOOK_SECRET")?.as_bytes()),
                ..GatewaySecrets::derived(secret, payments, instance)
            },
            limits: limits(settings).map_err(|error| FunctionFailure::new(error.to_string()))?,
        })
    }
}

fn limits(settings: &EnvironmentSettings) -> Result<RequestLimits, RequestRateError> {
    let public = RequestLimits::PUBLIC;
    let given = settings.text("ADDRESS_RATE").map(str::parse).transpose()?;
    Ok(RequestLimits { address: given.or(public.address), ..public })
}
