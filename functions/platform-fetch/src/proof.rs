//! A proof job: whether an account shows the code of a privacy request.
//!
//! What is read is the account's own page and up to three pages that its platform has verified as its own, within the
//! budgets of their hosts. Nothing of it is stored but the answer: a person that made no request, or another one than
//! the owner, has agreed to nothing.

use model::Account;
use model::message::ProofJob;
use model::privacy_request::{PrivacyRequestStatus, ProofCode};
use model::time::Timestamp;
use platforms::engine::{FetchContext, OwnPage};
use store::pg::privacy_request;

use crate::limiter::PageLimiter;
use crate::{FetchDependencies, FetchError, FetchSummary, job};

/// Looks for the code of a request, if it still counts, and notes what it proves. Trouble with a host proves nothing:
/// the next check comes by itself, or is asked for.
pub(crate) async fn handle(
    dependencies: FetchDependencies<'_>,
    job: ProofJob,
    deadline: Timestamp,
) -> Result<FetchSummary, FetchError> {
    let FetchDependencies { pg, clock, .. } = dependencies;
    let Some(request) = privacy_request::get(pg, job.prove).await? else {
        return Ok(FetchSummary::default());
    };
    let (status, handle) = (request.status(clock.now()), request.handle.clone());
    let (PrivacyRequestStatus::WaitingForProof, Some(handle)) = (status, handle) else {
        return Ok(FetchSummary::default());
    };
    let account = Account { platform: request.platform, handle };
    let mut look = ProofSearch { dependencies, deadline, requests: 0 };
    let proven = look.shown_by(&account, &request.code).await;
    if let Some(own) = &proven {
        privacy_request::prove(pg, &request, &own.named.native_id, clock.now()).await?;
    }
    let is_proven = proven.is_some();
    tracing::info!(request = %request.id, is_proven, requests = look.requests, "looked for a code");
    Ok(FetchSummary { requests: look.requests, ..FetchSummary::default() })
}

/// A search for a code, and how many requests it took.
struct ProofSearch<'a> {
    dependencies: FetchDependencies<'a>,
    deadline: Timestamp,
    requests: u64,
}

impl ProofSearch<'_> {
    /// The account's own page, if it shows the code there or on a page that names it back.
    async fn shown_by(&mut self, account: &Account, code: &ProofCode) -> Option<OwnPage> {
        let FetchDependencies { web, clock, engine, memory, .. } = self.dependencies;
        let mut limiter = job::limiter(self.dependencies, account.platform, self.deadline);
        let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
        let own = engine.own_page(&mut fetch, account).await;
        self.requests += u64::from(fetch.requests());
        let own = own.ok().flatten()?;
        if code.is_in(&own.bio) {
            return Some(own);
        }
        let mut limiter = PageLimiter::new(limiter);
        let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
        let is_proven = engine.is_proven_by_page(&mut fetch, &own, account, code).await;
        self.requests += u64::from(fetch.requests());
        is_proven.then_some(own)
    }
}
