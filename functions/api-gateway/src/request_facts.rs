//! What is found out about a request on its way to a handler, kept where it is found even if no answer comes: in
//! the request's extensions, which [`mod@crate::finish`] shares.

use std::sync::{Arc, OnceLock};

use crate::caller::ApiCaller;
use crate::charging::{AdmittedRequest, FreeAnswersLeft};
use crate::rate_limit::RateState;

/// The facts of one request. Each is found once.
#[derive(Debug, Default)]
pub(crate) struct RequestFacts {
    /// Who calls.
    pub(crate) caller: OnceLock<ApiCaller>,
    /// What the caller's account should know: see [`mod@crate::notice`].
    pub(crate) notice: OnceLock<String>,
    /// Where the client's address stands with its rate limit.
    pub(crate) address_rate: OnceLock<RateState>,
    /// Where the key stands with its rate limit.
    pub(crate) rate: OnceLock<RateState>,
    /// How many free answers the key and its payer had left.
    pub(crate) free_left: OnceLock<FreeAnswersLeft>,
    /// On which terms it is served.
    pub(crate) admitted: OnceLock<Arc<AdmittedRequest>>,
}

impl RequestFacts {
    /// Those of a request; new ones if it did not come through [`mod@crate::finish`].
    pub(crate) fn of(extensions: &axum::http::Extensions) -> Arc<RequestFacts> {
        extensions.get::<Arc<RequestFacts>>().cloned().unwrap_or_default()
    }

    /// What is left of the free answers, if the next one is refused.
    pub(crate) fn no_free_left(&self) -> Option<FreeAnswersLeft> {
        self.free_left.get().copied().filter(|left| left.least() == 0)
    }
}
