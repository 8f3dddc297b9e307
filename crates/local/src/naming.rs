//! How exports and truths name a node: by native id, with its platform in front once the record
//! holds several.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, bail};
use model::{Account, Platform, ProfileId};
use store::Pg;
use store::pg::{ident, profile};

/// Native ids read at a time.
const CHUNK: usize = 5_000;

/// The names of some profiles.
#[derive(Debug)]
pub(crate) struct Naming {
    names: Vec<Option<String>>,
}

impl Naming {
    /// Reads the names of `profiles`, in their order.
    pub(crate) async fn of(pg: &Pg, profiles: &[ProfileId]) -> Result<Naming> {
        let platforms: BTreeSet<Platform> =
            profiles.iter().filter_map(|id| id.platform()).collect();
        let several = platforms.len() > 1;
        let mut names = Vec::with_capacity(profiles.len());
        for chunk in profiles.chunks(CHUNK) {
            let natives = ident::names(pg, chunk).await?;
            let named = chunk.iter().zip(natives).map(|(id, native)| {
                let native = native?;
                let platform = id.platform().filter(|_| several);
                Some(platform.map_or(native.clone(), |platform| format!("{platform}:{native}")))
            });
            names.extend(named);
        }
        Ok(Naming { names })
    }

    /// The name of the profile at this place; `None` once it is erased.
    pub(crate) fn name(&self, place: usize) -> Option<&str> {
        self.names[place].as_deref()
    }

    /// The place of each name.
    pub(crate) fn places(&self) -> HashMap<&str, usize> {
        let named = self.names.iter().enumerate();
        named.filter_map(|(place, name)| Some((name.as_deref()?, place))).collect()
    }
}

/// The profiles that nodes of a file name, in their order: as exports do, whether the record held
/// one platform then or several. Fails on a node that several platforms have.
pub(crate) async fn find(pg: &Pg, nodes: &[String]) -> Result<Vec<Option<ProfileId>>> {
    let mut found: Vec<Option<ProfileId>> = Vec::with_capacity(nodes.len());
    let platforms = ident::platforms(pg).await?;
    for chunk in nodes.chunks(CHUNK) {
        let mut whole = vec![None; chunk.len()];
        for &platform in &platforms {
            let accounts: Vec<Account> = chunk.iter().map(|node| exact(platform, node)).collect();
            let here = profile::find(pg, &accounts).await?;
            for ((node, known), here) in chunk.iter().zip(&mut whole).zip(here) {
                if known.is_some() && here.is_some() {
                    bail!("`{node}` is on several platforms: write platform:{node}");
                }
                *known = known.or(here);
            }
        }
        found.extend(prefixed(pg, chunk).await?.into_iter().zip(whole).map(|(a, b)| a.or(b)));
    }
    Ok(found)
}

/// Those of the nodes that begin with their platform.
async fn prefixed(pg: &Pg, nodes: &[String]) -> Result<Vec<Option<ProfileId>>> {
    let (mut places, mut accounts) = (Vec::new(), Vec::new());
    for (place, node) in nodes.iter().enumerate() {
        let Some((platform, native)) = node.split_once(':') else { continue };
        let Ok(platform) = platform.parse::<Platform>() else { continue };
        places.push(place);
        accounts.push(exact(platform, native));
    }
    let mut found = vec![None; nodes.len()];
    for (place, id) in places.into_iter().zip(profile::find(pg, &accounts).await?) {
        found[place] = id;
    }
    Ok(found)
}

/// An account as a file names it, to the letter.
fn exact(platform: Platform, name: &str) -> Account {
    Account { platform, handle: name.to_owned() }
}
