//! The memberships of people in the communities of a run.
//!
//! A community's memberships are one blob by falling attention, of which a page is one slice. Ranks
//! are not stored: they are the place among those who hold one, found by counts kept for each 64
//! memberships. A person's list names only its place in each community, about 4 bytes each.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::LazyLock;

use model::index::RunPerson;
use model::{CommunityId, Membership, RunId};

use super::params::params;
use super::row::{MEMBERSHIP, PERSON_PLACES, TableRow};
use super::{Pg, run};
use crate::StoreError;

mod codec;
mod packed;

pub(super) use codec::{MEMBERSHIP_BYTES, pack, unpack};
use packed::{MARK_BYTES, MARKS_EVERY, PLACE_BYTES};
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
/// The slice from the mark before $3 to before $4, and the counts at that mark.
static BY_ATTENTION: LazyLock<String> = LazyLock::new(|| {
    let first = first_ranked("$3");
    format!(
        "select community_id, n, {marks},
            substring(body from {first} * {MEMBERSHIP_BYTES} + 1
                for greatest($4 - {first}, 0) * {MEMBERSHIP_BYTES}) body
        from standing_{{run}} where run_id = $1 and community_id = $2",
        marks = marks_before("$3"),
    )
});
static BY_INSIDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select community_id, n, substring(insider from $3 * {PLACE_BYTES} + 1
            for ($4 - $3) * {PLACE_BYTES}) insider
        from standing_{{run}} where run_id = $1 and community_id = $2"
    )
});
/// The slice from the mark before each place to the place itself, and the counts at that mark.
static AT_PLACES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select s.community_id, {marks},
            substring(s.body from {first} * {MEMBERSHIP_BYTES} + 1
                for (u.place % {MARKS_EVERY} + 1) * {MEMBERSHIP_BYTES}) body
        from unnest($2::bigint[], $3::int[]) with ordinality u(community_id, place, o)
        join standing_{{run}} s on s.run_id = $1 and s.community_id = u.community_id order by u.o",
        marks = marks_before("u.place"),
        first = first_ranked("u.place"),
    )
});
/// Of each group of people once.
const COUNT: &str = "select coalesce(sum(s.n), 0)::bigint as memberships from community_{run} c
    join standing_{run} s on s.run_id = $1 and s.community_id = c.community_id
    where c.run_id = $1 and c.same_as is null and ($2::bigint is null or c.community_id = $2)";
const OF_PERSONS: &str =
    "select block, body from person_standing_{run} where run_id = $1 and block = any($2)";
const OF_PERSON: &str =
    "select block, body from person_standing_{run} where run_id = $1 and block = $2";

/// The place of the last mark at or before a place: ranks are counted from there.
fn first_ranked(place: &str) -> String {
    format!("{place} / {MARKS_EVERY} * {MARKS_EVERY}")
}

/// The counts at the last mark at or before a place.
fn marks_before(place: &str) -> String {
    format!(
        "substring(marks from {place} / {MARKS_EVERY} * {MARK_BYTES} + 1 for {MARK_BYTES}) marks"
    )
}

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
        Order::Attention => &BY_ATTENTION,
        Order::Insider => &BY_INSIDER,
    };
    let params = params![
        run::stored(run) => INT8,
        community.number() as i64 => INT8,
        first as i32 => INT4,
        end as i32 => INT4,
    ];
    let rows = pg.read_run("membership::page", run, sql, params).await?;
    let Some(row) = MEMBERSHIP.rows(&rows).next() else { return Ok(None) };
    let total = row.count("n")?;
    let rows = match order {
        Order::Attention => {
            let mut rows = rank(&row)?;
            rows.drain(..rows.len().min(first as usize % MARKS_EVERY));
            rows
        }
        Order::Insider => {
            let places = packed::unpack_places(row.get("insider")?);
            let wanted: Vec<_> = places.into_iter().map(|place| (community, place)).collect();
            at_places(pg, run, &wanted).await?
        }
    };
    Ok(Some(Page { total, rows }))
}

/// How many memberships the communities of a run have, or one of them: those of the same people counted once, the
/// world not at all.
pub async fn count(pg: &Pg, run: RunId, community: Option<CommunityId>) -> Result<u64, StoreError> {
    let community = community.map(|id| id.number() as i64);
    let params = params![run::stored(run) => INT8, community => INT8];
    let rows = pg.read_run("membership::count", run, COUNT, params).await?;
    MEMBERSHIP.rows(&rows).next().map_or(Ok(0), |row| row.unsigned("memberships"))
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

/// Those of these persons, by number and in their order, who are in the list of a community.
pub async fn inside(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    persons: &[RunPerson],
) -> Result<Vec<RunPerson>, StoreError> {
    let block_of = |person: &RunPerson| (person.index() / PERSONS_BLOCK) as i32;
    let mut blocks: Vec<i32> = persons.iter().map(block_of).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let params = params![run::stored(run) => INT8, blocks => INT4_ARRAY];
    let rows = pg.read_run("membership::inside", run, OF_PERSONS, params).await?;
    let bodies: Result<HashMap<i32, TableRow<'_>>, StoreError> =
        PERSON_PLACES.rows(&rows).map(|row| Ok((row.get("block")?, row))).collect();
    let bodies = bodies?;
    let mut inside = Vec::new();
    for &person in persons {
        let Some(row) = bodies.get(&block_of(&person)) else { continue };
        let places = packed::unpack_person(row.get("body")?, person.index() % PERSONS_BLOCK)
            .ok_or_else(|| row.corrupt("body", "broken block"))?;
        if places.iter().any(|(own, _)| *own == community) {
            inside.push(person);
        }
    }
    Ok(inside)
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
    let Some(row) = PERSON_PLACES.rows(&rows).next() else { return Ok(Vec::new()) };
    packed::unpack_person(row.get("body")?, person.index() % PERSONS_BLOCK)
        .ok_or_else(|| row.corrupt("body", "broken block"))
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
    let rows = pg.read_run("membership::at_places", run, &AT_PLACES, params).await?;
    let at_place = |row: TableRow<'_>| {
        rank(&row)?.pop().ok_or_else(|| row.corrupt("body", "a place past its end"))
    };
    MEMBERSHIP.rows(&rows).map(at_place).collect()
}

/// The memberships of a slice that begins at a mark, with their ranks.
fn rank(row: &TableRow<'_>) -> Result<Vec<RankedMembership>, StoreError> {
    let memberships = unpack(row.get("body")?).map_err(|why| row.corrupt("body", why))?;
    Ok(packed::rank(&memberships, row.get("marks")?))
}
