//! `app.bsky.actor.*`: profiles.

use super::refusal::BlueskyRefusal;
use super::{BlueskyAnswer, BlueskySite};
use crate::json::JsonText;
use crate::site::SiteRequest;
use crate::world::AccountState;

/// The real AppView's cap.
const ACTORS_MAX: usize = 25;

impl BlueskySite {
    pub(super) fn profile(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let name = ask.query.get("actor").ok_or(BlueskyRefusal::Missing("actor"))?;
        let account = self.find(&name).ok_or(BlueskyRefusal::ProfileNotFound)?;
        match self.state(account) {
            AccountState::Deleted => Err(BlueskyRefusal::ProfileNotFound),
            AccountState::Suspended => Err(BlueskyRefusal::TakenDown),
            _ => {
                let mut json = JsonText::with_room(1_024);
                self.cards.detailed(&mut json, account);
                Ok(json.buffer)
            }
        }
    }

    /// Unknown accounts are left out, as by the real AppView.
    pub(super) fn profiles(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let names: Vec<_> = ask.query.all("actors").chain(ask.query.all("actors[]")).collect();
        if names.is_empty() {
            return Err(BlueskyRefusal::Missing("actors"));
        }
        if names.len() > ACTORS_MAX {
            return Err(BlueskyRefusal::TooManyActors);
        }
        let found = names.iter().filter_map(|name| self.find(name));
        let alive = found.filter(|&account| self.is_alive(account));
        let mut json = JsonText::with_room(1_024 * names.len());
        json.raw(r#"{"profiles":["#);
        json.join(alive, |json, account| self.cards.detailed(json, account));
        json.raw("]}");
        Ok(json.buffer)
    }
}
