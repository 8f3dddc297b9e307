//! The record at one moment → dense numbers, sections of arcs, persons.
//!
//! A *section* is one layer seen from one side. Incoming lists keep only what their sources do not
//! tell themselves: a complete outgoing list is the last word on its owner's arcs.

use std::collections::{BTreeMap, HashMap, HashSet};

use graph::LayerArcs;
use model::{Consent, Direction, Layer, PersonId, PersonKind, ProfileId};
use serde::{Deserialize, Serialize};
use store::pg::adjacency::{Key, Row};
use store::pg::snapshot::{Node, Reader};

use super::arcs::{DenseArc, Merge, rows};
use crate::ScoreError;

/// Rows read at a time.
const PAGE_ROWS: u32 = 2_000;

/// Who is who in a snapshot: profiles by dense number, and the persons they belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nodes {
    /// The stored id of each profile, ascending.
    pub profiles: Vec<ProfileId>,
    /// The dense person of each profile.
    pub person_of: Vec<u32>,
    /// The stored id of each person, ascending.
    pub people: Vec<PersonId>,
    /// Who each person is.
    pub kinds: Vec<PersonKind>,
    /// Persons none of whose profiles may be listed or suggested.
    pub unlisted: Vec<bool>,
    /// The layers, as bits by number, in which each profile's own list is complete.
    pub complete: Vec<u16>,
}

/// Arcs of one layer, as seen from one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    pub(crate) direction: Direction,
    pub(crate) arcs: LayerArcs,
}

/// Everything that a snapshot seals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gathered {
    pub(crate) nodes: Nodes,
    pub(crate) sections: Vec<Section>,
}

/// Reads the whole record.
pub(crate) async fn gather(reader: &Reader) -> Result<Gathered, ScoreError> {
    let known = read_nodes(reader).await?;
    let lists = read_lists(reader).await?;
    let nodes = number(&known, &lists)?;
    let sections = build_sections(&nodes, &lists)?;
    Ok(Gathered { nodes, sections })
}

async fn read_nodes(reader: &Reader) -> Result<Vec<Node>, ScoreError> {
    let mut all: Vec<Node> = Vec::new();
    loop {
        let page = reader.nodes(all.last().map(|node| node.id), PAGE_ROWS).await?;
        let ended = page.len() < PAGE_ROWS as usize;
        all.extend(page);
        if ended {
            return Ok(all);
        }
    }
}

async fn read_lists(reader: &Reader) -> Result<Vec<Row>, ScoreError> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let after: Option<Key> = all.last().map(|row| row.key);
        let page = reader.lists(0, after, PAGE_ROWS).await?;
        let ended = page.len() < PAGE_ROWS as usize;
        all.extend(page);
        if ended {
            return Ok(all);
        }
    }
}

/// Whether a profile must leave every snapshot.
fn is_out(node: &Node) -> bool {
    node.gone.is_some() || node.consent.has(Consent::REFUSED)
}

/// Gives dense numbers to every profile that is known or named in a list and may be there.
fn number(known: &[Node], lists: &[Row]) -> Result<Nodes, ScoreError> {
    let by_id: HashMap<ProfileId, &Node> = known.iter().map(|node| (node.id, node)).collect();
    let mut profiles: Vec<ProfileId> = known.iter().map(|node| node.id).collect();
    for row in lists {
        profiles.push(row.key.profile);
        profiles.extend(row.list()?.entries().iter().map(|entry| entry.other));
    }
    profiles.sort_unstable();
    profiles.dedup();
    profiles.retain(|id| !by_id.get(id).is_some_and(|node| is_out(node)));
    let person = |id: &ProfileId| by_id.get(id).map_or(id.home_person(), |node| node.person);
    let mut people: Vec<PersonId> = profiles.iter().map(person).collect();
    people.sort_unstable();
    people.dedup();
    let place = |id: &ProfileId| people.binary_search(&person(id)).unwrap_or_default() as u32;
    let person_of: Vec<u32> = profiles.iter().map(place).collect();
    let mut nodes = Nodes {
        kinds: vec![PersonKind::Unknown; people.len()],
        unlisted: vec![false; people.len()],
        complete: vec![0; profiles.len()],
        profiles,
        person_of,
        people,
    };
    describe_people(&mut nodes, &by_id);
    note_complete(&mut nodes, lists);
    Ok(nodes)
}

/// A person is of the kind that any profile names (bot before organisation before person), and
/// unlisted if any of its profiles is.
fn describe_people(nodes: &mut Nodes, by_id: &HashMap<ProfileId, &Node>) {
    for (dense, id) in nodes.profiles.iter().enumerate() {
        if let Some(node) = by_id.get(id) {
            let person = nodes.person_of[dense] as usize;
            nodes.kinds[person] = nodes.kinds[person].max(node.kind);
            nodes.unlisted[person] |= node.consent.has(Consent::UNLISTED);
        }
    }
}

fn note_complete(nodes: &mut Nodes, lists: &[Row]) {
    for row in lists.iter().filter(|row| row.complete && row.key.direction == Direction::Out) {
        if let Ok(dense) = nodes.profiles.binary_search(&row.key.profile) {
            nodes.complete[dense] |= bit(row.key.layer);
        }
    }
}

/// The bit that stands for a layer.
const fn bit(layer: Layer) -> u16 {
    1 << layer as u16
}

fn build_sections(nodes: &Nodes, lists: &[Row]) -> Result<Vec<Section>, ScoreError> {
    let mut gathered: BTreeMap<(Layer, Direction), Vec<DenseArc>> = BTreeMap::new();
    for row in lists {
        let arcs = gathered.entry((row.key.layer, row.key.direction)).or_default();
        add_row(nodes, row, arcs)?;
    }
    let build = |((layer, direction), arcs)| {
        let arcs = rows(layer, nodes.profiles.len(), arcs, Merge::First)?;
        Ok(Section { direction, arcs })
    };
    gathered.into_iter().map(build).collect()
}

/// Adds a list's arcs, always from the one who attends to the one attended to.
fn add_row(nodes: &Nodes, row: &Row, arcs: &mut Vec<DenseArc>) -> Result<(), ScoreError> {
    let Ok(owner) = nodes.profiles.binary_search(&row.key.profile) else { return Ok(()) };
    for entry in row.list()?.entries() {
        let Ok(other) = nodes.profiles.binary_search(&entry.other) else { continue };
        let (source, target) = match row.key.direction {
            Direction::Out => (owner, other),
            Direction::In => (other, owner),
        };
        if row.key.direction == Direction::In && nodes.complete[source] & bit(row.key.layer) != 0 {
            continue;
        }
        arcs.push(DenseArc {
            source: source as u32,
            target: target as u32,
            count: entry.count,
            last_day: entry.last_day,
            weight: entry.weight,
        });
    }
    Ok(())
}

impl Nodes {
    /// A bit for each platform that a person is on, by dense person. Platforms beyond the
    /// sixteenth share bits.
    pub fn platforms(&self) -> Vec<u16> {
        let mut platforms = vec![0; self.people.len()];
        for (id, &person) in self.profiles.iter().zip(&self.person_of) {
            let number = id.platform().map_or(0, |platform| u32::from(platform.number()));
            platforms[person as usize] |= 1 << (number % u16::BITS);
        }
        platforms
    }

    /// The profiles of each person, by dense person.
    pub fn profiles_of(&self) -> Vec<Vec<u32>> {
        let mut profiles = vec![Vec::new(); self.people.len()];
        for (dense, &person) in self.person_of.iter().enumerate() {
            profiles[person as usize].push(dense as u32);
        }
        profiles
    }

    /// The dense person of each of these profiles that is in the snapshot.
    pub fn people_of(&self, ids: &[ProfileId]) -> Vec<u32> {
        let wanted: HashSet<usize> =
            ids.iter().filter_map(|id| self.profiles.binary_search(id).ok()).collect();
        let mut people: Vec<u32> = wanted.into_iter().map(|dense| self.person_of[dense]).collect();
        people.sort_unstable();
        people.dedup();
        people
    }
}
