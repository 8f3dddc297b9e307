//! Adjacencies of bulk files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use model::platform::Listing;
use model::time::Timestamp;
use model::{Adjacency, Direction, Layer, Platform, ProfileId};

use super::AdjacencyKey;
use super::edit::{EditOutcome, plan, write};
use super::plan::{AdjacencyEdit, AdjacencyWrite, EditOperation};
use crate::StoreError;
use crate::pg::connection::retry;
use crate::pg::params::{column, params};
use crate::pg::profile_columns::OPTED_OUT;
use crate::pg::row::PROFILE;
use crate::pg::transaction::PgTransaction;
use crate::pg::value::IdBounds;
use crate::pg::{Pg, account_key};

/// How an import treats what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Each list replaces the stored one.
    Replace,
    /// Each list adds to the stored one; repeating it changes nothing.
    Merge,
}

/// What an import of adjacencies did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdjacencyImport {
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
/// Profiles of $1, with the bounds $2 and $3, that opted out with us: they have no lists, whatever a file
/// contains. By an index of those alone, which is small.
static OPTED_OUT_OF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select p.profile_id from unnest($1::bigint[]) u(id) join profile p
        on p.profile_id = u.id and p.profile_id between $2 and $3 and p.gone = {OPTED_OUT}"
    )
});

/// Stores the outgoing lists of a bulk file, each owner at most once. The change log is left
/// alone: it would be as large as the file.
pub async fn import(
    pg: &Pg,
    layer: Layer,
    lists: &[(ProfileId, Adjacency)],
    mode: ImportMode,
    now: Timestamp,
) -> Result<AdjacencyImport, StoreError> {
    let mut imported = AdjacencyImport::default();
    for chunk in lists.chunks(LISTS_MAX) {
        let named = opt_in(chunk);
        let outcome = retry(|| async {
            let mut client = pg.client().await?;
            let tx = PgTransaction::begin(&mut client, "adjacency::import").await?;
            tx.query(LOCK, params![layer as i32 => INT4]).await?;
            for (platform, ids) in &named {
                account_key::note_imported(&tx, *platform, ids).await?;
            }
            let outcome = load(&tx, edits(layer, chunk, mode), now).await?;
            tx.commit().await?;
            Ok(outcome)
        });
        imported.count(&outcome.await?);
    }
    Ok(imported)
}

impl AdjacencyImport {
    fn count(&mut self, outcome: &EditOutcome) {
        self.changed_lists += outcome.changed.len() as u64;
        for list in &outcome.changed {
            self.arcs_added += list.added.len() as u64;
            self.arcs_removed += list.removed.len() as u64;
        }
    }
}

fn edits(
    layer: Layer,
    lists: &[(ProfileId, Adjacency)],
    mode: ImportMode,
) -> Vec<AdjacencyEdit<'_>> {
    let edit = lists.iter().map(|(profile, list)| {
        let key = AdjacencyKey { profile: *profile, layer, direction: Direction::Out };
        let operation = match mode {
            ImportMode::Replace => EditOperation::Replace(Cow::Borrowed(list)),
            ImportMode::Merge => EditOperation::Merge(Cow::Borrowed(list)),
        };
        AdjacencyEdit { key, operation }
    });
    edit.collect()
}

/// Applies edits most of which are of adjacencies that are not stored yet: those go by COPY. Only they
/// can be of profiles that opted out, of which nothing is stored.
async fn load(
    tx: &PgTransaction<'_>,
    edits: Vec<AdjacencyEdit<'_>>,
    now: Timestamp,
) -> Result<EditOutcome, StoreError> {
    let planned = plan(tx, edits, now).await?;
    let (mut new, stored): (Vec<_>, Vec<_>) =
        planned.writes.into_iter().partition(|write| write.is_new);
    if !new.is_empty() {
        let opted_out = opted_out(tx, &new).await?;
        new.retain(|write| !opted_out.contains(&write.changed.key.profile));
        tx.copy(&AdjacencyWrite::copy_target(), &new).await?;
    }
    write(tx, stored.iter()).await?;
    let changed = new.into_iter().chain(stored).map(|write| write.changed).collect();
    Ok(EditOutcome { changed, stale: planned.stale })
}

async fn opted_out(
    tx: &PgTransaction<'_>,
    writes: &[AdjacencyWrite],
) -> Result<HashSet<ProfileId>, StoreError> {
    let owners = column(writes, |write| write.profile);
    let bounds = IdBounds::of(&owners);
    let params = params![owners => INT8_ARRAY, bounds.first => INT8, bounds.last => INT8];
    let rows = tx.query(&OPTED_OUT_OF, params).await?;
    PROFILE.rows(&rows).map(|row| row.profile_id("profile_id")).collect()
}

/// The profiles on platforms of opt-in that lists name, by platform, each once.
fn opt_in(lists: &[(ProfileId, Adjacency)]) -> BTreeMap<Platform, Vec<ProfileId>> {
    // One look for each arc: by the number in the id.
    let mut platforms: [Option<Platform>; 256] = [None; 256];
    for platform in Platform::all().filter(|one| one.listing() == Listing::OptIn) {
        platforms[usize::from(platform.number())] = Some(platform);
    }
    let mut named: BTreeMap<Platform, Vec<ProfileId>> = BTreeMap::new();
    let mut note = |id: ProfileId| {
        if let Some(platform) = platforms[usize::from(id.platform_number())] {
            named.entry(platform).or_default().push(id);
        }
    };
    for (owner, list) in lists {
        note(*owner);
        list.entries().iter().for_each(|entry| note(entry.other));
    }
    for ids in named.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    named
}
