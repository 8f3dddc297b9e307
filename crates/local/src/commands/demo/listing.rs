//! Who is listed and which arcs were found, against the planted world.

use std::collections::BTreeSet;

use anyhow::Result;
use model::Layer;
use model::index::PersonIndex;
use sample::world::AccountId;
use serde::Serialize;
use typed_index_collections::{TiVec, ti_vec};

use super::planted_run::PlantedRun;

/// The layers whose planted arcs a crawl has to find.
const LAYERS: [Layer; 6] =
    [Layer::Follow, Layer::Mention, Layer::Reply, Layer::Repost, Layer::Like, Layer::List];

/// How many people are listed.
#[derive(Debug, Serialize)]
pub(super) struct ListingFigures {
    people_listed: usize,
    /// Listed without consent, or unlisted in spite of it.
    people_listed_wrong: usize,
}

/// How much of the reachable world the database holds.
#[derive(Debug, Serialize)]
pub(super) struct CoverageFigures {
    accounts_reachable: usize,
    accounts_missing: usize,
    arcs_reachable: usize,
    arcs_missing: usize,
}

/// Counts listed people: a person is listed if one of its accounts is.
pub(super) fn listing(planted: &PlantedRun<'_>) -> ListingFigures {
    let nodes = &planted.served.sealed.nodes;
    let truth = planted.world.truth();
    let mut expected: TiVec<PersonIndex, bool> = ti_vec![false; nodes.people.len()];
    for (account, &person) in planted.accounts.iter().zip(&nodes.person_of) {
        expected[person] |= account.is_some_and(|account| truth.is_listed(account));
    }
    let listed = nodes.unlisted.iter().map(|unlisted| !unlisted);
    let wrong = listed.clone().zip(&expected).filter(|(listed, expected)| listed != *expected);
    ListingFigures {
        people_listed_wrong: wrong.count(),
        people_listed: listed.filter(|&listed| listed).count(),
    }
}

/// Counts reachable accounts and arcs that the database lacks.
pub(super) async fn coverage(planted: &PlantedRun<'_>) -> Result<CoverageFigures> {
    let truth = planted.world.truth();
    let known: BTreeSet<AccountId> = planted.accounts.iter().flatten().copied().collect();
    let found = found_arcs(planted).await?;
    let reachable: Vec<PlantedArc> = LAYERS
        .into_iter()
        .flat_map(|layer| {
            let arcs = truth.arcs(layer).into_iter();
            arcs.map(move |arc| PlantedArc { layer, src: arc.src, dst: arc.dst })
        })
        .collect();
    let missing = reachable.iter().filter(|arc| !found.contains(arc));
    let missing = missing.inspect(|arc| {
        let [src, dst] = [arc.src, arc.dst].map(|id| planted.world.account(id).handle.as_str());
        tracing::info!(layer = %arc.layer, src, dst, "an arc is missing");
    });
    Ok(CoverageFigures {
        accounts_reachable: truth.reachable().count(),
        accounts_missing: truth.reachable().filter(|account| !known.contains(account)).count(),
        arcs_missing: missing.count(),
        arcs_reachable: reachable.len(),
    })
}

/// An arc between planted accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PlantedArc {
    layer: Layer,
    src: AccountId,
    dst: AccountId,
}

/// The arcs of the database between planted accounts.
async fn found_arcs(planted: &PlantedRun<'_>) -> Result<BTreeSet<PlantedArc>> {
    let served = planted.served;
    let graph_score::DatabaseGraph { nodes, layers } =
        graph_score::read_database(&served.home.pg).await?;
    let index = |id: &model::ProfileId| served.sealed.nodes.profile(*id);
    let account: Vec<Option<AccountId>> =
        nodes.profiles.iter().map(|id| planted.accounts[index(id)?]).collect();
    let mut found = BTreeSet::new();
    for layer in &layers {
        for source in 0..layer.arcs.nodes() as u32 {
            let Some(src) = account[source as usize] else { continue };
            let targets = layer.arcs.row(source).iter();
            found.extend(targets.filter_map(|&target| {
                Some(PlantedArc { layer: layer.layer, src, dst: account[target as usize]? })
            }));
        }
    }
    Ok(found)
}
