//! Tiles go through their bytes and back, and broken bytes are refused.

use proptest::prelude::*;

use super::*;

fn tile() -> impl Strategy<Value = Tile> {
    let id = (0u8..=12, any::<u32>(), any::<u32>());
    let id = id.prop_map(|(z, x, y)| TileId::new(z, x % (1 << z), y % (1 << z)).unwrap());
    let community = proptest::option::of((0u64..90).prop_map(|number| number << 20));
    let person = (any::<u16>(), any::<u16>(), 1u8.., community, 0u64..1 << 53);
    let person = person.prop_map(|(x, y, radius, community, person)| TilePerson {
        x,
        y,
        radius,
        community: community.map(CommunityId::new),
        person: PersonId::new(person),
    });
    (id, 0u8..16, 1e-9f32..1.0, proptest::collection::vec(person, 0..200))
        .prop_map(|(id, quarters, radius_step, people)| Tile { id, quarters, radius_step, people })
}

proptest! {
    #[test]
    fn tiles_read_back(tile in tile()) {
        prop_assert_eq!(Tile::decode(&tile.encode()), Ok(tile));
    }

    #[test]
    fn cut_or_longer_tiles_are_broken(tile in tile(), part in 0.0f64..1.0) {
        let mut bytes = tile.encode();
        let cut = 1 + ((bytes.len() - 1) as f64 * part) as usize;
        prop_assert_eq!(Tile::decode(&bytes[..cut]), Err(TileError::Broken));
        bytes.push(0);
        prop_assert_eq!(Tile::decode(&bytes), Err(TileError::Broken));
    }

    #[test]
    fn any_bytes_are_a_tile_or_an_error(mut bytes: Vec<u8>, format in 0u8..3) {
        bytes.insert(0, format);
        let _ = Tile::decode(&bytes);
    }

    #[test]
    fn people_lie_where_they_were_put(x in -1f32..1.0, y in -1f32..1.0, radius in 1e-4f32..2e-2) {
        let disc = MapDisc { x, y, radius };
        let mut id = TileId::WORLD;
        while let Some(quarter) = id.quarter(id.quarter_of(&disc)) {
            id = quarter;
            let tile = Tile { id, quarters: 0, radius_step: 1e-4, people: Vec::new() };
            let place = MapPlace { disc, community: None };
            let found = tile.disc(&TilePerson::new(&tile, &place, PersonId::new(1)));
            prop_assert!(found.distance(&disc) <= id.side() / STEPS + 1e-6);
            prop_assert!((found.radius - radius).abs() <= 0.51e-4);
        }
    }
}

#[test]
fn golden_bytes() {
    let person = |x, y, radius, community: Option<u64>, person| TilePerson {
        x,
        y,
        radius,
        community: community.map(CommunityId::new),
        person: PersonId::new(person),
    };
    let people = vec![
        person(1, 0x0203, 9, Some(300), (2 << 45) + 300),
        person(0xffff, 0, 1, None, (1 << 45) + 5),
        person(7, 8, 255, Some(2), (2 << 45) + 1),
    ];
    let id = TileId::new(2, 1, 3).unwrap();
    let bytes = Tile { id, quarters: 0b1010, radius_step: 0.5, people }.encode();
    let golden = [
        &[1, 2, 0b1010][..],
        &[1, 0, 0, 0, 3, 0, 0, 0],
        &[0, 0, 0, 0x3f],
        &[3, 2, 2, 0xaa, 2],
        &[1, 0, 0xff, 0xff, 7, 0],
        &[3, 2, 0, 0, 8, 0],
        &[9, 1, 255],
        &[1, 0, 0xff, 0xff, 0, 0],
        &[2, 1, 2],
        &[0xac, 2, 5, 1],
    ];
    assert_eq!(bytes, golden.concat());
}

#[test]
fn unknown_formats_and_squares_that_do_not_exist_are_refused() {
    let tile = Tile { id: TileId::WORLD, quarters: 0, radius_step: 1.0, people: Vec::new() };
    let mut bytes = tile.encode();
    assert_eq!(Tile::decode(&[]), Err(TileError::Broken));
    bytes[0] = 2;
    assert_eq!(Tile::decode(&bytes), Err(TileError::Format(2)));
    bytes[0] = 1;
    bytes[3] = 1;
    assert_eq!(Tile::decode(&bytes), Err(TileError::Broken), "column 1 of 1");
}
