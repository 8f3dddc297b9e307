//! Places of numbered people as they are stored.

use super::disc::MapDisc;
use crate::id::CommunityId;

/// The size of one packed place: x, y and radius, each a number of 32 bits (IEEE 754), and the number of the
/// community, all low byte first.
pub const PLACE_BYTES: usize = 20;

/// Where a person lies, and in what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPlace {
    /// Its disc.
    pub disc: MapDisc,
    /// The finest community that it is placed in; `None` outside of all.
    pub community: Option<CommunityId>,
}

/// Packs places, [`PLACE_BYTES`] each. One that is nowhere has the radius 0.
///
/// ```
/// use model::CommunityId;
/// use model::map::{MapDisc, MapPlace, pack_places, unpack_places};
///
/// let disc = MapDisc { x: 0.5, y: -0.25, radius: 0.125 };
/// let places = [Some(MapPlace { disc, community: Some(CommunityId::new(7)) }), None];
/// assert_eq!(unpack_places(&pack_places(&places)), Some(places.to_vec()));
/// ```
pub fn pack_places(places: &[Option<MapPlace>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(places.len() * PLACE_BYTES);
    for place in places {
        let disc = place.map_or(MapDisc { x: 0.0, y: 0.0, radius: 0.0 }, |place| place.disc);
        for number in [disc.x, disc.y, disc.radius] {
            out.extend(number.to_le_bytes());
        }
        let community = place.and_then(|place| place.community);
        out.extend(community.map_or(0, CommunityId::number).to_le_bytes());
    }
    out
}

/// Reads what [`pack_places`] wrote, or a slice of it between places; `None` if it is cut elsewhere.
pub fn unpack_places(bytes: &[u8]) -> Option<Vec<Option<MapPlace>>> {
    let (places, rest) = bytes.as_chunks::<PLACE_BYTES>();
    rest.is_empty().then(|| places.iter().map(unpack_place).collect())
}

fn unpack_place(bytes: &[u8; PLACE_BYTES]) -> Option<MapPlace> {
    let number =
        |at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let disc = MapDisc { x: number(0), y: number(4), radius: number(8) };
    let community = bytes.last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
    let community = (community > 0).then(|| CommunityId::new(community));
    (disc.radius > 0.0).then_some(MapPlace { disc, community })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_and_cut_ones() {
        let disc = MapDisc { x: 1.0, y: -2.0, radius: 0.5 };
        let bytes =
            pack_places(&[Some(MapPlace { disc, community: Some(CommunityId::new(258)) }), None]);
        let place = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f, 2, 1, 0, 0, 0, 0, 0, 0];
        assert_eq!(bytes, [&place[..], &[0; 20]].concat());
        assert_eq!(unpack_places(&bytes[20..]), Some(vec![None]));
        assert_eq!(unpack_places(&bytes[..21]), None);
    }
}
