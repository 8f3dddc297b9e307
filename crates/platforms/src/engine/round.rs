//! A profile's round: its lists, in the order of the manifest's plan.

use model::observation::Observation;

use super::CrawlEngine;
use super::context::FetchContext;
use super::run::StreamRun;
use super::stream_scope::StreamScope;
use super::subject::FetchSubject;
use crate::manifest::{ManifestStream, PlatformManifest, StreamKind};

impl CrawlEngine {
    /// Runs the streams of a profile's round that are not done, except for its own page, and ends early
    /// if the profile is gone. One result per stream that was not done yet, in the plan's order;
    /// nothing on a platform without a manifest.
    pub async fn round(
        &self,
        fetch: &mut FetchContext<'_>,
        subject: &FetchSubject,
    ) -> Vec<StreamRun> {
        fetch.reopen();
        let mut runs = Vec::new();
        for (manifest, stream) in self.left(subject) {
            let scene = StreamScope { manifest, stream, subject };
            let run = match &stream.kind {
                StreamKind::List(rules) => self.list(fetch, scene, rules).await,
                StreamKind::Interactions(rules) => self.feed(fetch, scene, rules).await,
                StreamKind::Profile(_) => continue,
            };
            let is_gone = run.observations.iter().any(|seen| matches!(seen, Observation::Gone(_)));
            runs.push(run);
            if is_gone {
                break;
            }
        }
        runs
    }

    /// The streams of a round that are still to be visited.
    fn left(&self, subject: &FetchSubject) -> Vec<(&PlatformManifest, &ManifestStream)> {
        let Some(manifest) = self.manifest(subject.platform) else { return Vec::new() };
        let planned = manifest.plan.iter().skip(1).map(|&index| &manifest.streams[index]);
        let is_left =
            |stream: &&ManifestStream| !subject.progress(&stream.name).is_some_and(|at| at.done);
        planned.filter(is_left).map(|stream| (manifest, stream)).collect()
    }
}
