//! How profiles enter the frontier: requested as seeds, or seen in the lists of others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use model::observation::NamedProfile;
use model::time::Timestamp;
use model::{Platform, ProfileId};

use crate::StoreError;
use crate::pg::host::{self, HostId};
use crate::pg::params::{column, params};
use crate::pg::round_outcome::RoundOutcome;
use crate::pg::row::{FRONTIER, TableRow};
use crate::pg::value::{IdBounds, platform_number, stored_id, stored_seconds};
use crate::pg::{Pg, account_key, erase};

/// Profiles to begin a crawl from.
#[derive(Debug, Clone, Copy)]
pub struct CrawlSeeds<'a> {
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
pub(in crate::pg) struct ProfileSighting<'a> {
    pub(in crate::pg) id: ProfileId,
    pub(in crate::pg) named: &'a NamedProfile,
    /// The steps that the crawl may still spread from it; below 0 it is not to be crawled.
    pub(in crate::pg) depth: i16,
}

/// Outcomes from this number on are final: erased, opted out.
const ERASED: i16 = RoundOutcome::Erased as i16;
const NONE: i16 = RoundOutcome::None as i16;

/// An erased profile that others still show is looked at again after this long.
const LOOK_AGAIN_SECONDS: i64 = 30 * 86_400;
/// The most profiles of one statement.
const SIGHTINGS_MAX: usize = 5_000;

/// A reserved seed stays reserved: it is being crawled.
static SEED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into frontier (profile_id, host_id, due_at, depth_left)
        select id, host_id, $4, $3 from unnest($1::bigint[], $2::int[]) u(id, host_id) order by id
        on conflict (profile_id) do update set
            depth_left = greatest(frontier.depth_left, excluded.depth_left),
            due_at = case when frontier.claimed then frontier.due_at else excluded.due_at end
        where frontier.outcome < {ERASED}"
    )
});
/// The sightings that need a change, and whether their profiles are erased; $4 and $5 are the bounds of $1.
static NEEDS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select u.id, f.outcome is not distinct from {ERASED} erased
        from unnest($1::bigint[], $2::smallint[]) u(id, depth)
        left join frontier f on f.profile_id = u.id and f.profile_id between $4 and $5
        where f.profile_id is null or (f.depth_left < u.depth and f.outcome < {ERASED})
            or (f.outcome = {ERASED} and f.last_crawl < $3 and u.depth >= 0)"
    )
});
/// New profiles enter; those that entered meanwhile are left to [`DEEPEN`].
const ENTER: &str = "insert into frontier (profile_id, host_id, depth_left, due_at)
    select id, host_id, depth, case when depth >= 0 then $4::bigint end
    from unnest($1::bigint[], $2::int[], $3::smallint[]) u(id, host_id, depth) order by id
    on conflict (profile_id) do nothing returning profile_id";
/// A greater depth makes a profile due again, since its neighbours need the greater depth too. A
/// reserved one is made due when its round ends.
static DEEPEN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with deeper as (
            select u.id, u.depth from unnest($1::bigint[], $2::smallint[]) u(id, depth)
            join frontier f on f.profile_id = u.id
            where f.depth_left < u.depth and f.outcome < {ERASED} order by u.id for update of f)
        update frontier f set depth_left = greatest(f.depth_left, d.depth),
            due_at = case when f.claimed then f.due_at else $3::bigint end
        from deeper d where f.profile_id = d.id"
    )
});
static REVIVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with f as (
            update frontier f set outcome = {NONE}, due_at = $4, attempts = 0
            from unnest($2::bigint[]) u(id) where f.profile_id = u.id and f.outcome = {ERASED}
            returning f.profile_id)
        update ident i set native_id = u.native_id
        from f join unnest($2::bigint[], $3::text[]) u(id, native_id) on u.id = f.profile_id
        where i.platform_id = $1 and i.profile_id = f.profile_id"
    )
});

/// Makes these profiles due now; their crawl spreads as deep as requested, or deeper if they already
/// had a greater depth. Returns their ids, in their order. Those that opted out stay out.
pub async fn seed(
    pg: &Pg,
    seeds: CrawlSeeds<'_>,
    now: Timestamp,
) -> Result<Vec<ProfileId>, StoreError> {
    let ids = account_key::resolve(pg, seeds.platform, seeds.names).await?;
    let known: Vec<(ProfileId, &NamedProfile)> = ids.iter().copied().zip(seeds.names).collect();
    revive(pg, seeds.platform, &known, now).await?;
    let hosts = hosts(pg, seeds.platform, seeds.default_host, seeds.names.iter()).await?;
    let host_of = |named: &NamedProfile| hosts[host_name(named, seeds.default_host)];
    let unique: BTreeMap<i64, i32> =
        known.iter().map(|(id, named)| (stored_id(*id), host_of(named).0)).collect();
    let (stored, on): (Vec<i64>, Vec<i32>) = unique.into_iter().unzip();
    let params = params![
        stored => INT8_ARRAY,
        on => INT4_ARRAY,
        seeds.depth => INT2,
        stored_seconds(now) => INT8,
    ];
    pg.execute("frontier::seed", &SEED, params).await?;
    let seen = known.iter().filter_map(|(id, named)| Some((*id, named.handle.as_deref()?)));
    erase::erase_opted_out(pg, seeds.platform, seen, now).await?;
    Ok(ids)
}

/// Lets profiles that were seen enter the frontier, or spread farther; each id at most once.
/// Returns how many are new. Runs in statements of its own, by id, so that it neither waits for
/// commits in a circle nor makes them wait.
pub(in crate::pg) async fn schedule(
    pg: &Pg,
    platform: Platform,
    default_host: &str,
    seen: &[ProfileSighting<'_>],
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
            let host_of = |s: &ProfileSighting<'_>| hosts[host_name(s.named, default_host)];
            new += self::enter(pg, &enter, host_of, now).await?;
            let handles = enter.iter().filter_map(|s| Some((s.id, s.named.handle.as_deref()?)));
            erase::erase_opted_out(pg, platform, handles, now).await?;
        }
    }
    Ok(new)
}

struct SightingNeed<'a> {
    sighting: ProfileSighting<'a>,
    erased: bool,
}

async fn needs<'a>(
    pg: &Pg,
    seen: &[ProfileSighting<'a>],
    now: Timestamp,
) -> Result<Vec<SightingNeed<'a>>, StoreError> {
    let ids = column(seen, |sighting| stored_id(sighting.id));
    let depths = column(seen, |sighting| sighting.depth);
    let erased_before = stored_seconds(now) - LOOK_AGAIN_SECONDS;
    let bounds = IdBounds::of(&ids);
    let params = params![
        ids => INT8_ARRAY,
        depths => INT2_ARRAY,
        erased_before => INT8,
        bounds.first => INT8,
        bounds.last => INT8,
    ];
    let rows = pg.query("frontier::schedule", &NEEDS, params).await?;
    let by_id: HashMap<ProfileId, &ProfileSighting<'a>> = seen.iter().map(|s| (s.id, s)).collect();
    let need = |row: TableRow<'_>| {
        let (id, erased) = (row.profile_id("id")?, row.get("erased")?);
        Ok(by_id.get(&id).map(|&&sighting| SightingNeed { sighting, erased }))
    };
    FRONTIER.rows(&rows).map(need).filter_map(Result::transpose).collect()
}

/// Returns how many are new.
async fn enter(
    pg: &Pg,
    sightings: &[ProfileSighting<'_>],
    host_of: impl Fn(&ProfileSighting<'_>) -> HostId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let ids = column(sightings, |sighting| stored_id(sighting.id));
    let hosts = column(sightings, |sighting| host_of(sighting).0);
    let depths = column(sightings, |sighting| sighting.depth);
    let now = stored_seconds(now);
    let params = params![ids => INT8_ARRAY, hosts => INT4_ARRAY, depths => INT2_ARRAY, now => INT8];
    let entered = pg.query("frontier::enter", ENTER, params).await?.len();
    if entered < sightings.len() {
        let params = params![ids => INT8_ARRAY, depths => INT2_ARRAY, now => INT8];
        pg.execute("frontier::deepen", &DEEPEN, params).await?;
    }
    Ok(entered as u64)
}

/// Restores the names of erased profiles, except those that opted out, and makes them due.
async fn revive(
    pg: &Pg,
    platform: Platform,
    known: &[(ProfileId, &NamedProfile)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids = column(known, |(id, _)| stored_id(*id));
    let names = column(known, |(_, named)| named.native_id.as_str());
    let params = params![
        platform_number(platform) => INT2,
        ids => INT8_ARRAY,
        names => TEXT_ARRAY,
        stored_seconds(now) => INT8,
    ];
    pg.execute("frontier::revive", &REVIVE, params).await.map(|_| ())
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
