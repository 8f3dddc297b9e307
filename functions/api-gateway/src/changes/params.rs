//! The parameters of the stream. Those of the filter may be repeated, and take several values with commas between.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::{ChangeFilter, ChangeKind, CommunityId, PersonId, Platform, ProfileId};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::take_pairs;
use crate::query::PageLimit;
use crate::state::Gateway;

/// The longest that an answer is waited for, in seconds.
const WAIT_SECONDS_MAX: u64 = 20;

/// A list of kinds of events.
pub(crate) fn kind_list() -> Array {
    list_of(ChangeKind::ALL.iter().map(|kind| kind.slug()).collect())
}

/// A list of platforms.
pub(crate) fn platform_list() -> Array {
    list_of(Platform::all().map(Platform::slug).collect())
}

fn list_of(names: Vec<&str>) -> Array {
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    ArrayBuilder::new().items(name).build()
}

/// Which page.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The most events: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<PageLimit>,
    /// `next_cursor` of the page before, whatever its filter was; the beginning of what is kept, unless given.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<CursorText>,
    /// How long to wait for an event if there is none yet: 0 to 20 seconds; 0 unless given.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 20)]
    pub(crate) wait: Option<Duration>,
}

/// Which events. Each parameter may be repeated or have several values with commas between, any of which may match;
/// an event must match all parameters that are given, `person` and `profile` being one.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilterParams {
    /// Of these kinds: `arcs`, `gone`, `joined`, `parted`, `rank_changed`, `membership`, `lineage`, `profile`.
    #[param(schema_with = kind_list, required = false, example = json!(["rank_changed", "gone"]))]
    kind: BTreeSet<ChangeKind>,
    /// About these people, or about `profile`: at most 100.
    #[param(value_type = Option<Vec<String>>, example = json!(["per_2000000001"]))]
    person: BTreeSet<PersonId>,
    /// About these profiles, or about `person`: at most 100.
    #[param(value_type = Option<Vec<String>>, example = json!(["prf_2000000001"]))]
    profile: BTreeSet<ProfileId>,
    /// Naming these communities, at most 100. What is `gone` matches whatever they are.
    #[param(value_type = Option<Vec<String>>, example = json!(["com_1"]))]
    community: BTreeSet<CommunityId>,
    /// About profiles of these platforms.
    #[param(schema_with = platform_list, required = false, example = json!(["bluesky"]))]
    platform: BTreeSet<Platform>,
    /// Of changed ranks those that moved by as much, or were got or lost; other kinds match whatever it is.
    #[param(minimum = 0, maximum = 4294967295_u64)]
    min_rank_delta: Option<u32>,
}

impl From<FilterParams> for ChangeFilter {
    fn from(params: FilterParams) -> ChangeFilter {
        ChangeFilter {
            kinds: params.kind,
            people: params.person,
            profiles: params.profile,
            communities: params.community,
            platforms: params.platform,
            min_rank_delta: params.min_rank_delta,
        }
    }
}

/// The parameters of a list.
#[derive(Debug, Default)]
pub(crate) struct ChangeQuery {
    pub(crate) page: PageParams,
    pub(crate) filter: ChangeFilter,
}

impl FromRequestParts<Gateway> for ChangeQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<ChangeQuery, Problem> {
        let (mut page, mut filter) = (PageParams::default(), FilterParams::default());
        for (name, value) in take_pairs(parts)? {
            if !page.take(&name, &value)? && !filter.take(&name, &value)? {
                return Err(unknown(&name));
            }
        }
        let filter = ChangeFilter::from(filter);
        filter.check().map_err(|error| Problem::parameter(error.field, error.to_string()))?;
        Ok(ChangeQuery { page, filter })
    }
}

impl FromRequestParts<Gateway> for PageParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<PageParams, Problem> {
        let mut page = PageParams::default();
        for (name, value) in take_pairs(parts)? {
            if !page.take(&name, &value)? {
                return Err(unknown(&name));
            }
        }
        Ok(page)
    }
}

impl PageParams {
    /// Takes a parameter; whether it is one of these.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, Problem> {
        match name {
            "limit" => once(&mut self.limit, name, <PageLimit>::try_from(value.to_owned()))?,
            "cursor" => once(&mut self.cursor, name, CursorText::try_from(value.to_owned()))?,
            "wait" => once(&mut self.wait, name, wait(value))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl FilterParams {
    /// Takes a parameter; whether it is one of these.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, Problem> {
        match name {
            "kind" => each(&mut self.kind, name, value)?,
            "person" => each(&mut self.person, name, value)?,
            "profile" => each(&mut self.profile, name, value)?,
            "community" => each(&mut self.community, name, value)?,
            "platform" => each(&mut self.platform, name, value)?,
            "min_rank_delta" => once(&mut self.min_rank_delta, name, rank_delta(value))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn unknown(name: &str) -> Problem {
    Problem::parameter(name, "this route takes no such parameter: /docs names those that it takes")
}

fn once<T, E: Display>(
    place: &mut Option<T>,
    name: &str,
    value: Result<T, E>,
) -> Result<(), Problem> {
    let value = value.map_err(|why| Problem::parameter(name, why.to_string()))?;
    if place.replace(value).is_some() {
        return Err(Problem::parameter(name, "it is given twice"));
    }
    Ok(())
}

fn each<T: FromStr<Err: Display> + Ord>(
    places: &mut BTreeSet<T>,
    name: &str,
    values: &str,
) -> Result<(), Problem> {
    for value in values.split(',') {
        let value: Result<T, T::Err> = value.parse();
        places.insert(value.map_err(|why| Problem::parameter(name, why.to_string()))?);
    }
    Ok(())
}

fn wait(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= WAIT_SECONDS_MAX);
    let refused = || format!("must be a whole number of seconds from 0 to {WAIT_SECONDS_MAX}");
    seconds.map(Duration::from_secs).ok_or_else(refused)
}

fn rank_delta(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("must be a whole number from 0 to {}", u32::MAX))
}
