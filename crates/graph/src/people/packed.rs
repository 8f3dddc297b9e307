//! The people of a community as columns, for whoever keeps them: numbers of a kind lie side by side,
//! and ranks, which follow from the rest, are left out.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize, Serializer};

use super::{CommunityPeople, PersonScore};

const MEMBER: u8 = 1;
const RANKED: u8 = 2;
const RANKED_PERSON: u8 = 4;
const RANKED_ORGANISATION: u8 = 8;

/// What a [`CommunityPeople`] is serialized as, and made of: people come by falling share, so a rank is
/// how many of the ranked have come. Making many of them is work for all cores.
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
    standings: Vec<f32>,
}

impl Serialize for CommunityPeople {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedPeople::of(self).serialize(serializer)
    }
}

impl PackedPeople {
    fn of(table: &CommunityPeople) -> PackedPeople {
        let people = &table.people;
        PackedPeople {
            community: table.community,
            trust: table.trust,
            low_trust: table.low_trust,
            noise: table.noise,
            flow: table.flow,
            persons: people.iter().map(|one| one.person).collect(),
            flags: people.iter().map(flags).collect(),
            shares: people.iter().map(|one| one.share).collect(),
            insiders: people.iter().map(|one| one.insider).collect(),
            supports: people.iter().map(|one| one.support).collect(),
            standings: people.iter().filter(|one| one.member).map(|one| one.standing).collect(),
        }
    }
}

impl From<PackedPeople> for CommunityPeople {
    fn from(columns: PackedPeople) -> CommunityPeople {
        let mut standings = columns.standings.into_iter();
        let mut taken = [0; 3];
        let rows = columns.persons.into_iter().zip(columns.flags).zip(columns.shares);
        let rows = rows.zip(columns.insiders).zip(columns.supports);
        let person = |((((person, flags), share), insider), support)| {
            let has = |flag: u8| flags & flag > 0;
            let mut rank = |ranking: usize, flag: u8| {
                taken[ranking] += u32::from(has(flag));
                NonZeroU32::new(taken[ranking]).filter(|_| has(flag))
            };
            PersonScore {
                person,
                member: has(MEMBER),
                share,
                standing: if has(MEMBER) { standings.next().unwrap_or(0.0) } else { 0.0 },
                insider,
                support,
                rank: rank(0, RANKED),
                rank_person: rank(1, RANKED_PERSON),
                rank_organisation: rank(2, RANKED_ORGANISATION),
            }
        };
        let people = rows.map(person).collect();
        CommunityPeople {
            community: columns.community,
            trust: columns.trust,
            low_trust: columns.low_trust,
            noise: columns.noise,
            flow: columns.flow,
            people,
        }
    }
}

fn flags(one: &PersonScore) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(one.member, MEMBER)
        | flag(one.rank.is_some(), RANKED)
        | flag(one.rank_person.is_some(), RANKED_PERSON)
        | flag(one.rank_organisation.is_some(), RANKED_ORGANISATION)
}
