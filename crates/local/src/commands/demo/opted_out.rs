//! Searches everywhere for people who opted out: every list that the API serves, every way to
//! request one of them by name, and every export.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, bail, ensure};
use futures::stream::{self, StreamExt};
use sample::SampleWorld;
use sample::world::AccountState;
use serde_json::Value;

use crate::api_client::ApiClient;
use crate::cli::{ExportArgs, ExportDataset};
use crate::commands::export::export;
use crate::home::BorgHome;

/// Lists read at the same time.
const LISTS_AT_ONCE: usize = 4;

/// How many people who opted out are found anywhere.
pub(super) async fn opted_out_served(home: &BorgHome, world: &SampleWorld) -> Result<usize> {
    let opted_out: Vec<_> =
        world.accounts().iter().filter(|account| account.state == AccountState::OptedOut).collect();
    let names = opted_out
        .iter()
        .flat_map(|account| [account.native_id.as_str(), account.handle.as_str()])
        .collect();
    let client = ApiClient::new(home, "walker").await?;
    let search = NameSearch { client, names };
    let mut found = search.lists().await?;
    for account in &opted_out {
        let (platform, handle) = (account.platform, encoded(&account.handle));
        for path in [
            format!("/v1/people:resolve?account={platform}:{handle}"),
            format!("/v1/people:resolve?account={platform}:{}", encoded(&account.native_id)),
            format!("/v1/search?q={handle}"),
        ] {
            let answer = search.client.get(&path).await?;
            // A problem repeats the request's parameters; only data would serve the person.
            search.collect(&answer["data"], &mut found);
        }
    }
    search.exports(home, &mut found).await?;
    Ok(found.len())
}

/// A search for some names in everything that a client can read.
struct NameSearch<'a> {
    client: ApiClient,
    names: HashSet<&'a str>,
}

/// A whole list.
struct PagedList {
    rows: Vec<Value>,
    /// The names in it.
    found: BTreeSet<String>,
}

impl NameSearch<'_> {
    /// Every community of every level, and its people; and the change log. The orders of a
    /// community's people are orders of one stored list, so one is read whole.
    async fn lists(&self) -> Result<BTreeSet<String>> {
        let PagedList { rows, mut found } =
            self.pages("/v1/communities?limit=1000".to_owned()).await?;
        ensure!(!rows.is_empty(), "the API serves no community");
        let mut lists = vec!["/v1/changes?limit=1000".to_owned()];
        for community in &rows {
            let id = community["id"].as_str().context("a community has an id")?;
            lists.push(format!("/v1/communities/{id}/people?limit=1000"));
            let first = format!("/v1/communities/{id}/people?sort=insider&limit=50");
            self.collect(&self.client.get(&first).await?, &mut found);
        }
        let mut reading = stream::iter(lists.into_iter().map(|list| self.pages(list)))
            .buffer_unordered(LISTS_AT_ONCE);
        while let Some(list) = reading.next().await {
            found.extend(list?.found);
        }
        Ok(found)
    }

    /// All pages of a list.
    async fn pages(&self, path: String) -> Result<PagedList> {
        let mut list = PagedList { rows: Vec::new(), found: BTreeSet::new() };
        let mut next = path.clone();
        loop {
            let mut answer = self.client.get(&next).await?;
            self.collect(&answer, &mut list.found);
            let Some(data) = answer["data"].as_array_mut() else { bail!("{next}: {answer}") };
            let is_empty = data.is_empty();
            list.rows.append(data);
            match answer["next_cursor"].as_str().filter(|_| !is_empty) {
                Some(cursor) => next = format!("{path}&cursor={}", encoded(cursor)),
                None => return Ok(list),
            }
        }
    }

    /// Exports with names in them.
    async fn exports(&self, home: &BorgHome, found: &mut BTreeSet<String>) -> Result<()> {
        let folder = home.folder.join("walk");
        std::fs::create_dir_all(&folder)?;
        for dataset in [
            ExportDataset::Profiles,
            ExportDataset::Ranks,
            ExportDataset::Communities,
            ExportDataset::Arcs,
        ] {
            let out = folder.join(format!("{dataset:?}.ndjson"));
            let by = "global".to_owned();
            let args = ExportArgs { dataset, out, level: None, overlap: false, by };
            export(home, &args).await?;
            for line in std::fs::read_to_string(&args.out)?.lines() {
                self.collect(&serde_json::from_str(line)?, found);
            }
        }
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }

    /// Adds each string of a value that is one of the names, with or without a platform in front.
    fn collect(&self, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => {
                let bare = text.split_once(':').map_or(text.as_str(), |(_, bare)| bare);
                if self.names.contains(text.as_str()) || self.names.contains(bare) {
                    found.insert(text.clone());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, found)),
            Value::Object(fields) => fields.values().for_each(|item| self.collect(item, found)),
            _ => {}
        }
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
