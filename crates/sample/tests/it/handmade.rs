//! Worlds made by hand from explicit accounts and arcs.

use std::sync::Arc;

use model::Layer;
use model::identity::Proof;
use sample::world::{
    AccountDraft, AccountId, AccountState, HostNature, PostKind, SampleWorld, WorldArc,
    WorldBuilder,
};

use crate::client::{Web, config, texts};

/// Ada follows Bo, who hides his lists; Cy follows Bo and has an account on Bluesky too.
fn trio() -> (SampleWorld, [AccountId; 4]) {
    let mut builder = WorldBuilder::new(1_793_491_200);
    let host = builder.host("one.social.test", HostNature::Mastodon);
    let mut open = |name: &str, host, state| {
        builder.account(AccountDraft {
            host,
            name: name.to_owned(),
            state,
            ..AccountDraft::default()
        })
    };
    let ada = open("ada", host, AccountState::Public);
    let bo = open("bo", host, AccountState::HiddenLists);
    let cy = open("cy", host, AccountState::HiddenLists);
    let cy_too = open("cy.bsky.sample.test", 0, AccountState::Public);
    builder.follow(ada, bo);
    builder.follow(cy, bo);
    builder.follow(cy, ada);
    let post = builder.post(bo, 1_793_000_000, PostKind::Plain);
    builder.post(ada, 1_793_000_100, PostKind::Reply(post));
    builder.post(ada, 1_793_000_100, PostKind::Repost(post));
    builder.claim_fediverse(cy_too, cy, true);
    builder.claim_bluesky(cy, cy_too, false);
    builder.link(cy_too, cy, Proof::Mutual);
    builder.seed(ada);
    builder.seed(cy_too);
    (builder.build(), [ada, bo, cy, cy_too])
}

#[test]
fn an_arc_between_hidden_lists_cannot_be_found() {
    let (world, [ada, bo, cy, _]) = trio();
    let follow = |src, dst| WorldArc { src, dst, count: 1, last: 0 };
    let truth = world.truth();
    assert_eq!(truth.arcs(Layer::Follow), [follow(ada, bo), follow(cy, ada)]);
    assert_eq!(truth.planted_arcs(Layer::Follow).len(), 3);
    assert_eq!(truth.links(), world.links());
}

#[test]
fn a_reply_in_the_fediverse_is_a_mention_too() {
    let (world, [ada, bo, ..]) = trio();
    let truth = world.truth();
    let posts = world.posts(ada);
    assert_eq!((posts[0].at, posts[1].at), (1_793_000_100, 1_793_000_099));
    for layer in [Layer::Reply, Layer::Mention, Layer::Repost] {
        let arcs = truth.arcs(layer);
        assert_eq!((arcs.len(), arcs[0].src, arcs[0].dst, arcs[0].count), (1, ada, bo, 1));
    }
}

#[tokio::test]
async fn a_handmade_world_is_served_like_any_other() {
    let (world, [ada, bo, ..]) = trio();
    let world = Arc::new(world);
    let web = Web::new(world.clone(), config());
    let shown = web.api("one.social.test", "/api/v1/accounts/lookup?acct=ada").await;
    let path = format!("/api/v1/accounts/{}/following", shown["id"].as_str().unwrap());
    let (people, _) = web.api_pages("one.social.test", &path).await;
    assert_eq!(texts(&people, "/uri"), [world.account(bo).native_id.clone()]);
    assert_eq!(web.running.seeds(model::Platform::FEDIVERSE), [world.account(ada).handle.as_str()]);
    let cy = web.xrpc("app.bsky.actor.getProfile?actor=cy.bsky.sample.test").await;
    assert_eq!(cy["website"], "https://one.social.test/@cy");
}
