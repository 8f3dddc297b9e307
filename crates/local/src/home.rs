//! One machine's Borg: its folder, its PostgreSQL, its objects, its wallets, its secrets.

#[cfg(feature = "lab")]
mod lab;

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use api_gateway::RequestRate;
use billing::payment::PaymentSecret;
use billing_meter::PriceTargets;
use cluster::PgCluster;
use model::port::RECEIVES_MAX;
use platforms::PlatformSecrets;
use store::Pg;
use store::clock::System;
use store::objects::Folder;
use store::pg::platform;
use store::queue::{PgQueue, StoredQueue};
use store::wallet::{PgWallet, StoredWallet};

use crate::config::Config;

/// The private server's settings: the memory of a laptop, and safe against a killed process. If the
/// server itself is killed, the last transactions may be lost, but never consistency.
const SETTINGS: &[(&str, &str)] = &[
    ("autovacuum_naptime", "10s"),
    ("effective_cache_size", "1GB"),
    ("jit", "off"),
    ("max_connections", "100"),
    ("max_wal_size", "2GB"),
    ("shared_buffers", "256MB"),
    ("synchronous_commit", "off"),
    ("wal_compression", "on"),
];

/// The most connections that one command opens.
const CONNECTIONS_MAX: usize = 12;

/// How many bytes of secret the installation has.
const SECRET_BYTES: usize = 32;

/// The queue of doorbells.
const USAGE_QUEUE: &str = "usage";

/// The queue of deliveries of webhooks.
const DELIVER_QUEUE: &str = "deliver";

/// The queue of jobs of exports.
const EXPORT_QUEUE: &str = "export";

/// Everything that a command works with. The private server stops when the last one is dropped.
pub(crate) struct BorgHome {
    /// The folder of all state.
    pub(crate) folder: PathBuf,
    /// The database.
    pub(crate) pg: Pg,
    /// How to connect to it.
    url: String,
    /// Snapshots, runs, and files of exports.
    pub(crate) objects: Folder,
    /// The present.
    pub(crate) clock: System,
    /// Tokens and keys for platforms' APIs.
    pub(crate) platform_secrets: PlatformSecrets,
    /// How much of each class should be used.
    pub(crate) price_targets: PriceTargets,
    /// What payment callbacks are signed with, if any are taken.
    pub(crate) payment_secret: Option<PaymentSecret>,
    /// How many requests a client address may send, unless the usual number.
    pub(crate) address_rate: Option<RequestRate>,
    /// Origins that webhooks may have though they are no public `https`.
    pub(crate) webhook_origins: Vec<String>,
    /// What payers may spend.
    wallet: StoredWallet,
    /// The private server, if it is one.
    cluster: Option<PgCluster>,
}

impl BorgHome {
    /// Opens the state, starting the private PostgreSQL, and runs the migrations.
    pub(crate) async fn open(config: &Config) -> Result<BorgHome> {
        fs::create_dir_all(&config.home)
            .with_context(|| format!("create {}", config.home.display()))?;
        let (cluster, url) = match &config.database_url {
            Some(url) => (None, url.clone()),
            None => {
                let cluster = PgCluster::enter(&config.home, SETTINGS)?;
                let url = cluster.url("postgres");
                (Some(cluster), url)
            }
        };
        store::pg::migrate(&url).await?;
        let pg = Pg::connect(&url, CONNECTIONS_MAX).await?;
        platform::learn_all(&pg).await?;
        Ok(BorgHome {
            folder: config.home.clone(),
            wallet: wallet(config, &pg).await?,
            price_targets: config.price_targets.clone(),
            payment_secret: config.payment_secret.clone(),
            address_rate: config.address_rate,
            webhook_origins: config.webhook_origins.clone(),
            pg,
            url,
            objects: Folder::open(&config.home.join("objects"))?,
            clock: System,
            platform_secrets: config.platform_secrets.clone(),
            cluster,
        })
    }

    /// Connections for answers.
    pub(crate) async fn connect_for_answers(&self) -> Result<Pg> {
        Ok(Pg::connect_for_answers(&self.url, CONNECTIONS_MAX).await?)
    }

    /// What payers may spend.
    pub(crate) fn wallet(&self) -> StoredWallet {
        self.wallet.clone()
    }

    /// The same, over these connections where it is in PostgreSQL.
    pub(crate) fn wallet_over(&self, pg: &Pg) -> StoredWallet {
        match &self.wallet {
            StoredWallet::Postgres(_) => StoredWallet::Postgres(PgWallet::new(pg.clone())),
            #[cfg(feature = "aws")]
            wallet @ StoredWallet::Dynamo(_) => wallet.clone(),
        }
    }

    /// Where doorbells ring for charges to be posted.
    pub(crate) fn usage_queue(&self) -> StoredQueue {
        self.queue(USAGE_QUEUE)
    }

    /// The jobs that send deliveries of webhooks.
    pub(crate) fn deliver_queue(&self) -> StoredQueue {
        self.queue(DELIVER_QUEUE)
    }

    fn queue(&self, name: &str) -> StoredQueue {
        let clock = Arc::new(self.clock);
        StoredQueue::Postgres(PgQueue::new(self.pg.clone(), name, RECEIVES_MAX, clock))
    }

    /// Where jobs of exports wait.
    pub(crate) fn export_queue(&self) -> StoredQueue {
        self.queue(EXPORT_QUEUE)
    }

    /// Whether no other process used this state when it was opened, as far as can be known.
    pub(crate) fn was_alone(&self) -> bool {
        self.cluster.as_ref().is_some_and(PgCluster::was_alone)
    }

    /// Restarts the private server if it has ended; returns whether it had.
    pub(crate) fn revive(&self) -> Result<bool> {
        Ok(self.cluster.as_ref().map_or(Ok(false), PgCluster::revive)?)
    }

    /// The installation's own secret, which hashes keys and signs cursors. Created once, and readable
    /// by its owner only.
    pub(crate) fn secret(&self) -> Result<Vec<u8>> {
        let path = self.folder.join("secret");
        match fs::read(&path) {
            Ok(secret) if secret.len() == SECRET_BYTES => Ok(secret),
            Ok(_) => anyhow::bail!("{} is not {SECRET_BYTES} bytes long", path.display()),
            Err(_) => create_secret(&path),
        }
    }
}

/// The wallets that the configuration names.
#[cfg(feature = "aws")]
async fn wallet(config: &Config, pg: &Pg) -> Result<StoredWallet> {
    Ok(match &config.wallet_table {
        Some(table) => StoredWallet::Dynamo(store::Aws::from_env().await.wallet(table)),
        None => StoredWallet::Postgres(PgWallet::new(pg.clone())),
    })
}

/// The wallets in PostgreSQL.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it is async where there is AWS")]
async fn wallet(config: &Config, pg: &Pg) -> Result<StoredWallet> {
    anyhow::ensure!(
        config.wallet_table.is_none(),
        "this build of borg has no DynamoDB: build one with the feature `aws`, or unset BORG_WALLET_TABLE"
    );
    Ok(StoredWallet::Postgres(PgWallet::new(pg.clone())))
}

fn create_secret(path: &Path) -> Result<Vec<u8>> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| anyhow::anyhow!("draw a secret: {error}"))?;
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&secret).with_context(|| format!("write {}", path.display()))?;
    Ok(secret)
}
