//! The packed forms of people and of their numbers.

use std::num::NonZeroU32;

use model::{PersonId, PersonKind, varint};

use super::PersonScore;

/// How many people one block of scores holds.
pub(in crate::pg) const PEOPLE_BLOCK: usize = 1_024;
/// How many people one block of numbers holds.
pub(in crate::pg) const NUMBERS_BLOCK: usize = 256;
/// The size of one packed person.
pub(super) const PERSON_BYTES: usize = 24;
/// The size of one number.
const NUMBER_BYTES: usize = 4;

const KIND: u8 = 3;
const UNLISTED: u8 = 4;

/// Packs people: id, attention, trust, rank (0 for none), score, kind and flags, one spare byte.
pub(in crate::pg) fn pack_people(people: &[PersonScore]) -> Vec<u8> {
    let mut out = Vec::with_capacity(people.len() * PERSON_BYTES);
    for one in people {
        out.extend(one.person.number().to_le_bytes());
        out.extend(one.attention.to_bits().to_le_bytes());
        out.extend(one.trust.to_bits().to_le_bytes());
        out.extend(one.rank.map_or(0, NonZeroU32::get).to_le_bytes());
        out.extend(one.score.to_le_bytes());
        out.push(one.kind as u8 | if one.unlisted { UNLISTED } else { 0 });
        out.push(0);
    }
    out
}

/// Reads what [`pack_people`] wrote, or a slice of it between people.
pub(super) fn unpack_people(bytes: &[u8]) -> Option<Vec<PersonScore>> {
    let (people, rest) = bytes.as_chunks::<PERSON_BYTES>();
    if !rest.is_empty() {
        return None;
    }
    people.iter().map(unpack_person).collect()
}

fn unpack_person(bytes: &[u8; PERSON_BYTES]) -> Option<PersonScore> {
    let word = |at: usize| -> Option<u32> {
        bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
    };
    let id = u64::from(word(0)?) | (u64::from(word(4)?) << 32);
    Some(PersonScore {
        person: PersonId::new(id),
        attention: f32::from_bits(word(8)?),
        trust: f32::from_bits(word(12)?),
        rank: NonZeroU32::new(word(16)?),
        score: u16::from_le_bytes([bytes[20], bytes[21]]),
        kind: PersonKind::from_number(bytes[22] & KIND)?,
        unlisted: bytes[22] & UNLISTED != 0,
    })
}

/// Packs people with their numbers, sorted by id.
pub(in crate::pg) fn pack_numbers(sorted: &[(PersonId, u32)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sorted.len() * 7);
    varint::put(&mut out, sorted.len() as u64);
    let mut previous = 0;
    for (person, _) in sorted {
        varint::put(&mut out, person.number() - previous);
        previous = person.number();
    }
    sorted.iter().for_each(|(_, number)| out.extend(number.to_le_bytes()));
    out
}

/// Looks for a person's number in what [`pack_numbers`] wrote; `None` if that is broken.
pub(super) fn find_number(mut bytes: &[u8], person: PersonId) -> Option<Option<u32>> {
    let count = usize::try_from(varint::take(&mut bytes).ok()?).ok()?;
    let ids_end = bytes.len().checked_sub(count.checked_mul(NUMBER_BYTES)?)?;
    let (mut ids, numbers) = bytes.split_at(ids_end);
    let (numbers, _) = numbers.as_chunks::<NUMBER_BYTES>();
    let mut id = 0u64;
    for number in numbers {
        id = id.checked_add(varint::take(&mut ids).ok()?)?;
        if id >= person.number() {
            return Some((id == person.number()).then_some(u32::from_le_bytes(*number)));
        }
    }
    ids.is_empty().then_some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u64) -> PersonScore {
        PersonScore {
            person: PersonId::new((2 << 45) | number),
            kind: PersonKind::Organisation,
            unlisted: number % 2 == 1,
            attention: 0.25,
            score: 731,
            trust: 0.5,
            rank: NonZeroU32::new(number as u32),
        }
    }

    #[test]
    fn people_read_back_and_cut_bytes_do_not() {
        let people = [person(0), person(1), person(9)];
        let bytes = pack_people(&people);
        assert_eq!(unpack_people(&bytes), Some(people.to_vec()));
        assert_eq!(unpack_people(&bytes[..50]), None);
    }

    #[test]
    fn numbers_read_back_and_cost_about_six_bytes() {
        let sorted: Vec<_> =
            (0..256).map(|n| (PersonId::new((2 << 45) + n * 3), (n * 7) as u32)).collect();
        let bytes = pack_numbers(&sorted);
        for (person, number) in sorted {
            assert_eq!(find_number(&bytes, person), Some(Some(number)));
            assert_eq!(find_number(&bytes, PersonId::new(person.number() + 1)), Some(None));
        }
        assert!(bytes.len() < 256 * 6, "{}", bytes.len());
        assert_eq!(find_number(&bytes[..100], PersonId::new(1 << 50)), None);
    }
}
