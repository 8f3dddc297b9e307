//! A home for made data, and what its private server costs.

use std::fs;

use anyhow::{Context, Result};
use cluster::Cluster;

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

    /// Processor time of the private server so far.
    pub(crate) fn server_cpu_seconds(&self) -> f64 {
        self.cluster.as_ref().map_or(0.0, Cluster::cpu_seconds)
    }
}
