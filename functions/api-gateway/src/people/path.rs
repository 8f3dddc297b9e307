//! The strongest path of attention from one person to another.

use std::collections::{BTreeSet, HashMap};

use graph::nearby::{FoundPath, PathHop, PathSearch, PathSettings, SearchStep};
use model::index::PersonIndex;
use model::{Layer, PersonId, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use snapshot::person_rows::RECEIVED_MAX;
use store::pg::adjacency;
use utoipa::ToSchema;

use super::seeds::SeedPerson;
use super::{ListedPerson, PersonBrief, load_by_id, require_person};
use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::person_rows::RunRows;
use crate::query::{RunChoice, TimeParam};
use crate::runs;

/// How often a path is searched again, past those who were unlisted since the run.
const TRIES: usize = 4;

/// How one person's attention leads to another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PathView {
    /// Who attends.
    #[schema(value_type = String, example = "per_2000000001")]
    from: PersonId,
    /// The person that the path leads to.
    #[schema(value_type = String, example = "per_2000000002")]
    to: PersonId,
    /// The product of the shares of all steps; `null` if no path was found, 1 from a person to itself.
    share: Option<f32>,
    /// The people after `from`, the last one is `to`; none if no path was found.
    steps: Vec<PathStepView>,
    /// How far the search went.
    #[schema(inline)]
    searched: PathExtent,
}

/// One step of a path.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PathStepView {
    /// The person that it leads to.
    person: PersonBrief,
    /// The share of its attention that the person before gives to this one, within 4 %.
    share: f32,
    /// In which layers the listed profiles of the person before show it. None if only the other one's lists do.
    #[schema(value_type = Vec<String>, example = json!(["follow", "reply"]))]
    layers: Vec<Layer>,
}

/// How far a search went.
#[derive(Debug, Serialize, ToSchema)]
struct PathExtent {
    /// The most steps that a path may have.
    steps: usize,
    /// Of how many people the arcs were read.
    people: usize,
    /// Whether no stronger path of as many steps exists over listed people; else the search ended at its limits, or met
    /// a person whose weakest followers are not kept.
    complete: bool,
}

impl PathExtent {
    /// Nothing was to be searched.
    const NONE: PathExtent =
        PathExtent { steps: PathSettings::HOPS_MAX, people: 0, complete: true };
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PathParams {
    /// Where the path ends.
    #[param(value_type = String, example = "per_2000000002")]
    to: PersonId,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

/// The strongest path of attention from this person to another: the one whose shares have the largest product, of
/// at most six steps, over listed people only. That none was found costs as much as a path of one step.
#[utoipa::path(
    get,
    path = "/v1/people/{id}/path",
    operation_id = "get_path",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001"), PathParams),
    responses((status = 200, body = Envelope<PathView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<PersonId>,
    Query(query): Query<PathParams>,
    call: ApiCall,
) -> Result<ApiAnswer<PathView>, Problem> {
    let (from, to) = (id, query.to);
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    let ends = [require_person(call.pg(), from).await?, require_person(call.pg(), to).await?];
    let ends = ends.each_ref().map(SeedPerson::of_id);
    call.pg().release().await;
    let mut rows = call.gateway.rows().open(served.run).await?;
    let places = SeedPerson::places(&ends, call.pg(), served.run, &mut rows).await?;
    let &[first, last] = places.as_slice() else { return Err(Problem::internal()) };
    let view = if first == last {
        PathView { from, to, share: Some(1.0), steps: Vec::new(), searched: PathExtent::NONE }
    } else {
        let found = listed_path(&call, &mut rows, [first, last]).await?;
        let (share, steps) = (found.share(), found.steps(&call).await?);
        PathView { from, to, share, steps, searched: found.searched }
    };
    // That there is none is found by the longest search: it is an answer like a path of one step.
    let count = view.steps.len().max(1);
    Ok(ApiAnswer::of_rows(view, count).of(Some(served)))
}

/// A path with the people on it, from its beginning on; none if there is no path.
struct ListedPath {
    path: Option<FoundPath>,
    people: Vec<ListedPerson>,
    searched: PathExtent,
}

/// The strongest path over people who are all listed now.
async fn listed_path(
    call: &ApiCall,
    rows: &mut RunRows<'_>,
    ends: [PersonIndex; 2],
) -> Result<ListedPath, Problem> {
    let (mut without, mut read) = (BTreeSet::new(), 0);
    for _ in 0..TRIES {
        call.pg().release().await;
        let (search, is_whole) = search(rows, ends, without.clone()).await?;
        read += search.rows_read();
        let complete = is_whole && !search.is_cut();
        let searched = PathExtent { steps: PathSettings::HOPS_MAX, people: read, complete };
        let Some(path) = search.path() else {
            return Ok(ListedPath { path: None, people: Vec::new(), searched });
        };
        let places: Vec<PersonIndex> =
            [ends[0]].into_iter().chain(path.hops.iter().map(|hop| hop.person)).collect();
        let ids = rows.ids(&places).await?;
        let mut listed = load_by_id(call.pg(), &ids).await?;
        let gone = places.iter().zip(&ids).filter(|(_, id)| !listed.contains_key(id));
        let gone: Vec<PersonIndex> = gone.map(|(&place, _)| place).collect();
        if gone.is_empty() {
            let people = ids.iter().filter_map(|id| listed.remove(id)).collect();
            return Ok(ListedPath { path: Some(path), people, searched });
        }
        without.extend(gone);
    }
    let searched = PathExtent { steps: PathSettings::HOPS_MAX, people: read, complete: false };
    Ok(ListedPath { path: None, people: Vec::new(), searched })
}

/// One search, and whether it had all rows that it needed.
async fn search(
    rows: &mut RunRows<'_>,
    [from, to]: [PersonIndex; 2],
    without: BTreeSet<PersonIndex>,
) -> Result<(PathSearch, bool), Problem> {
    let settings = PathSettings { received_max: RECEIVED_MAX, ..PathSettings::default() };
    let mut search = PathSearch::new(from, to, without, &settings);
    while let SearchStep::Missing(missing) = search.advance(&*rows) {
        if !rows.fetch(&missing).await? {
            return Ok((search, false));
        }
    }
    Ok((search, true))
}

impl ListedPath {
    fn share(&self) -> Option<f32> {
        self.path.as_ref().map(FoundPath::share)
    }

    /// The steps as they are shown.
    async fn steps(&self, call: &ApiCall) -> Result<Vec<PathStepView>, Problem> {
        let layers = self.layers(call).await?;
        let hops = self.path.iter().flat_map(|path| &path.hops);
        let steps = self.people.iter().skip(1).zip(hops).zip(layers);
        let step = |((person, hop), layers): ((&ListedPerson, &PathHop), Vec<Layer>)| {
            PathStepView { person: PersonBrief::new(person), share: hop.share.share(), layers }
        };
        Ok(steps.map(step).collect())
    }

    /// In which layers each step is shown.
    async fn layers(&self, call: &ApiCall) -> Result<Vec<Vec<Layer>>, Problem> {
        let profiles = |person: &ListedPerson| -> BTreeSet<ProfileId> {
            person.profiles.iter().map(|profile| profile.id).collect()
        };
        let people: Vec<BTreeSet<ProfileId>> = self.people.iter().map(profiles).collect();
        let all: Vec<ProfileId> = people.iter().flatten().copied().collect();
        let mut given: HashMap<ProfileId, Vec<adjacency::AdjacencyRow>> = HashMap::new();
        for row in adjacency::given(call.pg(), &all).await? {
            given.entry(row.key.profile).or_default().push(row);
        }
        let mut steps = Vec::new();
        for pair in people.windows(2) {
            let mut layers = BTreeSet::new();
            for row in pair[0].iter().filter_map(|id| given.get(id)).flatten() {
                let is_new = row.key.layer.is_served() && !layers.contains(&row.key.layer);
                if is_new && row.list()?.entries().iter().any(|arc| pair[1].contains(&arc.other)) {
                    layers.insert(row.key.layer);
                }
            }
            steps.push(layers.into_iter().collect());
        }
        Ok(steps)
    }
}
