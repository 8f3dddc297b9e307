//! Looks everywhere for people who opted out: every list that the API serves, every way to ask for
//! one of them by name, and every export.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, ensure};
use futures::stream::{self, StreamExt};
use sample::World;
use sample::world::State;
use serde_json::Value;

use crate::cli::{Dataset, ExportArgs};
use crate::commands::export::export;
use crate::home::Home;
use crate::server::Client;

/// Lists walked at the same time.
const LISTS_AT_ONCE: usize = 4;

/// How many people who opted out are found anywhere.
pub(super) async fn opted_out_served(home: &Home, world: &World) -> Result<usize> {
    let opted_out: Vec<_> =
        world.accounts().iter().filter(|account| account.state == State::OptedOut).collect();
    let names: HashSet<&str> = opted_out
        .iter()
        .flat_map(|account| [account.native_id.as_str(), account.handle.as_str()])
        .collect();
    let mut found = BTreeSet::new();
    let client = Client::new(home, "walker").await?;
    walk_lists(&client, &names, &mut found).await?;
    for account in &opted_out {
        let (platform, handle) = (account.platform, encoded(&account.handle));
        for path in [
            format!("/v1/people:resolve?account={platform}:{handle}"),
            format!("/v1/people:resolve?account={platform}:{}", encoded(&account.native_id)),
            format!("/v1/search?q={handle}"),
        ] {
            let answer = client.get(&path).await?;
            // A problem repeats what was asked for; only data would be serving it.
            collect(&answer["data"], &names, &mut found);
        }
    }
    walk_exports(home, &names, &mut found).await?;
    Ok(found.len())
}

/// Every community of every level, and everybody in them; and the change log. The orders of a
/// community's people are orders of one stored list, so one is walked whole.
async fn walk_lists(
    client: &Client,
    names: &HashSet<&str>,
    found: &mut BTreeSet<String>,
) -> Result<()> {
    let communities = pages(client, "/v1/communities?limit=1000".to_owned(), names).await?;
    ensure!(!communities.0.is_empty(), "the API serves no community");
    let mut lists = vec!["/v1/changes?limit=1000".to_owned()];
    for community in &communities.0 {
        let id = community["id"].as_str().context("a community has an id")?;
        lists.push(format!("/v1/communities/{id}/people?limit=1000"));
        let first = format!("/v1/communities/{id}/people?sort=insider&limit=50");
        collect(&client.get(&first).await?, names, found);
    }
    found.extend(communities.1);
    let mut walks = stream::iter(lists.into_iter().map(|list| pages(client, list, names)))
        .buffer_unordered(LISTS_AT_ONCE);
    while let Some(walked) = walks.next().await {
        found.extend(walked?.1);
    }
    Ok(())
}

/// All pages of a list: its rows, and the names found in them.
async fn pages(
    client: &Client,
    path: String,
    names: &HashSet<&str>,
) -> Result<(Vec<Value>, BTreeSet<String>)> {
    let (mut rows, mut found) = (Vec::new(), BTreeSet::new());
    let mut next = path.clone();
    loop {
        let mut answer = client.get(&next).await?;
        collect(&answer, names, &mut found);
        let Some(data) = answer["data"].as_array_mut() else { anyhow::bail!("{next}: {answer}") };
        let is_empty = data.is_empty();
        rows.append(data);
        match answer["next_cursor"].as_str().filter(|_| !is_empty) {
            Some(cursor) => next = format!("{path}&cursor={}", encoded(cursor)),
            None => return Ok((rows, found)),
        }
    }
}

/// Every dataset, to the end.
async fn walk_exports(
    home: &Home,
    names: &HashSet<&str>,
    found: &mut BTreeSet<String>,
) -> Result<()> {
    let folder = home.folder.join("walk");
    std::fs::create_dir_all(&folder)?;
    for dataset in [Dataset::Profiles, Dataset::Ranks, Dataset::Communities, Dataset::Arcs] {
        let out = folder.join(format!("{dataset:?}.ndjson"));
        let args = ExportArgs { dataset, out, level: None, overlap: false, by: "global".into() };
        export(home, &args).await?;
        for line in std::fs::read_to_string(&args.out)?.lines() {
            collect(&serde_json::from_str(line)?, names, found);
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Adds every string of a value that is one of the names, with or without a platform in front.
fn collect(value: &Value, names: &HashSet<&str>, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let bare = text.split_once(':').map_or(text.as_str(), |(_, bare)| bare);
            if names.contains(text.as_str()) || names.contains(bare) {
                found.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, found)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, names, found)),
        _ => {}
    }
}

/// Percent-encodes all but what is safe in a query.
pub(super) fn encoded(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
