//! Bluesky's protocol over real HTTP, compared with the truth.

use std::collections::BTreeSet;

use sample::world::{AccountId, AccountKind, AccountState, ListPurpose, PostKind, SampleWorld};
use serde_json::Value;

use crate::client::{Web, config, header, refusal, texts, world};

fn find_account(world: &SampleWorld, fits: impl Fn(AccountId) -> bool) -> AccountId {
    world.ids().find(|&id| world.account(id).host == 0 && fits(id)).unwrap()
}

fn in_state(world: &SampleWorld, state: AccountState) -> AccountId {
    find_account(world, |id| world.account(id).state == state)
}

fn alive(world: &SampleWorld, of: &[AccountId]) -> BTreeSet<String> {
    let alive = of.iter().map(|&id| world.account(id)).filter(|other| other.state.is_alive());
    alive.map(|other| other.native_id.clone()).collect()
}

#[tokio::test]
async fn pages_of_follows_add_up_to_the_truth() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut short = 0;
    for id in world.ids().filter(|&id| world.account(id).host == 0).step_by(15) {
        if !world.account(id).state.is_alive() {
            continue;
        }
        let did = &world.account(id).native_id;
        for (name, truth) in [("follows", world.follows(id)), ("followers", world.followers(id))] {
            let method = if name == "follows" { "getFollows" } else { "getFollowers" };
            let query = format!("app.bsky.graph.{method}?actor={did}&limit=10");
            let pages = web.xrpc_pages(&query).await;
            let seen: Vec<String> =
                pages.iter().flat_map(|p| texts(p[name].as_array().unwrap(), "/did")).collect();
            assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len());
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), alive(&world, truth));
            let full = |page: &&Value| page[name].as_array().unwrap().len() == 10;
            short += pages.iter().filter(|p| !full(p) && p["cursor"].is_string()).count();
        }
    }
    assert!(short > 20, "{short} short pages with a cursor");
}

#[tokio::test]
async fn profiles_have_the_real_shape_and_the_true_counts() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = world.seeds()[0];
    let account = world.account(id);
    let profile = web.xrpc(&format!("app.bsky.actor.getProfile?actor={}", account.handle)).await;
    assert_eq!(profile["did"], account.native_id.as_str());
    assert_eq!(profile["displayName"], account.texts.name.as_str());
    assert_eq!(profile["description"], account.texts.bio.as_str());
    assert_eq!(profile["followersCount"], alive(&world, world.followers(id)).len());
    assert_eq!(profile["followsCount"], alive(&world, world.follows(id)).len());
    assert_eq!(profile["postsCount"], world.posts(id).len());
    for key in ["indexedAt", "createdAt", "avatar"] {
        assert!(profile[key].is_string(), "{key}");
    }
    assert!(profile["labels"].is_array() && profile["viewer"].is_null());
}

#[tokio::test]
async fn batches_of_profiles_leave_out_removed_accounts() {
    let (world, web) = (world(), Web::new(world(), config()));
    let ids: Vec<AccountId> = world.ids().filter(|&id| world.account(id).host == 0).collect();
    let query = |ids: &[AccountId]| {
        let actors = ids.iter().map(|&id| format!("actors={}", world.account(id).native_id));
        format!("app.bsky.actor.getProfiles?{}", actors.collect::<Vec<_>>().join("&"))
    };
    for batch in ids.chunks(25).take(12) {
        let answer = web.xrpc(&query(batch)).await;
        let dids: BTreeSet<String> =
            texts(answer["profiles"].as_array().unwrap(), "/did").into_iter().collect();
        assert_eq!(dids, alive(&world, batch));
    }
    let (status, error) = refusal(web.bluesky(&format!("/xrpc/{}", query(&ids[..26]))).await).await;
    assert_eq!((status, error["error"].as_str()), (400, Some("InvalidRequest")));
}

#[tokio::test]
async fn labels_mark_bots_and_opt_outs() {
    let (world, web) = (world(), Web::new(world(), config()));
    let bot = find_account(&world, |id| {
        world.account(id).kind == AccountKind::Bot && world.account(id).state.is_alive()
    });
    for (id, value) in
        [(bot, "bot"), (in_state(&world, AccountState::OptedOut), "!no-unauthenticated")]
    {
        let did = &world.account(id).native_id;
        let profile = web.xrpc(&format!("app.bsky.actor.getProfile?actor={did}")).await;
        let labels = profile["labels"].as_array().unwrap();
        assert!(labels.iter().any(|l| l["val"] == value && l["src"] == did.as_str()), "{value}");
    }
}

#[tokio::test]
async fn removed_accounts_are_refused_as_by_the_real_appview() {
    let (world, web) = (world(), Web::new(world(), config()));
    let deleted = &world.account(in_state(&world, AccountState::Deleted)).native_id;
    let suspended = &world.account(in_state(&world, AccountState::Suspended)).native_id;
    let profile = |name: &str| format!("/xrpc/app.bsky.actor.getProfile?actor={name}");
    let expected = [
        (profile(deleted), "InvalidRequest", "Profile not found"),
        (profile("unknown.test"), "InvalidRequest", "Profile not found"),
        (profile(suspended), "AccountTakedown", "Account has been suspended"),
    ];
    for (path, error, message) in expected {
        let (status, body) = refusal(web.bluesky(&path).await).await;
        let body = (body["error"].as_str().unwrap(), body["message"].as_str().unwrap());
        assert_eq!((status, body), (400, (error, message)));
    }
    let follows = format!("/xrpc/app.bsky.graph.getFollows?actor={suspended}");
    assert_eq!(refusal(web.bluesky(&follows).await).await.0, 400);
    assert_eq!(web.bluesky(&format!("/{deleted}")).await.status(), 410);
}

#[tokio::test]
async fn a_feed_contains_the_targets_of_its_owner() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut seen = [0; 5];
    for id in world.ids().filter(|&id| world.account(id).host == 0).step_by(7) {
        let account = world.account(id);
        if !account.state.is_alive() {
            continue;
        }
        let query = format!("app.bsky.feed.getAuthorFeed?actor={}&limit=100", account.native_id);
        let items: Vec<Value> = web
            .xrpc_pages(&query)
            .await
            .iter()
            .flat_map(|page| page["feed"].as_array().unwrap().clone())
            .collect();
        let gone = |act: &PostKind<_>| match act {
            PostKind::Repost(p) => !world.account(world.post(*p).author).state.is_alive(),
            _ => false,
        };
        let posts: Vec<_> = world.posts(id).iter().filter(|post| !gone(&post.kind)).collect();
        assert_eq!(items.len(), posts.len());
        for (item, post) in items.iter().zip(posts) {
            seen[check_item(&world, item, post.kind, &account.native_id)] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 5), "{seen:?}");
}

/// Compares an item with the act that it shows; returns a number for the sort of act.
fn check_item(
    world: &SampleWorld,
    item: &Value,
    act: PostKind<sample::world::PostId>,
    owner: &str,
) -> usize {
    let did = |post| world.account(world.post(post).author).native_id.clone();
    let alive = |post| world.account(world.post(post).author).state.is_alive();
    let post = &item["post"];
    match act {
        PostKind::Plain => {
            assert_eq!((&item["reply"], &item["reason"]), (&Value::Null, &Value::Null));
        }
        PostKind::Mention(first, _) => {
            let facet = &post["record"]["facets"][0];
            assert_eq!(facet["features"][0]["did"], world.account(first).native_id.as_str());
            let text = post["record"]["text"].as_str().unwrap().as_bytes();
            let end = facet["index"]["byteEnd"].as_u64().unwrap() as usize;
            let named = format!("@{}", world.account(first).handle);
            assert_eq!(&text[..end], named.as_bytes());
        }
        PostKind::Reply(about) if alive(about) => {
            assert_eq!(item["reply"]["parent"]["author"]["did"], did(about).as_str());
        }
        PostKind::Reply(_) => assert_eq!(item["reply"]["parent"]["notFound"], true),
        PostKind::Repost(about) => {
            assert_eq!(item["reason"]["$type"], "app.bsky.feed.defs#reasonRepost");
            assert_eq!(item["reason"]["by"]["did"], owner);
            assert_eq!(post["author"]["did"], did(about).as_str());
        }
        PostKind::Quote(about) => {
            let uri = post["record"]["embed"]["record"]["uri"].as_str().unwrap();
            assert!(uri.starts_with(&format!("at://{}/", did(about))));
            let view = post["embed"]["record"]["author"]["did"].as_str();
            assert_eq!(view, alive(about).then(|| did(about)).as_deref());
        }
    }
    match act {
        PostKind::Plain => 0,
        PostKind::Mention(..) => 1,
        PostKind::Reply(_) => 2,
        PostKind::Repost(_) => 3,
        PostKind::Quote(_) => 4,
    }
}

#[tokio::test]
async fn likes_are_records_with_a_cursor_to_the_very_end() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id =
        find_account(&world, |id| world.likes(id).len() > 12 && world.account(id).state.is_alive());
    let query = format!(
        "com.atproto.repo.listRecords?repo={}&collection=app.bsky.feed.like&limit=5",
        world.account(id).native_id
    );
    let pages = web.xrpc_pages(&query).await;
    let records = pages.iter().flat_map(|page| page["records"].as_array().unwrap());
    let subjects = texts(records, "/value/subject/uri");
    let authors = world.likes(id).iter().map(|like| world.post(like.post).author);
    for (subject, author) in subjects.iter().zip(authors.clone()) {
        assert!(subject.starts_with(&format!("at://{}/", world.account(author).native_id)));
    }
    assert_eq!(subjects.len(), authors.count());
    assert!(pages.last().unwrap()["records"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn lists_and_their_members_are_as_planted() {
    let (world, web) = (world(), Web::new(world(), config()));
    let lists = world.lists().iter().filter(|list| world.account(list.owner).state.is_alive());
    for list in lists.take(8) {
        let owner = &world.account(list.owner).native_id;
        let page = web.xrpc(&format!("app.bsky.graph.getLists?actor={owner}&limit=100")).await;
        let shown = &page["lists"][0];
        let purpose = shown["purpose"].as_str().unwrap();
        assert_eq!(purpose.ends_with("#curatelist"), list.purpose == ListPurpose::Curate);
        let uri = shown["uri"].as_str().unwrap();
        let pages = web.xrpc_pages(&format!("app.bsky.graph.getList?list={uri}&limit=30")).await;
        let items = pages.iter().flat_map(|page| page["items"].as_array().unwrap());
        let members: BTreeSet<String> = texts(items, "/subject/did").into_iter().collect();
        assert_eq!(members, alive(&world, &list.members));
    }
}

#[tokio::test]
async fn handles_and_dids_lead_to_each_other() {
    let (world, web) = (world(), Web::new(world(), config()));
    let own = find_account(&world, |id| {
        world.account(id).handle.ends_with(".person.test") && world.account(id).state.is_alive()
    });
    let account = world.account(own);
    let query = format!("com.atproto.identity.resolveHandle?handle={}", account.handle);
    assert_eq!(web.xrpc(&query).await["did"], account.native_id.as_str());
    let text = web.at(&account.handle, "/.well-known/atproto-did").await.text().await.unwrap();
    assert_eq!(text, account.native_id);
    let document = crate::client::json(web.bluesky(&format!("/{}", account.native_id)).await).await;
    assert_eq!(document["alsoKnownAs"][0], format!("at://{}", account.handle));
    assert_eq!(document["service"][0]["serviceEndpoint"], web.running.bluesky_url());
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_their_reason() {
    let (world, web) = (world(), Web::new(world(), config()));
    let did = &world.account(world.seeds()[0]).native_id;
    let follows = format!("app.bsky.graph.getFollows?actor={did}");
    for (query, status, error) in [
        (format!("{follows}&limit=0"), 400, "InvalidRequest"),
        (format!("{follows}&limit=1000000000"), 400, "InvalidRequest"),
        (format!("{follows}&cursor=foreign"), 400, "InvalidRequest"),
        ("app.bsky.graph.getFollows".to_owned(), 400, "InvalidRequest"),
        (format!("app.bsky.feed.getActorLikes?actor={did}"), 401, "AuthMissing"),
        ("app.bsky.no.suchThing".to_owned(), 501, "MethodNotImplemented"),
    ] {
        let (found, body) = refusal(web.bluesky(&format!("/xrpc/{query}")).await).await;
        assert_eq!((found, body["error"].as_str().unwrap()), (status, error), "{query}");
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let response = web.bluesky(&format!("/xrpc/{follows}")).await;
    assert!(header(&response, "content-type").starts_with("application/json"));
}
