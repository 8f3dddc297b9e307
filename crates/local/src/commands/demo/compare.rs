//! A run against the planted world.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use graph::eval::agreement;
use model::index::{PersonIndex, ProfileIndex};
use sample::SampleWorld;
use sample::world::{AccountId, AccountKind};
use serde::Serialize;

use super::listing::{CoverageFigures, ListingFigures, coverage, listing};
use super::planted_run::PlantedRun;
use super::rankings::ServedRankings;
use crate::commands::served::ServedRun;

/// The ranks of a full first page.
const FIRST_PAGE: usize = 20;

/// How a run compares with the world that it was crawled from.
#[derive(Debug, Serialize)]
pub(super) struct PlantedFigures {
    #[serde(flatten)]
    communities: LeafAgreement,
    #[serde(flatten)]
    links: LinkFigures,
    #[serde(flatten)]
    listing: ListingFigures,
    #[serde(flatten)]
    coverage: CoverageFigures,
    /// Distinct fakes in the first places of all rankings.
    fakes_in_top_100: usize,
    full_first_pages: f64,
    labels_on_topic: f64,
}

/// How the leaf level agrees with the planted communities.
#[derive(Debug, Serialize)]
struct LeafAgreement {
    ami_leaf: f64,
    nmi_leaf: f64,
}

#[derive(Debug, Serialize)]
struct LinkFigures {
    links_planted: usize,
    links_found: usize,
    links_wrong: usize,
}

/// A community of the leaf level that matches a planted one.
#[derive(Debug, Clone, Copy)]
struct BestMatch {
    /// The community's index.
    community: u32,
    /// How many people both have.
    shared: u32,
}

/// Compares a run with the world that it was crawled from.
pub(super) async fn compare(served: &ServedRun<'_>, world: &SampleWorld) -> Result<PlantedFigures> {
    let account = |profile: ProfileIndex| {
        let (_, native_id) = served.names.name(profile)?.split_once(':')?;
        world.find(native_id)
    };
    let accounts = served.sealed.nodes.profiles.keys().map(account).collect();
    let planted = PlantedRun { world, served, accounts };
    let rankings = ServedRankings::read(served).await?;
    Ok(PlantedFigures {
        communities: planted.communities(),
        links: planted.links(),
        listing: listing(&planted),
        coverage: coverage(&planted).await?,
        fakes_in_top_100: planted.fakes(&rankings),
        full_first_pages: planted.full_first_pages(&rankings),
        labels_on_topic: planted.labels_on_topic(),
    })
}

/// How many platforms the run's profiles are on.
pub(super) fn platforms(served: &ServedRun<'_>) -> usize {
    let profiles = served.sealed.nodes.profiles.iter();
    profiles.map(|id| id.platform()).collect::<BTreeSet<_>>().len()
}

impl PlantedRun<'_> {
    /// The planted community of each person that is a human or an organisation.
    fn planted(&self) -> BTreeMap<PersonIndex, u16> {
        let mut planted = BTreeMap::new();
        let person_of = &self.served.sealed.nodes.person_of;
        for (account, &person) in self.accounts.iter().zip(person_of) {
            let Some(account) = account.map(|id| self.world.account(id)) else { continue };
            if let (Some(leaf), AccountKind::Person | AccountKind::Organisation) =
                (account.leaf, account.kind)
            {
                planted.insert(person, leaf);
            }
        }
        planted
    }

    fn communities(&self) -> LeafAgreement {
        let planted = self.planted();
        let truth: Vec<u32> = planted.values().map(|&leaf| u32::from(leaf)).collect();
        let hierarchy = &self.served.sealed.hierarchy;
        let levels = hierarchy.levels.iter().map(|level| {
            let community_of = |&person: &PersonIndex| match level.community_of[person].get() {
                None => level.communities + person.number(),
                Some(community) => community.number(),
            };
            let found: Vec<u32> = planted.keys().map(community_of).collect();
            let agreement = agreement(&found, &truth);
            tracing::info!(communities = level.communities, ami = agreement.ami, "level");
            LeafAgreement { ami_leaf: agreement.ami, nmi_leaf: agreement.nmi }
        });
        levels.collect::<Vec<_>>().swap_remove(hierarchy.leaf)
    }

    /// Planted proofs that are in the run, and persons that are none.
    fn links(&self) -> LinkFigures {
        let person_of: HashMap<AccountId, PersonIndex> = self
            .accounts
            .iter()
            .zip(&self.served.sealed.nodes.person_of)
            .filter_map(|(account, &person)| Some(((*account)?, person)))
            .collect();
        let planted = self.world.truth().links();
        let joined = planted.iter().filter(|link| {
            let [bluesky, fediverse] =
                [link.bluesky, link.fediverse].map(|account| person_of.get(&account));
            bluesky.is_some() && bluesky == fediverse
        });
        LinkFigures {
            links_found: joined.count(),
            links_planted: planted.len(),
            links_wrong: self.wrong_links(),
        }
    }

    /// Pairs of profiles of one person that are two people in the planted world.
    fn wrong_links(&self) -> usize {
        let mut wrong = 0;
        for profiles in self.served.sealed.nodes.profiles_of() {
            let planted =
                |&profile: &ProfileIndex| Some(self.world.account(self.accounts[profile]?).person);
            let people: Vec<Option<u32>> = profiles.iter().map(planted).collect();
            wrong += people.windows(2).filter(|pair| pair[0] != pair[1]).count();
        }
        wrong
    }

    /// Distinct fakes in the first places of all rankings.
    fn fakes(&self, rankings: &ServedRankings) -> usize {
        let tops: BTreeSet<PersonIndex> = rankings.tops.iter().flatten().copied().collect();
        let is_fake = |account: &Option<AccountId>| {
            account.is_some_and(|id| self.world.account(id).kind == AccountKind::Fake)
        };
        let profiles = self.accounts.iter().zip(&self.served.sealed.nodes.person_of);
        let fakes: BTreeSet<PersonIndex> =
            profiles.filter(|(account, _)| is_fake(account)).map(|(_, &person)| person).collect();
        tops.intersection(&fakes).count()
    }

    /// The community of the leaf level that has most people of each planted community.
    fn best_matches(&self) -> BTreeMap<u16, BestMatch> {
        let level = self.served.sealed.hierarchy.leaf_level();
        let mut shared: BTreeMap<u16, BTreeMap<u32, u32>> = BTreeMap::new();
        for (person, leaf) in self.planted() {
            let community = level.community_of[person].number();
            *shared.entry(leaf).or_default().entry(community).or_default() += 1;
        }
        let best = |matches: BTreeMap<u32, u32>| {
            let matches = matches.into_iter();
            matches
                .map(|(community, shared)| BestMatch { community, shared })
                .max_by_key(|found| found.shared)
        };
        shared.into_iter().filter_map(|(leaf, matches)| Some((leaf, best(matches)?))).collect()
    }

    /// The share of planted communities whose best match has a full first page.
    fn full_first_pages(&self, rankings: &ServedRankings) -> f64 {
        let sealed = &self.served.sealed;
        let ids = &sealed.names.levels[sealed.hierarchy.leaf].ids;
        let matches = self.best_matches();
        let is_full = |(leaf, found): &(&u16, &BestMatch)| {
            let id = ids.get(found.community as usize);
            let ranked = id.and_then(|id| rankings.ranked.get(id)).copied().unwrap_or(0);
            tracing::info!(leaf, ?found, ranked, "page");
            ranked >= FIRST_PAGE
        };
        let full = matches.iter().filter(is_full).count();
        full as f64 / matches.len().max(1) as f64
    }

    /// The share of the best matches' labels that are words of the planted topics.
    fn labels_on_topic(&self) -> f64 {
        let sealed = &self.served.sealed;
        let names = &sealed.names.levels[sealed.hierarchy.leaf];
        let (mut on_topic, mut all) = (0, 0);
        for (leaf, found) in self.best_matches() {
            let labels = names.labels.get(found.community as usize);
            let labels = labels.map_or(&[][..], Vec::as_slice);
            let words: BTreeSet<&str> = SampleWorld::leaf_words(leaf).into_iter().collect();
            let is_on = |label: &&String| label.split(' ').all(|word| words.contains(word));
            tracing::info!(leaf = SampleWorld::leaf_title(leaf), ?labels, "labels");
            on_topic += labels.iter().filter(is_on).count();
            all += labels.len();
        }
        on_topic as f64 / all.max(1) as f64
    }
}
