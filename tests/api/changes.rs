//! The change log.

use api_gateway::RequestLimits;
use axum::body::Body;
use model::EventKind;
use model::change::{LineageChange, MembershipChange, RunChanges};
use model::port::Clock as _;
use model::profile::GoneReason;
use model::rank_change::{RankChange, RankChangeReason, RankState};
use model::{Platform, Scope, Timestamp};
use serde_json::{Value, json};
use store::pg::retention::{RetentionPolicy, sweep};
use store::pg::{erase, profile, run};

use crate::world::{Api, Reply, bluesky};

/// A page that has events.
pub(crate) async fn soon(api: &Api, path: &str) -> Reply {
    let page = api.get(path).await;
    assert!(page.data().as_array().is_some_and(|events| !events.is_empty()), "{path} is empty");
    page
}

#[tokio::test]
async fn the_log_is_followed_without_gaps_and_always_names_where_to_go_on() {
    let api = Api::new().await;
    let first = soon(&api, "/v1/changes").await;
    assert_eq!(first.data()[0]["change"]["type"], "joined");
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?cursor={cursor}");
    let nothing = api.get(&path).await;
    assert_eq!(nothing.data().as_array().unwrap().len(), 0);
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], GoneReason::Deleted, now).await.unwrap();
    let cursor = nothing.json()["next_cursor"].as_str().unwrap().to_owned();
    let gone = soon(&api, &format!("/v1/changes?cursor={cursor}")).await.data();
    assert_eq!(gone[0]["change"]["type"], "gone");
    assert_eq!(gone[0]["profile"], api.world.profiles[1].to_string());
}

#[tokio::test]
async fn a_changed_rank_names_those_who_changed_it_unless_they_are_unlisted() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    let stood = |rank| RankState { rank: std::num::NonZeroU32::new(rank), attention: 0.25 };
    let reason =
        |number| RankChangeReason { person: api.person(number), before: 0.0, after: 0.125 };
    let change = |number| RankChange {
        person: api.person(number),
        community: api.world.rust,
        run: api.world.run,
        before: stood(0),
        after: stood(2),
        reasons: vec![reason(3), reason(0)],
    };
    // Number 3 is the hermit.
    let run = api.world.load(pg, now).await;
    let changes = RunChanges { ranks: vec![change(1), change(3)], ..RunChanges::default() };
    run::publish(pg, run, &changes, now).await.unwrap();
    let first = soon(&api, "/v1/changes").await;
    let events = first.data().as_array().unwrap().clone();
    let changed: Vec<_> = events.iter().filter(|e| e["change"]["type"] == "rank_changed").collect();
    assert_eq!(changed.len(), 1, "{events:?}");
    let change = &changed[0]["change"];
    assert_eq!(change["person"], api.person(1).to_string());
    assert_eq!(change["community"], api.world.rust.to_string());
    assert_eq!((change["rank_before"].as_u64(), change["rank_after"].as_u64()), (None, Some(2)));
    let reasons = change["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0]["person"], api.person(0).to_string());
}

fn types(reply: &Reply) -> Vec<String> {
    let events = reply.data().as_array().unwrap().clone();
    events.iter().map(|event| event["change"]["type"].as_str().unwrap().to_owned()).collect()
}

/// A world of which a run said who moved where, and a profile got another bio.
async fn moved(api: &Api) {
    let (pg, now) = (api.database.pg(), api.clock.now());
    let membership = |number, after| MembershipChange {
        person: api.person(number),
        run: api.world.run,
        before: Some(api.world.rust),
        after,
    };
    let lineage = LineageChange {
        community: api.world.art,
        run: api.world.run,
        level: 1,
        kind: EventKind::Split,
        other: Some(api.world.rust),
        shared: 8,
    };
    let changes = RunChanges {
        // Number 3 is the hermit.
        memberships: vec![membership(1, Some(api.world.art)), membership(3, None)],
        lineage: vec![lineage],
        ..RunChanges::default()
    };
    let run = api.world.load(pg, now).await;
    run::publish(pg, run, &changes, now).await.unwrap();
    let mut pages = bluesky();
    for number in [1, 3] {
        pages[number].texts.bio = Some("another".to_owned());
    }
    profile::import(pg, Platform::BLUESKY, &pages, now).await.unwrap();
}

#[tokio::test]
async fn memberships_lineage_and_texts_are_told_of_those_who_are_listed() {
    let api = Api::new().await;
    moved(&api).await;
    let page = soon(&api, "/v1/changes?kind=membership,lineage&kind=profile").await;
    assert_eq!(types(&page), ["lineage", "membership", "profile"]);
    let events = page.data();
    let (rust, art) = (api.world.rust.to_string(), api.world.art.to_string());
    let (grace, run) = (api.world.profiles[1], api.world.run.to_string());
    assert_eq!(
        events[0]["change"],
        json!({"type": "lineage", "community": art, "run": run, "level": 1, "event": "split",
            "other": rust, "shared": 8})
    );
    assert!(events[0].get("profile").is_none());
    assert_eq!(
        events[1]["change"],
        json!({"type": "membership", "person": grace.home_person().to_string(), "run": run,
            "before": rust, "after": art})
    );
    assert_eq!(events[2]["change"], json!({"type": "profile", "fields": ["bio"]}));
    assert!(events.as_array().unwrap()[1..].iter().all(|one| one["profile"] == grace.to_string()));
}

#[tokio::test]
async fn filters_leave_out_what_is_not_wanted_and_the_range_proves_the_rest() {
    let api = Api::new().await;
    moved(&api).await;
    let whole = soon(&api, "/v1/changes?limit=1000").await;
    let head = whole.json()["range"]["to"].clone();
    let (rust, grace, art) = (api.world.rust, api.person(1), api.world.art);
    let profile = api.world.profiles[1];
    for (filter, wanted) in [
        ("kind=gone".to_owned(), vec![]),
        (format!("community={art}"), vec!["lineage", "membership"]),
        (format!("community={art}&person={grace}"), vec!["membership"]),
        (format!("community={rust}&kind=lineage"), vec!["lineage"]),
        (format!("profile={profile}&kind=profile,membership"), vec!["membership", "profile"]),
        (format!("person={grace}&kind=profile"), vec!["profile"]),
        ("platform=bluesky&kind=membership".to_owned(), vec!["membership"]),
        ("platform=fediverse&kind=membership,profile".to_owned(), vec![]),
        (format!("profile={}&kind=membership,profile", api.world.profiles[3]), vec![]),
        (format!("person={}&kind=membership,profile", api.person(3)), vec![]),
    ] {
        let page = api.get(&format!("/v1/changes?{filter}")).await;
        assert_eq!(types(&page), wanted, "{filter}");
        assert_eq!(page.json()["range"], json!({"from": 0, "to": head}), "{filter}");
        let is_free = page.header("borg-cost") == "0";
        assert_eq!(is_free, wanted.is_empty(), "{filter}");
        let next = page.json()["next_cursor"].as_str().unwrap().to_owned();
        let after = api.get(&format!("/v1/changes?cursor={next}")).await;
        assert_eq!(after.json()["range"], json!({"from": head, "to": head}), "with another filter");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_by_its_name() {
    let api = Api::new().await;
    let many: Vec<String> = (0..101).map(|n| format!("per_{n}")).collect();
    for (query, name) in [
        ("kind=rank".to_owned(), "kind"),
        ("kind=".to_owned(), "kind"),
        ("kinds=gone".to_owned(), "kinds"),
        ("person=prf_1".to_owned(), "person"),
        (format!("person={}", many.join(",")), "person"),
        ("profile=per_1".to_owned(), "profile"),
        ("community=7".to_owned(), "community"),
        ("platform=myspace".to_owned(), "platform"),
        ("min_rank_delta=-1".to_owned(), "min_rank_delta"),
        ("wait=21".to_owned(), "wait"),
        ("wait=1&wait=1".to_owned(), "wait"),
    ] {
        let reply = api.get(&format!("/v1/changes?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"), "{query}");
        assert_eq!(reply.json()["errors"][0]["parameter"], name, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_before_the_floor_is_gone_and_names_where_to_go_on() {
    const DAY: i64 = 86_400;
    let api = Api::new().await;
    let old = soon(&api, "/v1/changes?limit=1").await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[8], GoneReason::Deleted, now).await.unwrap();
    let later = Timestamp::from_second(now.as_second() + 40 * DAY).unwrap();
    erase::profile(pg, api.world.profiles[9], GoneReason::Deleted, later).await.unwrap();
    sweep(pg, later, RetentionPolicy::default()).await.unwrap();
    let cursor = old.json()["next_cursor"].as_str().unwrap().to_owned();
    let before = api.available("tester").await;
    for accept in ["application/json", "application/x-ndjson"] {
        let path = format!("/v1/changes?cursor={cursor}");
        let gone =
            api.send(api.request("GET", &path).header("accept", accept), Body::empty()).await;
        assert_eq!((gone.status, gone.code().as_str()), (410, "cursor_too_old"));
        let floor = gone.json()["floor"].as_str().unwrap().to_owned();
        let rest = soon(&api, &format!("/v1/changes?kind=gone&cursor={floor}")).await;
        assert_eq!(types(&rest), ["gone"]);
    }
    assert!(api.available("tester").await < before, "the rest was charged");
    assert_eq!(types(&soon(&api, "/v1/changes").await), ["gone"], "the beginning is the floor");
}

#[tokio::test]
async fn lines_end_with_the_page_and_come_as_soon_as_there_is_something() {
    let api = Api::new().await;
    let lines = |reply: Reply| -> Vec<Value> {
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-ndjson"));
        reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let get = async |path: &str| {
        let request = api.request("GET", path).header("accept", "application/x-ndjson");
        api.send(request, Body::empty()).await
    };
    let json = api.get("/v1/changes").await.json();
    let first = lines(get("/v1/changes?wait=20").await);
    let (page, events) = first.split_last().unwrap();
    assert_eq!(page["type"], "page");
    assert_eq!((&page["range"], &page["next_cursor"]), (&json["range"], &json["next_cursor"]));
    assert_eq!(events.len(), json["data"].as_array().unwrap().len());
    for (line, event) in events.iter().zip(json["data"].as_array().unwrap()) {
        let mut line = line.clone();
        assert_eq!(line.as_object_mut().unwrap().remove("type"), Some(json!("event")));
        assert_eq!(line, *event);
    }
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let nothing = get(&format!("/v1/changes?wait=1&cursor={cursor}")).await;
    assert_eq!(nothing.header("borg-cost"), "0");
    assert_eq!(lines(nothing).len(), 1);
    let path = format!("/v1/changes?wait=20&cursor={cursor}");
    let write = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let (pg, now) = (api.database.pg(), api.clock.now());
        erase::profile(pg, api.world.profiles[9], GoneReason::Deleted, now).await.unwrap();
    };
    let (came, ()) = tokio::join!(get(&path), write);
    let came = lines(came);
    assert_eq!((came.len(), &came[0]["change"]["type"]), (2, &json!("gone")));
}

#[tokio::test]
async fn only_so_many_requests_of_a_key_wait_at_once() {
    let limits = RequestLimits { waiting_max: 2, ..RequestLimits::NONE };
    let mut api = Api::with(limits).await;
    let cursor = soon(&api, "/v1/changes").await.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?wait=20&cursor={cursor}");
    let path = path.as_str();
    {
        let waiting = async || {
            tokio::time::timeout(std::time::Duration::from_millis(700), api.get(path)).await
        };
        let third = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            api.get(path).await
        };
        let (one, other, third) = tokio::join!(waiting(), waiting(), third);
        assert!(one.is_err() && other.is_err(), "both wait until their clients leave");
        assert_eq!((third.status, third.code().as_str()), (429, "rate_limited"));
    }
    // Whose clients left wait no more.
    let short = format!("/v1/changes?wait=1&cursor={cursor}");
    assert_eq!(api.get(&short).await.status, 200);
    api.key = api.new_key("another", &Scope::ALL, 4).await.0;
    assert_eq!(api.get("/v1/changes?wait=1&kind=gone").await.status, 200);
}

#[tokio::test]
async fn where_answers_are_sent_whole_a_stream_is_refused_with_a_hint() {
    let limits = RequestLimits { are_streams_sent: false, ..RequestLimits::NONE };
    let api = Api::with(limits).await;
    let request = api.request("GET", "/v1/changes").header("accept", "text/event-stream");
    let refused = api.send(request, Body::empty()).await;
    assert_eq!((refused.status, refused.code().as_str()), (406, "not_acceptable"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("application/x-ndjson"));
}
