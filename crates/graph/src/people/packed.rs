//! The people of a community as columns, for storage: numbers of one kind are adjacent, and ranks,
//! which follow from the rest, are left out.

use std::num::NonZeroU32;

use model::index::{CommunityIndex, PersonIndex};
use serde::{Deserialize, Serialize, Serializer};

use super::scores::{CommunityPeople, ScoredPerson};

const MEMBER: u8 = 1;
const RANKED: u8 = 2;
const RANKED_PERSON: u8 = 4;
const RANKED_ORGANISATION: u8 = 8;

/// The serialized form of [`CommunityPeople`]. People are by falling share, so a rank is the number of
/// ranked people up to there. Converting many of them is worth all cores.
#[derive(Serialize, Deserialize)]
pub struct PackedPeople {
    community: u32,
    trust: f32,
    low_trust: bool,
    noise: f32,
    flow: f64,
    persons: Vec<u32>,
    flags: Vec<u8>,
    shares: Vec<f32>,
    insiders: Vec<f32>,
    supports: Vec<f32>,
    /// Of members alone.
    masses: Vec<f32>,
}

impl Serialize for CommunityPeople {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedPeople::of(self).serialize(serializer)
    }
}

impl PackedPeople {
    /// Rows that every column has, apart from the masses: all of them, unless the bytes are damaged.
    fn shortest(&self) -> usize {
        let columns = [&self.shares, &self.insiders, &self.supports].map(Vec::len);
        columns.into_iter().fold(self.persons.len().min(self.flags.len()), usize::min)
    }

    fn of(table: &CommunityPeople) -> PackedPeople {
        let people = &table.people;
        PackedPeople {
            community: table.community.number(),
            trust: table.trust,
            low_trust: table.low_trust,
            noise: table.noise,
            flow: table.flow,
            persons: people.iter().map(|one| one.person.number()).collect(),
            flags: people.iter().map(flags).collect(),
            shares: people.iter().map(|one| one.share).collect(),
            insiders: people.iter().map(|one| one.insider).collect(),
            supports: people.iter().map(|one| one.support).collect(),
            masses: people.iter().filter(|one| one.member).map(|one| one.mass).collect(),
        }
    }
}

impl From<PackedPeople> for CommunityPeople {
    fn from(columns: PackedPeople) -> CommunityPeople {
        let rows = columns.shortest();
        let mut masses = columns.masses.into_iter();
        let mut ranked = [0; 3];
        let person = |row: usize| {
            let flags = columns.flags[row];
            let has = |flag: u8| flags & flag > 0;
            let mut rank = |ranking: usize, flag: u8| {
                ranked[ranking] += u32::from(has(flag));
                NonZeroU32::new(ranked[ranking]).filter(|_| has(flag))
            };
            ScoredPerson {
                person: PersonIndex::new(columns.persons[row]),
                member: has(MEMBER),
                share: columns.shares[row],
                mass: if has(MEMBER) { masses.next().unwrap_or(0.0) } else { 0.0 },
                insider: columns.insiders[row],
                support: columns.supports[row],
                rank: rank(0, RANKED),
                rank_person: rank(1, RANKED_PERSON),
                rank_organisation: rank(2, RANKED_ORGANISATION),
            }
        };
        let people = (0..rows).map(person).collect();
        CommunityPeople {
            community: CommunityIndex::new(columns.community),
            trust: columns.trust,
            low_trust: columns.low_trust,
            noise: columns.noise,
            flow: columns.flow,
            people,
        }
    }
}

fn flags(one: &ScoredPerson) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(one.member, MEMBER)
        | flag(one.rank.is_some(), RANKED)
        | flag(one.rank_person.is_some(), RANKED_PERSON)
        | flag(one.rank_organisation.is_some(), RANKED_ORGANISATION)
}
