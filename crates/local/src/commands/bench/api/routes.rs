//! The requests of each route, which are kept beside the run that they are about.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use graph::seed::RandomSeed;
use model::{CommunityId, PersonId};
use serde::{Deserialize, Serialize};

use super::generated::{GeneratedRun, word};

/// Different requests of each route.
const REQUESTS: usize = 16;
const FILE: &str = "requests.json";

/// All requests, and how many profiles the run has that they are about.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GeneratedRequests {
    pub(super) profiles: u32,
    pub(super) routes: Vec<BenchRoute>,
}

/// A route with the requests to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BenchRoute {
    /// The path in the OpenAPI document.
    pub(super) name: String,
    pub(super) requests: Vec<String>,
    /// Whether each answer is charged; else they are asked for with a key for sample data.
    #[serde(default)]
    pub(super) is_charged: bool,
    /// Whether the API keeps no person rows between answers.
    #[serde(default)]
    pub(super) is_cold: bool,
}

/// A person, and a community of the finest level that it belongs to.
struct LeafMember {
    person: PersonId,
    community: CommunityId,
}

impl GeneratedRequests {
    /// Requests about people and communities all over the run.
    pub(super) fn of(generated: &GeneratedRun) -> GeneratedRequests {
        let mut random = RandomSeed(7);
        let numbers: Vec<u32> =
            (0..REQUESTS).map(|_| random.below(generated.people.len() as u64) as u32).collect();
        let person = |number: u32| generated.people[number as usize].home_person();
        let leaf = |&number: &u32| {
            let mut leaves = generated.communities.iter().filter(|one| one.is_leaf());
            let leaf = leaves.find(|one| one.members.binary_search(&number).is_ok())?;
            Some(LeafMember { person: person(number), community: leaf.id })
        };
        let people: Vec<PersonId> = numbers.iter().copied().map(person).collect();
        let leaves: Vec<LeafMember> = numbers.iter().filter_map(leaf).collect();
        let profiles = generated.people.len() as u32;
        GeneratedRequests { profiles, routes: routes(&people, &leaves) }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        fs::write(&path, serde_json::to_vec(self)?)
            .with_context(|| format!("write {}", path.display()))
    }

    pub(super) fn read(folder: &Path) -> Result<GeneratedRequests> {
        let path = folder.join(FILE);
        let bytes = fs::read(&path)
            .with_context(|| format!("read {}: call without --again first", path.display()))?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn routes(people: &[PersonId], leaves: &[LeafMember]) -> Vec<BenchRoute> {
    let of_person = |path: &str| people.iter().map(|id| format!("/v1/people/{id}{path}")).collect();
    let evidence = leaves.iter().map(|LeafMember { person, community }| {
        format!("/v1/people/{person}/evidence?community={community}")
    });
    let history = leaves.iter().map(|LeafMember { person, community }| {
        format!("/v1/people/{person}/history?community={community}")
    });
    let community_people =
        leaves.iter().map(|one| format!("/v1/communities/{}/people", one.community));
    let search = (0..REQUESTS as u64)
        .map(|at| format!("/v1/search?q={}+{}", word(40 + at * 7), word(90 + at * 11)));
    // The first two to five letters of a name.
    let suggest = (0..REQUESTS)
        .map(|at| format!("/v1/suggest?q={}", &word(at as u64 * 23 % 400)[..2 + at % 4]));
    let route = |name: &str, requests| BenchRoute {
        name: name.to_owned(),
        requests,
        is_charged: false,
        is_cold: false,
    };
    let view = |id| format!("/v1/people?view=personal&seeds={id}");
    let views: Vec<String> = people.iter().map(view).collect();
    let ends = people.iter().zip(people.iter().cycle().skip(1));
    let path = |(from, to)| format!("/v1/people/{from}/path?to={to}");
    let paths: Vec<String> = ends.filter(|(from, to)| from != to).map(path).collect();
    let cold = |name: &str, requests: &Vec<String>| BenchRoute {
        is_cold: true,
        ..route(name, requests.clone())
    };
    let charged =
        BenchRoute { is_charged: true, ..route("/v1/people/{id}, charged", of_person("")) };
    let only = |request: &str| vec![request.to_owned()];
    vec![
        route("/v1/status", only("/v1/status")),
        route("/v1/people/{id}", of_person("")),
        charged,
        route("/v1/people/{id}/ranks", of_person("/ranks")),
        route("/v1/people/{id}/history", history.collect()),
        route("/v1/people/{id}/evidence", evidence.collect()),
        cold("/v1/people, cold", &views),
        route("/v1/people", views),
        cold("/v1/people/{id}/path, cold", &paths),
        route("/v1/people/{id}/path", paths),
        route("/v1/communities", only("/v1/communities")),
        route("/v1/communities/{id}/people", community_people.collect()),
        route("/v1/search", search.collect()),
        route("/v1/suggest", suggest.collect()),
        route("/v1/changes", only("/v1/changes?limit=100")),
    ]
}
