//! Under which names accounts are known: split domains, internationalised ones, pasted handles.

use model::observation::{NamedProfile, Observation, SeenProfile};
use model::{Account, Platform};
use platforms::engine::{FetchContext, FetchMemory, FetchSubject, StreamRun, Unlimited};
use platforms::http::{RecordedAnswer, RecordedWeb};
use platforms::{CrawlEngine, EngineSettings};

use crate::script::{Still, answer, list, only, page};

fn subject(host: &str, name: &str) -> FetchSubject {
    let named = NamedProfile {
        native_id: format!("https://{host}/users/{name}"),
        handle: Some(format!("{name}@{host}")),
        host: Some(host.to_owned()),
    };
    FetchSubject::new(Platform::FEDIVERSE, named)
}

fn own_page(host: &str, name: &str, note: &str) -> RecordedAnswer {
    let url = format!("https://{host}/api/v1/accounts/lookup?acct={name}");
    let uri = format!("https://{host}/users/{name}");
    let body = format!(
        r#"{{"id":"7","username":"{name}","uri":"{uri}","note":"{note}","discoverable":true}}"#
    );
    page(url, body)
}

fn finger(handle: &str, subject: &str, native_id: &str) -> RecordedAnswer {
    let body = format!(
        r#"{{"subject":"acct:{subject}","links":[{{"rel":"self","href":"{native_id}"}}]}}"#
    );
    page(finger_url(handle), body)
}

fn finger_url(handle: &str) -> String {
    let (name, host) = handle.split_once('@').unwrap();
    format!("https://{host}/.well-known/webfinger?resource=acct:{name}%40{host}")
}

async fn read(web: &RecordedWeb, memory: &FetchMemory, subject: FetchSubject) -> SeenProfile {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let mut limiter = Unlimited::default();
    let mut fetch = FetchContext::new(web, &Still, &mut limiter, memory);
    let runs = engine.profiles(&mut fetch, &[subject]).await;
    match runs.into_iter().flat_map(|run| run.observations).next() {
        Some(Observation::Profile(seen)) => *seen,
        other => panic!("expected a profile, not {other:?}"),
    }
}

const ADA: &str = "https://social.one.example/users/ada";
const BO: &str = "https://social.one.example/users/bo";

#[tokio::test]
async fn a_profile_is_known_by_the_name_that_others_use() {
    let web = RecordedWeb::new([
        own_page("social.one.example", "ada", "I am @ada@one.example"),
        own_page("social.one.example", "bo", ""),
        finger("ada@social.one.example", "Ada@ONE.example", ADA),
        finger("ada@one.example", "ada@one.example", ADA),
        finger("bo@one.example", "bo@one.example", BO),
    ]);
    let memory = FetchMemory::of_recordings();
    let ada = read(&web, &memory, subject("social.one.example", "ada")).await;
    assert_eq!(ada.named.handle.as_deref(), Some("ada@one.example"));
    assert_eq!(ada.named.host.as_deref(), Some("social.one.example"));
    assert_eq!(ada.server_handle.as_deref(), Some("ada@social.one.example"));
    assert!(ada.claims.is_empty(), "she names herself: {:?}", ada.claims);
    let bo = read(&web, &memory, subject("social.one.example", "bo")).await;
    assert_eq!(bo.named.handle.as_deref(), Some("bo@one.example"));
    assert_eq!(web.asked().len(), 5, "the host is asked once for its domain");
}

#[tokio::test]
async fn a_host_that_goes_by_its_own_name_is_asked_once() {
    let web = RecordedWeb::new([
        own_page("one.example", "ada", ""),
        own_page("one.example", "bo", ""),
        finger("ada@one.example", "ada@one.example", "https://one.example/users/ada"),
    ]);
    let memory = FetchMemory::of_recordings();
    for name in ["ada", "bo", "ada"] {
        let seen = read(&web, &memory, subject("one.example", name)).await;
        assert_eq!(seen.named.handle, Some(format!("{name}@one.example")));
        assert_eq!(seen.server_handle, None);
    }
    assert_eq!(web.asked().len(), 4);
}

#[tokio::test]
async fn a_host_names_nobody_elses_accounts() {
    let evil = "https://evil.example/users/root";
    let told = || finger("root@evil.example", "root@good.example", evil);
    let denials = [
        vec![],
        vec![finger("root@good.example", "root@good.example", "https://good.example/users/root")],
        vec![answer(finger_url("root@good.example"), 503, &[], "busy")],
        vec![page(finger_url("root@good.example"), "<!doctype html>")],
    ];
    for denial in denials {
        let pages = [own_page("evil.example", "root", ""), told()];
        let web = RecordedWeb::new(pages.into_iter().chain(denial));
        let seen = read(&web, &FetchMemory::of_recordings(), subject("evil.example", "root")).await;
        assert_eq!(seen.named.handle.as_deref(), Some("root@evil.example"));
        assert_eq!(seen.server_handle, None);
    }
}

#[tokio::test]
async fn one_account_that_a_domain_vouches_for_does_not_vouch_for_the_rest() {
    let web = RecordedWeb::new([
        own_page("social.one.example", "ada", ""),
        own_page("social.one.example", "root", ""),
        finger("ada@social.one.example", "ada@one.example", ADA),
        finger("ada@one.example", "ada@one.example", ADA),
        finger("root@one.example", "root@one.example", "https://one.example/users/root"),
    ]);
    let memory = FetchMemory::of_recordings();
    read(&web, &memory, subject("social.one.example", "ada")).await;
    let root = read(&web, &memory, subject("social.one.example", "root")).await;
    assert_eq!(root.named.handle.as_deref(), Some("root@social.one.example"));
}

#[tokio::test]
async fn a_host_without_webfinger_keeps_its_name_and_is_left_in_peace() {
    let answers = [
        answer(finger_url("ada@one.example"), 500, &[], ""),
        page(finger_url("ada@one.example"), "<!doctype html>"),
        page(finger_url("ada@one.example"), r#"{"subject":"acct:somebody@else.example"}"#),
        page(finger_url("ada@one.example"), r#"{"subject":"acct:ada@xn--a.example"}"#),
    ];
    for told in answers {
        let web = RecordedWeb::new([own_page("one.example", "ada", ""), told]);
        let memory = FetchMemory::of_recordings();
        for _ in 0..10 {
            let seen = read(&web, &memory, subject("one.example", "ada")).await;
            assert_eq!(seen.named.handle.as_deref(), Some("ada@one.example"));
        }
        assert_eq!(web.asked().len(), 13, "three times, then no more");
    }
}

#[tokio::test]
async fn a_domain_may_be_internationalised() {
    let native_id = "https://social.xn--bcher-kva.example/users/ada";
    let web = RecordedWeb::new([
        own_page("social.xn--bcher-kva.example", "ada", ""),
        finger("ada@social.xn--bcher-kva.example", "ada@bücher.example", native_id),
        finger("ada@xn--bcher-kva.example", "ada@bücher.example", native_id),
    ]);
    let seen =
        read(&web, &FetchMemory::of_recordings(), subject("social.xn--bcher-kva.example", "ada"))
            .await;
    assert_eq!(seen.named.handle.as_deref(), Some("ada@xn--bcher-kva.example"));
}

/// The people that `subject` follows, after its own page was read.
async fn following(web: &RecordedWeb, subject: FetchSubject) -> Vec<NamedProfile> {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let memory = FetchMemory::of_recordings();
    read(web, &memory, subject.clone()).await;
    let mut subject = only("following", subject);
    subject.local_id = Some("7".to_owned());
    let mut limiter = Unlimited::default();
    let mut fetch = FetchContext::new(web, &Still, &mut limiter, &memory);
    let runs: Vec<StreamRun> = engine.round(&mut fetch, &subject).await;
    list(&runs[0]).arcs.iter().map(|arc| arc.other.clone()).collect()
}

#[tokio::test]
async fn lists_use_the_same_names() {
    let people = format!(
        r#"[{{"id":"8","acct":"bo","uri":"{BO}"}},
            {{"id":"9","acct":"cy@Bücher.example.","uri":"https://BÜCHER.example/users/cy"}},
            {{"id":"10","acct":"di@xn--a.example","uri":"https://two.example/users/di"}}]"#
    );
    let web = RecordedWeb::new([
        own_page("social.one.example", "ada", ""),
        finger("ada@social.one.example", "ada@one.example", ADA),
        finger("ada@one.example", "ada@one.example", ADA),
        page("https://social.one.example/api/v1/accounts/7/following?limit=80", people),
    ]);
    let seen = following(&web, subject("social.one.example", "ada")).await;
    let handles: Vec<Option<&str>> = seen.iter().map(|named| named.handle.as_deref()).collect();
    assert_eq!(handles, [Some("bo@one.example"), Some("cy@xn--bcher-kva.example"), None]);
    assert_eq!(seen[1].native_id, "https://BÜCHER.example/users/cy", "ids are never altered");
    assert_eq!(seen[1].host.as_deref(), Some("xn--bcher-kva.example"));
}

async fn resolve(web: &RecordedWeb, account: &str) -> Result<FetchSubject, String> {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (memory, mut limiter) = (FetchMemory::of_recordings(), Unlimited::default());
    let account: Account = account.parse().map_err(|error| format!("{error}"))?;
    let mut fetch = FetchContext::new(web, &Still, &mut limiter, &memory);
    engine.resolve(&mut fetch, &account).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn seeds_by_either_name_are_one_profile() {
    let web = RecordedWeb::new([
        own_page("social.one.example", "ada", ""),
        page("https://one.example/api/v1/accounts/lookup?acct=ada", "<!doctype html>"),
        finger("ada@one.example", "ada@one.example", ADA),
    ]);
    for account in ["fediverse:ada@one.example", "mastodon:@Ada@Social.One.Example."] {
        let found = resolve(&web, account).await.unwrap();
        assert_eq!(found.named.native_id, ADA, "{account}");
        assert_eq!(found.named.host.as_deref(), Some("social.one.example"), "{account}");
    }
}

#[tokio::test]
async fn seeds_are_taken_in_every_form_of_their_domain() {
    let web = RecordedWeb::new([own_page("xn--bcher-kva.example", "ada", "")]);
    for handle in [
        "ada@bücher.example",
        "@ada@BÜCHER.example.",
        "＠ａｄａ＠ｂüｃｈｅｒ。ｅｘａｍｐｌｅ",
        "\u{2066}ada@xn--bcher-kva.example\u{2069}\u{200B}",
    ] {
        let found = resolve(&web, &format!("fediverse:{handle}")).await.unwrap();
        assert_eq!(found.named.native_id, "https://xn--bcher-kva.example/users/ada", "{handle}");
    }
}

#[tokio::test]
async fn a_refused_handle_is_shown_with_what_nobody_sees() {
    let web = RecordedWeb::new([]);
    let error = resolve(&web, "fediverse:ada@xn--a.\u{202A}example").await.unwrap_err();
    assert!(error.contains("`ada@xn--a.<U+202A>example`: `xn--a.example` is no domain"), "{error}");
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (memory, mut limiter) = (FetchMemory::of_recordings(), Unlimited::default());
    let account = Account { platform: Platform::FEDIVERSE, handle: "ada\u{200B}".to_owned() };
    let mut fetch = FetchContext::new(&web, &Still, &mut limiter, &memory);
    let error = engine.resolve(&mut fetch, &account).await.unwrap_err().to_string();
    assert!(error.contains("malformed handle `ada<U+200B>`"), "{error}");
}
