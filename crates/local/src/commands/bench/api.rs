//! `borg bench api`: what an answer of each route costs, beside the request's own statements in
//! pgbench.
//!
//! The API runs as in its function: one thread, the connections of its pool, no network between.
//! Cost is processor time of this process and of the sessions of PostgreSQL; the peer's is that of
//! pgbench and of the sessions of PostgreSQL, with the same statements, values and session settings.
//! What the server does besides is not counted, and autovacuum is off. Both have prepared everything
//! before, answer the same number of requests in turns, and the median counts. Latencies are taken at one rate for both, with
//! random pauses, from the moment when a request is due.

mod cost;
mod generated;
mod generated_community;
mod generated_rows;
mod peer;
mod routes;
mod statements;

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use store::Pg;
use store::pg::measure;

use self::cost::{LatencyFigures, RequestCost};
use self::generated::generate;
use self::peer::PgbenchPeer;
use self::routes::{BenchRoute, GeneratedRequests};
use self::statements::{LOGGED, LogReader, SentStatement};
use super::{median, rounded};
use crate::api_client::ApiClient;
use crate::cli::ApiBenchArgs;
use crate::config::Config;
use crate::home::BorgHome;
use crate::output::{CommandOutput, CommandReport};

/// The home of the generated run.
const HOME: &str = "bench-api";
/// Turns of the API and its peer.
const TURNS: u32 = 3;
/// At this share of what one thread can answer, latencies are measured.
const LOAD: f64 = 0.3;

/// The figures of all routes.
#[derive(Debug, Serialize)]
pub(super) struct ApiReport {
    profiles: u32,
    /// Null if the run was there.
    generated_seconds: Option<f64>,
    routes: Vec<RouteReport>,
}

/// The figures of one route; those of pgbench are null where there is none.
#[derive(Debug, Serialize)]
struct RouteReport {
    name: String,
    requests_per_cpu_second: f64,
    /// The part of the processor time that this process takes, without PostgreSQL.
    own_cpu_us: f64,
    p50_ms: f64,
    p95_ms: f64,
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

/// What was measured of one route.
struct RouteFigures {
    name: String,
    statements: Option<usize>,
    per_cpu_second: f64,
    own_cpu_seconds: f64,
    latency: LatencyFigures,
    bare: Option<BareFigures>,
}

/// What was measured of the peer.
#[derive(Debug, Clone, Copy)]
struct BareFigures {
    per_cpu_second: f64,
    latency: LatencyFigures,
}

/// Generates a run, or takes the one of the last call, and measures each route.
pub(super) async fn api(
    config: &Config,
    bench: ApiBenchArgs,
    output: CommandOutput,
) -> Result<ApiReport> {
    let began = Instant::now();
    let (home, requests) = match bench.again {
        true => {
            let home = BorgHome::kept(config, HOME).await?;
            let requests = GeneratedRequests::read(&home.folder)?;
            (home, requests)
        }
        false => {
            let home = BorgHome::fresh(config, HOME).await?;
            let requests = GeneratedRequests::of(&generate(&home, bench.profiles, output).await?);
            requests.write(&home.folder)?;
            (home, requests)
        }
    };
    let generated_seconds = (!bench.again).then(|| rounded(began.elapsed().as_secs_f64(), 1));
    measure::settle_for_good(&home.pg).await?;
    let (home, requests) = (Arc::new(home), Arc::new(requests));
    let measured = thread::spawn({
        let (home, requests) = (Arc::clone(&home), Arc::clone(&requests));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(measure_all(&home, &requests, bench, output))
        }
    });
    let measured =
        measured.join().map_err(|_| anyhow::anyhow!("the measuring thread panicked"))??;
    Ok(ApiReport {
        profiles: requests.profiles,
        generated_seconds,
        routes: measured.iter().map(RouteFigures::report).collect(),
    })
}

/// A client whose answers cost nothing, one whose answers are charged, and one of an API that keeps no person rows.
struct BenchClients {
    free: ApiClient,
    charged: ApiClient,
    cold: ApiClient,
}

impl BenchClients {
    /// Clients of APIs over connections with these settings.
    async fn new(home: &BorgHome, settings: &str) -> Result<BenchClients> {
        let free = ApiClient::over(home, home.answering(settings).await?).await?;
        let charged = ApiClient::charged(home, home.answering(settings).await?).await?;
        let cold = ApiClient::without_row_cache(home, home.answering(settings).await?).await?;
        Ok(BenchClients { free, charged, cold })
    }

    fn of(&self, route: &BenchRoute) -> &ApiClient {
        match route {
            BenchRoute { is_charged: true, .. } => &self.charged,
            BenchRoute { is_cold: true, .. } => &self.cold,
            _ => &self.free,
        }
    }
}

async fn measure_all(
    home: &BorgHome,
    requests: &GeneratedRequests,
    bench: ApiBenchArgs,
    output: CommandOutput,
) -> Result<Vec<RouteFigures>> {
    let has_peer = peer::pgbench(home).is_some();
    if !has_peer {
        eprintln!("borg: there is no pgbench beside the server: only the API is measured");
    }
    let logged = BenchClients::new(home, LOGGED).await?;
    let clients = BenchClients::new(home, "").await?;
    let mut measured = Vec::new();
    let progress = output.progress("routes", requests.routes.len() as u64);
    for route in &requests.routes {
        let sent = sent_statements(home, logged.of(route), route).await?;
        let peer = PgbenchPeer::new(home, &sent, &Pg::answer_options())?;
        measured
            .push(measure(home, clients.of(route), route, has_peer.then_some(&peer), bench).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(measured)
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
    cost::warm_up(client, route).await?;
    for _ in 0..TURNS {
        let cost = cost::of_requests(home, client, route, f64::from(bench.seconds) / 2.0).await?;
        bare.extend(peer.map(|peer| peer.cost(cost.answers)).transpose()?);
        own.push(cost);
    }
    let per_cpu_second =
        |costs: &[RequestCost]| median(costs.iter().map(|cost| cost.per_cpu_second()).collect());
    let rate = per_cpu_second(&own) * LOAD;
    let latency = cost::latency(client, route, rate, bench.seconds).await?;
    let bare = match peer {
        Some(peer) => Some(BareFigures {
            per_cpu_second: per_cpu_second(&bare),
            latency: peer.latency(rate, bench.seconds)?,
        }),
        None => None,
    };
    Ok(RouteFigures {
        name: route.name.clone(),
        statements: peer.map(PgbenchPeer::statements),
        per_cpu_second: per_cpu_second(&own),
        own_cpu_seconds: median(own.iter().map(RequestCost::client_seconds_each).collect()),
        latency,
        bare,
    })
}

impl RouteFigures {
    fn share(&self) -> Option<f64> {
        self.bare.map(|bare| self.per_cpu_second / bare.per_cpu_second)
    }

    fn report(&self) -> RouteReport {
        let &RouteFigures { statements, per_cpu_second, own_cpu_seconds, latency, bare, .. } = self;
        RouteReport {
            name: self.name.clone(),
            requests_per_cpu_second: per_cpu_second.round(),
            own_cpu_us: rounded(own_cpu_seconds * 1e6, 1),
            p50_ms: rounded(latency.p50_ms, 3),
            p95_ms: rounded(latency.p95_ms, 3),
            p99_ms: rounded(latency.p99_ms, 3),
            bare_requests_per_cpu_second: bare.map(|bare| bare.per_cpu_second.round()),
            share_of_bare: self.share().map(|share| rounded(share, 3)),
            bare_p50_ms: bare.map(|bare| rounded(bare.latency.p50_ms, 3)),
            bare_p99_ms: bare.map(|bare| rounded(bare.latency.p99_ms, 3)),
            statements,
        }
    }
}
