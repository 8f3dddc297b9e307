//! Scripted answers, and the engine's surroundings for tests.

use model::observation::{ListCoverage, NamedProfile, Observation, SeenList};
use model::port::Clock;
use model::time::Timestamp;
use model::{Layer, Platform};
use platforms::engine::{
    FetchContext, FetchMemory, FetchSubject, HostReport, NoToken, RateLimiter, StreamProgress,
    StreamRun,
};
use platforms::http::{RecordedAnswer, RecordedWeb};
use platforms::{CrawlEngine, EngineSettings};

pub(crate) const APPVIEW: &str = "https://public.api.bsky.app/xrpc/";

/// A clock that stands still at 2026-11-22T10:00:00Z.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}

/// Lets this many requests pass, then none.
#[derive(Debug)]
pub(crate) struct Tokens(pub(crate) u32);

impl RateLimiter for Tokens {
    async fn acquire(&mut self, _host: &str) -> Result<(), NoToken> {
        self.0 = self.0.checked_sub(1).ok_or(NoToken { wait_ms: 1_000 })?;
        Ok(())
    }
}

/// An answer of 200.
pub(crate) fn page(url: impl Into<String>, body: impl Into<String>) -> RecordedAnswer {
    answer(url, 200, &[], body)
}

pub(crate) fn answer(
    url: impl Into<String>,
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<String>,
) -> RecordedAnswer {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    RecordedAnswer { url: url.into(), status, headers: headers.collect(), body: body.into() }
}

/// A page of getFollows: the first without a cursor, `dids` on it, and the next cursor.
pub(crate) fn follows(cursor: Option<&str>, dids: &[&str], next: Option<&str>) -> RecordedAnswer {
    let people: Vec<String> = dids
        .iter()
        .map(|did| format!(r#"{{"did":"{did}","handle":"{}.test"}}"#, did.replace(':', "-")))
        .collect();
    let next = next.map(|next| format!(r#","cursor":"{next}""#)).unwrap_or_default();
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    page(
        format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me{cursor}&limit=100"),
        format!(r#"{{"follows":[{}]{next}}}"#, people.join(",")),
    )
}

pub(crate) fn me() -> FetchSubject {
    let native_id = "did:plc:me".to_owned();
    FetchSubject::new(Platform::BLUESKY, NamedProfile { native_id, ..NamedProfile::default() })
}

/// A subject that has only this stream left.
pub(crate) fn only(stream: &str, mut subject: FetchSubject) -> FetchSubject {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let others = engine.streams().into_iter().filter(|info| info.stream != stream);
    subject.progress.retain(|at| at.stream == stream);
    let done = |stream| StreamProgress { stream, cursor: None, done: true };
    subject.progress.extend(others.map(|info| done(info.stream)));
    subject
}

/// One round with a limiter of one's choice: its runs, and the news.
pub(crate) async fn round_with<G: RateLimiter>(
    engine: &CrawlEngine,
    web: &RecordedWeb,
    subject: &FetchSubject,
    limiter: &mut G,
) -> (Vec<StreamRun>, Vec<HostReport>) {
    let memory = FetchMemory::of_recordings();
    let mut fetch = FetchContext::new(web, &Still, limiter, &memory);
    let runs = engine.round(&mut fetch, subject).await;
    (runs, fetch.take_reports())
}

/// One round of the embedded manifests of a subject with one stream left.
pub(crate) async fn run(web: &RecordedWeb, subject: &FetchSubject) -> StreamRun {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (mut runs, _) = round_with(&engine, web, subject, &mut Tokens(1_000)).await;
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// The one list of a run.
pub(crate) fn list(run: &StreamRun) -> &SeenList {
    match run.observations.as_slice() {
        [Observation::List(list)] => list,
        other => panic!("expected one list, not {other:?}"),
    }
}

/// Native ids of a list's arcs, in order.
pub(crate) fn names(list: &SeenList) -> Vec<&str> {
    list.arcs.iter().map(|arc| arc.other.native_id.as_str()).collect()
}

/// Targets and counts of a layer, and the watermark.
pub(crate) fn layer(run: &StreamRun, layer: Layer) -> (Vec<(String, u32)>, Option<String>) {
    for observation in &run.observations {
        if let Observation::List(list) = observation
            && list.layer == layer
        {
            let ListCoverage::Newer { watermark } = &list.coverage else {
                panic!("{layer} reaches {:?}", list.coverage)
            };
            let arcs = list.arcs.iter().map(|arc| (arc.other.native_id.clone(), arc.count));
            return (arcs.collect(), watermark.clone());
        }
    }
    panic!("no {layer} in {run:?}")
}
