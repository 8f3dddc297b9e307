//! A crawl from the seeds that uses only the protocols finds exactly what the
//! truth calls reachable.

use std::collections::BTreeSet;

use model::{Layer, Platform};
use sample::world::{PlantedAccount, SampleWorld};
use serde_json::Value;

use crate::client::{Web, config, json, texts, world};

type Names = BTreeSet<String>;
type Arcs = BTreeSet<(String, String)>;

/// What has been seen so far, by native id (Bluesky) or handle (fediverse).
#[derive(Default)]
struct Crawl {
    queue: Vec<String>,
    seen: Names,
    public: Names,
    /// Those who say that they may be listed.
    listed: Names,
    arcs: Arcs,
}

impl Crawl {
    fn from(seeds: impl Iterator<Item = String>) -> Crawl {
        let mut crawl = Crawl::default();
        seeds.for_each(|seed| crawl.meet(seed));
        crawl
    }

    fn meet(&mut self, name: String) {
        if self.seen.insert(name.clone()) {
            self.queue.push(name);
        }
    }

    fn note(&mut self, from: &str, others: Vec<String>, outward: bool) {
        for other in others {
            let (src, dst) = if outward { (from, other.as_str()) } else { (&other[..], from) };
            self.arcs.insert((src.to_owned(), dst.to_owned()));
            self.meet(other);
        }
    }

    /// The public accounts and the arcs between them.
    fn public_arcs(self) -> (Names, Arcs) {
        let (public, mut arcs) = (self.public, self.arcs);
        arcs.retain(|(src, dst)| public.contains(src) && public.contains(dst));
        (public, arcs)
    }
}

/// The reachable accounts and follows of one platform, as the truth has them.
fn truth(
    world: &SampleWorld,
    platform: Platform,
    name: fn(&PlantedAccount) -> &str,
) -> (Names, Arcs) {
    let truth = world.truth();
    let here = |&id: &_| world.account(id).platform == platform;
    let text = |id| name(world.account(id)).to_owned();
    let arcs = truth.arcs(Layer::Follow).into_iter().filter(|tie| here(&tie.src));
    let arcs = arcs.map(|tie| (text(tie.src), text(tie.dst))).collect();
    (truth.reachable().filter(here).map(text).collect(), arcs)
}

fn seeds(world: &SampleWorld, platform: Platform) -> impl Iterator<Item = &PlantedAccount> {
    let seeds = world.seeds().iter().map(|&seed| world.account(seed));
    seeds.filter(move |seed| seed.platform == platform)
}

#[tokio::test]
async fn a_crawl_of_bluesky_finds_what_is_reachable() {
    let (world, web) = (world(), Web::new(world(), config()));
    let starts = seeds(&world, Platform::BLUESKY).map(|seed| seed.native_id.clone());
    let mut crawl = Crawl::from(starts);
    while let Some(did) = crawl.queue.pop() {
        let profile = web.bluesky(&format!("/xrpc/app.bsky.actor.getProfile?actor={did}")).await;
        if profile.status() != 200 {
            continue;
        }
        let profile: Value = serde_json::from_str(&profile.text().await.unwrap()).unwrap();
        let labels = texts(profile["labels"].as_array().unwrap(), "/val");
        if labels.iter().any(|label| label == "!no-unauthenticated") {
            continue;
        }
        crawl.public.insert(did.clone());
        for (method, key, outward) in
            [("getFollows", "follows", true), ("getFollowers", "followers", false)]
        {
            let query = format!("app.bsky.graph.{method}?actor={did}&limit=100");
            for page in web.xrpc_pages(&query).await {
                crawl.note(&did, texts(page[key].as_array().unwrap(), "/did"), outward);
            }
        }
    }
    assert!(crawl.public_arcs() == truth(&world, Platform::BLUESKY, |a| &a.native_id));
}

/// The server of an account, as WebFinger at the handle's domain has it.
async fn server(web: &Web, handle: &str, domain: &str) -> Option<String> {
    let path = format!("/.well-known/webfinger?resource=acct:{handle}");
    let found = web.at(domain, &path).await;
    if found.status() != 200 {
        return None;
    }
    let found: Value = serde_json::from_str(&found.text().await.unwrap()).unwrap();
    let own = found["links"].as_array().unwrap().iter().find(|link| link["rel"] == "self");
    Some(own.unwrap()["href"].as_str().unwrap().split('/').nth(2).unwrap().to_owned())
}

/// Whether an account agreed to be listed: by the API or, where it does not tell, by the document.
async fn is_listed(web: &Web, host: &str, name: &str, account: &Value) -> bool {
    match account.get("discoverable") {
        Some(decided) => *decided == true,
        None => {
            let uri = format!("https://{host}/users/{name}");
            json(web.actor(&uri).await).await["discoverable"] == true
        }
    }
}

#[tokio::test]
async fn a_crawl_of_the_fediverse_finds_what_is_reachable() {
    let (world, web) = (world(), Web::new(world(), config()));
    let starts = seeds(&world, Platform::FEDIVERSE).map(|seed| seed.handle.clone());
    let mut crawl = Crawl::from(starts);
    while let Some(handle) = crawl.queue.pop() {
        let (name, domain) = handle.split_once('@').unwrap();
        let Some(host) = server(&web, &handle, domain).await else { continue };
        let found = web.at(&host, &format!("/api/v1/accounts/lookup?acct={name}")).await;
        if found.status() != 200 {
            continue;
        }
        let account: Value = serde_json::from_str(&found.text().await.unwrap()).unwrap();
        if account["suspended"] == true || account["noindex"] == true {
            continue;
        }
        crawl.public.insert(handle.clone());
        if is_listed(&web, &host, name, &account).await {
            crawl.listed.insert(handle.clone());
        }
        let number = account["id"].as_str().unwrap();
        for (route, outward) in [("following", true), ("followers", false)] {
            let path = format!("/api/v1/accounts/{number}/{route}?limit=80");
            let people = web.api_pages(&host, &path).await.0;
            let full = |acct: String| match acct.contains('@') {
                true => acct,
                false => format!("{acct}@{domain}"),
            };
            let others = texts(&people, "/acct").into_iter().map(full).collect();
            crawl.note(&handle, others, outward);
        }
    }
    let fediverse = |&id: &_| world.account(id).platform == Platform::FEDIVERSE;
    let truth_of = world.truth();
    let listed = truth_of.listed().filter(fediverse).map(|id| world.account(id).handle.clone());
    assert_eq!(crawl.listed, listed.collect::<Names>());
    assert!(crawl.public_arcs() == truth(&world, Platform::FEDIVERSE, |a| &a.handle));
}
