//! One visit to one stream, whatever the plan says: to try a manifest.

use super::CrawlEngine;
use super::context::FetchContext;
use super::run::StreamRun;
use super::stream_scope::StreamScope;
use super::subject::FetchSubject;
use crate::manifest::StreamKind;

impl CrawlEngine {
    /// Visits the stream of this name for one profile; a stream of profiles is that of the plan. `None` if the
    /// platform has no such stream.
    pub async fn visit(
        &self,
        fetch: &mut FetchContext<'_>,
        subject: &FetchSubject,
        stream: &str,
    ) -> Option<StreamRun> {
        let manifest = self.manifest(subject.platform)?;
        let stream = manifest.streams.iter().find(|known| known.name == stream)?;
        let scene = StreamScope { manifest, stream, subject };
        fetch.reopen();
        match &stream.kind {
            StreamKind::List(rules) => Some(self.list(fetch, scene, rules).await),
            StreamKind::Interactions(rules) => Some(self.feed(fetch, scene, rules).await),
            StreamKind::Profile(_) => {
                self.profiles(fetch, std::slice::from_ref(subject)).await.pop()
            }
        }
    }
}
