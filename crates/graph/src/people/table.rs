//! The table of one community: what its members' attention adds up to, person by person.

use model::PersonKind;
use model::interval::SUPPORT_CONFIDENT;

use super::insider::Audience;
use super::place::{Inside, Place};
use super::{CommunityPeople, PeopleInput, PeopleSettings, PersonScore};
use crate::rank::{ranks_by, score};
use crate::trust::UNKNOWN;

/// A rank needs attention from at least so many members, as an effective number: from two, of whom
/// one may give up to four times as much as the other …
const SUPPORT_MIN: f32 = 1.5;

/// … and as much of it as so many average arcs bring.
const ARCS_MIN: f64 = 2.0;

/// Attention along one arc that starts in a member.
#[derive(Clone, Copy)]
struct Gift {
    to: u32,
    seat: u32,
    amount: f64,
    weight: f32,
}

/// Scores everybody who receives attention in one community.
pub(super) fn table(
    input: &PeopleInput<'_>,
    place: &Place<'_>,
    audience: &Audience,
    community: usize,
    settings: &PeopleSettings,
) -> CommunityPeople {
    let members = place.members(community);
    let inside = place.walk(input, community, &settings.walk);
    let gifts = gifts(input, members, &inside);
    let flow: f64 = gifts.iter().map(|gift| gift.amount).sum();
    let noise = (ARCS_MIN / gifts.len().max(1) as f64) as f32;
    let low_trust = !inside.trusted || inside.trust < f64::from(UNKNOWN);
    let own = owners(input, place, community, &gifts, flow);
    let mut people = receivers(place, audience, community, &gifts, (flow, &own));
    add_silent(place, community, &mut people);
    for person in people.iter_mut().filter(|person| person.member) {
        let seat = place.seat(community, person.person);
        person.standing = seat.map_or(0.0, |seat| inside.standings[seat] as f32);
    }
    people.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.person.cmp(&b.person)));
    let mut outsiders = 0;
    people.retain(|person| {
        outsiders += usize::from(!person.member);
        person.member || outsiders <= settings.outsiders_max
    });
    rank(input, &mut people, low_trust, noise);
    let trust = inside.trust as f32;
    CommunityPeople { community: community as u32, trust, low_trust, noise, flow, people }
}

/// All arcs that start in members, by target, then by source.
fn gifts(input: &PeopleInput<'_>, members: &[u32], inside: &Inside) -> Vec<Gift> {
    let arcs = &input.attention.arcs;
    let mut gifts = Vec::new();
    for (seat, &member) in members.iter().enumerate() {
        let strength = arcs.strength(member);
        gifts.extend(arcs.arcs_of(member).map(|(to, weight)| Gift {
            to,
            seat: seat as u32,
            amount: inside.standings[seat] * f64::from(weight) / strength,
            weight,
        }));
    }
    gifts.sort_by_key(|gift| gift.to);
    gifts
}

/// Which members, by seat, are the community's own: at least half of the mean focus.
fn owners(
    input: &PeopleInput<'_>,
    place: &Place<'_>,
    community: usize,
    gifts: &[Gift],
    flow: f64,
) -> Vec<bool> {
    let members = place.members(community);
    let mut shares = vec![0.0; members.len()];
    for gift in gifts {
        if let Some(seat) = place.seat(community, gift.to) {
            shares[seat] += gift.amount / flow.max(f64::MIN_POSITIVE);
        }
    }
    let mean = shares.iter().sum::<f64>() / members.len().max(1) as f64;
    let arcs = &input.attention.arcs;
    let focus = |&member: &u32| -> f64 {
        let strength = arcs.strength(member);
        let inner = arcs.arcs_of(member).filter_map(|(to, weight)| {
            let share = shares[place.seat(community, to)?];
            (share > 0.0).then(|| f64::from(weight) / strength * share / (share + mean))
        });
        inner.sum()
    };
    let focus: Vec<f64> = members.iter().map(focus).collect();
    let half = 0.5 * focus.iter().sum::<f64>() / members.len().max(1) as f64;
    focus.into_iter().map(|focus| focus > 0.0 && focus >= half).collect()
}

/// Everybody who receives attention, by number.
fn receivers(
    place: &Place<'_>,
    audience: &Audience,
    community: usize,
    gifts: &[Gift],
    (flow, own): (f64, &[bool]),
) -> Vec<PersonScore> {
    let members = place.members(community);
    let receiver = |gifts: &[Gift]| {
        let person = gifts[0].to;
        let amount: f64 = gifts.iter().map(|gift| gift.amount).sum();
        let squares: f64 = gifts.iter().map(|gift| gift.amount * gift.amount).sum();
        let from_own = gifts.iter().filter(|gift| own[gift.seat as usize]);
        let from_own = from_own.map(|gift| audience.sent(members[gift.seat as usize], gift.weight));
        let share = if flow > 0.0 { (amount / flow) as f32 } else { 0.0 };
        PersonScore {
            share,
            score: score(share),
            insider: audience.insider(person, from_own.sum()) as f32,
            support: if squares > 0.0 { (amount * amount / squares) as f32 } else { 0.0 },
            ..silent(person, place.seat(community, person).is_some())
        }
    };
    gifts.chunk_by(|a, b| a.to == b.to).map(receiver).collect()
}

/// Somebody who receives nothing.
fn silent(person: u32, member: bool) -> PersonScore {
    PersonScore {
        person,
        member,
        share: 0.0,
        score: 0.0,
        standing: 0.0,
        insider: 0.0,
        support: 0.0,
        rank: None,
        rank_person: None,
        rank_organisation: None,
        rank_insider: None,
        low_confidence: true,
    }
}

/// Adds the members who receive nothing.
fn add_silent(place: &Place<'_>, community: usize, people: &mut Vec<PersonScore>) {
    let mut heard = vec![false; place.members(community).len()];
    for person in people.iter() {
        if let Some(seat) = place.seat(community, person.person) {
            heard[seat] = true;
        }
    }
    let members = place.members(community).iter().zip(heard);
    people.extend(members.filter(|(_, heard)| !heard).map(|(&member, _)| silent(member, true)));
}

/// Gives ranks to the people who are above every noise level.
fn rank(input: &PeopleInput<'_>, people: &mut [PersonScore], low_trust: bool, noise: f32) {
    let served: Vec<bool> = people
        .iter()
        .map(|person| {
            !low_trust
                && person.share >= noise
                && person.support >= SUPPORT_MIN
                && input.trust.values[person.person as usize] >= input.trust.noise
        })
        .collect();
    let kind = |at: usize| {
        let known = input.kinds.get(people[at].person as usize);
        known.copied().unwrap_or(PersonKind::Unknown)
    };
    let human = |at: usize| matches!(kind(at), PersonKind::Person | PersonKind::Unknown);
    let organisation = |at: usize| kind(at) == PersonKind::Organisation;
    let share = |at: usize| people[at].share;
    let ranks = ranks_by(people.len(), |at| served[at], share);
    let persons = ranks_by(people.len(), |at| served[at] && human(at), share);
    let organisations = ranks_by(people.len(), |at| served[at] && organisation(at), share);
    let insiders = ranks_by(people.len(), |at| served[at], |at| people[at].insider);
    for (at, person) in people.iter_mut().enumerate() {
        person.rank = ranks[at];
        person.rank_person = persons[at];
        person.rank_organisation = organisations[at];
        person.rank_insider = insiders[at];
        person.low_confidence = person.support < SUPPORT_CONFIDENT;
    }
}
