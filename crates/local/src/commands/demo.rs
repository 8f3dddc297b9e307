//! `borg demo`: a sample social web, crawled, scored and served by the real pipeline.

mod compare;
mod listing;
mod money;
mod opted_out;
mod planted_run;
mod rankings;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use graph_score::RunSettings;
use model::PersonId;
use sample::WorldConfig;
use serde::Serialize;
use store::pg::membership::{self, Order};
use store::pg::score;

use self::compare::PlantedFigures;
use self::money::MoneyFigures;
use self::opted_out::encoded;
use super::score::run_stages;
use super::served::ServedRun;
use crate::api_client::create_test_key;
use crate::cli::DemoArgs;
use crate::commands::planted::PlantedWeb;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport, print_line};
use crate::server;

/// In how many first places of a community a person with a rank is searched.
const FIRST_PLACES: u32 = 100;

/// What the demo crawled, scored and found.
#[derive(Debug, Serialize)]
struct DemoSummary {
    platforms: usize,
    profiles: u64,
    people: u64,
    arcs: u64,
    communities: u64,
    crawl_seconds: f64,
    score_seconds: f64,
    cpu_seconds: f64,
    #[serde(flatten)]
    figures: PlantedFigures,
    opted_out_served: usize,
    windows_over_limit: u64,
    #[serde(flatten)]
    money: MoneyFigures,
}

impl CommandReport for DemoSummary {
    const SHARES: &'static [&'static str] = &["full_first_pages", "labels_on_topic"];
}

/// The first line of a demo that serves.
#[derive(Serialize)]
struct ServedDemo<'a> {
    url: &'a str,
    key: &'a str,
    summary: &'a DemoSummary,
    #[serde(rename = "try")]
    examples: Vec<String>,
}

/// Generates, crawls and scores a web, compares the run with it, and serves the run.
pub(crate) async fn demo(config: &Config, args: &DemoArgs, output: CommandOutput) -> Result<()> {
    let whole = CostMeter::start();
    let home = Arc::new(BorgHome::fresh(config, "demo").await?);
    let world = WorldConfig::sized(args.people, args.seed);
    let planted = PlantedWeb::new(&home, &world, output).await?;
    let crawl = CostMeter::start();
    planted.crawl(&home, output).await?;
    let crawl_seconds = crawl.used().seconds;
    let scored = run_stages(&home, &RunSettings::default(), output).await?;
    let served = ServedRun::open(&home).await?;
    let levels = &served.sealed.hierarchy.levels;
    let figures = compare::compare(&served, planted.web.world()).await?;
    let opted_out_served = opted_out::opted_out_served(&home, planted.web.world()).await?;
    let person = first_ranked(&served).await?.person;
    let money = money::pay(&home, &format!("/v1/people/{person}")).await?;
    // Of everything, the sample web, PostgreSQL and the comparison included.
    let cpu_seconds = whole.used().cpu_seconds + home.server_cpu_seconds();
    let summary = DemoSummary {
        platforms: compare::platforms(&served),
        profiles: scored.profiles,
        people: scored.people,
        arcs: scored.arcs,
        communities: levels.iter().map(|level| u64::from(level.communities)).sum(),
        crawl_seconds,
        score_seconds: scored.seconds,
        cpu_seconds: (cpu_seconds * 10.0).round() / 10.0,
        figures,
        opted_out_served,
        windows_over_limit: planted.web.stats().windows_over_limit(),
        money,
    };
    if args.once {
        return output.report(&summary);
    }
    serve(&served, args, &summary, output).await
}

/// Prints example requests, and serves until Ctrl-C.
async fn serve(
    served: &ServedRun<'_>,
    args: &DemoArgs,
    summary: &DemoSummary,
    output: CommandOutput,
) -> Result<()> {
    let listener = server::bind(args.addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let key = create_test_key(served.home, "demo").await?;
    let examples = examples(served, &url).await?;
    if output.json {
        let demo = ServedDemo { url: &url, key: &key, summary, examples };
        print_line(serde_json::to_string(&demo)?);
    } else {
        output.report(summary)?;
        print_line(format_args!("\nThe API is at {url}, its documentation at {url}/docs. Try:\n"));
        print_line(format_args!("  KEY={key}"));
        for example in examples {
            print_line(format_args!("  curl -H \"Authorization: Bearer $KEY\" '{example}'"));
        }
        print_line("\nCtrl-C ends it.");
    }
    server::serve(served.home, listener).await
}

/// Requests that have an answer in this world.
async fn examples(served: &ServedRun<'_>, url: &str) -> Result<Vec<String>> {
    let leaf = &served.sealed.names.levels[served.sealed.hierarchy.leaf];
    let RankedPerson { community, person } = first_ranked(served).await?;
    let label = leaf.labels.get(community).and_then(|labels| labels.first());
    let community = leaf.ids[community];
    Ok(vec![
        format!("{url}/v1/status"),
        format!("{url}/v1/communities?limit=5"),
        format!("{url}/v1/communities/{community}/people?sort=insider&limit=10"),
        format!("{url}/v1/people/{person}/ranks"),
        format!("{url}/v1/people/{person}/evidence?community={community}"),
        format!("{url}/v1/search?q={}", label.map_or("a".to_owned(), |label| encoded(label))),
    ])
}

/// A person with a rank in a community of the leaf level.
struct RankedPerson {
    /// The community's index.
    community: usize,
    person: PersonId,
}

/// The first community of the leaf level with ranks, and the first person with one.
async fn first_ranked(served: &ServedRun<'_>) -> Result<RankedPerson> {
    let (pg, run) = (&served.home.pg, served.sealed.run);
    let leaf = &served.sealed.names.levels[served.sealed.hierarchy.leaf];
    for (community, &id) in leaf.ids.iter().enumerate() {
        let page = membership::page(pg, run, id, Order::Attention, 0..FIRST_PLACES).await?;
        let ranked = page.and_then(|page| page.rows.into_iter().find(|row| row.rank.is_some()));
        if let Some(row) = ranked {
            let found = score::get(pg, run, &[row.membership.person]).await?;
            let score = found.into_iter().flatten().next();
            let score = score.context("a membership is a person's")?;
            return Ok(RankedPerson { community, person: score.person });
        }
    }
    bail!("no person has a rank in any community")
}
