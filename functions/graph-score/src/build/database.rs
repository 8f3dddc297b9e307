//! The database at one moment, in memory: for commands that show or count it, not for scoring, which
//! reads it in bounded memory.
//!
//! Incoming lists keep only what their sources do not list themselves: a complete outgoing list has all
//! arcs of its owner.

use std::collections::{BTreeMap, BTreeSet};

use graph::LayerArcs;
use model::{Consent, Direction, Layer, ProfileId};
use snapshot::{DenseArc, NodeFact, Nodes, RowBuilder};
use store::Pg;
use store::pg::adjacency::AdjacencyRow;
use store::pg::snapshot::{NodeRow, SnapshotReader};

use super::to_page;
use crate::ScoreError;

/// Rows read at a time.
const PAGE_ROWS: u32 = 2_000;

/// The arcs of a layer as each direction shows them, by source and target.
type LayerViews = BTreeMap<Layer, [Vec<DenseArc>; 2]>;

/// The attention graph as the database has it now, in memory.
#[derive(Debug)]
pub struct DatabaseGraph {
    /// Who is who.
    pub nodes: Nodes,
    /// The arcs between profiles, by layer.
    pub layers: Vec<LayerArcs>,
}

/// Reads the whole database.
pub async fn read_database(pg: &Pg) -> Result<DatabaseGraph, ScoreError> {
    let reader = &SnapshotReader::open(pg).await?;
    let known = read_nodes(reader).await?;
    let removed = known.iter().filter(|node| to_page(node).is_none());
    let out: BTreeSet<ProfileId> = removed.map(|node| node.id).collect();
    let mut lists = read_lists(reader).await?;
    lists.retain(|row| !out.contains(&row.key.profile));
    let unread = read_unread(reader).await?;
    let nodes = number((&known, &unread), &out, &lists)?;
    let mut views = LayerViews::new();
    let complete = complete(&lists);
    for row in &lists {
        add_row(&nodes, &complete, row, &mut views)?;
    }
    let layers = views.into_iter().map(|(layer, views)| rows(&nodes, layer, views));
    let layers = layers.collect::<Result<_, _>>()?;
    Ok(DatabaseGraph { nodes, layers })
}

async fn read_nodes(reader: &SnapshotReader) -> Result<Vec<NodeRow>, ScoreError> {
    let mut all: Vec<NodeRow> = Vec::new();
    loop {
        let page = reader.nodes(all.last().map(|node| node.id), PAGE_ROWS).await?;
        let ended = page.is_empty();
        all.extend(page);
        if ended {
            return Ok(all);
        }
    }
}

async fn read_unread(reader: &SnapshotReader) -> Result<Vec<ProfileId>, ScoreError> {
    let mut all: Vec<ProfileId> = Vec::new();
    loop {
        let page = reader.unread(all.last().copied(), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

async fn read_lists(reader: &SnapshotReader) -> Result<Vec<AdjacencyRow>, ScoreError> {
    let mut all: Vec<AdjacencyRow> = Vec::new();
    loop {
        let page = reader.lists(0, all.last().map(|row| row.key), PAGE_ROWS).await?;
        let ended = page.is_empty();
        all.extend(page);
        if ended {
            return Ok(all);
        }
    }
}

/// Numbers every profile that is known or named in a list and may be there, by stored id.
fn number(
    (known, unread): (&[NodeRow], &[ProfileId]),
    out: &BTreeSet<ProfileId>,
    lists: &[AdjacencyRow],
) -> Result<Nodes, ScoreError> {
    let mut ids: Vec<ProfileId> = known.iter().map(|node| node.id).collect();
    for row in lists {
        ids.push(row.key.profile);
        ids.extend(row.list()?.entries().iter().map(|entry| entry.other));
    }
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !out.contains(id));
    let fact = |&id: &ProfileId| {
        let known = known.binary_search_by_key(&id, |node| node.id).ok().map(|at| &known[at]);
        Some(NodeFact {
            id,
            person: known.map_or(id.home_person(), |node| node.person),
            kind: known.map_or_else(Default::default, |node| node.kind),
            unlisted: known.map_or_else(
                || unread.binary_search(&id).is_ok(),
                |node| node.consent.has(Consent::UNLISTED),
            ),
            stored: known.is_some(),
            complete: 0,
        })
    };
    Ok(Nodes::new(&ids.iter().map(fact).collect::<Vec<_>>()))
}

/// The profiles whose own list is complete, by layer.
fn complete(lists: &[AdjacencyRow]) -> BTreeSet<(Layer, ProfileId)> {
    let own = lists.iter().filter(|row| row.complete && row.key.direction == Direction::Out);
    own.map(|row| (row.key.layer, row.key.profile)).collect()
}

/// Adds a list's arcs, always from the one who attends to the one attended to.
fn add_row(
    nodes: &Nodes,
    complete: &BTreeSet<(Layer, ProfileId)>,
    row: &AdjacencyRow,
    views: &mut LayerViews,
) -> Result<(), ScoreError> {
    let layer = row.key.layer;
    let view = &mut views.entry(layer).or_default()[row.key.direction as usize];
    for entry in row.list()?.entries().iter().filter(|entry| entry.other != row.key.profile) {
        let (source, target) = match row.key.direction {
            Direction::Out => (row.key.profile, entry.other),
            Direction::In => (entry.other, row.key.profile),
        };
        if row.key.direction == Direction::In && complete.contains(&(layer, source)) {
            continue;
        }
        if let (Some(source), Some(target)) = (nodes.profile(source), nodes.profile(target)) {
            let (source, target) = (source.number(), target.number());
            let (count, last_day, weight) = (entry.count, entry.last_day, entry.weight);
            view.push(DenseArc { source, target, count, last_day, weight });
        }
    }
    Ok(())
}

/// The rows of profiles, each a source of its own.
fn rows(
    nodes: &Nodes,
    layer: Layer,
    mut views: [Vec<DenseArc>; 2],
) -> Result<LayerArcs, ScoreError> {
    let profiles: Vec<u32> = (0..nodes.profiles.len() as u32).collect();
    let arcs = views.iter().map(Vec::len).sum();
    let mut rows = RowBuilder::new(layer, &profiles, profiles.len(), arcs);
    for view in &mut views {
        view.sort_unstable_by_key(|arc| (arc.source, arc.target));
    }
    rows.add_all(views.each_ref().map(Vec::as_slice));
    Ok(rows.finish()?)
}
