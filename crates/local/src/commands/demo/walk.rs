//! Looks everywhere for people who opted out: every list that the API serves, every way to ask for
//! one of them by name, and every export.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, ensure};
use api_gateway::router;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use model::key::Realm;
use sample::World;
use sample::world::State;
use serde_json::Value;
use tower::ServiceExt;

use crate::cli::{Dataset, ExportArgs};
use crate::commands::export::export;
use crate::home::Home;
use crate::server;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The API as a client sees it.
struct Client {
    router: Router,
    key: String,
}

/// How many people who opted out are found anywhere.
pub(super) async fn opted_out_served(home: &Home, world: &World) -> Result<usize> {
    let opted_out: Vec<_> =
        world.accounts().iter().filter(|account| account.state == State::OptedOut).collect();
    let names: HashSet<&str> = opted_out
        .iter()
        .flat_map(|account| [account.native_id.as_str(), account.handle.as_str()])
        .collect();
    let mut found = BTreeSet::new();
    let key = server::create_key(home, "walker", Realm::Test).await?.reveal().to_owned();
    let client = Client { router: router(server::gateway(home)?), key };
    client.walk_lists(&names, &mut found).await?;
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

impl Client {
    /// Every community of every level, and everybody in them; and the change log.
    async fn walk_lists(&self, names: &HashSet<&str>, found: &mut BTreeSet<String>) -> Result<()> {
        let communities = self.pages("/v1/communities?limit=1000", names, found).await?;
        ensure!(!communities.is_empty(), "the API serves no community");
        for community in &communities {
            let id = community["id"].as_str().context("a community has an id")?;
            for sort in ["attention", "insider"] {
                let path = format!("/v1/communities/{id}/people?sort={sort}&limit=1000");
                self.pages(&path, names, found).await?;
            }
        }
        self.pages("/v1/changes?limit=1000", names, found).await?;
        Ok(())
    }

    /// All pages of a list; its rows.
    async fn pages(
        &self,
        path: &str,
        names: &HashSet<&str>,
        found: &mut BTreeSet<String>,
    ) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut next = path.to_owned();
        loop {
            let mut answer = self.get(&next).await?;
            collect(&answer, names, found);
            let Some(data) = answer["data"].as_array_mut() else {
                anyhow::bail!("{next}: {answer}")
            };
            let is_empty = data.is_empty();
            rows.append(data);
            match answer["next_cursor"].as_str().filter(|_| !is_empty) {
                Some(cursor) => next = format!("{path}&cursor={}", encoded(cursor)),
                None => return Ok(rows),
            }
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", self.key))
            .body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&body).with_context(|| format!("{path} answers JSON"))
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
fn encoded(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
