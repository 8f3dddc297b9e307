//! One machine's Borg: its folder, its PostgreSQL, its objects, its secrets.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cluster::Cluster;
use store::Pg;
use store::clock::System;
use store::objects::Folder;

use crate::config::Config;

/// The private server's settings: a laptop's worth of memory, safe against a killed process; the
/// death of the server itself may cost its last moments, never consistency.
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

/// Everything that a command works with. Dropping it leaves the private server.
pub(crate) struct Home {
    /// The folder of all state.
    pub(crate) folder: PathBuf,
    /// The record.
    pub(crate) pg: Pg,
    /// Snapshots and runs.
    pub(crate) objects: Folder,
    /// The present.
    pub(crate) clock: System,
    /// The private server, which lives as long as this.
    cluster: Option<Cluster>,
}

impl Home {
    /// Opens the state, starting the private PostgreSQL and migrating the record if need be.
    pub(crate) async fn open(config: &Config) -> Result<Home> {
        fs::create_dir_all(&config.home)
            .with_context(|| format!("create {}", config.home.display()))?;
        let (cluster, url) = match &config.database_url {
            Some(url) => (None, url.clone()),
            None => {
                let cluster = Cluster::enter(&config.home, SETTINGS)?;
                let url = cluster.url("postgres");
                (Some(cluster), url)
            }
        };
        store::pg::migrate(&url).await?;
        Ok(Home {
            folder: config.home.clone(),
            pg: Pg::connect(&url, CONNECTIONS_MAX).await?,
            objects: Folder::open(&config.home.join("objects"))?,
            clock: System,
            cluster,
        })
    }

    /// A home within the configured one, made anew: what is tried out never mixes with what was
    /// really crawled.
    pub(crate) async fn fresh(config: &Config, name: &str) -> Result<Home> {
        let folder = config.home.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
        Home::open(&Config { home: folder, database_url: None, ..config.clone() }).await
    }

    /// Whether no other process works on this state, as far as can be known.
    pub(crate) fn was_alone(&self) -> bool {
        self.cluster.as_ref().is_some_and(Cluster::was_alone)
    }

    /// Starts the private server again if it is gone; returns whether it was.
    pub(crate) fn revive(&self) -> Result<bool> {
        Ok(self.cluster.as_ref().map_or(Ok(false), Cluster::revive)?)
    }

    /// Processor time of the private server so far.
    pub(crate) fn server_cpu_seconds(&self) -> f64 {
        self.cluster.as_ref().map_or(0.0, Cluster::cpu_seconds)
    }

    /// The installation's own secret: keys are hashed and cursors sealed with it. Made once, and
    /// readable by its owner only.
    pub(crate) fn secret(&self) -> Result<Vec<u8>> {
        let path = self.folder.join("secret");
        match fs::read(&path) {
            Ok(secret) if secret.len() == SECRET_BYTES => Ok(secret),
            Ok(_) => anyhow::bail!("{} is not {SECRET_BYTES} bytes long", path.display()),
            Err(_) => make_secret(&path),
        }
    }
}

fn make_secret(path: &Path) -> Result<Vec<u8>> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| anyhow::anyhow!("draw a secret: {error}"))?;
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&secret).with_context(|| format!("write {}", path.display()))?;
    Ok(secret)
}
