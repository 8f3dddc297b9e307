//! `app.bsky.actor.*`: profiles.

use super::refusal::Refusal;
use super::{Answer, Bluesky};
use crate::json::Json;
use crate::serve::Ask;
use crate::world::State;

/// The real AppView's cap.
const ACTORS_MAX: usize = 25;

impl Bluesky {
    pub(super) fn profile(&self, ask: &Ask<'_>) -> Answer {
        let name = ask.query.get("actor").ok_or(Refusal::Missing("actor"))?;
        let account = self.find(&name).ok_or(Refusal::ProfileNotFound)?;
        match self.state(account) {
            State::Deleted => Err(Refusal::ProfileNotFound),
            State::Suspended => Err(Refusal::TakenDown),
            _ => {
                let mut json = Json::with_room(1_024);
                self.cards.detailed(&mut json, account);
                Ok(json.0)
            }
        }
    }

    /// Those who are not there are left out, as in reality.
    pub(super) fn profiles(&self, ask: &Ask<'_>) -> Answer {
        let names: Vec<_> = ask.query.all("actors").chain(ask.query.all("actors[]")).collect();
        if names.is_empty() {
            return Err(Refusal::Missing("actors"));
        }
        if names.len() > ACTORS_MAX {
            return Err(Refusal::TooManyActors);
        }
        let found = names.iter().filter_map(|name| self.find(name));
        let alive = found.filter(|&account| self.is_alive(account));
        let mut json = Json::with_room(1_024 * names.len());
        json.raw(r#"{"profiles":["#);
        json.join(alive, |json, account| self.cards.detailed(json, account));
        json.raw("]}");
        Ok(json.0)
    }
}
