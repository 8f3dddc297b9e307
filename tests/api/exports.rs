//! Exports: ordered and held, written by the worker, charged, fetched by links; and who is not in them.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use export::{
    ExportDependencies, PartForm, WorkEnd, discard, handle_message, read_part, resume, rewrite,
};
use model::port::{Clock as _, Objects, PortError, PutOutcome, Queue as _, Wallet as _};
use model::{MicroCredits, PriceClass, PriceIndex, PriceItem, Scope, Timestamp, Usage};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use snapshot::{ObjectStore, SharedObjects};
use store::Pg;
use store::pg::{erase, run};
use store::queue::{PgQueue, StoredQueue};
use store::table::CellValue;
use store::wallet::{PgWallet, StoredWallet};
use testkit::Frozen;
use tower::ServiceExt as _;

use crate::world::{ACT, Api, Reply, export_queue, usage_queue};

/// The number of Grace in the run, and of the hermit, who is not listed.
const GRACE: usize = 1;
const HERMIT: usize = 3;
/// How long a job of these tests may take.
pub(crate) const JOB_SECONDS: i64 = 900;

/// The function `export` over the world of an API.
pub(crate) struct Worker {
    pg: Pg,
    objects: SharedObjects,
    wallet: StoredWallet,
    queue: StoredQueue,
    usage: StoredQueue,
    clock: Frozen,
}

impl Worker {
    pub(crate) fn of(api: &Api) -> Worker {
        let (pg, clock) = (api.database.pg().clone(), api.clock.clone());
        let stored = |queue: PgQueue<_>| StoredQueue::Postgres(queue);
        Worker {
            objects: api.objects.clone(),
            wallet: StoredWallet::Postgres(PgWallet::new(pg.clone())),
            queue: stored(export_queue(&pg, &clock)),
            usage: stored(usage_queue(&pg, &clock)),
            pg,
            clock,
        }
    }

    pub(crate) fn deps(&self) -> ExportDependencies<'_> {
        self.deps_over(self.objects.store())
    }

    fn deps_over<'a>(&'a self, objects: ObjectStore<'a>) -> ExportDependencies<'a> {
        let Worker { pg, wallet, queue, usage, clock, .. } = self;
        ExportDependencies { pg, objects, wallet, queue, usage, clock }
    }

    pub(crate) fn deadline(&self, seconds: i64) -> Timestamp {
        Timestamp::from_second(self.clock.now().as_second() + seconds).unwrap()
    }

    /// Does the jobs that wait; how each ended.
    pub(crate) async fn work(&self) -> Vec<WorkEnd> {
        let mut ends = Vec::new();
        loop {
            let received = self.queue.receive(1, 60).await.unwrap();
            let Some(message) = received.first() else { return ends };
            let deadline = self.deadline(JOB_SECONDS);
            ends.push(handle_message(self.deps(), &message.body, 1, deadline).await);
            self.queue.finish(&message.receipt).await.unwrap();
        }
    }
}

async fn order(api: &Api, order: &Value) -> Reply {
    api.post("/v1/exports", &order.to_string()).await
}

/// Orders what must be accepted; its id.
pub(crate) async fn ordered(api: &Api, body: &Value) -> String {
    let reply = order(api, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    reply.json()["data"]["id"].as_str().unwrap().to_owned()
}

async fn shown(api: &Api, id: &str) -> Value {
    api.get(&format!("/v1/exports/{id}")).await.data()
}

pub(crate) async fn links(api: &Api, id: &str) -> Reply {
    api.post(&format!("/v1/exports/{id}/links"), "{}").await
}

/// What is at a path of the API, asked for without a key.
pub(crate) async fn fetched(api: &Api, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let (parts, body) = api.router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, 1 << 26).await.unwrap();
    (parts.status.as_u16(), parts.headers, bytes.to_vec())
}

pub(crate) fn rows_of(what: &str, format: &str, bytes: Vec<u8>) -> Vec<Vec<CellValue>> {
    let form = PartForm { what: what.parse().unwrap(), format: format.parse().unwrap() };
    let mut rows = Vec::new();
    read_part(form, bytes, |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

/// The first column of rows.
fn firsts(rows: &[Vec<CellValue>]) -> BTreeSet<String> {
    column(rows, 0)
}

fn column(rows: &[Vec<CellValue>], at: usize) -> BTreeSet<String> {
    let text = |row: &Vec<CellValue>| match &row[at] {
        CellValue::Text(text) => Some(text.clone()),
        _ => None,
    };
    rows.iter().filter_map(text).collect()
}

/// The rows of all files of an export that is done.
pub(crate) async fn fetched_rows(api: &Api, id: &str) -> Vec<Vec<CellValue>> {
    let export = shown(api, id).await;
    let (what, format) = (export["what"].as_str().unwrap(), export["format"].as_str().unwrap());
    let mut rows = Vec::new();
    for link in links(api, id).await.data().as_array().unwrap() {
        let (status, _, bytes) = fetched(api, link["url"].as_str().unwrap()).await;
        assert_eq!(status, 200);
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(link["sha256"], hash);
        assert_eq!(link["bytes"], bytes.len());
        rows.extend(rows_of(what, format, bytes));
    }
    assert_eq!(export["rows"], rows.len());
    rows
}

/// The rows of an export that is ordered, written and fetched.
pub(crate) async fn written(api: &Api, body: &Value) -> Vec<Vec<CellValue>> {
    let id = ordered(api, body).await;
    Worker::of(api).work().await;
    let export = shown(api, &id).await;
    assert_eq!(export["state"], "done", "{export}");
    if export["rows"] == 0 { Vec::new() } else { fetched_rows(api, &id).await }
}

/// What rows and bytes cost at the floors.
fn price(rows: u64, bytes: u64) -> MicroCredits {
    let usage = Usage::of(PriceClass::Export).with(PriceItem::ExportRow, rows);
    let usage = usage.with(PriceItem::ExportMegabyte, bytes.div_ceil(1_000_000));
    pricing::charge(&usage, PriceIndex::ONE).unwrap()
}

fn credits(value: &Value) -> MicroCredits {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

#[tokio::test]
async fn an_export_is_held_written_charged_once_and_fetched() {
    let api = Api::new().await;
    let before = api.available("tester").await;
    let people = json!({"what": "people", "format": "parquet"});
    let dry = api.request("POST", "/v1/exports").header("borg-dry-run", "1");
    let dry = api.send(dry, Body::from(people.to_string())).await;
    assert_eq!(dry.header("content-type"), "application/vnd.borg.estimate+json");
    let most = credits(&dry.data()["max"]);
    assert!(most > MicroCredits::ZERO && api.available("tester").await == before);

    let id = ordered(&api, &people).await;
    let held = shown(&api, &id).await;
    assert_eq!((&held["state"], credits(&held["cost_max"])), (&json!("queued"), most));
    assert_eq!(before.checked_sub(most), Some(api.available("tester").await));
    assert_eq!(links(&api, &id).await.code(), "export_not_done");

    let worker = Worker::of(&api);
    assert_eq!(worker.work().await, [WorkEnd::Ended]);
    let done = shown(&api, &id).await;
    assert_eq!(done["state"], "done", "{done}");
    let (rows, bytes) = (done["rows"].as_u64().unwrap(), done["bytes"].as_u64().unwrap());
    let cost = price(rows, bytes);
    assert_eq!(credits(&done["cost"]), cost);
    // The same job again: nothing more.
    let job = json!({"export": id}).to_string();
    let again = handle_message(worker.deps(), &job, 2, worker.deadline(JOB_SECONDS)).await;
    assert_eq!(again, WorkEnd::Ended);
    assert_eq!(shown(&api, &id).await, done);
    assert_eq!(api.post_charges().await, 1);
    assert_eq!(before.checked_sub(cost), Some(api.available("tester").await));
    let charge = api.get(&format!("/v1/charges/{}", done["charge"].as_str().unwrap())).await;
    assert_eq!(credits(&charge.data()["cost"]), cost);

    let found = firsts(&fetched_rows(&api, &id).await);
    let mut listed = BTreeSet::new();
    for number in 0..api.world.profiles.len() {
        let person = api.person(number);
        if api.get(&format!("/v1/people/{person}")).await.status == 200 {
            listed.insert(person.to_string());
        }
    }
    assert_eq!(found, listed);
    assert!(!found.contains(&api.person(HERMIT).to_string()));
}

#[tokio::test]
async fn links_end_after_a_quarter_of_an_hour_and_files_after_a_week() {
    let api = Api::new().await;
    let id = ordered(&api, &json!({"what": "communities", "format": "ndjson"})).await;
    Worker::of(&api).work().await;
    let url = links(&api, &id).await.data()[0]["url"].as_str().unwrap().to_owned();
    let (status, headers, bytes) = fetched(&api, &url).await;
    assert_eq!((status, &headers["content-type"]), (200, &"application/gzip".parse().unwrap()));
    assert_eq!(&headers["cache-control"], "no-store");
    assert_eq!(firsts(&rows_of("communities", "ndjson", bytes)).len(), 2);
    let other = if url.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{other}", &url[..url.len() - 1]);
    assert_eq!(fetched(&api, &changed).await.0, 404);
    assert_eq!(fetched(&api, "/v1/files/x").await.0, 400);
    api.clock.advance_seconds(899);
    assert_eq!(fetched(&api, &url).await.0, 200);
    api.clock.advance_seconds(1);
    assert_eq!(fetched(&api, &url).await.0, 404);
    let again = links(&api, &id).await.data()[0]["url"].as_str().unwrap().to_owned();
    assert_eq!(fetched(&api, &again).await.0, 200, "it is renewed");
    api.clock.advance_seconds(7 * 86_400);
    assert_eq!(links(&api, &id).await.code(), "export_expired");
    assert_eq!(discard(Worker::of(&api).deps()).await.unwrap(), 1);
    assert_eq!(links(&api, &id).await.code(), "export_unknown");
    let kept = api.objects.store().list("exports/").await.unwrap();
    assert!(kept.is_empty(), "{kept:?}");
}

/// A part of a file: status, `Content-Range` and the bytes.
async fn part_of(
    api: &Api,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, Option<String>, Vec<u8>) {
    let request = Request::builder().uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let range = parts.headers.get("content-range").map(|said| said.to_str().unwrap().to_owned());
    (parts.status.as_u16(), range, to_bytes(body, 1 << 26).await.unwrap().to_vec())
}

#[tokio::test]
async fn a_file_is_given_in_parts() {
    let api = Api::new().await;
    let id = ordered(&api, &json!({"what": "people", "format": "parquet"})).await;
    Worker::of(&api).work().await;
    let url = links(&api, &id).await.data()[0]["url"].as_str().unwrap().to_owned();
    let (status, headers, whole) = fetched(&api, &url).await;
    assert_eq!((status, headers["accept-ranges"].as_bytes()), (200, &b"bytes"[..]));
    let (tag, length) = (headers["etag"].to_str().unwrap(), whole.len());
    let end = length - 1;
    // As readers of Parquet do: the end first, then what it names.
    for (range, first, last) in [
        ("bytes=-8".to_owned(), length - 8, end),
        ("bytes=0-3".to_owned(), 0, 3),
        (format!("bytes=4-{}", length + 9), 4, end),
        ("bytes=4-".to_owned(), 4, end),
    ] {
        for headers in [&[("range", range.as_str())][..], &[("range", &range), ("if-range", tag)]] {
            let (status, said, bytes) = part_of(&api, &url, headers).await;
            assert_eq!((status, said), (206, Some(format!("bytes {first}-{last}/{length}"))));
            assert_eq!(bytes, whole[first..=last], "{range}");
        }
    }
    for headers in [
        &[("range", "bytes=0-3,5-7")][..],
        &[("range", "bytes=7-3")],
        &[("range", "bytes=0-3"), ("if-range", "\"another\"")],
    ] {
        assert_eq!(part_of(&api, &url, headers).await, (200, None, whole.clone()), "{headers:?}");
    }
    let beyond = format!("bytes={length}-");
    let (status, said, _) = part_of(&api, &url, &[("range", &beyond)]).await;
    assert_eq!((status, said), (416, Some(format!("bytes */{length}"))));
    // Of a part that the client has, the tag is that of the file.
    let known = [("range", "bytes=0-3"), ("if-none-match", tag)];
    assert_eq!(part_of(&api, &url, &known).await.0, 304);
}

#[tokio::test]
async fn the_same_order_is_one_export_and_a_key_is_for_one_order() {
    let api = Api::new().await;
    let body = json!({"what": "profiles", "format": "ndjson", "filter": {"platform": "bluesky"}});
    let id = ordered(&api, &body).await;
    assert_eq!(ordered(&api, &body).await, id);
    let keyed = async |body: &Value| {
        let request = api.request("POST", "/v1/exports").header("idempotency-key", "mine");
        api.send(request, Body::from(body.to_string())).await
    };
    let first = keyed(&body).await;
    assert_ne!(first.json()["data"]["id"], id, "a key names another one");
    assert_eq!(keyed(&body).await.json()["data"]["id"], first.json()["data"]["id"]);
    let other = json!({"what": "people", "format": "ndjson"});
    assert_eq!(keyed(&other).await.code(), "idempotency_key_reused");
    // Another run is served: without a key it is another order, with the key it is a retry.
    api.world.publish(api.database.pg(), &crate::world::bluesky(), api.clock.now()).await;
    api.clock.advance_seconds(60);
    assert_eq!(keyed(&body).await.json()["data"]["id"], first.json()["data"]["id"]);
    assert_ne!(ordered(&api, &body).await, id);
    let listed = api.walk("/v1/exports?limit=2").await;
    assert_eq!(listed.len(), 3);
    for number in 0..2 {
        let body = json!({"what": "communities", "format": "ndjson", "filter": {"level": number}});
        ordered(&api, &body).await;
    }
    assert_eq!(order(&api, &other).await.code(), "too_many");
}

#[tokio::test]
async fn what_is_not_paid_is_not_ordered() {
    let mut api = Api::new().await;
    let body = json!({"what": "people", "format": "ndjson"});
    let capped = api.request("POST", "/v1/exports").header("borg-max-cost", "0.000001");
    let capped = api.send(capped, Body::from(body.to_string())).await;
    assert_eq!((capped.status, capped.code().as_str()), (402, "price_exceeds_max"));
    let quoted = api.request("POST", "/v1/exports").header("borg-quote", "qt_7");
    let quoted = api.send(quoted, Body::from(body.to_string())).await;
    assert_eq!(quoted.code(), "quote_mismatch");
    api.key = api.new_key("poor", &Scope::ALL, 9).await.0;
    let poor = order(&api, &body).await;
    assert_eq!((poor.status, poor.code().as_str()), (402, "insufficient_credits"));
    assert_eq!(api.get("/v1/exports").await.data(), json!([]));
    assert!(Worker::of(&api).work().await.is_empty(), "no job was sent");
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused_in_a_dry_run_too() {
    let api = Api::new().await;
    for (body, place) in [
        (json!({"what": "people", "format": "ndjson", "filter": {"level": 1}}), "/filter/level"),
        (json!({"what": "people", "format": "ndjson", "filter": {"from": "x"}}), "/filter/from"),
        (json!({"what": "changes", "format": "ndjson", "run": "run_1"}), "/run"),
        (json!({"what": "arcs", "format": "ndjson"}), "/what"),
        (json!({"what": "people", "format": "csv"}), "/format"),
    ] {
        for dry in ["0", "1"] {
            let request = api.request("POST", "/v1/exports").header("borg-dry-run", dry);
            let reply = api.send(request, Body::from(body.to_string())).await;
            assert_eq!(reply.status, 400, "{body}: {}", reply.text);
            assert_eq!(reply.json()["errors"][0]["pointer"], place, "{}", reply.text);
        }
    }
    let unknown =
        json!({"what": "memberships", "format": "ndjson", "filter": {"community": "com_900"}});
    assert_eq!(order(&api, &unknown).await.code(), "community_unknown");
    let cursor = json!({"what": "changes", "format": "ndjson", "filter": {"from": "x"}});
    assert_eq!(order(&api, &cursor).await.code(), "bad_cursor");
}

#[tokio::test]
async fn a_cancelled_export_and_a_failed_one_cost_nothing() {
    let api = Api::new().await;
    let (before, worker) = (api.available("tester").await, Worker::of(&api));
    let body = json!({"what": "people", "format": "ndjson"});
    let id = ordered(&api, &body).await;
    let path = format!("/v1/exports/{id}");
    for _ in 0..2 {
        let cancelled = api.send(api.request("DELETE", &path), Body::empty()).await.data();
        assert_eq!((&cancelled["state"], &cancelled["cost"]), (&json!("cancelled"), &json!("0")));
    }
    assert_eq!(api.available("tester").await, before);
    assert_eq!(worker.work().await, [WorkEnd::Ended]);
    assert_eq!(shown(&api, &id).await["parts"], 0);

    let second = ordered(&api, &body).await;
    assert_ne!(second, id, "a cancelled one is not in the way");
    // Its run is retired before it is written.
    let pg = api.database.pg();
    api.world.publish(pg, &crate::world::bluesky(), api.clock.now()).await;
    run::retire(pg, api.world.run).await.unwrap();
    assert_eq!(worker.work().await, [WorkEnd::Ended]);
    let failed = shown(&api, &second).await;
    assert_eq!((&failed["state"], &failed["cost"]), (&json!("failed"), &json!("0")), "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("order it again"), "{failed}");
    assert_eq!(links(&api, &second).await.code(), "export_not_done");

    api.clock.advance_seconds(60);
    let third = ordered(&api, &body).await;
    api.clock.advance_seconds(86_400);
    worker.work().await;
    assert_eq!(shown(&api, &third).await["state"], "failed", "its hold is over");
    assert_eq!((api.available("tester").await, api.post_charges().await), (before, 0));
    let usage = api.wallet().balance(api.payer("tester").await).await.unwrap();
    assert_eq!(usage.held, MicroCredits::ZERO);
}

/// Objects that are written, whose writer then hears of a failure: as if it had died.
struct Dying<'a>(ObjectStore<'a>);

impl Objects for Dying<'_> {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        self.0.put(key, body).await?;
        Err(PortError::Retry("it died".to_owned()))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get(key).await
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get_range(key, start, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.0.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.0.delete(key).await
    }
}

#[tokio::test]
async fn another_worker_goes_on_where_one_died() {
    let api = Api::new().await;
    let (before, worker) = (api.available("tester").await, Worker::of(&api));
    let id = ordered(&api, &json!({"what": "memberships", "format": "parquet"})).await;
    let job = worker.queue.receive(1, 60).await.unwrap().remove(0);
    // Without the time for a part the job is handed on.
    let end = handle_message(worker.deps(), &job.body, 1, worker.deadline(60)).await;
    assert_eq!((end, worker.queue.depth().await.unwrap()), (WorkEnd::GoesOn, 2));
    let dying = Dying(worker.objects.store());
    let dying = worker.deps_over(ObjectStore::new(&dying));
    let end = handle_message(dying, &job.body, 1, worker.deadline(JOB_SECONDS)).await;
    assert!(matches!(end, WorkEnd::Retry { .. }), "{end:?}");
    assert_eq!(shown(&api, &id).await["parts"], 0);
    // Both messages are lost: it is found.
    worker.queue.finish(&job.receipt).await.unwrap();
    for lost in worker.queue.receive(10, 60).await.unwrap() {
        worker.queue.finish(&lost.receipt).await.unwrap();
    }
    assert_eq!(resume(worker.deps()).await.unwrap().resumed, 0, "not yet");
    api.clock.advance_seconds(901);
    assert_eq!(resume(worker.deps()).await.unwrap().resumed, 1);
    assert_eq!(resume(worker.deps()).await.unwrap().resumed, 0, "once");
    assert_eq!(worker.work().await, [WorkEnd::Ended]);
    let done = shown(&api, &id).await;
    assert_eq!((&done["state"], &done["parts"]), (&json!("done"), &json!(1)));
    let objects = worker.objects.store().list(&format!("exports/{id}/")).await.unwrap();
    assert_eq!(objects.len(), 1, "the same part is the same object: {objects:?}");
    assert!(column(&fetched_rows(&api, &id).await, 1).len() > 2);
    assert_eq!(api.post_charges().await, 1);
    let cost = credits(&done["cost"]);
    assert_eq!(before.checked_sub(cost), Some(api.available("tester").await));
}

#[tokio::test]
async fn who_opts_out_leaves_the_files() {
    let api = Api::new().await;
    let (pg, worker) = (api.database.pg(), Worker::of(&api));
    let (person, profile) = (api.person(GRACE).to_string(), api.world.profiles[GRACE]);
    let mut ids = Vec::new();
    for (what, format) in
        [("people", "parquet"), ("profiles", "ndjson"), ("memberships", "parquet")]
    {
        ids.push(ordered(&api, &json!({"what": what, "format": format})).await);
    }
    worker.work().await;
    let untouched = ordered(&api, &json!({"what": "communities", "format": "ndjson"})).await;
    worker.work().await;
    let mut handed_out = Vec::new();
    for id in &ids {
        let rows = fetched_rows(&api, id).await;
        let named: BTreeSet<String> =
            column(&rows, 0).into_iter().chain(column(&rows, 1)).collect();
        assert!(named.contains(&person), "{id}");
        handed_out.push(links(&api, id).await.data()[0]["url"].as_str().unwrap().to_owned());
    }
    api.clock.advance_seconds(60);
    erase::opt_out_profiles(pg, &[profile], ACT, api.clock.now()).await.unwrap();
    for (id, url) in ids.iter().zip(&handed_out) {
        assert_eq!(links(&api, id).await.data()[0]["url"], Value::Null, "no new link to {id}");
        assert_eq!(fetched(&api, url).await.0, 200, "what was handed out lives out its time");
    }
    assert!(links(&api, &untouched).await.data()[0]["url"].is_string(), "it names no one");
    let before: Vec<Value> = [shown(&api, &ids[0]).await, shown(&api, &ids[1]).await].to_vec();

    let report = rewrite(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap();
    assert_eq!((report.checked, report.replaced, report.is_cut), (4, 3, false));
    let again = rewrite(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap();
    assert_eq!((again.checked, again.replaced), (4, 0), "twice is once");
    for id in &ids {
        let rows = fetched_rows(&api, id).await;
        let text = format!("{rows:?}");
        assert!(!text.contains(&person) && !text.contains(&profile.to_string()), "{id}: {text}");
        assert!(text.contains(&api.person(0).to_string()), "others stay");
    }
    let after = shown(&api, &ids[0]).await;
    assert_eq!(before[0]["rows"].as_u64().unwrap(), after["rows"].as_u64().unwrap() + 1);
    assert_eq!((&after["cost"], &after["run"]), (&before[0]["cost"], &before[0]["run"]));
    for url in &handed_out {
        assert_eq!(fetched(&api, url).await.0, 404, "the old file is gone");
    }
    // A new export has no one to lose.
    let keyed = api.request("POST", "/v1/exports").header("idempotency-key", "after");
    let body = json!({"what": "profiles", "format": "parquet"}).to_string();
    let fresh = api.send(keyed, Body::from(body)).await.json()["data"]["id"].clone();
    worker.work().await;
    let rows = fetched_rows(&api, fresh.as_str().unwrap()).await;
    assert!(!rows.is_empty() && !format!("{rows:?}").contains(&profile.to_string()));
}

/// Files say which part of the stream they have, and lead to the same events there, and to those after them.
async fn the_stream_begins_and_goes_on_where_files_do(api: &Api, export: &Value) {
    let files = export["files"].as_array().unwrap();
    let ranges: Vec<&Value> = files.iter().map(|file| &file["range"]).collect();
    let ends =
        |name: &str| (ranges.first().map(|one| &one[name]), ranges.last().map(|one| &one[name]));
    assert_eq!(ends("from").0, Some(&export["range"]["from"]), "{export}");
    assert_eq!(ends("to").1, Some(&export["range"]["to"]), "{export}");
    for (cursor, from) in [
        (&files[0]["cursor"], &export["range"]["from"]),
        (&export["next_cursor"], &export["range"]["to"]),
    ] {
        let page = api.get(&format!("/v1/changes?cursor={}", cursor.as_str().unwrap())).await;
        assert_eq!(page.json()["range"]["from"], *from, "{}", page.text);
    }
}

#[tokio::test]
async fn changes_are_exported_from_one_cursor_to_another() {
    let api = Api::new().await;
    let pg = api.database.pg();
    let grace = api.world.profiles[GRACE];
    let first = crate::changes::soon(&api, "/v1/changes?limit=1").await;
    let from = first.json()["next_cursor"].as_str().unwrap().to_owned();
    erase::opt_out_profiles(pg, &[grace], ACT, api.clock.now()).await.unwrap();
    let mut found = Vec::new();
    // Positions are given once older transactions are over.
    for _ in 0..600 {
        api.clock.advance_seconds(60);
        let body = json!({"what": "changes", "format": "ndjson", "filter": {"from": from}});
        let request = api.request("POST", "/v1/exports");
        let request = request.header("idempotency-key", api.clock.now().as_second().to_string());
        let reply = api.send(request, Body::from(body.to_string())).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
        Worker::of(&api).work().await;
        let export = shown(&api, &id).await;
        assert_eq!(export["state"], "done");
        the_stream_begins_and_goes_on_where_files_do(&api, &export).await;
        found = fetched_rows(&api, &id).await;
        if column(&found, 2).contains("gone") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let gone: Vec<_> =
        found.iter().filter(|row| row[2] == CellValue::Text("gone".into())).collect();
    assert_eq!(gone.len(), 1, "{found:?}");
    assert_eq!(gone[0][3], CellValue::Text(grace.to_string()), "the marker stays");
    assert!(!column(&found, 2).contains("arcs"));
}

#[tokio::test]
async fn every_form_has_the_same_rows() {
    let api = Api::new().await;
    for what in ["people", "profiles", "communities", "memberships"] {
        let mut both = Vec::new();
        for format in ["ndjson", "parquet"] {
            both.push(written(&api, &json!({"what": what, "format": format})).await);
        }
        assert!(!both[0].is_empty() && both[0] == both[1], "{what}: {both:?}");
        // Public ids, and no names.
        let text = format!("{:?}", both[0]);
        assert!(!text.contains("example.org") && !text.contains("did:"), "{what}: {text}");
    }
    let rust = api.world.rust.to_string();
    let body = json!({"what": "memberships", "format": "ndjson", "filter": {"community": rust}});
    assert_eq!(firsts(&written(&api, &body).await), BTreeSet::from([rust]));
}

#[tokio::test]
async fn a_key_without_the_scope_orders_nothing() {
    let mut api = Api::new().await;
    api.key = api.new_key("tester", &Scope::DEFAULT, 9).await.0;
    for (method, path) in [
        ("POST", "/v1/exports"),
        ("GET", "/v1/exports"),
        ("GET", "/v1/exports/exp_7"),
        ("POST", "/v1/exports/exp_7/links"),
    ] {
        let reply = api.send(api.request(method, path), Body::from("{}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "scope_missing"), "{path}");
    }
}
