//! The first half of a commit: every profile that was seen gets an id and enters the frontier.

use std::collections::{BTreeMap, HashMap};

use model::account::check_native_id;
use model::observation::{NamedProfile, Observation, SeenArc, SeenList};
use model::{Adjacency, AdjacencyEntry, ProfileId};

use super::batch::{CrawlBatch, CrawledProfile};
use crate::StoreError;
use crate::pg::frontier::{DEPTH_UNLIMITED, ProfileSighting, schedule};
use crate::pg::params::params;
use crate::pg::row::{FRONTIER, TableRow};
use crate::pg::value::stored_id;
use crate::pg::{Pg, account_key};

/// The ids of all profiles in a batch's lists.
pub(super) struct SeenIds<'a>(HashMap<&'a str, ProfileId>);

impl SeenIds<'_> {
    /// A list's arcs. An arc of a profile to itself does not count.
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

/// A name that lists have, and the greatest depth left for it.
struct SeenName<'a> {
    named: &'a NamedProfile,
    depth: i16,
}

const DEPTHS: &str = "select profile_id, depth_left from frontier where profile_id = any($1)";

/// Resolves all profiles in the lists of `batch` and lets them enter the frontier, one step less deep
/// than the lists' owners. Returns their ids and how many are new. An arc to what is no native id is
/// left out.
pub(super) async fn see<'a>(
    pg: &Pg,
    batch: &'a CrawlBatch,
) -> Result<(SeenIds<'a>, u64), StoreError> {
    let depths = depths(pg, batch).await?;
    let mut seen: BTreeMap<&str, SeenName<'_>> = BTreeMap::new();
    for profile in &batch.profiles {
        let Some(&depth) = depths.get(&profile.id) else { continue };
        for arc in arcs(profile) {
            let new = SeenName { named: &arc.other, depth };
            let known = seen.entry(&arc.other.native_id).or_insert(new);
            known.depth = known.depth.max(depth);
            if known.named.host.is_none() || known.named.handle.is_none() {
                known.named = &arc.other;
            }
        }
    }
    seen.retain(|native_id, _| check_native_id(native_id).is_ok());
    let names: Vec<NamedProfile> = seen.values().map(|name| name.named.clone()).collect();
    let ids = account_key::resolve(pg, batch.platform, &names).await?;
    let sightings = ids.iter().zip(seen.values());
    let sightings: Vec<ProfileSighting<'_>> = sightings
        .map(|(&id, name)| ProfileSighting { id, named: name.named, depth: name.depth })
        .collect();
    let new = schedule(pg, batch.platform, &batch.default_host, &sightings, batch.now).await?;
    Ok((SeenIds(seen.into_keys().zip(ids).collect()), new))
}

fn arcs(profile: &CrawledProfile) -> impl Iterator<Item = &SeenArc> {
    let observations = profile.streams.iter().flat_map(|stream| &stream.observations);
    observations.flat_map(|observation| match observation {
        Observation::List(list) => list.arcs.as_slice(),
        Observation::Profile(_) | Observation::Gone(_) => &[],
    })
}

/// The depth that is left for the profiles in each profile's lists.
async fn depths(pg: &Pg, batch: &CrawlBatch) -> Result<HashMap<ProfileId, i16>, StoreError> {
    let ids: Vec<i64> = batch.profiles.iter().map(|profile| stored_id(profile.id)).collect();
    let rows = pg.query("crawl::commit", DEPTHS, params![ids => INT8_ARRAY]).await?;
    let next = |depth: i16| if depth == DEPTH_UNLIMITED { depth } else { depth.max(0) - 1 };
    let depth =
        |row: TableRow<'_>| Ok((row.profile_id("profile_id")?, next(row.get("depth_left")?)));
    FRONTIER.rows(&rows).map(depth).collect()
}
