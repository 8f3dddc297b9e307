//! Handles, DIDs and the PLC directory's documents.

use axum::http::StatusCode;

use super::refusal::BlueskyRefusal;
use super::{BlueskyAnswer, BlueskySite};
use crate::json::JsonText;
use crate::site::{SiteReply, SiteRequest};
use crate::world::AccountState;

impl BlueskySite {
    pub(super) fn resolve(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let handle = ask.query.get("handle").ok_or(BlueskyRefusal::Missing("handle"))?;
        let account = self.find(&handle).filter(|&account| self.is_alive(account));
        let account = self.world.account(account.ok_or(BlueskyRefusal::NoSuchHandle)?);
        let mut json = JsonText::default();
        json.raw(r#"{"did":"#).text(&account.native_id).raw("}");
        Ok(json.buffer)
    }

    /// `/.well-known/atproto-did` of the requested host.
    pub(super) fn did_of_host(&self, ask: &SiteRequest<'_>) -> SiteReply {
        match self.find(ask.host).filter(|&account| self.is_alive(account)) {
            Some(account) => SiteReply::text(&self.world.account(account).native_id),
            None => SiteReply::of(StatusCode::NOT_FOUND, "text/plain", b"User not found".to_vec()),
        }
    }

    /// The PLC directory's document for a DID.
    pub(super) fn document(&self, did: &str) -> SiteReply {
        let did = crate::site::decode(did);
        let known = self.find(&did).filter(|_| did.starts_with("did:"));
        let Some(account) = known else {
            return plc_error(StatusCode::NOT_FOUND, "DID not registered: ", &did);
        };
        if self.state(account) == AccountState::Deleted {
            return plc_error(StatusCode::GONE, "DID not available: ", &did);
        }
        let mut json = JsonText::default();
        json.raw(r#"{"@context":["https://www.w3.org/ns/did/v1","#);
        json.raw(r#""https://w3id.org/security/multikey/v1"],"id":"#).text(&did);
        json.raw(r#","alsoKnownAs":["at://"#).raw(&self.world.account(account).handle);
        json.raw(r#""],"verificationMethod":[],"service":[{"id":"#).text("#atproto_pds");
        json.raw(r#","type":"AtprotoPersonalDataServer","serviceEndpoint":"#);
        json.text(&self.origin).raw("}]}");
        SiteReply::of(StatusCode::OK, "application/did+ld+json; charset=utf-8", json.buffer)
    }
}

fn plc_error(status: StatusCode, message: &str, did: &str) -> SiteReply {
    let mut json = JsonText::default();
    json.raw(r#"{"message":""#).inner(message).inner(did).raw(r#""}"#);
    SiteReply::of(status, "application/json; charset=utf-8", json.buffer)
}
