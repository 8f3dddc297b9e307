//! A run's results as Parquet, for those who take all of them: `ranks.parquet`, a row for each
//! person, and `members.parquet`, a row for each person in each community that it is attended to
//! in. Persons and communities are numbers, as the database has them; the unlisted are left out, and
//! take no ranks. Whole numbers are `INT64`, others `FLOAT`.
//!
//! | column | of | meaning |
//! |---|---|---|
//! | `person` | both | the person's number |
//! | `kind` | ranks | unknown, person, organisation or bot |
//! | `trust` | ranks | 0 to 1; a stranger's is 0.2 |
//! | `community`, `level` | members | the community's number; 0 is the coarsest level |
//! | `member`, `belonging` | members | whether, and how much, it belongs to the community |
//! | `attention` | both | share of all attention in the world, or in the community |
//! | `attention_low`, `attention_high` | both | its 90 % interval; null if it rests on nothing |
//! | `support` | both | the effective number of arcs that it rests on |
//! | `score` | both | attention on the scale 0 to 1000 |
//! | `insider` | members | lower 95 % bound of the share that comes from the community's own |
//! | `rank` | both | by attention; null under a noise level |
//! | `rank_person`, `rank_organisation`, `rank_insider` | members | the separate rankings |
//! | `low_confidence` | both | whether the support is below 5 |

use std::num::NonZeroU32;

use graph::{CommunityPeople, ScoredPerson};
use model::index::CommunityIndex;
use model::interval;
use model::interval::SUPPORT_CONFIDENT;
use rayon::prelude::*;
use snapshot::Nodes;
use store::table::{
    Cell, Column, Encoded, Form, GROUP_ROWS, Group, Kind, ParquetTable, TableError, TableWriter,
};
use tokio::task::block_in_place;

use super::memberships::{CommunityRanks, LevelBelonging, insider_ranks, ranks, world_ranks};
use super::results::RunResults;
use crate::{ScoreDependencies, ScoreError};

/// The name under which everybody's global scores are sealed.
pub const RANKS: &str = "ranks.parquet";
/// The name under which everybody's scores in communities are sealed.
pub const MEMBERS: &str = "members.parquet";

const RANK_COLUMNS: &[Column] = &[
    Column::new("person", Kind::Whole),
    Column::new("kind", Kind::Text),
    Column::new("trust", Kind::Single),
    Column::new("attention", Kind::Single),
    Column::new("attention_low", Kind::Single),
    Column::new("attention_high", Kind::Single),
    Column::new("support", Kind::Single),
    Column::new("score", Kind::Single),
    Column::new("rank", Kind::Whole),
    Column::new("low_confidence", Kind::Flag),
];
const MEMBER_COLUMNS: &[Column] = &[
    Column::new("community", Kind::Whole),
    Column::new("level", Kind::Whole),
    Column::new("person", Kind::Whole),
    Column::new("member", Kind::Flag),
    Column::new("belonging", Kind::Single),
    Column::new("attention", Kind::Single),
    Column::new("attention_low", Kind::Single),
    Column::new("attention_high", Kind::Single),
    Column::new("support", Kind::Single),
    Column::new("score", Kind::Single),
    Column::new("insider", Kind::Single),
    Column::new("rank", Kind::Whole),
    Column::new("rank_person", Kind::Whole),
    Column::new("rank_organisation", Kind::Whole),
    Column::new("rank_insider", Kind::Whole),
    Column::new("low_confidence", Kind::Flag),
];

/// Seals both tables. They are compressed as they grow: about 30 bytes a row are held.
pub(super) async fn tables(
    dependencies: ScoreDependencies<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    let body = block_in_place(|| world(results))?;
    let artifacts = dependencies.artifacts(results.run);
    artifacts.put(RANKS, body).await?;
    let mut table = ParquetTable::new(MEMBER_COLUMNS, Vec::new())?;
    for level in 0..results.hierarchy.levels.len() {
        let people = artifacts.people(level).await?;
        block_in_place(|| members(results, level, &people, &mut table))?;
    }
    let (body, _) = table.finish()?;
    artifacts.put(MEMBERS, body).await
}

fn world(results: &RunResults) -> Result<Vec<u8>, ScoreError> {
    let mut table = TableWriter::new(Form::Parquet, RANK_COLUMNS, Vec::new())?;
    let nodes = &results.nodes;
    let ranks = world_ranks(nodes, &results.global);
    for at in nodes.people.keys().filter(|&at| !nodes.unlisted[at]) {
        let (share, support) = (results.global.shares[at], results.support[at]);
        let [attention, low, high, support_cell] = attention(share, support);
        table.row(&[
            Cell::Whole(nodes.people[at].number() as i64),
            Cell::Text(nodes.kinds[at].slug()),
            single(results.trust.values[at]),
            attention,
            low,
            high,
            support_cell,
            single(results.global.scores[at]),
            whole(ranks[at]),
            Cell::Flag(support < SUPPORT_CONFIDENT),
        ])?;
    }
    Ok(table.finish()?.0)
}

/// Adds the people of a level, as groups that are made side by side.
fn members(
    results: &RunResults,
    level: usize,
    people: &[CommunityPeople],
    table: &mut ParquetTable<Vec<u8>>,
) -> Result<(), ScoreError> {
    let level =
        LevelTable { results, level, belonging: LevelBelonging::new(&results.hierarchy, level) };
    let ranks: Vec<Vec<MemberRanks>> =
        people.par_iter().map(|one| member_ranks(one, &results.nodes)).collect();
    let ends = people.iter().scan(0, |end, one| {
        *end += one.people.len();
        Some(*end)
    });
    let ends: Vec<usize> = ends.collect();
    let all = ends.last().copied().unwrap_or(0);
    let groups = (0..all).into_par_iter().step_by(GROUP_ROWS).map(|first| {
        let (last, mut group) = (all.min(first + GROUP_ROWS), table.group());
        for at in ends.partition_point(|&end| end <= first)..people.len() {
            let community = &people[at];
            let start = ends[at] - community.people.len();
            if start >= last {
                break;
            }
            let rows = first.saturating_sub(start)..community.people.len().min(last - start);
            let ranks = &ranks[at][rows.clone()];
            let people = &community.people[rows];
            level.add(&MemberRows { community: community.community, people, ranks }, &mut group)?;
        }
        group.encode()
    });
    let groups: Vec<Encoded> = groups.collect::<Result<_, _>>()?;
    Ok(groups.into_iter().try_for_each(|group| table.append(group))?)
}

/// All ranks of a person in a community.
struct MemberRanks {
    attention: CommunityRanks,
    insider: Option<NonZeroU32>,
}

fn member_ranks(community: &CommunityPeople, nodes: &Nodes) -> Vec<MemberRanks> {
    let both = ranks(community, nodes).into_iter().zip(insider_ranks(community, nodes));
    both.map(|(attention, insider)| MemberRanks { attention, insider }).collect()
}

/// Some of the people of a community, with their ranks.
struct MemberRows<'a> {
    /// The community's number in its level.
    community: CommunityIndex,
    people: &'a [ScoredPerson],
    ranks: &'a [MemberRanks],
}

/// A level whose people are written.
struct LevelTable<'a> {
    results: &'a RunResults,
    level: usize,
    belonging: LevelBelonging<'a>,
}

impl LevelTable<'_> {
    /// Adds the listed ones of some people.
    fn add(&self, rows: &MemberRows<'_>, group: &mut Group) -> Result<(), TableError> {
        let names = &self.results.names.levels[self.level];
        let community = names.ids[rows.community.index()].number() as i64;
        let unlisted = &self.results.nodes.unlisted;
        let people = rows.people.iter().zip(rows.ranks);
        for (one, ranks) in people.filter(|(one, _)| !unlisted[one.person]) {
            let belonging = self.belonging.of(one.person, rows.community);
            group.row(&self.row(community, belonging, one, ranks))?;
        }
        Ok(())
    }

    fn row(
        &self,
        community: i64,
        belonging: f32,
        one: &ScoredPerson,
        ranks: &MemberRanks,
    ) -> [Cell<'static>; 16] {
        let person = self.results.nodes.people[one.person].number();
        let [attention, low, high, support] = attention(one.share, one.support);
        [
            Cell::Whole(community),
            Cell::Whole(self.level as i64),
            Cell::Whole(person as i64),
            Cell::Flag(one.member),
            single(belonging),
            attention,
            low,
            high,
            support,
            single(one.score()),
            single(one.insider),
            whole(ranks.attention.all),
            whole(ranks.attention.person),
            whole(ranks.attention.organisation),
            whole(ranks.insider),
            Cell::Flag(one.is_low_confidence()),
        ]
    }
}

/// A share, its interval's bounds, and what it rests on.
fn attention(share: f32, support: f32) -> [Cell<'static>; 4] {
    let interval = interval(share, support);
    let bound = |share: Option<f32>| share.map_or(Cell::Null, single);
    let (low, high) = (interval.map(|one| one.low), interval.map(|one| one.high));
    [single(share), bound(low), bound(high), single(support)]
}

fn single(number: f32) -> Cell<'static> {
    Cell::Single(number)
}

fn whole(rank: Option<NonZeroU32>) -> Cell<'static> {
    rank.map_or(Cell::Null, |rank| Cell::Whole(i64::from(rank.get())))
}
