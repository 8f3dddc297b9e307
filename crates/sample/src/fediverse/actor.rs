//! An account as the document of its actor (ActivityPub), at the URI that names it.
//!
//! Documents and pages share their address: `Accept` chooses.

use axum::http::StatusCode;

use super::entity::{is_group, note};
use super::refusal::Refusal;
use super::{Answer, Fediverse, Visit};
use crate::json::Json;
use crate::serve::Reply;
use crate::world::{Account, AccountId, Kind, Nature, State};

const DOCUMENT: &str = "application/activity+json; charset=utf-8";

impl Fediverse {
    /// `/users/{name}` and `/@{name}`: the document for whoever accepts one, a page for others.
    pub(super) fn actor(&self, visit: &Visit<'_>, name: &str) -> Answer {
        let local = |&account: &AccountId| self.world.account(account).host == visit.host;
        let account = self.named(visit, name).filter(local).ok_or(Refusal::NotFound)?;
        let known = self.world.account(account);
        if !known.state.is_alive() {
            return Err(Refusal::Gone);
        }
        if !accepts_document(visit.ask.accept) {
            return Ok(page(known));
        }
        let mut json = Json::with_room(1_600);
        write_actor(&mut json, visit.nature, account, known);
        Ok(Reply::of(StatusCode::OK, DOCUMENT, json.0))
    }
}

/// Whether one of the media ranges is that of a document.
fn accepts_document(accept: &str) -> bool {
    let ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or("").trim());
    let documents = ["application/activity+json", "application/ld+json"];
    ranges.into_iter().any(|range| documents.iter().any(|kind| range.eq_ignore_ascii_case(kind)))
}

fn page(account: &Account) -> Reply {
    let body = format!("<!doctype html><title>{}</title>", account.handle);
    Reply::of(StatusCode::OK, "text/html; charset=utf-8", body.into_bytes())
}

fn write_actor(json: &mut Json, nature: Nature, id: AccountId, account: &Account) {
    let uri = &account.native_id;
    json.raw(r#"{"@context":["https://www.w3.org/ns/activitystreams","#);
    json.raw(r#""https://w3id.org/security/v1",{"toot":"http://joinmastodon.org/ns#","#);
    json.raw(r#""discoverable":"toot:discoverable","indexable":"toot:indexable"}],"id":"#);
    json.text(uri).raw(r#","type":"#).text(kind(id, account));
    for collection in ["following", "followers", "inbox", "outbox"] {
        json.raw(",").text(collection).raw(r#":""#).inner(uri).raw("/").raw(collection).raw("\"");
    }
    json.raw(r#","preferredUsername":"#).text(account.local_name());
    json.raw(r#","name":"#).text(&account.words.name);
    json.raw(r#","summary":"#).text(&note(account));
    json.raw(r#","url":"#).text(&account.page());
    json.raw(r#","manuallyApprovesFollowers":false"#);
    write_consent(json, nature, account);
    json.raw("}");
}

/// Mastodon says `false` of who never decided, snac nothing; 3.3 does not know `indexable`.
fn write_consent(json: &mut Json, nature: Nature, account: &Account) {
    if nature == Nature::Snac && account.state == State::Undecided {
        return;
    }
    let discoverable = !matches!(account.state, State::Unlisted | State::Undecided);
    json.raw(r#","discoverable":"#).flag(discoverable);
    if nature != Nature::Old {
        json.raw(r#","indexable":"#).flag(account.indexable);
    }
}

fn kind(id: AccountId, account: &Account) -> &'static str {
    match account.kind {
        Kind::Bot => "Service",
        _ if is_group(account, id) => "Group",
        Kind::Organisation => "Organization",
        Kind::Person | Kind::Fake => "Person",
    }
}

#[cfg(test)]
mod tests {
    use super::accepts_document;

    #[test]
    fn documents_are_for_those_who_ask_for_them() {
        let with_profile =
            r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#;
        for accept in ["application/activity+json", with_profile, "text/html, Application/LD+JSON"]
        {
            assert!(accepts_document(accept), "{accept}");
        }
        for accept in ["", "*/*", "text/html", "application/json"] {
            assert!(!accepts_document(accept), "{accept}");
        }
    }
}
