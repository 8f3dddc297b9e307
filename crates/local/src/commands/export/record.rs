//! The exports that read the record itself: profiles, arcs, changes, evidence.

use anyhow::Result;
use graph_score::Sealed;
use model::{CommunityId, ProfileId, RankChange};
use store::pg::change::{self, Change, Position};
use store::pg::profile::{self, Profile};
use store::pg::{evidence as stored_evidence, score};
use store::table::{Cell, Column, Kind};

use super::Table;
use crate::home::Home;
use crate::naming::Naming;

/// Rows read at a time.
const PAGE: u32 = 2_000;

/// Blocks of evidence read at a time, of 64 people each.
const BLOCKS: u32 = 50;

pub(super) const PROFILES: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("platform", Kind::Text),
    Column::new("person", Kind::Text),
    Column::new("handle", Kind::Text),
    Column::new("display_name", Kind::Text),
    Column::new("bio", Kind::Text),
    Column::new("url", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("followers", Kind::Whole),
    Column::new("following", Kind::Whole),
    Column::new("posts", Kind::Whole),
];
pub(super) const ARCS: &[Column] = &[
    Column::new("src", Kind::Text),
    Column::new("dst", Kind::Text),
    Column::new("layer", Kind::Text),
    Column::new("weight", Kind::Single),
    Column::new("count", Kind::Whole),
    Column::new("last_day", Kind::Text),
];
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
pub(super) const EVIDENCE: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("score", Kind::Single),
    Column::new("contributor", Kind::Text),
    Column::new("brings", Kind::Single),
];

pub(super) async fn profiles(home: &Home, table: &mut Table) -> Result<()> {
    let mut after = None;
    loop {
        let page = profile::page(&home.pg, after, PAGE).await?;
        for profile in &page {
            profile_row(profile, table)?;
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

fn profile_row(profile: &Profile, table: &mut Table) -> Result<()> {
    let text = |value: &'_ Option<String>| value.clone();
    let (person, platform) = (profile.person.to_string(), profile.id.platform());
    let owned =
        [&profile.native_id, &profile.handle, &profile.display_name, &profile.bio, &profile.url]
            .map(text);
    let cell = |at: usize| owned[at].as_deref().map_or(Cell::Null, Cell::Text);
    let whole = |value: Option<u32>| value.map_or(Cell::Null, |value| Cell::Whole(value.into()));
    table.row(&[
        cell(0),
        platform.map_or(Cell::Null, |platform| Cell::Text(platform.slug())),
        Cell::Text(&person),
        cell(1),
        cell(2),
        cell(3),
        cell(4),
        Cell::Text(profile.kind.slug()),
        whole(profile.followers),
        whole(profile.following),
        whole(profile.posts),
    ])?;
    Ok(())
}

/// Every arc that the record knows, each once, from the one who attends. `borg import` reads it.
pub(super) async fn arcs(home: &Home, table: &mut Table) -> Result<()> {
    let (nodes, layers) = graph_score::snapshot::read_record(&home.pg).await?;
    let naming = Naming::of(&home.pg, &nodes.profiles).await?;
    for layer in &layers {
        for source in 0..layer.arcs.nodes() as u32 {
            let Some(src) = naming.name(source as usize) else { continue };
            for place in layer.arcs.range(source) {
                let target = layer.arcs.targets()[place] as usize;
                let Some(dst) = naming.name(target) else { continue };
                let weight = layer.arcs.weights().map_or(1.0, |weights| weights[place]);
                let count = layer.counts.get(place).copied().unwrap_or(0);
                let last_day = layer.last_days.get(place).map(ToString::to_string);
                table.row(&[
                    Cell::Text(src),
                    Cell::Text(dst),
                    Cell::Text(layer.layer.slug()),
                    Cell::Single(weight),
                    Cell::Whole(i64::from(count)),
                    last_day.as_deref().map_or(Cell::Null, Cell::Text),
                ])?;
            }
        }
    }
    Ok(())
}

pub(super) async fn changes(home: &Home, table: &mut Table) -> Result<()> {
    let mut after = Position::default();
    loop {
        let page = change::page(&home.pg, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        for event in &page {
            let (at, subject) = (event.at.to_string(), event.subject.to_string());
            for part in parts(&event.change) {
                let community = part.moved.map(|moved| moved.0.to_string());
                let real = |number: Option<f64>| number.map_or(Cell::Null, Cell::Real);
                table.row(&[
                    Cell::Text(&at),
                    Cell::Text(&subject),
                    Cell::Text(part.word),
                    part.layer.map_or(Cell::Null, Cell::Text),
                    part.other.as_deref().map_or(Cell::Null, Cell::Text),
                    community.as_deref().map_or(Cell::Null, Cell::Text),
                    real(part.moved.and_then(|moved| moved.1)),
                    real(part.moved.and_then(|moved| moved.2)),
                ])?;
            }
        }
    }
}

/// One row of an event.
struct Part {
    word: &'static str,
    layer: Option<&'static str>,
    other: Option<String>,
    /// Where, and from what to what: ranks, or a contributor's parts of the attention.
    moved: Option<(CommunityId, Option<f64>, Option<f64>)>,
}

impl Part {
    fn new(word: &'static str) -> Part {
        Part { word, layer: None, other: None, moved: None }
    }
}

/// An event as rows of one other end each.
fn parts(change: &Change) -> Vec<Part> {
    let each = |word, layer, others: &[ProfileId]| -> Vec<Part> {
        let part =
            |other: &ProfileId| Part { layer, other: Some(other.to_string()), ..Part::new(word) };
        others.iter().map(part).collect()
    };
    match change {
        Change::Arcs { layer, added, removed, .. } => {
            let layer = Some(layer.slug());
            let mut parts = each("added", layer, added);
            parts.extend(each("removed", layer, removed));
            parts
        }
        Change::Gone => vec![Part::new("gone")],
        Change::Joined(others) => each("joined", None, others),
        Change::Parted(others) => each("parted", None, others),
        Change::Rank(change) => rank_parts(change),
    }
}

/// A changed rank, then a row for each reason.
fn rank_parts(change: &RankChange) -> Vec<Part> {
    let rank = |rank: Option<std::num::NonZeroU32>| rank.map(|rank| f64::from(rank.get()));
    let ranks = (change.community, rank(change.before.rank), rank(change.after.rank));
    let mut parts = vec![Part { moved: Some(ranks), ..Part::new("rank_changed") }];
    parts.extend(change.reasons.iter().map(|reason| {
        let [before, after] = [reason.before, reason.after].map(|part| Some(as_written(part)));
        let moved = (change.community, before, after);
        let other = Some(reason.person.to_string());
        Part { other, moved: Some(moved), ..Part::new("rank_reason") }
    }));
    parts
}

/// The double that is written as a single-precision number is.
fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

pub(super) async fn evidence(
    home: &Home,
    sealed: &Sealed,
    naming: &Naming,
    table: &mut Table,
) -> Result<()> {
    let profiles = sealed.nodes.profiles_of();
    let name = |person: usize| profiles[person].iter().find_map(|&at| naming.name(at as usize));
    let dense_of = dense_by_number(home, sealed).await?;
    let mut after = None;
    loop {
        let page = stored_evidence::page(&home.pg, sealed.run, after, BLOCKS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.community, last.number));
        for block in &page {
            let community = block.community.to_string();
            for (person, evidence) in &block.people {
                let Some(node) = name(dense_of[person.index()]) else { continue };
                for one in &evidence.contributors {
                    table.row(&[
                        Cell::Text(node),
                        Cell::Text(&community),
                        Cell::Single(evidence.score),
                        name(dense_of[one.person.index()]).map_or(Cell::Null, Cell::Text),
                        Cell::Single(one.contribution(evidence.damping)),
                    ])?;
                }
            }
        }
    }
}

/// The dense number of each person, by its number in the run.
async fn dense_by_number(home: &Home, sealed: &Sealed) -> Result<Vec<usize>> {
    let mut dense = Vec::with_capacity(sealed.nodes.people.len());
    loop {
        let page = score::page(&home.pg, sealed.run, dense.len() as u32, PAGE).await?;
        if page.is_empty() {
            return Ok(dense);
        }
        let place = |person| sealed.nodes.person(person).unwrap_or_default() as usize;
        dense.extend(page.iter().map(|one| place(one.person)));
    }
}
