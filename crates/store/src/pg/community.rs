//! The communities of a run.

use model::{Community, CommunityId, RunId, SensitiveTopics};

use super::params::params;
use super::row::{COMMUNITY, TableRow};
use super::value::stored_count;
use super::{Pg, run};
use crate::StoreError;

const COLUMNS: &str =
    "c.community_id, c.parent, c.level, c.members, c.trust, c.low_trust, c.labels, c.sensitive,
    coalesce(c.last_level, c.level) last_level, c.same_as";

/// The id of the whole world where a community is expected: its memberships are the
/// global ranking. Never minted.
pub const WORLD: CommunityId = CommunityId::new(0);

/// New ids for communities that are born.
pub async fn mint(pg: &Pg, count: u32) -> Result<Vec<CommunityId>, StoreError> {
    let first = run::mint_number(pg, "community", count).await?;
    Ok((first..).take(count as usize).map(CommunityId::new).collect())
}

/// The communities of a run with these ids, in their order; unknown ones are left out. One that is the
/// same group as another is answered with that.
pub async fn get(pg: &Pg, run: RunId, ids: &[CommunityId]) -> Result<Vec<Community>, StoreError> {
    let stored: Vec<i64> = ids.iter().map(|id| id.number() as i64).collect();
    let sql = format!(
        "select {COLUMNS} from unnest($2::bigint[]) with ordinality u(id, o)
         join community_{{run}} k on k.run_id = $1 and k.community_id = u.id
         join community_{{run}} c on c.run_id = $1
            and c.community_id = coalesce(k.same_as, k.community_id) order by u.o"
    );
    let params = params![run::stored(run) => INT8, stored => INT8_ARRAY];
    COMMUNITY.rows(&pg.read_run("community::get", run, &sql, params).await?).map(from_row).collect()
}

/// The communities with these ids in all runs whose results are kept: one row for each run that has it.
pub async fn in_kept_runs(pg: &Pg, ids: &[CommunityId]) -> Result<Vec<Community>, StoreError> {
    let stored: Vec<i64> = ids.iter().map(|id| id.number() as i64).collect();
    let sql = format!(
        "select {COLUMNS} from run r
         join community c on c.run_id = r.run_id and c.community_id = any($1) where r.state = $2"
    );
    let params = params![stored => INT8_ARRAY, run::RunState::Published as i16 => INT2];
    COMMUNITY.rows(&pg.read("community::in_kept_runs", &sql, params).await?).map(from_row).collect()
}

/// New ids for the communities that are born in a run; the same at each call.
pub async fn mint_once(pg: &Pg, run: RunId, count: u32) -> Result<Vec<CommunityId>, StoreError> {
    let first = run::mint_communities(pg, run, count).await?;
    Ok((first..).take(count as usize).map(CommunityId::new).collect())
}

const COUNT: &str = "select count(*) as communities from community_{run} c
    where c.run_id = $1 and c.same_as is null
        and ($2::smallint is null or $2 between c.level and coalesce(c.last_level, c.level))";

/// How many communities a run has, or a level of it: each group of people once.
pub async fn count(pg: &Pg, run: RunId, level: Option<u8>) -> Result<u64, StoreError> {
    let params = params![run::stored(run) => INT8, level.map(i16::from) => INT2];
    let rows = pg.read_run("community::count", run, COUNT, params).await?;
    COMMUNITY.rows(&rows).next().map_or(Ok(0), |row| row.unsigned("communities"))
}

/// Which communities of a run are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommunityQuery<'a> {
    /// Only those on this level.
    pub level: Option<u8>,
    /// Only the parts of this community.
    pub parent: Option<CommunityId>,
    /// Only those of which each of these words begins a word of a label. Words are folded as the run's
    /// are; of a run that has no words of labels, each begins a label in lower case.
    pub words: &'a [String],
    /// Only those after this one.
    pub after: Option<CommunityPosition>,
    /// The most that are listed.
    pub limit: u32,
}

/// Where a community is in the list, the largest first, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommunityPosition {
    /// How many people belong to it.
    pub members: u32,
    /// Its id.
    pub id: CommunityId,
}

/// Communities of a run, each group once, the largest first, then by id. Reads from the largest community until the page
/// is full.
pub async fn page(
    pg: &Pg,
    run: RunId,
    query: CommunityQuery<'_>,
) -> Result<Vec<Community>, StoreError> {
    let CommunityQuery { level, parent, words, after, limit } = query;
    let (members, after_id) = after
        .map_or((i32::MAX, -1), |after| (stored_count(after.members), after.id.number() as i64));
    let conditions = conditions(&query);
    let sql = format!(
        "select {COLUMNS} from community_{{run}} c where c.run_id = $1 and c.same_as is null {conditions}
         order by c.members desc, c.community_id limit $2"
    );
    let params = params![
        run::stored(run) => INT8,
        i64::from(limit) => INT8,
        level.map(i16::from) => INT2,
        parent.map(|id| id.number() as i64) => INT8,
        members => INT4,
        after_id => INT8,
        words => TEXT_ARRAY,
    ];
    COMMUNITY
        .rows(&pg.read_run("community::page", run, &sql, params).await?)
        .map(from_row)
        .collect()
}

/// The conditions that a query has and no others: a plan that is made once does not know which are off,
/// and sorts all communities rather than read them in the order of the index. Values that a statement does
/// not name are sent all the same.
fn conditions(query: &CommunityQuery<'_>) -> String {
    let all = [
        (query.level.is_some(), "and $3 between c.level and coalesce(c.last_level, c.level)"),
        (
            query.parent.is_some(),
            "and c.parent = coalesce((select k.same_as from community_{run} k
                where k.run_id = $1 and k.community_id = $4), $4)",
        ),
        (query.after.is_some(), "and c.members <= $5 and (c.members < $5 or c.community_id > $6)"),
        (
            !query.words.is_empty(),
            "and not exists (select from unnest($7::text[]) w(word) where not exists (
                select from unnest(coalesce(c.label_words, lower(c.labels::text)::text[])) l(label)
                where starts_with(l.label, w.word)))",
        ),
    ];
    let held = all.into_iter().filter(|(is_held, _)| *is_held);
    held.map(|(_, condition)| condition).collect::<Vec<_>>().join(" ")
}

fn from_row(row: TableRow<'_>) -> Result<Community, StoreError> {
    let parent: Option<i64> = row.get("parent")?;
    Ok(Community {
        id: CommunityId::new(row.unsigned("community_id")?),
        parent: parent.map(|id| CommunityId::new(id as u64)),
        level: row.number("level", Some)?,
        last_level: row.number("last_level", Some)?,
        same_as: row.get::<Option<i64>>("same_as")?.map(|id| CommunityId::new(id as u64)),
        members: row.count("members")?,
        trust: row.get("trust")?,
        low_trust: row.get("low_trust")?,
        labels: row.get("labels")?,
        sensitive: SensitiveTopics::from_number(row.unsigned("sensitive")?),
    })
}
