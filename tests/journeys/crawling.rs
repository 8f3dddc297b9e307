//! The sample web is crawled whole, whatever happens to the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::Platform;
use sample::{FaultSettings, RunningWeb, SampleWorld, ServerConfig, WorldConfig, serve};

use crate::borg::Borg;
use crate::served::Served;

pub(crate) fn web(accounts: u32, faults: FaultSettings) -> RunningWeb {
    let world = Arc::new(SampleWorld::generate(&WorldConfig::sized(accounts, 7)));
    let config = ServerConfig { faults, ..ServerConfig::new(Arc::new(store::clock::System)) };
    serve(world, config).expect("the sample web is served")
}

/// The arguments of a crawl of the whole web.
pub(crate) fn crawl(web: &RunningWeb) -> Vec<String> {
    let mut args = vec!["crawl".to_owned()];
    for platform in [Platform::BLUESKY, Platform::FEDIVERSE] {
        args.extend(web.seeds(platform).iter().map(|handle| format!("{platform}:{handle}")));
    }
    for role in ["appview", "pds", "plc"] {
        args.extend(["--base-url".to_owned(), format!("{role}={}", web.bluesky_url())]);
    }
    args.extend(["--base-url".to_owned(), format!("instance={}", web.fediverse_url())]);
    args
}

pub(crate) fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// Arcs and profiles that a crawl stored, by native ids.
pub(crate) fn database(borg: &Borg) -> (Vec<String>, Vec<String>) {
    let handles = |row: String| row.split('\t').take(2).collect::<Vec<_>>().join("\t");
    (borg.export("arcs"), borg.export("profiles").into_iter().map(handles).collect())
}

/// The persons that a scoring joins the profiles into, by native ids.
fn people(borg: &Borg) -> Vec<Vec<String>> {
    borg.json(&["score"]);
    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in borg.export("profiles") {
        let cells: Vec<&str> = row.split('\t').collect();
        people.entry(cells[2].to_owned()).or_default().push(cells[0].to_owned());
    }
    let mut people: Vec<Vec<String>> = people.into_values().collect();
    people.sort();
    people
}

#[test]
fn the_demo_finds_all_that_was_planted() {
    let summary = Borg::new().json(&["demo", "--once", "--people", "600", "--seed", "3"]);
    let number = |field: &str| summary[field].as_f64().unwrap_or_else(|| panic!("no {field}"));
    let nones = ["accounts_missing", "arcs_missing", "links_wrong", "fakes_in_top_100"];
    for none in nones.into_iter().chain(["people_listed_wrong"]) {
        assert_eq!(number(none), 0.0, "{none} in {summary}");
    }
    assert_eq!(number("opted_out_served"), 0.0, "{summary}");
    assert_eq!(number("windows_over_limit"), 0.0, "{summary}");
    assert_eq!(number("links_found"), number("links_planted"), "{summary}");
    assert!(number("labels_on_topic") >= 0.95, "{summary}");
    assert!(number("links_planted") > 20.0 && number("platforms") == 2.0, "{summary}");
}

#[test]
fn the_examples_of_the_demo_have_answers() {
    let borg = Borg::new();
    let (served, paths) = Served::demo(&borg);
    let ranks =
        paths.iter().find(|path| path.ends_with("/ranks")).expect("the path of a person's ranks");
    let ranked = |row: &serde_json::Value| row["rank"].is_u64();
    let rows = served.data(ranks);
    assert!(rows.as_array().expect("a list").iter().any(ranked), "{rows}");
    for path in paths {
        let data = served.data(&path);
        assert!(data.as_array().is_none_or(|rows| !rows.is_empty()), "{path}: {data}");
    }
}

#[test]
fn a_crawl_that_is_killed_repeatedly_ends_in_the_same_database() {
    let web = web(300, FaultSettings::default());
    let args = crawl(&web);
    let (undisturbed, disturbed) = (Borg::new(), Borg::new());
    undisturbed.json(&words(&args));
    for moment in 0..10u64 {
        let mut child = disturbed.start(&words(&args));
        std::thread::sleep(Duration::from_millis(250 + 131 * moment % 700));
        child.kill().expect("a running process can be killed");
        child.wait().expect("a killed process ends");
    }
    disturbed.json(&words(&args));
    let (wanted, found) = (database(&undisturbed), database(&disturbed));
    assert!(wanted.0.len() > 3_000, "{} arcs", wanted.0.len());
    assert_eq!(found.0, wanted.0, "the arcs are the same");
    assert_eq!(found.1, wanted.1, "the profiles are the same");
    let (wanted, found) = (people(&undisturbed), people(&disturbed));
    assert!(wanted.iter().any(|profiles| profiles.len() > 1), "a person has two profiles");
    assert_eq!(found, wanted, "the persons are the same");
}

#[test]
fn with_a_tenth_of_all_requests_refused_nothing_is_lost() {
    let calm = web(200, FaultSettings::default());
    let rough = web(200, FaultSettings::too_many(0.1));
    let (easy, hard) = (Borg::new(), Borg::new());
    easy.json(&words(&crawl(&calm)));
    hard.json(&words(&crawl(&rough)));
    assert!(rough.stats().too_many() > 50, "the web refused a part");
    assert_eq!(database(&hard), database(&easy));
    assert_eq!(rough.stats().windows_over_limit(), 0);
}

#[test]
fn hosts_that_redirect_every_request_get_no_more_than_they_allow() {
    let served = |redirecting| {
        let config = WorldConfig { robots: true, ..WorldConfig::sized(200, 7) };
        let world = Arc::new(SampleWorld::generate(&config));
        let plain = ServerConfig::new(Arc::new(store::clock::System));
        serve(world, ServerConfig { redirecting, domains_redirect: redirecting > 0.0, ..plain })
            .expect("the sample web is served")
    };
    let (plain, redirecting) = (served(0.0), served(0.1));
    let (easy, hard) = (Borg::new(), Borg::new());
    easy.json(&words(&crawl(&plain)));
    hard.json(&words(&crawl(&redirecting)));
    assert!(redirecting.stats().requests() > plain.stats().requests(), "no host redirected");
    assert_eq!(database(&hard), database(&easy));
    assert_eq!(redirecting.stats().windows_over_limit(), 0);
}

#[test]
fn two_crawls_at_once_leave_the_database_of_one() {
    let web = web(200, FaultSettings::default());
    let args = crawl(&web);
    let (alone, both) = (Borg::new(), Borg::new());
    alone.json(&words(&args));
    let mut other = both.start(&words(&args));
    both.json(&words(&args));
    assert!(other.wait().expect("the other crawl ends").success());
    assert_eq!(database(&both), database(&alone));
}
