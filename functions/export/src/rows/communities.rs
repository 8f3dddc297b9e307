//! The communities of a run, the largest first, and who has which place in them.

use model::export::ExportPlace;
use model::index::RunPerson;
use model::{Community, CommunityId, PersonId, RunId, SensitiveKind};
use store::Pg;
use store::pg::community::{self, CommunityPosition, CommunityQuery};
use store::pg::membership::{self, Order, RankedMembership};
use store::pg::score;
use store::table::CellValue;

use super::{RowStep, STEP, optional_share, optional_text, rank, share, text, whole};
use crate::ExportError;
use crate::consent::{KnownTopics, NamingProfiles, listed, topics};

/// The communities from a place on.
pub(super) async fn step(
    pg: &Pg,
    run: RunId,
    level: Option<u8>,
    place: ExportPlace,
) -> Result<RowStep, ExportError> {
    let found = after(pg, run, (level, STEP), place).await?;
    let rows = found.iter().map(community_row).collect();
    let last = found.last().filter(|_| found.len() == STEP as usize);
    Ok(RowStep { rows, names: NamingProfiles::default(), next: last.map(behind) })
}

/// The communities after the one that is done.
async fn after(
    pg: &Pg,
    run: RunId,
    (level, limit): (Option<u8>, u32),
    place: ExportPlace,
) -> Result<Vec<Community>, ExportError> {
    let after = place.after.map(|(members, id)| CommunityPosition { members, id });
    let query = CommunityQuery { level, after, limit, ..CommunityQuery::default() };
    Ok(community::page(pg, run, query).await?)
}

/// The place behind a community.
fn behind(community: &Community) -> ExportPlace {
    ExportPlace { after: Some((community.members, community.id)), row: 0 }
}

fn community_row(community: &Community) -> Vec<CellValue> {
    let unknown = community.is_too_little_known();
    let kinds: Vec<&str> = topics(community).kinds().map(SensitiveKind::slug).collect();
    vec![
        text(community.id),
        optional_text(community.parent),
        whole(community.level),
        whole(community.last_level),
        whole(community.members),
        optional_share((!unknown).then_some(community.trust)),
        CellValue::Flag(unknown),
        text(kinds.join(",")),
    ]
}

/// The places in the communities from a place on: of one of them, if it is given.
pub(super) async fn memberships(
    pg: &Pg,
    run: RunId,
    only: Option<CommunityId>,
    place: ExportPlace,
) -> Result<RowStep, ExportError> {
    let found = match only {
        Some(_) if place.after.is_some() => None,
        Some(id) => community::get(pg, run, &[id]).await?.pop(),
        None => after(pg, run, (None, 1), place).await?.pop(),
    };
    let Some(community) = found else { return Ok(RowStep::end()) };
    let from = u32::try_from(place.row).unwrap_or(u32::MAX);
    let range = from..from.saturating_add(STEP);
    let page = membership::page(pg, run, community.id, Order::Attention, range).await?;
    let (total, ranked) = page.map(|page| (page.total, page.rows)).unwrap_or_default();
    let (rows, names) = shown(pg, run, &community, &ranked).await?;
    let read = place.row + ranked.len() as u64;
    let is_done = ranked.is_empty() || read >= u64::from(total);
    let next = if is_done { behind(&community) } else { ExportPlace { row: read, ..place } };
    Ok(RowStep { rows, names, next: Some(next) })
}

/// Those of these places that may be shown, and by which profiles: of people who are listed and, where the community
/// is about something sensitive, name it.
async fn shown(
    pg: &Pg,
    run: RunId,
    community: &Community,
    ranked: &[RankedMembership],
) -> Result<(Vec<Vec<CellValue>>, NamingProfiles), ExportError> {
    let numbers: Vec<RunPerson> = ranked.iter().map(|one| one.membership.person).collect();
    let scores = score::get(pg, run, &numbers).await?;
    let listable = scores.into_iter().map(|score| score.filter(|score| !score.unlisted));
    let ids: Vec<Option<PersonId>> =
        listable.map(|score| score.map(|score| score.person)).collect();
    let wanted: Vec<PersonId> = ids.iter().copied().flatten().collect();
    let people = listed(pg, &wanted).await?;
    // As other kept runs know it, too.
    let known = KnownTopics::of(pg, &[community.id]).await?;
    let (is_by_bio, unknown) = (known.is_sensitive(community.id), community.is_too_little_known());
    let (mut rows, mut names) = (Vec::new(), NamingProfiles::default());
    for (ranked, id) in ranked.iter().zip(ids) {
        let Some((id, person)) = id.and_then(|id| Some((id, people.get(&id)?))) else { continue };
        if known.admit(community.id, person) {
            rows.push(membership_row(community.id, id, ranked, unknown));
            names.add(person, is_by_bio);
        }
    }
    Ok((rows, names))
}

fn membership_row(
    community: CommunityId,
    person: PersonId,
    ranked: &RankedMembership,
    unknown: bool,
) -> Vec<CellValue> {
    let membership = &ranked.membership;
    vec![
        text(community),
        text(person),
        text(membership.kind.slug()),
        CellValue::Flag(membership.member),
        rank(ranked.rank.filter(|_| membership.ranked && !unknown)),
        share(membership.attention),
        whole(membership.score),
        share(membership.insider),
        share(membership.belonging),
        share(membership.support),
        CellValue::Flag(membership.low_confidence),
    ]
}
