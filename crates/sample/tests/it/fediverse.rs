//! The fediverse's protocol over real HTTP, compared with the truth.

use std::collections::BTreeSet;

use sample::world::{
    AccountId, AccountKind, AccountState, HostNature, PostKind, RobotsPolicy, SampleWorld,
};
use serde_json::Value;

use crate::client::{Web, config, header, json, next_link, refusal, texts, world};

/// What every account entity of the published API description has.
const REQUIRED: &str = "acct avatar avatar_static bot created_at display_name emojis fields \
followers_count following_count group header header_static id indexable locked note \
statuses_count uri username";

fn find_account(world: &SampleWorld, fits: impl Fn(AccountId) -> bool) -> AccountId {
    let ordinary = |id| matches!(world.host_of(id).nature, HostNature::Mastodon);
    world.ids().find(|&id| ordinary(id) && fits(id)).unwrap()
}

fn in_state(world: &SampleWorld, state: AccountState) -> AccountId {
    find_account(world, |id| world.account(id).state == state)
}

fn on(world: &SampleWorld, nature: HostNature) -> AccountId {
    let fits = |&id: &AccountId| {
        world.host_of(id).nature == nature && world.account(id).state == AccountState::Public
    };
    world.ids().filter(|id| fits(id)).max_by_key(|&id| world.followers(id).len()).unwrap()
}

/// The account as its own host shows it, found by its local name.
async fn lookup(web: &Web, world: &SampleWorld, id: AccountId) -> Value {
    let account = world.account(id);
    let path = format!("/api/v1/accounts/lookup?acct={}", account.local_name());
    web.api(&world.host_of(id).name, &path).await
}

/// Handles of those who are listed on the host of `id`, in full.
fn listed(world: &SampleWorld, id: AccountId, of: &[AccountId]) -> BTreeSet<String> {
    let host = world.account(id).host;
    let others = of.iter().map(|&other| world.account(other));
    let listed = others.filter(|other| other.host != host || other.state.is_alive());
    listed.map(|other| other.handle.clone()).collect()
}

fn full(domain: &str, acct: &str) -> String {
    if acct.contains('@') { acct.to_owned() } else { format!("{acct}@{domain}") }
}

#[tokio::test]
async fn pages_of_relations_add_up_to_the_truth() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut paged = 0;
    for id in world.ids().filter(|&id| world.account(id).host != 0).step_by(15) {
        let (host, state) = (world.host_of(id), world.account(id).state);
        let hidden = state == AccountState::HiddenLists;
        if !state.is_alive() || hidden || !host.shows_lists() {
            continue;
        }
        let number = lookup(&web, &world, id).await["id"].as_str().unwrap().to_owned();
        for (name, truth) in [("following", world.follows(id)), ("followers", world.followers(id))]
        {
            let path = format!("/api/v1/accounts/{number}/{name}?limit=10");
            let (people, pages) = web.api_pages(&host.name, &path).await;
            let handles: Vec<String> = texts(&people, "/acct")
                .iter()
                .map(|acct| full(host.handle_domain(), acct))
                .collect();
            assert_eq!(handles.len(), handles.iter().collect::<BTreeSet<_>>().len());
            let truth = listed(&world, id, truth);
            assert_eq!(handles.into_iter().collect::<BTreeSet<_>>(), truth);
            paged += usize::from(pages > 1);
        }
    }
    assert!(paged > 20, "{paged} lists of several pages");
}

#[tokio::test]
async fn accounts_have_the_real_shape_and_the_true_counts() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = find_account(&world, |id| world.seeds().contains(&id));
    let (account, shown) = (world.account(id), lookup(&web, &world, id).await);
    for key in REQUIRED.split_whitespace() {
        assert!(!shown[key].is_null(), "{key}");
    }
    assert_eq!(shown["uri"], account.native_id.as_str());
    assert_eq!(shown["url"], account.page());
    assert_eq!(
        (&shown["noindex"], &shown["indexable"]),
        (&false.into(), &account.indexable.into())
    );
    assert_eq!(shown["discoverable"], true);
    assert_eq!(shown["followers_count"], listed(&world, id, world.followers(id)).len());
    assert_eq!(shown["following_count"], listed(&world, id, world.follows(id)).len());
    let by_id = format!("/api/v1/accounts/{}", shown["id"].as_str().unwrap());
    assert_eq!(web.api(&world.host_of(id).name, &by_id).await, shown);
}

#[tokio::test]
async fn another_host_has_its_own_number_and_fewer_fields() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = in_state(&world, AccountState::OptedOut);
    let home = lookup(&web, &world, id).await;
    let account = world.account(id);
    let elsewhere = world
        .hosts()
        .iter()
        .find(|host| host.nature == HostNature::Mastodon && host.name != world.host_of(id).name);
    let path = format!("/api/v1/accounts/lookup?acct={}", account.handle.replace('@', "%40"));
    let away = web.api(&elsewhere.unwrap().name, &path).await;
    assert_eq!((&home["uri"], home["noindex"].as_bool()), (&away["uri"], Some(true)));
    assert_ne!(home["id"], away["id"]);
    assert_eq!(home["acct"], account.local_name());
    assert_eq!(away["acct"], account.handle.as_str());
    assert!(away["noindex"].is_null());
}

#[tokio::test]
async fn hidden_lists_are_empty_though_counted() {
    let (world, web) = (world(), Web::new(world(), config()));
    for id in [in_state(&world, AccountState::HiddenLists), on(&world, HostNature::Snac)] {
        let host = &world.host_of(id).name;
        let shown = lookup(&web, &world, id).await;
        assert!(shown["followers_count"].as_u64().unwrap() > 0);
        let path = format!("/api/v1/accounts/{}/followers", shown["id"].as_str().unwrap());
        let response = web.at(host, &path).await;
        assert_eq!(next_link(&response), None);
        assert_eq!(json(response).await, Value::Array(Vec::new()));
    }
    let hidden = lookup(&web, &world, in_state(&world, AccountState::HiddenLists)).await;
    assert_eq!(hidden["hide_collections"], true);
}

#[tokio::test]
async fn removed_accounts_are_gone_on_their_own_host_only() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut statuses = BTreeSet::new();
    let deleted = world.ids().filter(|&id| {
        world.account(id).state == AccountState::Deleted
            && world.host_of(id).nature == HostNature::Mastodon
    });
    for id in deleted {
        let name = world.account(id).local_name();
        let path = format!("/api/v1/accounts/lookup?acct={name}");
        let (status, body) = refusal(web.at(&world.host_of(id).name, &path).await).await;
        assert!(body["error"].is_string());
        statuses.insert(status);
    }
    assert_eq!(statuses, BTreeSet::from([404, 410]));
    let suspended = in_state(&world, AccountState::Suspended);
    let shown = lookup(&web, &world, suspended).await;
    assert_eq!(shown["suspended"], true);
    assert_eq!((shown["note"].as_str(), &shown["fields"]), (Some(""), &Value::Array(Vec::new())));
}

#[tokio::test]
async fn statuses_contain_the_targets_of_their_author() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut seen = [0; 5];
    for id in world.ids().filter(|&id| world.host_of(id).nature == HostNature::Mastodon).step_by(9)
    {
        let (host, domain) = (&world.host_of(id).name, world.host_of(id).handle_domain());
        if !world.account(id).state.is_public() {
            continue;
        }
        let number = lookup(&web, &world, id).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/accounts/{number}/statuses?limit=3");
        let (shown, _) = web.api_pages(host, &path).await;
        let gone = |act: &PostKind<_>| match act {
            PostKind::Repost(post) => {
                let author = world.account(world.post(*post).author);
                author.host == world.account(id).host && !author.state.is_alive()
            }
            _ => false,
        };
        let posts: Vec<_> = world.posts(id).iter().filter(|post| !gone(&post.kind)).collect();
        assert_eq!(shown.len(), posts.len());
        for (status, post) in shown.iter().zip(posts) {
            seen[check_status(&world, domain, status, post.kind)] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 5), "{seen:?}");
}

/// Compares a status with the act that it shows; returns a number for the sort of act.
fn check_status(
    world: &SampleWorld,
    domain: &str,
    status: &Value,
    act: PostKind<sample::world::PostId>,
) -> usize {
    let handle = |id| world.account(id).handle.clone();
    let author = |post| handle(world.post(post).author);
    let acct = |value: &Value| full(domain, value["acct"].as_str().unwrap());
    match act {
        PostKind::Plain => {
            assert!(status["reblog"].is_null() && status["in_reply_to_id"].is_null());
        }
        PostKind::Mention(first, _) => assert_eq!(acct(&status["mentions"][0]), handle(first)),
        PostKind::Reply(about) => {
            assert_eq!(acct(&status["mentions"][0]), author(about));
            assert_eq!(status["in_reply_to_account_id"], status["mentions"][0]["id"]);
        }
        PostKind::Repost(about) => assert_eq!(acct(&status["reblog"]["account"]), author(about)),
        PostKind::Quote(about) => {
            if let Some(quoted) = status["quote"]["quoted_status"].as_object() {
                assert_eq!(acct(&quoted["account"]), author(about));
            }
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
async fn replies_and_reblogs_can_be_left_out() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mixed = |id: AccountId| {
        let posts = world.posts(id);
        let has = |fits: fn(&PostKind<_>) -> bool| posts.iter().any(|post| fits(&post.kind));
        world.account(id).state == AccountState::Public
            && has(|act| matches!(act, PostKind::Reply(_)))
            && has(|act| matches!(act, PostKind::Repost(_)))
    };
    let id = find_account(&world, mixed);
    let number = lookup(&web, &world, id).await["id"].as_str().unwrap().to_owned();
    let flags = "exclude_replies=true&exclude_reblogs=true&limit=1";
    let path = format!("/api/v1/accounts/{number}/statuses?{flags}");
    let (shown, _) = web.api_pages(&world.host_of(id).name, &path).await;
    let kept = world
        .posts(id)
        .iter()
        .filter(|p| !matches!(p.kind, PostKind::Reply(_) | PostKind::Repost(_)));
    assert_eq!(shown.len(), kept.count());
}

#[tokio::test]
async fn old_hosts_lack_uris_which_webfinger_has() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = on(&world, HostNature::Old);
    let (account, host) = (world.account(id), &world.host_of(id).name);
    let shown = lookup(&web, &world, id).await;
    assert!(shown["uri"].is_null() && shown["url"].is_string());
    let path = format!("/.well-known/webfinger?resource=acct:{}", account.handle);
    let found = web.api(host, &path).await;
    let links = found["links"].as_array().unwrap();
    let own = links.iter().find(|link| link["rel"] == "self").unwrap();
    assert_eq!(own["href"], account.native_id.as_str());
    let by_page = format!("/.well-known/webfinger?resource={}", account.page());
    assert_eq!(web.api(host, &by_page).await, found);
}

#[tokio::test]
async fn hosts_publish_their_software() {
    let (world, web) = (world(), Web::new(world(), config()));
    for (nature, name) in [(HostNature::Mastodon, "mastodon"), (HostNature::Snac, "snac")] {
        let host = world.hosts().iter().find(|host| host.nature == nature).unwrap();
        let links = web.api(&host.name, "/.well-known/nodeinfo").await;
        let href = links["links"][0]["href"].as_str().unwrap();
        let path = href.strip_prefix(&format!("https://{}", host.name)).unwrap();
        assert_eq!(web.api(&host.name, path).await["software"]["name"], name);
        let robots = web.at(&host.name, "/robots.txt").await.text().await.unwrap();
        assert!(robots.starts_with("User-agent: *"));
    }
    assert_eq!(web.at("unknown.social.test", "/robots.txt").await.status(), 404);
}

#[tokio::test]
async fn bots_and_verified_rows_are_marked() {
    let (world, web) = (world(), Web::new(world(), config()));
    let bot = find_account(&world, |id| {
        world.account(id).kind == AccountKind::Bot
            && world.account(id).state == AccountState::Public
    });
    assert_eq!(lookup(&web, &world, bot).await["bot"], true);
    let proven = find_account(&world, |id| {
        let account = world.account(id);
        account.state == AccountState::Public
            && account.texts.fields.iter().any(|f| f.verified_at.is_some())
    });
    let shown = lookup(&web, &world, proven).await;
    let fields = shown["fields"].as_array().unwrap();
    let verified = fields.iter().find(|field| field["verified_at"].is_string()).unwrap();
    assert!(verified["value"].as_str().unwrap().starts_with("<a href=\"https://"));
}

#[tokio::test]
async fn broken_hosts_stay_broken_and_flaky_ones_recover() {
    let mut config = config();
    config.flaky_for = std::time::Duration::from_millis(300);
    let (world, web) = (world(), Web::new(world(), config));
    let host = |nature| &world.hosts().iter().find(|host| host.nature == nature).unwrap().name;
    let status = async |nature| web.at(host(nature), "/robots.txt").await.status().as_u16();
    assert_eq!((status(HostNature::Broken).await, status(HostNature::Flaky).await), (502, 503));
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert_eq!((status(HostNature::Broken).await, status(HostNature::Flaky).await), (502, 200));
}

#[tokio::test]
async fn accounts_show_the_decision_of_their_owner_or_null() {
    let (world, web) = (world(), Web::new(world(), config()));
    let decisions = [
        (AccountState::Public, Some(true)),
        (AccountState::Unlisted, Some(false)),
        (AccountState::Undecided, None),
    ];
    for (state, decision) in decisions {
        let id = in_state(&world, state);
        let shown = lookup(&web, &world, id).await;
        assert!(shown.get("discoverable").is_some());
        assert_eq!(shown["discoverable"].as_bool(), decision, "{state:?}");
        let actor = json(web.actor(&world.account(id).native_id).await).await;
        assert_eq!(actor["discoverable"], decision == Some(true), "{state:?}");
        assert_eq!(actor["indexable"], world.account(id).indexable);
    }
}

#[tokio::test]
async fn actor_documents_of_snac_have_the_decisions_that_its_accounts_lack() {
    let (world, web) = (world(), Web::new(world(), config()));
    let mut seen_decisions = BTreeSet::new();
    for id in world.ids().filter(|&id| world.host_of(id).nature == HostNature::Snac) {
        let account = world.account(id);
        if !account.state.is_public() {
            continue;
        }
        let shown = lookup(&web, &world, id).await;
        assert!(shown.get("discoverable").is_none() && shown.get("indexable").is_none());
        let actor = json(web.actor(&account.native_id).await).await;
        let decided = account.state != AccountState::Undecided;
        let wanted = |value: bool| decided.then_some(value);
        assert_eq!(actor.get("discoverable").and_then(Value::as_bool), wanted(true));
        assert_eq!(actor.get("indexable").and_then(Value::as_bool), wanted(account.indexable));
        seen_decisions.insert(decided);
    }
    assert_eq!(seen_decisions.len(), 2);
}

#[tokio::test]
async fn old_hosts_know_discoverable_but_not_indexable() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = on(&world, HostNature::Old);
    let shown = lookup(&web, &world, id).await;
    assert_eq!(shown["discoverable"], true);
    assert!(shown.get("indexable").is_none());
    let actor = json(web.actor(&world.account(id).native_id).await).await;
    assert_eq!(actor["discoverable"], true);
    assert!(actor.get("indexable").is_none());
}

#[tokio::test]
async fn actor_documents_are_served_to_clients_that_accept_them() {
    let (world, web) = (world(), Web::new(world(), config()));
    let id = in_state(&world, AccountState::Public);
    let (account, host) = (world.account(id), &world.host_of(id).name);
    let response = web.actor(&account.native_id).await;
    assert!(header(&response, "content-type").starts_with("application/activity+json"));
    let actor = json(response).await;
    assert_eq!(actor["@context"][0], "https://www.w3.org/ns/activitystreams");
    assert_eq!(
        (&actor["id"], &actor["url"]),
        (&account.native_id.as_str().into(), &account.page().into())
    );
    assert_eq!(actor["preferredUsername"], account.local_name());
    for key in ["type", "name", "summary", "inbox", "outbox", "following", "followers"] {
        assert!(actor[key].is_string(), "{key}");
    }
    assert_eq!(json(web.actor(&account.page()).await).await, actor);
    let path = format!("/users/{}", account.local_name());
    let linked_data = r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#;
    assert_eq!(json(web.accepting(host, &path, linked_data).await).await, actor);
    assert!(header(&web.at(host, &path).await, "content-type").starts_with("text/html"));
    for state in [AccountState::Deleted, AccountState::Suspended] {
        let gone = &world.account(in_state(&world, state)).native_id;
        assert_eq!(web.actor(gone).await.status(), 410);
    }
    assert_eq!(web.at(host, "/users/unknown").await.status(), 404);
}

fn split(world: &SampleWorld) -> (AccountId, String, String) {
    let fits = |id: AccountId| {
        let known =
            world.account(id).state == AccountState::Public && !world.followers(id).is_empty();
        known && world.host_of(id).domain.is_some()
    };
    let id = find_account(world, fits);
    let host = world.host_of(id);
    (id, host.name.clone(), host.domain.clone().unwrap())
}

#[tokio::test]
async fn a_handle_s_domain_need_not_be_its_server() {
    let (world, web) = (world(), Web::new(world(), config()));
    let (id, server, domain) = split(&world);
    let account = world.account(id);
    let name = account.local_name();
    assert_eq!(account.handle, format!("{name}@{domain}"));
    assert_eq!(account.native_id, format!("https://{server}/users/{name}"));
    for host in [&server, &domain] {
        for handle in [format!("{name}@{domain}"), format!("{name}@{server}")] {
            let path = format!("/.well-known/webfinger?resource=acct:{handle}");
            let found = web.api(host, &path).await;
            assert_eq!(found["subject"], format!("acct:{}", account.handle));
        }
    }
    for acct in [name.to_owned(), account.handle.clone(), format!("{name}@{server}")] {
        let shown = web.api(&server, &format!("/api/v1/accounts/lookup?acct={acct}")).await;
        assert_eq!((&shown["acct"], &shown["uri"]), (&name.into(), &account.native_id[..].into()));
    }
    let path = format!("/api/v1/accounts/lookup?acct={}", account.handle);
    assert_eq!(web.api("alpha.social.test", &path).await["acct"], account.handle.as_str());
    assert_eq!(web.api(&server, "/api/v2/instance").await["domain"], domain.as_str());
}

#[tokio::test]
async fn a_handle_s_domain_has_webfinger_and_pages_about_something_else() {
    let world = world();
    let (id, server, domain) = split(&world);
    let web = Web::new(world.clone(), config());
    let api = format!("/api/v1/accounts/lookup?acct={}", world.account(id).local_name());
    for (path, status) in [("/", 200), (&api[..], 404), ("/robots.txt", 404)] {
        let response = web.at(&domain, path).await;
        assert_eq!(response.status(), status);
        assert!(header(&response, "content-type").starts_with("text/html"));
    }
    assert_eq!(web.running.stats().by_host[&domain].requests, 3);
    let redirecting = sample::ServerConfig { domains_redirect: true, ..config() };
    let web = Web::new(world.clone(), redirecting);
    let path = format!("/.well-known/webfinger?resource=acct:{}", world.account(id).handle);
    let response = web.at(&domain, &path).await;
    assert_eq!(response.status(), 301);
    assert_eq!(header(&response, "location"), format!("https://{server}{path}"));
}

#[tokio::test]
async fn robots_txt_opens_or_closes_the_api() {
    let settings = sample::WorldConfig { robots: true, ..sample::WorldConfig::sized(1_500, 3) };
    let world = std::sync::Arc::new(SampleWorld::generate(&settings));
    let web = Web::new(world.clone(), config());
    let mut closed = Vec::new();
    for host in world.hosts().iter().filter(|host| host.nature == HostNature::Mastodon) {
        let text = web.at(&host.name, "/robots.txt").await.text().await.unwrap();
        match host.robots {
            RobotsPolicy::Open => assert!(!text.contains("/api/")),
            RobotsPolicy::NoApi => assert!(text.ends_with("User-agent: *\nDisallow: /api/\n")),
            RobotsPolicy::NoBorg => assert!(text.ends_with("User-agent: borg\nDisallow: /\n")),
            RobotsPolicy::OnlyBorg => assert!(text.ends_with("User-Agent: Borg\nAllow: /\n")),
        }
        if host.robots != RobotsPolicy::Open {
            closed.push((host.robots, host.robots.opens_api()));
        }
    }
    let expected = [
        (RobotsPolicy::NoApi, false),
        (RobotsPolicy::NoBorg, false),
        (RobotsPolicy::OnlyBorg, true),
    ];
    assert_eq!(closed, expected);
    let bluesky = web.bluesky("/robots.txt").await.text().await.unwrap();
    assert_eq!(bluesky, "User-Agent: *\nAllow: /\n");
}
