//! The commit of a batch.

use std::collections::HashSet;

use model::observation::{Observation, SeenProfile};
use model::profile::GoneReason;
use model::{Consent, ProfileId};

use super::batch::{AppliedProfile, CrawlBatch, CrawlOutcome, CrawledProfile, CrawledStream};
use super::lists::StreamLists;
use super::progress::{CrawlProgress, NewListPart, drop_parts};
use super::round::{self, EndedRound};
use super::seen::{SeenIds, see};
use crate::StoreError;
use crate::pg::connection::retry;
use crate::pg::erase::ErasureReason;
use crate::pg::transaction::PgTransaction;
use crate::pg::{Pg, adjacency, change, erase, profile};

/// Commits what was seen. The newly seen profiles enter the frontier first, in transactions of
/// their own; everything else is one transaction.
pub async fn commit(pg: &Pg, batch: &CrawlBatch) -> Result<CrawlOutcome, StoreError> {
    let (ids, new_profiles) = see(pg, batch).await?;
    let opted_out = erase::opted_out(pg, batch.platform, handles(batch)).await?;
    change::open_day(pg, batch.now).await?;
    let outcome = retry(|| commit_once(pg, batch, &ids, &opted_out)).await?;
    Ok(CrawlOutcome { new_profiles, ..outcome })
}

async fn commit_once(
    pg: &Pg,
    batch: &CrawlBatch,
    ids: &SeenIds<'_>,
    opted_out: &HashSet<ProfileId>,
) -> Result<CrawlOutcome, StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "crawl::commit").await?;
    let rounds = round::lock(&tx, &batch.profiles).await?;
    let progress = CrawlProgress::read(&tx, &batch.profiles).await?;
    let mut outcome = CrawlOutcome::default();
    let (mut applied, mut gone) = (Vec::new(), Vec::new());
    for crawled in &batch.profiles {
        if !rounds.contains_key(&crawled.id) {
            outcome.stale += 1;
            continue;
        }
        let streams = fresh(crawled, &progress);
        outcome.stale += (crawled.streams.len() - streams.len()) as u64;
        outcome.applied += 1;
        if opted_out.contains(&crawled.id) {
            gone.push((crawled.id, ErasureReason::OptedOut));
            continue;
        }
        match reason_to_erase(&streams) {
            Some(reason) => gone.push((crawled.id, ErasureReason::Gone(reason))),
            None => applied.push(AppliedProfile { profile: crawled, streams }),
        }
    }
    let pages = profile::store(&tx, &pages(&applied), batch.now).await?;
    outcome.changed_profiles = pages.len() as u64;
    let lists = commit_lists(&tx, batch, &applied, ids).await?;
    count_lists(&mut outcome, &lists);
    progress.save(&tx, &applied).await?;
    let changed: HashSet<ProfileId> =
        pages.into_iter().chain(lists.changed.iter().map(|list| list.key.profile)).collect();
    let ended = applied.iter().map(|applied| EndedRound {
        profile: applied.profile,
        round: rounds[&applied.profile.id],
        is_changed: changed.contains(&applied.profile.id),
    });
    let ended: Vec<EndedRound<'_>> = ended.collect();
    round::end(&tx, &ended, batch.now).await?;
    erase::erase(&tx, batch.platform, &gone, batch.now).await?;
    outcome.erased = gone.len() as u64;
    tx.commit().await?;
    Ok(outcome)
}

/// The handles in the pages of the batch.
fn handles(batch: &CrawlBatch) -> impl Iterator<Item = (ProfileId, &str)> {
    let observations = batch.profiles.iter().flat_map(|crawled| {
        let observations = crawled.streams.iter().flat_map(|stream| &stream.observations);
        observations.map(|observation| (crawled.id, observation))
    });
    let pages = observations.filter_map(|(id, observation)| match observation {
        Observation::Profile(seen) => Some((id, seen)),
        Observation::List(_) | Observation::Gone(_) => None,
    });
    pages.flat_map(|(id, seen)| seen.handles().map(move |handle| (id, handle)))
}

/// The streams whose stored position is still the one at which their fetch began.
fn fresh<'a>(crawled: &'a CrawledProfile, progress: &CrawlProgress) -> Vec<&'a CrawledStream> {
    let streams = crawled.streams.iter();
    streams.filter(|stream| progress.is_at_checkpoint_of(crawled.id, stream)).collect()
}

fn reason_to_erase(streams: &[&CrawledStream]) -> Option<GoneReason> {
    let observations = streams.iter().flat_map(|stream| &stream.observations);
    observations.into_iter().find_map(|observation| match observation {
        Observation::Gone(reason) => Some(*reason),
        Observation::Profile(seen) if seen.consent.has(Consent::REFUSED) => {
            Some(GoneReason::Refused)
        }
        Observation::Profile(_) | Observation::List(_) => None,
    })
}

fn pages<'a>(applied: &[AppliedProfile<'a>]) -> Vec<(ProfileId, &'a SeenProfile)> {
    let pages = applied.iter().filter_map(|applied| {
        let observations = applied.streams.iter().flat_map(|stream| &stream.observations);
        let page = observations.into_iter().find_map(|observation| match observation {
            Observation::Profile(seen) => Some(&**seen),
            Observation::List(_) | Observation::Gone(_) => None,
        })?;
        Some((applied.profile.id, page))
    });
    pages.collect()
}

async fn commit_lists(
    tx: &PgTransaction<'_>,
    batch: &CrawlBatch,
    applied: &[AppliedProfile<'_>],
    ids: &SeenIds<'_>,
) -> Result<adjacency::EditOutcome, StoreError> {
    let streams: Vec<(ProfileId, &CrawledStream)> = applied
        .iter()
        .flat_map(|one| one.streams.iter().map(|stream| (one.profile.id, *stream)))
        .collect();
    let done: Vec<_> = streams.iter().copied().filter(|(_, stream)| is_done(stream)).collect();
    let parts = CrawlProgress::parts(tx, &done).await?;
    let lists: Vec<(ProfileId, StreamLists<'_>)> =
        streams.iter().map(|&(id, stream)| (id, StreamLists::new(id, stream, ids))).collect();
    let new_parts: Vec<NewListPart<'_>> =
        lists.iter().flat_map(|(_, lists)| lists.new_parts()).collect();
    CrawlProgress::keep(tx, &new_parts).await?;
    let edits = lists.into_iter().flat_map(|(id, lists)| lists.into_edits(id, &parts)).collect();
    let edited = adjacency::edit(tx, edits, batch.now).await?;
    change::record_arcs(tx, &edited.changed, batch.now).await?;
    drop_parts(tx, &parts).await?;
    Ok(edited)
}

fn is_done(stream: &CrawledStream) -> bool {
    stream.end == super::StreamEnd::Done
}

fn count_lists(outcome: &mut CrawlOutcome, lists: &adjacency::EditOutcome) {
    outcome.stale += lists.stale;
    outcome.changed_lists = lists.changed.len() as u64;
    outcome.arcs_added = lists.changed.iter().map(|list| list.added.len() as u64).sum();
    outcome.arcs_removed = lists.changed.iter().map(|list| list.removed.len() as u64).sum();
}
