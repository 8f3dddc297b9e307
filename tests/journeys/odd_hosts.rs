//! Hosts that are odd but not hostile: what they send is read as far as it can be, what cannot be read
//! is given up and said so, and none is asked more than it allows.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::borg::Borg;

/// A request: the host that it names, its path and its query.
struct Asked<'a> {
    host: &'a str,
    path: &'a str,
    query: &'a str,
    /// How many were asked before.
    before: usize,
}

/// An answer: status, header lines, body.
type Answer = (u16, Vec<String>, String);

/// A server that notes when it was asked for what.
struct OddHost {
    origin: String,
    log: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl OddHost {
    fn start(answer: impl Fn(&Asked<'_>) -> Answer + Send + Sync + 'static) -> OddHost {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let origin = format!("http://{}", listener.local_addr().expect("it has an address"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&log), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                // A client that hangs up has what it wants.
                thread::spawn(move || serve(stream, &seen, &*answer).unwrap_or_default());
            }
        });
        OddHost { origin, log }
    }

    /// When each request came whose host and path contain `part`.
    fn times(&self, part: &str) -> Vec<Instant> {
        let log = self.log.lock().expect("no test panics here");
        log.iter().filter(|(_, what)| what.contains(part)).map(|(at, _)| *at).collect()
    }

    /// The most requests in any interval of this length.
    fn most_in(&self, window: Duration) -> usize {
        let times = self.times("");
        let within = |from: &Instant| {
            times.iter().filter(|at| **at >= *from && **at - *from < window).count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<(Instant, String)>>,
    answer: &dyn Fn(&Asked<'_>) -> Answer,
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let before = {
        let mut log = log.lock().expect("no test panics here");
        log.push((Instant::now(), format!("{host}{target}")));
        log.len() - 1
    };
    let (status, headers, body) = answer(&Asked { host, path, query, before });
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

fn ok(body: &Value) -> Answer {
    (200, vec!["content-type: application/json".to_owned()], body.to_string())
}

fn not_found() -> Answer {
    (404, Vec::new(), json!({"error": "Record not found"}).to_string())
}

/// An account in the form of Mastodon's API.
fn account(host: &str, name: &str, id: u32) -> Value {
    json!({
        "id": id.to_string(), "username": name, "acct": name, "display_name": name,
        "uri": format!("https://{host}/users/{name}"), "url": format!("https://{host}/@{name}"),
        "note": "", "avatar": "", "bot": false, "group": false, "discoverable": true,
        "indexable": true, "noindex": false, "followers_count": 0, "following_count": 1,
        "statuses_count": 0, "fields": [], "created_at": "2024-01-01T00:00:00.000Z",
    })
}

/// `p0`, `p1` … of one.test, each of whom follows the next.
fn chain(asked: &Asked<'_>, people: u32) -> Answer {
    let path: Vec<&str> = asked.path.split('/').collect();
    match path.as_slice() {
        ["", "api", "v1", "accounts", "lookup"] => {
            let number = asked.query.strip_prefix("acct=p").and_then(|n| n.parse().ok());
            number.map_or_else(not_found, |n: u32| ok(&account("one.test", &format!("p{n}"), n)))
        }
        ["", "api", "v1", "accounts", id] => {
            let id = id.parse().unwrap_or(0);
            ok(&account("one.test", &format!("p{id}"), id))
        }
        ["", "api", "v1", "accounts", id, "following"] => {
            let next = (id.parse::<u32>().unwrap_or(0) + 1) % people;
            ok(&json!([account("one.test", &format!("p{next}"), next)]))
        }
        ["", "api", ..] => ok(&json!([])),
        _ => not_found(),
    }
}

fn instance(host: &OddHost) -> String {
    format!("instance={}", host.origin)
}

#[test]
fn a_log_in_page_in_the_place_of_an_answer_fails_its_profile_and_is_said() {
    let host = OddHost::start(|asked| match (asked.host, asked.path) {
        ("px.test", "/login") => {
            (200, Vec::new(), "<!DOCTYPE html><title>Login</title>".to_owned())
        }
        ("px.test", _) => (302, vec!["location: /login".to_owned()], String::new()),
        (_, "/api/v1/accounts/1/following") => {
            let mut pat = account("px.test", "pat", 9);
            pat["acct"] = "pat@px.test".into();
            ok(&json!([pat]))
        }
        _ => chain(asked, 9),
    });
    let borg = Borg::new();
    let args = ["crawl", "fediverse:p1@one.test", "--base-url", &instance(&host), "--depth", "1"];
    let crawled = borg.json(&args);
    assert_eq!((&crawled["profiles_crawled"], &crawled["profiles_failed"]), (&1.into(), &1.into()));
    assert!(borg.export("arcs").iter().any(|arc| arc.contains("https://px.test/users/pat")));
}

#[test]
fn redirects_and_seeds_count_for_the_limit_that_a_host_announces() {
    let limit = || vec!["x-ratelimit-limit: 12".to_owned(), "ratelimit-policy: 12;w=4".to_owned()];
    let host = OddHost::start(move |asked| {
        let (status, headers, body) = match asked.path.strip_prefix("/go") {
            Some(path) => chain(&Asked { path, ..*asked }, 4),
            None if asked.query.is_empty() => {
                (307, vec![format!("location: /go{}", asked.path)], String::new())
            }
            None => {
                (302, vec![format!("location: /go{}?{}", asked.path, asked.query)], String::new())
            }
        };
        (status, [headers, limit()].concat(), body)
    });
    let borg = Borg::new();
    let seeds: Vec<String> = (0..4).map(|n| format!("fediverse:p{n}@one.test")).collect();
    let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
    let origin = instance(&host);
    let args = [&["crawl"], seeds.as_slice(), &["--base-url", &origin, "--depth", "0"]].concat();
    assert_eq!(borg.json(&args)["profiles_crawled"], 4);
    let most = host.most_in(Duration::from_secs(4));
    assert!(most <= 12, "{most} requests in a window of 12");
}

#[test]
fn a_host_that_asks_a_seed_to_wait_is_left_alone_for_so_long() {
    const WAIT: Duration = Duration::from_secs(5);
    let host = OddHost::start(|asked| match asked.before {
        0 => (429, vec!["retry-after: 5".to_owned()], String::new()),
        _ => chain(asked, 1),
    });
    let borg = Borg::new();
    let origin = instance(&host);
    let crawled =
        borg.json(&["crawl", "fediverse:p0@one.test", "--base-url", &origin, "--depth", "0"]);
    assert_eq!(crawled["profiles_crawled"], 1);
    let times = host.times("");
    assert!(times[1] - times[0] >= WAIT, "asked again after {:?}", times[1] - times[0]);
}

#[test]
fn what_a_robots_txt_disallows_is_not_asked_for() {
    let host = OddHost::start(|asked| match asked.path {
        "/robots.txt" => (200, Vec::new(), "User-agent: borg\nDisallow: /api/\n".to_owned()),
        _ => chain(asked, 1),
    });
    let borg = Borg::new();
    let said = borg.failure(&["crawl", "fediverse:p0@one.test", "--base-url", &instance(&host)]);
    assert!(said.contains("p0@one.test") && said.contains("robots.txt"), "{said}");
    assert_eq!((host.times("/robots.txt").len(), host.times("/api/").len()), (1, 0));
}

#[test]
fn half_an_emoji_costs_neither_its_profile_nor_its_batch() {
    let host = OddHost::start(|asked| {
        let profile = |name: &str| {
            json!({"did": format!("did:plc:{name}"), "handle": format!("{name}.test"),
                "displayName": name, "followsCount": 2, "labels": []})
        };
        let everybody = ["alice", "bob", "carol"].map(profile);
        let method = asked.path.rsplit('/').next().unwrap_or_default();
        match method {
            "com.atproto.identity.resolveHandle" => ok(&json!({"did": "did:plc:alice"})),
            "app.bsky.actor.getProfiles" => {
                let (status, headers, body) = ok(&json!({"profiles": everybody}));
                let body = body.replace(r#""displayName":"bob""#, r#""displayName":"bob \ud83d""#);
                (status, headers, body)
            }
            "app.bsky.graph.getFollows" if asked.query.contains("alice") => {
                ok(&json!({"follows": everybody[1..]}))
            }
            _ => {
                ok(&json!({"follows": [], "followers": [], "feed": [], "records": [], "lists": []}))
            }
        }
    });
    let borg = Borg::new();
    let origins = [format!("appview={}", host.origin), format!("pds={}", host.origin)];
    let crawled = borg.json(&[
        "crawl",
        "bluesky:alice.test",
        "--base-url",
        &origins[0],
        "--base-url",
        &origins[1],
        "--depth",
        "1",
    ]);
    assert_eq!((&crawled["profiles_crawled"], &crawled["profiles_failed"]), (&3.into(), &0.into()));
}
