//! `borg demo`: a sample social web, crawled, scored and served by the real pipeline.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use graph_score::{RunSettings, Sealed};
use model::PersonId;
use serde_json::{Value, json};
use store::pg::membership::{self, Order};
use store::pg::score;

use super::score::run_stages;
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::home::Home;
use crate::measure::Meter;
use crate::output::{Output, say};
use crate::planted::Planted;
use crate::server;

mod compare;
mod walk;

use walk::encoded;

/// In how many first places of a community somebody with a rank is looked for.
const FIRST_PLACES: u32 = 100;

/// Plants, crawls, scores, compares with what was planted, and serves.
pub(crate) async fn demo(config: &Config, args: &DemoArgs, output: Output) -> Result<Value> {
    let whole = Meter::start();
    let home = Arc::new(Home::fresh(config, "demo").await?);
    let planted = Planted::new(&home, (args.people, args.seed), output).await?;
    let crawling = Meter::start();
    planted.crawl(&home, output).await?;
    let crawl_seconds = crawling.used().seconds;
    let scored = run_stages(&home, &RunSettings::default(), output).await?;
    let sealed = Sealed::active(&home.pg, &home.objects).await?;
    let web = &planted.web;
    let found = compare::compare(&home, &sealed, web.world()).await?;
    let mut summary = json!({
        "platforms": found.platforms,
        "profiles": scored["profiles"],
        "people": scored["people"],
        "arcs": scored["arcs"],
        "communities": sealed.hierarchy.levels.iter().map(|l| u64::from(l.communities)).sum::<u64>(),
        "crawl_seconds": crawl_seconds,
        "score_seconds": scored["seconds"],
    });
    summary.as_object_mut().context("an object")?.extend(found.figures);
    summary["opted_out_served"] = json!(walk::opted_out_served(&home, web.world()).await?);
    // All of it: the sample web, PostgreSQL and the comparison with what was planted included.
    let cpu_seconds = whole.used().cpu_seconds + home.server_cpu_seconds();
    summary["cpu_seconds"] = json!((cpu_seconds * 10.0).round() / 10.0);
    summary["windows_over_limit"] = json!(web.stats().windows_over_limit());
    if !args.once {
        serve(&home, args, &summary, output).await?;
        return Ok(Value::Null);
    }
    Ok(summary)
}

/// Shows what there is to try, and serves until Ctrl-C.
async fn serve(home: &Home, args: &DemoArgs, summary: &Value, output: Output) -> Result<()> {
    let listener = server::bind(args.addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let key = server::create_test_key(home, "demo").await?;
    let tries = tries(home, &url).await?;
    if output.json {
        say(json!({ "url": url, "key": key, "summary": summary, "try": tries }));
    } else {
        output.answer(summary);
        say(format_args!("\nThe API is at {url}, its documentation at {url}/docs. Try:\n"));
        say(format_args!("  KEY={key}"));
        for one in tries {
            say(format_args!("  curl -H \"Authorization: Bearer $KEY\" '{one}'"));
        }
        say("\nCtrl-C ends it.");
    }
    server::serve(home, listener).await
}

/// Requests that show something of this very world.
async fn tries(home: &Home, url: &str) -> Result<Vec<String>> {
    let sealed = Sealed::active(&home.pg, &home.objects).await?;
    let leaf = &sealed.names.levels[sealed.hierarchy.leaf];
    let (at, person) = first_ranked(home, &sealed).await?;
    let community = leaf.ids[at];
    let label = leaf.labels.get(at).and_then(|labels| labels.first());
    Ok(vec![
        format!("{url}/v1/status"),
        format!("{url}/v1/communities?limit=5"),
        format!("{url}/v1/communities/{community}/people?sort=insider&limit=10"),
        format!("{url}/v1/people/{person}/ranks"),
        format!("{url}/v1/people/{person}/evidence?community={community}"),
        format!("{url}/v1/search?q={}", label.map_or("a".to_owned(), |label| encoded(label))),
    ])
}

/// The first community of the leaf level in which somebody holds a rank, and the first who does.
async fn first_ranked(home: &Home, sealed: &Sealed) -> Result<(usize, PersonId)> {
    let leaf = &sealed.names.levels[sealed.hierarchy.leaf];
    for (at, &community) in leaf.ids.iter().enumerate() {
        let order = Order::Attention;
        let page =
            membership::page(&home.pg, sealed.run, community, order, (0, FIRST_PLACES)).await?;
        let ranked = page.and_then(|page| page.rows.into_iter().find(|row| row.rank.is_some()));
        if let Some(row) = ranked {
            let found = score::get(&home.pg, sealed.run, &[row.membership.person]).await?;
            let score = found.into_iter().flatten().next().context("a membership is a person's")?;
            return Ok((at, score.person));
        }
    }
    bail!("nobody holds a rank in any community")
}
