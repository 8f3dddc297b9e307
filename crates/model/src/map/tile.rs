//! The people of one tile, and its binary form (`docs/map.md`).

use std::collections::BTreeSet;

use super::disc::MapDisc;
use super::packed::MapPlace;
use super::tile_id::TileId;
use crate::id::{CommunityId, PersonId, ProfileId};
use crate::varint;

/// The media type of a tile.
pub const TILE_MEDIA_TYPE: &str = "application/vnd.borg.tile";

/// The most people in one tile: as many as an answer looks up.
pub const TILE_PEOPLE_MAX: usize = 1_000;

/// The first byte: counts up when the form changes.
const FORMAT: u8 = 1;
/// Marks a person who is placed in no community.
const NO_COMMUNITY: u16 = u16::MAX;
/// How finely a tile's sides are divided.
const STEPS: f64 = 65_536.0;
/// The bits of a person's number that are written as a varint; the byte before has the others.
const SEQUENCE_BITS: u32 = 45;

/// Some people of a square of the map, those with the most attention first.
///
/// A person is in one tile only: a tile has the first people of its square who are in no coarser tile. So a
/// picture is made of a tile, those that contain it, and as many finer ones as one likes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Which square.
    pub id: TileId,
    /// Which quarters have tiles of their own, a bit each: see [`TileId::quarter`].
    pub quarters: u8,
    /// A radius of 1 in [`TilePerson::radius`], in the world's measure.
    pub radius_step: f32,
    /// The people.
    pub people: Vec<TilePerson>,
}

/// A person in a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePerson {
    /// The middle, from the left side on: parts of 2^16.
    pub x: u16,
    /// The middle, from below.
    pub y: u16,
    /// The radius in [steps](Tile::radius_step), at least 1.
    pub radius: u8,
    /// The finest community that it is placed in.
    pub community: Option<CommunityId>,
    /// Who it is.
    pub person: PersonId,
}

/// Why bytes are no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Another version wrote them.
    #[error("a tile has the unknown format {0}")]
    Format(u8),
    /// They are cut off, too long, or name what does not exist.
    #[error("a tile is broken")]
    Broken,
}

impl TilePerson {
    /// A person in a tile that its middle lies in; what lies outside is moved to the border.
    pub fn new(tile: &Tile, place: &MapPlace, person: PersonId) -> TilePerson {
        let MapPlace { disc, community } = *place;
        let [left, low] = tile.id.corner();
        let part = |at: f32, from: f64| ((f64::from(at) - from) / tile.id.side() * STEPS) as u16;
        let steps = (disc.radius / tile.radius_step).round();
        TilePerson {
            x: part(disc.x, left),
            y: part(disc.y, low),
            radius: (steps as u8).max(1),
            community,
            person,
        }
    }
}

impl Tile {
    /// Where a person of this tile lies in the world.
    pub fn disc(&self, one: &TilePerson) -> MapDisc {
        let [left, low] = self.id.corner();
        let at =
            |part: u16, from: f64| (from + (f64::from(part) + 0.5) / STEPS * self.id.side()) as f32;
        MapDisc {
            x: at(one.x, left),
            y: at(one.y, low),
            radius: f32::from(one.radius) * self.radius_step,
        }
    }

    /// The binary form. People past [`TILE_PEOPLE_MAX`] are left out.
    pub fn encode(&self) -> Vec<u8> {
        let people = &self.people[..self.people.len().min(TILE_PEOPLE_MAX)];
        let communities: BTreeSet<u64> =
            people.iter().filter_map(|one| one.community).map(CommunityId::number).collect();
        let communities: Vec<u64> = communities.into_iter().collect();
        let mut out = Vec::with_capacity(32 + communities.len() * 3 + people.len() * 12);
        out.extend([FORMAT, self.id.z(), self.quarters]);
        out.extend(self.id.x().to_le_bytes());
        out.extend(self.id.y().to_le_bytes());
        out.extend(self.radius_step.to_le_bytes());
        varint::put(&mut out, people.len() as u64);
        varint::put(&mut out, communities.len() as u64);
        let mut before = 0;
        for &community in &communities {
            varint::put(&mut out, community - before);
            before = community;
        }
        let index = |community: CommunityId| communities.binary_search(&community.number()).ok();
        let index =
            |one: &TilePerson| one.community.and_then(index).map_or(NO_COMMUNITY, |at| at as u16);
        people.iter().for_each(|one| out.extend(one.x.to_le_bytes()));
        people.iter().for_each(|one| out.extend(one.y.to_le_bytes()));
        people.iter().for_each(|one| out.push(one.radius));
        people.iter().for_each(|one| out.extend(index(one).to_le_bytes()));
        people
            .iter()
            .for_each(|one| out.push(ProfileId::new(one.person.number()).platform_number()));
        for one in people {
            varint::put(&mut out, one.person.number() & ((1 << SEQUENCE_BITS) - 1));
        }
        out
    }

    /// Reads what [`Tile::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Tile, TileError> {
        match bytes.first() {
            Some(&FORMAT) => decode_body(&bytes[1..]).ok_or(TileError::Broken),
            Some(&format) => Err(TileError::Format(format)),
            None => Err(TileError::Broken),
        }
    }
}

/// Reads a tile without its format; `None` if it is broken.
fn decode_body(mut bytes: &[u8]) -> Option<Tile> {
    let rest = &mut bytes;
    let [z, quarters] = take(rest)?;
    let [x, y] = [u32::from_le_bytes(take(rest)?), u32::from_le_bytes(take(rest)?)];
    let radius_step = f32::from_le_bytes(take(rest)?);
    let id = TileId::new(z, x, y)?;
    let count = usize::try_from(varint::take(rest).ok()?).ok()?;
    let communities = take_communities(rest)?;
    if count > TILE_PEOPLE_MAX || quarters > 0b1111 {
        return None;
    }
    let (xs, ys) = (take_numbers(rest, count)?, take_numbers(rest, count)?);
    let radii = rest.split_off(..count)?;
    let homes = take_numbers(rest, count)?;
    let platforms = rest.split_off(..count)?;
    let mut people = Vec::with_capacity(count);
    for at in 0..count {
        let sequence = varint::take(rest).ok().filter(|sequence| sequence >> SEQUENCE_BITS == 0)?;
        let community = match homes[at] {
            NO_COMMUNITY => None,
            index => Some(CommunityId::new(*communities.get(usize::from(index))?)),
        };
        let person = PersonId::new((u64::from(platforms[at]) << SEQUENCE_BITS) | sequence);
        people.push(TilePerson { x: xs[at], y: ys[at], radius: radii[at], community, person });
    }
    rest.is_empty().then_some(Tile { id, quarters, radius_step, people })
}

/// Takes the ascending numbers of communities.
fn take_communities(bytes: &mut &[u8]) -> Option<Vec<u64>> {
    let count = usize::try_from(varint::take(bytes).ok()?).ok()?;
    if count > TILE_PEOPLE_MAX {
        return None;
    }
    let mut number = 0u64;
    let mut communities = Vec::with_capacity(count);
    for _ in 0..count {
        number = number.checked_add(varint::take(bytes).ok()?)?;
        communities.push(number);
    }
    Some(communities)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn take_numbers(bytes: &mut &[u8], count: usize) -> Option<Vec<u16>> {
    let (pairs, _) = bytes.split_off(..count * 2)?.as_chunks::<2>();
    Some(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

#[cfg(test)]
mod tests;
