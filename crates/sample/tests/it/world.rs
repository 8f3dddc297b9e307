//! The planted world: the same each time, and shaped as promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use model::identity::Proof;
use model::{Layer, Platform};
use sample::WorldConfig;
use sample::world::{AccountId, AccountKind, AccountState, RobotsPolicy, SampleWorld};

static WORLD: LazyLock<SampleWorld> =
    LazyLock::new(|| SampleWorld::generate(&WorldConfig::sized(20_000, 1)));

fn count(of: impl Fn(AccountId) -> bool) -> usize {
    WORLD.ids().filter(|&id| of(id)).count()
}

#[test]
fn one_seed_makes_one_world_and_another_seed_another() {
    let make = |seed| SampleWorld::generate(&WorldConfig::sized(800, seed));
    assert!(make(5) == make(5));
    assert!(make(5) != make(6));
}

#[test]
fn the_cast_is_as_large_as_promised() {
    assert_eq!(WORLD.accounts().len(), 20_000);
    assert_eq!(count(|id| WORLD.account(id).kind == AccountKind::Fake), 1_000);
    assert_eq!(count(|id| WORLD.account(id).kind == AccountKind::Organisation), 500);
    assert_eq!(WORLD.links().len(), 3_000);
    let bluesky = count(|id| WORLD.account(id).platform == Platform::BLUESKY);
    assert!((9_900..=10_100).contains(&bluesky), "{bluesky}");
    assert_eq!(WORLD.hosts().len(), 25);
}

#[test]
fn names_are_unique_and_lead_to_their_accounts() {
    for id in WORLD.ids() {
        let account = WORLD.account(id);
        assert_eq!(WORLD.find(&account.native_id), Some(id));
        assert_eq!(WORLD.find(&account.handle.to_uppercase()), Some(id), "{}", account.handle);
    }
}

#[test]
fn sixty_leaves_of_unequal_size_lie_in_fifteen_parents() {
    let mut leaves: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
    for account in WORLD.accounts() {
        if let (Some(leaf), Some(parent)) = (account.leaf, account.parent) {
            assert_eq!(leaf / 4, parent);
            leaves.entry(leaf).or_default().insert(account.person);
        }
    }
    let sizes: Vec<usize> = leaves.values().map(BTreeSet::len).collect();
    assert_eq!(sizes.len(), 60);
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(*least >= 70 && *most >= 7 * least, "{least} to {most}");
}

#[test]
fn follows_are_mostly_within_the_leaf_and_heavy_tailed() {
    let honest = |id: &AccountId| WORLD.account(*id).kind != AccountKind::Fake;
    let (mut all, mut leaf, mut parent) = (0, 0, 0);
    for src in WORLD.ids().filter(honest) {
        for &dst in WORLD.follows(src) {
            let (src, dst) = (WORLD.account(src), WORLD.account(dst));
            assert_eq!(src.platform, dst.platform);
            all += 1;
            leaf += usize::from(src.leaf == dst.leaf);
            parent += usize::from(src.parent == dst.parent && src.leaf != dst.leaf);
        }
    }
    let mean = all as f64 / count(|id| honest(&id)) as f64;
    assert!((28.0..33.0).contains(&mean), "{mean}");
    let (leaf, parent) = (leaf as f64 / all as f64, parent as f64 / all as f64);
    assert!((0.68..0.80).contains(&leaf), "{leaf}");
    assert!((0.05..0.15).contains(&parent), "{parent}");
    let mut fans: Vec<usize> = WORLD.ids().map(|id| WORLD.followers(id).len()).collect();
    fans.sort_unstable();
    assert!(fans[19_999] > 2_000 && fans[10_000] < 40, "{} {}", fans[19_999], fans[10_000]);
}

#[test]
fn the_farm_is_dense_within_and_barely_followed_from_outside() {
    let fake = |id: AccountId| WORLD.account(id).kind == AccountKind::Fake;
    let (mut inside, mut out, mut bought) = (0, 0, 0);
    for src in WORLD.ids() {
        for &dst in WORLD.follows(src) {
            match (fake(src), fake(dst)) {
                (true, true) => inside += 1,
                (true, false) => out += 1,
                (false, true) => bought += 1,
                (false, false) => {}
            }
        }
    }
    assert!(inside > 20_000 && out > 10_000, "{inside} {out}");
    assert!((200..=400).contains(&bought), "{bought}");
}

#[test]
fn all_public_accounts_on_working_hosts_can_be_found() {
    let truth = WORLD.truth();
    let counts = truth.counts();
    assert_eq!(counts.invisible, 0);
    assert!(counts.broken > 50 && counts.broken < 300, "{}", counts.broken);
    for id in WORLD.ids() {
        let works = WORLD.host_of(id).is_readable();
        assert_eq!(truth.is_reachable(id), works && WORLD.account(id).state.is_public());
    }
    for state in [
        AccountState::Deleted,
        AccountState::Suspended,
        AccountState::OptedOut,
        AccountState::HiddenLists,
        AccountState::Undecided,
    ] {
        assert!(counts.states[&state] > 100, "{state:?}");
    }
}

#[test]
fn opt_outs_are_only_where_they_can_be_seen() {
    for id in WORLD.ids().filter(|&id| WORLD.account(id).state == AccountState::OptedOut) {
        assert!(WORLD.host_of(id).shows_consent(), "{}", WORLD.account(id).handle);
    }
}

#[test]
fn undecided_accounts_are_found_but_not_listed() {
    let (mut honest, mut undecided) = (0, 0);
    let truth = WORLD.truth();
    for id in truth.reachable().filter(|&id| WORLD.account(id).platform == Platform::FEDIVERSE) {
        let account = WORLD.account(id);
        honest += usize::from(account.kind != AccountKind::Fake);
        undecided += usize::from(account.state == AccountState::Undecided);
        let agreed = matches!(account.state, AccountState::Public | AccountState::HiddenLists);
        assert_eq!(truth.is_listed(id), agreed, "{}", account.handle);
    }
    let share = f64::from(undecided as u32) / f64::from(honest as u32);
    assert!((0.05..0.10).contains(&share), "{share}");
    let counts = truth.counts();
    assert_eq!(counts.listed["bluesky"], counts.reachable["bluesky"]);
    assert!(counts.people_listed < counts.people);
}

#[test]
fn consent_changes_nothing_else() {
    let settings = WorldConfig::sized(2_000, 1);
    let all = SampleWorld::generate(&WorldConfig { undecided_share: 0.0, ..settings.clone() });
    let some = SampleWorld::generate(&settings);
    for id in all.ids() {
        let (mut before, after) = (all.account(id).clone(), some.account(id));
        if after.state == AccountState::Undecided {
            assert_eq!(before.state, AccountState::Public);
            before.state = AccountState::Undecided;
        }
        assert_eq!(&before, after);
        assert_eq!(all.follows(id), some.follows(id));
        assert_eq!(all.posts(id), some.posts(id));
    }
    assert_eq!(all.seeds(), some.seeds());
    assert_eq!(all.truth().arcs(Layer::Follow), some.truth().arcs(Layer::Follow));
}

#[test]
fn a_host_whose_robots_txt_closes_the_api_is_not_reached() {
    let settings = WorldConfig { robots: true, ..WorldConfig::sized(2_000, 1) };
    let world = SampleWorld::generate(&settings);
    let truth = world.truth();
    for id in world.ids() {
        let open = !matches!(world.host_of(id).robots, RobotsPolicy::NoApi | RobotsPolicy::NoBorg);
        assert!(open || !truth.is_reachable(id), "{}", world.account(id).handle);
    }
    let counts = truth.counts();
    assert_eq!(counts.invisible, 0);
    assert!(counts.closed > 20, "{}", counts.closed);
    let lets_in = |id: &AccountId| world.host_of(*id).robots == RobotsPolicy::OnlyBorg;
    assert!(truth.reachable().any(|id| lets_in(&id)));
    for seed in world.seeds() {
        assert!(world.host_of(*seed).is_readable());
    }
}

#[test]
fn one_server_s_handles_are_at_another_domain() {
    let split: Vec<_> = WORLD.hosts().iter().filter(|host| host.domain.is_some()).collect();
    assert_eq!(split.len(), 1);
    let members = WORLD.ids().filter(|&id| WORLD.host_of(id) == split[0]);
    let members: Vec<AccountId> = members.collect();
    assert!(members.len() > 200, "{}", members.len());
    let claimed = |by: &str| {
        let bios = WORLD.accounts().iter().map(|account| &account.texts.bio);
        bios.filter(|bio| bio.contains(by)).count()
    };
    assert!(claimed("Also at https://cedar.social.test/@") > 20);
    assert!(claimed("@cedar.test") > 20);
    for id in members {
        let account = WORLD.account(id);
        assert!(account.handle.ends_with(&format!("@{}", split[0].handle_domain())));
        let at_server = format!("{}@{}", account.local_name(), split[0].name);
        assert_eq!(WORLD.find(&at_server), Some(id));
        assert!(account.page().starts_with(&format!("https://{}/@", split[0].name)));
    }
}

#[test]
fn reachable_arcs_have_reachable_ends_and_a_readable_list() {
    let truth = WORLD.truth();
    let readable = |id: AccountId| {
        WORLD.account(id).state != AccountState::HiddenLists && WORLD.host_of(id).shows_lists()
    };
    let arcs = truth.arcs(Layer::Follow);
    for tie in &arcs {
        assert!(truth.is_reachable(tie.src) && truth.is_reachable(tie.dst));
        assert!(readable(tie.src) || readable(tie.dst));
        assert!(WORLD.follows(tie.src).contains(&tie.dst));
    }
    assert!(arcs.len() < truth.planted_arcs(Layer::Follow).len());
    for layer in [Layer::Mention, Layer::Reply, Layer::Repost, Layer::Like, Layer::List] {
        let arcs = truth.arcs(layer);
        assert!(arcs.len() > 5_000, "{layer}: {}", arcs.len());
        assert!(arcs.windows(2).all(|w| (w[0].src, w[0].dst) < (w[1].src, w[1].dst)), "{layer}");
    }
}

#[test]
fn proofs_are_published_by_both_sides() {
    for link in WORLD.links() {
        let (here, there) = (WORLD.account(link.bluesky), WORLD.account(link.fediverse));
        assert_eq!(here.person, there.person);
        let fields = &there.texts.fields;
        match link.proof {
            Proof::Mutual => {
                let page = there.page();
                let website = here.texts.website.as_deref() == Some(&page);
                let handle = format!("Also at @{}", there.handle);
                let bio = &here.texts.bio;
                assert!(website || bio.contains(&page) || bio.ends_with(&handle));
                let ends =
                    |value: &str| value.ends_with(&here.handle) || value.ends_with(&here.native_id);
                assert!(fields.iter().any(|field| ends(&field.value)));
            }
            Proof::Website => {
                let page = format!("https://{}/", here.handle);
                assert!(fields.iter().any(|f| f.value == page && f.verified_at.is_some()));
            }
        }
    }
}

#[test]
fn claims_of_decoys_are_not_returned() {
    let linked: BTreeSet<AccountId> =
        WORLD.links().iter().flat_map(|link| [link.bluesky, link.fediverse]).collect();
    let claims = |id: &AccountId| {
        let words = &WORLD.account(*id).texts;
        let here = words.website.is_some() || words.bio.contains("Also at ");
        here || words.fields.iter().any(|field| field.value.starts_with("https://"))
    };
    let decoys = WORLD.ids().filter(|id| !linked.contains(id)).filter(claims).count();
    assert!((250..=300).contains(&decoys), "{decoys}");
}

#[test]
fn bios_have_words_of_their_community_and_organisations_are_official() {
    let mut users: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
    let mut foreign = 0;
    for account in WORLD.accounts().iter().filter(|account| account.kind != AccountKind::Fake) {
        let bio = &account.texts.bio;
        let official = bio.to_lowercase().contains("official account");
        assert_eq!(official, account.kind == AccountKind::Organisation, "{bio}");
        foreign += usize::from(!bio.is_ascii());
        for word in bio.split(|c: char| !c.is_alphanumeric()) {
            users.entry(word).or_default().extend(account.leaf);
        }
    }
    assert!(foreign > 500, "{foreign}");
    let jazz = (0..60).find(|&leaf| SampleWorld::leaf_title(leaf) == "music/jazz").unwrap();
    assert_eq!(users["saxophone"], BTreeSet::from([jazz]));
    assert_eq!(users["melody"].len(), 4);
    assert_eq!(users["always"].len(), 60);
}

#[test]
fn small_worlds_hold_together_too() {
    for (accounts, seed) in [(20, 1), (60, 2), (60, 3), (300, 4), (2_000, 5)] {
        let world = SampleWorld::generate(&WorldConfig::sized(accounts, seed));
        let counts = world.truth().counts();
        assert_eq!(world.accounts().len(), accounts as usize);
        assert_eq!(counts.invisible, 0, "{accounts} {seed}");
        for platform in [Platform::BLUESKY, Platform::FEDIVERSE] {
            assert!(!world.seed_handles(platform).is_empty());
        }
        assert!(counts.arcs["follow"] > 5 * accounts as usize / 2);
    }
}
