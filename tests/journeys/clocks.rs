//! Two servers of one database whose clocks differ by ten minutes, on both sides of midnight: a request is charged
//! once, whichever of them is asked first and again.

use std::thread::sleep;
use std::time::{Duration, Instant};

use billing::compare_all;
use model::port::Clock as _;
use serde_json::{Value, json};
use store::clock::System;
use store::pg::ledger::PgLedger;
use store::wallet::PgWallet;
use testkit::Database;
use tokio::runtime::Runtime;

use crate::borg::Borg;
use crate::scoring::two_cliques;
use crate::served::Served;

const DAY_SECONDS: i64 = 86_400;

/// How far each clock is from the right one, in seconds.
const SKEW: i64 = 300;

/// As long as charges may take to be posted.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it is until midnight (UTC), in seconds.
fn until_midnight() -> i64 {
    DAY_SECONDS - System.now().as_second().rem_euclid(DAY_SECONDS)
}

/// Two processes, one of which is ten minutes ahead of the other.
struct SkewedPair {
    // They end before what they work with is gone.
    ahead: Served,
    behind: Served,
    _borg: Borg,
    database: Database,
    communities: Vec<String>,
}

impl SkewedPair {
    fn start(runtime: &Runtime) -> SkewedPair {
        let database = runtime.block_on(testkit::database());
        let borg = Borg::on(database.url());
        borg.write("arcs.tsv", two_cliques(12));
        borg.json(&["import", "arcs.tsv"]);
        borg.json(&["score"]);
        let order = ["key", "create", "--account", "me", "--credits", "1000"];
        let key = borg.json(&order);
        // The right time is midnight.
        let midnight = until_midnight();
        // The one behind publishes the first prices: the other's are later ones to it.
        let behind = Served::ahead(&borg, midnight - SKEW, &key);
        let ahead = Served::ahead(&borg, midnight + SKEW, &key);
        let rows = ahead.data("/v1/communities");
        let ids = rows.as_array().expect("a list").iter();
        let communities = ids.map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
        SkewedPair { ahead, behind, _borg: borg, database, communities }
    }

    fn path(&self, number: usize) -> String {
        let community = &self.communities[number % self.communities.len()];
        format!("/v1/communities/{community}/people?limit={}", 1 + number)
    }

    /// What one and then the other server charge for a request, and under which names.
    fn ask(&self, number: usize, headers: &[(&str, &str)]) -> Vec<(String, String)> {
        let (one, other) = match number % 2 {
            0 => (&self.ahead, &self.behind),
            _ => (&self.behind, &self.ahead),
        };
        let asked = [one, other, one].map(|server| {
            let answer = server.ask("GET", &self.path(number), headers, "");
            assert_eq!(answer.status, 200, "{}", answer.body);
            let header = |name: &str| answer.header(name).to_owned();
            (header("borg-cost"), header("borg-charge-id"))
        });
        asked.into()
    }

    /// Each server honours the quote of the other: the one ahead gives it, then the one behind.
    fn quote_both_ways(&self) {
        let cap = json!({"class": "graph", "units": {"call.read": 2, "row.rank": 40}}).to_string();
        let pairs = [(&self.ahead, &self.behind), (&self.behind, &self.ahead)];
        for (number, (gives, honours)) in (20..).zip(pairs) {
            let quote = gives.ask("POST", "/v1/quotes", &[], &cap);
            let id = quote.body["data"]["id"].as_str().expect("a quote has an id").to_owned();
            let read = honours.ask("GET", &self.path(number), &[("borg-quote", &id)], "");
            assert_eq!((read.status, read.header("borg-quote")), (200, id.as_str()));
            let ended = honours.ask("DELETE", &format!("/v1/quotes/{id}"), &[], "");
            assert_eq!(ended.status, 200, "{}", ended.body);
        }
    }

    /// Waits until the ledger has this number of charges; their ids.
    fn posted(&self, count: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let rows = self.ahead.data("/v1/charges?limit=1000");
            let rows = rows.as_array().expect("a list").clone();
            if rows.len() >= count {
                return rows;
            }
            assert!(began.elapsed() < PATIENCE, "{} of {count} charges are posted", rows.len());
            sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn processes_whose_clocks_differ_charge_a_request_across_midnight_once() {
    let runtime = Runtime::new().expect("a runtime starts");
    let pair = SkewedPair::start(&runtime);
    // The list of communities was charged, too.
    let mut charged = 1;
    for number in 0..10 {
        let key = format!("order-{number}");
        let headers = [("idempotency-key", key.as_str())];
        let asked = pair.ask(number, if number < 5 { &[] } else { &headers });
        assert_ne!(asked[0].0, "0", "{number}");
        assert_eq!((asked[1].0.as_str(), asked[2].0.as_str()), ("0", "0"), "{number}: {asked:?}");
        assert!(asked.iter().all(|one| one.1 == asked[0].1), "{number}: one charge: {asked:?}");
        charged += 1;
    }
    pair.quote_both_ways();
    charged += 2;
    let posted = pair.posted(charged);
    let days = |rows: &[Value]| {
        let day = |row: &Value| row["served_at"].as_str().expect("a time")[..10].to_owned();
        rows.iter().map(day).collect::<std::collections::BTreeSet<String>>()
    };
    assert_eq!((posted.len(), days(&posted).len()), (charged, 2), "charges of two days");
    let pg = pair.database.pg().clone();
    let (wallet, ledger) = (PgWallet::new(pg.clone()), PgLedger::new(pg));
    // What is posted may be marked in the next moment.
    sleep(Duration::from_millis(500));
    let report = runtime.block_on(compare_all(&wallet, &ledger)).expect("it compares");
    assert!(report.is_clean() && report.moving == 0, "{report:?}");
    println!("{charged} requests at two servers, 10 minutes apart: each charged once");
}
