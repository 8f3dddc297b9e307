//! `borg bench frontier`: what a tick reads of a much larger frontier.

use anyhow::Result;
use model::port::Clock;
use model::{Platform, ProfileId};
use serde::Serialize;
use store::StoreError;
use store::pg::frontier::{self, ReservationRequest};
use store::pg::host::{self, HostId};
use store::pg::measure;

use super::{median, rounded};
use crate::cli::FrontierBenchArgs;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport};

/// Hosts created, and rows entered, by one statement.
const HOSTS_AT_ONCE: usize = 1_000;
const ROWS_AT_ONCE: u64 = 100_000;

/// How long reservations last, in seconds.
const RESERVATION_SECONDS: u32 = 3_600;

/// The most hosts that are read, and that a reservation has.
const HOSTS_MAX: u32 = 1_000;

/// The costs of what a tick reads.
#[derive(Debug, Serialize)]
pub(super) struct FrontierReport {
    rows: u64,
    hosts: usize,
    due_hosts_1000: QueryFigures,
    claim_1_host_1000: QueryFigures,
    claim_1000_hosts_10: QueryFigures,
}

impl CommandReport for FrontierReport {}

#[derive(Debug, Serialize)]
struct QueryFigures {
    returned: usize,
    milliseconds: f64,
    buffers: f64,
}

/// What one kind of query cost, over the rounds.
#[derive(Default)]
struct QueryCosts {
    returned: usize,
    milliseconds: Vec<f64>,
    buffers: Vec<f64>,
}

/// Loads a frontier, a tenth of it on the first host and a fifth of each host due, and measures the
/// queries of a tick, in turns.
pub(super) async fn frontier(
    config: &Config,
    args: &FrontierBenchArgs,
    output: CommandOutput,
) -> Result<FrontierReport> {
    let home = BorgHome::fresh(config, "bench").await?;
    let hosts = load(&home, args, output).await?;
    let (mut due, mut one, mut many) =
        (QueryCosts::default(), QueryCosts::default(), QueryCosts::default());
    let one_host = [ReservationRequest::new(hosts[0], 1_000)];
    let many_hosts: Vec<_> = hosts
        .iter()
        .take(HOSTS_MAX as usize)
        .map(|&host| ReservationRequest::new(host, 10))
        .collect();
    for _ in 0..args.rounds {
        due.add(&home, frontier::due_hosts(&home.pg, home.clock.now(), HOSTS_MAX)).await?;
        one.add(&home, reserve(&home, &one_host)).await?;
        many.add(&home, reserve(&home, &many_hosts)).await?;
    }
    Ok(FrontierReport {
        rows: args.rows,
        hosts: hosts.len(),
        due_hosts_1000: due.figures(),
        claim_1_host_1000: one.figures(),
        claim_1000_hosts_10: many.figures(),
    })
}

async fn load(
    home: &BorgHome,
    args: &FrontierBenchArgs,
    output: CommandOutput,
) -> Result<Vec<HostId>> {
    let FrontierBenchArgs { rows, hosts, .. } = *args;
    let names: Vec<String> = (0..hosts).map(|number| format!("host{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ids = Vec::with_capacity(names.len());
    for chunk in names.chunks(HOSTS_AT_ONCE) {
        ids.extend(host::ids(&home.pg, Platform::FEDIVERSE, chunk).await?);
    }
    let (now, bar) = (home.clock.now(), output.progress("rows", rows));
    for first in (0..rows).step_by(ROWS_AT_ONCE as usize) {
        let range = first + 1..first.saturating_add(ROWS_AT_ONCE).min(rows) + 1;
        measure::fill_frontier(&home.pg, Platform::FEDIVERSE, &ids, range, now).await?;
        bar.inc(ROWS_AT_ONCE);
    }
    bar.finish_and_clear();
    measure::settle(&home.pg).await?;
    Ok(ids)
}

async fn reserve(
    home: &BorgHome,
    requests: &[ReservationRequest],
) -> Result<Vec<ProfileId>, StoreError> {
    let now = home.clock.now();
    let reserved = frontier::reserve(&home.pg, requests, now, RESERVATION_SECONDS).await?;
    Ok(reserved.into_iter().flat_map(|of_host| of_host.profiles).collect())
}

impl QueryCosts {
    async fn add<T>(
        &mut self,
        home: &BorgHome,
        query: impl Future<Output = Result<Vec<T>, StoreError>>,
    ) -> Result<()> {
        let (before, meter) = (measure::buffers(&home.pg).await?, CostMeter::start());
        self.returned = query.await?.len();
        self.milliseconds.push(meter.used().seconds * 1e3);
        self.buffers.push((measure::buffers(&home.pg).await? - before) as f64);
        Ok(())
    }

    fn figures(self) -> QueryFigures {
        QueryFigures {
            returned: self.returned,
            milliseconds: rounded(median(self.milliseconds), 1),
            buffers: median(self.buffers),
        }
    }
}
