//! Who is served: on the fediverse, accounts whose profile was read and has consent.

use std::collections::BTreeSet;

use model::Platform;
use sample::world::AccountState;
use sample::{FaultSettings, SampleWorld};
use serde_json::Value;

use crate::borg::Borg;
use crate::crawling::{crawl, web, words};
use crate::scoring::two_cliques;
use crate::served::Served;

/// All texts in an answer.
fn texts(answer: &Value, found: &mut BTreeSet<String>) {
    match answer {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

/// Everything in lists, and in the answers about the people in them.
fn everything(served: &Served) -> BTreeSet<String> {
    let mut lists = vec!["/v1/communities?".to_owned(), "/v1/communities/com_0/people?".to_owned()];
    for community in served.pages("/v1/communities?") {
        let id = community["id"].as_str().expect("an id").to_owned();
        lists.extend(["", "sort=insider"].map(|by| format!("/v1/communities/{id}/people?{by}")));
    }
    let mut found = BTreeSet::new();
    lists.iter().flat_map(|list| served.pages(list)).for_each(|row| texts(&row, &mut found));
    let starting = |with: &str| -> Vec<String> {
        found.iter().filter(|text| text.starts_with(with)).cloned().collect()
    };
    let mut more = BTreeSet::new();
    for person in starting("per_") {
        for part in ["", "/links", "/ranks", "/evidence"] {
            texts(&served.get(&format!("/v1/people/{person}{part}")).1["data"], &mut more);
        }
    }
    let profiles: Vec<String> = more.iter().filter(|id| id.starts_with("prf_")).cloned().collect();
    for profile in profiles.iter().take(100) {
        for side in ["in", "out"] {
            let list = format!("/v1/profiles/{profile}/neighbors?direction={side}");
            served.pages(&list).iter().for_each(|row| texts(row, &mut more));
        }
    }
    texts(&served.data("/v1/changes?limit=1000"), &mut more);
    found.extend(more);
    found
}

/// Percent-encodes what has a meaning of its own in a query.
fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23").replace('&', "%26").replace('+', "%2B")
}

/// Checks that nothing serves these accounts, and that their names are unknown.
fn is_hidden(served: &Served, accounts: &[(&str, &str)]) {
    let served_texts = everything(served);
    assert!(served_texts.len() > 200, "{} texts", served_texts.len());
    for &(handle, native_id) in accounts {
        for name in [handle, native_id] {
            assert!(!served_texts.contains(name), "{name} is served");
            let path = format!("/v1/people:resolve?account=fediverse:{}", encoded(name));
            let (status, problem) = served.get(&path);
            assert_eq!(
                (status, &problem["code"]),
                (404, &Value::from("account_unknown")),
                "{name}"
            );
            let hits = served.data(&format!("/v1/search?q=fediverse:{}", encoded(name)));
            assert_eq!(hits, Value::Array(Vec::new()), "{name}");
        }
    }
}

/// Handles and native ids of the accounts on the fediverse that are so.
fn accounts(world: &SampleWorld, are: impl Fn(&str, AccountState) -> bool) -> Vec<(&str, &str)> {
    let all = world.accounts().iter().filter(|one| one.platform == Platform::FEDIVERSE);
    let so = all.filter(|one| are(&one.handle, one.state));
    so.map(|one| (one.handle.as_str(), one.native_id.as_str())).collect()
}

#[test]
fn only_accounts_that_were_read_and_consent_are_served() {
    let web = web(200, FaultSettings::default());
    let (borg, args) = (Borg::new(), crawl(&web));
    let seeds = web.seeds(Platform::FEDIVERSE);
    borg.json(&[words(&args), vec!["--depth", "0"]].concat());
    borg.json(&["score"]);
    let unread = accounts(web.world(), |handle, _| !seeds.contains(&handle));
    assert!(unread.len() > 50, "{} were met and not read", unread.len());
    is_hidden(&Served::start(&borg), &unread);
    borg.json(&words(&args));
    borg.json(&["score"]);
    let served = Served::start(&borg);
    let unlisted = accounts(web.world(), |_, state| state == AccountState::Unlisted);
    assert!(!unlisted.is_empty());
    is_hidden(&served, &unlisted);
    let open = accounts(web.world(), |_, state| state == AccountState::Public);
    let shown = everything(&served);
    assert!(open.iter().any(|(handle, _)| shown.contains(*handle)), "no account is listed");
    // The operator's own file has all of them.
    let exported = borg.export("profiles");
    for (_, native_id) in unlisted {
        assert!(exported.iter().any(|row| row.starts_with(native_id)), "{native_id}");
    }
}

#[test]
fn accounts_of_an_imported_file_are_listed_on_any_platform() {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    borg.json(&["import", "arcs.tsv", "--platform", "fediverse"]);
    borg.json(&["score"]);
    let served = Served::start(&borg);
    assert_eq!(served.pages("/v1/communities/com_0/people?").len(), 24);
    let person = served.data("/v1/people:resolve?account=fediverse:5");
    assert_eq!(person["profiles"][0]["native_id"], "5");
}
