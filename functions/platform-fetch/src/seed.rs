//! Where a crawl begins: accounts by name, each looked up within its host's budget.

use std::collections::BTreeMap;
use std::time::Duration;

use model::observation::NamedProfile;
use model::port::{Clock, Web};
use model::time::Timestamp;
use model::{Account, Platform};
use platforms::engine::{ResolveError, Via};
use store::StoreError;
use store::pg::frontier::{self, Seeds};

use crate::Doors;

/// How often a seed is looked up before its host's trouble is told.
const TRIES: u32 = 4;

/// How long to wait after the first trouble, in milliseconds; after the second twice as long, and so on.
const WAIT_MS: u64 = 1_000;

/// The longest that one seed may wait for its host, in milliseconds.
const PATIENCE_MS: u64 = 120_000;

/// Why a crawl did not begin.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A seed cannot be found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds accounts by name and makes them due, to spread so many steps. None is due unless all are
/// found.
pub async fn seed<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    accounts: &[Account],
    depth: i16,
) -> Result<(), SeedError> {
    let mut by_platform: BTreeMap<Platform, Vec<NamedProfile>> = BTreeMap::new();
    for account in accounts {
        by_platform.entry(account.platform).or_default().push(find(doors, account).await?);
    }
    for (platform, names) in by_platform {
        let host = doors.engine.default_host(platform).unwrap_or_default();
        let seeds = Seeds { platform, names: &names, default_host: &host, depth };
        frontier::seed(doors.pg, seeds, doors.clock.now()).await?;
    }
    Ok(())
}

/// Looks one account up. A host that is to be asked later is waited for, for a while.
async fn find<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    account: &Account,
) -> Result<NamedProfile, ResolveError> {
    let mut gate = crate::gate(doors, account.platform, Timestamp::MAX);
    let mut via = Via::new(doors.web, doors.clock, &mut gate, doors.memory);
    let (mut tries, mut waited_ms) = (1, 0);
    loop {
        let error = match doors.engine.resolve(&mut via, account).await {
            Ok(subject) => return Ok(subject.named),
            Err(error) => error,
        };
        let wait_ms = match &error {
            ResolveError::Retry { after_ms: Some(ms), .. } => *ms,
            ResolveError::Retry { after_ms: None, .. } if tries < TRIES => {
                tries += 1;
                WAIT_MS * u64::from(tries - 1)
            }
            _ => return Err(error),
        };
        let wait_ms = wait_ms.max(WAIT_MS / 10);
        waited_ms += wait_ms;
        if waited_ms > PATIENCE_MS {
            return Err(error);
        }
        tracing::info!(%account, wait_ms, "waiting for the host of a seed");
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}
