//! Profiles' own pages: batches, absences, consent, claims.

use model::identity::Claim;
use model::observation::{NamedProfile, Observation, SeenProfile};
use model::profile::{Consent, GoneReason, PersonKind};
use model::{Platform, Timestamp};
use platforms::engine::{FetchContext, FetchMemory, FetchSubject, StreamOutcome, StreamRun};
use platforms::http::RecordedWeb;
use platforms::{CrawlEngine, EngineSettings};

use crate::script::{APPVIEW, Still, Tokens, answer, me, page};

async fn profiles(web: &RecordedWeb, subjects: &[FetchSubject]) -> Vec<StreamRun> {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let memory = FetchMemory::of_recordings();
    let mut limiter = Tokens(100);
    engine.profiles(&mut FetchContext::new(web, &Still, &mut limiter, &memory), subjects).await
}

fn did(name: &str) -> FetchSubject {
    let named = NamedProfile { native_id: format!("did:plc:{name}"), ..NamedProfile::default() };
    FetchSubject { named, ..me() }
}

fn seen(run: &StreamRun) -> &SeenProfile {
    match run.observations.as_slice() {
        [Observation::Profile(seen)] => seen,
        other => panic!("expected a profile, not {other:?}: {:?}", run.outcome),
    }
}

fn batch(names: &[&str]) -> String {
    let actors: Vec<String> = names.iter().map(|name| format!("actors=did:plc:{name}")).collect();
    format!("{APPVIEW}app.bsky.actor.getProfiles?{}", actors.join("&"))
}

fn single(name: &str) -> String {
    format!("{APPVIEW}app.bsky.actor.getProfile?actor=did:plc:{name}")
}

#[tokio::test]
async fn who_is_left_out_of_a_batch_is_asked_for_alone() {
    let taken_down = r#"{"error":"AccountTakedown","message":"Account has been suspended"}"#;
    let deleted = r#"{"error":"InvalidRequest","message":"Profile not found"}"#;
    let web = RecordedWeb::new([
        page(batch(&["a", "b", "c"]), r#"{"profiles":[{"did":"did:plc:b","handle":"B.test"}]}"#),
        answer(single("a"), 400, &[], taken_down),
        answer(single("c"), 400, &[], deleted),
    ]);
    let runs = profiles(&web, &[did("a"), did("b"), did("c")]).await;
    assert_eq!(runs[0].observations, [Observation::Gone(GoneReason::Suspended)]);
    assert_eq!(seen(&runs[1]).named.native_id, "did:plc:b");
    assert_eq!(runs[2].observations, [Observation::Gone(GoneReason::Deleted)]);
    assert_eq!(runs.iter().map(|run| run.requests).sum::<u32>(), 3);
}

#[tokio::test]
async fn a_batch_that_is_refused_is_asked_one_by_one() {
    let web = RecordedWeb::new([
        answer(batch(&["a", "b"]), 400, &[], r#"{"error":"InvalidRequest","message":"no"}"#),
        page(single("a"), r#"{"did":"did:plc:a"}"#),
        answer(single("b"), 503, &[], "busy"),
    ]);
    let runs = profiles(&web, &[did("a"), did("b")]).await;
    assert_eq!(seen(&runs[0]).named.native_id, "did:plc:a");
    assert!(
        matches!(&runs[1].outcome, StreamOutcome::Retry { why, .. } if why.contains("503: busy"))
    );
}

#[tokio::test]
async fn a_bluesky_profile_is_read_whole() {
    let body = r#"{"profiles":[{"did":"did:plc:a","handle":"ada.example.org","displayName":" Ada\u0000 ",
        "description":"Also at https://one.example/@Ada, @ada@two.example and https://youtube.com/@ada",
        "website":"https://github.example/x","avatar":"javascript:alert(1)","followersCount":7,
        "followsCount":-1,"postsCount":3,"createdAt":"2024-01-02T03:04:05.678Z",
        "labels":[{"val":"bot"}]}]}"#;
    let runs = profiles(&RecordedWeb::new([page(batch(&["a"]), body)]), &[did("a")]).await;
    let seen = seen(&runs[0]);
    assert_eq!(
        (seen.texts.display_name.as_deref(), seen.texts.avatar_url.as_ref()),
        (Some("Ada"), None)
    );
    assert_eq!((seen.followers, seen.following, seen.posts), (Some(7), None, Some(3)));
    assert_eq!(seen.kind, PersonKind::Bot);
    assert_eq!(seen.texts.url.as_deref(), Some("https://bsky.app/profile/did:plc:a"));
    assert_eq!(seen.created_at, "2024-01-02T03:04:05.678Z".parse::<Timestamp>().ok());
    let account =
        |target: &str| Claim::Account { platform: Platform::FEDIVERSE, target: target.to_owned() };
    let website = Claim::Website { page: "ada.example.org".to_owned() };
    assert_eq!(seen.claims, [account("ada@one.example"), account("ada@two.example"), website]);
}

#[tokio::test]
async fn who_refuses_leaves_no_words() {
    let body = r#"{"profiles":[{"did":"did:plc:a","description":"secret",
        "labels":[{"val":"!no-unauthenticated"}]},
        {"did":"did:plc:b","labels":[{"val":"!no-unauthenticated","neg":true}]}]}"#;
    let web = RecordedWeb::new([page(batch(&["a", "b"]), body)]);
    let runs = profiles(&web, &[did("a"), did("b")]).await;
    assert_eq!(runs[0].observations, [Observation::Gone(GoneReason::Refused)]);
    assert_eq!(seen(&runs[1]).consent, Consent::default());
}

fn mastodon(local_id: Option<&str>) -> FetchSubject {
    let named = NamedProfile {
        native_id: "https://one.example/users/ada".to_owned(),
        handle: Some("ada@one.example".to_owned()),
        host: Some("one.example".to_owned()),
    };
    let local_id = local_id.map(str::to_owned);
    FetchSubject { local_id, ..FetchSubject::new(Platform::FEDIVERSE, named) }
}

const ADA: &str = r#"{"id":"12","username":"Ada","acct":"Ada","uri":"https://one.example/users/ada",
    "display_name":"Ada","note":"<p>Maps &amp; tea</p>","url":"https://one.example/@Ada",
    "followers_count":2,"following_count":1,"statuses_count":0,"created_at":"2020-01-01T00:00:00.000Z",
    "discoverable":false,"indexable":false,"bot":false,"fields":[
    {"name":"Web","value":"<a href=\"https://www.Ada.example/about/\">x</a>","verified_at":"2021-01-01T00:00:00.000Z"},
    {"name":"No","value":"<a href=\"https://else.example\">x</a>","verified_at":null},
    {"name":"Sky","value":"<a href=\"https://bsky.app/profile/did:plc:a\">x</a>","verified_at":null}]}"#;

#[tokio::test]
async fn a_mastodon_profile_is_read_whole() {
    let url = "https://one.example/api/v1/accounts/lookup?acct=ada";
    let runs = profiles(&RecordedWeb::new([page(url, ADA)]), &[mastodon(None)]).await;
    let seen = seen(&runs[0]);
    assert_eq!(seen.named.handle.as_deref(), Some("Ada@one.example"));
    assert_eq!(
        (seen.named.host.as_deref(), seen.local_id.as_deref()),
        (Some("one.example"), Some("12"))
    );
    assert_eq!(seen.texts.bio.as_deref(), Some("Maps & tea"));
    assert!(seen.consent.has(Consent::UNLISTED) && seen.consent.has(Consent::WORDS_PRIVATE));
    let sky = Claim::Account { platform: Platform::BLUESKY, target: "did:plc:a".to_owned() };
    assert_eq!(seen.claims, [sky, Claim::Website { page: "ada.example/about".to_owned() }]);
}

#[tokio::test]
async fn mastodon_tells_why_somebody_is_gone() {
    let url = "https://one.example/api/v1/accounts/12";
    let cases = [
        (410, "{}", GoneReason::Deleted),
        (404, r#"{"error":"Record not found"}"#, GoneReason::Deleted),
        (200, r#"{"id":"12","username":"ada","suspended":true}"#, GoneReason::Suspended),
        (200, r#"{"id":"12","username":"ada","noindex":true}"#, GoneReason::Refused),
        (200, r#"{"id":"12","uri":"https://one.example/users/other"}"#, GoneReason::Deleted),
    ];
    for (status, body, gone) in cases {
        let web = RecordedWeb::new([answer(url, status, &[], body)]);
        let runs = profiles(&web, &[mastodon(Some("12"))]).await;
        assert_eq!(runs[0].observations, [Observation::Gone(gone)], "{body}");
    }
    let runs = profiles(&RecordedWeb::new([]), &[mastodon(Some("12"))]).await;
    assert!(matches!(runs[0].outcome, StreamOutcome::Refused { .. }), "a foreign 404 says nothing");
}

#[test]
fn accounts_are_recognised_in_text() {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let cases = [
        ("see https://bsky.app/profile/Ada.Example.org.", "bluesky:ada.example.org"),
        ("bsky.app/profile/did:plc:abc?x=1", "bluesky:did:plc:abc"),
        ("(@ada.bsky.social)", "bluesky:ada.bsky.social"),
        ("https://www.one.example/@Ada/", "fediverse:ada@one.example"),
        ("https://one.example/users/ada", "fediverse:ada@one.example"),
        ("me: @ada@one.example!", "fediverse:ada@one.example"),
        ("https://medium.com/@ada", ""),
        ("ada@one.example, @ada, https://one.example/@ada/123, 3.14", ""),
    ];
    for (text, wanted) in cases {
        let claims = engine.recognise_claims(text);
        let shown = claims.iter().map(|claim| match claim {
            Claim::Account { platform, target } => format!("{platform}:{target}"),
            Claim::Website { page } => page.clone(),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), wanted, "{text}");
    }
    let many = "@a@b.example ".repeat(10) + &"x".repeat(1_000_000);
    assert_eq!(engine.recognise_claims(&many).len(), 1);
}
