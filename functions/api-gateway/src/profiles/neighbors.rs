//! The other ends of a profile's arcs, out and in, as its own lists have them.

use model::{Adjacency, AdjacencyEntry, Direction, Layer, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use store::pg::{adjacency, profile};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::{is_listed, require_profile};
use crate::answer::{ApiAnswer, Envelope};
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{DirectionParam, LIMIT_MAX, LayerParam, PageLimit};

/// The most arcs that are read for one page.
const SCANNED_MAX: usize = 10 * LIMIT_MAX as usize;
/// The fewest arcs whose ends are read together.
const PART_MIN: usize = 64;

/// The profile at the other end of an arc.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Neighbor)]
pub(crate) struct NeighborView {
    /// The profile.
    #[schema(value_type = String, example = "prf_2000000002")]
    profile: ProfileId,
    /// The handle, as last seen.
    handle: Option<String>,
    /// The name that its owner chose to show.
    display_name: Option<String>,
    /// How often, in layers of interaction; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    /// The weight that the source gave; 1 unless it said otherwise.
    weight: f32,
}

/// One of the layers that are served.
fn layer_name() -> Object {
    let served = Layer::ALL.into_iter().filter(|layer| layer.is_served()).map(Layer::slug);
    let served: Vec<&str> = served.collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(served)).build()
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NeighborParams {
    /// The layer of attention, such as `mention` or `like`; `follow` unless given. A layer that is not
    /// served is refused with the names of those that are.
    #[param(schema_with = layer_name, required = false, example = "follow")]
    layer: Option<LayerParam>,
    /// `out` (unless given): to whom the profile attends; `in`: who attends to it.
    #[param(value_type = Option<String>, example = "out", pattern = "^(out|in)$")]
    direction: Option<DirectionParam>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The other ends of one profile's arcs, by id. Those that are gone or unlisted are left out. The
/// walk ends where there is no `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/profiles/{id}/neighbors",
    operation_id = "list_neighbors",
    tag = "profiles",
    params(("id" = String, Path, example = "prf_2000000001"), NeighborParams),
    responses((status = 200, body = Envelope<Vec<NeighborView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(id): PathId<ProfileId>,
    Query(query): Query<NeighborParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<NeighborView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows() as usize;
    let after = call.open_cursor(query.cursor.as_deref())?.map(|cursor| cursor.position[0]);
    require_profile(call.pg(), id).await?;
    let layer = query.layer.map_or(Layer::Follow, |shown| shown.0);
    let direction = query.direction.map_or(Direction::Out, Direction::from);
    let list = load_adjacency(&call, id, layer, direction).await?;
    let from = list.entries().partition_point(|one| Some(one.other.number()) <= after);
    let (shown, last) = page(&call, &list.entries()[from..], layer, rows).await?;
    let next = last.map(|last| call.cursor(RunId::new(0), [last.number(), 0]));
    Ok(ApiAnswer::page(shown).then(next))
}

/// Up to `rows` of these arcs' listed ends. There is no next page if no further end is listed: a page
/// must not show how many are hidden.
async fn page(
    call: &ApiCall,
    arcs: &[AdjacencyEntry],
    layer: Layer,
    rows: usize,
) -> Result<(Vec<NeighborView>, Option<ProfileId>), Problem> {
    let mut shown = Vec::new();
    let looked_at = &arcs[..arcs.len().min(SCANNED_MAX)];
    for part in looked_at.chunks((rows + rows / 4).clamp(PART_MIN, LIMIT_MAX as usize)) {
        shown.extend(named(call, part, layer).await?);
        if shown.len() > rows {
            shown.truncate(rows);
            let last = shown.last().map(|neighbor: &NeighborView| neighbor.profile);
            return Ok((shown, last));
        }
    }
    let last = looked_at.last().filter(|_| looked_at.len() < arcs.len());
    Ok((shown, last.map(|arc| arc.other)))
}

async fn load_adjacency(
    call: &ApiCall,
    id: ProfileId,
    layer: Layer,
    direction: Direction,
) -> Result<Adjacency, Problem> {
    let lists = adjacency::of(call.pg(), id).await?;
    let row = lists.iter().find(|row| row.key.layer == layer && row.key.direction == direction);
    Ok(row.map(adjacency::AdjacencyRow::list).transpose()?.unwrap_or_default())
}

async fn named(
    call: &ApiCall,
    arcs: &[AdjacencyEntry],
    layer: Layer,
) -> Result<Vec<NeighborView>, Problem> {
    let ids: Vec<ProfileId> = arcs.iter().map(|arc| arc.other).collect();
    let profiles = profile::get(call.pg(), &ids).await?;
    let named = profiles.into_iter().filter(is_listed).filter_map(|profile| {
        let at = arcs.binary_search_by_key(&profile.id, |arc| arc.other).ok()?;
        let arc = arcs[at];
        Some(NeighborView {
            profile: profile.id,
            handle: profile.handle,
            display_name: profile.texts.display_name,
            count: layer.is_interaction().then_some(arc.count),
            weight: arc.weight,
        })
    });
    Ok(named.collect())
}
