//! A crawler as small as can be: it keeps in memory what the store keeps, by the same contract.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::observation::{ListCoverage, NamedProfile, Observation, SeenList, SeenProfile};
use model::port::{Clock, Web};
use model::time::Timestamp;
use model::{Direction, Layer, Platform};
use platforms::engine::{
    CrawlEngine, FetchContext, FetchMemory, FetchSubject, HostReport, ResolveError, StreamOutcome,
    StreamProgress, StreamRun, Unlimited,
};
use tokio::time::{Instant, sleep_until};

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// `(src, dst, layer)`.
pub(crate) type Arc3 = (String, String, Layer);

/// What a crawl found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) profiles: BTreeMap<String, SeenProfile>,
    pub(crate) gone: BTreeMap<String, model::profile::GoneReason>,
    pub(crate) hidden: BTreeSet<(String, Direction)>,
    pub(crate) refused: BTreeMap<String, String>,
    /// Count and last day.
    pub(crate) arcs: BTreeMap<Arc3, (u32, u16)>,
    pub(crate) watermarks: BTreeMap<(String, Layer), String>,
    pub(crate) requests: u32,
    pub(crate) left_out: u32,
    pub(crate) troubles: BTreeMap<String, u32>,
    pub(crate) news: Vec<HostReport>,
    /// Until when hosts asked to be left alone.
    pause: Option<Instant>,
}

/// Crawls everything that the seeds lead to.
pub(crate) async fn crawl<W: Web>(
    engine: &CrawlEngine,
    web: &W,
    seeds: Vec<FetchSubject>,
) -> Found {
    let memory = FetchMemory::new();
    let mut found = Found::default();
    let mut known: BTreeSet<String> = seeds.iter().map(|s| s.named.native_id.clone()).collect();
    let mut queue: VecDeque<FetchSubject> = seeds.into();
    while !queue.is_empty() {
        if let Some(pause) = found.pause.take() {
            sleep_until(pause).await;
        }
        let batch = next_batch(&mut queue);
        let mut limiter = Unlimited::default();
        let mut fetch = FetchContext::new(web, &System, &mut limiter, &memory);
        let runs = engine.profiles(&mut fetch, &batch).await;
        assert_eq!(runs.len(), batch.len());
        for (mut subject, run) in batch.into_iter().zip(runs) {
            if !found.take_profile(&mut subject, run, &mut queue) {
                continue;
            }
            let runs = engine.round(&mut fetch, &subject).await;
            for named in found.take_round(&mut subject, runs, &mut queue) {
                if known.insert(named.native_id.clone()) {
                    queue.push_back(FetchSubject::new(subject.platform, named));
                }
            }
        }
        found.news.extend(fetch.take_reports());
        found.requests += fetch.requests();
    }
    found
}

/// Up to 25 subjects of the first one's platform and host.
fn next_batch(queue: &mut VecDeque<FetchSubject>) -> Vec<FetchSubject> {
    let key = |subject: &FetchSubject| (subject.platform, subject.named.host.clone());
    let first = key(&queue[0]);
    let mut batch = Vec::new();
    let mut rest = VecDeque::new();
    for subject in queue.drain(..) {
        match key(&subject) == first && batch.len() < 25 {
            true => batch.push(subject),
            false => rest.push_back(subject),
        }
    }
    *queue = rest;
    batch
}

impl Found {
    /// Whether the round may go on with its lists.
    fn take_profile(
        &mut self,
        subject: &mut FetchSubject,
        run: StreamRun,
        queue: &mut VecDeque<FetchSubject>,
    ) -> bool {
        let id = subject.named.native_id.clone();
        match run.outcome {
            StreamOutcome::Done => {}
            StreamOutcome::Refused { why } => {
                self.refused.insert(id, why);
                return false;
            }
            StreamOutcome::More { .. }
            | StreamOutcome::Retry { .. }
            | StreamOutcome::Unreadable { .. } => {
                self.again(subject, run.outcome, queue);
                return false;
            }
        }
        match run.observations.into_iter().next() {
            Some(Observation::Profile(seen)) => {
                subject.learn(&seen);
                self.profiles.insert(id, *seen);
                true
            }
            Some(Observation::Gone(gone)) => {
                self.gone.insert(id, gone);
                false
            }
            other => panic!("a profile stream gave {other:?}"),
        }
    }

    fn again(
        &mut self,
        subject: &FetchSubject,
        outcome: StreamOutcome,
        queue: &mut VecDeque<FetchSubject>,
    ) {
        let mut subject = subject.clone();
        let trouble = match outcome {
            StreamOutcome::Retry { why, after_ms, .. } => Some((why, after_ms)),
            StreamOutcome::Unreadable { why, .. } => Some((why, None)),
            _ => None,
        };
        if let Some((why, after_ms)) = trouble {
            *self.troubles.entry(why).or_default() += 1;
            let pause = Instant::now() + Duration::from_millis(after_ms.unwrap_or(0));
            self.pause = self.pause.max(Some(pause));
            subject.attempt += 1;
        }
        match subject.attempt < 12 {
            true => queue.push_back(subject),
            false => {
                self.refused.insert(subject.named.native_id, "too many attempts".to_owned());
            }
        }
    }

    /// Everybody seen.
    fn take_round(
        &mut self,
        subject: &mut FetchSubject,
        runs: Vec<StreamRun>,
        queue: &mut VecDeque<FetchSubject>,
    ) -> Vec<NamedProfile> {
        let mut everybody = Vec::new();
        let mut worst = None;
        for run in runs {
            self.left_out += run.left_out;
            let began = subject.progress.iter().find(|at| at.stream == run.stream);
            assert_eq!(began.and_then(|at| at.cursor.clone()), run.began);
            for observation in run.observations {
                match observation {
                    Observation::List(list) => {
                        everybody.extend(self.take_list(subject, list));
                    }
                    Observation::Gone(gone) => {
                        self.gone.insert(subject.named.native_id.clone(), gone);
                        return everybody;
                    }
                    Observation::Profile(_) => panic!("a list stream gave a profile"),
                }
            }
            subject.progress.retain(|at| at.stream != run.stream);
            subject.progress.push(StreamProgress {
                stream: run.stream.clone(),
                cursor: run.outcome.cursor().map(str::to_owned),
                done: run.outcome.is_final(),
            });
            match run.outcome {
                StreamOutcome::Done => {}
                StreamOutcome::Refused { why } => {
                    self.refused.insert(format!("{} {}", subject.named.native_id, run.stream), why);
                }
                outcome => worst = Some(outcome),
            }
        }
        if let Some(outcome) = worst {
            self.again(subject, outcome, queue);
        }
        everybody
    }

    fn take_list(&mut self, subject: &mut FetchSubject, list: SeenList) -> Vec<NamedProfile> {
        let own = &subject.named.native_id;
        if list.coverage == ListCoverage::Hidden {
            assert!(list.arcs.is_empty());
            self.hidden.insert((own.clone(), list.direction));
        }
        if let ListCoverage::Newer { watermark: Some(watermark) } = &list.coverage {
            subject.watermarks.retain(|(layer, _)| *layer != list.layer);
            subject.watermarks.push((list.layer, watermark.clone()));
            self.watermarks.insert((own.clone(), list.layer), watermark.clone());
        }
        for arc in &list.arcs {
            let other = &arc.other.native_id;
            let key = match list.direction {
                Direction::Out => (own.clone(), other.clone(), list.layer),
                Direction::In => (other.clone(), own.clone(), list.layer),
            };
            let sum = self.arcs.entry(key).or_default();
            sum.0 += arc.count;
            sum.1 = sum.1.max(arc.last_day.0);
        }
        list.arcs.into_iter().map(|arc| arc.other).collect()
    }
}

/// Resolves handles to subjects.
pub(crate) async fn seeds<W: Web>(
    engine: &CrawlEngine,
    web: &W,
    platform: Platform,
    handles: &[&str],
) -> Vec<FetchSubject> {
    let memory = FetchMemory::new();
    let mut limiter = Unlimited::default();
    let mut fetch = FetchContext::new(web, &System, &mut limiter, &memory);
    let mut subjects = Vec::new();
    for handle in handles {
        let account = model::Account::new(platform, handle).unwrap();
        let mut found = engine.resolve(&mut fetch, &account).await;
        for _ in 0..5 {
            if let Err(ResolveError::Retry { .. }) = found {
                found = engine.resolve(&mut fetch, &account).await;
            }
        }
        subjects.push(found.unwrap());
    }
    subjects
}

/// The system's clock for the sample web.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(System)
}
