//! A person's rank over runs.

use std::num::NonZeroU32;

use model::observation::SeenProfile;
use model::port::Clock as _;
use model::profile::GoneReason;
use model::rank_change::{RankChangeReason, RankState};
use model::{CommunityId, Consent, PersonId, Platform, RankChange, RankStep, RunId};
use serde_json::{Value, json};
use store::pg::community::WORLD;
use store::pg::history::{self, RunHistory};
use store::pg::{erase, profile, run};

use crate::world::{Api, bluesky};

fn step(person: PersonId, community: CommunityId, rank: u32) -> RankStep {
    RankStep {
        person,
        community,
        rank: NonZeroU32::new(rank),
        attention: 0.25,
        support: 8.0,
        is_change: true,
    }
}

/// One more run, whose steps these are; the first was explained by these people.
async fn stepped(api: &Api, steps: &[RankStep], reasons: &[PersonId]) -> RunId {
    api.clock.advance_seconds(60);
    let (pg, now) = (api.database.pg(), api.clock.now());
    let run = api.world.load(pg, now).await;
    let state = RankState { rank: None, attention: 0.0 };
    let reason = |&person: &PersonId| RankChangeReason { person, before: 0.0, after: 0.125 };
    let changes: Vec<RankChange> = steps
        .iter()
        .take(1)
        .map(|step| RankChange {
            person: step.person,
            community: step.community,
            run,
            before: state,
            after: state,
            reasons: reasons.iter().map(reason).collect(),
        })
        .collect();
    let previous = history::newest(pg).await.unwrap();
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| (step.person, step.community));
    let added = RunHistory { run, previous, steps: &steps, changes: &changes, events: &[] };
    history::load(pg, &added).await.unwrap();
    run::activate(pg, run, now).await.unwrap();
    api.clock.advance_seconds(1);
    run
}

fn ranks(steps: &Value) -> Vec<Option<u64>> {
    steps.as_array().expect("a list").iter().map(|step| step["rank"].as_u64()).collect()
}

#[tokio::test]
async fn a_history_is_steps_from_the_newest_on_with_runs_and_reasons() {
    let api = Api::new().await;
    let (ada, grace, rust) = (api.person(0), api.person(1), api.world.rust);
    let first = stepped(&api, &[step(ada, WORLD, 4), step(ada, rust, 2)], &[]).await;
    let second = stepped(&api, &[step(ada, WORLD, 0)], &[grace, api.person(3)]).await;
    let third = stepped(&api, &[step(ada, WORLD, 1_001), step(grace, WORLD, 1)], &[]).await;
    let path = format!("/v1/people/{ada}/history");
    let reply = api.get(&path).await;
    let steps = reply.data();
    assert_eq!(ranks(&steps), [Some(1_001), None, Some(4)]);
    let runs: Vec<&Value> = steps.as_array().unwrap().iter().map(|step| &step["run"]).collect();
    assert_eq!(runs, [&json!(third), &json!(second), &json!(first)]);
    assert_eq!(steps[2]["at"], "2026-11-22T10:01:00Z");
    assert_eq!(
        (&steps[1]["why_no_rank"], &steps[1]["holds"]),
        (&json!("too_little_known"), &json!(true))
    );
    assert_eq!((&steps[0]["holds"], &steps[0]["why_no_rank"]), (&json!(false), &Value::Null));
    assert_eq!(steps[2]["score"], 914);
    let number = |name: &str| steps[2][name].as_f64().unwrap();
    assert!((number("attention") / 0.25 - 1.0).abs() < 2e-4);
    assert!(number("attention_low") < 0.25 && number("attention_high") > 0.25);
    let reasons = steps[1]["reasons"].as_array().unwrap();
    assert_eq!((reasons.len(), &reasons[0]["person"]["name"]), (1, &json!("Grace Hopper")));
    assert_eq!((&reasons[0]["before"], &reasons[0]["after"]), (&json!(0.0), &json!(0.125)));
    assert_eq!(reply.header("borg-units"), "class=graph, call.read=1, row.rank=3");
    let inside = api.get(&format!("{path}?community={rust}")).await.data();
    assert_eq!(ranks(&inside), [Some(2)]);
    let earlier = api.get(&format!("{path}?as_of=2026-11-22T10:02:30Z")).await.data();
    assert_eq!(ranks(&earlier), [None, Some(4)]);
    let walked = api.walk(&format!("{path}?limit=1")).await;
    assert_eq!(Value::from(walked), steps);
}

#[tokio::test]
async fn a_person_that_never_stepped_has_an_empty_history_that_costs_nothing() {
    let api = Api::new().await;
    let reply = api.get(&format!("/v1/people/{}/history", api.person(0))).await;
    assert_eq!((reply.data(), reply.header("borg-cost")), (json!([]), "0"));
    for (query, code) in [
        ("limit=0", "bad_parameter"),
        ("as_of=yesterday", "bad_parameter"),
        ("community=per_1", "bad_parameter"),
        ("cursor=", "bad_parameter"),
        ("run=run_1", "bad_parameter"),
    ] {
        let reply = api.get(&format!("/v1/people/{}/history?{query}", api.person(0))).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
    }
}

#[tokio::test]
async fn the_erased_and_the_unlisted_are_in_no_history_and_in_no_reasons() {
    let api = Api::new().await;
    let (ada, grace, hermit) = (api.person(0), api.person(1), api.person(3));
    let steps = [step(ada, WORLD, 4), step(grace, WORLD, 5), step(hermit, WORLD, 6)];
    stepped(&api, &steps, &[grace, hermit, api.person(5)]).await;
    let of = async |person: PersonId| api.get(&format!("/v1/people/{person}/history")).await;
    assert_eq!((of(hermit).await.status, of(grace).await.status), (404, 200));
    let named = async || {
        let steps = of(ada).await.data();
        steps[0]["reasons"].as_array().unwrap().len()
    };
    assert_eq!(named().await, 2);
    let (pg, now) = (api.database.pg(), api.clock.now());
    let alan = SeenProfile { consent: Consent::UNLISTED, ..bluesky()[5].clone() };
    profile::import(pg, Platform::BLUESKY, &[alan], now).await.unwrap();
    assert_eq!(named().await, 1);
    erase::profile(pg, api.world.profiles[1], GoneReason::Refused, now).await.unwrap();
    assert_eq!((named().await, of(grace).await.status), (0, 404));
}
