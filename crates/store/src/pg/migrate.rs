//! Brings the schema up to date.

use tokio_postgres::{Client, NoTls};

use super::connection::failed;
use crate::StoreError;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// Names the lock that concurrent migrations wait for.
const LOCK: &str = "select pg_advisory_lock(20261122000100)";

/// Runs the migrations that have not run yet; returns how many. Concurrent calls wait for each
/// other. Needs a direct connection: the lock belongs to its session.
pub async fn migrate(url: &str) -> Result<usize, StoreError> {
    let (mut client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|e| failed("connect", e))?;
    let driver = tokio::spawn(connection);
    let applied = run(&mut client).await;
    drop(client);
    // The connection ends with its client; what it has to say after that changes nothing.
    let _ = driver.await;
    applied
}

async fn run(client: &mut Client) -> Result<usize, StoreError> {
    client.batch_execute(LOCK).await.map_err(|e| failed("migrate", e))?;
    let report = embedded::migrations::runner().run_async(client).await?;
    Ok(report.applied_migrations().len())
}

/// A hash of all migrations, for caches of migrated databases.
pub fn schema_hash() -> String {
    let mut hasher = blake3::Hasher::new();
    for migration in embedded::migrations::runner().get_migrations() {
        hasher.update(migration.to_string().as_bytes());
        hasher.update(&migration.checksum().to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
