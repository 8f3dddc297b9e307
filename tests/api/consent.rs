//! What is not listed is in no answer of any route, whatever names it.

use axum::body::Body;
use model::change::RunChanges;
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::rank_change::{RankChange, RankChangeReason, RankState};
use model::{Consent, Platform, ProfileId};
use serde_json::{Value, json};
use store::pg::{person, profile, run};

use crate::changes::soon;
use crate::mcp::{Agent, calls};
use crate::world::{Api, Reply, bluesky};

/// Profiles that are not listed, and what they are known by.
fn hidden(api: &Api) -> Vec<(ProfileId, [String; 2])> {
    let names = |handle: &str, native: &str| [handle.to_owned(), native.to_owned()];
    let fediverse = |name: &str| {
        names(&format!("{name}@hidden.example"), &format!("https://hidden.example/users/{name}"))
    };
    vec![
        (api.world.profiles[3], names("hermit.example.org", "did:plc:hermit.example.org")),
        (api.world.grace_too, fediverse("phantom")),
        (api.world.unread, fediverse("wraith")),
    ]
}

/// A view from a seed.
const SEEDED: &str = "/v1/people?view=personal&seeds={}";

/// What no answer may have in it.
fn secrets(api: &Api) -> Vec<String> {
    let names = ["Hermit", "Phantom", "wraith", "ectoplasm", "secret compilers", "hidden.example"];
    let ids = hidden(api).into_iter().flat_map(|(id, names)| {
        let [handle, native] = names;
        [id.to_string(), id.home_person().to_string(), handle, native]
    });
    ids.chain(names.map(str::to_owned)).collect()
}

/// Every route that lists or shows, of the run that is served and of an older one.
fn routes(api: &Api, older: model::RunId) -> Vec<String> {
    let profiles = [api.world.profiles[0], api.world.profiles[1], api.world.ada_too];
    let mut routes = vec!["/v1/changes?limit=1000".to_owned(), "/v1/runs?".to_owned()];
    for profile in profiles {
        routes.push(format!("/v1/profiles/{profile}?"));
        routes.push(format!("/v1/profiles/{profile}/neighbors?"));
        routes.push(format!("/v1/people/{}/links?", profile.home_person()));
        routes.push(format!("/v1/people/{}?", profile.home_person()));
    }
    let (ada, rust) = (api.person(0), api.world.rust);
    for list in [
        format!("/v1/people/{ada}/ranks?"),
        format!("/v1/people/{ada}/evidence?community={rust}"),
        "/v1/communities?".to_owned(),
        format!("/v1/communities/{rust}?"),
        format!("/v1/communities/{rust}/people?"),
        format!("/v1/communities/{rust}/people?sort=insider"),
        "/v1/communities/com_0/people?view=person".to_owned(),
        format!("/v1/communities/{rust}/map?"),
        "/v1/communities/com_0/map?".to_owned(),
        "/v1/search?q=compilers".to_owned(),
        "/v1/search?q=e".to_owned(),
        format!("/v1/people?view=personal&seeds={ada}&include_seeds=true&limit=1000"),
        format!("/v1/people/{ada}/path?to={}", api.person(2)),
    ] {
        routes.push(format!("{list}&run={older}"));
        routes.push(list);
    }
    routes
}

/// An answer without what differs from request to request.
fn bare(reply: &Reply, asked: &[&str]) -> (u16, Vec<String>, Value) {
    let mut text = reply.text.clone();
    asked.iter().for_each(|one| text = text.replace(one, "it"));
    let mut body: Value = serde_json::from_str(&text).unwrap();
    for differs in ["request_id", "instance"] {
        body[differs] = Value::Null;
    }
    let headers = reply.headers.iter().filter(|(name, _)| *name != "borg-request-id");
    let headers = headers.filter(|(name, _)| !["content-length", "etag"].contains(&name.as_str()));
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    (reply.status, headers, body)
}

#[tokio::test]
async fn no_list_has_anything_of_what_is_hidden() {
    let api = Api::new().await;
    let older = api.world.run;
    let newer = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    api.seal_rows(newer).await;
    soon(&api, "/v1/changes").await;
    for route in routes(&api, older) {
        let reply = api.get(&route).await;
        assert_eq!(reply.status, 200, "{route}: {}", reply.text);
        for secret in secrets(&api) {
            assert!(!reply.text.contains(&secret), "{route} tells {secret}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn no_tool_has_anything_of_what_is_hidden() {
    let api = Api::new().await;
    soon(&api, "/v1/changes").await;
    let agent = Agent::of(&api).await;
    let mut asked =
        calls(&api).into_iter().map(|call| (call.tool, call.arguments)).collect::<Vec<_>>();
    asked.push(("list_changes", json!({"limit": 50})));
    asked.push(("search", json!({"q": "e", "limit": 50})));
    asked.push(("suggest", json!({"q": "h"})));
    for (tool, arguments) in asked {
        let result = agent.call(tool, &arguments).await;
        assert_eq!(result.is_error, Some(false), "{tool}");
        let text = serde_json::to_string(&result).unwrap();
        for secret in secrets(&api) {
            assert!(!text.contains(&secret), "{tool} tells {secret}: {text}");
        }
    }
    for (id, [handle, _]) in hidden(&api) {
        let account = format!("{}:{handle}", id.platform().unwrap());
        for (tool, arguments) in [
            ("get_person", json!({"id": id.home_person().to_string()})),
            ("resolve_account", json!({"account": account})),
            ("personal_rank", json!({"seeds": account})),
        ] {
            let result = agent.call(tool, &arguments).await;
            let code = result.structured_content.unwrap()["code"].clone();
            assert!(
                ["person_unknown", "account_unknown"].contains(&code.as_str().unwrap()),
                "{code}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_for_what_is_hidden_is_answered_as_if_it_were_unknown() {
    let api = Api::new().await;
    let unknown_id = ProfileId::on(Platform::BLUESKY, 900_000);
    for (id, names) in hidden(&api) {
        for route in ["/v1/profiles/{}", "/v1/profiles/{}/neighbors"] {
            let (found, unknown) = (id.to_string(), unknown_id.to_string());
            same(&api, route, &found, &unknown).await;
        }
        let (found, unknown) = (id.home_person().to_string(), unknown_id.home_person().to_string());
        for route in ["", "/ranks", "/evidence", "/links"] {
            same(&api, &format!("/v1/people/{{}}{route}"), &found, &unknown).await;
        }
        let ada = api.person(0);
        for route in
            [format!("/v1/people/{ada}/path?to={{}}"), format!("/v1/people/{{}}/path?to={ada}")]
        {
            same(&api, &route, &found, &unknown).await;
        }
        same(&api, SEEDED, &found, &unknown).await;
        let platform = id.platform().unwrap();
        for name in names {
            for route in ["/v1/people:resolve?account={}", "/v1/search?q={}", SEEDED] {
                let (found, unknown) =
                    (format!("{platform}:{name}"), format!("{platform}:missing"));
                same(&api, route, &found, &unknown).await;
            }
        }
        for (route, id, missing) in [
            ("profiles", id.to_string(), unknown_id.to_string()),
            ("people", found.clone(), unknown.clone()),
        ] {
            let body = |id: &str| json!({"ids": [id]}).to_string();
            let route = format!("/v1/{route}:batch");
            let (one, other) =
                (api.post(&route, &body(&id)).await, api.post(&route, &body(&missing)).await);
            assert_eq!(bare(&one, &[&id]), bare(&other, &[&missing]), "{route} of {id}");
        }
    }
}

/// The same answer to both, but for the name that was asked for.
async fn same(api: &Api, route: &str, hidden: &str, unknown: &str) {
    let ask = async |name: &str| api.get(&route.replace("{}", name)).await;
    let (one, other) = (ask(hidden).await, ask(unknown).await);
    assert_eq!(bare(&one, &[hidden]), bare(&other, &[unknown]), "{route} of {hidden}");
}

#[tokio::test]
async fn a_person_is_served_with_its_listed_profiles_only() {
    let api = Api::new().await;
    let grace = api.get(&format!("/v1/people/{}", api.person(1))).await.data();
    let profiles = grace["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0]["id"], api.world.profiles[1].to_string());
    // The hidden one is a bot with more followers.
    assert_eq!(
        (grace["kind"].as_str(), grace["name"].as_str()),
        (Some("unknown"), Some("Grace Hopper"))
    );
    let links = api.get(&format!("/v1/people/{}/links", api.person(1))).await.data();
    assert_eq!(links, json!([]));
}

/// Makes a profile say no, as a crawl after the run would.
async fn unlist(api: &Api, platform: Platform, page: SeenProfile) {
    let page = SeenProfile { consent: Consent::UNLISTED, ..page };
    profile::import(api.database.pg(), platform, &[page], api.clock.now()).await.unwrap();
}

#[tokio::test]
async fn a_no_after_the_run_holds_at_once() {
    let api = Api::new().await;
    let grace = bluesky().swap_remove(1);
    let before = api.get("/v1/search?q=grace").await.data();
    assert_eq!(before[0]["person"]["id"], api.person(1).to_string());
    unlist(&api, Platform::BLUESKY, grace).await;
    for route in routes(&api, api.world.run) {
        let reply = api.get(&route).await;
        for secret in ["Grace", "grace.example.org", &api.person(1).to_string()] {
            let asked = route.contains(&api.person(1).to_string())
                || route.contains(&api.world.profiles[1].to_string());
            assert!(!reply.text.contains(secret) || (asked && reply.status == 404), "{route}");
            assert_eq!(reply.status, if asked { 404 } else { 200 }, "{route}");
        }
    }
    let found = api.get("/v1/search?q=grace").await;
    assert_eq!((found.data(), found.json()["next_cursor"].is_null()), (json!([]), true));
}

#[tokio::test]
async fn a_profile_that_is_hidden_by_now_does_not_lead_to_its_person() {
    let api = Api::new().await;
    let found = async |query: &str| {
        let hits = api.get(&format!("/v1/search?q={query}")).await.data();
        hits.as_array().unwrap().iter().any(|hit| hit["person"]["name"] == "Ada Lovelace")
    };
    for query in ["@ada@example.org", "ada@example.org", "lovelace"] {
        assert!(found(query).await, "{query}");
    }
    unlist(&api, Platform::FEDIVERSE, crate::world::ada_too()).await;
    for query in ["@ada@example.org", "ada@example.org"] {
        assert!(!found(query).await, "{query}");
    }
    assert!(found("lovelace").await && found("ada").await);
    let account = "/v1/people:resolve?account=fediverse:ada@example.org";
    assert_eq!(api.get(account).await.code(), "account_unknown");
    // The person that the hidden profile was before it was joined does not name the person that it became.
    let merged = api.get(&format!("/v1/people/{}", api.world.ada_too.home_person())).await;
    assert_eq!(merged.code(), "person_unknown");
}

#[tokio::test]
async fn a_person_whose_first_profile_is_hidden_is_told_of_by_another() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    let (first, alan) = (api.world.profiles[2], api.world.profiles[5]);
    assert!(first < alan, "whose number the person has");
    unlist(&api, Platform::BLUESKY, bluesky().swap_remove(2)).await;
    person::save_groups(pg, &[vec![first, alan]], now).await.unwrap();
    let shown = api.get(&format!("/v1/people/{}", first.home_person())).await.data();
    assert_eq!(shown["profiles"][0]["id"], alan.to_string());
    let stood = |rank| RankState { rank: std::num::NonZeroU32::new(rank), attention: 0.25 };
    let change = RankChange {
        person: first.home_person(),
        community: api.world.rust,
        run: api.world.run,
        before: stood(0),
        after: stood(2),
        reasons: vec![RankChangeReason { person: api.person(0), before: 0.0, after: 0.125 }],
    };
    let run = api.world.load(pg, now).await;
    let changes = RunChanges { ranks: vec![change], ..RunChanges::default() };
    run::publish(pg, run, &changes, now).await.unwrap();
    let event = soon(&api, "/v1/changes?kind=rank_changed").await.data()[0].clone();
    assert_eq!(event["profile"], alan.to_string());
    assert!(!event.to_string().contains(&first.to_string()));
}

#[tokio::test]
async fn no_page_tells_how_many_are_hidden() {
    let api = Api::new().await;
    let friends = format!("/v1/profiles/{}/neighbors?", api.world.profiles[0]);
    let crowd = format!("/v1/communities/{}/people?", api.world.rust);
    for list in [friends.as_str(), crowd.as_str(), "/v1/search?q=compilers&"] {
        for limit in 1..5 {
            let mut next = format!("{list}limit={limit}");
            loop {
                let reply = api.get(&next).await;
                let rows = reply.data().as_array().unwrap().len();
                let json = reply.json();
                let Some(cursor) = json["next_cursor"].as_str() else {
                    assert!(rows > 0, "{next} is an empty last page");
                    break;
                };
                assert_eq!(rows, limit, "{next}");
                next = format!("{list}limit={limit}&cursor={cursor}");
            }
        }
    }
    // Whose arcs all lead to the hidden has none to show, and nothing in the log.
    let none = api.get(&format!("/v1/profiles/{}/neighbors?limit=1", api.world.ada_too)).await;
    assert_eq!((none.data(), none.json()["next_cursor"].is_null()), (json!([]), true));
    let events = soon(&api, "/v1/changes").await.data();
    assert!(events.as_array().unwrap().iter().all(|event| event["change"]["type"] != "arcs"));
}

#[tokio::test]
async fn a_cursor_does_not_tell_where_it_is() {
    let api = Api::new().await;
    let list = format!("/v1/profiles/{}/neighbors?limit=1", api.world.profiles[0]);
    let cursor = api.get(&list).await.json()["next_cursor"].as_str().unwrap().to_owned();
    let last = api.world.profiles[1].number().to_le_bytes();
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    assert!(!bytes.windows(4).any(|part| part == &last[..4]), "{bytes:?} has {last:?} in it");
    let again = api.send(api.request("GET", &list), Body::empty()).await;
    assert_eq!(again.json()["next_cursor"], cursor);
}
