//! Functions that take an event as JSON and answer JSON.

use std::time::Duration;

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, clock};

/// What is known of an invocation besides its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// How long it may take.
    pub left: Duration,
    /// The id under which AWS knows it.
    pub request_id: String,
}

/// Answers every event with `handle`, which is told how long the invocation may take. Returns only
/// if the Runtime API fails.
pub async fn serve<E, A>(
    handle: impl AsyncFn(E, Duration) -> Result<A, Failure>,
) -> Result<(), Failure>
where
    E: DeserializeOwned,
    A: Serialize,
{
    serve_told(async |event, invocation: Invocation| handle(event, invocation.left).await).await
}

/// As [`serve`], for a handler that is told all that is known of the invocation.
pub async fn serve_told<E, A>(
    handle: impl AsyncFn(E, Invocation) -> Result<A, Failure>,
) -> Result<(), Failure>
where
    E: DeserializeOwned,
    A: Serialize,
{
    let handle = &handle;
    let run = service_fn(move |event: LambdaEvent<E>| async move {
        let left = clock::until(event.context.deadline);
        let invocation = Invocation { left, request_id: event.context.request_id };
        handle(event.payload, invocation).boxed_local().await
    });
    lambda_runtime::run(run).await.map_err(|error| Failure::new(error.to_string()))
}
