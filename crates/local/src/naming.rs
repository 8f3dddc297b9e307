//! How exports and truths name a node: by native id, with its platform in front once the record
//! holds several.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use model::{Account, Platform, ProfileId};
use store::Pg;
use store::pg::ident;

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

/// A node of a file as an account: with its platform in front, or of the one platform that the
/// record holds.
pub(crate) fn account(node: &str, only: Option<Platform>) -> Result<Account> {
    let bare = || Ok(Account::new(only.unwrap_or(Platform::FILE), node)?);
    match only {
        Some(_) => bare(),
        None => node.parse().or_else(|_| bare()),
    }
}
