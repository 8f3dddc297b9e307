//! What a run finds of communities that is sensitive.

use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock as _;
use model::profile_text::ProfileTexts;
use model::{Community, Consent, Platform, RunId, SensitiveTopic};
use store::pg::community::{self, CommunityQuery};
use store::pg::profile;

use crate::world::{GROUP, PEOPLE, World};

/// Everybody's page: a bio by group, and handles of two people that are words of their group's bios.
fn pages(bios: [&str; 3]) -> Vec<SeenProfile> {
    let page = |person: u32| {
        let group = person / GROUP;
        let handle = match person {
            5 => "Tues-Day@example.org".to_owned(),
            35 => "wednesday.example.org".to_owned(),
            _ => format!("p{person}.example.org"),
        };
        SeenProfile {
            named: NamedProfile {
                native_id: person.to_string(),
                handle: Some(handle),
                ..NamedProfile::default()
            },
            texts: ProfileTexts {
                bio: Some(bios[group as usize].to_owned()),
                ..ProfileTexts::default()
            },
            // The one whose handle is a label is not listed: its name must not be one all the more.
            consent: if person == 5 { Consent::UNLISTED } else { Consent::default() },
            ..SeenProfile::default()
        }
    };
    (0..PEOPLE).map(page).collect()
}

impl World {
    /// A world whose people have these bios, and its run's communities, by level.
    pub(crate) async fn with_bios(bios: [&str; 3]) -> (World, RunId, Vec<Community>) {
        let world = World::new().await;
        let (pg, now) = (world.database.pg(), world.clock.now());
        profile::import(pg, Platform::FILE, &pages(bios), now).await.expect("profiles import");
        let run = world.score().await;
        let query = CommunityQuery { limit: 1_000, ..CommunityQuery::default() };
        let mut found = community::page(pg, run, query).await.expect("communities are read");
        found.sort_by_key(|one| (one.level, one.id));
        (world, run, found)
    }
}

/// The communities that have a label, and no others' words beside it.
fn labelled<'a>(all: &'a [Community], label: &str) -> Vec<&'a Community> {
    all.iter().filter(|one| one.labels.iter().any(|own| own == label)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn communities_are_marked_by_their_labels_and_keep_no_names() {
    let bios = ["catholic. tuesday", "chess. wednesday", "gardening, see @tuesday"];
    let (_world, _, all) = World::with_bios(bios).await;
    let (catholic, chess) = (labelled(&all, "catholic"), labelled(&all, "chess"));
    assert!(!catholic.is_empty() && !chess.is_empty(), "{all:?}");
    for one in &catholic {
        assert_eq!(one.sensitive, SensitiveTopic::Christianity.into(), "{one:?}");
        let named = one.labels.iter().any(|label| label.contains("tuesday"));
        assert!(!named, "a member's handle is a label: {one:?}");
    }
    for one in chess {
        assert!(one.sensitive.is_empty(), "{one:?}");
        assert!(one.labels.iter().any(|label| label.contains("wednesday")), "{one:?}");
    }
    assert!(labelled(&all, "tuesday").is_empty(), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn communities_without_labels_are_about_what_their_people_write() {
    let (_world, _, all) = World::with_bios(["union member", "union member", "union member"]).await;
    assert!(!all.is_empty());
    for one in &all {
        // No label sets such a community apart: all people write the same.
        assert_eq!(one.sensitive, SensitiveTopic::Unions.into(), "{one:?}");
    }
}
