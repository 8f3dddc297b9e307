//! What the API serves about a score is enough to compute it again: by a program that knows the arcs
//! and the answers, and nothing of Borg's own code.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::borg::Borg;
use crate::served::Served;

/// The most that a score may differ from what its evidence adds up to, as a part of it.
const PRECISION: f64 = 1e-6;

/// A number's 1 to 9 by a multiplicative hash: arcs that look random and are the same every time.
fn hash(a: u32, b: u32) -> u32 {
    (a.wrapping_mul(0x9e37_79b9) ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35) >> 16
}

/// Arcs with their weights.
pub(crate) type Arcs = BTreeMap<(u32, u32), u32>;

/// Five groups of 40. Everybody attends to a dozen of its own group, to the earlier ones more
/// often, and to one of the next.
pub(crate) fn groups() -> Arcs {
    let mut arcs = Arcs::new();
    for person in 0..200 {
        let (group, weight) = (person / 40, |other| 1 + hash(person, other) % 9);
        for other in group * 40..group * 40 + 40 {
            if other != person && hash(other, person) % (8 + other % 40) < 5 {
                arcs.insert((person, other), weight(other));
            }
        }
        let away = (group + 1) % 5 * 40 + hash(person, 7) % 40;
        arcs.insert((person, away), 1);
    }
    arcs
}

/// As a file that `borg import` takes.
pub(crate) fn file(arcs: &Arcs) -> String {
    let lines = arcs.iter().map(|((src, dst), weight)| format!("{src}\t{dst}\t{weight}\n"));
    format!("src\tdst\tweight\n{}", lines.collect::<String>())
}

/// A database with these arcs, scored. A graph of this size elects no seeds: they are given.
fn score(borg: &Borg, arcs: &Arcs) {
    borg.write("arcs.tsv", file(arcs));
    let seeds = (0..200).filter(|node| [0, 1, 5, 20].contains(&(node % 40)));
    let seeds: String = seeds.map(|node| format!("{node}\n")).collect();
    borg.write("seeds.tsv", format!("node\n{seeds}"));
    borg.json(&["import", "arcs.tsv"]);
    borg.json(&["score", "--trust-seeds", "seeds.tsv"]);
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The node of each person's id.
fn nodes(served: &Served) -> BTreeMap<String, u32> {
    let id = |node: u32| {
        let person = served.data(&format!("/v1/people:resolve?account=file:{node}"));
        (person["id"].as_str().expect("a person has an id").to_owned(), node)
    };
    (0..200).map(id).collect()
}

/// Checks one score by its evidence; the contributors' shares by the file itself.
fn check(evidence: &Value, place: &Value, arcs: &Arcs, nodes: &BTreeMap<String, u32>) {
    let damping = number(&evidence["damping"]);
    let person = nodes[evidence["person"].as_str().expect("evidence is of a person")];
    let mut sum = number(&evidence["restart"]);
    for one in evidence["contributors"].as_array().expect("a list") {
        sum += damping * number(&one["attention"]) * number(&one["share"]);
        let from = nodes[one["person"]["id"].as_str().expect("all are listed")];
        let given: u32 = arcs.range((from, 0)..(from + 1, 0)).map(|arc| arc.1).sum();
        let share = f64::from(arcs[&(from, person)]) / f64::from(given);
        assert!((number(&one["share"]) / share - 1.0).abs() < PRECISION, "{one}: {share}");
    }
    let score = number(&place["attention"]);
    assert!(sum >= 0.8 * score, "{sum} of {score} is named");
    let added = sum + number(&evidence["rest"]);
    assert!((added / score - 1.0).abs() < PRECISION, "{added} is not {score}: {evidence}");
    assert!(number(&evidence["low"]) <= score && score <= number(&evidence["high"]));
}

#[test]
fn every_served_rank_can_be_computed_from_its_evidence() {
    let (borg, arcs) = (Borg::new(), groups());
    score(&borg, &arcs);
    let served = Served::start(&borg);
    let nodes = nodes(&served);
    let communities = served.pages("/v1/communities?");
    let ids = communities.iter().map(|one| one["id"].as_str().expect("an id").to_owned());
    let mut checked = 0;
    for community in ids.chain(["com_0".to_owned()]) {
        for place in served.pages(&format!("/v1/communities/{community}/people?")) {
            assert!(number(&place["attention"]) >= place["attention_low"].as_f64().unwrap_or(0.0));
            if place["rank"].is_null() {
                continue;
            }
            let id = place["person"]["id"].as_str().expect("an id");
            let evidence = format!("/v1/people/{id}/evidence?community={community}");
            check(&served.data(&evidence), &place, &arcs, &nodes);
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked} ranks");
}

/// The changes of ranks among the events of the log, once there are any. Events wait for every
/// transaction that began before them.
fn rank_changes(served: &Served) -> Vec<Value> {
    for _ in 0..600 {
        let events = served.data("/v1/changes?limit=1000");
        let events = events.as_array().expect("a list").iter();
        let ranks = events.filter(|event| event["change"]["type"] == "rank_changed");
        let ranks: Vec<Value> = ranks.map(|event| event["change"].clone()).collect();
        if !ranks.is_empty() {
            return ranks;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no rank has changed");
}

/// The last of the second group, which has few followers.
const STAR: u32 = 79;

#[test]
fn a_changed_rank_has_the_people_who_changed_it() {
    let (borg, mut arcs) = (Borg::new(), groups());
    score(&borg, &arcs);
    let fans: Vec<u32> = (40..STAR).filter(|fan| !arcs.contains_key(&(*fan, STAR))).collect();
    arcs.extend(fans.iter().map(|&fan| ((fan, STAR), 9)));
    score(&borg, &arcs);
    let served = Served::start(&borg);
    let nodes = nodes(&served);
    let changes = rank_changes(&served);
    let node = |person: &Value| nodes[person.as_str().expect("an id is text")];
    let rises: Vec<&Value> = changes.iter().filter(|one| node(&one["person"]) == STAR).collect();
    assert!(rises.len() >= 2, "in its community and in the world: {rises:?}");
    for rise in rises {
        let (before, after) = (rise["rank_before"].as_u64(), rise["rank_after"].as_u64());
        assert!(after.is_some() && before.is_none_or(|before| Some(before) > after), "{rise}");
        let reasons = rise["reasons"].as_array().expect("a list");
        assert_eq!(reasons.len(), 5);
        for reason in reasons {
            assert!(fans.contains(&node(&reason["person"])), "{reason} is no new fan");
            assert!(reason["before"] == 0.0 && number(&reason["after"]) > 0.0);
        }
        let place = format!("/v1/communities/{}/people?", rise["community"].as_str().unwrap_or(""));
        let places = served.pages(&place);
        let found = places.iter().find(|place| node(&place["person"]["id"]) == STAR);
        assert_eq!(found.expect("it is there")["rank"].as_u64(), after, "as it is served");
    }
    let exported = borg.export("changes");
    let ranks_changed = exported.iter().filter(|row| row.contains("\trank_changed\t")).count();
    assert_eq!(ranks_changed, changes.len());
}
