//! From accounts as people write them to profiles, and where servers are.

use model::{Account, Layer, Platform};
use platforms::engine::{
    FetchContext, FetchMemory, FetchSubject, ResolveError, StreamOutcome, Unlimited,
};
use platforms::http::RecordedWeb;
use platforms::{CrawlEngine, EngineError, EngineSettings, OriginOverrides};

use crate::script::{APPVIEW, Still, Tokens, answer, layer, me, only, page, round_with, run};

async fn resolve(web: &RecordedWeb, account: &str) -> Result<FetchSubject, ResolveError> {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let memory = FetchMemory::of_recordings();
    let mut limiter = Unlimited::default();
    let account: Account = account.parse().unwrap();
    engine.resolve(&mut FetchContext::new(web, &Still, &mut limiter, &memory), &account).await
}

#[tokio::test]
async fn handles_become_native_ids() {
    let handle = "com.atproto.identity.resolveHandle?handle=alice.example.org";
    let web = RecordedWeb::new([
        page(format!("{APPVIEW}{handle}"), r#"{"did":"did:plc:alice"}"#),
        page(
            "https://one.example/api/v1/accounts/lookup?acct=ada",
            r#"{"id":"12","acct":"Ada","uri":"https://one.example/users/ada"}"#,
        ),
    ]);
    let alice = resolve(&web, "bluesky:@Alice.Example.org").await.unwrap();
    assert_eq!(alice.named.native_id, "did:plc:alice");
    assert_eq!(alice.named.host, None);
    let ada = resolve(&web, "mastodon:@Ada@one.example").await.unwrap();
    assert_eq!(ada.named.native_id, "https://one.example/users/ada");
    assert_eq!(
        (ada.named.host.as_deref(), ada.local_id.as_deref()),
        (Some("one.example"), Some("12"))
    );
    let did = resolve(&web, "bluesky:did:plc:bob").await.unwrap();
    assert_eq!((did.named.native_id.as_str(), did.named.handle), ("did:plc:bob", None));
}

#[tokio::test]
async fn webfinger_helps_where_the_api_gives_no_uri_or_another_host_serves() {
    let finger = r#"{"subject":"acct:ada@one.example","links":[{"rel":"x","href":"https://no"},
        {"rel":"self","href":"https://social.one.example/users/ada"}]}"#;
    let url = "https://one.example/.well-known/webfinger?resource=acct:ada%40one.example";
    let web = RecordedWeb::new([page(url, finger)]);
    let ada = resolve(&web, "fediverse:ada@one.example").await.unwrap();
    assert_eq!(ada.named.native_id, "https://social.one.example/users/ada");
    assert_eq!(ada.named.host.as_deref(), Some("social.one.example"));
    let url = "https://one.example/.well-known/webfinger?resource=https:%2F%2Fone.example%2Fap%2F1";
    let by_uri = RecordedWeb::new([page(url, finger)]);
    let ada = resolve(&by_uri, "fediverse:https://one.example/ap/1").await.unwrap();
    assert_eq!(ada.named.handle.as_deref(), Some("ada@one.example"));
}

#[tokio::test]
async fn what_cannot_be_resolved_says_why() {
    let busy = format!("{APPVIEW}com.atproto.identity.resolveHandle?handle=busy.example");
    let web = RecordedWeb::new([answer(busy, 503, &[], "busy")]);
    let error = |account: &'static str| {
        let web = &web;
        async move { resolve(web, account).await.unwrap_err() }
    };
    let malformed = error("bluesky:alice").await.to_string();
    assert!(malformed.contains("`alice`") && malformed.contains("alice.bsky.social"));
    assert!(matches!(error("fediverse:ada").await, ResolveError::Malformed { .. }));
    assert!(matches!(error("nostr:npub1").await, ResolveError::NoManifest(_)));
    assert!(matches!(error("bluesky:nobody.example").await, ResolveError::NotFound(_)));
    assert!(matches!(error("bluesky:busy.example").await, ResolveError::Retry { .. }));
}

const LIKES: &str = "/xrpc/com.atproto.repo.listRecords?collection=app.bsky.feed.like";
const LIKE: &str = r#"{"records":[{"uri":"at://did:plc:me/app.bsky.feed.like/3lb",
    "value":{"subject":{"uri":"at://did:plc:ada/app.bsky.feed.post/1"},
    "createdAt":"2026-01-01T00:00:00Z"}},{"uri":"at://did:plc:me/app.bsky.feed.like/3la",
    "value":{"subject":{"uri":"at://did:plc:gen/app.bsky.feed.generator/1"}}}]}"#;

#[tokio::test]
async fn likes_come_from_the_server_that_the_did_document_names() {
    let document = r#"{"service":[{"type":"Other","serviceEndpoint":"https://no.example"},
        {"type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.example"}]}"#;
    let likes = format!("https://pds.example{LIKES}&limit=100&repo=did:plc:me");
    let web =
        RecordedWeb::new([page("https://plc.directory/did:plc:me", document), page(likes, LIKE)]);
    let run = run(&web, &only("likes", me())).await;
    assert_eq!((run.outcome.clone(), run.requests), (StreamOutcome::Done, 2));
    assert_eq!(layer(&run, Layer::Like).0, [("did:plc:ada".to_owned(), 1)]);
}

#[tokio::test]
async fn an_origin_that_is_given_stands_in_for_discovery() {
    let origins = OriginOverrides::parse(&["pds=http://127.0.0.1:2583"]).unwrap();
    let engine = CrawlEngine::new(EngineSettings { origins, ..EngineSettings::default() }).unwrap();
    let likes = format!("http://127.0.0.1:2583{LIKES}&limit=100&repo=did:plc:me");
    let web = RecordedWeb::new([page(likes, LIKE)]);
    let subject = only("likes", me());
    let (runs, _) = round_with(&engine, &web, &subject, &mut Tokens(1)).await;
    assert_eq!(layer(&runs[0], Layer::Like).0.len(), 1);
    assert!(web.asked()[0].headers.iter().all(|(name, _)| name != "host"));
}

#[tokio::test]
async fn every_instance_is_reached_at_the_given_origin_under_its_own_name() {
    let origins = OriginOverrides::parse(&["instance=http://127.0.0.1:4000"]).unwrap();
    let engine = CrawlEngine::new(EngineSettings { origins, ..EngineSettings::default() }).unwrap();
    let url = "http://127.0.0.1:4000/api/v1/accounts/lookup?acct=ada";
    let web = RecordedWeb::new([page(url, r#"{"id":"1","uri":"https://one.example/users/ada"}"#)]);
    let memory = FetchMemory::of_recordings();
    let mut limiter = Unlimited::default();
    let account = Account::new(Platform::FEDIVERSE, "ada@one.example").unwrap();
    let mut fetch = FetchContext::new(&web, &Still, &mut limiter, &memory);
    engine.resolve(&mut fetch, &account).await.unwrap();
    assert_eq!(fetch.take_reports()[0].host, "one.example");
    let host = ("host".to_owned(), "one.example".to_owned());
    assert!(web.asked()[0].headers.contains(&host));
}

#[test]
fn hosts_and_limits_follow_the_origins() {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    assert_eq!(engine.default_host(Platform::BLUESKY).as_deref(), Some("public.api.bsky.app"));
    assert_eq!(engine.default_host(Platform::FEDIVERSE), None);
    let limit = |host| engine.limit(Platform::BLUESKY, host).map(|limit| limit.requests);
    assert_eq!(limit("plc.directory"), Some(500));
    assert_eq!(limit("some.pds.example"), Some(3_000));
    assert_eq!(engine.limit(Platform::FILE, "x"), None);
}

#[test]
fn an_unknown_role_is_named_with_those_there_are() {
    let origins = OriginOverrides::parse(&["appvew=http://127.0.0.1:1"]).unwrap();
    let error =
        CrawlEngine::new(EngineSettings { origins, ..EngineSettings::default() }).unwrap_err();
    assert!(matches!(&error, EngineError::UnknownRole { role, .. } if role == "appvew"));
    assert!(error.to_string().contains("appview"));
}

/// A post of an old host, which names whom it answers by its own number only.
fn old_reply(id: u32, to: u32) -> String {
    format!(
        r#"{{"id":"{id}","created_at":"2026-11-20T10:00:00.000Z","reblog":null,"mentions":[],
            "in_reply_to_account_id":"{to}"}}"#
    )
}

#[tokio::test]
async fn one_broken_host_hides_nobody_but_its_own() {
    let posts = [old_reply(9, 1), old_reply(8, 2)].join(",");
    let finger = r#"{"links":[{"rel":"self","href":"https://good.example/users/bo"}]}"#;
    let finger_of = |name: &str, host: &str| {
        format!("https://{host}/.well-known/webfinger?resource=acct:{name}%40{host}")
    };
    let web = RecordedWeb::new([
        page("https://old.example/api/v1/accounts/7/statuses?limit=40", format!("[{posts}]")),
        page("https://old.example/api/v1/accounts/1", r#"{"id":"1","acct":"al@broken.example"}"#),
        page("https://old.example/api/v1/accounts/2", r#"{"id":"2","acct":"bo@good.example"}"#),
        answer(finger_of("al", "broken.example"), 502, &[], ""),
        page(finger_of("bo", "good.example"), finger),
    ]);
    let native_id = "https://old.example/users/me".to_owned();
    let host = Some("old.example".to_owned());
    let named = model::observation::NamedProfile { native_id, host, ..Default::default() };
    let mut subject = only("statuses", FetchSubject::new(Platform::FEDIVERSE, named));
    subject.local_id = Some("7".to_owned());
    let impatient = run(&web, &subject).await;
    assert!(matches!(impatient.outcome, StreamOutcome::Retry { .. }), "{impatient:?}");
    subject.attempt = FetchSubject::PATIENCE;
    let patient = run(&web, &subject).await;
    let (replies, _) = layer(&patient, Layer::Reply);
    assert_eq!(replies, [("https://good.example/users/bo".to_owned(), 1)]);
    assert_eq!(patient.left_out, 1);
}
