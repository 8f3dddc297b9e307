//! What very many ask for: read once a second, however many wait for it.

use model::time::Timestamp;
use tokio::sync::Mutex;

use crate::error::Problem;

/// How long a reading is given.
const KEPT_MS: i64 = 1_000;

/// The last reading, or why there is none.
pub(crate) struct SharedReading<T>(Mutex<Option<LastReading<T>>>);

struct LastReading<T> {
    at_ms: i64,
    read: Result<T, Problem>,
}

impl<T> Default for SharedReading<T> {
    fn default() -> SharedReading<T> {
        SharedReading(Mutex::new(None))
    }
}

impl<T: Clone> SharedReading<T> {
    /// The reading of this second. One caller reads it, and the others wait for that. A failure is given to them,
    /// too: else each would try again what fails.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        read: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let now_ms = now.as_millisecond();
        let mut last = self.0.lock().await;
        if let Some(last) = last.as_ref().filter(|last| is_fresh(last.at_ms, now_ms)) {
            return last.read.clone();
        }
        let read = read.await;
        *last = Some(LastReading { at_ms: now_ms, read: read.clone() });
        read
    }
}

/// Of a clock that went back nothing is fresh.
fn is_fresh(at_ms: i64, now_ms: i64) -> bool {
    (0..KEPT_MS).contains(&(now_ms - at_ms))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;

    use super::*;
    use crate::error::ProblemCode;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[tokio::test]
    async fn one_reads_for_all_who_ask_within_a_second() {
        let (shared, reads) = (SharedReading::default(), AtomicU32::new(0));
        let get = async |ms| {
            let read = async {
                tokio::task::yield_now().await;
                Ok(reads.fetch_add(1, Ordering::Relaxed))
            };
            shared.get(at(ms), read).await.unwrap()
        };
        assert_eq!(join_all((0..50).map(|_| get(5_000))).await, [0; 50]);
        assert_eq!((get(5_999).await, get(6_000).await, get(6_999).await), (0, 1, 1));
        assert_eq!(get(5_999).await, 2, "by a clock that went back");
    }

    #[tokio::test]
    async fn a_failure_is_shared_for_a_second_too() {
        let shared = SharedReading::default();
        let fails = async || Err(Problem::new(ProblemCode::Unavailable, "no"));
        assert!(shared.get(at(0), fails()).await.is_err());
        assert!(shared.get(at(999), async { Ok(1) }).await.is_err());
        assert_eq!(shared.get(at(1_000), async { Ok(1) }).await, Ok(1));
    }

    #[tokio::test]
    async fn a_reader_that_is_given_up_leaves_it_to_the_next() {
        let shared = SharedReading::default();
        let never = std::future::pending::<Result<u8, Problem>>();
        let given_up =
            tokio::time::timeout(std::time::Duration::ZERO, shared.get(at(0), never)).await;
        assert!(given_up.is_err());
        assert_eq!(shared.get(at(0), async { Ok(7) }).await, Ok(7));
    }
}
