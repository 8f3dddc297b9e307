//! Runs manifests: a profile's pages and lists, page by page, into observations.

mod ask;
mod clean;
mod feed;
mod items;
mod known_as;
mod link;
mod lists;
mod mark;
mod memory;
mod names;
mod people;
mod posts;
mod profiles;
mod resolve;
mod robots;
mod round;
mod run;
mod scene;
mod send;
mod streams;
mod subject;
mod values;
mod via;
mod watermark;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Platform;
use model::budget::HostLimit;
use model::identity::Claim;

pub use memory::Memory;
pub use resolve::ResolveError;
pub use run::{HostNews, Outcome, StreamRun};
pub use streams::StreamInfo;
pub use subject::{Progress, Subject};
pub use via::{Gate, NoToken, OpenGate, Via};

use crate::claims;
use crate::manifest::{self, Manifest, ManifestError};
use crate::origin::{Origin, Origins};
use crate::template::Template;

/// The manifests that come with Borg: file and text.
const EMBEDDED: [(&str, &str); 2] = [
    ("bluesky.yaml", include_str!("../../manifests/bluesky.yaml")),
    ("fediverse.yaml", include_str!("../../manifests/fediverse.yaml")),
];

/// What differs from one installation to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Servers that stand in for the manifests' own.
    pub origins: Origins,
    /// Tokens and keys by the names that manifests give them.
    pub secrets: BTreeMap<String, String>,
}

/// Why the engine cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// An origin is given for a role that no manifest has.
    #[error("unknown role `{role}`: take one of {known}")]
    UnknownRole {
        /// The role.
        role: String,
        /// The roles there are.
        known: String,
    },
}

/// All manifests, ready to run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    manifests: Arc<[Manifest]>,
    settings: Arc<Settings>,
}

impl Engine {
    /// The engine with the manifests that come with Borg.
    pub fn new(settings: Settings) -> Result<Engine, EngineError> {
        Engine::with_manifests(&EMBEDDED, settings)
    }

    /// The engine with manifests of one's own: file names (for complaints) and texts.
    pub fn with_manifests(
        files: &[(&str, &str)],
        settings: Settings,
    ) -> Result<Engine, EngineError> {
        let manifests: Vec<Manifest> = files
            .iter()
            .map(|(file, yaml)| manifest::compile(file, yaml))
            .collect::<Result<_, _>>()?;
        let mut known: Vec<&str> = manifests
            .iter()
            .flat_map(|manifest| manifest.roles.iter().map(|role| role.name.as_str()))
            .collect();
        known.sort_unstable();
        if let Some(role) = settings.origins.roles().find(|role| !known.contains(role)) {
            let (role, known) = (role.to_owned(), known.join(", "));
            return Err(EngineError::UnknownRole { role, known });
        }
        Ok(Engine { manifests: manifests.into(), settings: Arc::new(settings) })
    }

    /// The platforms that can be crawled.
    pub fn platforms(&self) -> Vec<Platform> {
        self.manifests.iter().map(|manifest| manifest.platform).collect()
    }

    /// The host that serves a platform's profiles; `None` where each has its own, which is then
    /// in `Named::host`, and on platforms without a manifest.
    pub fn default_host(&self, platform: Platform) -> Option<String> {
        let manifest = self.manifest(platform)?;
        let home = &manifest.roles[manifest.home];
        if manifest.is_hosted() {
            return None;
        }
        let stand_in = self.settings.origins.of_role(&home.name).cloned();
        let fixed = || Origin::parse(&filled(home.base.as_ref()?)?).ok();
        stand_in.or_else(fixed).map(|origin| origin.host().to_owned())
    }

    /// What a host may be asked until it announces a limit of its own. `None` on platforms without
    /// a manifest.
    pub fn limit(&self, platform: Platform, host: &str) -> Option<HostLimit> {
        let manifest = self.manifest(platform)?;
        let is_at = |role: &&manifest::Role| {
            let stand_in = self.settings.origins.of_role(&role.name).cloned();
            let fixed = || Origin::parse(&filled(role.base.as_ref()?)?).ok();
            stand_in.or_else(fixed).is_some_and(|origin| origin.host() == host)
        };
        let pace =
            |limit: &HostLimit| (u64::from(limit.requests) << 20) / u64::from(limit.window_ms);
        // Several roles may stand on one host: the least of their limits holds for all.
        let here = manifest.roles.iter().filter(is_at).map(|role| role.limit).min_by_key(pace);
        let open = manifest.roles.iter().filter(|role| is_open(role)).map(|role| role.limit);
        here.or_else(|| open.max_by_key(pace)).or(Some(manifest.roles[manifest.home].limit))
    }

    /// The accounts, of any known platform, that a text or URL names.
    pub fn recognise_claims(&self, text: &str) -> Vec<Claim> {
        claims::recognise(&self.manifests, text)
    }

    fn manifest(&self, platform: Platform) -> Option<&Manifest> {
        self.manifests.iter().find(|manifest| manifest.platform == platform)
    }
}

/// A template without names, as text.
fn filled(template: &Template) -> Option<String> {
    template.fill(&|_| None, &crate::template::plain).ok()
}

/// Whether a role's hosts are not known beforehand.
fn is_open(role: &manifest::Role) -> bool {
    role.base.as_ref().is_none_or(|base| filled(base).is_none())
}
