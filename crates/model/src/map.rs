//! The map: where people and communities lie, and the forms in which that is stored and sent.
//!
//! The world is the square from −1 to 1 in both directions; everything lies in the disc of radius 1 in it.

mod disc;
mod packed;
mod tile;
mod tile_id;
mod tiles;

pub use disc::MapDisc;
pub use packed::{MapPlace, PLACE_BYTES, pack_places, unpack_places};
pub use tile::{TILE_MEDIA_TYPE, TILE_PEOPLE_MAX, Tile, TileError, TilePerson};
pub use tile_id::{TILE_ZOOM_MAX, TileId};
pub use tiles::{MappedPerson, tiles};
