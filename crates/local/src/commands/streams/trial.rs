//! `borg streams try`: one page of one stream of one account, and what was found in it.

use anyhow::{Result, bail};
use model::Account;
use model::observation::{Observation, SeenList, SeenProfile};
use model::profile_text::ProfileText;
use platforms::engine::{
    FetchContext, FetchMemory, FetchSubject, StreamOutcome, StreamRun, Unlimited,
};
use platforms::http::{ClientSettings, WebClient};
use platforms::{CrawlEngine, EngineSettings, OriginOverrides};
use serde::Serialize;
use store::clock::System;

use crate::cli::TryArgs;
use crate::config::Config;
use crate::manifests;
use crate::measure::CostMeter;
use crate::output::CommandReport;

/// Accounts of a list that are shown.
const SHOWN: usize = 5;

/// What one page brought.
#[derive(Debug, Serialize)]
pub(super) struct TrialReport {
    stream: String,
    native_id: String,
    outcome: String,
    requests: u32,
    records_left_out: u32,
    seconds: f64,
    profile: Vec<FoundField>,
    lists: Vec<FoundList>,
}

impl CommandReport for TrialReport {}

/// A field of a profile's page; without a value where nothing was found.
#[derive(Debug, Serialize)]
struct FoundField {
    field: &'static str,
    value: String,
}

/// What was found of a list.
#[derive(Debug, Serialize)]
struct FoundList {
    layer: String,
    direction: String,
    accounts: usize,
    coverage: String,
    first: String,
}

/// Reads one page. The account's own page is read before it, where the stream is another.
pub(super) async fn trial(args: &TryArgs, config: &Config) -> Result<TrialReport> {
    let text = manifests::read_file(&args.file)?;
    let platform = manifests::introduce(&text)?;
    let origins = OriginOverrides::parse(&args.base_url)?;
    let exempt = origins.exempt();
    let engine = CrawlEngine::new(EngineSettings {
        origins,
        secrets: config.platform_secrets.clone(),
        manifests: vec![text],
        visit_pages_max: Some(1),
    })?;
    let web = WebClient::new(ClientSettings {
        contact: args.contact.clone(),
        exempt,
        ..ClientSettings::default()
    })?;
    let (mut limiter, memory) = (Unlimited::default(), FetchMemory::new());
    let mut fetch = FetchContext::new(&web, &System, &mut limiter, &memory);
    let name = args.account.strip_prefix(&format!("{platform}:")).unwrap_or(&args.account);
    let account: Account = format!("{platform}:{name}").parse()?;
    let mut subject = engine.resolve(&mut fetch, &account).await?;
    learn(&engine, &mut fetch, &mut subject).await;
    let meter = CostMeter::start();
    let run = engine.visit(&mut fetch, &subject, &args.stream).await;
    let Some(run) = run else {
        let known = engine.streams().into_iter().filter(|one| one.platform == platform.slug());
        let known: Vec<String> = known.map(|one| one.stream).collect();
        bail!("{platform} has no stream `{}`: take one of {}", args.stream, known.join(", "));
    };
    Ok(report(run, &subject, meter.used().seconds))
}

/// Adds what the profile's own page says, which requests of other streams may need.
async fn learn(engine: &CrawlEngine, fetch: &mut FetchContext<'_>, subject: &mut FetchSubject) {
    let runs = engine.profiles(fetch, std::slice::from_ref(subject)).await;
    for seen in runs.iter().flat_map(|run| &run.observations) {
        if let Observation::Profile(seen) = seen {
            subject.learn(seen);
        }
    }
}

fn report(run: StreamRun, subject: &FetchSubject, seconds: f64) -> TrialReport {
    let mut report = TrialReport {
        stream: run.stream,
        native_id: subject.named.native_id.clone(),
        outcome: outcome(run.outcome),
        requests: run.requests,
        records_left_out: run.left_out,
        seconds,
        profile: Vec::new(),
        lists: Vec::new(),
    };
    for seen in &run.observations {
        match seen {
            Observation::Profile(page) => report.profile.extend(fields(page)),
            Observation::List(list) => report.lists.push(found(list)),
            other => report.outcome = format!("{}; {other:?}", report.outcome),
        }
    }
    report
}

fn outcome(outcome: StreamOutcome) -> String {
    match outcome {
        StreamOutcome::Done => "done: there is no other page".to_owned(),
        StreamOutcome::More { .. } => "there is another page".to_owned(),
        StreamOutcome::Retry { why, .. } => format!("to be tried again: {why}"),
        StreamOutcome::Unreadable { why, .. } => format!("not readable: {why}"),
        StreamOutcome::Refused { why } => format!("refused: {why}"),
    }
}

fn fields(page: &SeenProfile) -> Vec<FoundField> {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let count = |count: Option<u32>| count.map(|count| count.to_string()).unwrap_or_default();
    let mut fields = vec![
        FoundField { field: "native_id", value: page.named.native_id.clone() },
        FoundField { field: "handle", value: text(page.named.handle.as_ref()) },
        FoundField { field: "local_id", value: text(page.local_id.as_ref()) },
    ];
    let texts = ProfileText::ALL.into_iter();
    fields.extend(
        texts.map(|one| FoundField { field: one.slug(), value: text(page.texts.get(one)) }),
    );
    fields.extend([
        FoundField { field: "followers", value: count(page.followers) },
        FoundField { field: "following", value: count(page.following) },
        FoundField { field: "posts", value: count(page.posts) },
        FoundField { field: "kind", value: page.kind.slug().to_owned() },
        FoundField { field: "claims", value: page.claims.len().to_string() },
    ]);
    fields
}

fn found(list: &SeenList) -> FoundList {
    let first = list.arcs.iter().take(SHOWN).map(|arc| arc.other.native_id.as_str());
    FoundList {
        layer: list.layer.to_string(),
        direction: list.direction.slug().to_owned(),
        accounts: list.arcs.len(),
        coverage: format!("{:?}", list.coverage),
        first: first.collect::<Vec<_>>().join(" "),
    }
}
