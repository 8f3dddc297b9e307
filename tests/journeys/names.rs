//! Every name of an account finds its person and proves a link: on split domains, on internationalised
//! domains, and beside any sign in a bio.

use serde_json::{Value, json};

use crate::borg::Borg;
use crate::served::Served;
use crate::test_server::{TestRequest, TestResponse, TestServer};

/// A graph that makes three more people.
const OTHERS: &str = "src\tdst\tweight\nann\tben\t1\nben\tcarl\t2\n";

/// An account of a Mastodon server, and its names elsewhere.
#[derive(Debug, Clone, Copy)]
struct Account {
    /// The host of its server.
    host: &'static str,
    /// The domain of its handle.
    domain: &'static str,
    name: &'static str,
    id: &'static str,
    /// The accounts that it follows, by index in [`NamedWeb::accounts`].
    follows: &'static [usize],
}

impl Account {
    fn native_id(&self) -> String {
        format!("https://{}/users/{}", self.host, self.name)
    }

    /// As the server at `host` shows it.
    fn shown_at(&self, host: &str) -> Value {
        let is_own = host == self.host;
        let acct =
            if is_own { self.name.to_owned() } else { format!("{}@{}", self.name, self.domain) };
        let id = if is_own { self.id.to_owned() } else { format!("9{}", self.id) };
        json!({
            "id": id, "username": self.name, "acct": acct, "uri": self.native_id(),
            "note": "<p>also alice.bsky.social</p>", "discoverable": true, "indexable": true,
            "noindex": false, "following_count": self.follows.len(), "followers_count": 0,
            "statuses_count": 0, "fields": [], "created_at": "2024-01-01T00:00:00.000Z",
        })
    }

    fn finger(&self) -> Value {
        json!({
            "subject": format!("acct:{}@{}", self.name, self.domain),
            "links": [{"rel": "self", "href": self.native_id()}],
        })
    }
}

/// Servers of the fediverse and an AppView, all at one address.
#[derive(Debug, Clone, Copy)]
struct NamedWeb {
    accounts: &'static [Account],
    /// The bio of the one profile of Bluesky.
    bio: &'static str,
    /// What a domain without a server answers: its status and a page of HTML.
    site: u16,
}

impl NamedWeb {
    /// Serves it as long as the test runs; returns its origin.
    fn start(self) -> String {
        TestServer::start(move |request| self.respond(request)).origin
    }

    fn respond(self, TestRequest { host, path, query, .. }: &TestRequest<'_>) -> TestResponse {
        let query = query.replace("%40", "@").replace("%3A", ":").replace("%2F", "/");
        match self.answer(host, path, &query) {
            Some(body) => TestResponse::json(&body),
            None if self.is_server(host) => {
                TestResponse::of(404, &json!({"error": "Record not found"}).to_string())
            }
            None => TestResponse::of(self.site, "<!doctype html><title>My shop</title>"),
        }
    }

    fn is_server(&self, host: &str) -> bool {
        host.starts_with("127.0.0.1") || self.accounts.iter().any(|account| account.host == host)
    }

    fn answer(&self, host: &str, path: &str, query: &str) -> Option<Value> {
        if path == "/.well-known/webfinger" {
            let resource = query.strip_prefix("resource=")?;
            let names = |account: &&Account| {
                [account.host, account.domain]
                    .iter()
                    .any(|domain| resource == format!("acct:{}@{domain}", account.name))
                    && [account.host, account.domain].contains(&host)
            };
            return Some(self.accounts.iter().find(names)?.finger());
        }
        if let Some(method) = path.strip_prefix("/xrpc/") {
            return self.bluesky(method);
        }
        let mut own = self.accounts.iter().filter(|account| account.host == host);
        let rest = path.strip_prefix("/api/v1/accounts/")?;
        if rest == "lookup" {
            return Some(own.find(|own| query == format!("acct={}", own.name))?.shown_at(host));
        }
        let (id, list) = rest.split_once('/').unwrap_or((rest, ""));
        let account = own.find(|own| own.id == id)?;
        Some(match list {
            "" => account.shown_at(host),
            "following" => {
                account.follows.iter().map(|&at| self.accounts[at].shown_at(host)).collect()
            }
            _ => json!([]),
        })
    }

    fn bluesky(&self, method: &str) -> Option<Value> {
        let did = "did:plc:alice";
        let lists = [
            ("app.bsky.graph.getFollows", "follows"),
            ("app.bsky.graph.getFollowers", "followers"),
            ("app.bsky.feed.getAuthorFeed", "feed"),
            ("com.atproto.repo.listRecords", "records"),
            ("app.bsky.graph.getLists", "lists"),
        ];
        match method {
            "com.atproto.identity.resolveHandle" => Some(json!({"did": did})),
            "app.bsky.actor.getProfiles" => Some(json!({"profiles": [{
                "did": did, "handle": "alice.bsky.social", "description": self.bio, "labels": [],
                "createdAt": "2024-01-01T00:00:00Z"}]})),
            _ => {
                let (_, list) = lists.iter().find(|(name, _)| *name == method)?;
                Some(json!({*list: []}))
            }
        }
    }
}

/// `alice` at a server of her domain, and `zoe` elsewhere; they follow each other.
const SPLIT: &[Account] = &[
    Account {
        host: "social.example.test",
        domain: "example.test",
        name: "alice",
        id: "1",
        follows: &[1],
    },
    Account { host: "other.test", domain: "other.test", name: "zoe", id: "7", follows: &[0] },
];

const SPLIT_ALONE: &[Account] = &[Account { follows: &[], ..SPLIT[0] }];

const PLAIN: &[Account] = &[Account {
    host: "social.example.test",
    domain: "social.example.test",
    name: "alice",
    id: "1",
    follows: &[],
}];

const IDN: &[Account] = &[Account {
    host: "xn--bcher-kva.test",
    domain: "bücher.test",
    name: "alice",
    id: "1",
    follows: &[],
}];

fn crawl(borg: &Borg, origin: &str, seeds: &[&str], depth: &str) {
    let bases = ["instance", "appview", "pds"].map(|role| format!("{role}={origin}"));
    let bases = bases.iter().flat_map(|base| ["--base-url", base.as_str()]);
    let args: Vec<&str> = ["crawl"].iter().chain(seeds).copied().chain(bases).collect();
    borg.json(&[args.as_slice(), &["--depth", depth]].concat());
}

/// Native ids and handles of the database.
fn profiles(borg: &Borg) -> Vec<String> {
    let names = |row: String| {
        let cells: Vec<&str> = row.split('\t').collect();
        format!("{} {}", cells[0], cells[3])
    };
    borg.export("profiles").into_iter().map(names).collect()
}

#[test]
fn an_account_on_a_split_domain_is_found_by_all_its_names() {
    for site in [404, 200] {
        let origin = NamedWeb { accounts: SPLIT, bio: "", site }.start();
        let borg = Borg::new();
        crawl(&borg, &origin, &["fediverse:alice@example.test"], "2");
        let wanted = [
            "https://other.test/users/zoe zoe@other.test",
            "https://social.example.test/users/alice alice@example.test",
        ];
        assert_eq!(profiles(&borg), wanted, "the domain's site answers {site}");
        borg.json(&["score"]);
        let served = Served::start(&borg);
        let by = |name: &str| served.get(&format!("/v1/people:resolve?account=fediverse:{name}"));
        let (status, alice) = by("alice@example.test");
        assert_eq!(status, 200, "{alice}");
        for name in
            ["alice@social.example.test", "@Alice@EXAMPLE.test.", "%E2%80%AAalice@example.test"]
        {
            assert_eq!(by(name).1["data"], alice["data"], "{name}");
        }
    }
}

#[test]
fn either_name_of_an_account_on_a_split_domain_proves_a_link() {
    let bios = [
        "also @alice@example.test",
        "also @alice@social.example.test",
        "https://social.example.test/@alice",
    ];
    for bio in bios {
        assert_eq!(people(SPLIT_ALONE, bio, "fediverse:alice@example.test"), 4, "{bio}");
    }
}

#[test]
fn a_handle_beside_any_sign_proves_a_link() {
    for bio in ["🐘@alice@social.example.test", "Mastodon:@alice@social.example.test"] {
        assert_eq!(people(PLAIN, bio, "fediverse:alice@social.example.test"), 4, "{bio}");
    }
    assert_eq!(
        people(PLAIN, "mail alice@social.example.test", "fediverse:alice@social.example.test"),
        5
    );
}

#[test]
fn an_internationalised_domain_has_one_form() {
    let seeds = ["fediverse:alice@bücher.test", "fediverse:@alice@XN--BCHER-KVA.test"];
    for seed in seeds {
        assert_eq!(people(IDN, "also @alice@BÜCHER.test", seed), 4, "{seed}");
    }
    let origin = NamedWeb { accounts: IDN, bio: "", site: 404 }.start();
    let borg = Borg::new();
    crawl(&borg, &origin, &[seeds[0]], "0");
    let wanted = ["https://xn--bcher-kva.test/users/alice alice@xn--bcher-kva.test"];
    assert_eq!(profiles(&borg), wanted);
    let error = borg.failure(&["crawl", "fediverse:alice@xn--a.\u{202A}test"]);
    assert!(error.contains("`xn--a.test` is no domain name"), "{error}");
    assert!(error.contains("alice@xn--a.<U+202A>test"), "{error}");
}

/// The number of people of five profiles, two of which may be joined.
fn people(accounts: &'static [Account], bio: &'static str, seed: &str) -> u64 {
    let origin = NamedWeb { accounts, bio, site: 404 }.start();
    let borg = Borg::new();
    crawl(&borg, &origin, &["bluesky:alice.bsky.social", seed], "0");
    borg.write("others.tsv", OTHERS);
    borg.json(&["import", "others.tsv"]);
    let scored = borg.json(&["score"]);
    scored["people"].as_u64().expect("a number of people")
}
