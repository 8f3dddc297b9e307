//! The table of one community: what its members' attention adds up to, person by person:
//! `share_v = Σ_{u∈c} a_u w_uv / W_u / flow`, by falling share. Time O(arcs that start in the community
//! + receivers · log), memory as [`super::inflow`]'s and 40 B/receiver.

use std::num::NonZeroU32;

use model::PersonKind;

use super::inflow::{Inflow, Outflow};
use super::insider::{Audience, owners};
use super::place::{Members, Place};
use super::ranked::Ranked;
use super::walk::Giving;
use super::{CommunityPeople, PeopleInput, PeopleSettings, PersonScore};
use crate::sorting::sort_by_number;
use crate::trust::UNKNOWN;

/// A rank needs attention from at least so many members, as an effective number: from two, of whom
/// one may give up to four times as much as the other …
const SUPPORT_MIN: f32 = 1.5;

/// … and as much of it as so many average arcs bring.
const ARCS_MIN: f64 = 2.0;

/// What a member gives along an arc, for each unit of its weight.
#[derive(Clone, Copy)]
struct Gift {
    /// Attention in the community.
    inside: f64,
    /// Global attention if it is one of the community's own, otherwise 0.
    own: f64,
}

/// What somebody receives.
#[derive(Clone, Copy)]
struct Received {
    share: f32,
    support: f32,
    insider: f32,
}

/// Scores everybody who receives attention in one community.
pub(super) fn table(
    input: &PeopleInput<'_>,
    place: &Place,
    audience: &Audience,
    community: usize,
    settings: &PeopleSettings,
) -> Ranked {
    let (members, arcs) = (place.members(community), &input.attention.arcs);
    let restart = place.restart(input, community);
    let outflow = Outflow::new(members, arcs);
    let noise = (ARCS_MIN / outflow.arcs().max(1) as f64) as f32;
    let inner = outflow.between(0..members.len() as u32);
    let strengths = members.people.iter().map(|&who| arcs.strength(who)).collect();
    let giving = Giving::walk(&inner, &restart.shares, strengths, &settings.walk);
    let own = owners(&inner, &giving);
    drop(inner);
    let falling = giving.falling();
    let gifts = gifts((members, &falling), &giving, &own, audience);
    let inflow = outflow.by_receiver(&falling);
    let receivers: Vec<u32> = members.people.iter().chain(inflow.outsiders()).copied().collect();
    let received = received(&inflow, &receivers, &gifts, (audience, giving.flow));
    let rows = kept(&receivers, &received, members.len(), settings.outsiders_max);
    let score = |&row: &u32| {
        let standing = giving.standings.get(row as usize).copied();
        person_score(receivers[row as usize], received[row as usize], standing)
    };
    let mut people: Vec<PersonScore> = rows.iter().map(score).collect();
    let low_trust = !restart.trusted || restart.trust < f64::from(UNKNOWN);
    rank(input, &mut people, low_trust, noise);
    let (trust, flow) = (restart.trust as f32, giving.flow);
    let table =
        CommunityPeople { community: community as u32, trust, low_trust, noise, flow, people };
    Ranked::new(table, (inflow, rows), (members, &falling), &giving)
}

/// What the members give, in an order of seats.
fn gifts(
    (members, order): (Members<'_>, &[u32]),
    giving: &Giving,
    own: &[bool],
    audience: &Audience,
) -> Vec<Gift> {
    let gift = |&seat: &u32| {
        let seat = seat as usize;
        let own = if own[seat] { audience.sent(members.people[seat]) } else { 0.0 };
        Gift { inside: giving.rates[seat], own }
    };
    order.iter().map(gift).collect()
}

/// What everybody receives, by row.
fn received(
    inflow: &Inflow,
    people: &[u32],
    gifts: &[Gift],
    (audience, flow): (&Audience, f64),
) -> Vec<Received> {
    let receive = |(row, &person): (usize, &u32)| {
        let (mut amount, mut squares, mut own) = (0.0, 0.0, 0.0);
        inflow.each(row, |giver, weight| {
            let Gift { inside, own: from_own } = gifts[giver];
            let given = inside * f64::from(weight);
            amount += given;
            squares += given * given;
            own += from_own * f64::from(weight);
        });
        Received {
            share: if flow > 0.0 { (amount / flow) as f32 } else { 0.0 },
            support: if squares > 0.0 { (amount * amount / squares) as f32 } else { 0.0 },
            insider: if inflow.is_empty(row) { 0.0 } else { audience.insider(person, own) as f32 },
        }
    };
    people.iter().enumerate().map(receive).collect()
}

/// The rows of members and of the first outsiders, by falling share, then by number.
fn kept(people: &[u32], received: &[Received], members: usize, outsiders_max: usize) -> Vec<u32> {
    let mut order: Vec<(u32, u32)> =
        received.iter().map(|one| u32::MAX - one.share.to_bits()).zip(0..).collect();
    // Two ascending runs, which the standard sort merges.
    order.sort_by_key(|one| people[one.1 as usize]);
    sort_by_number(&mut order, |one| one.0);
    let mut outsiders = 0;
    let kept = order.into_iter().filter(|one| {
        let member = (one.1 as usize) < members;
        outsiders += usize::from(!member);
        member || outsiders <= outsiders_max
    });
    kept.map(|one| one.1).collect()
}

/// A score without ranks; `standing` is that of a member.
fn person_score(person: u32, received: Received, standing: Option<f64>) -> PersonScore {
    let Received { share, support, insider } = received;
    PersonScore {
        person,
        member: standing.is_some(),
        share,
        standing: standing.unwrap_or(0.0) as f32,
        insider,
        support,
        rank: None,
        rank_person: None,
        rank_organisation: None,
    }
}

/// Gives ranks to the people who are above every noise level; they come by falling share.
fn rank(input: &PeopleInput<'_>, people: &mut [PersonScore], low_trust: bool, noise: f32) {
    let mut taken = [0; 3];
    let mut next = |ranking: usize, served: bool| {
        taken[ranking] += u32::from(served);
        NonZeroU32::new(taken[ranking]).filter(|_| served)
    };
    for one in people.iter_mut() {
        let served = !low_trust
            && one.share >= noise
            && one.support >= SUPPORT_MIN
            && input.trust.values[one.person as usize] >= input.trust.noise;
        let kind = input.kinds.get(one.person as usize).copied().unwrap_or(PersonKind::Unknown);
        let human = matches!(kind, PersonKind::Person | PersonKind::Unknown);
        one.rank = next(0, served);
        one.rank_person = next(1, served && human);
        one.rank_organisation = next(2, served && kind == PersonKind::Organisation);
    }
}
