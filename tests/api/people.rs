//! People: by id, by account, their ranks, evidence and links.

use store::pg::{erase, person};

use model::port::Clock as _;
use model::profile::GoneReason;

use crate::world::Api;

#[tokio::test]
async fn a_person_has_its_profiles_and_global_scores() {
    let api = Api::new().await;
    let reply = api.get(&format!("/v1/people/{}", api.person(0))).await;
    let ada = reply.data();
    assert_eq!(ada["name"], "Ada Lovelace");
    assert_eq!(ada["profiles"].as_array().unwrap().len(), 2);
    assert_eq!(ada["profiles"][1]["platform"], "fediverse");
    assert_eq!(
        (ada["score"]["score"].as_u64(), ada["score"]["rank"].as_u64()),
        (Some(1000), Some(1))
    );
    assert_eq!(reply.json()["run"], api.world.run.to_string());
    assert_eq!(reply.json()["as_of"], "2026-11-22T10:00:00Z");
    assert_eq!(reply.header("borg-units"), "class=graph, call.read=1, row.person=1");
}

#[tokio::test]
async fn a_merged_person_names_the_one_it_was_merged_into() {
    let api = Api::new().await;
    let merged = api.world.ada_too.home_person();
    let answer = api.get(&format!("/v1/people/{merged}")).await.data();
    assert_eq!(answer["merged_into"], api.person(0).to_string());
    assert_eq!(answer["profiles"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_account_resolves_by_handle_and_native_id() {
    let api = Api::new().await;
    let ada = api.person(0).to_string();
    for account in
        ["bluesky:Ada.Example.org", "bluesky:did:plc:ada.example.org", "mastodon:@ada@example.org"]
    {
        let found = api.get(&format!("/v1/people:resolve?account={account}")).await.data();
        assert_eq!(found["id"], ada, "{account}");
    }
    let reply = api.get("/v1/people:resolve?account=bluesky:missing.example").await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "account_unknown"));
    let reply = api.get("/v1/people:resolve?account=myspace:tom").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"));
}

#[tokio::test]
async fn ranks_name_every_community_and_say_why_there_is_none() {
    let api = Api::new().await;
    let ranks = api.get(&format!("/v1/people/{}/ranks", api.person(2))).await.data();
    let ids: Vec<&str> =
        ranks.as_array().unwrap().iter().filter_map(|r| r["community"]["id"].as_str()).collect();
    assert_eq!(ids, ["com_0", &api.world.rust.to_string(), &api.world.art.to_string()]);
    assert_eq!(
        (ranks[1]["rank"].as_u64(), ranks[1]["rank_organisation"].as_u64()),
        (Some(3), Some(1))
    );
    assert!(ranks[1]["rank_person"].is_null());
    let number = |name: &str| ranks[1][name].as_f64().unwrap();
    assert!((number("support") / 32.0 - 1.0).abs() < 0.033);
    assert!(number("attention_low") < number("attention"));
    assert!(number("attention") < number("attention_high"));
    assert!(number("score_low") < number("score_high"));
    assert!(ranks[1]["too_little_known"] == false && ranks[1]["why_no_rank"].is_null());
    assert!(ranks[2]["rank"].is_null() && ranks[2]["too_little_known"] == true);
    assert_eq!(ranks[2]["why_no_rank"], "too_little_known");
    // Of a community that is known well: no one from number 20 on has a rank in it.
    let ranks = api.get(&format!("/v1/people/{}/ranks", api.person(25))).await.data();
    assert!(ranks.as_array().unwrap().iter().all(|rank| rank["rank"].is_null()));
    assert!(ranks.as_array().unwrap().iter().all(|r| r["why_no_rank"] == "too_little_known"));
}

#[tokio::test]
async fn how_little_somebody_is_trusted_is_told_nowhere() {
    let api = Api::new().await;
    let score = async |number| {
        let path = format!("/v1/people/{}", api.person(number));
        api.get(&path).await.data()["score"].clone()
    };
    let (ada, grace) = (score(0).await, score(1).await);
    assert_eq!(
        (ada["trust"].as_f64(), ada["too_little_known"].as_bool()),
        (Some(0.25), Some(false))
    );
    assert!(grace["trust"].is_null() && grace["too_little_known"] == true, "{grace}");
    for path in ["/v1/search?q=engines", "/v1/communities", "/openapi.json", "/v1/changes"] {
        let text = api.get(path).await.text;
        assert!(!text.contains("low_trust") && !text.contains("0.125"), "{path}: {text}");
    }
}

#[tokio::test]
async fn evidence_recomputes_the_score_and_hides_the_unlisted() {
    let api = Api::new().await;
    let path = format!("/v1/people/{}/evidence?community={}", api.person(0), api.world.rust);
    let evidence = api.get(&path).await.data();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let contributors = evidence["contributors"].as_array().unwrap();
    let brought: f64 = contributors.iter().map(|one| number(&one["brings"])).sum();
    let sum = brought + number(&evidence["restart"]) + number(&evidence["rest"]);
    let score = number(&evidence["score"]);
    assert!((sum - score).abs() < 1e-6);
    assert!(number(&evidence["low"]) < score && score < number(&evidence["high"]));
    assert_eq!(contributors.len(), 1, "the hermit is counted with the rest");
    assert_eq!(contributors[0]["person"]["name"], "Grace Hopper");
    assert!(number(&evidence["rest"]) > 0.05);
    let none = api.get(&format!("/v1/people/{}/evidence", api.person(1))).await;
    assert_eq!((none.status, none.code().as_str()), (404, "evidence_unknown"));
}

#[tokio::test]
async fn links_say_what_joins_the_profiles() {
    let api = Api::new().await;
    let links = api.get(&format!("/v1/people/{}/links", api.person(0))).await.data();
    assert_eq!(links[0]["a"], api.world.profiles[0].to_string());
    assert_eq!(links[0]["proof"], "mutual");
    let none = api.get(&format!("/v1/people/{}/links", api.person(1))).await;
    assert_eq!((none.header("borg-units"), none.header("borg-cost")), ("", "0"));
}

#[tokio::test]
async fn the_erased_are_nowhere() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], GoneReason::Refused, now).await.unwrap();
    for path in [
        format!("/v1/people/{}", api.person(1)),
        format!("/v1/profiles/{}", api.world.profiles[1]),
        "/v1/people:resolve?account=bluesky:grace.example.org".to_owned(),
        format!("/v1/people/{}/ranks", api.person(1)),
    ] {
        assert_eq!(api.get(&path).await.status, 404, "{path}");
    }
    let people = format!("/v1/communities/{}/people?limit=1000", api.world.rust);
    for path in [people.as_str(), "/v1/search?q=grace", "/v1/search?q=engines"] {
        let text = api.get(path).await.text;
        assert!(!text.contains("Grace") && !text.contains(&api.person(1).to_string()), "{path}");
    }
}

#[tokio::test]
async fn a_person_that_was_merged_after_the_run_keeps_its_place() {
    let api = Api::new().await;
    let (grace, alan) = (api.world.profiles[1], api.world.profiles[5]);
    let groups = [vec![api.world.profiles[0], api.world.ada_too], vec![grace, alan]];
    person::save_groups(api.database.pg(), &groups, api.clock.now()).await.unwrap();
    let people = api.get(&format!("/v1/communities/{}/people", api.world.rust)).await.data();
    assert!(
        people.as_array().unwrap().iter().any(|p| p["person"]["id"] == api.person(5).to_string())
    );
}
