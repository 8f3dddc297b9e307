//! The names of nodes in exports and truths: native ids, with the platform in front once the
//! database holds several platforms.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, bail};
use model::index::ProfileIndex;
use model::{Account, Platform, ProfileId};
use store::Pg;
use store::pg::{account_key, profile};
use typed_index_collections::{TiSlice, TiVec};

/// Native ids read at a time.
const CHUNK: usize = 5_000;

/// The names of some profiles.
#[derive(Debug)]
pub(crate) struct NodeNames {
    names: TiVec<ProfileIndex, Option<String>>,
}

impl NodeNames {
    /// Reads the names of `profiles`, in their order.
    pub(crate) async fn of(
        pg: &Pg,
        profiles: &TiSlice<ProfileIndex, ProfileId>,
    ) -> Result<NodeNames> {
        let platforms: BTreeSet<Platform> =
            profiles.iter().filter_map(|id| id.platform()).collect();
        let several = platforms.len() > 1;
        let mut names = TiVec::with_capacity(profiles.len());
        for chunk in profiles.raw.chunks(CHUNK) {
            let natives = account_key::names(pg, chunk).await?;
            let named = chunk.iter().zip(natives).map(|(id, native)| {
                let native = native?;
                let platform = id.platform().filter(|_| several);
                Some(platform.map_or(native.clone(), |platform| format!("{platform}:{native}")))
            });
            names.extend(named);
        }
        Ok(NodeNames { names })
    }

    /// The name of a profile; `None` once it is erased.
    pub(crate) fn name(&self, profile: ProfileIndex) -> Option<&str> {
        self.names[profile].as_deref()
    }

    /// The profiles by name.
    pub(crate) fn by_name(&self) -> HashMap<&str, ProfileIndex> {
        let named = self.names.iter_enumerated();
        named.filter_map(|(profile, name)| Some((name.as_deref()?, profile))).collect()
    }
}

/// The profiles that nodes of a file name, in their order. Names of exports are read, whether the
/// database held one platform then or several. Fails on a name that exists on several platforms.
pub(crate) async fn find_profiles(pg: &Pg, nodes: &[String]) -> Result<Vec<Option<ProfileId>>> {
    let mut found: Vec<Option<ProfileId>> = Vec::with_capacity(nodes.len());
    let platforms = account_key::platforms(pg).await?;
    for chunk in nodes.chunks(CHUNK) {
        let mut by_native_id = vec![None; chunk.len()];
        for &platform in &platforms {
            let accounts: Vec<Account> = chunk.iter().map(|node| exact(platform, node)).collect();
            let here = profile::find(pg, &accounts).await?;
            for ((node, known), here) in chunk.iter().zip(&mut by_native_id).zip(here) {
                if known.is_some() && here.is_some() {
                    bail!("`{node}` is on several platforms: write platform:{node}");
                }
                *known = known.or(here);
            }
        }
        let by_prefix = find_prefixed(pg, chunk).await?;
        found.extend(by_prefix.into_iter().zip(by_native_id).map(|(a, b)| a.or(b)));
    }
    Ok(found)
}

/// The profiles of those nodes that begin with their platform.
async fn find_prefixed(pg: &Pg, nodes: &[String]) -> Result<Vec<Option<ProfileId>>> {
    let (mut positions, mut accounts) = (Vec::new(), Vec::new());
    for (position, node) in nodes.iter().enumerate() {
        let Some((platform, native)) = node.split_once(':') else { continue };
        let Ok(platform) = platform.parse::<Platform>() else { continue };
        positions.push(position);
        accounts.push(exact(platform, native));
    }
    let mut found = vec![None; nodes.len()];
    for (position, id) in positions.into_iter().zip(profile::find(pg, &accounts).await?) {
        found[position] = id;
    }
    Ok(found)
}

/// An account with exactly this name.
fn exact(platform: Platform, name: &str) -> Account {
    Account { platform, handle: name.to_owned() }
}
