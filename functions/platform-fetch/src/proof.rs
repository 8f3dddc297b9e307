//! A proof job: whether an account shows the code of a privacy request.
//!
//! What is read is the account's own page, within the budget of its host. Of the page nothing is stored but the answer:
//! a person that made no request, or another one than the owner, has agreed to nothing. The host itself gets a row, as
//! every host that is asked: of a fediverse account that is its instance.

use model::message::ProofJob;
use model::privacy_request::PrivacyRequestStatus;
use model::time::Timestamp;
use model::{Account, PrivacyRequest};
use platforms::engine::{FetchContext, OwnPage, ResolveError};
use store::pg::privacy_request;

use crate::{FetchDependencies, FetchError, FetchSummary, job};

/// Looks for the code of a request, if it still counts, and notes what it proves. Trouble that may pass proves nothing,
/// and is no check: the code is looked for again.
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
    let ReadPage { own, requests } = read(dependencies, &account, deadline).await;
    match own {
        Ok(own) => note(dependencies, &request, own.as_ref()).await?,
        Err(error) => {
            let (request, trouble) = (request.id, trouble(&error));
            tracing::warn!(%request, trouble, requests, "a code could not be looked for");
            if matches!(error, ResolveError::Retry { .. }) {
                privacy_request::take_back(pg, job, clock.now()).await?;
            }
        }
    }
    Ok(FetchSummary { requests, ..FetchSummary::default() })
}

/// The account's own page, or why it was not read, and how many requests it took.
struct ReadPage {
    own: Result<Option<OwnPage>, ResolveError>,
    requests: u64,
}

async fn read(
    dependencies: FetchDependencies<'_>,
    account: &Account,
    deadline: Timestamp,
) -> ReadPage {
    let FetchDependencies { web, clock, engine, memory, .. } = dependencies;
    let mut limiter = job::limiter(dependencies, account.platform, deadline);
    let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
    let own = engine.own_page(&mut fetch, account).await;
    ReadPage { own, requests: u64::from(fetch.requests()) }
}

/// Notes what the account's own page proves.
async fn note(
    dependencies: FetchDependencies<'_>,
    request: &PrivacyRequest,
    own: Option<&OwnPage>,
) -> Result<(), FetchError> {
    let FetchDependencies { pg, clock, .. } = dependencies;
    let proven = own.filter(|own| request.code.is_in(&own.bio));
    if let Some(own) = proven {
        privacy_request::prove(pg, request, &own.named.native_id, clock.now()).await?;
    }
    tracing::info!(request = %request.id, is_proven = proven.is_some(), "looked for a code");
    Ok(())
}

/// What went wrong, in a word: the text of an error names the account.
fn trouble(error: &ResolveError) -> &'static str {
    match error {
        ResolveError::NoManifest(_) => "no_manifest",
        ResolveError::Malformed { .. } => "malformed",
        ResolveError::NotFound(_) => "not_found",
        ResolveError::Disallowed { .. } => "disallowed",
        ResolveError::Retry { .. } => "retry",
    }
}
