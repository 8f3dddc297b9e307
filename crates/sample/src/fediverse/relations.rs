//! `/api/v1/accounts/{id}/following` and `/followers`, paged by Link headers.

use std::fmt::Write;
use std::ops::Range;

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
        let people = self.known(visit, account, all);
        let limit = visit.ask.query.number("limit").map_or(LIMIT, |limit| limit as usize);
        let limit = limit.min(LIMIT_MAX);
        let places = places(visit, people.len(), limit);
        let mut json = Json::with_room(ENTITY_BYTES * places.len() + 2);
        json.raw("[");
        json.join(&people[places.clone()], |json, &other| {
            self.entities.write(json, (visit.host, visit.nature), other);
        });
        json.raw("]");
        let mut reply = Reply::json(json.0);
        if !places.is_empty() {
            let path = format!("{}/{name}", account_number(visit.host, account));
            let number = |place| follow_number(people.len(), place);
            let span = (number(places.start), number(places.end - 1), places.end < people.len());
            reply.link = link(visit, &path, limit, span);
        }
        Ok(reply)
    }

    /// Those of a list whom the host knows: of other hosts' accounts it knows the follows that
    /// touch its own accounts.
    fn known(&self, visit: &Visit<'_>, account: AccountId, all: &[AccountId]) -> Vec<AccountId> {
        let local = self.world.account(account).host == visit.host;
        let known = |&other: &AccountId| {
            is_listed(&self.world, visit.host, other)
                && (local || self.world.account(other).host == visit.host)
        };
        all.iter().copied().filter(known).collect()
    }
}

/// The places in a list of `len`, newest first, between `max_id` and `since_id`.
fn places(visit: &Visit<'_>, len: usize, limit: usize) -> Range<usize> {
    let query = visit.ask.query;
    let (max, since) = (query.number("max_id"), query.number("since_id"));
    let number = |place: usize| follow_number(len, place);
    let start = (0..len).find(|&place| max.is_none_or(|max| number(place) < max)).unwrap_or(len);
    let most = len.min(start + limit);
    let end = (start..most).find(|&place| since.is_some_and(|since| number(place) <= since));
    start..end.unwrap_or(most)
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
