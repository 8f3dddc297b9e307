//! The rankings of a run, as the API reads them.

use std::collections::BTreeMap;

use anyhow::Result;
use model::CommunityId;
use model::index::{PersonIndex, RunPerson};
use store::pg::community::WORLD;
use store::pg::membership::{self, Order};

use crate::commands::served::ServedRun;

/// How many first places of a ranking are read.
const TOP: usize = 100;

/// Memberships read at a time.
const PAGE: u32 = 1_000;

/// The first places of all rankings.
pub(super) struct ServedRankings {
    /// The first places of each ranking.
    pub(super) tops: Vec<Vec<PersonIndex>>,
    /// How many of each community's members are known to have a rank: all, or at least [`TOP`].
    pub(super) ranked: BTreeMap<CommunityId, usize>,
}

impl ServedRankings {
    pub(super) async fn read(served: &ServedRun<'_>) -> Result<ServedRankings> {
        let indexes = served.person_indexes().await?;
        let mut rankings = ServedRankings { tops: Vec::new(), ranked: BTreeMap::new() };
        let communities = served.sealed.names.levels.iter().flat_map(|names| &names.ids);
        for &community in communities.chain([&WORLD]) {
            for order in [Order::Attention, Order::Insider] {
                let ranked = ranked(served, community, order).await?;
                let top = ranked.iter().take(TOP).map(|person| indexes[*person]);
                rankings.tops.push(top.collect());
                rankings.ranked.insert(community, ranked.len());
            }
        }
        Ok(rankings)
    }
}

/// People with a rank, best first: all, or at least [`TOP`].
async fn ranked(
    served: &ServedRun<'_>,
    community: CommunityId,
    order: Order,
) -> Result<Vec<RunPerson>> {
    let (pg, run) = (&served.home.pg, served.sealed.run);
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let page = membership::page(pg, run, community, order, offset..offset + PAGE).await?;
        let Some(page) = page.filter(|page| !page.rows.is_empty()) else { return Ok(found) };
        offset += page.rows.len() as u32;
        let ranked = page.rows.iter().filter(|row| row.rank.is_some());
        found.extend(ranked.map(|row| row.membership.person));
        if found.len() >= TOP {
            return Ok(found);
        }
    }
}
