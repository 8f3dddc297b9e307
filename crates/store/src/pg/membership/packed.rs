//! The packed forms around memberships: counts of ranks, the insider order, a person's places.

use std::num::NonZeroU32;

use model::{CommunityId, Membership, PersonKind, varint};

use super::RankedMembership;

/// Counts are kept before each this many memberships.
pub(super) const MARKS_EVERY: usize = 64;
/// The size of the counts before a membership.
pub(super) const MARK_BYTES: usize = size_of::<Counts>();
/// The size of a place in the insider order.
pub(super) const PLACE_BYTES: usize = size_of::<u32>();
/// How many persons share one block of places.
pub(in crate::pg) const PERSONS_BLOCK: usize = 64;

/// How many hold a rank, by kind.
type Counts = [u32; 4];

/// The counts before each [`MARKS_EVERY`] memberships, [`MARK_BYTES`] each.
pub(in crate::pg) fn marks(memberships: &[Membership]) -> Vec<u8> {
    let mut counts = Counts::default();
    let mut out = Vec::new();
    for chunk in memberships.chunks(MARKS_EVERY) {
        counts.iter().for_each(|count| out.extend(count.to_le_bytes()));
        for membership in chunk.iter().filter(|membership| membership.ranked) {
            counts[membership.kind as usize] += 1;
        }
    }
    out
}

/// The ranks of memberships that follow on the counts in `marks`.
pub(super) fn rank(memberships: &[Membership], marks: &[u8]) -> Vec<RankedMembership> {
    let mut counts = Counts::default();
    let (stored, _) = marks.as_chunks::<4>();
    counts.iter_mut().zip(stored).for_each(|(count, bytes)| *count = u32::from_le_bytes(*bytes));
    let ranked = memberships.iter().map(|&membership| {
        let kind = membership.kind as usize;
        counts[kind] += u32::from(membership.ranked);
        let place = |count: u32| NonZeroU32::new(if membership.ranked { count } else { 0 });
        let humans = counts[PersonKind::Unknown as usize] + counts[PersonKind::Person as usize];
        let of_kind = match membership.kind {
            PersonKind::Unknown | PersonKind::Person => humans,
            PersonKind::Organisation | PersonKind::Bot => counts[kind],
        };
        RankedMembership {
            membership,
            rank: place(counts.iter().sum()),
            rank_of_kind: place(of_kind),
        }
    });
    ranked.collect()
}

/// The places by falling insider score, those of one score by attention; [`PLACE_BYTES`]
/// each.
pub(in crate::pg) fn insider_order(memberships: &[Membership]) -> Vec<u8> {
    let mut places: Vec<u32> = (0..memberships.len() as u32).collect();
    let insider = |place: &u32| memberships[*place as usize].insider;
    places.sort_by(|a, b| insider(b).total_cmp(&insider(a)).then(a.cmp(b)));
    places.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Reads a slice of what [`insider_order`] wrote.
pub(super) fn unpack_places(bytes: &[u8]) -> Vec<u32> {
    let (places, _) = bytes.as_chunks::<PLACE_BYTES>();
    places.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

/// The place of a person in a community's order of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pg) struct PersonPlace {
    pub(in crate::pg) person: u32,
    pub(in crate::pg) community: CommunityId,
    pub(in crate::pg) place: u32,
}

/// Packs the places of the persons of one block, from number `first` on: for each, their count, then
/// differences of the community's id and the place.
pub(in crate::pg) fn pack_persons(first: u32, sorted: &[PersonPlace]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sorted.len() * 4 + PERSONS_BLOCK);
    let mut rest = sorted;
    for person in first..first + PERSONS_BLOCK as u32 {
        let (mine, others) = rest.split_at(rest.partition_point(|place| place.person <= person));
        varint::put(&mut out, mine.len() as u64);
        let mut previous = 0;
        for place in mine {
            varint::put(&mut out, place.community.number() - previous);
            varint::put(&mut out, u64::from(place.place));
            previous = place.community.number();
        }
        rest = others;
    }
    out
}

/// The places of one person of a block, by community.
pub(super) fn unpack_person(mut bytes: &[u8], person: usize) -> Option<Vec<(CommunityId, u32)>> {
    for _ in 0..person {
        take_person(&mut bytes)?;
    }
    take_person(&mut bytes)
}

fn take_person(bytes: &mut &[u8]) -> Option<Vec<(CommunityId, u32)>> {
    let count = varint::take(bytes).ok()?;
    let mut community = 0u64;
    let mut places = Vec::new();
    for _ in 0..count {
        community = community.checked_add(varint::take(bytes).ok()?)?;
        let place = u32::try_from(varint::take(bytes).ok()?).ok()?;
        places.push((CommunityId::new(community), place));
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use model::index::RunPerson;

    use super::*;
    use proptest::prelude::*;

    fn membership(place: u32, kind: u8, ranked: bool, insider: f32) -> Membership {
        Membership {
            person: RunPerson::new(place),
            kind: PersonKind::from_number(kind).unwrap(),
            member: true,
            ranked,
            low_confidence: false,
            support: 0.0,
            attention: 0.0,
            score: 0,
            insider,
            belonging: 0.0,
        }
    }

    proptest! {
        #[test]
        fn ranks_from_any_mark_on_are_those_from_the_start(
            held in proptest::collection::vec((0u8..4, any::<bool>()), 0..300),
        ) {
            let all: Vec<Membership> =
                held.iter().map(|&(kind, ranked)| membership(0, kind, ranked, 0.0)).collect();
            let (whole, marks) = (rank(&all, &[]), marks(&all));
            for (block, chunk) in all.chunks(64).enumerate() {
                let ranked = rank(chunk, &marks[block * 16..block * 16 + 16]);
                prop_assert_eq!(&ranked[..], &whole[block * 64..block * 64 + chunk.len()]);
            }
        }

        #[test]
        fn places_read_back(mut places in proptest::collection::vec((0u32..64, 0u64..900, any::<u32>()), 0..200)) {
            places.sort_unstable();
            places.dedup_by_key(|&mut (person, community, _)| (person, community));
            let place = |(person, community, place)| PersonPlace {
                person: 128 + person,
                community: CommunityId::new(community),
                place,
            };
            let places: Vec<PersonPlace> = places.into_iter().map(place).collect();
            let bytes = pack_persons(128, &places);
            for person in 0..64u32 {
                let mine = places.iter().filter(|one| one.person == 128 + person);
                let mine: Vec<_> = mine.map(|one| (one.community, one.place)).collect();
                prop_assert_eq!(unpack_person(&bytes, person as usize), Some(mine));
            }
        }
    }

    #[test]
    fn insiders_come_first_and_ties_keep_their_order() {
        let all = [0.2, 0.9, 0.2].map(|insider| membership(0, 1, true, insider));
        assert_eq!(unpack_places(&insider_order(&all)), [1, 0, 2]);
    }

    #[test]
    fn the_unranked_take_no_rank_and_humans_count_apart_from_organisations() {
        let all = [(1, true), (2, false), (0, true), (2, true)];
        let all = all.map(|(kind, ranked)| membership(0, kind, ranked, 0.0));
        let ranks: Vec<_> = rank(&all, &[])
            .iter()
            .map(|r| (r.rank.map(NonZeroU32::get), r.rank_of_kind.map(NonZeroU32::get)))
            .collect();
        assert_eq!(
            ranks,
            [(Some(1), Some(1)), (None, None), (Some(2), Some(2)), (Some(3), Some(1))]
        );
    }
}
