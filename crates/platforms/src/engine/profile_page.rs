//! Reads a profile's own page: what a record says of the profile.

use model::identity::Claim;
use model::observation::{NamedProfile, Observation, SeenProfile};
use model::profile::{Consent, GoneReason, PersonKind};
use model::profile_text::{ProfileText, ProfileTexts, TextForm};
use model::time::Timestamp;

use super::CrawlEngine;
use super::clean;
use super::partial_name::PartialName;
use super::proof::OwnPage;
use crate::claims::CLAIMS_MAX;
use crate::manifest::{ConsentRule, PlatformManifest, ProfileRules};
use crate::path::{PageNode, SelectorContext, ValueSelector};

/// A record on a page of profiles.
#[derive(Clone, Copy)]
pub(super) struct ProfileRecord<'a> {
    pub(super) rules: &'a ProfileRules,
    pub(super) record: &'a PageNode<'a>,
    pub(super) context: SelectorContext<'a>,
}

impl ProfileRecord<'_> {
    /// The names in the record.
    pub(super) fn names(&self, manifest: &PlatformManifest) -> PartialName {
        PartialName::read(&self.rules.names, self.record, self.context).in_one_form(manifest)
    }

    fn count(&self, selector: &Option<ValueSelector>) -> Option<u32> {
        selector.as_ref()?.count(self.record, self.context)
    }

    fn text(&self, text: ProfileText) -> Option<String> {
        let value = self.rules.texts.get(text)?.text(self.record, self.context)?;
        match text.form() {
            TextForm::Words { chars_max } => clean::words(&value, chars_max),
            TextForm::Url => clean::url(value),
        }
    }

    /// What of it can prove whose the account is.
    pub(super) fn own_page(&self, named: NamedProfile) -> OwnPage {
        OwnPage { named, bio: self.text(ProfileText::Bio).unwrap_or_default() }
    }

    fn created_at(&self) -> Option<Timestamp> {
        self.rules.created_at.as_ref()?.text(self.record, self.context)?.parse().ok()
    }

    fn kind(&self) -> PersonKind {
        let mut rules = self.rules.kind.iter();
        let holding = rules.find(|rule| rule.when.holds(self.record));
        holding.map_or(PersonKind::Unknown, |rule| rule.is)
    }

    fn gone(&self) -> Option<GoneReason> {
        let mut rules = self.rules.gone.iter();
        rules.find(|rule| rule.when.holds(self.record)).map(|rule| rule.is)
    }
}

/// All restrictions of the rules that hold.
pub(super) fn consent(rules: &[ConsentRule], record: &PageNode<'_>) -> Consent {
    let holding = rules.iter().filter(|rule| rule.when.holds(record));
    holding.fold(Consent::default(), |all, rule| all.and(rule.is))
}

impl CrawlEngine {
    /// What a record says of a profile. Nothing but the refusal is returned of a profile whose owner
    /// refuses to be indexed.
    pub(super) fn seen_profile(
        &self,
        page: ProfileRecord<'_>,
        local_id: Option<String>,
        named: NamedProfile,
    ) -> Observation {
        let ProfileRecord { rules, record, .. } = page;
        if let Some(gone) = page.gone() {
            return Observation::Gone(gone);
        }
        let consent = consent(&rules.consent, record);
        if consent.has(Consent::REFUSED) {
            return Observation::Gone(GoneReason::Refused);
        }
        Observation::Profile(Box::new(SeenProfile {
            texts: ProfileTexts::from_fn(|text| page.text(text)),
            followers: page.count(&rules.followers),
            following: page.count(&rules.following),
            posts: page.count(&rules.posts),
            kind: page.kind(),
            consent,
            created_at: page.created_at(),
            local_id,
            server_handle: None,
            claims: self.claims(page, &named),
            named,
        }))
    }

    /// The accounts and pages that a profile claims, itself left out; sorted, each once.
    fn claims(&self, page: ProfileRecord<'_>, own: &NamedProfile) -> Vec<Claim> {
        let ProfileRecord { rules, record, context } = page;
        let mut claims = Vec::new();
        for selector in &rules.websites {
            selector.texts(record, context, &mut |page| {
                claims.push(Claim::Website { page: page.into_owned() });
            });
        }
        for selector in &rules.accounts {
            selector
                .texts(record, context, &mut |text| claims.extend(self.recognise_claims(&text)));
        }
        let handle = own.handle.as_deref().map(str::to_lowercase);
        claims.retain(|claim| match claim {
            Claim::Account { target, .. } => {
                Some(target) != handle.as_ref() && *target != own.native_id.to_lowercase()
            }
            Claim::Website { .. } => true,
        });
        claims.sort_unstable();
        claims.dedup();
        claims.truncate(CLAIMS_MAX);
        claims
    }
}
