//! What is held of a proven profile, for its owner (Art. 15 and 20 GDPR).
//!
//! Of the proven profile everything; of others only who is listed, as everywhere. Ranks and communities are computed of
//! a person: they are given if all its other profiles are listed. Else it is said that there is another one that is not,
//! since the owner has to know why ranks are missing, and no more of it. Those in sensitive communities are given as
//! everywhere, if the bio names the topic ([`mod@crate::sensitive`]).

use std::collections::HashMap;

use axum::response::Response;
use model::privacy_request::PrivacyOutcome;
use model::time::Timestamp;
use model::{
    Community, CommunityId, Consent, Layer, PersonId, PrivacyRequest, PrivacyRequestKind,
    ProfileId, RunId,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Pg;
use store::pg::adjacency::{self, AdjacencyRow};
use store::pg::community::WORLD;
use store::pg::history::{self, HistoryQuery};
use store::pg::people::PersonWithProfiles;
use store::pg::profile::Profile;
use store::pg::{community, membership, people, profile, score};
use utoipa::ToSchema;

use super::{OpenedRequest, private};
use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::community_view::{CommunityBrief, MembershipView};
use crate::cursor::{Cursor, CursorSealer, CursorText};
use crate::error::{Problem, ProblemCode};
use crate::extract::Query;
use crate::profiles::{ProfileView, is_listed};
use crate::runs;
use crate::sensitive::MembershipGates;
use crate::state::Gateway;

/// The most arcs of one page.
const ARCS_MAX: usize = 1_000;
/// The most pages, and bytes, of a file: an answer on AWS has at most 6 MB.
const PAGES_MAX: usize = 100;
const BYTES_MAX: usize = 4 << 20;
/// The most memberships that are given, those that the person belongs to most.
const MEMBERSHIPS_MAX: usize = 200;
/// In how many communities the history is given, the world among them.
const HISTORIES_MAX: usize = 20;
/// The most steps of each.
const STEPS_MAX: u32 = 400;

/// What is held of a profile. Further pages have further arcs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldData)]
pub(crate) struct HeldView {
    /// The account that was proven; `null` once it is erased.
    #[schema(example = "bluesky:ada.example.org")]
    account: Option<String>,
    /// Its profile; `null` if nothing is held of it.
    profile: Option<ProfileView>,
    /// What its owner allows, as far as it was read: `listed`, `unlisted`, `words_private`.
    consent: Vec<&'static str>,
    /// Its lists, with what they count.
    lists: Vec<HeldList>,
    /// The arcs of these lists to others who are listed, a page of them.
    arcs: Vec<HeldArc>,
    /// Whether the profile is joined with others that are not listed, of which no more is said. Ranks and communities
    /// are computed of all together, and are not given then: ask the operator by an objection.
    joined_with_unlisted: bool,
    /// The person that it belongs to.
    #[schema(value_type = Option<String>, example = "per_2000000001")]
    person: Option<PersonId>,
    /// The person's places in communities in the run of this answer.
    memberships: Vec<HeldMembership>,
    /// The person's ranks over runs.
    history: Vec<HeldStep>,
    /// The runs that any of this comes from.
    #[schema(value_type = Vec<String>, example = json!(["run_1"]))]
    runs: Vec<RunId>,
}

/// One list of a profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldList {
    /// What kind of attention, such as `follow`.
    #[schema(value_type = String, example = "follow")]
    layer: Layer,
    /// `out`: to whom the profile attends; `in`: who attends to it.
    direction: &'static str,
    /// How many others are on it, those that are not named here among them.
    count: usize,
    /// Whether these are all that there are.
    complete: bool,
    /// Whether the platform hides it now.
    hidden: bool,
    /// Since when it is so.
    #[schema(value_type = String, format = DateTime)]
    observed_at: Timestamp,
}

/// One arc.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldArc {
    /// As its list.
    #[schema(value_type = String, example = "follow")]
    layer: Layer,
    /// As its list.
    direction: &'static str,
    /// Who is at the other end.
    #[schema(value_type = String, example = "prf_2000000002")]
    profile: ProfileId,
    /// The handle, as last seen.
    handle: Option<String>,
    /// How often, in layers of interaction; else 0.
    count: u32,
    /// The weight that the source gave; 1 unless it said otherwise.
    weight: f32,
}

/// A place in a community.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldMembership {
    /// The community; `com_0` is the whole world.
    community: CommunityBrief,
    #[serde(flatten)]
    membership: MembershipView,
}

/// A rank from one run on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldStep {
    /// In which community.
    #[schema(value_type = String, example = "com_0")]
    community: CommunityId,
    /// The run that found it.
    #[schema(value_type = String, example = "run_1")]
    run: RunId,
    /// When that run was published.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The rank; `null` under the noise level.
    rank: Option<u32>,
    /// Share of the community's attention.
    attention: f32,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DataParams {
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// What is held of the proven profile, for seven days after the proof. The first page has all but the arcs, of which
/// each page has up to 1,000.
#[utoipa::path(
    get,
    path = "/v1/privacy-requests/{id}/data",
    operation_id = "get_privacy_data",
    tag = "privacy",
    security(("privacy_secret" = [])),
    params(("id" = String, Path, example = "prq_7"), DataParams),
    responses((status = 200, body = Envelope<HeldView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    Query(query): Query<DataParams>,
    OpenedRequest { gateway, request }: OpenedRequest,
) -> Result<Response, Problem> {
    Ok(private(page(&gateway, &request, query.cursor.as_deref()).await?))
}

/// One page of what is held.
pub(crate) async fn page(
    gateway: &Gateway,
    request: &PrivacyRequest,
    cursor: Option<&str>,
) -> Result<ApiAnswer<HeldView>, Problem> {
    let id = require_data(request, gateway.now())?;
    let filter = CursorSealer::filter(&["privacy data", &request.id.to_string()]);
    let opened = cursor.map(|text| {
        let foreign = "this cursor belongs to another request: begin again without it";
        let foreign = || Problem::new(ProblemCode::BadCursor, foreign);
        gateway.sealer().open(text, filter).ok_or_else(foreign)
    });
    let begin = opened.transpose()?.map_or([0, 0], |cursor| cursor.position);
    let pg = gateway.pg().session();
    let mut held = HeldView::empty(request);
    let found = match id {
        Some(id) => profile::get(&pg, &[id]).await?.into_iter().next(),
        None => None,
    };
    let Some(found) = found.filter(|profile| profile.gone.is_none()) else {
        return Ok(ApiAnswer::one(held));
    };
    let lists = adjacency::of(&pg, found.id).await?;
    let next = held.add_arcs(&pg, &lists, begin).await?;
    let run = gateway.served_run().get(&pg, gateway.now()).await?;
    let served = run.as_ref().map(runs::served);
    if begin == [0, 0] {
        held.add_person(&pg, &found, served).await?;
        held.add_profile(found, &lists)?;
    }
    let next =
        next.map(|position| gateway.sealer().seal(Cursor { run: RunId::new(0), position }, filter));
    Ok(ApiAnswer::one(held).of(served).then(next))
}

/// All pages of what is held, a line of JSON each, as far as one answer may be large. If there are more, the last line
/// says with which cursor the API goes on.
pub(crate) async fn whole(gateway: &Gateway, request: &PrivacyRequest) -> Result<String, Problem> {
    let (mut lines, mut cursor) = (String::new(), None);
    for _ in 0..PAGES_MAX {
        let (held, next) = page(gateway, request, cursor.as_deref()).await?.into_parts();
        add_line(&mut lines, &held)?;
        cursor = next;
        if cursor.is_none() || lines.len() > BYTES_MAX {
            break;
        }
    }
    if let Some(next_cursor) = cursor {
        add_line(&mut lines, &json!({ "next_cursor": next_cursor }))?;
    }
    Ok(lines)
}

fn add_line(lines: &mut String, value: &impl Serialize) -> Result<(), Problem> {
    let line = serde_json::to_string(value);
    lines.push_str(&line.map_err(|error| Problem::corrupt("what is held", &error))?);
    lines.push('\n');
    Ok(())
}

/// The profile whose data is given, if it is stored.
fn require_data(request: &PrivacyRequest, now: Timestamp) -> Result<Option<ProfileId>, Problem> {
    let is_done = request.ended.is_some_and(|(outcome, _)| outcome == PrivacyOutcome::Done);
    let until = request.data_until.filter(|_| is_done);
    match until {
        Some(until) if now < until => Ok(request.profile),
        Some(_) => {
            let why = "what is held could be read for seven days: make another request";
            Err(Problem::new(ProblemCode::DataExpired, why))
        }
        None if request.kind == PrivacyRequestKind::Access => {
            let why = "the request is not proven: put its code up, and ask for a check";
            Err(Problem::new(ProblemCode::NoDataGiven, why))
        }
        None => {
            let why = "only a request of the kind `access` gives what is held";
            Err(Problem::new(ProblemCode::NoDataGiven, why))
        }
    }
}

impl HeldView {
    fn empty(request: &PrivacyRequest) -> HeldView {
        let account = request.handle.as_ref();
        HeldView {
            account: account.map(|handle| format!("{}:{handle}", request.platform)),
            profile: None,
            consent: Vec::new(),
            lists: Vec::new(),
            arcs: Vec::new(),
            joined_with_unlisted: false,
            person: None,
            memberships: Vec::new(),
            history: Vec::new(),
            runs: Vec::new(),
        }
    }

    fn add_profile(&mut self, found: Profile, lists: &[AdjacencyRow]) -> Result<(), Problem> {
        self.consent = consent_of(found.consent);
        for row in lists {
            let count = row.list()?.entries().len();
            self.lists.push(HeldList {
                layer: row.key.layer,
                direction: row.key.direction.slug(),
                count,
                complete: row.complete,
                hidden: row.hidden,
                observed_at: row.observed_at,
            });
        }
        self.profile = Some(ProfileView::new(found));
        Ok(())
    }

    /// Adds a page of arcs that begins in a list, at an arc; returns where the next one begins.
    async fn add_arcs(
        &mut self,
        pg: &Pg,
        lists: &[AdjacencyRow],
        [list, from]: [u64; 2],
    ) -> Result<Option<[u64; 2]>, Problem> {
        let (mut left, mut from) = (ARCS_MAX, from as usize);
        for (place, row) in lists.iter().enumerate().skip(list as usize) {
            if left == 0 {
                return Ok(Some([place as u64, 0]));
            }
            let arcs = row.list()?;
            let all = arcs.entries();
            let part = &all[from.min(all.len())..(from + left).min(all.len())];
            let ids: Vec<ProfileId> = part.iter().map(|arc| arc.other).collect();
            let others = profile::get(pg, &ids).await?.into_iter().filter(is_listed);
            let mut handles: HashMap<ProfileId, Option<String>> =
                others.map(|other| (other.id, other.handle)).collect();
            self.arcs.extend(part.iter().filter_map(|arc| {
                Some(HeldArc {
                    handle: handles.remove(&arc.other)?,
                    layer: row.key.layer,
                    direction: row.key.direction.slug(),
                    profile: arc.other,
                    count: arc.count,
                    weight: arc.weight,
                })
            }));
            if from + part.len() < all.len() {
                return Ok(Some([place as u64, (from + part.len()) as u64]));
            }
            left -= part.len();
            from = 0;
        }
        Ok(None)
    }

    /// Adds what is computed of the profile's person.
    async fn add_person(
        &mut self,
        pg: &Pg,
        found: &Profile,
        served: Option<AnswerRun>,
    ) -> Result<(), Problem> {
        let person = people::load(pg, &[found.person]).await?.into_iter().next();
        let Some(PersonWithProfiles { id, profiles, .. }) = person else { return Ok(()) };
        self.joined_with_unlisted =
            profiles.iter().any(|other| other.id != found.id && !is_listed(other));
        if self.joined_with_unlisted {
            return Ok(());
        }
        self.person = Some(id);
        let listed: Vec<Profile> = profiles.into_iter().filter(is_listed).collect();
        if let Some(AnswerRun { run, .. }) = served {
            self.add_memberships(pg, run, id, &listed).await?;
            self.runs.push(run);
        }
        self.add_history(pg, id, &listed).await
    }

    async fn add_memberships(
        &mut self,
        pg: &Pg,
        run: RunId,
        person: PersonId,
        listed: &[Profile],
    ) -> Result<(), Problem> {
        let number = score::numbers(pg, run, &[person]).await?.into_iter().next().flatten();
        let Some(number) = number else { return Ok(()) };
        let mut all = membership::of_person(pg, run, number).await?;
        all.sort_by(|(a, one), (b, two)| {
            let by_belonging = two.membership.belonging.total_cmp(&one.membership.belonging);
            (*b == WORLD).cmp(&(*a == WORLD)).then(by_belonging).then(a.cmp(b))
        });
        all.truncate(MEMBERSHIPS_MAX);
        let ids: Vec<CommunityId> = all.iter().map(|(id, _)| *id).collect();
        let communities = community::get(pg, run, &ids).await?;
        let gates = MembershipGates::of(&communities);
        let known: HashMap<CommunityId, &Community> =
            communities.iter().map(|one| (one.id, one)).collect();
        for (id, ranked) in all.into_iter().filter(|(id, _)| gates.admit(*id, listed)) {
            let one = known.get(&id).copied();
            let unknown = one.is_some_and(Community::is_too_little_known);
            self.memberships.push(HeldMembership {
                community: CommunityBrief::new(id, one),
                membership: MembershipView::new(ranked, unknown),
            });
        }
        Ok(())
    }

    /// Adds the ranks over runs, in the communities that are given.
    async fn add_history(
        &mut self,
        pg: &Pg,
        person: PersonId,
        listed: &[Profile],
    ) -> Result<(), Problem> {
        let given = self.memberships.iter().map(|one| one.community.id());
        let mut ids: Vec<CommunityId> = std::iter::once(WORLD).chain(given).collect();
        ids.dedup();
        ids.truncate(HISTORIES_MAX);
        let gates = MembershipGates::of_kept_runs(pg, &ids).await?;
        for community in ids.into_iter().filter(|&id| gates.admit(id, listed)) {
            let (before, until, limit) = (None, Timestamp::MAX, STEPS_MAX);
            let wanted = HistoryQuery { person, community, before, until, limit };
            let steps = history::of_person(pg, &wanted).await?.steps.into_iter();
            self.history.extend(steps.map(|dated| HeldStep {
                community,
                run: dated.run,
                at: dated.at,
                rank: dated.step.rank.map(Into::into),
                attention: dated.step.attention,
            }));
        }
        self.runs.extend(self.history.iter().map(|step| step.run));
        self.runs.sort_unstable();
        self.runs.dedup();
        Ok(())
    }
}

fn consent_of(consent: Consent) -> Vec<&'static str> {
    let listing = if consent.is_listed() { "listed" } else { "unlisted" };
    let words = consent.has(Consent::WORDS_PRIVATE).then_some("words_private");
    std::iter::once(listing).chain(words).collect()
}
