//! Privacy requests: one answer for all accounts, limits, secrets, proofs through the real dispatch and fetch, and the
//! page.

use std::collections::BTreeMap;
use std::sync::Mutex;

use api_gateway::ClientAddress;
use axum::body::Body;
use axum::http::Request;
use crawl_dispatch::{DispatchDependencies, DispatchSettings, paces, tick};
use model::ProfileId;
use model::port::{Clock as _, Queue as _, Web, WebError, WebRequest, WebResponse};
use model::privacy_request::days_after;
use operate::{OperateDependencies, Order};
use platform_fetch::{FetchDependencies, HostCache, JobEnd, handle_message};
use platforms::engine::FetchMemory;
use platforms::{CrawlEngine, EngineSettings};
use serde_json::{Value, json};
use store::pg::{audit, profile};
use store::queue::PgQueue;
use store::wallet::{PgWallet, StoredWallet};

use crate::world::{Api, Reply};

const PATH: &str = "/v1/privacy-requests";

/// Answers by a part of the URL; what has none is a 404.
#[derive(Debug, Default)]
struct ScriptedWeb(Mutex<BTreeMap<&'static str, String>>);

impl Web for ScriptedWeb {
    async fn fetch(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        let answers = self.0.lock().unwrap();
        let found = answers.iter().find(|(part, _)| request.url.contains(**part));
        let status = if found.is_some() { 200 } else { 404 };
        let body = found.map_or_else(Vec::new, |(_, body)| body.clone().into_bytes());
        Ok(WebResponse { status, headers: Vec::new(), body })
    }
}

/// What reads the accounts: the dispatcher and the fetch function, over a scripted web.
struct Crawler {
    web: ScriptedWeb,
    engine: CrawlEngine,
    memory: FetchMemory,
    hosts: HostCache,
}

impl Crawler {
    fn new() -> Crawler {
        Crawler {
            web: ScriptedWeb::default(),
            engine: CrawlEngine::new(EngineSettings::default()).unwrap(),
            memory: FetchMemory::of_recordings(),
            hosts: HostCache::new(),
        }
    }

    /// Puts a bio up, on Bluesky.
    fn put_up(&self, name: &str, bio: &str) {
        let mut answers = self.web.0.lock().unwrap();
        let did = format!("did:plc:{name}.example.org");
        answers.insert("resolveHandle", json!({ "did": did }).to_string());
        let page = json!({"did": did, "handle": format!("{name}.example.org"), "description": bio});
        answers.insert("getProfile?", page.to_string());
    }

    /// A tick of the dispatcher, and the jobs that it sent; how many they were.
    async fn tick(&self, api: &Api) -> usize {
        let (pg, clock) = (api.database.pg(), &api.clock);
        let queue = PgQueue::new(pg.clone(), "fetch", 10, clock.clone());
        let settings = DispatchSettings {
            paces: paces(&self.engine),
            jobs_max: 0,
            job_profiles: 1,
            reservation_seconds: 60,
            profiles_max: 0,
        };
        let dependencies = DispatchDependencies { pg, queue: &queue, clock };
        tick(dependencies, &settings).await.unwrap();
        let received = queue.receive(10, 60).await.unwrap();
        for message in &received {
            let (web, engine, memory, hosts) = (&self.web, &self.engine, &self.memory, &self.hosts);
            let dependencies = FetchDependencies { pg, web, clock, engine, memory, hosts };
            let deadline = days_after(clock.now(), 1);
            let end = handle_message(dependencies, &message.body, 1, deadline).await;
            assert!(matches!(end, JobEnd::Done(_)), "{end:?}");
            queue.finish(&message.receipt).await.unwrap();
        }
        received.len()
    }
}

/// A request as its client has it.
struct Made {
    id: String,
    secret: String,
    code: String,
}

async fn demand(api: &Api, account: &str, kind: &str) -> Reply {
    let about = ["objection", "correction"].contains(&kind).then_some("the label `engines`");
    let body = json!({"account": account, "kind": kind, "about": about}).to_string();
    api.send(Request::post(PATH), Body::from(body)).await
}

fn made(reply: &Reply) -> Made {
    assert_eq!(reply.status, 202, "{}", reply.text);
    let data = &reply.json()["data"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Made {
        id: text(&data["id"]),
        secret: text(&data["secret"]),
        code: text(&data["proof"]["code"]),
    }
}

impl Made {
    async fn send(&self, api: &Api, method: &str, rest: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(format!("{PATH}/{}{rest}", self.id))
            .header("authorization", format!("Bearer {}", self.secret));
        api.send(request, Body::empty()).await
    }

    async fn shown(&self, api: &Api) -> Value {
        self.send(api, "GET", "").await.data()
    }

    /// Puts the code up and lets it be looked for.
    async fn prove(&self, api: &Api, crawler: &Crawler, name: &str) {
        crawler.put_up(name, &format!("engineer, {}", self.code));
        let asked = self.send(api, "POST", "/check").await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(crawler.tick(api).await, 1);
    }
}

async fn is_gone(api: &Api, id: ProfileId) -> bool {
    profile::get(api.database.pg(), &[id]).await.unwrap()[0].native_id.is_none()
}

/// An answer without what differs from request to request: what of it is random, and ids.
fn form(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut body = reply.json();
    for place in ["/data/id", "/data/secret", "/data/proof/code", "/request_id"] {
        if let Some(value) = body.pointer_mut(place) {
            let text = value.as_str().unwrap();
            *value = json!(text.split(['_', '-']).next().unwrap());
        }
    }
    let named = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let differs = ["borg-request-id", "content-length", "etag"];
    (reply.status, named.filter(|(name, _)| !differs.contains(&name.as_str())).collect(), body)
}

#[tokio::test]
async fn the_answer_is_the_same_whether_the_account_is_known_or_not() {
    let api = Api::new().await;
    // Listed, unlisted, never seen, and a native id.
    let names = ["grace.example.org", "hermit.example.org", "no-one.example.org", "did:plc:none"];
    for kind in ["opt_out", "erasure", "access", "objection", "correction"] {
        let mut forms = Vec::new();
        for name in names {
            let reply = demand(&api, &format!("bluesky:{name}"), kind).await;
            if kind == "opt_out" {
                let data = &reply.json()["data"];
                assert_eq!(data["proof"]["valid_until"], "2026-11-23T10:00:00Z");
                assert_eq!(data["due_at"], "2026-12-20T10:00:00Z");
                assert_eq!(reply.header("cache-control"), "no-store");
                assert_eq!(reply.header("borg-cost"), "0");
            }
            let made = made(&reply);
            forms.push((form(&reply), form(&made.send(&api, "GET", "").await)));
        }
        assert!(forms.windows(2).all(|two| two[0] == two[1]), "{kind}: {forms:#?}");
        // There are three of an account a day from here.
        api.clock.advance_seconds(86_400);
    }
}

#[tokio::test]
async fn there_are_three_a_day_of_an_account_from_an_address_and_ten_in_all() {
    let api = Api::new().await;
    let mut refused = Vec::new();
    for name in ["grace.example.org", "no-one.example.org"] {
        for _ in 0..3 {
            made(&demand(&api, &format!("bluesky:{name}"), "access").await);
        }
        refused.push(demand(&api, &format!("bluesky:{name}"), "access").await);
    }
    for reply in &refused {
        assert_eq!((reply.status, reply.code().as_str()), (429, "privacy_requests_exhausted"));
        assert_eq!(reply.header("retry-after"), "50400", "until midnight");
    }
    assert_eq!(form(&refused[0]), form(&refused[1]));
    let from = async |address: &str, name: String| {
        let body = json!({"account": name, "kind": "access"}).to_string();
        let address = ClientAddress(address.parse().unwrap());
        api.send(Request::post(PATH).extension(address), Body::from(body)).await
    };
    for number in 0..10 {
        made(&from("192.0.2.1", format!("bluesky:a{number}.example.org")).await);
    }
    let over = from("192.0.2.1", "bluesky:b.example.org".to_owned()).await;
    assert_eq!(form(&over), form(&refused[0]), "either limit is answered the same");
    made(&from("192.0.2.2", "bluesky:b.example.org".to_owned()).await);
    // Who asks elsewhere is not locked out by others.
    made(&from("192.0.2.2", "bluesky:grace.example.org".to_owned()).await);
    api.clock.advance_seconds(50_400);
    made(&from("192.0.2.1", "bluesky:grace.example.org".to_owned()).await);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let api = Api::new().await;
    for (body, status, code) in [
        (r#"{"account":"myspace:tom","kind":"access"}"#, 400, "bad_body"),
        (r#"{"account":"grace.example.org","kind":"access"}"#, 400, "bad_body"),
        (r#"{"account":"bluesky:a b","kind":"access"}"#, 400, "bad_body"),
        (r#"{"account":"bluesky:a..b","kind":"access"}"#, 400, "bad_body"),
        (r#"{"account":"bluesky:grace.example.org","kind":"rectify"}"#, 400, "bad_body"),
        (r#"{"account":"bluesky:grace.example.org"}"#, 400, "bad_body"),
        (r#"{"account":"bluesky:a.example","kind":"access","name":"x"}"#, 400, "bad_body"),
        ("no JSON", 400, "bad_body"),
    ] {
        let reply = api.send(Request::post(PATH), Body::from(body)).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}");
    }
    let account = "bluesky:a.example";
    for (body, pointer) in [
        (json!({"account": account, "kind": "objection", "about": "x".repeat(2_001)}), "/about"),
        (json!({"account": account, "kind": "objection"}), "/about"),
        (json!({"account": account, "kind": "correction", "about": " "}), "/about"),
        (json!({"account": "bluesky:a b", "kind": "access"}), "/account"),
    ] {
        let reply = api.send(Request::post(PATH), Body::from(body.to_string())).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let typed = Request::post(PATH).header("content-type", "text/plain");
    assert_eq!(api.send(typed, Body::from("{}")).await.status, 415);
}

#[tokio::test]
async fn only_its_secret_opens_a_request_and_it_stands_in_no_url() {
    let api = Api::new().await;
    let mine = made(&demand(&api, "bluesky:grace.example.org", "access").await);
    let other = made(&demand(&api, "bluesky:acme.example.com", "access").await);
    let bare = api.send(Request::get(format!("{PATH}/{}", mine.id)), Body::empty()).await;
    assert_eq!((bare.status, bare.code().as_str()), (401, "secret_missing"));
    let mut forms = Vec::new();
    for (id, secret) in
        [(&mine.id, &other.secret), (&mine.id, &api.key), (&"prq_zzzz".to_owned(), &mine.secret)]
    {
        for (method, rest) in [("GET", ""), ("GET", "/data"), ("POST", "/check")] {
            let stranger = Made { id: id.clone(), secret: secret.clone(), code: String::new() };
            let reply = stranger.send(&api, method, rest).await;
            assert_eq!((reply.status, reply.code().as_str()), (404, "privacy_request_unknown"));
            let (status, _, mut body) = form(&reply);
            body["instance"] = Value::Null;
            forms.push((status, body));
        }
    }
    assert!(forms.windows(2).all(|two| two[0] == two[1]), "{forms:?}");
    let request = Request::get(format!("{PATH}/{}?secret={}", mine.id, mine.secret));
    let reply = api.send(request, Body::empty()).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "key_in_url"));
    assert!(!reply.text.contains(&mine.secret));
    assert_eq!(mine.send(&api, "GET", "?limit=1").await.code(), "bad_parameter");
}

#[tokio::test]
async fn a_proven_opt_out_erases_that_profile_and_no_other() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    // Grace has a second profile, which is joined with this one by a proof.
    let grace = api.world.profiles[1];
    let request = made(&demand(&api, "bluesky:grace.example.org", "opt_out").await);
    crawler.put_up("grace", "engineer");
    assert_eq!(crawler.tick(&api).await, 0, "not before it is asked or its time comes");
    api.clock.advance_seconds(600);
    assert_eq!(crawler.tick(&api).await, 1);
    let shown = request.shown(&api).await;
    assert_eq!((&shown["status"], &shown["checks"]), (&json!("waiting_for_proof"), &json!(1)));
    assert!(!is_gone(&api, grace).await);
    let hasty = request.send(&api, "POST", "/check").await;
    assert_eq!((hasty.status, hasty.code().as_str()), (429, "checks_exhausted"));
    api.clock.advance_seconds(60);
    request.prove(&api, &crawler, "grace").await;
    let shown = request.shown(&api).await;
    assert_eq!((&shown["status"], &shown["proof"]), (&json!("done"), &Value::Null));
    assert!(is_gone(&api, grace).await && !is_gone(&api, api.world.grace_too).await);
    let log = audit::newest(api.database.pg(), 1).await.unwrap();
    assert_eq!((&log[0].actor, &log[0].subject), (&request.id, &Some(grace.to_string())));
    assert_eq!(api.get(&format!("/v1/profiles/{grace}")).await.status, 404);
    let late = request.send(&api, "POST", "/check").await;
    assert_eq!((late.status, late.code().as_str()), (409, "nothing_to_check"));
    let data = request.send(&api, "GET", "/data").await;
    assert_eq!((data.status, data.code().as_str()), (409, "no_data_given"));
}

#[tokio::test]
async fn why_a_code_is_not_looked_for_is_said() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let request = made(&demand(&api, "bluesky:ada.example.org", "access").await);
    let unread = made(&demand(&api, "github:ada", "access").await);
    crawler.put_up("ada", "engineer");
    api.clock.advance_seconds(600);
    assert_eq!(crawler.tick(&api).await, 1, "accounts that cannot be read are not looked for");
    let asked = unread.send(&api, "POST", "/check").await;
    assert_eq!((asked.status, asked.code().as_str()), (409, "nothing_to_check"));
    assert!(asked.text.contains("github") && asked.text.contains("the operator"), "{}", asked.text);
    assert_eq!(unread.shown(&api).await["proof"]["looked_for"], false);
    assert_eq!(request.shown(&api).await["proof"]["looked_for"], true);
    let fields = [("id", request.id.as_str()), ("secret", request.secret.as_str())];
    let check = [fields[0], fields[1], ("do", "check")];
    let hasty = form_post(&api, "/privacy/request", &check).await;
    assert_eq!((hasty.status, hasty.header("retry-after")), (429, "60"));
    assert!(hasty.header("content-type").starts_with("text/html"));
    assert!(hasty.text.contains("a moment ago: wait 60 s"), "{}", hasty.text);
    assert!(hasty.text.contains("<title>Error: ") && hasty.text.contains("not found yet"));
}

#[tokio::test]
async fn what_is_held_is_given_for_a_week_to_who_proved_the_profile() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let request = made(&demand(&api, "bluesky:ada.example.org", "access").await);
    let early = request.send(&api, "GET", "/data").await;
    assert_eq!((early.status, early.code().as_str()), (409, "no_data_given"));
    request.prove(&api, &crawler, "ada").await;
    assert_eq!(request.shown(&api).await["data_until"], "2026-11-29T10:00:00Z");
    let held = request.send(&api, "GET", "/data").await.data();
    assert_eq!(held["account"], "bluesky:ada.example.org");
    assert_eq!(held["profile"]["bio"], "analytical engines");
    assert_eq!(held["lists"][0]["count"], api.world.profiles.len() - 1);
    // Of others, only who is listed.
    let arcs = held["arcs"].as_array().unwrap();
    assert_eq!(arcs.len(), api.world.profiles.len() - 2);
    assert!(!held.to_string().contains("hermit"));
    // All her profiles are listed, so what is computed of them is given.
    assert_eq!(held["joined_with_unlisted"], false);
    assert_eq!(held["memberships"][0]["community"]["id"], "com_0");
    assert!(held["memberships"].as_array().unwrap().len() > 1);
    assert_eq!(held["runs"][0], api.world.run.to_string());
    // Who opts out is not named any more.
    let left = arcs.iter().find(|arc| arc["handle"].is_string()).unwrap();
    order(&api, json!({"opt-out": {"account": left["profile"]}})).await;
    let held = request.send(&api, "GET", "/data").await.data();
    assert_eq!(held["arcs"].as_array().unwrap().len(), arcs.len() - 1);
    for trace in [&left["handle"], &left["profile"]] {
        assert!(!held.to_string().contains(&trace.to_string()), "{trace}");
    }
    api.clock.advance_seconds(7 * 86_400);
    let late = request.send(&api, "GET", "/data").await;
    assert_eq!((late.status, late.code().as_str()), (410, "data_expired"));
}

#[tokio::test]
async fn a_proof_of_one_profile_says_nothing_of_another_that_is_not_listed() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let grace = made(&demand(&api, "bluesky:grace.example.org", "access").await);
    grace.prove(&api, &crawler, "grace").await;
    let held = grace.send(&api, "GET", "/data").await.data();
    assert_eq!((&held["joined_with_unlisted"], &held["person"]), (&json!(true), &Value::Null));
    assert_eq!((&held["memberships"], &held["history"]), (&json!([]), &json!([])));
    assert!(!held.to_string().to_lowercase().contains("phantom"));
    // An unlisted one gets its own.
    let hermit = made(&demand(&api, "bluesky:hermit.example.org", "access").await);
    hermit.prove(&api, &crawler, "hermit").await;
    let held = hermit.send(&api, "GET", "/data").await.data();
    assert_eq!(held["profile"]["bio"], "secret compilers");
    assert_eq!(held["consent"], json!(["unlisted"]));
    // Of an account that is not known nothing is held.
    let unknown = made(&demand(&api, "bluesky:new.example.org", "access").await);
    unknown.prove(&api, &crawler, "new").await;
    let held = unknown.send(&api, "GET", "/data").await.data();
    assert_eq!((&held["profile"], &held["arcs"]), (&Value::Null, &json!([])));
}

async fn order(api: &Api, order: Value) -> Value {
    let pg = api.database.pg();
    let wallet = StoredWallet::Postgres(PgWallet::new(pg.clone()));
    let (clock, pepper, actor) = (&api.clock, b"".as_slice(), "local:0");
    let dependencies = OperateDependencies { pg, wallet: &wallet, clock, pepper, actor };
    let order = Order::of(order).unwrap();
    json!(operate::handle(&dependencies, &order).await.unwrap())
}

#[tokio::test]
async fn an_objection_is_answered_by_the_operator() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let body = json!({
        "account": "bluesky:acme.example.com", "kind": "objection", "about": "the label `engines`",
    });
    let request = made(&api.send(Request::post(PATH), Body::from(body.to_string())).await);
    {
        let mut answers = crawler.web.0.lock().unwrap();
        let did = "did:plc:acme.example.com";
        answers.insert("resolveHandle", json!({ "did": did }).to_string());
        let page = json!({"did": did, "handle": "acme.example.com", "description": request.code});
        answers.insert("getProfile?", page.to_string());
    }
    assert_eq!(request.send(&api, "POST", "/check").await.status, 202);
    assert_eq!(crawler.tick(&api).await, 1);
    assert_eq!(request.shown(&api).await["status"], "with_operator");
    let listed = order(&api, json!({"list-requests": {}})).await;
    let line = &listed["requests"][0];
    assert_eq!(
        (&line["request"], &line["about"]),
        (&json!(request.id), &json!("the label `engines`"))
    );
    assert_eq!(line["profile"], api.world.profiles[2].to_string());
    let answer = json!({"request": request.id, "outcome": "done", "text": "it is gone <soon>"});
    order(&api, json!({ "answer-request": answer })).await;
    let shown = request.shown(&api).await;
    assert_eq!((&shown["status"], &shown["answer"]), (&json!("done"), &json!("it is gone <soon>")));
    let fields = [("id", request.id.as_str()), ("secret", request.secret.as_str())];
    let page = form_post(&api, "/privacy/request", &fields).await;
    assert!(page.text.contains("it is gone &lt;soon&gt;"));
}

#[tokio::test]
async fn what_is_not_proven_within_a_day_goes_to_the_operator() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let request = made(&demand(&api, "bluesky:grace.example.org", "opt_out").await);
    api.clock.advance_seconds(86_400);
    crawler.put_up("grace", &request.code);
    assert_eq!(crawler.tick(&api).await, 0);
    assert_eq!(request.send(&api, "POST", "/check").await.code(), "nothing_to_check");
    let shown = request.shown(&api).await;
    assert_eq!((&shown["status"], &shown["proof"]), (&json!("with_operator"), &Value::Null));
    let answer =
        json!({"request": request.id, "outcome": "refused", "text": "show me the account"});
    order(&api, json!({ "answer-request": answer })).await;
    assert_eq!(request.shown(&api).await["status"], "refused");
    assert!(!is_gone(&api, api.world.profiles[1]).await);
}

async fn form_post(api: &Api, path: &str, fields: &[(&str, &str)]) -> Reply {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    api.send(request, Body::from(body.join("&"))).await
}

/// What stands between two words of a page.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).unwrap().0
}

#[tokio::test]
async fn the_page_makes_a_request_and_reads_it_without_a_script() {
    let api = Api::new().await;
    let crawler = Crawler::new();
    let page = api.send(Request::get("/privacy"), Body::empty()).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("form-action 'self'"));
    assert!(!page.text.contains("<script") && !page.text.contains("://"));
    for field in
        ["account", "about", "id", "secret", "opt_out", "access", "objection", "correction"]
    {
        assert!(page.text.contains(&format!("<label for=\"{field}\">")), "{field} has a label");
    }
    assert_eq!(api.send(Request::get("/privacy/style.css"), Body::empty()).await.status, 200);
    let fields = [("account", " bluesky:ada.example.org "), ("kind", "access"), ("about", "")];
    let made_page = form_post(&api, "/privacy", &fields).await;
    assert_eq!(made_page.header("cache-control"), "no-store");
    let text = &made_page.text;
    let request = Made {
        id: between(text, "<dt>Request</dt><dd><code>", "<").to_owned(),
        secret: between(text, "<dt>Secret</dt><dd><code>", "<").to_owned(),
        code: between(text, ":</p><p><code>", "<").to_owned(),
    };
    let named = [("id", request.id.as_str()), ("secret", request.secret.as_str())];
    crawler.put_up("ada", &request.code);
    let check = [named[0], named[1], ("do", "check")];
    let asked = form_post(&api, "/privacy/request", &check).await;
    assert!(asked.text.contains("is looked for now"), "{}", asked.text);
    assert_eq!(crawler.tick(&api).await, 1);
    let shown = form_post(&api, "/privacy/request", &named).await;
    assert!(shown.text.contains("It is done.") && shown.text.contains("Download"));
    let file = form_post(&api, "/privacy/data", &named).await;
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let first: Value = serde_json::from_str(file.text.lines().next().unwrap()).unwrap();
    assert_eq!(first["profile"]["handle"], "ada.example.org");
    let late = form_post(&api, "/privacy/request", &check).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("the code was found"), "{}", late.text);
}

#[tokio::test]
async fn a_form_that_is_refused_says_why_and_keeps_what_was_written() {
    let api = Api::new().await;
    let secret = made(&demand(&api, "bluesky:ada.example.org", "access").await).secret;
    let wrong = [("account", "myspace:<tom>"), ("kind", "objection"), ("about", "{{notice}} & so")];
    for (path, fields, status) in [
        ("/privacy", [("account", "myspace:<tom>"), ("kind", "access")], 400),
        ("/privacy", [("account", "bluesky:a.example"), ("kind", "all")], 400),
        ("/privacy", [("account", "bluesky:a.example"), ("kind", "objection")], 400),
        ("/privacy/request", [("id", "prq_zz"), ("secret", secret.as_str())], 404),
        ("/privacy/data", [("id", "<b>"), ("secret", "x")], 400),
    ] {
        let reply = form_post(&api, path, &fields).await;
        assert_eq!(reply.status, status, "{path} {fields:?}");
        assert!(reply.header("content-type").starts_with("text/html"));
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(reply.text.contains("role=\"alert\""), "{path} {fields:?}");
        assert!(reply.text.contains("<title>Error: Privacy"));
        assert!(!reply.text.contains("<tom>") && !reply.text.contains("<b>"));
    }
    let kept = form_post(&api, "/privacy", &wrong).await.text;
    assert!(kept.contains("value=\"myspace:&lt;tom&gt;\""), "{kept}");
    assert!(kept.contains("value=\"objection\" checked"));
    assert!(kept.contains(">&#123;&#123;notice}} &amp; so</textarea>"));
    for _ in 0..2 {
        made(&demand(&api, "bluesky:ada.example.org", "access").await);
    }
    let fields = [("account", "bluesky:ada.example.org"), ("kind", "access")];
    let over = form_post(&api, "/privacy", &fields).await;
    assert_eq!((over.status, over.header("retry-after")), (429, "50400"));
}
