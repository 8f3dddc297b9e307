//! `borg bench api`: what an answer of each route costs, beside the request's own statements in
//! pgbench.
//!
//! The API runs as in its function: one thread, the connections of its pool, no network between.
//! Cost is processor time of this process and of PostgreSQL; the peer's is that of pgbench and of
//! PostgreSQL, with the same statements, values and session settings. Both are measured in turns, and
//! the median counts. Latencies are taken at one rate for both, with random pauses, from the moment
//! when a request is due.

mod generated;
mod peer;
mod statements;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use graph::seed::RandomSeed;
use serde::Serialize;
use store::Pg;

use self::generated::{GeneratedRun, generate, word};
use self::peer::PgbenchPeer;
use self::statements::{LOGGED, LogReader, SentStatement};
use super::{median, rounded};
use crate::api_client::ApiClient;
use crate::cli::ApiBenchArgs;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport};

/// Different requests of each route.
const REQUESTS: usize = 16;
/// Turns of the API and its peer.
const TURNS: u32 = 3;
/// At this share of what one thread can answer, latencies are measured.
const LOAD: f64 = 0.3;
/// What the pauses between requests are drawn from.
const PAUSES: RandomSeed = RandomSeed(9);

/// The figures of all routes.
#[derive(Debug, Serialize)]
pub(super) struct ApiReport {
    profiles: u32,
    generated_seconds: f64,
    routes: Vec<RouteReport>,
}

/// The figures of one route; those of pgbench are null where there is none.
#[derive(Debug, Serialize)]
struct RouteReport {
    name: &'static str,
    requests_per_cpu_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    bare_requests_per_cpu_second: Option<f64>,
    share_of_bare: Option<f64>,
    bare_p50_ms: Option<f64>,
    bare_p99_ms: Option<f64>,
    statements: Option<usize>,
}

impl CommandReport for ApiReport {
    const SHARES: &'static [&'static str] = &["share_of_bare"];
}

/// Answers, or transactions, and the processor time that they took.
#[derive(Debug, Clone, Copy)]
struct RequestCost {
    answers: u32,
    cpu_seconds: f64,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy)]
struct LatencyFigures {
    p50_ms: f64,
    p99_ms: f64,
}

/// A route with the requests to it.
struct BenchRoute {
    /// The path in the OpenAPI document.
    name: &'static str,
    requests: Vec<String>,
}

/// What was measured of one route.
struct RouteFigures {
    name: &'static str,
    statements: Option<usize>,
    per_cpu_second: f64,
    latency: LatencyFigures,
    bare: Option<BareFigures>,
}

/// What was measured of the peer.
#[derive(Debug, Clone, Copy)]
struct BareFigures {
    per_cpu_second: f64,
    latency: LatencyFigures,
}

impl RequestCost {
    fn per_cpu_second(self) -> f64 {
        f64::from(self.answers) / self.cpu_seconds.max(0.001)
    }
}

impl LatencyFigures {
    fn of(mut ms: Vec<f64>) -> LatencyFigures {
        ms.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let last = ms.len().saturating_sub(1);
            ms.get(last * share / 100).copied().unwrap_or(f64::NAN)
        };
        LatencyFigures { p50_ms: at(50), p99_ms: at(99) }
    }
}

/// Generates a run, and measures each route.
pub(super) async fn api(
    config: &Config,
    bench: ApiBenchArgs,
    output: CommandOutput,
) -> Result<ApiReport> {
    let home = Arc::new(BorgHome::fresh(config, "bench").await?);
    let began = Instant::now();
    let generated = generate(&home, bench.profiles, output).await?;
    let generated_seconds = began.elapsed().as_secs_f64();
    let measured = thread::spawn({
        let home = Arc::clone(&home);
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(measure_all(&home, &generated, bench, output))
        }
    });
    let measured =
        measured.join().map_err(|_| anyhow::anyhow!("the measuring thread panicked"))??;
    Ok(ApiReport {
        profiles: bench.profiles,
        generated_seconds: rounded(generated_seconds, 1),
        routes: measured.iter().map(RouteFigures::report).collect(),
    })
}

async fn measure_all(
    home: &BorgHome,
    generated: &GeneratedRun,
    bench: ApiBenchArgs,
    output: CommandOutput,
) -> Result<Vec<RouteFigures>> {
    let has_peer = peer::pgbench(home).is_some();
    if !has_peer {
        eprintln!("borg: there is no pgbench beside the server: only the API is measured");
    }
    let logged = ApiClient::over(home, home.answering(LOGGED).await?).await?;
    let client = ApiClient::over(home, home.answering("").await?).await?;
    let mut measured = Vec::new();
    let routes = routes(generated);
    let progress = output.progress("routes", routes.len() as u64);
    for route in &routes {
        let sent = sent_statements(home, &logged, route).await?;
        let peer = PgbenchPeer::new(home, &sent, &Pg::answer_options())?;
        measured.push(measure(home, &client, route, has_peer.then_some(&peer), bench).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(measured)
}

/// Requests of each route, about people and communities all over the run.
fn routes(generated: &GeneratedRun) -> Vec<BenchRoute> {
    let mut random = RandomSeed(7);
    let mut person = || {
        let at = random.below(generated.people.len() as u64) as usize;
        (at as u32, generated.people[at].home_person())
    };
    let people: Vec<_> = (0..REQUESTS).map(|_| person()).collect();
    let leaf_of = |number: u32| {
        let leaves = generated.communities.iter().filter(|one| one.is_leaf());
        let mut of = leaves.filter(|one| one.members.binary_search(&number).is_ok());
        of.next().map(|one| one.id)
    };
    let with_leaf = people.iter().filter_map(|&(number, id)| Some((id, leaf_of(number)?)));
    let with_leaf: Vec<_> = with_leaf.collect();
    let each = |request: &dyn Fn(usize) -> String| (0..REQUESTS).map(request).collect();
    let of_person = |path: &str| each(&|at| format!("/v1/people/{}{path}", people[at].1));
    let leaf = |at: usize| with_leaf[at % with_leaf.len()];
    vec![
        BenchRoute { name: "/v1/status", requests: vec!["/v1/status".to_owned()] },
        BenchRoute { name: "/v1/people/{id}", requests: of_person("") },
        BenchRoute { name: "/v1/people/{id}/ranks", requests: of_person("/ranks") },
        BenchRoute {
            name: "/v1/people/{id}/evidence",
            requests: each(&|at| {
                let (person, community) = leaf(at);
                format!("/v1/people/{person}/evidence?community={community}")
            }),
        },
        BenchRoute { name: "/v1/communities", requests: vec!["/v1/communities".to_owned()] },
        BenchRoute {
            name: "/v1/communities/{id}/people",
            requests: each(&|at| format!("/v1/communities/{}/people", leaf(at).1)),
        },
        BenchRoute {
            name: "/v1/search",
            requests: each(&|at| {
                let (one, other) = (40 + at as u64 * 7, 90 + at as u64 * 11);
                format!("/v1/search?q={}+{}", word(one), word(other))
            }),
        },
        BenchRoute { name: "/v1/changes", requests: vec!["/v1/changes?limit=100".to_owned()] },
    ]
}

/// What each request of a route sends to the server, once everything is prepared.
async fn sent_statements(
    home: &BorgHome,
    client: &ApiClient,
    route: &BenchRoute,
) -> Result<Vec<Vec<SentStatement>>> {
    let mut sent = Vec::new();
    for path in &route.requests {
        let text = client.get(path).await?;
        ensure!(text.get("code").is_none(), "{path}: {text}");
        let mut log = LogReader::at_end(home.server_log().context("the server is private")?)?;
        client.fetch(path).await?;
        sent.push(log.take()?);
    }
    Ok(sent)
}

async fn measure(
    home: &BorgHome,
    client: &ApiClient,
    route: &BenchRoute,
    peer: Option<&PgbenchPeer<'_>>,
    bench: ApiBenchArgs,
) -> Result<RouteFigures> {
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    cost(home, client, route, Duration::from_millis(300)).await?;
    for _ in 0..TURNS {
        own.push(cost(home, client, route, Duration::from_secs(bench.seconds.into())).await?);
        bare.extend(peer.map(|peer| peer.cost(bench.seconds)).transpose()?);
    }
    let per_cpu_second = |costs: Vec<RequestCost>| {
        median(costs.into_iter().map(RequestCost::per_cpu_second).collect())
    };
    let own = per_cpu_second(own);
    let rate = own * LOAD;
    let latency = latency(client, route, rate, bench.seconds).await?;
    let bare = match peer {
        Some(peer) => Some(BareFigures {
            per_cpu_second: per_cpu_second(bare),
            latency: peer.latency(rate, bench.seconds)?,
        }),
        None => None,
    };
    let statements = peer.map(PgbenchPeer::statements);
    Ok(RouteFigures { name: route.name, statements, per_cpu_second: own, latency, bare })
}

/// Requests one after another.
async fn cost(
    home: &BorgHome,
    client: &ApiClient,
    route: &BenchRoute,
    time: Duration,
) -> Result<RequestCost> {
    let (meter, server, began) = (CostMeter::start(), home.server_cpu_seconds(), Instant::now());
    let mut answers = 0;
    for path in route.requests.iter().cycle() {
        client.fetch(path).await?;
        answers += 1;
        if began.elapsed() >= time {
            break;
        }
    }
    let cpu_seconds = meter.used().cpu_seconds + home.server_cpu_seconds() - server;
    Ok(RequestCost { answers, cpu_seconds })
}

/// Requests at a rate, with exponential pauses, as pgbench makes them.
async fn latency(
    client: &ApiClient,
    route: &BenchRoute,
    rate: f64,
    seconds: u32,
) -> Result<LatencyFigures> {
    let (mut random, began) = (PAUSES, Instant::now());
    let mut due = Duration::ZERO;
    let mut ms = Vec::new();
    for path in route.requests.iter().cycle() {
        due += Duration::from_secs_f64(-(1.0 - random.unit()).ln() / rate);
        if due > Duration::from_secs(seconds.into()) {
            break;
        }
        // The timer of the runtime counts in milliseconds.
        if let Some(pause) = due.checked_sub(began.elapsed()) {
            thread::sleep(pause);
        }
        client.fetch(path).await?;
        ms.push((began.elapsed() - due).as_secs_f64() * 1_000.0);
    }
    Ok(LatencyFigures::of(ms))
}

impl RouteFigures {
    fn share(&self) -> Option<f64> {
        self.bare.map(|bare| self.per_cpu_second / bare.per_cpu_second)
    }

    fn report(&self) -> RouteReport {
        let &RouteFigures { name, statements, per_cpu_second, latency, bare } = self;
        RouteReport {
            name,
            requests_per_cpu_second: per_cpu_second.round(),
            p50_ms: rounded(latency.p50_ms, 3),
            p99_ms: rounded(latency.p99_ms, 3),
            bare_requests_per_cpu_second: bare.map(|bare| bare.per_cpu_second.round()),
            share_of_bare: self.share().map(|share| rounded(share, 3)),
            bare_p50_ms: bare.map(|bare| rounded(bare.latency.p50_ms, 3)),
            bare_p99_ms: bare.map(|bare| rounded(bare.latency.p99_ms, 3)),
            statements,
        }
    }
}
