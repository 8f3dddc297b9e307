//! What the network was filled with, and how to compare it.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Deserialize;
use serde_json::Value;

/// Differences that are shown of each kind.
const SHOWN: usize = 5;

/// Everything that a crawl must find, and who it must not find.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub(super) seeds: Vec<String>,
    pub(super) profiles: Vec<Account>,
    pub(super) arcs: Vec<Arc>,
    pub(super) absent: Vec<Name>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) did: String,
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) bio: String,
    pub(super) department: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Name {
    pub(super) did: String,
    pub(super) handle: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Arc {
    src: String,
    dst: String,
    layer: String,
    count: u32,
}

impl Truth {
    /// The follows.
    pub(super) fn follows(&self) -> impl Iterator<Item = (&str, &str)> {
        let follows = self.arcs.iter().filter(|arc| arc.layer == "follow");
        follows.map(|arc| (arc.src.as_str(), arc.dst.as_str()))
    }
}

impl Account {
    /// The texts of a profile. A tab is kept as a space.
    pub(super) fn shown(&self) -> [String; 4] {
        [&self.did, &self.handle, &self.name, &self.bio].map(|text| text.replace('\t', " "))
    }
}

/// A row of the export as the texts of its profile.
pub(super) fn profile(row: &Value) -> [String; 4] {
    let text = |field| row[field].as_str().unwrap_or_default().to_owned();
    ["node", "handle", "display_name", "bio"].map(text)
}

/// A row of the export as an arc.
pub(super) fn arc(row: &Value) -> Arc {
    Arc::deserialize(row).expect("a row of arcs has its columns")
}

/// Fails, and shows some of it, where something is missing or too much.
pub(super) fn same<T: Debug + Ord>(what: &str, found: &BTreeSet<T>, wanted: &BTreeSet<T>) {
    let missing: Vec<_> = wanted.difference(found).collect();
    let extra: Vec<_> = found.difference(wanted).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}: of {} are {} missing: {:#?}, and {} too many: {:#?}",
        wanted.len(),
        missing.len(),
        &missing[..missing.len().min(SHOWN)],
        extra.len(),
        &extra[..extra.len().min(SHOWN)],
    );
}
