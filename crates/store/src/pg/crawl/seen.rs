//! The first half of a commit: everyone who was seen gets an id and a place in the frontier.

use std::collections::{BTreeMap, HashMap};

use model::account::check_native_id;
use model::observation::{NamedProfile, Observation, SeenArc, SeenList};
use model::{Adjacency, AdjacencyEntry, ProfileId};

use super::batch::{CrawlBatch, CrawledProfile};
use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::frontier::{DEPTH_UNLIMITED, Sighting, schedule};
use crate::pg::value::{profile_id, stored_id};
use crate::pg::{Pg, ident};

/// The ids of everyone in a batch's lists.
pub(super) struct Ids<'a>(HashMap<&'a str, ProfileId>);

impl Ids<'_> {
    /// A list's arcs. Whoever attends to itself does not count.
    pub(super) fn list(&self, owner: ProfileId, seen: &SeenList) -> Adjacency {
        seen.arcs.iter().filter_map(|arc| self.entry(owner, arc)).collect()
    }

    fn entry(&self, owner: ProfileId, arc: &SeenArc) -> Option<AdjacencyEntry> {
        let other = *self.0.get(arc.other.native_id.as_str())?;
        let weight = if arc.weight.is_finite() && arc.weight > 0.0 { arc.weight } else { 1.0 };
        let entry = AdjacencyEntry { other, count: arc.count, last_day: arc.last_day, weight };
        (other != owner).then_some(entry)
    }
}

const DEPTHS: &str = "select profile_id, depth_left from frontier where profile_id = any($1)";

/// Resolves everyone in the lists of `batch` and lets them enter the frontier, one step less deep
/// than who showed them. Returns their ids and how many are new. An arc to what is no native id is
/// left out.
pub(super) async fn see<'a>(pg: &Pg, batch: &'a CrawlBatch) -> Result<(Ids<'a>, u64), StoreError> {
    let depths = depths(pg, batch).await?;
    let mut seen: BTreeMap<&str, (&NamedProfile, i16)> = BTreeMap::new();
    for profile in &batch.profiles {
        let Some(&depth) = depths.get(&profile.id) else { continue };
        for arc in arcs(profile) {
            let place = seen.entry(&arc.other.native_id).or_insert((&arc.other, depth));
            place.1 = place.1.max(depth);
            if place.0.host.is_none() || place.0.handle.is_none() {
                place.0 = &arc.other;
            }
        }
    }
    seen.retain(|native_id, _| check_native_id(native_id).is_ok());
    let names: Vec<NamedProfile> = seen.values().map(|(named, _)| (*named).clone()).collect();
    let ids = ident::resolve(pg, batch.platform, &names).await?;
    let sightings = ids.iter().zip(seen.values());
    let sightings: Vec<Sighting<'_>> =
        sightings.map(|(&id, &(named, depth))| Sighting { id, named, depth }).collect();
    let place = (batch.platform, batch.default_host.as_str());
    let new = schedule(pg, place, &sightings, batch.now).await?;
    Ok((Ids(seen.into_keys().zip(ids).collect()), new))
}

fn arcs(profile: &CrawledProfile) -> impl Iterator<Item = &SeenArc> {
    let observations = profile.streams.iter().flat_map(|stream| &stream.observations);
    observations.flat_map(|observation| match observation {
        Observation::List(list) => list.arcs.as_slice(),
        Observation::Profile(_) | Observation::Gone(_) => &[],
    })
}

/// The depth that is left for those whom each profile shows.
async fn depths(pg: &Pg, batch: &CrawlBatch) -> Result<HashMap<ProfileId, i16>, StoreError> {
    let ids: Vec<i64> = batch.profiles.iter().map(|profile| stored_id(profile.id)).collect();
    let rows = pg.query("crawl::commit", DEPTHS, params![ids => INT8_ARRAY]).await?;
    let next = |depth: i16| if depth == DEPTH_UNLIMITED { depth } else { depth.max(0) - 1 };
    Ok(rows.iter().map(|row| (profile_id(row.get(0)), next(row.get(1)))).collect())
}
