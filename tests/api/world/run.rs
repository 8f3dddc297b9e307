//! Runs of the world: scores, communities, evidence and a search index, loaded and served.

use std::num::NonZeroU32;

use ::search::Folding;
use model::index::RunPerson;
use model::map::{MapDisc, MapPlace};
use model::observation::SeenProfile;
use model::time::Timestamp;
use model::{Community, CommunityId, Consent, Membership, ProfileId, RunId, SensitiveTopics};
use store::Pg;
use store::pg::community::WORLD;
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};
use store::pg::map::MapRegion;
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::run;
use store::pg::score::PersonScore;
use store::pg::term::Term;

use super::World;
use super::map::load_map;
use super::pages::{ada_too, bluesky, grace_too};

/// How the words of runs are folded.
const FOLDING: Folding = Folding::NEWEST;

impl World {
    /// Loads one more run like the first, and serves it.
    pub(crate) async fn publish(&self, pg: &Pg, pages: &[SeenProfile], now: Timestamp) -> RunId {
        let run = self.load_pages(pg, pages, now).await;
        run::activate(pg, run, now).await.expect("the run is served");
        run
    }

    /// Loads one more run of the same people, and does not serve it yet.
    pub(crate) async fn load(&self, pg: &Pg, now: Timestamp) -> RunId {
        self.load_pages(pg, &bluesky(), now).await
    }

    async fn load_pages(&self, pg: &Pg, pages: &[SeenProfile], now: Timestamp) -> RunId {
        self.load_terms(pg, (&terms(pages), FOLDING.number()), now).await
    }

    /// Loads one more run of the same people with another search index, folded by this version.
    pub(crate) async fn load_terms(
        &self,
        pg: &Pg,
        (terms, folding): (&[Term], u8),
        now: Timestamp,
    ) -> RunId {
        self.load_communities(pg, (terms, folding), &self.communities(), now).await
    }

    /// Publishes one more run, in which art is the same group of people as Rust.
    pub(crate) async fn publish_same_groups(&self, pg: &Pg, now: Timestamp) -> RunId {
        let mut communities = self.communities();
        for (community, _) in &mut communities {
            community.last_level = 1;
            community.same_as = Some(self.rust).filter(|_| community.id == self.art);
        }
        let terms = terms(&bluesky());
        let folded = (&terms[..], FOLDING.number());
        let run = self.load_communities(pg, folded, &communities, now).await;
        run::activate(pg, run, now).await.expect("the run is served");
        run
    }

    async fn load_communities(
        &self,
        pg: &Pg,
        (terms, folding): (&[Term], u8),
        communities: &[(Community, Vec<String>)],
        now: Timestamp,
    ) -> RunId {
        let run = run::create(pg, None, now).await.expect("a run is created");
        let mut loader = RunLoader::begin(pg, run).await.expect("the loader begins");
        loader.people(&self.scores()).await.expect("people load");
        loader.communities(communities).await.expect("communities load");
        let same = communities.iter().filter(|(one, _)| one.same_as.is_some());
        let same: Vec<CommunityId> = same.map(|(one, _)| one.id).collect();
        for community in [WORLD, self.rust, self.art] {
            let packed = PackedMemberships::pack(community, &self.memberships());
            match same.contains(&community) {
                true => loader.same_memberships(packed).await.expect("memberships load"),
                false => loader.memberships(packed).await.expect("memberships load"),
            }
        }
        loader.evidence(self.rust, evidence(&self.memberships())).await.expect("evidence loads");
        loader.terms(terms).await.expect("terms load");
        self.load_map(&mut loader).await;
        loader.finish(folding).await.expect("the run is attached");
        run
    }

    /// Puts Art in Rust, and the people, those of Rust first, in a row through it: the listed ones.
    async fn load_map(&self, loader: &mut RunLoader<'_>) {
        let region = |community, level, x, radius| MapRegion {
            community,
            level,
            last_level: level,
            disc: MapDisc { x, y: 0.0, radius },
        };
        let regions = [
            region(WORLD, None, 0.0, 1.0),
            region(self.rust, Some(0), -0.25, 0.5),
            region(self.art, Some(1), -0.5, 0.125),
        ];
        let place = |number: u16| MapPlace {
            disc: MapDisc { x: f32::from(number) / 64.0 - 0.25, y: 0.25, radius: 0.0078125 },
            community: Some(self.rust).filter(|_| number < 20),
        };
        load_map(loader, &regions, &self.scores(), place).await;
    }

    /// One more run of the same people.
    pub(crate) async fn publish_again(&self, pg: &Pg, now: Timestamp) -> RunId {
        self.publish(pg, &bluesky(), now).await
    }

    fn scores(&self) -> Vec<PersonScore> {
        let pages = bluesky();
        let score = |(number, (id, page)): (u32, (&ProfileId, &SeenProfile))| PersonScore {
            person: id.home_person(),
            kind: page.kind,
            unlisted: page.consent.has(Consent::UNLISTED),
            attention: 0.5 / f32::from(number as u16 + 1),
            score: 1000 - number as u16,
            trust: 0.25 / f32::from(number as u16 + 1),
            rank: NonZeroU32::new(number + 1).filter(|_| number != 3),
        };
        (0..).zip(self.profiles.iter().zip(&pages)).map(score).collect()
    }

    fn communities(&self) -> Vec<(Community, Vec<String>)> {
        let community = |id, parent, level, members, low_trust, label: &str| Community {
            id,
            parent,
            level,
            last_level: level,
            same_as: None,
            members,
            trust: 0.5,
            low_trust,
            labels: vec![label.to_owned(), "people".to_owned()],
            sensitive: SensitiveTopics::NONE,
        };
        let all = vec![
            community(self.rust, None, 0, 20, false, "Rust"),
            community(self.art, Some(self.rust), 1, 8, true, "art"),
        ];
        let indexed = |label: &String| ::search::words::indexed(FOLDING, label, 9);
        let worded = |one: Community| {
            let words = one.labels.iter().flat_map(indexed).collect();
            (one, words)
        };
        all.into_iter().map(worded).collect()
    }

    /// By falling attention; the insider score rises, so the two orders differ.
    fn memberships(&self) -> Vec<Membership> {
        let membership = |score: PersonScore, number: u32| Membership {
            person: RunPerson::new(number),
            kind: score.kind,
            member: number < 20,
            ranked: score.rank.is_some() && number < 20,
            low_confidence: number > 10,
            support: if number > 10 { 2.0 } else { 32.0 },
            attention: score.attention,
            score: score.score,
            insider: f32::from(number as u16) / 100.0,
            belonging: if number < 20 { 0.5 } else { 0.0 },
        };
        self.scores()
            .into_iter()
            .zip(0..)
            .map(|(score, number)| membership(score, number))
            .collect()
    }
}

/// Ada's attention in the community Rust: Grace and the hermit bring it.
fn evidence(memberships: &[Membership]) -> PackedEvidence {
    let source =
        |person, attention| EvidenceSource { person: RunPerson::new(person), attention, unit: 0.5 };
    let sources = [source(1, 0.5), source(3, 0.2)];
    let mut packer = EvidencePacker::new(0.85, &sources);
    let mut edges = [0, 1].map(|source| EvidenceEdge { source, weight: 1.0 });
    packer.add(memberships[0].attention, 0.1, &mut edges);
    packer.finish()
}

fn terms(pages: &[SeenProfile]) -> Vec<Term> {
    let mut builder = ::search::IndexBuilder::new(FOLDING);
    let seconds = [Some(ada_too()), Some(grace_too())];
    for (number, page) in (0..).zip(pages) {
        let second = seconds.get(number as usize).and_then(Option::as_ref);
        let words: Vec<_> = [Some(page), second].into_iter().flatten().map(words).collect();
        builder.add(number, &words).expect("numbers ascend");
    }
    let rows = builder.finish().into_iter();
    rows.map(|row| Term { term: row.key, count: row.count, body: row.body }).collect()
}

fn words(page: &SeenProfile) -> ::search::PublicWords<'_> {
    ::search::PublicWords {
        handle: page.named.handle.as_deref(),
        display_name: page.texts.display_name.as_deref(),
        bio: page.texts.bio.as_deref(),
        consent: page.consent,
    }
}
