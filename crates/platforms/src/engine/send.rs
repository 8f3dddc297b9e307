//! A request for a page on its way: permission of robots.txt, redirects, and the verdict on its answer.

use model::port::{WebRequest, WebResponse};

use super::context::FetchContext;
use super::page_request::{PageAnswer, PageRequest, RequestTarget};
use super::redirect::{RoutedAnswer, RoutedRequest, follow};
use super::robots;
use super::stop_reason::StopReason;
use crate::verdict::{self, AnswerVerdict};

/// Sends a request that the host's robots.txt allows, and judges its answer.
pub(super) async fn send(
    fetch: &mut FetchContext<'_>,
    ask: &PageRequest<'_>,
    target: RequestTarget,
    request: WebRequest,
) -> Result<PageAnswer, StopReason> {
    robots::permit(fetch, ask.manifest, &target, &request.url).await?;
    let sent = RoutedRequest { target, request };
    let RoutedAnswer { target, response } = follow(fetch, ask.manifest, sent).await?;
    judge(fetch, ask, target.host, response).await
}

/// What an answer means for the request.
async fn judge(
    fetch: &mut FetchContext<'_>,
    ask: &PageRequest<'_>,
    host: String,
    response: WebResponse,
) -> Result<PageAnswer, StopReason> {
    match verdict::of_answer(ask.errors, &response, &host) {
        AnswerVerdict::Page => Ok(PageAnswer { response, host }),
        AnswerVerdict::RateLimited(body_wait_ms) => {
            Err(fetch.rate_limited(ask.manifest, &host, &response, body_wait_ms).await)
        }
        // A host in trouble may also say when to come back.
        AnswerVerdict::Retry(_) if response.header("retry-after").is_some() => {
            Err(fetch.rate_limited(ask.manifest, &host, &response, None).await)
        }
        other => Err(StopReason::of(other)),
    }
}
