//! Mastodon's own answers, as recorded by Mastodon.py's tests.

use std::path::PathBuf;

use model::Platform;
use model::budget::HostLimit;
use model::observation::{NamedProfile, Observation};
use model::profile::Consent;
use platforms::engine::{FetchContext, FetchMemory, FetchSubject, StreamOutcome};
use platforms::http::{RecordedAnswer, RecordedWeb};
use platforms::{CrawlEngine, EngineSettings};
use serde::Deserialize;

use crate::script::{Still, Tokens, only, round_with};

#[derive(Deserialize)]
struct Cassette {
    interactions: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Interaction {
    request: Asked,
    response: Answered,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    uri: String,
}

#[derive(Deserialize)]
struct Answered {
    body: BodyDecoder,
    headers: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct BodyDecoder {
    string: String,
}

#[expect(clippy::disallowed_methods, reason = "tests are given where their data lies")]
fn cassette(name: &str) -> Option<Cassette> {
    let data = std::env::var("BORG_DATA").map(PathBuf::from);
    let data = data.unwrap_or_else(|_| PathBuf::from("../../../shared/data"));
    let file = data.join("../fixtures/mastodon-py").join(name);
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: {} is not there; set BORG_DATA", file.display());
        return None;
    };
    Some(serde_saphyr::from_str(&text).unwrap())
}

/// The answer to the first GET whose URL has this in it, moved to another URL.
fn moved(cassette: &Cassette, part: &str, url: &str) -> RecordedAnswer {
    let fits = |i: &&Interaction| i.request.method == "GET" && i.request.uri.contains(part);
    let found = cassette.interactions.iter().find(fits).unwrap();
    let headers = found.response.headers.iter();
    RecordedAnswer {
        url: url.to_owned(),
        status: 200,
        headers: headers.map(|(name, values)| (name.to_lowercase(), values[0].clone())).collect(),
        body: found.response.body.string.clone(),
    }
}

fn subject(native_id: &str) -> FetchSubject {
    let host = Some("localhost:3000".to_owned());
    let named = NamedProfile { native_id: native_id.to_owned(), handle: None, host };
    let local_id = Some("7".to_owned());
    FetchSubject { local_id, ..FetchSubject::new(Platform::FEDIVERSE, named) }
}

#[tokio::test]
async fn a_recorded_account_is_a_profile_and_announces_its_limit() {
    let Some(cassette) = cassette("test_account_followers.yaml") else { return };
    let url = "https://localhost:3000/api/v1/accounts/7";
    let web = RecordedWeb::new([moved(&cassette, "verify_credentials", url)]);
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (memory, mut limiter) = (FetchMemory::of_recordings(), Tokens(9));
    let mut fetch = FetchContext::new(&web, &Still, &mut limiter, &memory);
    let me = subject("http://localhost:3000/ap/users/117020457910412882");
    let runs = engine.profiles(&mut fetch, &[me]).await;
    let Observation::Profile(seen) = &runs[0].observations[0] else { panic!("{runs:?}") };
    assert_eq!(seen.named.handle.as_deref(), Some("mastodonpy_test@localhost:3000"));
    assert_eq!(seen.local_id.as_deref(), Some("117020457910412882"));
    assert_eq!((seen.followers, seen.texts.bio.as_ref()), (Some(0), None));
    // Neither `discoverable` nor `indexable` is true.
    assert_eq!(seen.consent, Consent::WORDS_PRIVATE.and(Consent::UNLISTED));
    let limit = HostLimit { requests: 300, window_ms: 300_000 };
    assert_eq!(fetch.take_reports()[0].limit, Some(limit));
}

#[tokio::test]
async fn recorded_statuses_page_by_their_link_header() {
    let Some(cassette) = cassette("test_fetch_next_previous_from_pagination_info.yaml") else {
        return;
    };
    let statuses = "https://localhost:3000/api/v1/accounts/7/statuses";
    let first = moved(&cassette, "statuses?limit=5", &format!("{statuses}?limit=40"));
    // The header's own path, which names the account by its id there.
    let statuses = statuses.replace("/7/", "/117020565966271181/");
    let next = format!("{statuses}?limit=5&max_id=117020581008555092");
    let web = RecordedWeb::new([first, moved(&cassette, "max_id=117020581008555092", &next)]);
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let me = only("statuses", subject("http://localhost:3000/ap/users/117020565966271181"));
    let (runs, _) = round_with(&engine, &web, &me, &mut Tokens(9)).await;
    let asked: Vec<String> = web.asked().into_iter().map(|request| request.url).collect();
    assert_eq!(asked[1], next);
    // The third page was not recorded: a 404 that is not Mastodon's.
    assert_eq!(asked[2], format!("{statuses}?limit=5&max_id=117020580971664903"));
    assert!(matches!(&runs[0].outcome, StreamOutcome::Refused { .. }), "{runs:?}");
}
