//! Loading a run and reading it back.

use std::num::NonZeroU32;

use model::index::RunPerson;
use model::{Community, CommunityId, Membership, PersonId, PersonKind, RunId, SensitiveTopics};
use store::Pg;
use store::pg::community::{self, CommunityPosition, CommunityQuery, WORLD};
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};
use store::pg::membership::{self, Order};
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::score::{self, PersonScore};
use store::pg::term::{self, Term};
use store::pg::{evidence, run};
use testkit::database;

use crate::web::at;

/// How many people the planted run has: more than one block of each kind.
const PEOPLE: u32 = 2_500;

/// How the words of the planted runs are folded.
const FOLDING: u8 = 7;

/// Ids in no order at all.
fn person(number: u32) -> PersonId {
    PersonId::new((2 << 45) + u64::from(number.wrapping_mul(2_654_435_761) >> 8))
}

fn scores() -> Vec<PersonScore> {
    let score = |number| PersonScore {
        person: person(number),
        kind: PersonKind::from_number((number % 4) as u8).unwrap(),
        unlisted: number.is_multiple_of(7),
        attention: 1.0 / (1.0 + number as f32),
        score: (1_000 - number.min(1_000)) as u16,
        trust: 1.0 - number as f32 / PEOPLE as f32,
        rank: NonZeroU32::new(number % 100),
    };
    (0..PEOPLE).map(score).collect()
}

fn memberships(count: u32) -> Vec<Membership> {
    let membership = |place: u32| Membership {
        person: RunPerson::new(PEOPLE - 1 - place),
        kind: PersonKind::Organisation,
        member: place.is_multiple_of(2),
        ranked: !place.is_multiple_of(3),
        low_confidence: false,
        support: 4.0,
        attention: 1.0 / (1.0 + place as f32),
        score: 500,
        insider: 0.0,
        belonging: 1.0,
    };
    (0..count).map(membership).collect()
}

fn community(id: u64, level: u8, members: u32) -> Community {
    Community {
        id: CommunityId::new(id),
        parent: (level > 0).then(|| CommunityId::new(1)),
        level,
        last_level: level,
        same_as: None,
        members,
        trust: 0.5,
        low_trust: members < 10,
        labels: vec!["Rust".into(), "compilers".into()],
        sensitive: SensitiveTopics::from_number(id),
    }
}

/// With the words of its labels.
fn worded(community: Community) -> (Community, Vec<String>) {
    (community, ["rust", "compilers"].map(str::to_owned).to_vec())
}

/// A run with a world, a community of 200 and one of 5.
async fn planted(pg: &Pg) -> RunId {
    let id = run::create(pg, None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(pg, id).await.unwrap();
    for chunk in scores().chunks(700) {
        loader.people(chunk).await.unwrap();
    }
    let all = [community(1, 0, 2_000), community(2, 1, 200), community(3, 1, 5)].map(worded);
    loader.communities(&all).await.unwrap();
    loader.memberships(PackedMemberships::pack(WORLD, &memberships(PEOPLE))).await.unwrap();
    loader
        .memberships(PackedMemberships::pack(CommunityId::new(2), &memberships(200)))
        .await
        .unwrap();
    loader
        .memberships(PackedMemberships::pack(CommunityId::new(3), &memberships(5)))
        .await
        .unwrap();
    loader.evidence(CommunityId::new(2), packed(200)).await.unwrap();
    loader.evidence(WORLD, packed(8)).await.unwrap();
    let term = |term: &str, count| Term { term: term.into(), count, body: vec![count as u8] };
    let terms = ["ada", "adam", "bob", "zoë", "^ad"].map(|name| term(name, 3));
    loader.terms(&terms).await.unwrap();
    loader.finish(FOLDING).await.unwrap();
    run::activate(pg, id, at(1)).await.unwrap();
    id
}

#[tokio::test]
async fn a_run_says_how_its_words_are_folded() {
    let db = database().await;
    let folding = async |id| run::get(db.pg(), id).await.unwrap().unwrap().folding;
    let loaded = planted(db.pg()).await;
    assert_eq!(folding(loaded).await, FOLDING);
    let begun = run::create(db.pg(), None, at(2)).await.unwrap();
    assert_eq!(folding(begun).await, 1, "that of runs before there were versions");
}

#[tokio::test]
async fn people_are_read_by_number_and_numbers_by_person() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let all = scores();
    let asked = [2_499, 0, 1_024, 2_500, 1_023].map(RunPerson::new);
    let got = score::get(db.pg(), run, &asked).await.unwrap();
    let wanted: Vec<_> = asked.iter().map(|number| all.get(number.index()).copied()).collect();
    assert_eq!(got, wanted);
    let page = score::page(db.pg(), run, 1_000, 1_100).await.unwrap();
    assert_eq!(page, all[1_000..2_100]);
    assert_eq!(score::page(db.pg(), run, 2_400, 1_000).await.unwrap(), all[2_400..]);
    assert_eq!(score::page(db.pg(), run, 9_999, 10).await.unwrap(), []);
    let people = [person(17), PersonId::new(1), person(2_499), PersonId::new(u64::MAX >> 1)];
    let numbers = score::numbers(db.pg(), run, &people).await.unwrap();
    assert_eq!(numbers, [Some(17), None, Some(2_499), None].map(|n| n.map(RunPerson::new)));
}

#[tokio::test]
async fn communities_are_found_in_all_runs_that_are_kept_and_in_no_other() {
    let db = database().await;
    let found = async |ids: &[u64]| {
        let ids: Vec<CommunityId> = ids.iter().copied().map(CommunityId::new).collect();
        community::in_kept_runs(db.pg(), &ids).await.unwrap()
    };
    assert_eq!(found(&[2]).await, []);
    let first = planted(db.pg()).await;
    assert_eq!(found(&[2, 9]).await, [community(2, 1, 200)]);
    planted(db.pg()).await;
    let twice = [community(3, 1, 5), community(3, 1, 5)];
    assert_eq!(found(&[3]).await, twice, "its topics are those of the run");
    assert!(first.number() > 0 && run::retire_old(db.pg(), 0, usize::MAX).await.unwrap() > 0);
    assert_eq!(found(&[3, 3]).await.len(), 1);
}

#[tokio::test]
async fn every_page_of_memberships_is_a_slice_with_its_ranks() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let whole = membership::page(db.pg(), run, WORLD, Order::Attention, 0..PEOPLE).await.unwrap();
    let whole = whole.unwrap();
    assert_eq!((whole.total, whole.rows.len()), (PEOPLE, PEOPLE as usize));
    let ranks: Vec<u32> = whole.rows.iter().filter_map(|r| r.rank.map(NonZeroU32::get)).collect();
    assert_eq!(ranks, (1..=ranks.len() as u32).collect::<Vec<_>>());
    for place in [(0, 1), (63, 2), (64, 64), (130, 7), (2_490, 100), (2_500, 5), (0, 0)] {
        let range = place.0..place.0 + place.1;
        let page = membership::page(db.pg(), run, WORLD, Order::Attention, range).await.unwrap();
        let end = (place.0 + place.1).min(PEOPLE) as usize;
        assert_eq!(page.unwrap().rows, whole.rows[place.0 as usize..end], "{place:?}");
    }
    let none = CommunityId::new(99);
    assert_eq!(membership::page(db.pg(), run, none, Order::Attention, 0..9).await.unwrap(), None);
}

#[tokio::test]
async fn insiders_are_paged_in_their_own_order_with_ranks_by_attention() {
    let db = database().await;
    let id = run::create(db.pg(), None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(db.pg(), id).await.unwrap();
    let mut all = memberships(150);
    all.iter_mut().for_each(|one| one.insider = one.person.number() as f32 % 10.0 / 10.0);
    loader.memberships(PackedMemberships::pack(CommunityId::new(4), &all)).await.unwrap();
    loader.finish(FOLDING).await.unwrap();
    let page = async |order, place: (u32, u32)| {
        let range = place.0..place.0 + place.1;
        let page = membership::page(db.pg(), id, CommunityId::new(4), order, range).await.unwrap();
        page.unwrap().rows
    };
    let by_attention = page(Order::Attention, (0, 150)).await;
    let by_insider = page(Order::Insider, (0, 150)).await;
    assert!(by_insider.is_sorted_by(|a, b| a.membership.insider >= b.membership.insider));
    assert!(by_insider.iter().all(|one| by_attention.contains(one)));
    assert_eq!(page(Order::Insider, (140, 50)).await, by_insider[140..]);
}

#[tokio::test]
async fn a_persons_memberships_are_found_in_every_community() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let last = RunPerson::new(PEOPLE - 3);
    let everywhere = membership::of_person(db.pg(), run, last).await.unwrap();
    let communities: Vec<u64> = everywhere.iter().map(|(id, _)| id.number()).collect();
    assert_eq!(communities, [0, 2, 3]);
    assert!(everywhere.iter().all(|(_, ranked)| ranked.membership.person == last));
    assert_eq!(everywhere[1].1.rank.map(NonZeroU32::get), Some(2));
    let world_only = membership::of_person(db.pg(), run, RunPerson::new(0)).await.unwrap();
    assert_eq!(world_only.len(), 1);
    assert_eq!(membership::of_person(db.pg(), run, RunPerson::new(9_999)).await.unwrap(), []);
}

#[tokio::test]
async fn communities_are_listed_by_size_within_level_and_parent() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let page = async |query| {
        let page = community::page(db.pg(), run, query).await.unwrap();
        page.iter().map(|community| community.id.number()).collect::<Vec<_>>()
    };
    let two = CommunityQuery { limit: 2, ..CommunityQuery::default() };
    assert_eq!(page(two).await, [1, 2]);
    let after = Some(CommunityPosition { members: 200, id: CommunityId::new(2) });
    assert_eq!(page(CommunityQuery { after, ..two }).await, [3]);
    assert_eq!(page(CommunityQuery { level: Some(1), ..two }).await, [2, 3]);
    assert_eq!(page(CommunityQuery { parent: Some(CommunityId::new(1)), ..two }).await, [2, 3]);
    let labelled = async |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let query = CommunityQuery { words: &words, limit: 9, ..CommunityQuery::default() };
        community::page(db.pg(), run, query).await.unwrap().len()
    };
    assert_eq!(labelled(&["comp", "rust"]).await, 3);
    assert_eq!(labelled(&["rust", "java"]).await, 0);
    let two = community::get(db.pg(), run, &[CommunityId::new(3), CommunityId::new(9)]).await;
    assert_eq!(two.unwrap(), [community(3, 1, 5)]);
}

#[tokio::test]
async fn terms_are_read_by_name_and_by_range() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let names = |terms: Vec<Term>| terms.into_iter().map(|term| term.term).collect::<Vec<_>>();
    let some = term::get(db.pg(), run, &["bob", "none", "zoë"]).await.unwrap();
    assert_eq!(some[0], Term { term: "bob".into(), count: 3, body: vec![3] });
    assert_eq!(names(some), ["bob", "zoë"]);
    let range = term::ranges(db.pg(), run, &[("ad", "ae"), ("z", "{"), ("ad", "b")], 9).await;
    assert_eq!(names(range.unwrap()), ["ada", "adam", "zoë"]);
    let cut = term::ranges(db.pg(), run, &[("ad", "ae")], 1).await.unwrap();
    assert_eq!(names(cut), ["ada"]);
}

/// Evidence for every seventh person, from the sources of the same number and of the one before.
fn packed(people: u32) -> PackedEvidence {
    let source = |at: u32| EvidenceSource {
        person: RunPerson::new(at),
        attention: 0.5 / (at + 1) as f32,
        unit: 0.5,
    };
    let sources: Vec<EvidenceSource> = (0..people).map(source).collect();
    let mut packer = EvidencePacker::new(1.0, &sources);
    for at in 0..people {
        match at % 7 {
            0 if at > 0 => {
                let edge = |source| EvidenceEdge { source, weight: 1.0 };
                packer.add(1.0 / (1 + at) as f32, 0.0, &mut [edge(at), edge(at - 1)]);
            }
            _ => packer.skip(),
        }
    }
    packer.finish()
}

#[tokio::test]
async fn evidence_is_kept_by_community_and_person() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let (stood, two) = (memberships(200), CommunityId::new(2));
    let get = async |id, person| evidence::get(db.pg(), run, id, person).await.unwrap();
    for at in [7usize, 63, 70, 196] {
        let found = get(two, stood[at].person).await.unwrap();
        let of: Vec<u32> = found.contributors.iter().map(|one| one.person.number()).collect();
        assert_eq!(of, [at as u32 - 1, at as u32], "the largest contribution comes first");
        assert_eq!((found.score, found.damping), (stood[at].attention, 1.0));
    }
    assert_eq!(get(two, stood[8].person).await, None);
    assert!(get(WORLD, memberships(PEOPLE)[7].person).await.is_some());
    assert_eq!(get(CommunityId::new(3), stood[0].person).await, None);
    assert_eq!(get(two, RunPerson::new(PEOPLE - 1)).await, None);
}

#[tokio::test]
async fn evidence_is_listed_block_by_block() {
    let db = database().await;
    let run = planted(db.pg()).await;
    let two = CommunityId::new(2);
    let (mut after, mut people) = (None, Vec::new());
    loop {
        let page = evidence::page(db.pg(), run, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.community, last.number));
        let in_two = page.iter().filter(|block| block.community == two);
        people.extend(in_two.flat_map(|block| &block.people).map(|one| one.0));
    }
    let stood = memberships(200);
    let own: Vec<RunPerson> = (1..=28).map(|seventh| stood[seventh * 7].person).collect();
    assert_eq!((people, after), (own, Some((two, 3))));
}

#[tokio::test]
async fn a_loader_that_died_is_begun_again_and_its_run_is_not_loaded_before() {
    let db = database().await;
    let id = run::create(db.pg(), None, at(0)).await.unwrap();
    let mut dying = RunLoader::begin(db.pg(), id).await.unwrap();
    dying.people(&scores()).await.unwrap();
    dying.communities(&[worded(community(1, 0, 9))]).await.unwrap();
    drop(dying);
    assert!(!run::is_loaded(db.pg(), id).await.unwrap(), "answers read published runs only");
    let mut again = RunLoader::begin(db.pg(), id).await.unwrap();
    again.people(&scores()[..3]).await.unwrap();
    again.finish(1).await.unwrap();
    assert!(run::is_loaded(db.pg(), id).await.unwrap());
    assert_eq!(score::page(db.pg(), id, 0, 10).await.unwrap(), scores()[..3]);
    assert_eq!(
        community::page(db.pg(), id, CommunityQuery { limit: 9, ..CommunityQuery::default() })
            .await
            .unwrap(),
        []
    );
    run::activate(db.pg(), id, at(1)).await.unwrap();
    assert!(RunLoader::begin(db.pg(), id).await.is_err(), "a served run is not loaded again");
}

#[tokio::test]
async fn a_run_mints_its_communities_once() {
    let db = database().await;
    let [one, other] = [
        run::create(db.pg(), None, at(0)).await.unwrap(),
        run::create(db.pg(), None, at(0)).await.unwrap(),
    ];
    let first = community::mint_once(db.pg(), one, 3).await.unwrap();
    let then = community::mint_once(db.pg(), other, 2).await.unwrap();
    assert!(first.len() == 3 && first.iter().all(|id| !then.contains(id)));
    assert_eq!(community::mint_once(db.pg(), one, 3).await.unwrap(), first);
    assert!(community::mint_once(db.pg(), one, 4).await.is_err());
    assert!(community::mint_once(db.pg(), RunId::new(99), 1).await.is_err());
}

#[tokio::test]
async fn new_communities_get_new_ids() {
    let db = database().await;
    let first = community::mint(db.pg(), 3).await.unwrap();
    let then = community::mint(db.pg(), 2).await.unwrap();
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|id| *id != WORLD && !then.contains(id)));
}

#[tokio::test]
async fn a_group_on_several_levels_is_one_community() {
    let db = database().await;
    let id = run::create(db.pg(), None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(db.pg(), id).await.unwrap();
    loader.people(&scores()).await.unwrap();
    let whole = Community { last_level: 1, ..community(1, 0, 9) };
    let same = Community { same_as: Some(CommunityId::new(1)), ..community(2, 1, 9) };
    let part = Community { parent: Some(CommunityId::new(1)), ..community(3, 2, 4) };
    loader.communities(&[whole.clone(), same, part.clone()].map(worded)).await.unwrap();
    let packed = |id| PackedMemberships::pack(CommunityId::new(id), &memberships(9));
    loader.memberships(packed(1)).await.unwrap();
    loader.same_memberships(packed(2)).await.unwrap();
    loader.finish(FOLDING).await.unwrap();
    run::activate(db.pg(), id, at(1)).await.unwrap();
    let ids = [2, 1, 3].map(CommunityId::new);
    let got = community::get(db.pg(), id, &ids).await.unwrap();
    assert_eq!(got, [whole.clone(), whole.clone(), part.clone()]);
    let listed = async |query: CommunityQuery<'_>| {
        community::page(db.pg(), id, CommunityQuery { limit: 9, ..query }).await.unwrap()
    };
    let on = |level| CommunityQuery { level: Some(level), ..CommunityQuery::default() };
    let of =
        |id| CommunityQuery { parent: Some(CommunityId::new(id)), ..CommunityQuery::default() };
    assert_eq!(listed(CommunityQuery::default()).await, [whole.clone(), part.clone()]);
    assert_eq!((listed(on(0)).await, listed(on(1)).await), (vec![whole.clone()], vec![whole]));
    assert_eq!((listed(of(1)).await, listed(of(2)).await), (vec![part.clone()], vec![part]));
    let ranked = membership::of_person(db.pg(), id, RunPerson::new(PEOPLE - 1)).await.unwrap();
    assert_eq!(ranked.len(), 1, "it stands in the first one only");
    let all = [PEOPLE - 1, PEOPLE - 9, PEOPLE - 10, 0].map(RunPerson::new);
    let inside = membership::inside(db.pg(), id, CommunityId::new(1), &all).await.unwrap();
    assert_eq!(inside, all[..2]);
}
