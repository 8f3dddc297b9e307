//! Who opts out is gone from every route at once, and stays out.

use std::collections::BTreeSet;

use sample::FaultSettings;
use serde_json::{Value, json};

use crate::borg::Borg;
use crate::crawling::{crawl, web, words};
use crate::served::Served;

/// The ids that a search requests, and the traces that it looks for.
struct TraceSearch<'a> {
    served: &'a Served,
    people: Vec<String>,
    profiles: Vec<String>,
    communities: Vec<String>,
    runs: Vec<String>,
    /// Handles and native ids, with their platform in front.
    accounts: Vec<String>,
    /// What must not be found.
    traces: &'a BTreeSet<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["id"])).collect()
}

/// Whether a value contains a trace: in any text but the bios of others, and
/// the notice to forget the one who left.
fn contains(value: &Value, trace: &str) -> bool {
    match value {
        Value::String(text) => names(text, trace),
        Value::Array(items) => items.iter().any(|item| contains(item, trace)),
        Value::Object(fields) if fields.get("change") == Some(&json!({"type": "gone"})) => false,
        Value::Object(fields) => {
            fields.iter().any(|(name, field)| name != "bio" && contains(field, trace))
        }
        _ => false,
    }
}

/// Whether a text has this name in it, and not only a longer one.
fn names(text: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    text.match_indices(&name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| part_of_name(c) || c == '.') && !after.is_some_and(part_of_name)
    })
}

/// Whether what a route gives is an account's own, by its id or name.
fn is_of_an_account(route: &str) -> bool {
    ["/v1/exports", "/v1/webhooks"].iter().any(|own| route.starts_with(own))
}

impl TraceSearch<'_> {
    /// Everything that there is to ask with, before anybody leaves.
    fn new<'a>(
        served: &'a Served,
        traces: &'a BTreeSet<String>,
        accounts: Vec<String>,
    ) -> TraceSearch<'a> {
        let communities = ids(&served.pages("/v1/communities?"));
        let everybody = served.pages("/v1/communities/com_0/people?");
        let people: BTreeSet<String> =
            everybody.iter().map(|place| text(&place["person"]["id"])).collect();
        let people: Vec<String> = people.into_iter().collect();
        let each = people.iter().flat_map(|id| profiles(&served.data(&format!("/v1/people/{id}"))));
        let profiles = each.map(|profile| text(&profile["id"])).collect();
        let runs = ids(&served.pages("/v1/runs?"));
        TraceSearch { served, people, profiles, communities, runs, accounts, traces }
    }

    /// The requests to a route: all that the search can make.
    fn requests(&self, route: &str) -> Vec<String> {
        let of = |ids: &[String], rest: &str| -> Vec<String> {
            let start = route.split("{id}").next().unwrap_or(route);
            ids.iter().map(|id| format!("{start}{id}{rest}")).collect()
        };
        match route {
            "/" | "/health" | "/v1/status" | "/v1/prices" | "/v1/balance" | "/v1/charges"
            | "/v1/ledger" | "/v1/statements" | "/v1/budgets" | "/v1/alerts" | "/v1/quotes" => {
                vec![route.to_owned()]
            }
            "/v1/usage" => vec!["/v1/usage?group_by=key,route,day".to_owned()],
            "/v1/prices/history" => vec!["/v1/prices/history?class=graph".to_owned()],
            // Of an account and its money, by id; a module; keys, which take another scope; consumers and webhooks, which
            // get and hear of what `/v1/changes` gives; exports, which take another scope, too; and privacy requests,
            // which open by their secrets: that files and the data of others do not name who left is tested with the
            // API's other answers.
            "/v1/prices/recompute.wasm"
            | "/v1/charges/{id}"
            | "/v1/quotes/{id}"
            | "/v1/statements/{month}"
            | "/v1/statements/{month}/lines"
            | "/v1/alerts/{id}"
            | "/v1/budgets/{key}"
            | "/v1/consumers"
            | "/v1/consumers/{name}"
            | "/v1/consumers/{name}/changes"
            | "/v1/files/{token}"
            | "/v1/privacy-requests/{id}"
            | "/v1/privacy-requests/{id}/data"
            | "/v1/keys"
            | "/v1/keys/{id}" => Vec::new(),
            route if is_of_an_account(route) => Vec::new(),
            "/v1/runs" | "/v1/communities" => vec![format!("{route}?limit=1000")],
            "/v1/changes" => vec!["/v1/changes?limit=1000".to_owned()],
            "/v1/changes/archive" => vec![route.to_owned()],
            "/v1/runs/{id}" => of(&self.runs, ""),
            "/v1/communities/{id}" => of(&self.communities, ""),
            "/v1/communities/{id}/lineage" => of(&self.communities, "/lineage?limit=1000"),
            "/v1/communities/{id}/people" => {
                let all = [self.communities.clone(), vec!["com_0".to_owned()]].concat();
                let orders = ["sort=attention", "sort=insider", "view=person", "run=run_1"];
                orders.iter().flat_map(|o| of(&all, &format!("/people?limit=1000&{o}"))).collect()
            }
            "/v1/communities/{id}/map" => {
                let all = [self.communities.clone(), vec!["com_0".to_owned()]].concat();
                let runs = ["", "&run=run_1"];
                runs.iter().flat_map(|run| of(&all, &format!("/map?limit=1000{run}"))).collect()
            }
            "/v1/map/tiles/{z}/{x}/{y}" => {
                let of_run = |run: &String| format!("/v1/map/tiles/0/0/0?run={run}");
                self.runs.iter().map(of_run).collect()
            }
            "/v1/people" | "/v1/people/{id}" => self.of_people(route),
            route if route.starts_with("/v1/people/{id}/") => self.of_people(route),
            "/v1/people:resolve" => self.asked("/v1/people:resolve?account="),
            "/v1/profiles/{id}" => of(&self.profiles, ""),
            "/v1/profiles/{id}/neighbors" => ["in", "out"]
                .iter()
                .flat_map(|d| of(&self.profiles, &format!("/neighbors?limit=1000&direction={d}")))
                .collect(),
            "/v1/search" => {
                let bare = self.accounts.iter().filter_map(|account| account.split_once(':'));
                let words = bare.flat_map(|(_, name)| [name, &name[..name.len().min(5)]]);
                let words = words.map(|word| format!("/v1/search?limit=1000&q={}", encoded(word)));
                words.chain(self.asked("/v1/search?q=")).collect()
            }
            "/v1/suggest" => {
                let bare = self.accounts.iter().filter_map(|account| account.split_once(':'));
                let names = bare.flat_map(|(_, name)| [name, &name[..name.len().min(3)]]);
                let names = names.map(|name| format!("/v1/suggest?limit=20&q={}", encoded(name)));
                names.chain(self.asked("/v1/suggest?limit=20&q=")).collect()
            }
            other => panic!("{other} is not searched"),
        }
    }

    /// The requests to a route about people.
    fn of_people(&self, route: &str) -> Vec<String> {
        let of = |people: &[String], rest: &str| -> Vec<String> {
            people.iter().map(|id| format!("/v1/people/{id}{rest}")).collect()
        };
        let inside = |name: &str| -> Vec<String> {
            let inner = self.communities.iter().map(|id| format!("/{name}?community={id}"));
            inner.chain([format!("/{name}")]).collect()
        };
        match route {
            "/v1/people" => {
                let view = |id| {
                    format!("/v1/people?view=personal&include_seeds=true&limit=1000&seeds={id}")
                };
                self.people.iter().map(view).collect()
            }
            "/v1/people/{id}" => of(&self.people, ""),
            "/v1/people/{id}/path" => {
                let first = &self.people[0];
                let to_first = of(&self.people[1..], &format!("/path?to={first}"));
                [to_first, of(&self.people[1..], &format!("/path?from={first}"))].concat()
            }
            "/v1/people/{id}/links" => of(&self.people, "/links"),
            "/v1/people/{id}/ranks" => of(&self.people, "/ranks?limit=1000"),
            "/v1/people/{id}/history" => {
                inside("history").iter().flat_map(|rest| of(&self.people, rest)).collect()
            }
            "/v1/people/{id}/evidence" => {
                let all = [inside("evidence"), vec!["/evidence?run=run_1".to_owned()]].concat();
                all.iter().flat_map(|rest| of(&self.people, rest)).collect()
            }
            other => panic!("{other} is not searched"),
        }
    }

    fn asked(&self, path: &str) -> Vec<String> {
        self.accounts.iter().map(|account| format!("{path}{}", encoded(account))).collect()
    }

    fn batch(&self, route: &str) -> Vec<Value> {
        let ids = match route {
            "/v1/people:batch" => &self.people,
            "/v1/profiles:batch" => &self.profiles,
            "/v1/communities:batch" => &self.communities,
            // They take no people.
            "/v1/payments:callback"
            | "/v1/privacy-requests"
            | "/v1/privacy-requests/{id}/check"
            | "/v1/keys/{id}/rotate"
            | "/v1/consumers/{name}/commit"
            | "/v1/consumers/{name}/replay" => return Vec::new(),
            route if is_of_an_account(route) => return Vec::new(),
            other => panic!("{other} is not searched"),
        };
        ids.chunks(1_000).map(|ids| json!({ "ids": ids })).collect()
    }

    /// The routes with a trace of these people, of all routes in the API's document.
    fn found(&self) -> BTreeSet<String> {
        let document = self.served.get("/openapi.json").1;
        let routes = document["paths"].as_object().expect("the API has routes");
        let mut found = BTreeSet::new();
        for (route, methods) in routes {
            let answers: Vec<(u16, Value)> = if methods.get("get").is_none()
                && methods.get("post").is_some()
            {
                let by = format!("Bearer {}", self.served.key());
                let ask =
                    |ids: &Value| self.served.send("POST", route, &by, ids.to_string().as_bytes());
                self.batch(route).iter().map(ask).collect()
            } else {
                self.requests(route).iter().map(|path| self.served.get(path)).collect()
            };
            let is_refused = |(status, _): &(u16, Value)| [402, 429].contains(status);
            assert!(!answers.iter().any(is_refused), "{route}: an answer was not given");
            // A problem repeats what was asked for; only data would be serving it.
            let data = answers.iter().filter(|(status, _)| *status == 200).map(|(_, body)| body);
            if data.into_iter().any(|body| self.traces.iter().any(|trace| contains(body, trace))) {
                found.insert(route.clone());
            }
        }
        found
    }
}

fn profiles(person: &Value) -> Vec<Value> {
    person["profiles"].as_array().expect("a person has profiles").clone()
}

/// Percent-encodes all but what is safe in a query.
fn encoded(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

fn name(profile: &Value, by: &str) -> String {
    format!("{}:{}", text(&profile["platform"]), text(&profile[by]))
}

/// The people of the world with all that is served about each, most attention first.
fn people(served: &Served) -> Vec<Value> {
    let places = served.pages("/v1/communities/com_0/people?");
    places
        .iter()
        .map(|place| served.data(&format!("/v1/people/{}", text(&place["person"]["id"]))))
        .collect()
}

/// The profile that a person's number is that of, and another of its profiles.
fn home_and_other(person: &Value) -> Option<(Value, Value)> {
    let number = text(&person["id"]).replace("per_", "prf_");
    let is_home = |profile: &&Value| profile["id"] == number.as_str();
    let profiles = profiles(person);
    let home = profiles.iter().find(is_home)?.clone();
    let other = profiles.iter().find(|profile| !is_home(profile))?.clone();
    Some((home, other))
}

#[test]
fn an_opted_out_account_is_gone_from_every_route_at_once_and_for_good() {
    let web = web(240, FaultSettings::default());
    let borg = Borg::new();
    borg.json(&words(&crawl(&web)));
    borg.json(&["score"]);
    borg.json(&["score"]);
    let served = Served::start(&borg);
    let people = people(&served);
    let mut joined = people.iter().filter_map(home_and_other);
    // One by the handle of its own profile, one by the native id of another, one as a whole.
    let (home, its_other) = joined.next().expect("a person has two profiles");
    let (its_home, other) = joined.next().expect("another person has two profiles");
    let alone = people.iter().find(|person| profiles(person).len() == 1).expect("most have one");
    let out = [home.clone(), other.clone(), profiles(alone)[0].clone()];
    let orders = [name(&home, "handle"), name(&other, "native_id"), text(&alone["id"])];
    let accounts: Vec<String> =
        out.iter().flat_map(|one| [name(one, "handle"), name(one, "native_id")]).collect();
    let mut traces: BTreeSet<String> = out
        .iter()
        .flat_map(|one| [text(&one["id"]), text(&one["handle"]), text(&one["native_id"])])
        .collect();
    traces.extend([text(&home["id"]).replace("prf_", "per_"), text(&alone["id"])]);
    let search = TraceSearch::new(&served, &traces, accounts);
    let before = search.found();
    for route in ["/v1/search", "/v1/people/{id}/evidence", "/v1/profiles/{id}/neighbors"] {
        assert!(before.contains(route), "{route} has no trace of them: {before:?}");
    }
    for order in &orders {
        let answer = borg.json(&["operate", "opt-out", order]);
        assert_eq!(answer["known"], true, "{answer}");
    }
    assert_eq!(search.found(), BTreeSet::new(), "right after the order");
    for left in [&its_other, &its_home] {
        let profile = served.data(&format!("/v1/profiles/{}", text(&left["id"])));
        let person = served.data(&format!("/v1/people/{}", text(&profile["person"])));
        assert_eq!(ids(&profiles(&person)), [text(&left["id"])], "what is left is there");
    }
    let lines = borg.json(&["operate", "audit"])["lines"].clone();
    for trace in [&orders[0], &orders[1]].map(|name| name.split_once(':').expect("it has one").1) {
        assert!(!contains(&lines, trace), "{lines}");
    }
    for one in &out {
        assert!(contains(&lines, &text(&one["id"])), "{lines}");
    }
    borg.json(&words(&crawl(&web)));
    borg.json(&["score"]);
    assert_eq!(search.found(), BTreeSet::new(), "after another crawl and scoring");
}

#[test]
fn an_unknown_account_can_opt_out_and_is_not_crawled() {
    let web = web(120, FaultSettings::default());
    let seen = Borg::new();
    seen.json(&words(&crawl(&web)));
    let rows = seen.export("profiles");
    // Native id, platform, handle.
    let mut named = rows.iter().map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        [cells[0], cells[1], cells[3]]
    });
    let with_handle = |row: &[&str; 3]| !row[2].is_empty();
    let by_handle = named.find(with_handle).expect("a person has a handle");
    let by_id = named.find(with_handle).expect("another person has a handle");
    let borg = Borg::new();
    for order in [[by_handle[1], by_handle[2]], [by_id[1], by_id[0]]] {
        let answer = borg.json(&["operate", "opt-out", &order.join(":")]);
        assert_eq!(answer["known"], false, "{answer}");
    }
    borg.json(&words(&crawl(&web)));
    let profiles = borg.export("profiles");
    assert_eq!(profiles.len(), rows.len() - 2, "the others are there");
    for [native_id, _, handle] in [by_handle, by_id] {
        let is_it = |row: &&String| row.split('\t').any(|cell| cell == native_id || cell == handle);
        assert_eq!(profiles.iter().find(is_it), None);
    }
}
