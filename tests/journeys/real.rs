//! Bluesky's own servers, filled with a graph of people: what they hold is found whole, scored and
//! served, and nothing else is.

mod config;
mod network;
mod people;
mod truth;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::borg::Borg;
use crate::crawling::words;
use crate::served::{self, Served};
use network::Network;
use truth::{Account, Truth, same};

/// Олег, as a query has it.
const OLEG: &str = "%D0%9E%D0%BB%D0%B5%D0%B3";

#[test]
fn a_real_network_is_found_whole_scored_and_served() {
    let Some(network) = Network::filled() else { return };
    let (borg, truth) = (Borg::new(), network.truth());
    let crawl = borg.json(&words(&network.crawl()));
    eprintln!("crawl: {crawl}");
    assert_eq!(crawl["profiles_failed"], 0, "{crawl}");
    the_record_is_the_truth(&borg, truth);
    let score = borg.json(&["score"]);
    assert_eq!(score["people"], truth.profiles.len(), "{score}");
    eprintln!("score: {} people, {} arcs, {} s", score["people"], score["arcs"], score["seconds"]);
    the_communities_are_told(&borg, truth);
    let served = Served::start(&borg);
    assert_eq!(served.get_without_key("/v1/communities").0, 401);
    let ids = everybody_is_found_by_handle(&served, truth);
    both_ends_of_every_follow_show_it(&served, truth, &ids);
    whoever_is_followed_has_a_place(&served, truth);
    every_community_has_people(&served);
    words_find_the_accounts_that_wrote_them(&served, truth);
    the_absent_are_nowhere(&served, truth);
}

fn the_record_is_the_truth(borg: &Borg, truth: &Truth) {
    let profiles = rows(borg, "profiles").iter().map(truth::profile).collect();
    same("profiles", &profiles, &truth.profiles.iter().map(Account::shown).collect());
    let arcs = rows(borg, "arcs");
    assert_eq!(arcs.len(), truth.arcs.len(), "each arc once");
    let arcs = arcs.iter().map(truth::arc).collect();
    same("arcs", &arcs, &truth.arcs.iter().cloned().collect());
}

/// The rows of an export.
fn rows(borg: &Borg, dataset: &str) -> Vec<Value> {
    let out = format!("{dataset}.ndjson");
    borg.json(&["export", dataset, "--out", &out]);
    let text = std::fs::read_to_string(borg.path(&out)).expect("the export is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

/// How well communities agree with departments is a figure, not a promise.
fn the_communities_are_told(borg: &Borg, truth: &Truth) {
    let row = |one: &Account| format!("{}\t{}\n", one.did, one.department);
    let departments: String = truth.profiles.iter().map(row).collect();
    borg.write("departments.tsv", format!("node\tdepartment\n{departments}"));
    let eval = borg.json(&["eval", "communities", "--truth", "departments.tsv"]);
    eprintln!("communities against departments: {}", eval["best"]);
    assert!(eval["best"]["ami"].as_f64() > Some(0.0), "{eval}");
}

/// The profile's id of each DID.
fn everybody_is_found_by_handle(served: &Served, truth: &Truth) -> BTreeMap<String, String> {
    let found = truth.profiles.iter().map(|one| {
        let person = served.data(&format!("/v1/people:resolve?account=bluesky:{}", one.handle));
        assert_eq!(person["name"], one.name.as_str(), "{person}");
        let profile = &person["profiles"][0];
        assert_eq!(profile["native_id"], one.did.as_str(), "{person}");
        (one.did.clone(), profile["id"].as_str().expect("a profile has an id").to_owned())
    });
    found.collect()
}

/// An arc is one row of the follower's own list and one of the followed's, from two requests.
fn both_ends_of_every_follow_show_it(
    served: &Served,
    truth: &Truth,
    ids: &BTreeMap<String, String>,
) {
    let dids: BTreeMap<&str, &str> = ids.iter().map(|(did, id)| (&**id, &**did)).collect();
    let follows: BTreeSet<_> = truth.follows().collect();
    let (mut out, mut back) = (BTreeSet::new(), BTreeSet::new());
    for (did, id) in ids {
        let others = |direction: &str| -> Vec<&str> {
            let list = served.pages(&format!("/v1/profiles/{id}/neighbors?direction={direction}"));
            list.iter().map(|row| dids[row["profile"].as_str().expect("an id")]).collect()
        };
        out.extend(others("out").into_iter().map(|other| (did.as_str(), other)));
        back.extend(others("in").into_iter().map(|other| (other, did.as_str())));
    }
    same("follows, as their sources show them", &out, &follows);
    same("follows, as their targets show them", &back, &follows);
    eprintln!("follows: {} of {}, from both ends", out.len(), follows.len());
}

/// Trusted people have one too, even without followers: the random walk restarts at them.
fn whoever_is_followed_has_a_place(served: &Served, truth: &Truth) {
    let world = served.pages("/v1/communities/com_0/people?");
    let handles: BTreeSet<&str> = world.iter().filter_map(served::handle).collect();
    let followed: BTreeSet<&str> = truth.follows().map(|(_, dst)| dst).collect();
    let of = |one: &&Account| followed.contains(&*one.did) || handles.contains(&*one.handle);
    let wanted = truth.profiles.iter().filter(of).map(|one| &*one.handle).collect();
    same("people of the world", &handles, &wanted);
    let first = world[0]["person"]["id"].as_str().expect("a person has an id");
    let ranks = served.pages(&format!("/v1/people/{first}/ranks?"));
    assert_eq!((&ranks[0]["community"]["id"], &ranks[0]["rank"]), (&"com_0".into(), &1.into()));
    assert!(ranks.len() > 1, "the first of all has a place in some community: {ranks:?}");
    eprintln!("served: {} people in the world", world.len());
}

fn every_community_has_people(served: &Served) {
    let communities = served.pages("/v1/communities?");
    assert!(!communities.is_empty());
    for community in &communities {
        let id = community["id"].as_str().expect("a community has an id");
        assert!(!served.pages(&format!("/v1/communities/{id}/people?")).is_empty(), "{id}");
    }
    eprintln!("served: {} communities", communities.len());
}

fn words_find_the_accounts_that_wrote_them(served: &Served, truth: &Truth) {
    let words = [("glaciers", "glaciers"), ("department", "department"), ("Олег", OLEG)];
    for (word, encoded) in words {
        let mentions = |one: &&Account| one.name.contains(word) || one.bio.contains(word);
        let wanted: BTreeSet<_> =
            truth.profiles.iter().filter(mentions).map(|one| &*one.handle).collect();
        assert!(!wanted.is_empty(), "an account mentions {word}");
        let hits = served.pages(&format!("/v1/search?q={encoded}"));
        same(word, &hits.iter().filter_map(served::handle).collect(), &wanted);
    }
}

fn the_absent_are_nowhere(served: &Served, truth: &Truth) {
    for one in &truth.absent {
        for name in [&one.did, &one.handle] {
            let (status, answer) =
                served.get(&format!("/v1/people:resolve?account=bluesky:{name}"));
            assert_eq!(status, 404, "{answer}");
            assert_eq!(served.pages(&format!("/v1/search?q={name}")), Vec::<Value>::new());
        }
    }
}
