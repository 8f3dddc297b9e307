//! The memberships of people in the communities of a run.
//!
//! A community's memberships are one blob by falling attention, of which a page is one slice. Ranks
//! are not stored: they are the place among those who hold one, found by counts kept for each 64
//! memberships. A person's list names only its place in each community, about 4 bytes each.

use std::num::NonZeroU32;
use std::ops::Range;

use model::index::RunPerson;
use model::{CommunityId, Membership, RunId};

use super::params::params;
use super::value::corrupt;
use super::{Pg, run};
use crate::StoreError;

mod codec;
mod packed;

pub(super) use codec::{pack, unpack};
pub(super) use packed::{PERSONS_BLOCK, PersonPlace, insider_order, marks, pack_persons};

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By falling attention.
    Attention,
    /// By falling insider score.
    Insider,
}

/// A membership with its ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedMembership {
    /// The membership.
    pub membership: Membership,
    /// Place by attention among all who hold a rank.
    pub rank: Option<NonZeroU32>,
    /// Place by attention among those of its own kind who hold a rank; humans and those of
    /// unknown kind count together.
    pub rank_of_kind: Option<NonZeroU32>,
}

/// A page of a community's memberships.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many memberships there are in all.
    pub total: u32,
    /// The memberships from the offset on.
    pub rows: Vec<RankedMembership>,
}

/// These read the tables of one run, whose number stands for `{run}`.
///
/// The slice from the 64 in which $3 lies to before $4, and the counts before it.
const BY_ATTENTION: &str = "select n, substring(body from ($3 & -64) * 16 + 1
        for greatest($4 - ($3 & -64), 0) * 16), substring(marks from ($3 >> 6) * 16 + 1 for 16)
    from standing_{run} where run_id = $1 and community_id = $2";
const BY_INSIDER: &str = "select n, substring(insider from $3 * 4 + 1 for ($4 - $3) * 4)
    from standing_{run} where run_id = $1 and community_id = $2";
const AT_PLACES: &str = "select u.o, substring(s.body from (u.place & -64) * 16 + 1
        for ((u.place & 63) + 1) * 16), substring(s.marks from (u.place >> 6) * 16 + 1 for 16)
    from unnest($2::bigint[], $3::int[]) with ordinality u(community_id, place, o)
    join standing_{run} s on s.run_id = $1 and s.community_id = u.community_id order by u.o";
const OF_PERSON: &str = "select body from person_standing_{run} where run_id = $1 and block = $2";

/// The memberships at these positions (from 0). `None` if the run has no such community.
pub async fn page(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    order: Order,
    range: Range<u32>,
) -> Result<Option<Page>, StoreError> {
    let past_all = i32::MAX as u32 >> 5;
    let first = range.start.min(past_all);
    let end = range.end.clamp(first, past_all);
    let sql = match order {
        Order::Attention => BY_ATTENTION,
        Order::Insider => BY_INSIDER,
    };
    let params = params![
        run::stored(run) => INT8,
        community.number() as i64 => INT8,
        first as i32 => INT4,
        end as i32 => INT4,
    ];
    let rows = pg.read_run("membership::page", run, sql, params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let total = u32::try_from(row.get::<_, i32>(0)).unwrap_or(0);
    let rows = match order {
        Order::Attention => {
            let mut rows = rank(row.get(1), row.get(2))?;
            rows.drain(..rows.len().min((first & 63) as usize));
            rows
        }
        Order::Insider => {
            let places = packed::unpack_places(row.get(1));
            let wanted: Vec<_> = places.into_iter().map(|place| (community, place)).collect();
            at_places(pg, run, &wanted).await?
        }
    };
    Ok(Some(Page { total, rows }))
}

/// All memberships of one person, by number, in every community that has it, [`WORLD`] included;
/// by community.
///
/// [`WORLD`]: super::community::WORLD
pub async fn of_person(
    pg: &Pg,
    run: RunId,
    person: RunPerson,
) -> Result<Vec<(CommunityId, RankedMembership)>, StoreError> {
    let places = places(pg, run, person).await?;
    let ranked = at_places(pg, run, &places).await?;
    Ok(places.into_iter().map(|(community, _)| community).zip(ranked).collect())
}

/// The places of one person, by number, in every community that has it, [`WORLD`] included; by
/// community.
///
/// [`WORLD`]: super::community::WORLD
pub(super) async fn places(
    pg: &Pg,
    run: RunId,
    person: RunPerson,
) -> Result<Vec<(CommunityId, u32)>, StoreError> {
    let block = (person.index() / PERSONS_BLOCK) as i32;
    let params = params![run::stored(run) => INT8, block => INT4];
    let rows = pg.read_run("membership::places", run, OF_PERSON, params).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let bad = || corrupt(("person_standing", "body"), block, "broken block");
    packed::unpack_person(row.get(0), person.index() % PERSONS_BLOCK).ok_or_else(bad)
}

/// The memberships at these places of communities, in their order.
async fn at_places(
    pg: &Pg,
    run: RunId,
    places: &[(CommunityId, u32)],
) -> Result<Vec<RankedMembership>, StoreError> {
    let (communities, places): (Vec<i64>, Vec<i32>) =
        places.iter().map(|(id, place)| (id.number() as i64, *place as i32)).unzip();
    let params = params![
        run::stored(run) => INT8,
        communities => INT8_ARRAY,
        places => INT4_ARRAY,
    ];
    let bad = || corrupt(("standing", "body"), run, "a place past its end");
    let rows = pg.read_run("membership::at_places", run, AT_PLACES, params).await?;
    rows.iter().map(|row| rank(row.get(1), row.get(2))?.pop().ok_or_else(bad)).collect()
}

/// Memberships from the beginning of a 64 on, with their ranks; `marks` counts those before.
fn rank(memberships: &[u8], marks: &[u8]) -> Result<Vec<RankedMembership>, StoreError> {
    let bad = |e| corrupt(("standing", "body"), "a slice", e);
    let memberships = unpack(memberships).map_err(bad)?;
    Ok(packed::rank(&memberships, marks))
}
