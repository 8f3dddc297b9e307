//! The table of one community: the sums of its members' attention, person by person:
//! `share_v = Σ_{u∈c} a_u w_uv / W_u / flow`, by falling share. Time O(arcs that start in the community
//! + receivers · log), memory as [`super::received`]'s and 40 B/receiver.

use std::num::NonZeroU32;

use model::PersonKind;
use model::index::{CommunityIndex, PersonIndex};

use super::input::{PeopleInput, PeopleSettings};
use super::insider::{GlobalAttention, own_members};
use super::member_walk::MemberWalk;
use super::members::{LevelMembers, MemberList};
use super::ranked::{MemberSource, RankedCommunity};
use super::received::{MemberArcs, ReceivedArcs};
use super::scores::{CommunityPeople, ScoredPerson};
use crate::sorting::sort_by_number;
use crate::trust::STRANGER_TRUST;

/// A rank needs attention from at least this effective number of members: from two, where one gives
/// up to four times as much as the other …
const SUPPORT_MIN: f32 = 1.5;

/// … and as much attention as this number of average arcs brings.
const ARCS_MIN: f64 = 2.0;

/// What a member passes along an arc, for each unit of its weight.
#[derive(Clone, Copy)]
struct SourceRate {
    /// Attention in the community.
    inside: f64,
    /// Global attention if it is one of the community's own, otherwise 0.
    own: f64,
}

/// The attention that a person receives.
#[derive(Clone, Copy)]
struct ReceiverTotals {
    share: f32,
    support: f32,
    insider: f32,
}

/// A receiver and its key in an order.
#[derive(Clone, Copy)]
struct KeyedReceiver {
    key: u32,
    receiver: u32,
}

/// All people who receive attention from a community.
struct CommunityReceivers<'a> {
    attention: &'a GlobalAttention,
    received: ReceivedArcs,
    /// Members by member index, then outsiders by number.
    people: Vec<u32>,
    members: usize,
    /// The attention that members pass on altogether.
    flow: f64,
}

/// Scores each person who receives attention in one community.
pub(super) fn score_community(
    input: &PeopleInput<'_>,
    members: &LevelMembers,
    attention: &GlobalAttention,
    community: usize,
    settings: &PeopleSettings,
) -> RankedCommunity {
    let (restart, members) = (members.restart(input, community), members.members(community));
    let arcs = &input.attention.arcs;
    let member_arcs = MemberArcs::new(members, arcs);
    let noise = (ARCS_MIN / member_arcs.arcs().max(1) as f64) as f32;
    let inner = member_arcs.between(0..members.len() as u32);
    let strengths = members.people.iter().map(|&member| arcs.strength(member)).collect();
    let walk = MemberWalk::new(&inner, &restart.shares, strengths, &settings.walk);
    let own = own_members(&inner, &walk);
    drop(inner);
    let order = walk.by_falling_rate();
    let own_rate = |member: u32| match own[member as usize] {
        true => attention.rate(members.people[member as usize]),
        false => 0.0,
    };
    let rates = source_rates(&order, &walk, own_rate);
    let received = member_arcs.by_receiver(&order);
    let people = members.people.iter().chain(received.outsiders()).copied().collect();
    let (count, flow) = (members.len(), walk.flow);
    let receivers = CommunityReceivers { attention, received, people, members: count, flow };
    let totals = receivers.totals(&rates);
    let kept = receivers.kept(&totals, settings.outsiders_max);
    let score = |&receiver: &u32| {
        let mass = walk.masses.get(receiver as usize).copied();
        scored_person(receivers.people[receiver as usize], totals[receiver as usize], mass)
    };
    let mut people: Vec<ScoredPerson> = kept.iter().map(score).collect();
    let low_trust = !restart.trusted || restart.trust < f64::from(STRANGER_TRUST);
    rank(input, &mut people, low_trust, noise);
    let (community, trust) = (CommunityIndex::from(community), restart.trust as f32);
    let table = CommunityPeople { community, trust, low_trust, noise, flow, people };
    RankedCommunity::new(table, receivers.received, kept, sources(members, &order, &walk))
}

/// What the members pass along an arc, in an order of member indexes.
fn source_rates(
    order: &[u32],
    walk: &MemberWalk,
    own_rate: impl Fn(u32) -> f64,
) -> Vec<SourceRate> {
    let rate =
        |&member: &u32| SourceRate { inside: walk.rates[member as usize], own: own_rate(member) };
    order.iter().map(rate).collect()
}

/// The members in an order of member indexes.
fn sources(members: MemberList<'_>, order: &[u32], walk: &MemberWalk) -> Vec<MemberSource> {
    let source = |&member: &u32| {
        let member = member as usize;
        MemberSource {
            person: PersonIndex::new(members.people[member]),
            mass: walk.masses[member] as f32,
            strength: walk.strengths[member],
        }
    };
    order.iter().map(source).collect()
}

impl CommunityReceivers<'_> {
    /// The attention of each receiver. `rates` are in the order of the arcs' sources.
    fn totals(&self, rates: &[SourceRate]) -> Vec<ReceiverTotals> {
        let total = |(receiver, &person): (usize, &u32)| {
            let (mut amount, mut squares, mut own) = (0.0, 0.0, 0.0);
            self.received.for_each(receiver, |source, weight| {
                let rate = rates[source];
                let given = rate.inside * f64::from(weight);
                amount += given;
                squares += given * given;
                own += rate.own * f64::from(weight);
            });
            let insider = match self.received.is_empty(receiver) {
                true => 0.0,
                false => self.attention.insider(person, own) as f32,
            };
            ReceiverTotals {
                share: if self.flow > 0.0 { (amount / self.flow) as f32 } else { 0.0 },
                support: if squares > 0.0 { (amount * amount / squares) as f32 } else { 0.0 },
                insider,
            }
        };
        self.people.iter().enumerate().map(total).collect()
    }

    /// Members and the first outsiders, by falling share, then by number.
    fn kept(&self, totals: &[ReceiverTotals], outsiders_max: usize) -> Vec<u32> {
        let key = |(one, receiver): (&ReceiverTotals, u32)| KeyedReceiver {
            key: u32::MAX - one.share.to_bits(),
            receiver,
        };
        let mut order: Vec<KeyedReceiver> = totals.iter().zip(0..).map(key).collect();
        // Two ascending runs, which the standard sort merges.
        order.sort_by_key(|one| self.people[one.receiver as usize]);
        sort_by_number(&mut order, |one| one.key);
        let mut outsiders = 0;
        let kept = order.into_iter().map(|one| one.receiver).filter(|&receiver| {
            let is_member = (receiver as usize) < self.members;
            outsiders += usize::from(!is_member);
            is_member || outsiders <= outsiders_max
        });
        kept.collect()
    }
}

/// A score without ranks; `mass` is that of a member.
fn scored_person(person: u32, totals: ReceiverTotals, mass: Option<f64>) -> ScoredPerson {
    let ReceiverTotals { share, support, insider } = totals;
    ScoredPerson {
        person: PersonIndex::new(person),
        member: mass.is_some(),
        share,
        mass: mass.unwrap_or(0.0) as f32,
        insider,
        support,
        rank: None,
        rank_person: None,
        rank_organisation: None,
    }
}

/// Gives ranks to the people who are above every noise level; they are by falling share.
fn rank(input: &PeopleInput<'_>, people: &mut [ScoredPerson], low_trust: bool, noise: f32) {
    let mut ranked = [0; 3];
    let mut next = |ranking: usize, served: bool| {
        ranked[ranking] += u32::from(served);
        NonZeroU32::new(ranked[ranking]).filter(|_| served)
    };
    for one in people.iter_mut() {
        let served = !low_trust
            && one.share >= noise
            && one.support >= SUPPORT_MIN
            && input.trust.values[one.person] >= input.trust.noise;
        let kind = input.kinds.get(one.person).copied().unwrap_or(PersonKind::Unknown);
        let is_human = matches!(kind, PersonKind::Person | PersonKind::Unknown);
        one.rank = next(0, served);
        one.rank_person = next(1, served && is_human);
        one.rank_organisation = next(2, served && kind == PersonKind::Organisation);
    }
}
