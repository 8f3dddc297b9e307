//! The export of the change log.

use std::num::NonZeroU32;

use anyhow::Result;
use model::change::{LineageChange, MembershipChange, ProfileField};
use model::{ChangePosition, CommunityId, ProfileId, RankChange};
use store::pg::change::{self, Change};
use store::table::{Cell, Column, Kind};

use super::ExportTable;
use crate::home::BorgHome;

/// Events read at a time.
const PAGE: u32 = 2_000;

pub(super) const CHANGES: &[Column] = &[
    Column::new("at", Kind::Text),
    Column::new("subject", Kind::Text),
    Column::new("change", Kind::Text),
    Column::new("layer", Kind::Text),
    Column::new("other", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("before", Kind::Real),
    Column::new("after", Kind::Real),
];

/// Every event, as one row or several.
pub(super) async fn changes(home: &BorgHome, table: &mut ExportTable) -> Result<()> {
    let mut after = ChangePosition::default();
    loop {
        let page = change::page(&home.pg, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        for event in page.iter().map(|placed| &placed.event) {
            let at = event.at.to_string();
            let subject = event.subject.map(|id| id.to_string());
            for row in rows(&event.change) {
                write_row(&at, subject.as_deref(), &row, table)?;
            }
        }
    }
}

fn write_row(
    at: &str,
    subject: Option<&str>,
    row: &ChangeRow,
    table: &mut ExportTable,
) -> Result<()> {
    let community = row.numbers.map(|numbers| numbers.community.to_string());
    // What happens to a community has no other subject.
    let subject = subject.or(community.as_deref()).unwrap_or_default();
    let real = |number: Option<f64>| number.map_or(Cell::Null, Cell::Real);
    table.row(&[
        Cell::Text(at),
        Cell::Text(subject),
        Cell::Text(row.change),
        row.layer.map_or(Cell::Null, Cell::Text),
        row.other.as_deref().map_or(Cell::Null, Cell::Text),
        community.as_deref().map_or(Cell::Null, Cell::Text),
        real(row.numbers.and_then(|numbers| numbers.before)),
        real(row.numbers.and_then(|numbers| numbers.after)),
    ])?;
    Ok(())
}

/// One row of an event.
struct ChangeRow {
    change: &'static str,
    layer: Option<&'static str>,
    other: Option<String>,
    numbers: Option<ChangedNumbers>,
}

/// Ranks, or a contributor's shares of the attention, before and after.
#[derive(Clone, Copy)]
struct ChangedNumbers {
    community: CommunityId,
    before: Option<f64>,
    after: Option<f64>,
}

impl ChangeRow {
    fn new(change: &'static str) -> ChangeRow {
        ChangeRow { change, layer: None, other: None, numbers: None }
    }
}

/// An event as rows with one other end each.
fn rows(change: &Change) -> Vec<ChangeRow> {
    let each = |name, layer, others: &[ProfileId]| -> Vec<ChangeRow> {
        let row = |other: &ProfileId| ChangeRow {
            layer,
            other: Some(other.to_string()),
            ..ChangeRow::new(name)
        };
        others.iter().map(row).collect()
    };
    match change {
        Change::Arcs { layer, added, removed, .. } => {
            let layer = Some(layer.slug());
            let mut rows = each("added", layer, added);
            rows.extend(each("removed", layer, removed));
            rows
        }
        Change::Gone => vec![ChangeRow::new("gone")],
        Change::Joined(others) => each("joined", None, others),
        Change::Parted(others) => each("parted", None, others),
        Change::Rank(change) => rank_rows(change),
        Change::Membership(change) => membership_rows(change),
        Change::Lineage(change) => vec![lineage_row(change)],
        Change::Profile(fields) => {
            let row = |field: &ProfileField| ChangeRow {
                layer: Some(field.slug()),
                ..ChangeRow::new("profile")
            };
            fields.iter().map(row).collect()
        }
    }
}

/// The community that a person left, and the one that it came to.
fn membership_rows(change: &MembershipChange) -> Vec<ChangeRow> {
    let row = |name, community| {
        let numbers = Some(ChangedNumbers { community, before: None, after: None });
        ChangeRow { numbers, ..ChangeRow::new(name) }
    };
    let left = change.before.map(|community| row("membership_left", community));
    let came = change.after.map(|community| row("membership_came", community));
    left.into_iter().chain(came).collect()
}

/// What happened to a community, with how many people it shares with another.
fn lineage_row(change: &LineageChange) -> ChangeRow {
    let shared = Some(f64::from(change.shared));
    let numbers = ChangedNumbers { community: change.community, before: None, after: shared };
    let other = change.other.map(|other| other.to_string());
    ChangeRow { other, numbers: Some(numbers), ..ChangeRow::new(change.kind.slug()) }
}

/// A changed rank, then a row for each reason.
fn rank_rows(change: &RankChange) -> Vec<ChangeRow> {
    let community = change.community;
    let rank = |rank: Option<NonZeroU32>| rank.map(|rank| f64::from(rank.get()));
    let (before, after) = (rank(change.before.rank), rank(change.after.rank));
    let numbers = Some(ChangedNumbers { community, before, after });
    let mut rows = vec![ChangeRow { numbers, ..ChangeRow::new("rank_changed") }];
    rows.extend(change.reasons.iter().map(|reason| {
        let [before, after] = [reason.before, reason.after].map(|part| Some(as_written(part)));
        let numbers = Some(ChangedNumbers { community, before, after });
        let other = Some(reason.person.to_string());
        ChangeRow { other, numbers, ..ChangeRow::new("rank_reason") }
    }));
    rows
}

/// The double that is written as a single-precision number is.
fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
