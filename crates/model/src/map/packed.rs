//! Discs of numbered people as they are stored.

use super::disc::MapDisc;

/// The size of one packed disc: x, y and radius, each a number of 32 bits (IEEE 754), low byte first.
pub const DISC_BYTES: usize = 12;

/// Packs discs, [`DISC_BYTES`] each. One that is nowhere has the radius 0.
///
/// ```
/// use model::map::{MapDisc, pack_discs, unpack_discs};
///
/// let discs = [Some(MapDisc { x: 0.5, y: -0.25, radius: 0.125 }), None];
/// assert_eq!(unpack_discs(&pack_discs(&discs)), Some(discs.to_vec()));
/// ```
pub fn pack_discs(discs: &[Option<MapDisc>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(discs.len() * DISC_BYTES);
    for disc in discs {
        let MapDisc { x, y, radius } = disc.unwrap_or(MapDisc { x: 0.0, y: 0.0, radius: 0.0 });
        for number in [x, y, radius] {
            out.extend(number.to_le_bytes());
        }
    }
    out
}

/// Reads what [`pack_discs`] wrote, or a slice of it between discs; `None` if it is cut elsewhere.
pub fn unpack_discs(bytes: &[u8]) -> Option<Vec<Option<MapDisc>>> {
    let (discs, rest) = bytes.as_chunks::<DISC_BYTES>();
    rest.is_empty().then(|| discs.iter().map(unpack_disc).collect())
}

fn unpack_disc(bytes: &[u8; DISC_BYTES]) -> Option<MapDisc> {
    let number =
        |at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let disc = MapDisc { x: number(0), y: number(4), radius: number(8) };
    (disc.radius > 0.0).then_some(disc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_and_cut_ones() {
        let bytes = pack_discs(&[Some(MapDisc { x: 1.0, y: -2.0, radius: 0.5 }), None]);
        let golden = [&[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f][..], &[0; 12]].concat();
        assert_eq!(bytes, golden);
        assert_eq!(unpack_discs(&bytes[12..]), Some(vec![None]));
        assert_eq!(unpack_discs(&bytes[..13]), None);
    }
}
