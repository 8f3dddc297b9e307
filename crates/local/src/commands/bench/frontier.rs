//! `borg bench frontier`: what a tick reads of a frontier far larger than it.

use anyhow::Result;
use model::Platform;
use model::port::Clock;
use serde_json::{Value, json};
use store::pg::frontier;
use store::pg::host::{self, HostId};
use store::pg::measure;

use super::{median, rounded};
use crate::config::Config;
use crate::home::Home;
use crate::measure::Meter;
use crate::output::Output;

/// Hosts minted, and rows entered, by one statement.
const HOSTS_AT_ONCE: usize = 1_000;
const ROWS_AT_ONCE: u64 = 100_000;

/// How long claims last, in seconds.
const LEASE_SECONDS: u32 = 3_600;

/// The most hosts of a look, and of a claim.
const LOOK: u32 = 1_000;

/// What one kind of call cost, over the rounds.
#[derive(Default)]
struct Costs {
    returned: usize,
    milliseconds: Vec<f64>,
    buffers: Vec<f64>,
}

/// Loads a frontier of so many rows over so many hosts, of which the first has a tenth and a fifth of
/// each is due, and asks it what a tick asks, in turns.
pub(super) async fn frontier(
    config: &Config,
    (rows, hosts): (u64, u32),
    rounds: u32,
    output: Output,
) -> Result<Value> {
    let home = Home::fresh(config, "bench").await?;
    let hosts = load(&home, rows, hosts, output).await?;
    let (mut due, mut one, mut many) = (Costs::default(), Costs::default(), Costs::default());
    let one_host = [(hosts[0], 1_000)];
    let many_hosts: Vec<_> = hosts.iter().take(LOOK as usize).map(|&host| (host, 10)).collect();
    for _ in 0..rounds {
        due.add(&home, frontier::due_hosts(&home.pg, home.clock.now(), LOOK)).await?;
        one.add(&home, claimed(&home, &one_host)).await?;
        many.add(&home, claimed(&home, &many_hosts)).await?;
    }
    Ok(json!({
        "rows": rows,
        "hosts": hosts.len(),
        "due_hosts_1000": due.told(),
        "claim_1_host_1000": one.told(),
        "claim_1000_hosts_10": many.told(),
    }))
}

async fn load(home: &Home, rows: u64, hosts: u32, output: Output) -> Result<Vec<HostId>> {
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

async fn claimed(
    home: &Home,
    wants: &[(HostId, u32)],
) -> Result<Vec<model::ProfileId>, store::StoreError> {
    let claims = frontier::claim(&home.pg, wants, home.clock.now(), LEASE_SECONDS).await?;
    Ok(claims.into_iter().flat_map(|claim| claim.profiles).collect())
}

impl Costs {
    async fn add<T>(
        &mut self,
        home: &Home,
        call: impl Future<Output = Result<Vec<T>, store::StoreError>>,
    ) -> Result<()> {
        let (before, meter) = (measure::buffers(&home.pg).await?, Meter::start());
        self.returned = call.await?.len();
        self.milliseconds.push(meter.used().seconds * 1e3);
        self.buffers.push((measure::buffers(&home.pg).await? - before) as f64);
        Ok(())
    }

    fn told(self) -> Value {
        json!({
            "returned": self.returned,
            "milliseconds": rounded(median(self.milliseconds), 1),
            "buffers": median(self.buffers),
        })
    }
}
