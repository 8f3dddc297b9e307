//! Lists of bulk files.

use std::collections::{BTreeMap, HashSet};

use model::platform::Listing;
use model::time::Timestamp;
use model::{Adjacency, Direction, Layer, Platform, ProfileId};

use super::Key;
use super::edit::{Edit, Edited, Op, edit};
use crate::StoreError;
use crate::pg::connection::{params, retry};
use crate::pg::transaction::Tx;
use crate::pg::value::{profile_id, stored_id, stored_ids};
use crate::pg::{Pg, ident};

/// How an import treats what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Each list replaces the stored one.
    Replace,
    /// Each list adds to the stored one; repeating it changes nothing.
    Merge,
}

/// What an import of lists did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lists that differ from what was stored.
    pub changed_lists: u64,
    /// Arcs gained.
    pub arcs_added: u64,
    /// Arcs lost.
    pub arcs_removed: u64,
}

/// The most lists of one transaction.
const LISTS_MAX: usize = 5_000;

/// Imports of one layer take turns.
const LOCK: &str = "select pg_advisory_xact_lock(20261124, $1)";
/// Those who opted out with us have no lists, whatever a file says.
const OPTED_OUT: &str = "select profile_id from profile where profile_id = any($1) and gone = 4";

/// Stores the outgoing lists of a bulk file, each owner at most once. The change log is left
/// alone: it would be as large as the file.
pub async fn import(
    pg: &Pg,
    layer: Layer,
    lists: &[(ProfileId, Adjacency)],
    mode: ImportMode,
    now: Timestamp,
) -> Result<Imported, StoreError> {
    let mut imported = Imported::default();
    for chunk in lists.chunks(LISTS_MAX) {
        let edited = retry(|| import_some(pg, layer, chunk, mode, now)).await?;
        imported.changed_lists += edited.changed.len() as u64;
        imported.arcs_added += edited.changed.iter().map(|c| c.added.len() as u64).sum::<u64>();
        imported.arcs_removed += edited.changed.iter().map(|c| c.removed.len() as u64).sum::<u64>();
    }
    Ok(imported)
}

async fn import_some(
    pg: &Pg,
    layer: Layer,
    lists: &[(ProfileId, Adjacency)],
    mode: ImportMode,
    now: Timestamp,
) -> Result<Edited, StoreError> {
    let to_edit = |(profile, list): &(ProfileId, Adjacency)| {
        let key = Key { profile: *profile, layer, direction: Direction::Out };
        let op = match mode {
            ImportMode::Replace => Op::Replace(list.clone()),
            ImportMode::Merge => Op::Merge(list.clone()),
        };
        Edit { key, op }
    };
    let mut client = pg.client().await?;
    let tx = Tx::begin(&mut client, "adjacency::import").await?;
    tx.query(LOCK, params![layer as i32 => INT4]).await?;
    for (platform, ids) in opt_in(lists) {
        ident::note_imported(&tx, platform, &ids).await?;
    }
    let owners: Vec<ProfileId> = lists.iter().map(|(owner, _)| *owner).collect();
    let out = tx.query(OPTED_OUT, params![stored_ids(&owners) => INT8_ARRAY]).await?;
    let out: HashSet<ProfileId> = out.iter().map(|row| profile_id(row.get(0))).collect();
    let welcome = lists.iter().filter(|(owner, _)| !out.contains(owner));
    let edited = edit(&tx, welcome.map(to_edit).collect(), now).await?;
    tx.commit().await?;
    Ok(edited)
}

/// Everybody whom lists name on platforms of opt-in, by platform, each once.
fn opt_in(lists: &[(ProfileId, Adjacency)]) -> BTreeMap<Platform, Vec<ProfileId>> {
    let others = lists.iter().flat_map(|(_, list)| list.entries()).map(|entry| entry.other);
    // A look for each arc, so by the number in the id.
    let platforms: Vec<Platform> =
        Platform::all().filter(|one| one.listing() == Listing::OptIn).collect();
    let mut named: BTreeMap<Platform, Vec<ProfileId>> = BTreeMap::new();
    for id in lists.iter().map(|(owner, _)| *owner).chain(others) {
        let number = (stored_id(id) >> 45) as u64;
        let own = platforms.iter().find(|one| u64::from(one.number()) == number);
        if let Some(&platform) = own {
            named.entry(platform).or_default().push(id);
        }
    }
    for ids in named.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    named
}
