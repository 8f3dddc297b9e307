//! A home for made data, and what its private server costs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cluster::PgCluster;
use store::Pg;

use super::BorgHome;
use crate::config::Config;

impl BorgHome {
    /// An empty home within the configured one, so that made data never mixes with crawled data.
    pub(crate) async fn fresh(config: &Config, name: &str) -> Result<BorgHome> {
        let folder = config.home.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
        BorgHome::open(&Config { home: folder, database_url: None, ..config.clone() }).await
    }

    /// The home that [`BorgHome::fresh`] made before, with all that is in it; an error if there is none.
    pub(crate) async fn kept(config: &Config, name: &str) -> Result<BorgHome> {
        let folder = config.home.join(name);
        ensure!(folder.exists(), "{} is not there: make it first", folder.display());
        BorgHome::open(&Config { home: folder, database_url: None, ..config.clone() }).await
    }

    /// Connections for answers, two as in the function `api-gateway`, with further settings.
    pub(crate) async fn answering(&self, options: &str) -> Result<Pg> {
        let url = match options {
            "" => self.url.clone(),
            options => format!("{} options='{options}'", self.url),
        };
        Ok(Pg::connect_for_answers(&url, 2).await?)
    }

    /// How to connect to the database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A command that comes with the private server; `None` without one.
    pub(crate) fn server_command(&self, name: &str) -> Option<Command> {
        self.cluster.as_ref()?.command(name)
    }

    /// The log of the private server.
    pub(crate) fn server_log(&self) -> Option<PathBuf> {
        self.cluster.as_ref().map(PgCluster::log)
    }

    /// Processor time of the private server so far.
    pub(crate) fn server_cpu_seconds(&self) -> f64 {
        self.cluster.as_ref().map_or(0.0, PgCluster::cpu_seconds)
    }

    /// The same without the server's upkeep, while autovacuum is off.
    pub(crate) fn session_cpu_seconds(&self) -> f64 {
        self.cluster.as_ref().map_or(0.0, PgCluster::session_cpu_seconds)
    }
}
