//! What was found against what was planted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use graph::eval::agreement;
use graph_score::Sealed;
use model::index::PersonIndex;
use model::{CommunityId, Layer};
use sample::World;
use sample::world::{AccountId, Kind};
use serde_json::{Map, Value, json};
use store::pg::community::WORLD;
use store::pg::membership::{self, Order};
use store::pg::score;

use crate::home::Home;
use crate::naming::Naming;

/// A ranking's first so many places are looked at.
const TOP: usize = 100;

/// A full first page has so many ranks.
const FIRST_PAGE: usize = 20;

/// Memberships read at a time.
const PAGE: u32 = 1_000;

/// The figures that need the planted world.
pub(super) struct Found {
    pub(super) platforms: usize,
    pub(super) figures: Map<String, Value>,
}

/// The planted account of each profile of the run.
struct Places<'a> {
    world: &'a World,
    sealed: &'a Sealed,
    accounts: Vec<Option<AccountId>>,
}

/// Compares a run with the world that it was crawled from.
pub(super) async fn compare(home: &Home, sealed: &Sealed, world: &World) -> Result<Found> {
    let naming = Naming::of(&home.pg, &sealed.nodes.profiles).await?;
    let account = |place: usize| {
        let (_, native) = naming.name(place)?.split_once(':')?;
        world.find(native)
    };
    let accounts = (0..sealed.nodes.profiles.len()).map(account).collect();
    let places = Places { world, sealed, accounts };
    let mut figures = Map::new();
    places.communities(&mut figures);
    places.links(&mut figures);
    places.listing(&mut figures);
    places.coverage(home, &mut figures).await?;
    let rankings = Rankings::read(home, sealed).await?;
    figures.insert("fakes_in_top_100".into(), json!(places.fakes(&rankings)));
    figures.insert("full_first_pages".into(), json!(places.full_first_pages(&rankings)));
    figures.insert("labels_on_topic".into(), json!(places.labels_on_topic()));
    let platforms: BTreeSet<_> = sealed.nodes.profiles.iter().map(|id| id.platform()).collect();
    Ok(Found { platforms: platforms.len(), figures })
}

impl Places<'_> {
    /// The planted leaf of each person that is a human or an organisation.
    fn planted(&self) -> BTreeMap<u32, u16> {
        let mut planted = BTreeMap::new();
        for (place, account) in self.accounts.iter().enumerate() {
            let Some(account) = account.map(|id| self.world.account(id)) else { continue };
            if let (Some(leaf), Kind::Person | Kind::Organisation) = (account.leaf, account.kind) {
                planted.insert(self.sealed.nodes.person_of[place], leaf);
            }
        }
        planted
    }

    fn communities(&self, figures: &mut Map<String, Value>) {
        let planted = self.planted();
        let truth: Vec<u32> = planted.values().map(|&leaf| u32::from(leaf)).collect();
        for (number, level) in self.sealed.hierarchy.levels.iter().enumerate() {
            let own = |person: u32| match level.community_of[PersonIndex::new(person)].get() {
                None => level.communities + person,
                Some(community) => community.number(),
            };
            let found: Vec<u32> = planted.keys().map(|&person| own(person)).collect();
            let agreement = agreement(&found, &truth);
            tracing::info!(number, communities = level.communities, ami = agreement.ami, "level");
            if number == self.sealed.hierarchy.leaf {
                figures.insert("ami_leaf".into(), json!(agreement.ami));
                figures.insert("nmi_leaf".into(), json!(agreement.nmi));
            }
        }
    }

    /// Planted proofs that are in the run, and persons that are none.
    fn links(&self, figures: &mut Map<String, Value>) {
        let person_of: HashMap<AccountId, u32> = self
            .accounts
            .iter()
            .zip(&self.sealed.nodes.person_of)
            .filter_map(|(account, &person)| Some(((*account)?, person)))
            .collect();
        let planted = self.world.truth().links();
        let joined = planted.iter().filter(|link| {
            let sides = [link.bluesky, link.fediverse].map(|side| person_of.get(&side));
            sides[0].is_some() && sides[0] == sides[1]
        });
        figures.insert("links_planted".into(), json!(planted.len()));
        figures.insert("links_found".into(), json!(joined.count()));
        figures.insert("links_wrong".into(), json!(self.wrong_links()));
    }

    /// Pairs of profiles of one person that are two people in the planted world.
    fn wrong_links(&self) -> usize {
        let mut wrong = 0;
        for profiles in self.sealed.nodes.profiles_of() {
            let people: Vec<Option<u32>> = profiles
                .iter()
                .map(|&place| Some(self.world.account(self.accounts[place as usize]?).person))
                .collect();
            wrong += people.windows(2).filter(|pair| pair[0] != pair[1]).count();
        }
        wrong
    }

    /// People whom anybody may be shown, and those who are shown without consent or left out
    /// against it: a person is listed if one of its accounts is.
    fn listing(&self, figures: &mut Map<String, Value>) {
        let nodes = &self.sealed.nodes;
        let truth = self.world.truth();
        let mut agreed = vec![false; nodes.people.len()];
        for (account, &person) in self.accounts.iter().zip(&nodes.person_of) {
            agreed[person as usize] |= account.is_some_and(|account| truth.is_listed(account));
        }
        let listed = nodes.unlisted.iter().map(|unlisted| !unlisted);
        let wrong = listed.clone().zip(&agreed).filter(|(listed, agreed)| listed != *agreed);
        figures.insert("people_listed".into(), json!(listed.filter(|&listed| listed).count()));
        figures.insert("people_listed_wrong".into(), json!(wrong.count()));
    }

    /// Reachable accounts and follows that the record lacks.
    async fn coverage(&self, home: &Home, figures: &mut Map<String, Value>) -> Result<()> {
        let truth = self.world.truth();
        let known: BTreeSet<AccountId> = self.accounts.iter().flatten().copied().collect();
        let missing = truth.reachable().filter(|account| !known.contains(account)).count();
        figures.insert("accounts_reachable".into(), json!(truth.reachable().count()));
        figures.insert("accounts_missing".into(), json!(missing));
        let (nodes, layers) = graph_score::snapshot::read_record(&home.pg).await?;
        let place = |id: &model::ProfileId| self.sealed.nodes.profile(*id);
        let account: Vec<Option<AccountId>> =
            nodes.profiles.iter().map(|id| self.accounts[place(id)? as usize]).collect();
        let mut found = BTreeSet::new();
        for layer in &layers {
            for source in 0..layer.arcs.nodes() as u32 {
                for &target in layer.arcs.row(source) {
                    let ends = (account[source as usize], account[target as usize]);
                    if let (Some(src), Some(dst)) = ends {
                        found.insert((layer.layer, src, dst));
                    }
                }
            }
        }
        let layers =
            [Layer::Follow, Layer::Mention, Layer::Reply, Layer::Repost, Layer::Like, Layer::List];
        let planted = layers.into_iter().flat_map(|layer| {
            truth.arcs(layer).into_iter().map(move |tie| (layer, tie.src, tie.dst))
        });
        let planted: Vec<_> = planted.collect();
        let missing = planted.iter().filter(|arc| !found.contains(arc));
        let missing = missing.inspect(|(layer, src, dst)| {
            let (src, dst) = (self.world.account(*src), self.world.account(*dst));
            tracing::info!(%layer, src = src.handle, dst = dst.handle, "an arc is missing");
        });
        let missing = missing.count();
        figures.insert("arcs_reachable".into(), json!(planted.len()));
        figures.insert("arcs_missing".into(), json!(missing));
        Ok(())
    }

    /// Distinct fakes in the first places of all rankings.
    fn fakes(&self, rankings: &Rankings) -> usize {
        let is_fake = |person: u32| {
            let profiles = self.sealed.nodes.person_of.iter().enumerate();
            let own = profiles.filter(|(_, owner)| **owner == person);
            own.filter_map(|(place, _)| self.accounts[place])
                .any(|account| self.world.account(account).kind == Kind::Fake)
        };
        let tops: BTreeSet<u32> = rankings.tops.values().flatten().copied().collect();
        tops.into_iter().filter(|&person| is_fake(person)).count()
    }

    /// The leaf that has most people of each planted community, with how many.
    fn best_matches(&self) -> BTreeMap<u16, (u32, u32)> {
        let hierarchy = &self.sealed.hierarchy;
        let level = &hierarchy.levels[hierarchy.leaf];
        let mut shared: BTreeMap<u16, BTreeMap<u32, u32>> = BTreeMap::new();
        for (person, leaf) in self.planted() {
            let community = level.community_of[PersonIndex::new(person)].number();
            *shared.entry(leaf).or_default().entry(community).or_default() += 1;
        }
        let best = |matches: BTreeMap<u32, u32>| matches.into_iter().max_by_key(|one| one.1);
        shared.into_iter().filter_map(|(leaf, matches)| Some((leaf, best(matches)?))).collect()
    }

    /// The share of planted communities whose best match among the leaves has a full first page.
    fn full_first_pages(&self, rankings: &Rankings) -> f64 {
        let ids = &self.sealed.names.levels[self.sealed.hierarchy.leaf].ids;
        let matches = self.best_matches();
        let is_full = |(leaf, (at, shared)): &(&u16, &(u32, u32))| {
            let ranked = ids.get(*at as usize).and_then(|id| rankings.ranked.get(id));
            let ranked = ranked.copied().unwrap_or(0);
            tracing::info!(leaf, at, shared, ranked, "page");
            ranked >= FIRST_PAGE
        };
        let full = matches.iter().filter(is_full).count();
        full as f64 / matches.len().max(1) as f64
    }

    /// The share of the labels of planted communities' best matches that are words of their topics.
    fn labels_on_topic(&self) -> f64 {
        let (mut on_topic, mut all) = (0, 0);
        for (leaf, (at, _)) in self.best_matches() {
            let names = &self.sealed.names.levels[self.sealed.hierarchy.leaf];
            let labels = names.labels.get(at as usize).map_or(&[][..], Vec::as_slice);
            let words: BTreeSet<&str> = World::leaf_words(leaf).into_iter().collect();
            let is_on = |label: &&String| label.split(' ').all(|word| words.contains(word));
            tracing::info!(leaf = World::leaf_title(leaf), ?labels, "labels");
            on_topic += labels.iter().filter(is_on).count();
            all += labels.len();
        }
        on_topic as f64 / all.max(1) as f64
    }
}

/// What is served, as the API reads it.
struct Rankings {
    /// Dense persons in the first places of each ranking, by community and order.
    tops: BTreeMap<(CommunityId, bool), Vec<u32>>,
    /// How many of each community's members hold a rank.
    ranked: BTreeMap<CommunityId, usize>,
}

impl Rankings {
    async fn read(home: &Home, sealed: &Sealed) -> Result<Rankings> {
        let dense = dense_by_number(home, sealed).await?;
        let mut rankings = Rankings { tops: BTreeMap::new(), ranked: BTreeMap::new() };
        let communities = sealed.names.levels.iter().flat_map(|names| &names.ids);
        for &community in communities.chain([&WORLD]) {
            for order in [Order::Attention, Order::Insider] {
                let ranked = ranked(home, sealed, community, order).await?;
                let top = ranked.iter().take(TOP).map(|&number| dense[number as usize]).collect();
                rankings.tops.insert((community, order == Order::Insider), top);
                rankings.ranked.insert(community, ranked.len());
            }
        }
        Ok(rankings)
    }
}

/// The numbers of those who hold a rank, best first, at least [`TOP`] if there are so many.
async fn ranked(
    home: &Home,
    sealed: &Sealed,
    community: CommunityId,
    order: Order,
) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let at = (offset, PAGE);
        let page = membership::page(&home.pg, sealed.run, community, order, at).await?;
        let Some(page) = page.filter(|page| !page.rows.is_empty()) else { return Ok(found) };
        offset += page.rows.len() as u32;
        let ranked = page.rows.iter().filter(|row| row.rank.is_some());
        found.extend(ranked.map(|row| row.membership.person.number()));
        if found.len() >= TOP {
            return Ok(found);
        }
    }
}

/// The dense person of each number of the run.
async fn dense_by_number(home: &Home, sealed: &Sealed) -> Result<Vec<u32>> {
    let mut dense = Vec::with_capacity(sealed.nodes.people.len());
    loop {
        let page = score::page(&home.pg, sealed.run, dense.len() as u32, PAGE).await?;
        if page.is_empty() {
            return Ok(dense);
        }
        let place = |person| sealed.nodes.person(person).unwrap_or_default();
        dense.extend(page.iter().map(|one| place(one.person)));
    }
}
