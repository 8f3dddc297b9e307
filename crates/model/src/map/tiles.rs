//! People of the whole map → tiles.

use std::collections::BTreeMap;

use super::packed::MapPlace;
use super::tile::{TILE_PEOPLE_MAX, Tile, TilePerson};
use super::tile_id::TileId;
use crate::id::PersonId;

/// A person on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MappedPerson {
    /// Who it is.
    pub person: PersonId,
    /// Where it lies.
    pub place: MapPlace,
}

/// The tiles of people in the order in which they are to be drawn, each in the coarsest tile that has room.
/// There is always the tile of the world. What finds no room in the deepest tile is left out: discs that do
/// not overlap do, up to ten thousand million. Time O(people · zoom).
pub fn tiles(people: &[MappedPerson]) -> Vec<Tile> {
    let largest = people.iter().map(|one| one.place.disc.radius).fold(f32::MIN_POSITIVE, f32::max);
    let radius_step = largest / f32::from(u8::MAX);
    let empty = |id| Tile { id, quarters: 0, radius_step, people: Vec::new() };
    let mut tiles = BTreeMap::from([(TileId::WORLD, empty(TileId::WORLD))]);
    for one in people {
        let mut at = Some(TileId::WORLD);
        while let Some(id) = at {
            let tile = tiles.entry(id).or_insert_with(|| empty(id));
            if tile.people.len() < TILE_PEOPLE_MAX {
                let placed = TilePerson::new(tile, &one.place, one.person);
                tile.people.push(placed);
                break;
            }
            let number = id.quarter_of(&one.place.disc);
            at = id.quarter(number);
            tile.quarters |= u8::from(at.is_some()) << number;
        }
    }
    tiles.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::id::CommunityId;
    use crate::map::MapDisc;

    /// People on a grid, those in the lower left corner dense.
    fn people(side: u32) -> Vec<MappedPerson> {
        let place = |at: u32| {
            let part = f64::from(at) / f64::from(side);
            (part * part * 2.0 - 1.0) as f32
        };
        let person = |at: u32| MappedPerson {
            person: PersonId::new((2 << 45) + u64::from(at)),
            place: MapPlace {
                disc: MapDisc { x: place(at % side), y: place(at / side), radius: 1e-4 },
                community: Some(CommunityId::new(u64::from(at % 7 + 1))),
            },
        };
        (0..side * side).map(person).collect()
    }

    #[test]
    fn everybody_is_in_one_tile_that_holds_it_and_the_first_in_the_coarsest() {
        let people = people(256);
        let tiles = tiles(&people);
        let ids: BTreeSet<TileId> = tiles.iter().map(|tile| tile.id).collect();
        let mut seen = BTreeSet::new();
        for tile in &tiles {
            assert!(!tile.people.is_empty() && tile.people.len() <= TILE_PEOPLE_MAX);
            for number in 0..4 {
                let quarter = tile.id.quarter(number).filter(|quarter| ids.contains(quarter));
                assert_eq!(quarter.is_some(), (tile.quarters >> number) & 1 == 1);
            }
            for one in &tile.people {
                let whole = people[(one.person.number() - (2 << 45)) as usize];
                assert_eq!(one.community, whole.place.community);
                assert!(tile.disc(one).distance(&whole.place.disc) <= tile.id.side() / 60_000.0);
                assert!(seen.insert(one.person));
            }
        }
        assert_eq!(seen.len(), people.len());
        let first: Vec<PersonId> = people[..TILE_PEOPLE_MAX].iter().map(|one| one.person).collect();
        assert_eq!(tiles[0].people.iter().map(|one| one.person).collect::<Vec<_>>(), first);
        let bytes: usize = tiles.iter().map(|tile| tile.encode().len()).sum();
        let each = bytes as f64 / people.len() as f64;
        println!("{each:.2} bytes a person, {} tiles", tiles.len());
        assert!(each <= 12.0);
    }

    #[test]
    fn a_world_without_people_is_one_empty_tile() {
        let tiles = tiles(&[]);
        assert_eq!((tiles.len(), tiles[0].people.len(), tiles[0].quarters), (1, 0, 0));
    }
}
