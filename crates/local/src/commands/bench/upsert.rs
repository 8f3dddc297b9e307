//! `borg bench upsert`: what the record takes in, and what a repeat costs.

use anyhow::Result;
use graph::seed::RandomSeed;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock;
use model::{Adjacency, AdjacencyEntry, Layer, Platform, ProfileId};
use serde_json::{Value, json};
use store::pg::adjacency::{self, ImportMode};
use store::pg::{ident, measure, profile};

use super::rounded;
use crate::config::Config;
use crate::home::Home;
use crate::measure::Meter;
use crate::output::Output;

/// What names, words and lists are drawn from.
const SEED: u64 = 1;

/// Profiles or lists in one call.
const CHUNK: usize = 1_000;

/// Words of a bio.
const WORDS: u64 = 12;

/// Arcs of a list, before repeats are merged.
const LIST: u64 = 40;

/// What one pass over all rows cost.
struct Pass {
    /// Rows for each second of the clock, and of the processor, PostgreSQL's included.
    per_second: f64,
    per_cpu_second: f64,
    wal_bytes_per_row: f64,
}

/// Writes profiles and lists three times: new, unchanged, a tenth changed.
pub(super) async fn upsert(config: &Config, profiles: u32, output: Output) -> Result<Value> {
    let home = Home::fresh(config, "bench").await?;
    let spinner = output.spinner("writing");
    let mut people: Vec<SeenProfile> = (0..profiles).map(|number| person(number, 0)).collect();
    let new = write_profiles(&home, &people).await?;
    let same = write_profiles(&home, &people).await?;
    for (number, one) in people.iter_mut().enumerate().step_by(10) {
        *one = person(number as u32, 1);
    }
    let tenth = write_profiles(&home, &people).await?;
    let disk = measure::table_bytes(&home.pg, "profile").await?;
    let lists = lists(&home, &people).await?;
    let arcs: u64 = lists.iter().map(|(_, list)| list.entries().len() as u64).sum();
    let lists_new = write_lists(&home, &lists).await?;
    let lists_same = write_lists(&home, &lists).await?;
    let lists_disk = measure::table_bytes(&home.pg, "adjacency").await?;
    spinner.finish_and_clear();
    let told = |name: &str, pass: &Pass| {
        [("per_second", pass.per_second), ("per_cpu_second", pass.per_cpu_second)]
            .map(|(unit, value)| (format!("{name}_{unit}"), json!(value.round())))
            .into_iter()
            .chain([(format!("{name}_wal_bytes"), json!(rounded(pass.wal_bytes_per_row, 1)))])
            .collect::<Vec<_>>()
    };
    let mut answer = json!({
        "profiles": profiles,
        "arcs": arcs,
        "disk_bytes_per_profile": rounded(disk as f64 / f64::from(profiles), 1),
        "disk_bytes_per_arc": rounded(lists_disk as f64 / arcs.max(1) as f64, 2),
        "arcs_new_per_cpu_second":
            (lists_new.per_cpu_second * arcs as f64 / f64::from(profiles)).round(),
    });
    let passes = [
        ("profiles_new", new),
        ("profiles_unchanged", same),
        ("profiles_tenth_changed", tenth),
        ("lists_new", lists_new),
        ("lists_unchanged", lists_same),
    ];
    for (field, value) in passes.iter().flat_map(|(name, pass)| told(name, pass)) {
        answer[field] = value;
    }
    Ok(answer)
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
        display_name: Some(format!("Person {number}")),
        bio: Some(bio.join(" ")),
        followers: Some(random.below(10_000) as u32),
        ..SeenProfile::default()
    }
}

async fn write_profiles(home: &Home, people: &[SeenProfile]) -> Result<Pass> {
    let write = async {
        for chunk in people.chunks(CHUNK) {
            profile::import(&home.pg, Platform::FILE, chunk, home.clock.now()).await?;
        }
        Ok(())
    };
    pass(home, people.len(), write).await
}

/// A list for each profile: half of it nearby, half anywhere.
async fn lists(home: &Home, people: &[SeenProfile]) -> Result<Vec<(ProfileId, Adjacency)>> {
    let mut ids = Vec::with_capacity(people.len());
    for chunk in people.chunks(CHUNK) {
        let names: Vec<NamedProfile> = chunk.iter().map(|one| one.named.clone()).collect();
        ids.extend(ident::resolve(&home.pg, Platform::FILE, &names).await?);
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

async fn write_lists(home: &Home, lists: &[(ProfileId, Adjacency)]) -> Result<Pass> {
    let write = async {
        for chunk in lists.chunks(CHUNK) {
            let (mode, now) = (ImportMode::Replace, home.clock.now());
            adjacency::import(&home.pg, Layer::Follow, chunk, mode, now).await?;
        }
        Ok(())
    };
    pass(home, lists.len(), write).await
}

async fn pass(home: &Home, rows: usize, write: impl Future<Output = Result<()>>) -> Result<Pass> {
    let (wal, server) = (measure::wal_bytes(&home.pg).await?, home.server_cpu_seconds());
    let meter = Meter::start();
    write.await?;
    let used = meter.used();
    let cpu_seconds = used.cpu_seconds + home.server_cpu_seconds() - server;
    let wal = measure::wal_bytes(&home.pg).await? - wal;
    let rows = rows as f64;
    Ok(Pass {
        per_second: rows / used.seconds.max(0.001),
        per_cpu_second: rows / cpu_seconds.max(0.01),
        wal_bytes_per_row: wal as f64 / rows,
    })
}
