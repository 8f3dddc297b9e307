//! The evidence for scores: that of 64 people who stand side by side in a row, and apart from it what
//! their contributors give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use model::evidence::Evidence;
use model::index::RunPerson;
use model::{CommunityId, Membership, RunId};

use super::membership::MEMBERSHIP_BYTES;
use super::params::params;
use super::row::{EVIDENCE_BLOCK, EVIDENCE_SOURCE, TableRow};
use super::value::corrupt;
use super::{Pg, membership, run};
use crate::StoreError;

mod packed;

use packed::{BLOCK_PEOPLE, EvidenceEntry, SOURCE_BYTES, unpack, unpack_one, unpack_sources};
pub use packed::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};

/// These read the tables of one run, whose number stands for `{run}`.
///
/// Blocks with the memberships of their people.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let block_bytes = BLOCK_PEOPLE * MEMBERSHIP_BYTES;
    format!(
        "select e.community_id, e.block, e.body,
            substring(s.body from e.block * {block_bytes} + 1 for {block_bytes}) memberships
        from evidence_block_{{run}} e join standing_{{run}} s using (run_id, community_id)
        where run_id = $1 and (community_id, block) > ($2, $3)
        order by community_id, block limit $4"
    )
});
/// The block that one person is in, with its membership.
static ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select e.community_id, e.body, substring(s.body
            from $3 * {MEMBERSHIP_BYTES} + 1 for {MEMBERSHIP_BYTES}) memberships
        from evidence_block_{{run}} e join standing_{{run}} s using (run_id, community_id)
        where run_id = $1 and community_id = $2 and block = $3 / {BLOCK_PEOPLE}"
    )
});
/// The slices of sources.
static SOURCES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select g.community_id,
            substring(g.body from u.place * {SOURCE_BYTES} + 1 for {SOURCE_BYTES}) body
        from unnest($2::bigint[], $3::int[]) with ordinality u(community_id, place, o)
        join evidence_giver_{{run}} g on g.run_id = $1 and g.community_id = u.community_id
        order by u.o"
    )
});

/// People of a community who stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The community.
    pub community: CommunityId,
    /// The people at the places `64 · number` and up.
    pub number: u32,
    /// Those who have evidence, by their numbers within the run.
    pub people: Vec<(RunPerson, Evidence)>,
}

const TOO_MANY: &str = "more people than memberships";

/// A block before its sources are known.
struct Stored {
    community: CommunityId,
    number: u32,
    /// As they stand; `None` for those without evidence.
    people: Vec<Option<(Membership, EvidenceEntry)>>,
}

/// The evidence for one person's score in one community ([`WORLD`] for the global ones).
///
/// [`WORLD`]: super::community::WORLD
pub async fn get(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    person: RunPerson,
) -> Result<Option<Evidence>, StoreError> {
    let places = membership::places(pg, run, person).await?;
    let Some(&(_, place)) = places.iter().find(|place| place.0 == community) else {
        return Ok(None);
    };
    let params = params![
        run::stored(run) => INT8,
        community.number() as i64 => INT8,
        place as i32 => INT4,
    ];
    let rows = pg.read_run("evidence::get", run, &ONE, params).await?;
    let Some(row) = EVIDENCE_BLOCK.rows(&rows).next() else { return Ok(None) };
    let Some(person) = stored_one(&row, place as usize % BLOCK_PEOPLE)? else {
        return Ok(None);
    };
    let block = Stored { community, number: 0, people: vec![Some(person)] };
    let explained = explained(pg, run, vec![block]).await?;
    Ok(explained.into_iter().flat_map(|block| block.people).map(|(_, found)| found).next())
}

/// Blocks of a run by community and number, at most `limit` after `after`.
pub async fn page(
    pg: &Pg,
    run: RunId,
    after: Option<(CommunityId, u32)>,
    limit: u32,
) -> Result<Vec<Block>, StoreError> {
    let (community, number) = after.map_or((-1, -1), |(id, n)| (id.number() as i64, n as i32));
    let params = params![
        run::stored(run) => INT8,
        community => INT8,
        number => INT4,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read_run("evidence::page", run, &PAGE, params).await?;
    let blocks: Result<Vec<Stored>, StoreError> = EVIDENCE_BLOCK.rows(&rows).map(stored).collect();
    explained(pg, run, blocks?).await
}

/// One person's evidence of a row of [`ONE`]; `None` if it has none.
fn stored_one(
    row: &TableRow<'_>,
    position: usize,
) -> Result<Option<(Membership, EvidenceEntry)>, StoreError> {
    let entry = unpack_one(row.get("body")?, position).map_err(|why| row.corrupt("body", why))?;
    let Some(entry) = entry else { return Ok(None) };
    let membership = memberships(row)?.pop();
    let membership = membership.ok_or_else(|| row.corrupt("body", TOO_MANY))?;
    Ok(Some((membership, entry)))
}

fn stored(row: TableRow<'_>) -> Result<Stored, StoreError> {
    let entries = unpack(row.get("body")?).map_err(|why| row.corrupt("body", why))?;
    let memberships = memberships(&row)?;
    if memberships.len() < entries.len() {
        return Err(row.corrupt("body", TOO_MANY));
    }
    let people = memberships.into_iter().zip(entries);
    Ok(Stored {
        community: CommunityId::new(row.unsigned("community_id")?),
        number: row.count("block")?,
        people: people.map(|(membership, entry)| Some((membership, entry?))).collect(),
    })
}

fn memberships(row: &TableRow<'_>) -> Result<Vec<Membership>, StoreError> {
    membership::unpack(row.get("memberships")?).map_err(|why| row.corrupt("memberships", why))
}

/// The blocks with those who give to their people.
async fn explained(pg: &Pg, run: RunId, blocks: Vec<Stored>) -> Result<Vec<Block>, StoreError> {
    let of = |block: &Stored| -> Vec<(CommunityId, u32)> {
        let edges = block.people.iter().flatten().flat_map(|(_, entry)| &entry.edges);
        edges.map(|edge| (block.community, edge.source)).collect()
    };
    let sources = sources(pg, run, blocks.iter().flat_map(of).collect()).await?;
    let explain = |block: Stored| {
        let person = |(membership, entry): (Membership, EvidenceEntry)| {
            let of = |edge: &EvidenceEdge| sources[&(block.community, edge.source)];
            let own: Vec<EvidenceSource> = entry.edges.iter().map(of).collect();
            (membership.person, entry.to_evidence(&own, membership.attention, membership.support))
        };
        let people = block.people.into_iter().flatten().map(person).collect();
        Block { community: block.community, number: block.number, people }
    };
    Ok(blocks.into_iter().map(explain).collect())
}

/// The sources at these places of their communities.
async fn sources(
    pg: &Pg,
    run: RunId,
    wanted: BTreeSet<(CommunityId, u32)>,
) -> Result<BTreeMap<(CommunityId, u32), EvidenceSource>, StoreError> {
    let stored =
        |&(community, place): &(CommunityId, u32)| (community.number() as i64, place as i32);
    let (communities, places): (Vec<i64>, Vec<i32>) = wanted.iter().map(stored).unzip();
    let params = params![
        run::stored(run) => INT8,
        communities => INT8_ARRAY,
        places => INT4_ARRAY,
    ];
    let rows = pg.read_run("evidence::sources", run, &SOURCES, params).await?;
    if rows.len() < wanted.len() {
        return Err(corrupt(("evidence_giver", "body"), run, "a community without sources"));
    }
    let source = |(place, row): ((CommunityId, u32), TableRow<'_>)| {
        let one = unpack_sources(row.get("body")?).map_err(|why| row.corrupt("body", why))?.pop();
        Ok((place, one.ok_or_else(|| row.corrupt("body", "a source past the end"))?))
    };
    wanted.into_iter().zip(EVIDENCE_SOURCE.rows(&rows)).map(source).collect()
}
