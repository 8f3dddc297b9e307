//! Asks a served world for every account's first pages and prints the server's CPU time per
//! request, by route: `load [accounts]`. CPU times are those of the threads named `sample-web`,
//! from `/proc`.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use model::port::Clock;
use model::{Platform, Timestamp};
use sample::world::AccountId;
use sample::{RunningWeb, SampleWorld, ServerConfig, WorldConfig, serve};

struct Ticking(Instant);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.0.elapsed().as_secs()).unwrap_or(0);
        Timestamp::from_second(1_795_348_800 + since).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// One kept connection.
struct Line(BufReader<TcpStream>);

impl Line {
    fn to(url: &str) -> std::io::Result<Line> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        Ok(Line(BufReader::with_capacity(1 << 17, stream)))
    }

    /// Status line, headers but the length skipped, and the body.
    fn get(&mut self, host: &str, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        let (mut header, mut length) = (String::new(), 0);
        loop {
            header.clear();
            self.0.read_line(&mut header)?;
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if header == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}

/// CPU time of the server's threads in clock ticks of 10 ms.
fn server_ticks() -> Result<u64, Box<dyn Error>> {
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("stat"))?;
        if let Some((_, fields)) = stat.split_once("(sample-web) ") {
            let fields: Vec<&str> = fields.split(' ').collect();
            ticks += fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        }
    }
    Ok(ticks)
}

/// What to ask of an account's own host: its name and a path.
type Question = (String, String);

/// First pages of one route for every reachable account of a platform.
fn questions(running: &RunningWeb, route: &str, numbers: &[String]) -> Vec<Question> {
    let world = running.world();
    let question = |(id, number): (AccountId, &String)| {
        let host = world.host_of(id).name.clone();
        (host, route.replace("{id}", &world.account(id).native_id).replace("{number}", number))
    };
    world.truth().reachable().zip(numbers).map(question).filter(|q| !q.1.contains("{}")).collect()
}

/// Asks every question on one connection and prints what an answer cost.
fn measure(url: &str, route: &str, questions: &[Question]) -> Result<(), Box<dyn Error>> {
    let mut line = Line::to(url)?;
    let (start, before, mut bytes) = (Instant::now(), server_ticks()?, 0);
    for (host, path) in questions {
        bytes += line.get(host, path)?.len();
    }
    let count = questions.len().max(1);
    let cpu_us = (server_ticks()? - before) as f64 * 10_000.0 / count as f64;
    let each = bytes / count;
    println!("{cpu_us:6.1} µs CPU, {each:6} bytes, {count} × {route} in {:?}", start.elapsed());
    Ok(())
}

/// The number of each reachable account on its own host; `{}` for accounts of Bluesky.
fn numbers(running: &RunningWeb) -> Result<Vec<String>, Box<dyn Error>> {
    let world = running.world();
    let mut line = Line::to(running.fediverse_url())?;
    let mut numbers = Vec::new();
    for id in world.truth().reachable() {
        let account = world.account(id);
        if account.platform == Platform::BLUESKY {
            numbers.push("{}".to_owned());
            continue;
        }
        let path = format!("/api/v1/accounts/lookup?acct={}", account.local_name());
        let body = line.get(&world.host_of(id).name, &path)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        numbers.push(text.split('"').nth(3).unwrap_or("0").to_owned());
    }
    Ok(numbers)
}

const BLUESKY: [&str; 6] = [
    "/xrpc/com.atproto.identity.resolveHandle?handle={id}",
    "/xrpc/app.bsky.actor.getProfile?actor={id}",
    "/xrpc/app.bsky.graph.getFollows?actor={id}&limit=100",
    "/xrpc/app.bsky.graph.getFollowers?actor={id}&limit=100",
    "/xrpc/app.bsky.feed.getAuthorFeed?actor={id}&limit=100",
    "/xrpc/com.atproto.repo.listRecords?repo={id}&collection=app.bsky.feed.like&limit=100",
];

const FEDIVERSE: [&str; 4] = [
    "/api/v1/accounts/{number}",
    "/api/v1/accounts/{number}/following?limit=80",
    "/api/v1/accounts/{number}/followers?limit=80",
    "/api/v1/accounts/{number}/statuses?limit=40",
];

fn main() -> Result<(), Box<dyn Error>> {
    let accounts = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let world = Arc::new(SampleWorld::generate(&WorldConfig::sized(accounts, 1)));
    let mut config = ServerConfig::new(Arc::new(Ticking(Instant::now())));
    config.limit.requests = 10_000_000;
    let start = Instant::now();
    let running = serve(world, config)?;
    println!("serving after {:?}", start.elapsed());
    let numbers = numbers(&running)?;
    for route in BLUESKY {
        let mut questions = questions(&running, route, &numbers);
        questions.retain(|question| question.0 == "bsky.sample.test");
        measure(running.bluesky_url(), route, &questions)?;
    }
    for route in FEDIVERSE {
        measure(running.fediverse_url(), route, &questions(&running, route, &numbers))?;
    }
    Ok(())
}
