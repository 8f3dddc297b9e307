//! A run of any size without crawling or scoring: people with names and words, communities on three
//! levels, ranks, evidence and a search index, loaded by the code that publishes real runs.

use std::num::NonZeroU32;

use anyhow::{Context, Result};
use graph::seed::RandomSeed;
use model::index::RunPerson;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock;
use model::profile_text::ProfileTexts;
use model::{Community, Membership, PersonKind, Platform, ProfileId, SensitiveTopics};
use search::{Folding, PublicWords};
use store::pg::community::{self, WORLD};
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::score::PersonScore;
use store::pg::term::Term;
use store::pg::{account_key, person, profile, run};

use super::generated_community::{GeneratedCommunity, LEVELS};
use super::generated_rows;
use crate::home::BorgHome;
use crate::output::CommandOutput;

mod history;

/// What everything is drawn from.
const SEED: RandomSeed = RandomSeed(1);
/// Profiles of one call.
const CHUNK: usize = 5_000;
/// People of a community on the finest level; ten of these make one of the next level.
const LEAF_PEOPLE: u32 = 500;
/// The longest list of the world's ranks.
const WORLD_PEOPLE: usize = 100_000;
/// Contributors that the evidence of one person names.
const CONTRIBUTORS: u64 = 12;
/// Words of a bio, and of the language: the n-th is used n times less often than the first.
const BIO_WORDS: usize = 8;
const LANGUAGE_WORDS: f64 = 50_000.0;
/// One person in this many has a second profile on another platform.
const SECOND_PROFILE_EVERY: usize = 50;
const DAMPING: f32 = 0.85;

/// What the requests are about.
pub(super) struct GeneratedRun {
    /// The people by their number in the run.
    pub(super) people: Vec<ProfileId>,
    pub(super) communities: Vec<GeneratedCommunity>,
}

/// Makes and serves a run of `count` people.
pub(super) async fn generate(
    home: &BorgHome,
    count: u32,
    output: CommandOutput,
) -> Result<GeneratedRun> {
    let spinner = output.spinner("profiles");
    let people = import(home, count).await?;
    let communities = communities(home, count).await?;
    spinner.set_message("history");
    history::publish(home, &people, &communities).await?;
    spinner.set_message("run");
    let run = run::create(&home.pg, None, home.clock.now()).await?;
    let mut loader = RunLoader::begin(&home.pg, run).await?;
    let scores: Vec<PersonScore> = (0..).zip(&people).map(|(at, &id)| score(at, id)).collect();
    loader.people(&scores).await?;
    let rows: Vec<_> = communities.iter().map(community_row).collect();
    loader.communities(&rows).await?;
    let world: Vec<u32> = (0..count).take(WORLD_PEOPLE).collect();
    loader.memberships(PackedMemberships::pack(WORLD, &memberships(&world, false))).await?;
    for one in &communities {
        let memberships = memberships(&one.members, true);
        loader.memberships(PackedMemberships::pack(one.id, &memberships)).await?;
        if one.is_leaf() {
            loader.evidence(one.id, evidence(&memberships)).await?;
        }
    }
    spinner.set_message("search index");
    loader.terms(&terms(count)?).await?;
    loader.finish(Folding::NEWEST.number()).await?;
    spinner.set_message("person rows");
    generated_rows::seal(home, run, &people, &communities, attention).await?;
    run::activate(&home.pg, run, home.clock.now()).await?;
    spinner.finish_and_clear();
    Ok(GeneratedRun { people, communities })
}

/// Imports the profiles, in an order that is not that of their numbers in the run, and joins some.
async fn import(home: &BorgHome, count: u32) -> Result<Vec<ProfileId>> {
    let order = SEED.fork(1).order(count as usize);
    let mut people = vec![ProfileId::new(0); order.len()];
    for chunk in order.chunks(CHUNK) {
        let pages: Vec<SeenProfile> = chunk.iter().map(|&number| page(number)).collect();
        for (&number, id) in chunk.iter().zip(import_pages(home, Platform::BLUESKY, &pages).await?)
        {
            people[number as usize] = id;
        }
    }
    let several: Vec<u32> = (0..count).step_by(SECOND_PROFILE_EVERY).collect();
    let mut groups = Vec::with_capacity(several.len());
    for chunk in several.chunks(CHUNK) {
        let pages: Vec<SeenProfile> = chunk.iter().map(|&number| page(number)).collect();
        let second = import_pages(home, Platform::FEDIVERSE, &pages).await?;
        groups.extend(chunk.iter().zip(second).map(|(&at, id)| vec![people[at as usize], id]));
    }
    person::save_groups(&home.pg, &groups, home.clock.now()).await?;
    Ok(people)
}

async fn import_pages(
    home: &BorgHome,
    platform: Platform,
    pages: &[SeenProfile],
) -> Result<Vec<ProfileId>> {
    profile::import(&home.pg, platform, pages, home.clock.now()).await?;
    let names: Vec<NamedProfile> = pages.iter().map(|page| page.named.clone()).collect();
    Ok(account_key::resolve(&home.pg, platform, &names).await?)
}

/// The page of the person with this number.
fn page(number: u32) -> SeenProfile {
    let mut random = SEED.fork(2).fork(u64::from(number));
    let name = format!("{} {}", word(random.below(400)), word(400 + random.below(2_000)));
    SeenProfile {
        named: NamedProfile {
            native_id: format!("did:plc:{:024x}", random.next_u64()),
            handle: Some(format!("{}{number}.example.org", name.replace(' ', "-"))),
            host: Some("example.org".to_owned()),
        },
        texts: ProfileTexts {
            display_name: Some(name),
            bio: Some(bio(number)),
            url: Some(format!("https://example.org/{number}")),
            ..ProfileTexts::default()
        },
        followers: Some(random.below(100_000) as u32),
        following: Some(random.below(1_000) as u32),
        posts: Some(random.below(10_000) as u32),
        kind: kind(number),
        ..SeenProfile::default()
    }
}

fn bio(number: u32) -> String {
    let mut random = SEED.fork(3).fork(u64::from(number));
    let rank = |random: &mut RandomSeed| (random.unit() * LANGUAGE_WORDS.ln()).exp() as u64;
    let words: Vec<String> = (0..BIO_WORDS).map(|_| word(rank(&mut random))).collect();
    words.join(" ")
}

/// The word with this rank in the language.
pub(super) fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu",
        "ce",
    ];
    let mut letters = SEED.fork(4).fork(rank).next_u64();
    let mut word = String::new();
    for _ in 0..4 {
        word += SYLLABLES[(letters % 16) as usize];
        letters /= 16;
    }
    word
}

const fn kind(number: u32) -> PersonKind {
    if number % 20 == 7 { PersonKind::Organisation } else { PersonKind::Person }
}

fn attention(number: u32) -> f32 {
    0.05 / (f64::from(number) + 10.0).powf(0.8) as f32
}

fn score(number: u32, profile: ProfileId) -> PersonScore {
    PersonScore {
        person: profile.home_person(),
        kind: kind(number),
        unlisted: false,
        attention: attention(number),
        score: model::membership::score(attention(number)) as u16,
        trust: 1.0 / (1.0 + number as f32 / 1_000.0),
        rank: NonZeroU32::new(number + 1),
    }
}

/// The communities of all levels, the coarsest first.
async fn communities(home: &BorgHome, count: u32) -> Result<Vec<GeneratedCommunity>> {
    let leaves = count.div_ceil(LEAF_PEOPLE);
    let sizes = (0..LEVELS).map(|level| leaves.div_ceil(10u32.pow(u32::from(LEVELS - 1 - level))));
    let sizes: Vec<u32> = sizes.collect();
    let ids = community::mint(&home.pg, sizes.iter().sum()).await?;
    let mut ids = ids.into_iter();
    let mut levels: Vec<Vec<GeneratedCommunity>> = Vec::new();
    for (level, &size) in (0u8..).zip(&sizes) {
        let parent = |at: usize| levels.last().map(|above| above[at / 10].id);
        let new =
            |(at, id)| GeneratedCommunity { id, level, parent: parent(at), members: Vec::new() };
        levels.push((0..size as usize).zip(ids.by_ref()).map(new).collect());
    }
    for number in 0..count {
        let mut at = SEED.fork(5).fork(u64::from(number)).below(u64::from(leaves)) as usize;
        for level in levels.iter_mut().rev() {
            level[at].members.push(number);
            at /= 10;
        }
    }
    Ok(levels.into_iter().flatten().filter(|one| !one.members.is_empty()).collect())
}

fn community_row(one: &GeneratedCommunity) -> (Community, Vec<String>) {
    let labels: Vec<String> = (0..5).map(|at| word(one.id.number() * 5 + at)).collect();
    let community = Community {
        id: one.id,
        parent: one.parent,
        level: one.level,
        last_level: one.level,
        same_as: None,
        members: one.members.len() as u32,
        trust: 0.5,
        low_trust: false,
        labels: labels.clone(),
        sensitive: SensitiveTopics::NONE,
    };
    (community, labels)
}

/// The memberships of people who come by falling attention.
fn memberships(members: &[u32], member: bool) -> Vec<Membership> {
    let sum: f32 = members.iter().copied().map(attention).sum();
    let membership = |&person: &u32| {
        let share = attention(person) / sum;
        Membership {
            person: RunPerson::new(person),
            kind: kind(person),
            member,
            ranked: true,
            low_confidence: false,
            support: 32.0,
            attention: share,
            score: model::membership::score(share) as u16,
            insider: (person % 100) as f32 / 100.0,
            belonging: if member { 0.5 } else { 0.0 },
        }
    };
    members.iter().map(membership).collect()
}

/// Evidence in which each person is attended to by some others of its community.
fn evidence(memberships: &[Membership]) -> PackedEvidence {
    let source = |one: &Membership| EvidenceSource {
        person: one.person,
        attention: one.attention,
        unit: 0.05,
    };
    let sources: Vec<EvidenceSource> = memberships.iter().map(source).collect();
    let mut packer = EvidencePacker::new(DAMPING, &sources);
    for one in memberships {
        let mut random = SEED.fork(6).fork(u64::from(one.person.number()));
        let mut from: Vec<u32> =
            (0..CONTRIBUTORS).map(|_| random.below(sources.len() as u64) as u32).collect();
        from.sort_unstable();
        from.dedup();
        let mut edges: Vec<EvidenceEdge> =
            from.into_iter().map(|source| EvidenceEdge { source, weight: 1.0 }).collect();
        packer.add(one.attention, one.attention * (1.0 - DAMPING), &mut edges);
    }
    packer.finish()
}

fn terms(count: u32) -> Result<Vec<Term>> {
    let mut builder = search::IndexBuilder::new(Folding::NEWEST);
    for number in 0..count {
        let page = page(number);
        let words = PublicWords {
            handle: page.named.handle.as_deref(),
            display_name: page.texts.display_name.as_deref(),
            bio: page.texts.bio.as_deref(),
            consent: page.consent,
        };
        builder.add(number, &[words]).context("numbers ascend")?;
    }
    let rows = builder.finish().into_iter();
    Ok(rows.map(|row| Term { term: row.key, count: row.count, body: row.body }).collect())
}
