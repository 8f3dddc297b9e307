//! Functions whose events and answers are JSON.

use std::time::Duration;

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{FunctionFailure, clock};

/// What is known of an invocation besides its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationContext {
    /// The time left.
    pub left: Duration,
    /// Its id at AWS.
    pub request_id: String,
}

/// Answers every event by `handle`, which is given the time left. Returns only if the Runtime API
/// fails.
pub async fn serve<E, A>(
    handle: impl AsyncFn(E, Duration) -> Result<A, FunctionFailure>,
) -> Result<(), FunctionFailure>
where
    E: DeserializeOwned,
    A: Serialize,
{
    serve_invocations(async |event, invocation: InvocationContext| {
        handle(event, invocation.left).await
    })
    .await
}

/// As [`serve`], for a handler that is given the whole context of the invocation.
pub async fn serve_invocations<E, A>(
    handle: impl AsyncFn(E, InvocationContext) -> Result<A, FunctionFailure>,
) -> Result<(), FunctionFailure>
where
    E: DeserializeOwned,
    A: Serialize,
{
    let handle = &handle;
    let run = service_fn(move |event: LambdaEvent<E>| async move {
        let left = clock::until(event.context.deadline);
        let invocation = InvocationContext { left, request_id: event.context.request_id };
        handle(event.payload, invocation).boxed_local().await
    });
    lambda_runtime::run(run).await.map_err(|error| FunctionFailure::new(error.to_string()))
}
