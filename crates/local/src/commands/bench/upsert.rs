//! `borg bench upsert`: what writing rows into the database costs, and what a repeat costs.

use std::collections::BTreeMap;

use anyhow::Result;
use graph::seed::RandomSeed;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock;
use model::profile_text::ProfileTexts;
use model::{Adjacency, AdjacencyEntry, Layer, Platform, ProfileId};
use serde::Serialize;
use store::pg::adjacency::{self, ImportMode};
use store::pg::{account_key, measure, profile};

use super::rounded;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport};

/// The seed of names, bios and adjacencies.
const SEED: u64 = 1;

/// Profiles or adjacencies in one call.
const CHUNK: usize = 1_000;

/// Words of a bio.
const WORDS: u64 = 12;

/// Arcs of an adjacency, before repeats are merged.
const LIST: u64 = 40;

/// What each pass cost.
#[derive(Debug, Serialize)]
pub(super) struct UpsertReport {
    profiles: u32,
    arcs: u64,
    disk_bytes_per_profile: f64,
    disk_bytes_per_arc: f64,
    arcs_new_per_cpu_second: f64,
    /// `profiles_new_per_second` and so on.
    #[serde(flatten)]
    passes: BTreeMap<String, f64>,
}

impl CommandReport for UpsertReport {}

/// What one pass over all rows cost.
struct PassCosts {
    /// Rows a second of wall time, and of processor time, PostgreSQL's included.
    per_second: f64,
    per_cpu_second: f64,
    wal_bytes_per_row: f64,
}

impl PassCosts {
    fn figures(&self, name: &str) -> [(String, f64); 3] {
        [
            (format!("{name}_per_second"), self.per_second.round()),
            (format!("{name}_per_cpu_second"), self.per_cpu_second.round()),
            (format!("{name}_wal_bytes"), rounded(self.wal_bytes_per_row, 1)),
        ]
    }
}

/// Writes profiles and adjacencies several times: new, unchanged, a tenth changed.
pub(super) async fn upsert(
    config: &Config,
    profiles: u32,
    output: CommandOutput,
) -> Result<UpsertReport> {
    let home = BorgHome::fresh(config, "bench").await?;
    let spinner = output.spinner("writing");
    let mut people: Vec<SeenProfile> = (0..profiles).map(|number| person(number, 0)).collect();
    let new = write_profiles(&home, &people).await?;
    let same = write_profiles(&home, &people).await?;
    for (number, changed) in people.iter_mut().enumerate().step_by(10) {
        *changed = person(number as u32, 1);
    }
    let tenth = write_profiles(&home, &people).await?;
    let disk = measure::table_bytes(&home.pg, "profile").await?;
    let lists = lists(&home, &people).await?;
    let arcs: u64 = lists.iter().map(|(_, list)| list.entries().len() as u64).sum();
    let lists_new = write_lists(&home, &lists).await?;
    let lists_same = write_lists(&home, &lists).await?;
    let lists_disk = measure::table_bytes(&home.pg, "adjacency").await?;
    spinner.finish_and_clear();
    let arcs_new = lists_new.per_cpu_second * arcs as f64 / f64::from(profiles);
    let passes = [
        new.figures("profiles_new"),
        same.figures("profiles_unchanged"),
        tenth.figures("profiles_tenth_changed"),
        lists_new.figures("lists_new"),
        lists_same.figures("lists_unchanged"),
    ];
    Ok(UpsertReport {
        profiles,
        arcs,
        disk_bytes_per_profile: rounded(disk as f64 / f64::from(profiles), 1),
        disk_bytes_per_arc: rounded(lists_disk as f64 / arcs.max(1) as f64, 2),
        arcs_new_per_cpu_second: arcs_new.round(),
        passes: passes.into_iter().flatten().collect(),
    })
}

fn person(number: u32, version: u64) -> SeenProfile {
    let mut random = RandomSeed(SEED).fork(u64::from(number)).fork(version);
    let word = |random: &mut RandomSeed| format!("word{}", random.below(5_000));
    let bio: Vec<String> = (0..WORDS).map(|_| word(&mut random)).collect();
    SeenProfile {
        named: NamedProfile {
            native_id: format!("bench:{number:010}"),
            handle: Some(format!("person{number}.example.org")),
            host: None,
        },
        texts: ProfileTexts {
            display_name: Some(format!("Person {number}")),
            bio: Some(bio.join(" ")),
            ..ProfileTexts::default()
        },
        followers: Some(random.below(10_000) as u32),
        ..SeenProfile::default()
    }
}

async fn write_profiles(home: &BorgHome, people: &[SeenProfile]) -> Result<PassCosts> {
    let write = async {
        for chunk in people.chunks(CHUNK) {
            profile::import(&home.pg, Platform::FILE, chunk, home.clock.now()).await?;
        }
        Ok(())
    };
    pass(home, people.len(), write).await
}

/// An adjacency for each profile: half of its arcs within the profile's chunk, half anywhere.
async fn lists(home: &BorgHome, people: &[SeenProfile]) -> Result<Vec<(ProfileId, Adjacency)>> {
    let mut ids = Vec::with_capacity(people.len());
    for chunk in people.chunks(CHUNK) {
        let names: Vec<NamedProfile> = chunk.iter().map(|person| person.named.clone()).collect();
        ids.extend(account_key::resolve(&home.pg, Platform::FILE, &names).await?);
    }
    let list = |number: usize| {
        let mut random = RandomSeed(SEED).fork(number as u64);
        let nearby = number / CHUNK * CHUNK;
        let mut other = || match random.below(2) {
            0 => (nearby + random.below(CHUNK as u64) as usize).min(ids.len() - 1),
            _ => random.below(ids.len() as u64) as usize,
        };
        let others: Vec<usize> = (0..LIST).map(|_| other()).filter(|&at| at != number).collect();
        (ids[number], others.into_iter().map(|at| AdjacencyEntry::plain(ids[at])).collect())
    };
    Ok((0..ids.len()).map(list).collect())
}

async fn write_lists(home: &BorgHome, lists: &[(ProfileId, Adjacency)]) -> Result<PassCosts> {
    let write = async {
        for chunk in lists.chunks(CHUNK) {
            let (mode, now) = (ImportMode::Replace, home.clock.now());
            adjacency::import(&home.pg, Layer::Follow, chunk, mode, now).await?;
        }
        Ok(())
    };
    pass(home, lists.len(), write).await
}

async fn pass(
    home: &BorgHome,
    rows: usize,
    write: impl Future<Output = Result<()>>,
) -> Result<PassCosts> {
    let (wal, server) = (measure::wal_bytes(&home.pg).await?, home.server_cpu_seconds());
    let meter = CostMeter::start();
    write.await?;
    let used = meter.used();
    let cpu_seconds = used.cpu_seconds + home.server_cpu_seconds() - server;
    let wal = measure::wal_bytes(&home.pg).await? - wal;
    let rows = rows as f64;
    Ok(PassCosts {
        per_second: rows / used.seconds.max(0.001),
        per_cpu_second: rows / cpu_seconds.max(0.01),
        wal_bytes_per_row: wal as f64 / rows,
    })
}
