//! What became of communities.

use model::port::Clock as _;
use model::{CommunityId, EventKind, LineageEvent};
use serde_json::{Value, json};
use store::pg::history::{self, RunHistory};
use store::pg::{community, run};

use crate::world::Api;

fn event(community: CommunityId, event: EventKind, other: Option<CommunityId>) -> LineageEvent {
    LineageEvent { level: 0, community, event, other, shared: 12 }
}

/// One more run, in which this happened.
async fn happened(api: &Api, events: &[LineageEvent]) -> Value {
    api.clock.advance_seconds(60);
    let (pg, now) = (api.database.pg(), api.clock.now());
    let run = api.world.load(pg, now).await;
    let previous = history::newest(pg).await.unwrap();
    let added = RunHistory { run, previous, steps: &[], changes: &[], events };
    history::load(pg, &added).await.unwrap();
    run::activate(pg, run, now).await.unwrap();
    api.clock.advance_seconds(1);
    json!(run.to_string())
}

#[tokio::test]
async fn a_living_community_says_what_happened_to_it() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust, api.world.art);
    let first = happened(&api, &[event(rust, EventKind::Born, None)]).await;
    let split = [event(art, EventKind::Split, Some(rust)), event(rust, EventKind::Shrunk, None)];
    let second = happened(&api, &split).await;
    let path = format!("/v1/communities/{rust}/lineage");
    let reply = api.get(&path).await;
    let lineage = reply.data();
    assert_eq!((&lineage["id"], &lineage["state"]), (&json!(rust.to_string()), &json!("living")));
    assert!(lineage["continued_by"].is_null());
    let events = lineage["events"].as_array().unwrap();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds.len(), 3, "{lineage}");
    assert!(kinds[..2].contains(&&json!("split")) && kinds[2] == "born", "{lineage}");
    assert_eq!((&events[0]["run"], &events[2]["run"]), (&second, &first));
    assert_eq!(events[2]["at"], "2026-11-22T10:01:00Z");
    let split = events.iter().find(|event| event["kind"] == "split").unwrap();
    assert_eq!(split["community"], art.to_string());
    assert_eq!((&split["other"], &split["shared"]), (&json!(rust.to_string()), &json!(12)));
    assert_eq!(reply.header("borg-units"), "class=graph, call.read=1, row.rank=3");
    let mut next = format!("{path}?limit=1");
    let mut walked = Vec::new();
    loop {
        let reply = api.get(&next).await;
        walked.extend(reply.data()["events"].as_array().unwrap().clone());
        let Some(cursor) = reply.json()["next_cursor"].as_str().map(str::to_owned) else { break };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    assert_eq!(Value::from(walked), lineage["events"]);
}

#[tokio::test]
async fn an_id_that_ended_says_what_continues_it() {
    let api = Api::new().await;
    let minted = community::mint(api.database.pg(), 3).await.unwrap();
    let [old, middle, scattered] = minted[..] else { panic!("three ids") };
    happened(&api, &[event(old, EventKind::Merged, Some(middle))]).await;
    let rust = api.world.rust;
    let ends =
        [event(middle, EventKind::Merged, Some(rust)), event(scattered, EventKind::Died, None)];
    happened(&api, &ends).await;
    let lineage = async |id| api.get(&format!("/v1/communities/{id}/lineage")).await;
    let ended = lineage(old).await.data();
    assert_eq!((&ended["state"], &ended["id"]), (&json!("ended"), &json!(old.to_string())));
    assert_eq!(ended["continued_by"]["id"], rust.to_string());
    assert_eq!(ended["continued_by"]["labels"][0], "Rust");
    let died = lineage(scattered).await.data();
    assert_eq!((&died["state"], &died["events"][0]["kind"]), (&json!("ended"), &json!("died")));
    assert!(died["continued_by"].is_null());
    for (id, part) in [(old, "continues it"), (scattered, "what became of it")] {
        for path in [format!("/v1/communities/{id}"), format!("/v1/communities/{id}/people")] {
            let reply = api.get(&path).await;
            assert_eq!((reply.status, reply.code().as_str()), (404, "community_unknown"), "{path}");
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            let link = format!("/v1/communities/{id}/lineage");
            assert!(detail.contains(part) && detail.contains(&link), "{detail}");
        }
    }
    let detail = api.get(&format!("/v1/communities/{old}")).await.json()["detail"].to_string();
    assert!(detail.contains(&format!("{rust} continues")), "{detail}");
    // Ranks of one that ended are still asked for by its id.
    let history = format!("/v1/people/{}/history?community={old}", api.person(0));
    assert_eq!(api.get(&history).await.status, 200);
}

#[tokio::test]
async fn an_id_that_never_was_is_unknown() {
    let api = Api::new().await;
    for path in [
        "/v1/communities/com_zzz/lineage".to_owned(),
        "/v1/communities/com_zzz".to_owned(),
        format!("/v1/people/{}/history?community=com_zzz", api.person(0)),
    ] {
        let reply = api.get(&path).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "community_unknown"), "{path}");
        assert!(reply.text.contains("see /v1/communities"), "{}", reply.text);
    }
    let path = format!("/v1/communities/{}/lineage", api.world.rust);
    let quiet = api.get(&path).await;
    assert_eq!((&quiet.data()["events"], quiet.header("borg-cost")), (&json!([]), "0"));
    let foreign = api.get(&format!("{path}?cursor=x")).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "bad_cursor"));
}
