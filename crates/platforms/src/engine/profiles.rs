//! Fetches the own pages of profiles, many at a time where the platform supports it.

use std::collections::HashMap;

use model::observation::{NamedProfile, Observation};
use model::profile::{Consent, GoneReason};

use super::CrawlEngine;
use super::context::FetchContext;
use super::name_lookup::LookupRequest;
use super::page_request::PageAnswer;
use super::paging::for_each_record;
use super::partial_name::PartialName;
use super::profile_page::{ProfileRecord, consent};
use super::proof::OwnPage;
use super::robots::forbids_indexing;
use super::run::{StreamOutcome, StreamRun};
use super::stop_reason::StopReason;
use super::stream_scope::{StreamScope, well_formed};
use super::subject::FetchSubject;
use super::values::TemplateValues;
use crate::manifest::{
    ConsentElsewhere, ManifestStream, PlatformManifest, ProfileRules, StreamKind,
};
use crate::path::SelectorContext;

/// A page's profiles by native id.
#[derive(Debug, Default)]
struct ProfilesPage {
    profiles: HashMap<String, Observation>,
    /// Whether a record lacks the fields that say what its owner allows.
    lacks_consent: bool,
}

/// A stream of profiles.
#[derive(Clone, Copy)]
struct ProfileScope<'a> {
    manifest: &'a PlatformManifest,
    stream: &'a ManifestStream,
    rules: &'a ProfileRules,
}

impl<'a> ProfileScope<'a> {
    /// The scope of a stream; `None` if it is not one of profiles.
    fn of(manifest: &'a PlatformManifest, stream: &'a ManifestStream) -> Option<ProfileScope<'a>> {
        let StreamKind::Profile(rules) = &stream.kind else { return None };
        Some(ProfileScope { manifest, stream, rules })
    }

    /// The stream that is read, one by one, for the profiles that a batch left out.
    fn missing(&self) -> Option<ProfileScope<'a>> {
        ProfileScope::of(self.manifest, &self.manifest.streams[self.rules.missing?])
    }

    fn stream_scope(&self, subject: &'a FetchSubject) -> StreamScope<'a> {
        StreamScope { manifest: self.manifest, stream: self.stream, subject }
    }
}

impl CrawlEngine {
    /// Fetches the own pages of `subjects`, which are of one platform: one result each, in their
    /// order. A profile whose owner refuses to be indexed is seen as [`GoneReason::Refused`] and
    /// nothing of its words is returned. Empty on a platform without a manifest.
    pub async fn profiles(
        &self,
        fetch: &mut FetchContext<'_>,
        subjects: &[FetchSubject],
    ) -> Vec<StreamRun> {
        fetch.reopen();
        let manifest = subjects.first().and_then(|first| self.manifest(first.platform));
        let scope = manifest.and_then(|one| ProfileScope::of(one, one.profile_stream()));
        let Some(scope) = scope else { return Vec::new() };
        let mut runs = Vec::with_capacity(subjects.len());
        for chunk in subjects.chunks(scope.rules.batch) {
            let before = fetch.requests;
            let ends = match scope.rules.batch {
                1 => vec![self.single(fetch, scope, &chunk[0]).await],
                _ => self.batch(fetch, scope, chunk).await,
            };
            let mut requests = fetch.requests - before;
            for end in ends {
                runs.push(run(scope.stream, end, std::mem::take(&mut requests)));
            }
        }
        runs
    }

    async fn batch(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: ProfileScope<'_>,
        chunk: &[FetchSubject],
    ) -> Vec<Result<Observation, StopReason>> {
        let missing = scope.missing();
        let mut seen = match self.page_of(fetch, scope, chunk).await {
            Ok(seen) => seen,
            // One bad name or value may spoil a batch: its profiles are then fetched one by one.
            Err(stop) if missing.is_some() && is_spoilt(&stop, &chunk[0]) => HashMap::new(),
            Err(stop) => return vec![Err(stop); chunk.len()],
        };
        let mut ends = Vec::with_capacity(chunk.len());
        for subject in chunk {
            ends.push(match (seen.remove(&subject.named.native_id), missing) {
                (Some(observation), _) => Ok(observation),
                (None, Some(missing)) => self.single(fetch, missing, subject).await,
                (None, None) => Ok(Observation::Gone(GoneReason::Deleted)),
            });
        }
        ends
    }

    async fn single(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: ProfileScope<'_>,
        subject: &FetchSubject,
    ) -> Result<Observation, StopReason> {
        let manifest = scope.manifest;
        let mut subject = subject.clone();
        if manifest.is_hosted() && subject.local_id.is_none() && subject.named.handle.is_none() {
            subject.named.handle = self.handle_of(fetch, manifest, &subject.named).await?;
        }
        match self.page_of(fetch, scope, std::slice::from_ref(&subject)).await {
            // Under that name there is another account now, or none.
            Ok(mut seen) => match seen.remove(&subject.named.native_id) {
                Some(observation) => self.with_known_handle(fetch, manifest, observation).await,
                None => Ok(Observation::Gone(GoneReason::Deleted)),
            },
            Err(StopReason::Gone(gone)) => Ok(Observation::Gone(gone)),
            Err(StopReason::Empty | StopReason::Hidden) => {
                Ok(Observation::Gone(GoneReason::Deleted))
            }
            Err(stop) => Err(stop),
        }
    }

    /// The handle that the server of a native id gives it.
    async fn handle_of(
        &self,
        fetch: &mut FetchContext<'_>,
        manifest: &PlatformManifest,
        known: &NamedProfile,
    ) -> Result<Option<String>, StopReason> {
        let host = known.host.as_deref().unwrap_or_default();
        let native_id = Some(known.native_id.clone());
        let names = PartialName { native_id, ..PartialName::default() };
        let mut handle = None;
        for lookup in manifest.resolve.iter().filter(|lookup| lookup.handle.is_some()) {
            let request = LookupRequest { manifest, lookup, names: &names, host };
            handle = handle.or(self.look_up(fetch, request).await?.handle);
        }
        Ok(handle)
    }

    /// The profiles of one request, by native id.
    async fn page_of(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: ProfileScope<'_>,
        subjects: &[FetchSubject],
    ) -> Result<HashMap<String, Observation>, StopReason> {
        let ids: Vec<&str> = subjects.iter().map(|one| one.named.native_id.as_str()).collect();
        let Some(first) = subjects.first() else { return Ok(HashMap::new()) };
        let stream = scope.stream_scope(first);
        let values = TemplateValues { native_ids: &ids, ..stream.values() };
        let request = stream.page_request(&scope.stream.requests, values);
        let answer = self.request_page(fetch, request).await?;
        let ProfilesPage { mut profiles, lacks_consent } =
            self.read_profiles(scope, subjects, &answer)?;
        if let (true, Some(rule)) = (lacks_consent, scope.rules.consent_elsewhere.as_deref())
            && let Some(Observation::Profile(profile)) = profiles.values_mut().next()
            && let Some(consent) = self.consent_elsewhere(fetch, stream, rule).await?
        {
            profile.consent = consent;
        }
        match profiles.is_empty() && scope.rules.batch == 1 {
            true => {
                let why = format!("{} answered without a profile", answer.host);
                Err(StopReason::Unreadable(why))
            }
            false => Ok(profiles),
        }
    }

    /// What the own page of a profile shows, whatever its owner allows. `None` if it is another profile's, or comes
    /// from another host than the one that its native id names: only that host speaks for it.
    pub(super) async fn own_words(
        &self,
        fetch: &mut FetchContext<'_>,
        subject: &FetchSubject,
    ) -> Result<Option<OwnPage>, StopReason> {
        let manifest = self.manifest(subject.platform);
        let scope = manifest.and_then(|one| ProfileScope::of(one, one.profile_stream()));
        let Some(scope) = scope.and_then(|scope| scope.missing().or(Some(scope))) else {
            return Ok(None);
        };
        let stream = scope.stream_scope(subject);
        let ids = [subject.named.native_id.as_str()];
        let values = TemplateValues { native_ids: &ids, ..stream.values() };
        let request = stream.page_request(&scope.stream.requests, values);
        let answer = self.request_page(fetch, request).await?;
        let host = scope.manifest.home_host(&subject.named);
        if host.is_some_and(|host| host != answer.host) {
            return Ok(None);
        }
        let paging = &scope.stream.paging;
        let (page, context) = (answer.page(&paging.shape)?, SelectorContext { host: &answer.host });
        well_formed(paging, &page, context)?;
        let mut own = None;
        for_each_record(paging, &page, &mut |record| {
            let record = ProfileRecord { rules: scope.rules, record, context };
            let names = record.names(scope.manifest);
            if names.native_id.as_ref() == Some(&subject.named.native_id) {
                let named = names.named(scope.manifest, subject.named.native_id.clone());
                own = Some(record.own_page(named));
            }
        });
        Ok(own)
    }

    fn read_profiles(
        &self,
        scope: ProfileScope<'_>,
        subjects: &[FetchSubject],
        answer: &PageAnswer,
    ) -> Result<ProfilesPage, StopReason> {
        let ProfileScope { manifest, stream, rules } = scope;
        let page = answer.page(&stream.paging.shape)?;
        let context = SelectorContext { host: &answer.host };
        well_formed(&stream.paging, &page, context)?;
        let is_forbidden = forbids_indexing(&answer.response);
        let single = <&[FetchSubject; 1]>::try_from(subjects).ok().map(|[only]| only);
        let elsewhere = rules.consent_elsewhere.as_deref().filter(|_| single.is_some());
        let mut read = ProfilesPage::default();
        for_each_record(&stream.paging, &page, &mut |record| {
            let record = ProfileRecord { rules, record, context };
            let mut names = record.names(manifest);
            if let Some(single) = single.filter(|_| has_name(&names)) {
                names.native_id.get_or_insert_with(|| single.named.native_id.clone());
            }
            let Some(native_id) = names.native_id.clone() else { return };
            read.lacks_consent |= elsewhere.is_some_and(|rule| rule.when.holds(record.record));
            let named = names.named(manifest, native_id.clone());
            let seen = match is_forbidden {
                true => Observation::Gone(GoneReason::Refused),
                false => self.seen_profile(record, names.local_id, named),
            };
            read.profiles.insert(native_id, seen);
        });
        Ok(read)
    }

    /// What another page than the profile's own says that its owner allows; `None` where there is none.
    async fn consent_elsewhere(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        rule: &ConsentElsewhere,
    ) -> Result<Option<Consent>, StopReason> {
        let request = scope.page_request(std::slice::from_ref(&rule.request), scope.values());
        let is_patient = scope.subject.attempt < FetchSubject::PATIENCE;
        let answer = match self.request_page(fetch, request).await {
            Ok(answer) => answer,
            Err(StopReason::Cut) => return Err(StopReason::Cut),
            Err(stop @ StopReason::Retry { .. }) if is_patient => return Err(stop),
            Err(_) => return Ok(None),
        };
        let page = answer.page(&rule.shape);
        Ok(page.ok().map(|page| consent(&rule.consent, &page)))
    }
}

/// Whether a batch may have failed because of one of its profiles. A host with passing trouble must not
/// get 25 requests instead of one.
fn is_spoilt(stop: &StopReason, first: &FetchSubject) -> bool {
    match stop {
        StopReason::Refused(_) | StopReason::Gone(_) | StopReason::Unreadable(_) => true,
        StopReason::Retry { after_ms: None, .. } => first.attempt >= FetchSubject::PATIENCE,
        _ => false,
    }
}

fn has_name(names: &PartialName) -> bool {
    names.handle.is_some() || names.local_id.is_some()
}

fn run(stream: &ManifestStream, end: Result<Observation, StopReason>, requests: u32) -> StreamRun {
    let (observation, outcome) = match end {
        Ok(observation) => (Some(observation), StreamOutcome::Done),
        Err(stop) => (stop.gone().map(Observation::Gone), stop.outcome(None)),
    };
    StreamRun {
        stream: stream.name.clone(),
        began: None,
        observations: observation.into_iter().collect(),
        outcome,
        requests,
        left_out: 0,
    }
}
