//! What a request with a key passes before its handler: the limits of the key, and the terms on which it is
//! served.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::caller::ApiCaller;
use crate::charging::{self, RateState};
use crate::error::{Problem, ProblemCode};
use crate::state::Gateway;

/// Admits a request. The handler finds the [`charging::AdmittedRequest`] in the request's extensions, and
/// [`mod@crate::finish`] in the response's, beside the [`RateState`].
pub(crate) async fn admit(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<ApiCaller>().cloned();
    let Some(caller) = caller.filter(|_| request.method() != Method::OPTIONS) else {
        return next.run(request).await;
    };
    let (charging, now) = (gateway.charging(), gateway.now());
    let rate = charging.limiter.take(caller.key, now);
    let mut response = match rate.filter(|rate| !rate.passes) {
        Some(rate) => {
            charging::refused(&request, &caller, now)
                .into_iter()
                .for_each(|request| charging.outbox.refuse(request));
            too_many(rate).into_response()
        }
        None => match charging::admit(charging, gateway.pg(), &caller, request, now).await {
            Err(problem) => problem.into_response(),
            Ok((admitted, mut request)) => {
                let admitted = Arc::new(admitted);
                request.extensions_mut().insert(Arc::clone(&admitted));
                let mut response = next.run(request).await;
                response.extensions_mut().insert(admitted);
                response
            }
        },
    };
    if let Some(rate) = rate {
        response.extensions_mut().insert(rate);
    }
    response
}

fn too_many(rate: RateState) -> Problem {
    let RateState { burst, window_seconds, wait_seconds, .. } = rate;
    let why =
        format!("more than {burst} requests within {window_seconds} s: wait {wait_seconds} s");
    Problem::new(ProblemCode::RateLimited, why).retry_after(wait_seconds)
}
