//! What requests to the API cost, and how long they take.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use graph::seed::RandomSeed;

use super::routes::BenchRoute;
use crate::api_client::ApiClient;
use crate::home::BorgHome;
use crate::measure::CostMeter;

/// What the pauses between requests are drawn from.
const PAUSES: RandomSeed = RandomSeed(9);
/// How often each request is made before anything is measured.
const WARM_UP_ROUNDS: usize = 10;
/// After this many answers the processor time is looked at.
const CHECKED_EVERY: u32 = 16;

/// Answers, or transactions, and the processor time that they took.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestCost {
    pub(super) answers: u32,
    /// Of the process that asks the server.
    pub(super) client_cpu_seconds: f64,
    /// Of the server's sessions.
    pub(super) session_cpu_seconds: f64,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct LatencyFigures {
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
}

impl RequestCost {
    pub(super) fn per_cpu_second(&self) -> f64 {
        let cpu_seconds = self.client_cpu_seconds + self.session_cpu_seconds;
        f64::from(self.answers) / cpu_seconds.max(0.001)
    }

    pub(super) fn client_seconds_each(&self) -> f64 {
        self.client_cpu_seconds / f64::from(self.answers.max(1))
    }
}

impl LatencyFigures {
    pub(super) fn of(mut ms: Vec<f64>) -> LatencyFigures {
        ms.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let last = ms.len().saturating_sub(1);
            ms.get(last * share / 100).copied().unwrap_or(f64::NAN)
        };
        LatencyFigures { p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) }
    }
}

/// Makes each request a few times.
pub(super) async fn warm_up(client: &ApiClient, route: &BenchRoute) -> Result<()> {
    for path in route.requests.iter().cycle().take(WARM_UP_ROUNDS * route.requests.len()) {
        client.fetch(path).await?;
    }
    Ok(())
}

/// Requests one after another, until this process took so much processor time: on a busy machine, wall
/// time says nothing of how much was measured.
pub(super) async fn of_requests(
    home: &BorgHome,
    client: &ApiClient,
    route: &BenchRoute,
    cpu_seconds: f64,
) -> Result<RequestCost> {
    let (server, meter) = (home.session_cpu_seconds(), CostMeter::start());
    let mut answers = 0;
    for path in route.requests.iter().cycle() {
        client.fetch(path).await?;
        answers += 1;
        if answers % CHECKED_EVERY == 0 && meter.used_cpu_seconds() >= cpu_seconds {
            break;
        }
    }
    let client_cpu_seconds = meter.used_cpu_seconds();
    let session_cpu_seconds = home.session_cpu_seconds() - server;
    Ok(RequestCost { answers, client_cpu_seconds, session_cpu_seconds })
}

/// Requests at a rate, with exponential pauses, as pgbench makes them.
pub(super) async fn latency(
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
