//! The profiles of the world, imported and crawled.

use model::identity::Claim;
use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList, SeenProfile};
use model::profile_text::ProfileTexts;
use model::time::{Day, Timestamp};
use model::{Consent, Direction, Layer, PersonKind, Platform, ProfileId};
use store::Pg;
use store::pg::crawl::{
    CrawlBatch, CrawledProfile, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd, commit,
};
use store::pg::frontier::{self, CrawlSeeds, ReservationRequest};
use store::pg::{account_key, profile};

/// How many Alans there are: enough to fill several pages.
pub(crate) const ALANS: u32 = 23;

fn seen(handle: &str, name: &str, bio: &str) -> SeenProfile {
    SeenProfile {
        named: NamedProfile {
            native_id: format!("did:plc:{handle}"),
            handle: Some(handle.to_owned()),
            host: None,
        },
        texts: ProfileTexts {
            display_name: Some(name.to_owned()),
            bio: Some(bio.to_owned()),
            ..ProfileTexts::default()
        },
        ..SeenProfile::default()
    }
}

/// The profiles on Bluesky, in the order of the run's numbers.
pub(crate) fn bluesky() -> Vec<SeenProfile> {
    let target = "https://example.org/users/ada".to_owned();
    let claim = Claim::Account { platform: Platform::FEDIVERSE, target };
    let mut all = vec![
        SeenProfile {
            claims: vec![claim],
            followers: Some(500),
            ..seen("ada.example.org", "Ada Lovelace", "analytical engines")
        },
        SeenProfile {
            claims: vec![Claim::Account {
                platform: Platform::FEDIVERSE,
                target: on_fediverse("phantom").native_id,
            }],
            ..seen("grace.example.org", "Grace Hopper", "compilers and engines")
        },
        SeenProfile {
            kind: PersonKind::Organisation,
            ..seen("acme.example.com", "ACME", "everything, also compilers")
        },
        SeenProfile {
            consent: Consent::UNLISTED,
            ..seen("hermit.example.org", "Hermit", "secret compilers")
        },
        SeenProfile { kind: PersonKind::Bot, ..seen("bot.example.org", "Bot", "beep") },
    ];
    all.extend((0..ALANS).map(|n| seen(&format!("alan{n}.example.org"), "Alan", "machines")));
    all
}

/// An account on a platform of opt-in.
pub(super) fn on_fediverse(name: &str) -> NamedProfile {
    NamedProfile {
        native_id: format!("https://hidden.example/users/{name}"),
        handle: Some(format!("{name}@hidden.example")),
        host: Some("hidden.example".to_owned()),
    }
}

/// Grace's second profile: each names the other.
pub(super) fn grace_too() -> SeenProfile {
    let claim = Claim::Account {
        platform: Platform::BLUESKY,
        target: "did:plc:grace.example.org".to_owned(),
    };
    SeenProfile {
        named: on_fediverse("phantom"),
        consent: Consent::UNLISTED,
        claims: vec![claim],
        followers: Some(9_000),
        kind: PersonKind::Bot,
        ..seen("phantom", "Phantom", "ectoplasm")
    }
}

pub(crate) fn ada_too() -> SeenProfile {
    let claim = Claim::Account {
        platform: Platform::BLUESKY,
        target: "did:plc:ada.example.org".to_owned(),
    };
    SeenProfile {
        named: NamedProfile {
            native_id: "https://example.org/users/ada".to_owned(),
            handle: Some("ada@example.org".to_owned()),
            host: Some("example.org".to_owned()),
        },
        consent: Consent::WORDS_PRIVATE,
        claims: vec![claim],
        ..seen("ada", "Ada", "poetical science")
    }
}

/// Crawls Ada's second profile, which follows two who are not listed.
pub(super) async fn crawl(pg: &Pg, now: Timestamp) -> ProfileId {
    let (platform, page, default_host) = (Platform::FEDIVERSE, ada_too(), "example.org");
    let names = std::slice::from_ref(&page.named);
    let seeds = CrawlSeeds { platform, names, default_host, depth: 1 };
    let id = frontier::seed(pg, seeds, now).await.expect("a seed is taken")[0];
    let hosts = frontier::due_hosts(pg, now, 9).await.expect("hosts are read");
    let wants: Vec<_> = hosts.iter().map(|due| ReservationRequest::new(due.host.id, 9)).collect();
    frontier::reserve(pg, &wants, now, 600).await.expect("it is claimed");
    let arc = |name| SeenArc { other: on_fediverse(name), count: 0, last_day: Day(0), weight: 1.0 };
    let list = SeenList {
        layer: Layer::Follow,
        direction: Direction::Out,
        arcs: ["phantom", "wraith"].map(arc).to_vec(),
        coverage: ListCoverage::Complete,
    };
    let stream = CrawledStream {
        stream: "all".to_owned(),
        began: StreamCheckpoint::default(),
        observations: vec![Observation::Profile(Box::new(page.clone())), Observation::List(list)],
        end: StreamEnd::Done,
    };
    let profiles = vec![CrawledProfile { id, streams: vec![stream], end: RoundEnd::Done }];
    let default_host = default_host.to_owned();
    let batch = CrawlBatch { platform, default_host, now, profiles };
    commit(pg, &batch).await.expect("the batch is committed");
    id
}

pub(super) async fn import(
    pg: &Pg,
    platform: Platform,
    pages: &[SeenProfile],
    now: Timestamp,
) -> Vec<ProfileId> {
    profile::import(pg, platform, pages, now).await.expect("profiles import");
    let names: Vec<NamedProfile> = pages.iter().map(|page| page.named.clone()).collect();
    account_key::resolve(pg, platform, &names).await.expect("names resolve")
}
