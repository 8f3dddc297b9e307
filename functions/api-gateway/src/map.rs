//! The map of everybody, in tiles.

mod place_gates;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use model::map::{TILE_MEDIA_TYPE, TILE_ZOOM_MAX, Tile, TileId, TilePerson};
use model::{CommunityId, PersonId, RunId};
use serde::Deserialize;
use store::pg::map;
use tokio::try_join;

use crate::answer::AnswerFacts;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, Query};
use crate::people::load_by_id;
use crate::query::{RunChoice, TimeParam};
use crate::runs;
use crate::state::Gateway;

pub(crate) use place_gates::PlaceGates;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TileParams {
    /// The run whose map it is; the one that is served now, unless given. Take all tiles of a picture from one.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

/// The tile in the path.
pub(crate) struct TilePath(TileId);

impl FromRequestParts<Gateway> for TilePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<TilePath, Problem> {
        let path = Path::<(String, String, String)>::from_request_parts(parts, gateway).await;
        let numbers = path.ok().and_then(|Path((z, x, y))| {
            let zoom = u8::try_from(number(&z)?).ok().filter(|&z| z <= TILE_ZOOM_MAX)?;
            Some((zoom, number(&x).filter(is_column)?, number(&y).filter(is_column)?))
        });
        let Some((z, x, y)) = numbers else {
            let why = format!("z must be 0 to {TILE_ZOOM_MAX}, x and y 0 to {COLUMN_MAX}");
            return Err(Problem::new(ProblemCode::BadId, why));
        };
        TileId::new(z, x, y).map(TilePath).ok_or_else(|| {
            let why = format!("at zoom {z} there are {} columns and as many rows", 1u32 << z);
            Problem::new(ProblemCode::MapUnknown, why)
        })
    }
}

/// The last column and row at the largest zoom.
const COLUMN_MAX: u32 = (1 << TILE_ZOOM_MAX) - 1;

fn is_column(number: &u32) -> bool {
    *number <= COLUMN_MAX
}

/// A number in its one form.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// The people of a square of the map, those with the most attention first, as `docs/map.md` explains the
/// bytes, without those who are not listed. At zoom `z` the world is cut into 2^z columns from the left and rows
/// from below. A person is in one tile only: a tile has those for which coarser tiles had no room, and says which
/// of its quarters have tiles. There is none of a square without people.
#[utoipa::path(
    get,
    path = "/v1/map/tiles/{z}/{x}/{y}",
    operation_id = "get_map_tile",
    tag = "communities",
    params(
        ("z" = u8, Path, minimum = 0, maximum = 12, example = 0),
        ("x" = u32, Path, minimum = 0, maximum = 4095, example = 0),
        ("y" = u32, Path, minimum = 0, maximum = 4095, example = 0),
        TileParams
    ),
    responses(
        (
            status = 200,
            body = Vec<u8>,
            content_type = "application/vnd.borg.tile",
            description = "The tile."
        ),
        Problem
    )
)]
pub(crate) async fn tile(
    TilePath(id): TilePath,
    Query(query): Query<TileParams>,
    call: ApiCall,
) -> Result<Response, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let run = runs::choose(&call, wanted, None).await?.run;
    let stored = map::tile(call.pg(), run, id).await?;
    let stored = stored.ok_or_else(|| no_tile(run, id))?;
    let tile = Tile::decode(&stored).map_err(|error| Problem::corrupt("a tile", &error))?;
    let tile = shown(&call, run, tile).await?;
    if tile.people.is_empty() && tile.quarters == 0 {
        return Err(no_tile(run, id));
    }
    let rows = u64::from(!tile.people.is_empty());
    let facts = AnswerFacts { rows, run: Some(run), ..AnswerFacts::default() };
    let mut response = ([(CONTENT_TYPE, TILE_MEDIA_TYPE)], tile.encode()).into_response();
    response.extensions_mut().insert(facts);
    Ok(response)
}

/// The tile without those who are not listed by now, and without those who may not be seen where they lie.
async fn shown(call: &ApiCall, run: RunId, mut tile: Tile) -> Result<Tile, Problem> {
    let ids: Vec<PersonId> = tile.people.iter().map(|one| one.person).collect();
    let homes: Vec<CommunityId> = tile.people.iter().filter_map(|one| one.community).collect();
    let (people, gates) =
        try_join!(load_by_id(call.pg(), &ids), PlaceGates::read(call.pg(), run, &homes))?;
    let is_shown = |one: &TilePerson| {
        let person = people.get(&one.person);
        person.is_some_and(|person| gates.admit(one.community, &person.profiles))
    };
    tile.people.retain(is_shown);
    Ok(tile)
}

/// The same whether a square never had anybody or those in it are not listed by now.
fn no_tile(run: RunId, id: TileId) -> Problem {
    let why = format!("{run} has no tile {id}: there are no people beyond those of coarser tiles");
    Problem::new(ProblemCode::MapUnknown, why)
}
