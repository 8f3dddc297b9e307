//! What there is to read: every stream of every manifest, for `borg streams`.

use serde::Serialize;

use super::CrawlEngine;
use crate::manifest::{ManifestStream, PlatformManifest, StreamAuth, StreamKind};

/// One stream as people and `borg streams --json` see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// The platform's slug.
    pub platform: String,
    /// The APIs that the platform's hosts speak.
    pub dialects: Vec<String>,
    /// The stream's name.
    pub stream: String,
    /// What it is, in a few words.
    pub about: String,
    /// How it is read: `https, paged`, `https, 25 at a time`.
    pub transport: String,
    /// The secret that it needs: `none`, or the secret's name.
    pub auth: String,
    /// Requests per window that are assumed until the host announces its own.
    pub limits: String,
    /// What it yields: `profile`, `follow out`, `mention, reply, repost`.
    pub emits: String,
    /// What proves that it works.
    pub tested_by: String,
}

impl CrawlEngine {
    /// Every stream, by platform, in the order in which rounds run them; those that only replace
    /// others come last.
    pub fn streams(&self) -> Vec<StreamInfo> {
        let mut infos = Vec::new();
        for manifest in self.manifests.iter() {
            let planned = manifest.plan.iter().copied();
            let rest = (0..manifest.streams.len()).filter(|index| !manifest.plan.contains(index));
            infos.extend(planned.chain(rest).map(|index| info(manifest, &manifest.streams[index])));
        }
        infos
    }
}

fn info(manifest: &PlatformManifest, stream: &ManifestStream) -> StreamInfo {
    let role = stream.requests.first().map_or(0, |request| request.role);
    let limit = manifest.roles[role].limit;
    StreamInfo {
        platform: manifest.platform.to_string(),
        dialects: manifest.dialects.clone(),
        stream: stream.name.clone(),
        about: stream.about.clone(),
        transport: transport(stream),
        auth: match &stream.auth {
            StreamAuth::None => "none".to_owned(),
            StreamAuth::Bearer { secret } | StreamAuth::Header { secret, .. } => secret.clone(),
        },
        limits: format!("{} in {} s per host", limit.requests, limit.window_ms / 1_000),
        emits: emits(stream),
        tested_by: stream.tested_by.clone(),
    }
}

fn transport(stream: &ManifestStream) -> String {
    match &stream.kind {
        StreamKind::Profile(rules) if rules.batch > 1 => {
            format!("https, {} at a time", rules.batch)
        }
        StreamKind::Profile(_) => "https".to_owned(),
        _ => format!("https, pages of {}", stream.paging.page_size),
    }
}

fn emits(stream: &ManifestStream) -> String {
    match &stream.kind {
        StreamKind::Profile(_) => "profile, claims".to_owned(),
        StreamKind::List(rules) => {
            let side = match rules.direction {
                model::Direction::Out => "out",
                model::Direction::In => "in",
            };
            format!("{} {side}", rules.layer)
        }
        StreamKind::Interactions(rules) => {
            let layers = rules.layers();
            layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
    }
}
