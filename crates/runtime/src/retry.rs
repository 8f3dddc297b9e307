//! Retries at the start: a database that has paused takes half a minute to resume.

use std::fmt::Display;
use std::time::Duration;

/// The most tries.
const TRIES: u32 = 30;
/// How long to wait between two.
const PAUSE: Duration = Duration::from_secs(1);

/// Repeats `work` until it succeeds, for about half a minute. Returns its last error.
pub async fn retry<T, E: Display>(work: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
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
    async fn a_late_success_is_returned() {
        let tries = Cell::new(0);
        let work = async || {
            tries.set(tries.get() + 1);
            if tries.get() < 5 { Err("not yet") } else { Ok(tries.get()) }
        };
        assert_eq!(retry(work).await, Ok(5));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_returned() {
        let work = async || Err::<(), _>("never");
        assert_eq!(retry(work).await, Err("never"));
    }
}
