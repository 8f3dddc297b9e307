//! Scripted answers, and the engine's surroundings for tests.

use model::observation::{ListCoverage, NamedProfile, Observation, SeenList};
use model::port::Clock;
use model::time::Timestamp;
use model::{Layer, Platform};
use platforms::engine::{Gate, HostNews, Memory, NoToken, Progress, StreamRun, Subject, Via};
use platforms::http::{Recorded, Recording};
use platforms::{Engine, Settings};

pub(crate) const APPVIEW: &str = "https://public.api.bsky.app/xrpc/";

/// A clock that stands still at 2026-11-22T10:00:00Z.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}

/// Lets so many requests pass, then none.
#[derive(Debug)]
pub(crate) struct Tokens(pub(crate) u32);

impl Gate for Tokens {
    async fn pass(&mut self, _host: &str) -> Result<(), NoToken> {
        self.0 = self.0.checked_sub(1).ok_or(NoToken { wait_ms: 1_000 })?;
        Ok(())
    }
}

/// An answer of 200.
pub(crate) fn page(url: impl Into<String>, body: impl Into<String>) -> Recording {
    answer(url, 200, &[], body)
}

pub(crate) fn answer(
    url: impl Into<String>,
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<String>,
) -> Recording {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Recording { url: url.into(), status, headers: headers.collect(), body: body.into() }
}

/// A page of getFollows: the first without a cursor, `dids` on it, and the next cursor.
pub(crate) fn follows(cursor: Option<&str>, dids: &[&str], next: Option<&str>) -> Recording {
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

pub(crate) fn me() -> Subject {
    let native_id = "did:plc:me".to_owned();
    Subject::new(Platform::BLUESKY, NamedProfile { native_id, ..NamedProfile::default() })
}

/// A subject that has only this stream left.
pub(crate) fn only(stream: &str, mut subject: Subject) -> Subject {
    let engine = Engine::new(Settings::default()).unwrap();
    let others = engine.streams().into_iter().filter(|info| info.stream != stream);
    subject.progress.retain(|at| at.stream == stream);
    let done = |stream| Progress { stream, cursor: None, done: true };
    subject.progress.extend(others.map(|info| done(info.stream)));
    subject
}

/// One round with a gate of one's choice: its runs, and the news.
pub(crate) async fn round_with<G: Gate>(
    engine: &Engine,
    web: &Recorded,
    subject: &Subject,
    gate: &mut G,
) -> (Vec<StreamRun>, Vec<HostNews>) {
    let memory = Memory::of_recordings();
    let mut via = Via::new(web, &Still, gate, &memory);
    let runs = engine.round(&mut via, subject).await;
    (runs, via.take_news())
}

/// One round of the embedded manifests of a subject with one stream left.
pub(crate) async fn run(web: &Recorded, subject: &Subject) -> StreamRun {
    let engine = Engine::new(Settings::default()).unwrap();
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
