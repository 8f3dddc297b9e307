//! A run's results as Parquet, for whoever takes all of them: `ranks.parquet`, a row for each
//! person, and `members.parquet`, a row for each person in each community that it is attended to
//! in. Persons and communities are numbers, as the record has them; the unlisted are left out, and
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
use model::interval;
use model::interval::SUPPORT_CONFIDENT;
use model::port::Objects;
use rayon::prelude::*;
use store::table::{
    Cell, Column, Encoded, Form, GROUP_ROWS, Group, Kind, ParquetTable, TableError, TableWriter,
};
use tokio::task::block_in_place;

use super::memberships::{Belonging, Ranks, insider_ranks, ranks, world_ranks};
use super::open_people;
use super::publish::Results;
use crate::seal::{key, put};
use crate::{Doors, ScoreError};

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
pub(super) async fn tables<O: Objects, C>(
    doors: Doors<'_, O, C>,
    results: &Results,
) -> Result<(), ScoreError> {
    let body = block_in_place(|| world(results))?;
    put(doors.objects, &key(results.run, RANKS), body).await?;
    let mut table = ParquetTable::new(MEMBER_COLUMNS, Vec::new())?;
    for level in 0..results.hierarchy.levels.len() {
        let people = open_people(doors.objects, results.run, level).await?;
        block_in_place(|| members(results, level, &people, &mut table))?;
    }
    Ok(put(doors.objects, &key(results.run, MEMBERS), table.finish()?.0).await?)
}

fn world(results: &Results) -> Result<Vec<u8>, ScoreError> {
    let mut table = TableWriter::new(Form::Parquet, RANK_COLUMNS, Vec::new())?;
    let nodes = &results.nodes;
    let ranks = world_ranks(nodes, &results.global);
    for at in (0..nodes.people.len()).filter(|&at| !nodes.unlisted[at]) {
        let (share, support) = (results.global.shares.raw[at], results.support[at]);
        let [attention, low, high, support_cell] = attention(share, support);
        table.row(&[
            Cell::Whole(nodes.people[at].number() as i64),
            Cell::Text(nodes.kinds[at].slug()),
            single(results.trust.values.raw[at]),
            attention,
            low,
            high,
            support_cell,
            single(results.global.scores.raw[at]),
            whole(ranks[at]),
            Cell::Flag(support < SUPPORT_CONFIDENT),
        ])?;
    }
    Ok(table.finish()?.0)
}

/// Adds the people of a level, as groups that are made side by side.
fn members(
    results: &Results,
    level: usize,
    people: &[CommunityPeople],
    table: &mut ParquetTable<Vec<u8>>,
) -> Result<(), ScoreError> {
    let belonging = Belonging::new(&results.hierarchy, level);
    let ranks = |one: &CommunityPeople| {
        let insiders = insider_ranks(one, &results.nodes);
        ranks(one, &results.nodes).into_iter().zip(insiders).collect()
    };
    let ranks: Vec<Vec<Places>> = people.par_iter().map(ranks).collect();
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
            let shown = (community, &ranks[at][rows.clone()]);
            add(results, (level, &belonging), shown, &community.people[rows], &mut group)?;
        }
        group.encode()
    });
    let groups: Vec<Encoded> = groups.collect::<Result<_, _>>()?;
    Ok(groups.into_iter().try_for_each(|group| table.append(group))?)
}

/// The ranks by attention, and that by insider score.
type Places = (Ranks, Option<NonZeroU32>);

/// Adds some of the people of a community, with their ranks.
fn add(
    results: &Results,
    (level, belonging): (usize, &Belonging<'_>),
    (community, ranks): (&CommunityPeople, &[Places]),
    people: &[ScoredPerson],
    group: &mut Group,
) -> Result<(), TableError> {
    let id = results.names.levels[level].ids[community.community.index()].number();
    let people = people.iter().zip(ranks);
    for (one, ranks) in people.filter(|(one, _)| !results.nodes.unlisted[one.person.index()]) {
        let person = results.nodes.people[one.person.index()].number();
        let place = [Cell::Whole(id as i64), Cell::Whole(level as i64)];
        let belongs = single(belonging.of(one.person, community.community));
        group.row(&member(place, Cell::Whole(person as i64), belongs, (one, ranks)))?;
    }
    Ok(())
}

fn member<'a>(
    [community, level]: [Cell<'a>; 2],
    person: Cell<'a>,
    belonging: Cell<'a>,
    (one, (ranks, insider)): (&ScoredPerson, &Places),
) -> [Cell<'a>; 16] {
    let [attention, low, high, support] = attention(one.share, one.support);
    [
        community,
        level,
        person,
        Cell::Flag(one.member),
        belonging,
        attention,
        low,
        high,
        support,
        single(one.score()),
        single(one.insider),
        whole(ranks.all),
        whole(ranks.person),
        whole(ranks.organisation),
        whole(*insider),
        Cell::Flag(one.is_low_confidence()),
    ]
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
