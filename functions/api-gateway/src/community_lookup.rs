//! The community that answers for an id, and why none does.

use model::{Community, CommunityId, RunId};
use store::pg::community::{self, WORLD};
use store::pg::lineage;

use crate::error::{Problem, ProblemCode};
use crate::extract::ApiCall;
use crate::query::RunChoice;
use crate::runs;

/// The community of a run that answers for an id.
pub(crate) async fn in_run(
    call: &ApiCall,
    run: RunId,
    id: CommunityId,
) -> Result<Option<Community>, Problem> {
    find(call, run, &[id]).await
}

/// The first of some communities that is in a run.
pub(crate) async fn find(
    call: &ApiCall,
    run: RunId,
    ids: &[CommunityId],
) -> Result<Option<Community>, Problem> {
    Ok(community::get(call.pg(), run, ids).await?.into_iter().next())
}

/// The community that stands for an id in the served run; itself, if it is the world or has ended.
pub(crate) async fn standing_for(call: &ApiCall, id: CommunityId) -> Result<CommunityId, Problem> {
    if id == WORLD {
        return Ok(id);
    }
    let served = runs::choose(call, RunChoice::default(), None).await?;
    match in_run(call, served.run, id).await? {
        Some(found) => Ok(found.id),
        None if lineage::is_known(call.pg(), id).await? => Ok(id),
        None => Err(unknown(call, id, served.run).await),
    }
}

/// That a run has no community with this id; if it ended, where that is explained, and what continues it.
pub(crate) async fn unknown(call: &ApiCall, id: CommunityId, run: RunId) -> Problem {
    let problem = |detail| Problem::new(ProblemCode::CommunityUnknown, detail);
    match end(call, id, run).await {
        Ok(None) => problem(format!("{run} has no community {id}: see /v1/communities")),
        Ok(Some(CommunityEnd { heir: None })) => problem(format!(
            "{id} is not in {run}: /v1/communities/{id}/lineage says what became of it"
        )),
        Ok(Some(CommunityEnd { heir: Some(heir) })) => problem(format!(
            "{id} is not in {run}: {heir} continues it, and /v1/communities/{id}/lineage says how"
        )),
        Err(problem) => problem,
    }
}

/// The end of a community.
struct CommunityEnd {
    /// The community of the run that continues it.
    heir: Option<CommunityId>,
}

/// How a community that is not in a run ended; `None` if there never was one.
async fn end(call: &ApiCall, id: CommunityId, run: RunId) -> Result<Option<CommunityEnd>, Problem> {
    if !lineage::is_known(call.pg(), id).await? {
        return Ok(None);
    }
    let line = lineage::continued_by(call.pg(), id).await?;
    let heir = find(call, run, &line).await?;
    Ok(Some(CommunityEnd { heir: heir.map(|heir| heir.id) }))
}
