//! An account as the document of its actor (ActivityPub), at its URI.
//!
//! Documents and pages share their address: `Accept` chooses.

use axum::http::StatusCode;

use super::entity::{is_group, note};
use super::refusal::FediverseRefusal;
use super::{FediverseAnswer, FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::site::SiteReply;
use crate::world::{AccountId, AccountKind, AccountState, HostNature, PlantedAccount};

const DOCUMENT: &str = "application/activity+json; charset=utf-8";

impl FediverseSite {
    /// `/users/{name}` and `/@{name}`: the document if the client accepts one, else a page.
    pub(super) fn actor(&self, visit: &HostRequest<'_>, name: &str) -> FediverseAnswer {
        let local = |&account: &AccountId| self.world.account(account).host == visit.host;
        let account = self.named(visit, name).filter(local).ok_or(FediverseRefusal::NotFound)?;
        let known = self.world.account(account);
        if !known.state.is_alive() {
            return Err(FediverseRefusal::Gone);
        }
        if !accepts_document(visit.ask.accept) {
            return Ok(page(known));
        }
        let mut json = JsonText::with_room(1_600);
        write_actor(&mut json, visit.nature, account, known);
        Ok(SiteReply::of(StatusCode::OK, DOCUMENT, json.buffer))
    }
}

/// Whether one of the media ranges is that of a document.
fn accepts_document(accept: &str) -> bool {
    let ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or("").trim());
    let documents = ["application/activity+json", "application/ld+json"];
    ranges.into_iter().any(|range| documents.iter().any(|kind| range.eq_ignore_ascii_case(kind)))
}

fn page(account: &PlantedAccount) -> SiteReply {
    let body = format!("<!doctype html><title>{}</title>", account.handle);
    SiteReply::of(StatusCode::OK, "text/html; charset=utf-8", body.into_bytes())
}

fn write_actor(json: &mut JsonText, nature: HostNature, id: AccountId, account: &PlantedAccount) {
    let uri = &account.native_id;
    json.raw(r#"{"@context":["https://www.w3.org/ns/activitystreams","#);
    json.raw(r#""https://w3id.org/security/v1",{"toot":"http://joinmastodon.org/ns#","#);
    json.raw(r#""discoverable":"toot:discoverable","indexable":"toot:indexable"}],"id":"#);
    json.text(uri).raw(r#","type":"#).text(kind(id, account));
    for collection in ["following", "followers", "inbox", "outbox"] {
        json.raw(",").text(collection).raw(r#":""#).inner(uri).raw("/").raw(collection).raw("\"");
    }
    json.raw(r#","preferredUsername":"#).text(account.local_name());
    json.raw(r#","name":"#).text(&account.texts.name);
    json.raw(r#","summary":"#).text(&note(account));
    json.raw(r#","url":"#).text(&account.page());
    json.raw(r#","manuallyApprovesFollowers":false"#);
    write_consent(json, nature, account);
    json.raw("}");
}

/// For undecided accounts Mastodon sends `false`, snac nothing; 3.3 has no `indexable`.
fn write_consent(json: &mut JsonText, nature: HostNature, account: &PlantedAccount) {
    if nature == HostNature::Snac && account.state == AccountState::Undecided {
        return;
    }
    let discoverable = !matches!(account.state, AccountState::Unlisted | AccountState::Undecided);
    json.raw(r#","discoverable":"#).flag(discoverable);
    if nature != HostNature::Old {
        json.raw(r#","indexable":"#).flag(account.indexable);
    }
}

fn kind(id: AccountId, account: &PlantedAccount) -> &'static str {
    match account.kind {
        AccountKind::Bot => "Service",
        _ if is_group(account, id) => "Group",
        AccountKind::Organisation => "Organization",
        AccountKind::Person | AccountKind::Fake => "Person",
    }
}

#[cfg(test)]
mod tests {
    use super::accepts_document;

    #[test]
    fn documents_are_sent_to_clients_that_accept_them() {
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
