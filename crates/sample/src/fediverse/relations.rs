//! `/api/v1/accounts/{id}/following` and `/followers`, paged by Link headers.

use std::fmt::Write;

use super::accounts::Standing;
use super::entity::is_listed;
use super::numbers::{account_number, follow_number};
use super::{Answer, Fediverse, Visit};
use crate::json::Json;
use crate::serve::Reply;
use crate::world::{AccountId, Nature, State};

/// Accounts in a page if nothing is asked, and at most.
const LIMIT: usize = 40;
const LIMIT_MAX: usize = 80;
const ENTITY_BYTES: usize = 1_600;

impl Fediverse {
    pub(super) fn following(&self, visit: &Visit<'_>, account: AccountId) -> Answer {
        self.people(visit, account, self.world.follows(account), "following")
    }

    pub(super) fn followers(&self, visit: &Visit<'_>, account: AccountId) -> Answer {
        self.people(visit, account, self.world.followers(account), "followers")
    }

    fn people(
        &self,
        visit: &Visit<'_>,
        account: AccountId,
        all: &[AccountId],
        name: &str,
    ) -> Answer {
        let shown = self.standing(visit, account)? == Standing::Shown;
        let hidden = self.world.account(account).state == State::HiddenLists;
        if !shown || hidden || visit.nature == Nature::Snac {
            return Ok(Reply::json(b"[]".to_vec()));
        }
        let local = self.world.account(account).host == visit.host;
        // Of other hosts' accounts a host knows the follows that touch its own accounts.
        let known = |&other: &AccountId| {
            is_listed(&self.world, visit.host, other)
                && (local || self.world.account(other).host == visit.host)
        };
        let people: Vec<AccountId> = all.iter().copied().filter(known).collect();
        let query = visit.ask.query;
        let limit = query.number("limit").map_or(LIMIT, |limit| limit as usize).min(LIMIT_MAX);
        let len = people.len();
        let number = |place: &usize| follow_number(len, *place);
        let (max, since) = (query.number("max_id"), query.number("since_id"));
        let older = |place: &usize| max.is_none_or(|max| number(place) < max);
        let newer = |place: &usize| since.is_none_or(|since| number(place) > since);
        let places: Vec<usize> = (0..len).filter(older).take_while(newer).take(limit).collect();
        let mut json = Json::with_room(ENTITY_BYTES * places.len() + 2);
        json.raw("[");
        json.join(&places, |json, &place| {
            self.entities.write(json, (visit.host, visit.nature), people[place]);
        });
        json.raw("]");
        let mut reply = Reply::json(json.0);
        if let (Some(first), Some(last)) = (places.first(), places.last()) {
            let path = format!("{}/{name}", account_number(visit.host, account));
            let more = last + 1 < len;
            reply.link = link(visit, &path, limit, (number(first), number(last), more));
        }
        Ok(reply)
    }
}

/// The Link header of a page that begins and ends with these numbers, and whether more follow.
pub(super) fn link(
    visit: &Visit<'_>,
    path: &str,
    limit: usize,
    (first, last, more): (u64, u64, bool),
) -> Option<String> {
    if visit.nature == Nature::Snac {
        return None;
    }
    let mut base = format!("<https://{}/api/v1/accounts/{path}?limit={limit}", visit.ask.host);
    for flag in ["exclude_replies", "exclude_reblogs"] {
        if visit.ask.query.flag(flag) {
            base.push_str(&format!("&{flag}=true"));
        }
    }
    let mut link = String::with_capacity(2 * base.len() + 80);
    if visit.ask.circle {
        // The page that was asked for, once more.
        let same = visit.ask.query.number("max_id").unwrap_or(first + 1);
        let written = write!(link, "{base}&max_id={same}>; rel=\"next\", ");
        written.ok()?;
    } else if more {
        write!(link, "{base}&max_id={last}>; rel=\"next\", ").ok()?;
    }
    write!(link, "{base}&since_id={first}>; rel=\"prev\"").ok()?;
    Some(link)
}
