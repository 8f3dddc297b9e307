//! Waiting for what a start needs: a database that has paused takes half a minute to come back.

use std::fmt::Display;
use std::time::Duration;

/// The most tries.
const TRIES: u32 = 30;
/// How long to wait between two.
const PAUSE: Duration = Duration::from_secs(1);

/// Does `work`, again and again for about half a minute until it works. Returns its last error.
pub async fn patiently<T, E: Display>(work: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
    for _ in 1..TRIES {
        match work().await {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!(%error, "trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    work().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_works_late_works() {
        let tries = Cell::new(0);
        let work = async || {
            tries.set(tries.get() + 1);
            if tries.get() < 5 { Err("not yet") } else { Ok(tries.get()) }
        };
        assert_eq!(patiently(work).await, Ok(5));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_has_an_end() {
        let work = async || Err::<(), _>("never");
        assert_eq!(patiently(work).await, Err("never"));
    }
}
