//! `borg serve` is killed wherever it writes money: every request is charged once, and no credit is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command};
use std::time::{Duration, Instant};

use billing::{QueueDoorbell, compare_all, sweep};
use model::port::{Clock as _, RECEIVES_MAX};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use store::clock::System;
use store::pg::ledger::PgLedger;
use store::queue::PgQueue;
use store::wallet::PgWallet;
use testkit::Database;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::borg::Borg;
use crate::scoring::two_cliques;

/// Where a server dies that answers, sells a quote, and posts; and after how many passes at the latest.
const PLACES: [(&str, u64); 10] = [
    ("wallet.commit", 12),
    ("wallet.replay", 12),
    ("wallet.open_lease", 1),
    ("wallet.close_lease", 1),
    ("wallet.charges", 2),
    ("wallet.mark_posted", 2),
    ("ledger.post", 2),
    ("queue.send", 4),
    ("queue.receive", 4),
    ("queue.finish", 8),
];

/// Those that are tried every time.
const SAMPLE: [&str; 4] =
    ["wallet.commit.after", "wallet.open_lease.after", "ledger.post.after", "queue.send.before"];

/// How often each of the sample is tried; and where `BORG_KILLS` says how often, all places are.
const KILLS: u64 = 3;

/// How long a server may take to die, and a meter to post.
const PATIENCE: Duration = Duration::from_secs(4);
const POSTING: Duration = Duration::from_secs(60);

/// Requests of one round, and how many of them at once.
const REQUESTS: u64 = 24;
const AT_ONCE: u64 = 6;

/// A server that may die.
struct MortalServer {
    child: Child,
    _output: BufReader<ChildStdout>,
    caller: ApiCaller,
}

/// One client of it.
#[derive(Debug, Clone)]
struct ApiCaller {
    client: Client,
    url: String,
    key: String,
}

/// What is to be known of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PaidAnswer {
    charge: String,
    /// What was paid for it now: 0 if it was given before.
    cost: String,
}

impl MortalServer {
    fn start(borg: &Borg, key: &str, die_at: Option<&str>) -> MortalServer {
        let mut child = borg.start_dying(&["serve", "--addr", "127.0.0.1:0", "--json"], die_at);
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("borg writes UTF-8");
        let first: Value = serde_json::from_str(&line).unwrap_or_default();
        // One that died at once has no address.
        let url = first["url"].as_str().unwrap_or("http://127.0.0.1:1").to_owned();
        let caller = ApiCaller { client: Client::new(), url, key: key.to_owned() };
        MortalServer { child, _output: output, caller }
    }

    /// Whether it died at its place. One that did not pass it is killed here.
    fn died(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                assert_eq!(status.signal(), Some(9), "borg serve fails: {status}");
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
        false
    }

    fn end(mut self) {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(ended.expect("kill runs").success());
        assert!(self.child.wait().expect("a child can be waited for").success());
    }
}

impl ApiCaller {
    /// The data of an answer with its headers; `None` if nothing comes.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        by: Asked<'_>,
    ) -> Option<(Value, Option<PaidAnswer>)> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        request = request.header("authorization", format!("Bearer {}", self.key));
        if let Some(key) = by.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = by.body {
            let json = request.header("content-type", "application/json");
            request = json.body(body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let paid = header("borg-charge-id").zip(header("borg-cost"));
        let body: Value = serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or_default();
        // A process that dies may still say that it cannot answer.
        assert!(status.is_success() || status.is_server_error(), "{path}: {status} {body}");
        let paid = paid.map(|(charge, cost)| PaidAnswer { charge, cost });
        status.is_success().then(|| (body["data"].clone(), paid))
    }
}

/// What a request has beside its path.
#[derive(Debug, Clone, Copy, Default)]
struct Asked<'a> {
    idempotency_key: Option<&'a str>,
    body: Option<&'a Value>,
}

/// A scored home on a database of its own.
struct KillWorld {
    database: Database,
    borg: Borg,
    communities: Vec<String>,
}

impl KillWorld {
    async fn new() -> KillWorld {
        let database = testkit::database().await;
        let borg = Borg::on(database.url());
        borg.write("arcs.tsv", two_cliques(12));
        borg.json(&["import", "arcs.tsv"]);
        borg.json(&["score"]);
        let mut world = KillWorld { database, borg, communities: Vec::new() };
        let server = MortalServer::start(&world.borg, &world.key("first"), None);
        let listed = server.caller.ask(Method::GET, "/v1/communities", Asked::default());
        let (rows, _) = listed.await.expect("borg answers");
        let ids = rows.as_array().expect("a list").iter();
        world.communities =
            ids.map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect();
        server.end();
        world
    }

    fn key(&self, account: &str) -> String {
        let key = self.borg.json(&["key", "create", "--account", account, "--credits", "5000"]);
        key["key"].as_str().expect("a key is text").to_owned()
    }

    fn path(&self, number: u64) -> String {
        let community = &self.communities[number as usize % self.communities.len()];
        format!("/v1/communities/{community}/people?limit={}", 1 + number % 7)
    }

    /// Asks for everything, several at a time; the answers that came.
    async fn ask_all(&self, server: &MortalServer) -> BTreeMap<u64, PaidAnswer> {
        let cap = json!({"class": "graph", "units": {"call.read": 2, "row.person": 10}});
        let by = Asked { body: Some(&cap), ..Asked::default() };
        let quote = server.caller.ask(Method::POST, "/v1/quotes", by).await;
        if let Some(id) = quote.as_ref().and_then(|(quote, _)| quote["id"].as_str()) {
            let path = format!("/v1/quotes/{id}");
            server.caller.ask(Method::DELETE, &path, Asked::default()).await;
        }
        let mut answers = BTreeMap::new();
        for first in (0..REQUESTS).step_by(AT_ONCE as usize) {
            let mut asked = JoinSet::new();
            for number in first..first + AT_ONCE {
                let (caller, path) = (server.caller.clone(), self.path(number));
                asked.spawn(async move {
                    let key = format!("request-{number}");
                    let by = Asked { idempotency_key: Some(&key), body: None };
                    let (_, paid) = caller.ask(Method::GET, &path, by).await?;
                    // A client that asks again gets the same for nothing.
                    if let Some((_, Some(again))) = caller.ask(Method::GET, &path, by).await {
                        assert_eq!(again.cost, "0", "{path}");
                    }
                    Some((number, paid?))
                });
            }
            answers.extend(asked.join_all().await.into_iter().flatten());
        }
        answers
    }

    /// Kills a server at a place, asks again, and looks at every credit. Whether it died there.
    async fn round(&self, account: &str, die_at: &str) -> bool {
        let key = self.key(account);
        let mut server = MortalServer::start(&self.borg, &key, Some(die_at));
        let before = self.ask_all(&server).await;
        let died = server.died();
        let server = MortalServer::start(&self.borg, &key, None);
        let after = self.ask_all(&server).await;
        assert_eq!(after.len() as u64, REQUESTS, "{die_at}: the second server answers all");
        let mut charged = BTreeMap::new();
        for (number, paid) in after.iter().chain(&before) {
            let known: &mut Option<String> = charged.entry(paid.charge.clone()).or_default();
            let is_new = paid.cost != "0";
            assert!(!is_new || known.is_none(), "{die_at}: {number} is paid twice");
            if is_new {
                *known = Some(paid.cost.clone());
            }
        }
        for (number, paid) in &before {
            let again = &after[number];
            assert_eq!((&again.charge, again.cost.as_str()), (&paid.charge, "0"), "{die_at}");
        }
        assert_eq!(charged.len() as u64, REQUESTS, "{die_at}: each has a charge of its own");
        self.settle(&server, &charged, die_at).await;
        server.end();
        died
    }

    /// Rings for what a process left, waits for the meter, and compares.
    async fn settle(
        &self,
        server: &MortalServer,
        charged: &BTreeMap<String, Option<String>>,
        die_at: &str,
    ) {
        let pg = self.database.pg().clone();
        let (wallet, ledger) = (PgWallet::new(pg.clone()), PgLedger::new(pg.clone()));
        let queue = PgQueue::new(pg, "usage", RECEIVES_MAX, System);
        let later = System.now() + Duration::from_secs(7_200);
        sweep(&wallet, &ledger, &QueueDoorbell { queue: &queue }, later, 100)
            .await
            .expect("it sweeps");
        let (began, mut posted) = (Instant::now(), Vec::new());
        while began.elapsed() < POSTING && posted.len() < charged.len() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let path = "/v1/charges?limit=1000";
            let rows = server.caller.ask(Method::GET, path, Asked::default()).await;
            posted = rows.expect("borg answers").0.as_array().cloned().expect("a list");
        }
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let lines: Vec<(String, String)> =
            posted.iter().map(|row| (text(row, "id"), text(row, "cost"))).collect();
        let distinct: BTreeSet<&(String, String)> = lines.iter().collect();
        assert_eq!((lines.len(), distinct.len()), (charged.len(), charged.len()), "{die_at}");
        for (id, cost) in &lines {
            // Of a charge whose answer did not arrive the client does not know the cost.
            let known = charged.get(id).map(|known| known.as_ref().unwrap_or(cost));
            assert_eq!(known, Some(cost), "{die_at}: {id}");
        }
        // What is posted may be marked in the next moment.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let report = compare_all(&wallet, &ledger).await.expect("it compares");
        assert!(report.is_clean() && report.moving == 0, "{die_at}: {report:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how often is asked for by hand")]
fn kills_of_all() -> Option<u64> {
    std::env::var("BORG_KILLS").ok().and_then(|text| text.parse().ok())
}

#[test]
fn a_server_that_is_killed_charges_every_request_once() {
    let (kills, is_long) = kills_of_all().map_or((KILLS, false), |kills| (kills, true));
    let runtime = Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let world = KillWorld::new().await;
        for (call, passes) in PLACES {
            for place in ["before", "after"].map(|side| format!("{call}.{side}")) {
                if !is_long && !SAMPLE.contains(&place.as_str()) {
                    continue;
                }
                let mut died = 0;
                for kill in 0..kills {
                    let die_at = format!("{place}={}", 1 + kill % passes);
                    let account = format!("{place}-{kill}");
                    died += u64::from(world.round(&account, &die_at).await);
                }
                println!("{place}: died {died} of {kills} times; every request is charged once");
                assert!(died > 0, "nothing dies at {place}");
            }
        }
    });
}
