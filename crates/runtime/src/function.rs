//! Functions that take an event as JSON and answer JSON.

use std::time::Duration;

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, clock};

/// Answers every event with `handle`, which is told how long the invocation may take. Returns only
/// if the Runtime API fails.
pub async fn serve<E, A>(
    handle: impl AsyncFn(E, Duration) -> Result<A, Failure>,
) -> Result<(), Failure>
where
    E: DeserializeOwned,
    A: Serialize,
{
    let handle = &handle;
    let run = service_fn(move |event: LambdaEvent<E>| async move {
        let left = clock::until(event.context.deadline);
        handle(event.payload, left).boxed_local().await
    });
    lambda_runtime::run(run).await.map_err(|error| Failure::new(error.to_string()))
}
