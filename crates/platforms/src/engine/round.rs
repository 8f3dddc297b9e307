//! A profile's round: its lists, in the order of the manifest's plan.

use model::observation::Observation;
use model::port::{Clock, Web};

use super::Engine;
use super::run::StreamRun;
use super::scene::Scene;
use super::subject::Subject;
use super::via::{Gate, Via};
use crate::manifest::{Manifest, Stream, StreamKind};

impl Engine {
    /// Runs what is left of a profile's round, but for its own page, and ends early if the profile
    /// turns out to be gone. One result per stream that was not done yet, in the plan's order;
    /// nothing on a platform without a manifest.
    pub async fn round<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        subject: &Subject,
    ) -> Vec<StreamRun> {
        via.reopen();
        let mut runs = Vec::new();
        for (manifest, stream) in self.left(subject) {
            let scene = Scene { manifest, stream, subject };
            let run = match &stream.kind {
                StreamKind::List(rules) => self.list(via, scene, rules).await,
                StreamKind::Interactions(rules) => self.feed(via, scene, rules).await,
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
    fn left(&self, subject: &Subject) -> Vec<(&Manifest, &Stream)> {
        let Some(manifest) = self.manifest(subject.platform) else { return Vec::new() };
        let planned = manifest.plan.iter().skip(1).map(|&index| &manifest.streams[index]);
        let is_left = |stream: &&Stream| !subject.progress(&stream.name).is_some_and(|at| at.done);
        planned.filter(is_left).map(|stream| (manifest, stream)).collect()
    }
}
