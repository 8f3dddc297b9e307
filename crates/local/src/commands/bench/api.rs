//! `borg bench api`: what an answer of each route costs.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use graph_score::RunSettings;
use sample::WorldConfig;
use serde_json::{Map, Value, json};

use super::rounded;
use crate::api_client::ApiClient;
use crate::commands::planted::PlantedWeb;
use crate::commands::score::run_stages;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::CommandOutput;

/// What the sample web is planted from.
const SEED: u64 = 1;

/// Requests before the first that counts.
const WARM_UP: u32 = 5;

/// What one route's answers took.
struct Timed {
    route: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    per_cpu_second: f64,
}

/// Plants, crawls and scores a sample web, then asks each route so many times.
pub(super) async fn api(
    config: &Config,
    (people, requests): (u32, u32),
    output: CommandOutput,
) -> Result<Value> {
    let home = Arc::new(BorgHome::fresh(config, "bench").await?);
    PlantedWeb::new(&home, &WorldConfig::sized(people, SEED), output)
        .await?
        .crawl(&home, output)
        .await?;
    run_stages(&home, &RunSettings::default(), output).await?;
    let client = ApiClient::new(&home, "bench").await?;
    let mut timed = Vec::new();
    for (route, path) in paths(&client).await? {
        timed.push(ask(&home, &client, (route, &path), requests).await?);
    }
    let mut routes = Map::new();
    for one in &timed {
        routes.insert(one.route.to_owned(), one.json());
    }
    Ok(json!({
        "web": format!("sample web, {people} accounts, seed {SEED}"),
        "requests_a_route": requests,
        "routes": routes,
    }))
}

/// One request of each route, about people that this world has.
async fn paths(client: &ApiClient) -> Result<Vec<(&'static str, String)>> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("an id is text");
    let communities = client.get("/v1/communities?limit=1").await?;
    let community = text(&communities["data"][0]["id"])?;
    let list = format!("/v1/communities/{community}/people?limit=100");
    let listed = client.get(&list).await?;
    let person = text(&listed["data"][0]["person"]["id"])?;
    Ok(vec![
        ("status", "/v1/status".to_owned()),
        ("people/{id}", format!("/v1/people/{person}")),
        ("people/{id}/ranks", format!("/v1/people/{person}/ranks")),
        ("people/{id}/evidence", format!("/v1/people/{person}/evidence?community={community}")),
        ("communities", "/v1/communities?limit=100".to_owned()),
        ("communities/{id}/people", list),
        ("search, prefix", "/v1/search?q=a".to_owned()),
        ("search, words", "/v1/search?q=data+science".to_owned()),
        ("changes", "/v1/changes?limit=100".to_owned()),
    ])
}

async fn ask(
    home: &BorgHome,
    client: &ApiClient,
    (route, path): (&'static str, &str),
    requests: u32,
) -> Result<Timed> {
    for _ in 0..WARM_UP {
        let answer = client.get(path).await?;
        ensure!(answer.get("status").is_none_or(|status| !status.is_u64()), "{path}: {answer}");
    }
    let (meter, server) = (CostMeter::start(), home.server_cpu_seconds());
    let mut times = Vec::with_capacity(requests as usize);
    for _ in 0..requests {
        let began = Instant::now();
        client.get(path).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let cpu = meter.used().cpu_seconds + home.server_cpu_seconds() - server;
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    Ok(Timed {
        route,
        p50_ms: at(50),
        p99_ms: at(99),
        per_cpu_second: f64::from(requests) / cpu.max(0.001),
    })
}

impl Timed {
    fn json(&self) -> Value {
        json!({
            "p50_ms": rounded(self.p50_ms, 3),
            "p99_ms": rounded(self.p99_ms, 3),
            "answers_per_cpu_second": self.per_cpu_second.round(),
        })
    }
}
