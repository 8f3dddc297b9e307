//! `borg serve`, requested over HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command};

use model::map::{TILE_MEDIA_TYPE, Tile};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::borg::Borg;

/// A served API and a key to it.
pub(crate) struct Served {
    child: Child,
    /// Held open, since `borg` prints more when it ends.
    _output: BufReader<ChildStdout>,
    url: String,
    key: String,
    client: Client,
    runtime: Runtime,
}

/// An answer with its headers.
pub(crate) struct Asked {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    /// A header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }
}

impl Served {
    pub(crate) fn start(borg: &Borg) -> Served {
        let credits = ["--credits", "1000000", "--daily-cap", "1000000"];
        let key = borg.json(&[&["key", "create", "--account", "journey"][..], &credits].concat());
        Served::by(borg, &["serve", "--addr", "127.0.0.1:0", "--json"], Some(&key)).0
    }

    /// A demo of a small web, and the requests that it proposes.
    pub(crate) fn demo(borg: &Borg) -> (Served, Vec<String>) {
        let people = ["--people", "300", "--seed", "5"];
        let args = [&["demo", "--addr", "127.0.0.1:0", "--json"][..], &people].concat();
        let (served, first_line) = Served::by(borg, &args, None);
        let tries = first_line["try"].as_array().expect("a list").iter();
        let path = |one: &Value| one.as_str()?.strip_prefix(&served.url).map(str::to_owned);
        let paths = tries.map(|one| path(one).expect("a URL of the demo")).collect();
        (served, paths)
    }

    /// A server whose clock is ahead by this number of seconds, or behind if below zero, opened by this key.
    pub(crate) fn ahead(borg: &Borg, seconds: i64, key: &Value) -> Served {
        let (args, seconds) = (["serve", "--addr", "127.0.0.1:0", "--json"], seconds.to_string());
        let child = borg.start_with(&args, Some(("BORG_CLOCK_AHEAD", seconds.as_str())));
        Served::of(child, Some(key)).0
    }

    /// Starts a command that serves; its first line has the key, unless one is given.
    fn by(borg: &Borg, args: &[&str], key: Option<&Value>) -> (Served, Value) {
        Served::of(borg.start_talking(args), key)
    }

    fn of(mut child: Child, key: Option<&Value>) -> (Served, Value) {
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        output.read_line(&mut line).expect("borg writes UTF-8");
        let first_line: Value = serde_json::from_str(&line).expect("borg prints where it serves");
        let url = first_line["url"].as_str().expect("a URL is text").to_owned();
        let key = key.unwrap_or(&first_line)["key"].as_str().expect("a key is text").to_owned();
        let runtime = Runtime::new().expect("a runtime starts");
        (Served { child, _output: output, url, key, client: Client::new(), runtime }, first_line)
    }

    /// The secret that opens everything.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Status and body of an answer.
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, &format!("Bearer {}", self.key), b"")
    }

    pub(crate) fn get_without_key(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "", b"")
    }

    /// Status and body of the answer to any request, a tile as the ids of its people; no `Authorization`
    /// where it is empty.
    pub(crate) fn send(&self, method: &str, path: &str, by: &str, body: &[u8]) -> (u16, Value) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method is a word");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !by.is_empty() {
            request = request.header("authorization", by);
        }
        self.runtime.block_on(async {
            let answer = request.body(body.to_vec()).send().await.expect("borg answers");
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let body = answer.bytes().await.expect("the answer comes whole");
            let is_tile = headers.get("content-type").is_some_and(|kind| kind == TILE_MEDIA_TYPE);
            let json = || serde_json::from_slice(&body).expect("the answer is JSON");
            (status, if is_tile { people_of_tile(&body) } else { json() })
        })
    }

    /// The answer to a request with these headers and this body.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Asked {
        let method = Method::from_bytes(method.as_bytes()).expect("a method is a word");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        request = request.header("authorization", format!("Bearer {}", self.key));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.runtime.block_on(async {
            let answer = request.body(body.to_owned()).send().await.expect("borg answers");
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let body = answer.bytes().await.expect("the answer comes whole");
            let body = serde_json::from_slice(&body).expect("the answer is JSON");
            Asked { status, headers, body }
        })
    }

    /// The data of an answer that must be there.
    pub(crate) fn data(&self, path: &str) -> Value {
        let (status, mut answer) = self.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
        answer["data"].take()
    }

    /// The rows of all pages of a list; the path has a query.
    pub(crate) fn pages(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, mut answer) = self.get(&format!("{path}&limit=100{cursor}"));
            assert_eq!(status, 200, "{path}: {answer}");
            rows.append(answer["data"].as_array_mut().expect("a list"));
            let Some(next) = answer["next_cursor"].as_str() else { return rows };
            cursor = format!("&cursor={next}");
        }
    }
}

/// The handle of the person in a row.
pub(crate) fn handle(row: &Value) -> Option<&str> {
    row["person"]["handle"].as_str()
}

/// It is terminated in order, so that it ends its PostgreSQL.
impl Drop for Served {
    fn drop(&mut self) {
        let terminated = Command::new("kill").arg(self.child.id().to_string()).status();
        let ended = self.child.wait();
        let in_order =
            [terminated, ended].iter().flatten().filter(|status| status.success()).count();
        assert!(in_order == 2 || std::thread::panicking(), "borg serve does not end in order");
    }
}

fn people_of_tile(body: &[u8]) -> Value {
    let tile = Tile::decode(body).expect("a tile is served");
    tile.people.iter().map(|one| Value::from(one.person.to_string())).collect()
}
