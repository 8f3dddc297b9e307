//! How profiles enter the frontier: asked for as seeds, or seen in the lists of others.

use std::collections::{BTreeSet, HashMap};

use model::observation::NamedProfile;
use model::time::Timestamp;
use model::{Platform, ProfileId};

use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::host::{self, HostId};
use crate::pg::value::{platform_number, profile_id, stored_id, stored_seconds};
use crate::pg::{Pg, erase, ident};

/// Profiles to begin a crawl from.
#[derive(Debug, Clone, Copy)]
pub struct Seeds<'a> {
    /// Their platform.
    pub platform: Platform,
    /// Their names.
    pub names: &'a [NamedProfile],
    /// The host of those that name none.
    pub default_host: &'a str,
    /// How many steps the crawl may spread; 0: only themselves.
    pub depth: i16,
}

/// A profile seen in a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::pg) struct Sighting<'a> {
    pub(in crate::pg) id: ProfileId,
    pub(in crate::pg) named: &'a NamedProfile,
    /// The steps that the crawl may still spread from it; below 0 it is not to be crawled.
    pub(in crate::pg) depth: i16,
}

/// An erased profile that others still show is looked at again after this long.
const LOOK_AGAIN_SECONDS: i64 = 30 * 86_400;
/// The most profiles of one statement.
const SIGHTINGS_MAX: usize = 5_000;

/// A seed that is under a claim keeps it: its crawl is going on.
const SEED: &str = "insert into frontier (profile_id, host_id, due_at, depth_left)
    select id, host_id, $4, $3 from unnest($1::bigint[], $2::int[]) u(id, host_id) order by id
    on conflict (profile_id) do update set
        depth_left = greatest(frontier.depth_left, excluded.depth_left),
        due_at = case when frontier.claimed then frontier.due_at else excluded.due_at end
    where frontier.outcome < 5";
/// What is to be done about each sighting; most need nothing.
const NEEDS: &str = "select u.id, f.outcome is not distinct from 5
    from unnest($1::bigint[], $2::smallint[]) u(id, depth)
    left join frontier f on f.profile_id = u.id
    where f.profile_id is null or (f.depth_left < u.depth and f.outcome < 5)
        or (f.outcome = 5 and f.last_crawl < $3 and u.depth >= 0)";
/// Whoever is new enters; who entered meanwhile is left to [`DEEPEN`].
const ENTER: &str = "insert into frontier (profile_id, host_id, depth_left, due_at)
    select id, host_id, depth, case when depth >= 0 then $4::bigint end
    from unnest($1::bigint[], $2::int[], $3::smallint[]) u(id, host_id, depth) order by id
    on conflict (profile_id) do nothing returning profile_id";
/// A greater depth makes a profile due again, for its neighbours must learn of it. One under a
/// claim notices when its round ends.
const DEEPEN: &str = "with deeper as (
        select u.* from unnest($1::bigint[], $2::smallint[]) u(id, depth)
        join frontier f on f.profile_id = u.id
        where f.depth_left < u.depth and f.outcome < 5 order by u.id for update of f)
    update frontier f set depth_left = greatest(f.depth_left, d.depth),
        due_at = case when f.claimed then f.due_at else $3::bigint end
    from deeper d where f.profile_id = d.id";
const REVIVE: &str = "with f as (
        update frontier f set outcome = 0, due_at = $4, attempts = 0
        from unnest($2::bigint[]) u(id) where f.profile_id = u.id and f.outcome = 5
        returning f.profile_id)
    update ident i set native_id = u.native_id
    from f join unnest($2::bigint[], $3::text[]) u(id, native_id) on u.id = f.profile_id
    where i.platform_id = $1 and i.profile_id = f.profile_id";

/// Makes these profiles due now, their crawl to spread as deep as is asked or as they already
/// had. Returns their ids, in their order. Those that opted out stay out.
pub async fn seed(pg: &Pg, seeds: Seeds<'_>, now: Timestamp) -> Result<Vec<ProfileId>, StoreError> {
    let ids = ident::resolve(pg, seeds.platform, seeds.names).await?;
    let known: Vec<(ProfileId, &NamedProfile)> = ids.iter().copied().zip(seeds.names).collect();
    revive(pg, seeds.platform, &known, now).await?;
    let hosts = hosts(pg, seeds.platform, seeds.default_host, seeds.names.iter()).await?;
    let host_of = |named: &NamedProfile| hosts[host_name(named, seeds.default_host)].0;
    let unique: std::collections::BTreeMap<i64, i32> =
        known.iter().map(|(id, named)| (stored_id(*id), host_of(named))).collect();
    let (stored, on): (Vec<i64>, Vec<i32>) = unique.into_iter().unzip();
    let params = params![
        stored => INT8_ARRAY,
        on => INT4_ARRAY,
        seeds.depth => INT2,
        stored_seconds(now) => INT8,
    ];
    pg.execute("frontier::seed", SEED, params).await?;
    let shown = known.iter().filter_map(|(id, named)| Some((*id, named.handle.as_deref()?)));
    erase::heed(pg, seeds.platform, shown, now).await?;
    Ok(ids)
}

/// Lets profiles that were seen enter the frontier, or spread farther; each id at most once.
/// Returns how many are new. Runs in statements of its own, by id, so that it neither waits for
/// commits in a circle nor makes them wait.
pub(in crate::pg) async fn schedule(
    pg: &Pg,
    (platform, default_host): (Platform, &str),
    seen: &[Sighting<'_>],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut new = 0;
    for chunk in seen.chunks(SIGHTINGS_MAX) {
        let needs = needs(pg, chunk, now).await?;
        let (again, enter): (Vec<_>, Vec<_>) = needs.into_iter().partition(|need| need.erased);
        let again: Vec<_> = again.iter().map(|n| (n.sighting.id, n.sighting.named)).collect();
        if !again.is_empty() {
            revive(pg, platform, &again, now).await?;
        }
        if !enter.is_empty() {
            let enter: Vec<_> = enter.iter().map(|need| need.sighting).collect();
            let named = enter.iter().map(|sighting| sighting.named);
            let hosts = hosts(pg, platform, default_host, named).await?;
            let host_of = |s: &Sighting<'_>| hosts[host_name(s.named, default_host)].0;
            new += self::enter(pg, &enter, host_of, now).await?;
            let shown = enter.iter().filter_map(|s| Some((s.id, s.named.handle.as_deref()?)));
            erase::heed(pg, platform, shown, now).await?;
        }
    }
    Ok(new)
}

struct Need<'a> {
    sighting: Sighting<'a>,
    erased: bool,
}

async fn needs<'a>(
    pg: &Pg,
    seen: &[Sighting<'a>],
    now: Timestamp,
) -> Result<Vec<Need<'a>>, StoreError> {
    let ids: Vec<i64> = seen.iter().map(|sighting| stored_id(sighting.id)).collect();
    let depths: Vec<i16> = seen.iter().map(|sighting| sighting.depth).collect();
    let erased_before = stored_seconds(now) - LOOK_AGAIN_SECONDS;
    let params = params![ids => INT8_ARRAY, depths => INT2_ARRAY, erased_before => INT8];
    let rows = pg.query("frontier::schedule", NEEDS, params).await?;
    let by_id: HashMap<ProfileId, &Sighting<'a>> = seen.iter().map(|s| (s.id, s)).collect();
    let need = |row: &tokio_postgres::Row| {
        let sighting = **by_id.get(&profile_id(row.get(0)))?;
        Some(Need { sighting, erased: row.get(1) })
    };
    Ok(rows.iter().filter_map(need).collect())
}

/// Returns how many are new.
async fn enter(
    pg: &Pg,
    sightings: &[Sighting<'_>],
    host_of: impl Fn(&Sighting<'_>) -> i32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let ids: Vec<i64> = sightings.iter().map(|sighting| stored_id(sighting.id)).collect();
    let hosts: Vec<i32> = sightings.iter().map(host_of).collect();
    let depths: Vec<i16> = sightings.iter().map(|sighting| sighting.depth).collect();
    let now = stored_seconds(now);
    let params = params![ids => INT8_ARRAY, hosts => INT4_ARRAY, depths => INT2_ARRAY, now => INT8];
    let entered = pg.query("frontier::enter", ENTER, params).await?.len();
    if entered < sightings.len() {
        let params = params![ids => INT8_ARRAY, depths => INT2_ARRAY, now => INT8];
        pg.execute("frontier::deepen", DEEPEN, params).await?;
    }
    Ok(entered as u64)
}

/// Gives erased profiles, not those that opted out, their names back and makes them due.
async fn revive(
    pg: &Pg,
    platform: Platform,
    known: &[(ProfileId, &NamedProfile)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = known.iter().map(|(id, _)| stored_id(*id)).collect();
    let names: Vec<&str> = known.iter().map(|(_, named)| named.native_id.as_str()).collect();
    let params = params![
        platform_number(platform) => INT2,
        ids => INT8_ARRAY,
        names => TEXT_ARRAY,
        stored_seconds(now) => INT8,
    ];
    pg.execute("frontier::revive", REVIVE, params).await.map(|_| ())
}

fn host_name<'a>(named: &'a NamedProfile, default_host: &'a str) -> &'a str {
    named.host.as_deref().unwrap_or(default_host)
}

async fn hosts<'a>(
    pg: &Pg,
    platform: Platform,
    default_host: &'a str,
    named: impl Iterator<Item = &'a NamedProfile>,
) -> Result<HashMap<&'a str, HostId>, StoreError> {
    let names: BTreeSet<&str> = named.map(|named| host_name(named, default_host)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let ids = host::ids(pg, platform, &names).await?;
    Ok(names.into_iter().zip(ids).collect())
}
