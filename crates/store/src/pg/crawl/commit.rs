//! The commit of a batch.

use std::collections::HashSet;

use model::observation::{Observation, SeenProfile};
use model::profile::GoneReason;
use model::{Consent, ProfileId};

use super::batch::{CrawlBatch, CrawlOutcome, CrawledProfile, CrawledStream};
use super::lists::StreamLists;
use super::progress::{NewPart, Progress, drop_parts};
use super::round;
use super::seen::{Ids, see};
use crate::StoreError;
use crate::pg::connection::retry;
use crate::pg::transaction::Tx;
use crate::pg::{Pg, adjacency, change, erase, profile};

/// A profile of the batch with those of its streams that the commit applies to.
type Applied<'a> = (&'a CrawledProfile, Vec<&'a CrawledStream>);

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
    ids: &Ids<'_>,
    opted_out: &HashSet<ProfileId>,
) -> Result<CrawlOutcome, StoreError> {
    let mut client = pg.client().await?;
    let tx = Tx::begin(&mut client, "crawl::commit").await?;
    let rounds = round::lock(&tx, &batch.profiles).await?;
    let progress = Progress::read(&tx, &batch.profiles).await?;
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
            gone.push((crawled.id, erase::Reason::OptedOut));
            continue;
        }
        match reason_to_erase(&streams) {
            Some(reason) => gone.push((crawled.id, erase::Reason::Gone(reason))),
            None => applied.push((crawled, streams)),
        }
    }
    let pages = profile::store(&tx, &pages(&applied), batch.now).await?;
    outcome.changed_profiles = pages.len() as u64;
    let lists = commit_lists(&tx, batch, &applied, ids).await?;
    count_lists(&mut outcome, &lists);
    progress.save(&tx, &applied).await?;
    let changed: HashSet<ProfileId> =
        pages.into_iter().chain(lists.changed.iter().map(|list| list.key.profile)).collect();
    let ended: Vec<_> = applied
        .iter()
        .map(|(crawled, _)| (*crawled, rounds[&crawled.id], changed.contains(&crawled.id)))
        .collect();
    round::end(&tx, &ended, batch.now).await?;
    erase::erase(&tx, batch.platform, &gone, batch.now).await?;
    outcome.erased = gone.len() as u64;
    tx.commit().await?;
    Ok(outcome)
}

/// The handles that pages of the batch show.
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

/// The streams that the record still stands in the same place of.
fn fresh<'a>(crawled: &'a CrawledProfile, progress: &Progress) -> Vec<&'a CrawledStream> {
    let streams = crawled.streams.iter();
    streams.filter(|stream| progress.stands_where(crawled.id, stream)).collect()
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

fn pages<'a>(applied: &[Applied<'a>]) -> Vec<(ProfileId, &'a SeenProfile)> {
    let pages = applied.iter().filter_map(|(crawled, streams)| {
        let observations = streams.iter().flat_map(|stream| &stream.observations);
        let page = observations.into_iter().find_map(|observation| match observation {
            Observation::Profile(seen) => Some(&**seen),
            Observation::List(_) | Observation::Gone(_) => None,
        })?;
        Some((crawled.id, page))
    });
    pages.collect()
}

async fn commit_lists(
    tx: &Tx<'_>,
    batch: &CrawlBatch,
    applied: &[Applied<'_>],
    ids: &Ids<'_>,
) -> Result<adjacency::Edited, StoreError> {
    let streams: Vec<(ProfileId, &CrawledStream)> = applied
        .iter()
        .flat_map(|(crawled, streams)| streams.iter().map(|stream| (crawled.id, *stream)))
        .collect();
    let done: Vec<_> = streams.iter().copied().filter(|(_, stream)| is_done(stream)).collect();
    let parts = Progress::parts(tx, &done).await?;
    let lists: Vec<(ProfileId, StreamLists<'_>)> =
        streams.iter().map(|&(id, stream)| (id, StreamLists::new(id, stream, ids))).collect();
    let new_parts: Vec<NewPart<'_>> =
        lists.iter().flat_map(|(_, lists)| lists.new_parts()).collect();
    Progress::keep(tx, &new_parts).await?;
    let edits = lists.into_iter().flat_map(|(id, lists)| lists.into_edits(id, &parts)).collect();
    let edited = adjacency::edit(tx, edits, batch.now).await?;
    change::record_arcs(tx, &edited.changed, batch.now).await?;
    drop_parts(tx, &parts).await?;
    Ok(edited)
}

fn is_done(stream: &CrawledStream) -> bool {
    stream.end == super::StreamEnd::Done
}

fn count_lists(outcome: &mut CrawlOutcome, lists: &adjacency::Edited) {
    outcome.stale += lists.stale;
    outcome.changed_lists = lists.changed.len() as u64;
    outcome.arcs_added = lists.changed.iter().map(|list| list.added.len() as u64).sum();
    outcome.arcs_removed = lists.changed.iter().map(|list| list.removed.len() as u64).sum();
}
