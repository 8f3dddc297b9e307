//! Profiles' own pages, many at a time where the platform can.

use std::collections::HashMap;

use model::identity::Claim;
use model::observation::{NamedProfile, Observation, SeenProfile};
use model::port::{Clock, Web};
use model::profile::{Consent, GoneReason, PersonKind};
use model::time::Timestamp;

use super::Engine;
use super::ask::Stop;
use super::clean;
use super::mark::visit;
use super::names::{Alias, alias, in_one_form, named};
use super::robots::forbids_indexing;
use super::run::{Outcome, StreamRun};
use super::scene::Scene;
use super::subject::Subject;
use super::values::Values;
use super::via::{Gate, Via};
use crate::claims::CLAIMS_MAX;
use crate::manifest::{ConsentElsewhere, Manifest, ProfileRules, Stream, StreamKind};
use crate::path::{Condition, Context, Node, Selector};

const NAME_CHARS_MAX: usize = 640;
const BIO_CHARS_MAX: usize = 5_000;

/// A page's profiles by native id.
type Seen = HashMap<String, Observation>;

impl Engine {
    /// Fetches the own pages of `subjects`, which are of one platform: one result each, in their
    /// order. A profile whose owner refuses to be indexed is seen as [`GoneReason::Refused`] and nothing
    /// of its words is returned. Empty on a platform without a manifest.
    pub async fn profiles<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        subjects: &[Subject],
    ) -> Vec<StreamRun> {
        via.reopen();
        let Some(manifest) = subjects.first().and_then(|first| self.manifest(first.platform))
        else {
            return Vec::new();
        };
        let stream = manifest.profile_stream();
        let StreamKind::Profile(rules) = &stream.kind else { return Vec::new() };
        let mut runs = Vec::with_capacity(subjects.len());
        for chunk in subjects.chunks(rules.batch) {
            let before = via.requests;
            let ends = match rules.batch {
                1 => vec![self.single(via, manifest, stream, &chunk[0]).await],
                _ => self.batch(via, manifest, stream, rules, chunk).await,
            };
            let mut requests = via.requests - before;
            for end in ends {
                runs.push(run(stream, end, std::mem::take(&mut requests)));
            }
        }
        runs
    }

    async fn batch<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        stream: &Stream,
        rules: &ProfileRules,
        chunk: &[Subject],
    ) -> Vec<Result<Observation, Stop>> {
        let missing = rules.missing.map(|index| &manifest.streams[index]);
        let mut seen = match self.page_of(via, manifest, stream, chunk).await {
            Ok(seen) => seen,
            // One bad name or value may spoil a batch: its profiles are then asked for one by one.
            Err(stop) if missing.is_some() && is_spoilt(&stop, &chunk[0]) => Seen::new(),
            Err(stop) => return vec![Err(stop); chunk.len()],
        };
        let mut ends = Vec::with_capacity(chunk.len());
        for subject in chunk {
            ends.push(match (seen.remove(&subject.named.native_id), missing) {
                (Some(observation), _) => Ok(observation),
                (None, Some(stream)) => self.single(via, manifest, stream, subject).await,
                (None, None) => Ok(Observation::Gone(GoneReason::Deleted)),
            });
        }
        ends
    }

    async fn single<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        stream: &Stream,
        subject: &Subject,
    ) -> Result<Observation, Stop> {
        let mut subject = subject.clone();
        if manifest.is_hosted() && subject.local_id.is_none() && subject.named.handle.is_none() {
            subject.named.handle = self.handle_of(via, manifest, &subject.named).await?;
        }
        let subjects = std::slice::from_ref(&subject);
        match self.page_of(via, manifest, stream, subjects).await {
            // Under that name there is somebody else now, or nobody.
            Ok(mut seen) => match seen.remove(&subject.named.native_id) {
                Some(observation) => self.as_others_know(via, manifest, observation).await,
                None => Ok(Observation::Gone(GoneReason::Deleted)),
            },
            Err(Stop::Gone(gone)) => Ok(Observation::Gone(gone)),
            Err(Stop::Empty | Stop::Hidden) => Ok(Observation::Gone(GoneReason::Deleted)),
            Err(stop) => Err(stop),
        }
    }

    /// The handle that a native id's own server tells.
    async fn handle_of<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        known: &NamedProfile,
    ) -> Result<Option<String>, Stop> {
        let host = known.host.as_deref().unwrap_or_default();
        let mut handle = None;
        for lookup in manifest.resolve.iter().filter(|lookup| lookup.handle.is_some()) {
            let native_id = Some(known.native_id.clone());
            let who = Alias { native_id, ..Alias::default() };
            handle = handle.or(self.tell(via, manifest, lookup, &who, host).await?.handle);
        }
        Ok(handle)
    }

    /// One request's profiles.
    async fn page_of<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        stream: &Stream,
        subjects: &[Subject],
    ) -> Result<Seen, Stop> {
        let StreamKind::Profile(rules) = &stream.kind else { return Ok(Seen::new()) };
        let ids: Vec<&str> = subjects.iter().map(|who| who.named.native_id.as_str()).collect();
        let Some(first) = subjects.first() else { return Ok(Seen::new()) };
        let scene = Scene { manifest, stream, subject: first };
        let values = Values { native_ids: &ids, ..scene.values() };
        let answer = self.ask(via, scene.ask(&stream.requests, values)).await?;
        let page = answer.page(&stream.paging.shape)?;
        let context = Context { host: &answer.host };
        super::scene::well_formed(&stream.paging, &page, context)?;
        let is_forbidden = forbids_indexing(&answer.response);
        let elsewhere = rules.consent_elsewhere.as_deref().filter(|_| subjects.len() == 1);
        let (mut seen, mut asks_elsewhere) = (Seen::new(), false);
        visit(&stream.paging, &page, &mut |record| {
            let mut who = in_one_form(manifest, alias(&rules.who, record, context));
            if subjects.len() == 1 && is_somebody(&who) {
                who.native_id.get_or_insert_with(|| first.named.native_id.clone());
            }
            if let Some(native_id) = who.native_id.clone() {
                let named = named(manifest, &who, native_id.clone());
                let profile = || self.profile(rules, record, context, (who, named));
                asks_elsewhere |= elsewhere.is_some_and(|rule| rule.when.holds(record));
                let refused = is_forbidden.then_some(Observation::Gone(GoneReason::Refused));
                seen.insert(native_id, refused.unwrap_or_else(profile));
            }
        });
        if let (true, Some(rule)) = (asks_elsewhere, elsewhere)
            && let Some(Observation::Profile(profile)) = seen.values_mut().next()
            && let Some(consent) = self.consent_elsewhere(via, scene, rule).await?
        {
            profile.consent = consent;
        }
        match seen.is_empty() && rules.batch == 1 {
            true => Err(Stop::Unreadable(format!("{} answered without a profile", answer.host))),
            false => Ok(seen),
        }
    }

    /// What another page than its own says that a profile's owner allows; `None` where there is none.
    async fn consent_elsewhere<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rule: &ConsentElsewhere,
    ) -> Result<Option<Consent>, Stop> {
        let ask = scene.ask(std::slice::from_ref(&rule.request), scene.values());
        let is_patient = scene.subject.attempt < Subject::PATIENCE;
        let answer = match self.ask(via, ask).await {
            Ok(answer) => answer,
            Err(Stop::Cut) => return Err(Stop::Cut),
            Err(stop @ Stop::Retry { .. }) if is_patient => return Err(stop),
            Err(_) => return Ok(None),
        };
        let page = answer.page(&rule.shape);
        Ok(page.ok().map(|page| consent(&rule.consent, &page)))
    }

    fn profile(
        &self,
        rules: &ProfileRules,
        record: &Node<'_>,
        context: Context<'_>,
        (who, named): (Alias, NamedProfile),
    ) -> Observation {
        let gone = rules.gone.iter().find(|(condition, _)| condition.holds(record));
        if let Some((_, gone)) = gone {
            return Observation::Gone(*gone);
        }
        let consent = consent(&rules.consent, record);
        if consent.has(Consent::REFUSED) {
            return Observation::Gone(GoneReason::Refused);
        }
        let text = |selector: &Option<Selector>| selector.as_ref()?.text(record, context);
        let count = |selector: &Option<Selector>| selector.as_ref()?.count(record, context);
        let kind = rules.kind.iter().find(|(condition, _)| condition.holds(record));
        Observation::Profile(Box::new(SeenProfile {
            display_name: text(&rules.display_name).and_then(|t| clean::words(&t, NAME_CHARS_MAX)),
            bio: text(&rules.bio).and_then(|t| clean::words(&t, BIO_CHARS_MAX)),
            avatar_url: text(&rules.avatar_url).and_then(clean::url),
            url: text(&rules.url).and_then(clean::url),
            followers: count(&rules.followers),
            following: count(&rules.following),
            posts: count(&rules.posts),
            kind: kind.map_or(PersonKind::Unknown, |(_, kind)| *kind),
            consent,
            created_at: text(&rules.created_at).and_then(|t| t.parse::<Timestamp>().ok()),
            local_id: who.local_id,
            server_handle: None,
            claims: self.claims(rules, record, context, &named),
            named,
        }))
    }

    /// What a profile says it also is, itself left out; sorted, each once.
    fn claims(
        &self,
        rules: &ProfileRules,
        record: &Node<'_>,
        context: Context<'_>,
        own: &NamedProfile,
    ) -> Vec<Claim> {
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

/// All that the rules that hold restrict.
fn consent(rules: &[(Condition, Consent)], record: &Node<'_>) -> Consent {
    let holding = rules.iter().filter(|(condition, _)| condition.holds(record));
    holding.fold(Consent::default(), |all, (_, one)| all.and(*one))
}

/// Whether a batch may fail for one of its profiles. A host that is in trouble for once is not asked
/// 25 times instead of once.
fn is_spoilt(stop: &Stop, first: &Subject) -> bool {
    match stop {
        Stop::Refused(_) | Stop::Gone(_) | Stop::Unreadable(_) => true,
        Stop::Retry { after_ms: None, .. } => first.attempt >= Subject::PATIENCE,
        _ => false,
    }
}

fn is_somebody(who: &Alias) -> bool {
    who.handle.is_some() || who.local_id.is_some()
}

fn run(stream: &Stream, end: Result<Observation, Stop>, requests: u32) -> StreamRun {
    let (observations, outcome) = match end {
        Ok(observation) => (vec![observation], Outcome::Done),
        Err(Stop::Cut) => (Vec::new(), Outcome::More { cursor: None }),
        Err(Stop::Retry { after_ms, why }) => {
            (Vec::new(), Outcome::Retry { cursor: None, after_ms, why })
        }
        Err(Stop::Unreadable(why)) => (Vec::new(), Outcome::Unreadable { cursor: None, why }),
        Err(Stop::Refused(why) | Stop::Disallowed(why)) => (Vec::new(), Outcome::Refused { why }),
        Err(Stop::Gone(gone)) => (vec![Observation::Gone(gone)], Outcome::Done),
        Err(Stop::Hidden | Stop::Empty) => {
            (vec![Observation::Gone(GoneReason::Deleted)], Outcome::Done)
        }
    };
    let stream = stream.name.clone();
    StreamRun { stream, began: None, observations, outcome, requests, left_out: 0 }
}
