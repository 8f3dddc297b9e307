//! The exports of communities: who is in which, with which numbers, and how they follow from those of
//! the previous run.

use std::num::NonZeroU32;
use std::ops::Range;

use anyhow::{Result, bail};
use graph_score::SealedRun;
use store::table::{Cell, Column, Kind};

use super::ExportTable;
use crate::commands::served::ServedRun;

pub(super) const COMMUNITIES: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("share", Kind::Single),
];
pub(super) const MEMBERS: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("member", Kind::Flag),
    Column::new("attention", Kind::Single),
    Column::new("score", Kind::Single),
    Column::new("insider", Kind::Single),
    Column::new("rank", Kind::Whole),
    Column::new("rank_person", Kind::Whole),
    Column::new("rank_organisation", Kind::Whole),
    Column::new("low_confidence", Kind::Flag),
    Column::new("support", Kind::Single),
    Column::new("attention_low", Kind::Single),
    Column::new("attention_high", Kind::Single),
];
pub(super) const LINEAGE: &[Column] = &[
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("event", Kind::Text),
    Column::new("other", Kind::Text),
    Column::new("shared", Kind::Whole),
];

/// The requested levels: all, one, or the leaf level.
fn levels(sealed: &SealedRun, requested: Option<&str>) -> Result<Range<usize>> {
    let count = sealed.hierarchy.levels.len();
    let level = match requested {
        None => return Ok(0..count),
        Some("leaf") => sealed.hierarchy.leaf,
        Some(number) => number.parse().unwrap_or(usize::MAX),
    };
    if level >= count {
        bail!("there is no level `{}`: take leaf, or 0 to {}", requested.unwrap_or(""), count - 1);
    }
    Ok(level..level + 1)
}

/// The community of each node.
pub(super) fn partition(
    served: &ServedRun<'_>,
    level: Option<&str>,
    table: &mut ExportTable,
) -> Result<()> {
    let sealed = &served.sealed;
    for level in levels(sealed, level)? {
        let of = &sealed.hierarchy.levels[level].community_of;
        for (profile, &person) in sealed.nodes.person_of.iter_enumerated() {
            let own = of[person].get();
            let Some((name, community)) = served.names.name(profile).zip(own) else { continue };
            let id = sealed.names.levels[level].ids[community.index()].to_string();
            let cells = [Cell::Text(name), Cell::Text(&id), Cell::Whole(level as i64)];
            table.row(&[cells[0], cells[1], cells[2], Cell::Single(1.0)])?;
        }
    }
    Ok(())
}

/// The overlapping memberships of each node.
pub(super) fn overlap(served: &ServedRun<'_>, table: &mut ExportTable) -> Result<()> {
    let sealed = &served.sealed;
    let (overlap, leaf) = (&sealed.hierarchy.overlap, sealed.hierarchy.leaf);
    for (profile, &person) in sealed.nodes.person_of.iter_enumerated() {
        let Some(name) = served.names.name(profile) else { continue };
        for one in overlap.of(person) {
            let id = sealed.names.levels[leaf].ids[one.community.index()].to_string();
            let share = Cell::Single(one.share);
            table.row(&[Cell::Text(name), Cell::Text(&id), Cell::Whole(leaf as i64), share])?;
        }
    }
    Ok(())
}

/// The numbers of each node in each of its communities.
pub(super) async fn members(
    served: &ServedRun<'_>,
    level: Option<&str>,
    table: &mut ExportTable,
) -> Result<()> {
    let sealed = &served.sealed;
    let profiles = sealed.nodes.profiles_of();
    for level in levels(sealed, level)? {
        for community in sealed.people(&served.home.objects, level).await? {
            let id = sealed.names.levels[level].ids[community.community.index()].to_string();
            for person in &community.people {
                let interval = model::interval(person.share, person.support);
                for &profile in &profiles[person.person] {
                    let Some(name) = served.names.name(profile) else { continue };
                    table.row(&[
                        Cell::Text(name),
                        Cell::Text(&id),
                        Cell::Whole(level as i64),
                        Cell::Flag(person.member),
                        Cell::Single(person.share),
                        Cell::Single(person.score()),
                        Cell::Single(person.insider),
                        rank(person.rank),
                        rank(person.rank_person),
                        rank(person.rank_organisation),
                        Cell::Flag(person.is_low_confidence()),
                        Cell::Single(person.support),
                        bound(interval.map(|interval| interval.low)),
                        bound(interval.map(|interval| interval.high)),
                    ])?;
                }
            }
        }
    }
    Ok(())
}

fn rank(rank: Option<NonZeroU32>) -> Cell<'static> {
    rank.map_or(Cell::Null, |rank| Cell::Whole(i64::from(rank.get())))
}

fn bound(share: Option<f32>) -> Cell<'static> {
    share.map_or(Cell::Null, Cell::Single)
}

/// How the communities follow from those of the previous run.
pub(super) fn lineage(served: &ServedRun<'_>, table: &mut ExportTable) -> Result<()> {
    for event in &served.sealed.names.lineage {
        let community = event.community.to_string();
        let other = event.other.map(|other| other.to_string());
        table.row(&[
            Cell::Text(&community),
            Cell::Whole(i64::from(event.level)),
            Cell::Text(event.event.slug()),
            other.as_deref().map_or(Cell::Null, Cell::Text),
            Cell::Whole(i64::from(event.shared)),
        ])?;
    }
    Ok(())
}
