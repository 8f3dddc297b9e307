//! The manifest language: what is refused and how it is said, and the parts that the embedded
//! manifests do not use.

use model::Layer;
use model::budget::HostLimit;
use model::observation::NamedProfile;
use model::{Platform, Timestamp};
use platforms::engine::{FetchSubject, StreamOutcome};
use platforms::http::RecordedWeb;
use platforms::{CrawlEngine, EngineSettings, PlatformSecrets};

use crate::script::{Tokens, answer, list, names, page, round_with};

const MANIFEST: &str = r#"
version: 1
platform: github
dialects: [rest]
handle: {pattern: '^[a-z]+$', example: ada, native: '^u[0-9]+$'}
home: api
origins:
  api: {url: 'https://api.example', limit: {requests: 60, window_seconds: 3600}}
rate_limit:
  limit: x-ratelimit-limit
  remaining: x-ratelimit-remaining
  reset: x-ratelimit-reset
  form: unix_seconds
  window_seconds: 3600
  body_wait: {field: backoff, unit: s}
plan: [profile, stars]
streams:
  profile:
    about: a profile
    tested_by: tests
    request: {role: api, path: '/users/{native_id}'}
    profile: {native_id: id}
  stars:
    about: the accounts that a profile stars
    tested_by: tests
    auth: {bearer: token}
    request:
      role: api
      path: /users/{native_id}/stars
      query: {per_page: '{page_size}', at: '{cursor}'}
    pager: {offset: true}
    page_size: 2
    pages_max: 4
    records: stars
    list: {layer: list, direction: out, weight: w, other: {native_id: id}}
"#;

fn engine(manifest: &str) -> Result<CrawlEngine, String> {
    let secrets = PlatformSecrets::parse(&["token=s3cret"]).unwrap();
    let settings = EngineSettings { secrets, ..EngineSettings::default() };
    CrawlEngine::with_manifests(&[("test.yaml", manifest)], settings)
        .map_err(|error| error.to_string())
}

fn subject() -> FetchSubject {
    let named = NamedProfile { native_id: "u1".to_owned(), ..NamedProfile::default() };
    FetchSubject::new("github".parse::<Platform>().unwrap(), named)
}

fn stars(at: &str, ids: &[&str]) -> platforms::http::RecordedAnswer {
    let people: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}","w":2.5}}"#)).collect();
    let url = format!("https://api.example/users/u1/stars?{at}per_page=2");
    page(url, format!(r#"{{"stars":[{}]}}"#, people.join(",")))
}

async fn visit(manifest: &str, web: &RecordedWeb) -> platforms::engine::StreamRun {
    let engine = engine(manifest).unwrap();
    round_with(&engine, web, &subject(), &mut Tokens(50)).await.0.remove(0)
}

#[tokio::test]
async fn offsets_grow_by_what_was_there_and_an_empty_page_ends_them() {
    let web =
        RecordedWeb::new([stars("", &["u2", "u3"]), stars("at=2&", &["u4"]), stars("at=3&", &[])]);
    let run = visit(MANIFEST, &web).await;
    assert_eq!(
        (names(list(&run)), run.outcome.clone()),
        (vec!["u2", "u3", "u4"], StreamOutcome::Done)
    );
    assert!((list(&run).arcs[0].weight - 2.5).abs() < f32::EPSILON);
    let secret = ("authorization".to_owned(), "Bearer s3cret".to_owned());
    assert!(web.asked().iter().all(|request| request.headers.contains(&secret)));
}

#[tokio::test]
async fn pages_are_counted_from_one() {
    let manifest = MANIFEST.replace("offset: true", "page: true");
    let web = RecordedWeb::new([stars("", &["u2"]), stars("at=2&", &["u3"]), stars("at=3&", &[])]);
    assert_eq!(names(list(&visit(&manifest, &web).await)), ["u2", "u3"]);
}

#[tokio::test]
async fn the_last_id_asks_for_the_next_page() {
    let manifest = MANIFEST.replace("offset: true", "until: id");
    let web = RecordedWeb::new([
        stars("", &["u4", "u3"]),
        stars("at=u3&", &["u2"]),
        stars("at=u2&", &[]),
    ]);
    assert_eq!(names(list(&visit(&manifest, &web).await)), ["u4", "u3", "u2"]);
}

#[tokio::test]
async fn the_cap_on_pages_ends_a_list_as_incomplete() {
    let pages = (0..9).map(|n| match n {
        0 => stars("", &["u2"]),
        n => stars(&format!("at={n}&"), &["u2"]),
    });
    let run = visit(MANIFEST, &RecordedWeb::new(pages)).await;
    assert_eq!((run.outcome.clone(), run.requests), (StreamOutcome::Done, 4));
    assert!(matches!(list(&run).coverage, model::observation::ListCoverage::Part { .. }));
}

#[tokio::test]
async fn a_missing_secret_is_named() {
    let engine =
        CrawlEngine::with_manifests(&[("t.yaml", MANIFEST)], EngineSettings::default()).unwrap();
    let (runs, _) = round_with(&engine, &RecordedWeb::new([]), &subject(), &mut Tokens(9)).await;
    assert!(matches!(&runs[0].outcome, StreamOutcome::Refused { why } if why.contains("`token`")));
}

#[tokio::test]
async fn limits_and_pauses_are_news() {
    let engine = engine(MANIFEST).unwrap();
    let url = "https://api.example/users/u1/stars?per_page=2";
    let reset = ("x-ratelimit-reset", "1795348860");
    let headers = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), reset];
    let web = RecordedWeb::new([answer(url, 200, &headers, r#"{"stars":[{"id":"u2"}]}"#)]);
    let (runs, news) = round_with(&engine, &web, &subject(), &mut Tokens(9)).await;
    assert!(matches!(runs[0].outcome, StreamOutcome::More { .. }), "asked a host without room");
    assert_eq!(news[0].limit, Some(HostLimit { requests: 5_000, window_ms: 3_600_000 }));
    assert_eq!(news[0].pause_until, Timestamp::from_second(1_795_348_860).ok());

    let refused = RecordedWeb::new([answer(url, 429, &[], r#"{"backoff":7}"#)]);
    let (runs, news) = round_with(&engine, &refused, &subject(), &mut Tokens(9)).await;
    assert!(matches!(runs[0].outcome, StreamOutcome::Retry { after_ms: Some(7_000), .. }));
    assert_eq!(
        news[0].pause_until.map(|at| at.to_string()).as_deref(),
        Some("2026-11-22T10:00:07Z")
    );
}

#[test]
fn the_embedded_manifests_tell_their_streams() {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let streams = engine.streams();
    let of = |platform: &str| {
        let own = streams.iter().filter(|info| info.platform == platform);
        own.map(|info| info.stream.as_str()).collect::<Vec<_>>()
    };
    let bluesky = ["profiles", "follows", "followers", "posts", "likes", "lists", "profile"];
    assert_eq!(of("bluesky"), bluesky);
    assert_eq!(of("fediverse"), ["profile", "following", "followers", "statuses"]);
    let posts = streams.iter().find(|info| info.stream == "posts").unwrap();
    assert_eq!(
        posts.emits,
        [Layer::Mention, Layer::Reply, Layer::Repost].map(|l| l.slug()).join(", ")
    );
}

/// A change that breaks the manifest, and what the complaint must name.
const MISTAKES: [(&str, &str, [&str; 2]); 22] = [
    ("version: 1", "version: 2", [":2: version", "reads version 1"]),
    ("records: stars", "recrods: stars", [":34: form", "did you mean `records`?"]),
    ("plan: [profile, stars]", "plan: [profile, satrs]", [":16: plan", "did you mean `stars`?"]),
    ("platform: github", "platform: myspace", ["platform", "myspace"]),
    ("dialects: [rest]", "dialects: [rest]\ncolour: red", ["colour", "unknown field"]),
    ("example: ada", "example: ADA", ["handle.example", "pattern"]),
    ("'^u[0-9]+$'", "'^u[0-9'", ["handle.native", "regex"]),
    ("home: api", "home: ipa", ["home", "`ipa`"]),
    ("requests: 60", "requests: 0", ["origins.api.limit", "at least one"]),
    ("url: 'https://api.example'", "url: 'https://{hst}'", ["origins.api.url", "`hst`"]),
    ("form: unix_seconds", "form: moons", ["form", "moons"]),
    ("plan: [profile, stars]", "plan: [stars]", ["plan", "profile stream"]),
    ("plan: [profile, stars]", "plan: [profile, star]", ["plan", "`star`"]),
    ("records: stars", "records: 'stars['", ["streams.stars.records", "missing"]),
    ("{native_id: id}}", "{native_id: 'id | up'}}", ["streams.stars.list.other.native_id", "`up`"]),
    ("{native_id: id}}", "{handle: id}}", ["streams.stars.list.other", "names no account"]),
    ("offset: true", "offset: true, page: true", ["streams.stars.pager", "take one of"]),
    ("layer: list,", "layer: like,", ["streams.stars.list.layer", "interactions"]),
    ("{native_id: id}\n", "{native_id: id, biography: x}\n", ["biography", "unknown field"]),
    (
        "{native_id: id}\n",
        "{native_id: id, bio: 'x['}\n",
        ["streams.profile.profile.bio", "missing"],
    ),
    ("auth: {bearer: token}", "auth: {header: key}", ["streams.stars.auth", "secret"]),
    ("path: /users/{native_id}/stars", "path: users", ["streams.stars.request.path", "`/`"]),
];

#[test]
fn mistakes_are_named_by_file_stream_and_field() {
    for (good, bad, wanted) in MISTAKES {
        let complaint = engine(&MANIFEST.replacen(good, bad, 1)).unwrap_err();
        assert!(complaint.contains("test.yaml"), "{complaint}");
        for part in wanted {
            assert!(complaint.contains(part), "`{part}` is not in: {complaint}");
        }
    }
}

#[test]
fn aliases_are_expanded_within_bounds() {
    let mut levels = vec!["&a0 [1,1,1,1,1,1,1,1,1,1]".to_owned()];
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        levels.push(format!("&a{level} [{aliases}]"));
    }
    let bomb = format!("errors: [{{status: [{}], then: empty}}]\nplan:", levels.join(","));
    let start = std::time::Instant::now();
    let error = engine(&MANIFEST.replacen("plan:", &bomb, 1)).unwrap_err();
    assert!(error.starts_with("manifest test.yaml:") && error.contains(": form: "), "{error}");
    assert!(error.len() < 4_000 && start.elapsed().as_secs() < 5, "{} bytes", error.len());
}

#[tokio::test]
async fn a_secret_goes_to_its_host_only_and_a_missing_one_ends_the_stream() {
    let moved = |to: &str| {
        let url = "https://api.example/users/u1/stars?per_page=2";
        answer(url, 302, &[("location", to)], "")
    };
    let web = RecordedWeb::new([
        moved("https://other.example/stars"),
        page("https://other.example/stars", r#"{"stars":[]}"#),
    ]);
    visit(MANIFEST, &web).await;
    let sent = web.asked();
    let secret = |index: usize| {
        let header = sent[index].headers.iter().find(|(name, _)| name == "authorization");
        header.map(|(_, value)| value.as_str())
    };
    assert_eq!((secret(0), secret(1)), (Some("Bearer s3cret"), None));
    let other = engine(&MANIFEST.replace("bearer: token", "bearer: other")).unwrap();
    let (runs, _) = round_with(&other, &web, &subject(), &mut Tokens(50)).await;
    let missing =
        matches!(&runs[0].outcome, StreamOutcome::Refused { why } if why.contains("`other`"));
    assert!(missing && runs[0].requests == 0, "{:?}", runs[0]);
    assert!(!format!("{other:?}").contains("s3cret"));
}

#[test]
fn every_manifest_of_the_folder_is_found_by_the_build() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests")).unwrap();
    let is_manifest =
        |file: &std::fs::DirEntry| file.file_name().to_string_lossy().ends_with(".yaml");
    let files = files.filter(|file| is_manifest(file.as_ref().unwrap())).count();
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    assert_eq!(engine.platforms().len(), files);
}

#[test]
fn the_schema_in_the_docs_is_that_of_the_types() {
    let made = serde_json::to_string_pretty(&platforms::manifest_schema()).unwrap() + "\n";
    let known = include_str!("../../../../docs/manifest.schema.json");
    assert_eq!(known, made, "print it: borg streams schema > docs/manifest.schema.json");
}

#[test]
fn the_example_of_the_guide_is_a_whole_manifest() {
    let guide = include_str!("../../../../docs/manifests.md");
    let example = guide.split("```yaml\n").nth(1).unwrap().split("   ```").next().unwrap();
    let yaml: String = example.lines().map(|line| line.replacen("   ", "", 1) + "\n").collect();
    let text = platforms::ManifestText::new("docs/manifests.md", yaml.into_bytes()).unwrap();
    text.check().unwrap();
    assert_eq!(text.declaration().unwrap().slug.as_str(), "forum");
}
