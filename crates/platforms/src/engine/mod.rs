//! Runs manifests: a profile's pages and lists, page by page, into observations.

mod anchor;
mod checkpoint;
mod clean;
mod context;
mod domain;
mod feed;
mod feed_layers;
mod feed_page;
mod feed_reading;
mod items;
mod link;
mod list_page;
mod lists;
mod memory;
mod name_lookup;
mod names;
mod page_request;
mod paging;
mod partial_name;
mod profile_page;
mod profiles;
mod proof;
mod redirect;
mod request_page;
mod resolve;
mod robots;
mod robots_rules;
mod round;
mod run;
mod send;
mod stop_reason;
mod stream_scope;
mod streams;
mod subject;
mod values;
mod visit;
mod visit_pages;
mod watermark;

use std::sync::Arc;

use model::Platform;
use model::budget::HostLimit;
use model::identity::Claim;

pub use context::{ErasedWeb, FetchContext, NoToken, RateLimiter, Unlimited};
pub use memory::FetchMemory;
pub use proof::OwnPage;
pub use resolve::ResolveError;
pub use run::{HostReport, StreamOutcome, StreamRun};
pub use streams::StreamInfo;
pub use subject::{FetchSubject, StreamProgress};

use crate::claims;
use crate::manifest::{self, ManifestError, ManifestText, PlatformManifest};
use crate::origin::{OriginOverrides, ServerOrigin};
use crate::secrets::PlatformSecrets;
use crate::template::{TextTemplate, plain};

// `EMBEDDED`: the manifests that come with Borg, found by the build.
include!(concat!(env!("OUT_DIR"), "/manifests.rs"));

/// What differs from one installation to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineSettings {
    /// Servers that replace the manifests' own.
    pub origins: OriginOverrides,
    /// Tokens and keys by the names that manifests give them.
    pub secrets: PlatformSecrets,
    /// Manifests besides those that come with Borg. One of a platform that comes with it replaces that.
    pub manifests: Vec<ManifestText>,
    /// The most pages of a visit, where a manifest allows more.
    pub visit_pages_max: Option<u32>,
}

/// Why the engine cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Two files describe one platform.
    #[error("manifests {first} and {second} both describe `{platform}`: remove one of them")]
    Twice {
        /// The platform.
        platform: Platform,
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
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
pub struct CrawlEngine {
    manifests: Arc<[PlatformManifest]>,
    settings: Arc<EngineSettings>,
}

impl CrawlEngine {
    /// The engine with the manifests that come with Borg, and those of the settings. Every platform must be known:
    /// `model::Platform::learn`.
    pub fn new(settings: EngineSettings) -> Result<CrawlEngine, EngineError> {
        let mut manifests: Vec<PlatformManifest> = Vec::new();
        for (at, text) in settings.manifests.iter().enumerate() {
            let compiled = manifest::compile(&text.file, &text.yaml)?;
            let platform = compiled.platform;
            if let Some(other) = manifests.iter().position(|known| known.platform == platform) {
                let first = settings.manifests[other].file.clone();
                let second = settings.manifests[at].file.clone();
                return Err(EngineError::Twice { platform, first, second });
            }
            manifests.push(compiled);
        }
        for (file, yaml) in EMBEDDED {
            let compiled = manifest::compile(file, yaml)?;
            if !manifests.iter().any(|given| given.platform == compiled.platform) {
                manifests.push(compiled);
            }
        }
        manifests.sort_by_key(|manifest| manifest.platform);
        CrawlEngine::of(manifests, settings)
    }

    /// The engine with these manifests: file names (for errors) and texts.
    pub fn with_manifests(
        files: &[(&str, &str)],
        settings: EngineSettings,
    ) -> Result<CrawlEngine, EngineError> {
        let manifests: Vec<PlatformManifest> = files
            .iter()
            .map(|(file, yaml)| manifest::compile(file, yaml))
            .collect::<Result<_, _>>()?;
        CrawlEngine::of(manifests, settings)
    }

    fn of(
        mut manifests: Vec<PlatformManifest>,
        settings: EngineSettings,
    ) -> Result<CrawlEngine, EngineError> {
        let pages_max = settings.visit_pages_max.unwrap_or(u32::MAX);
        for stream in manifests.iter_mut().flat_map(|manifest| &mut manifest.streams) {
            stream.paging.pages_per_visit = stream.paging.pages_per_visit.min(pages_max);
        }
        let mut known: Vec<&str> = manifests
            .iter()
            .flat_map(|manifest| manifest.roles.iter().map(|role| role.name.as_str()))
            .collect();
        known.sort_unstable();
        if let Some(role) = settings.origins.roles().find(|role| !known.contains(role)) {
            let (role, known) = (role.to_owned(), known.join(", "));
            return Err(EngineError::UnknownRole { role, known });
        }
        Ok(CrawlEngine { manifests: manifests.into(), settings: Arc::new(settings) })
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
        let fixed = || ServerOrigin::parse(&filled(home.base.as_ref()?)?).ok();
        stand_in.or_else(fixed).map(|origin| origin.host().to_owned())
    }

    /// How many requests a host may get until it announces a limit of its own. `None` on platforms without
    /// a manifest.
    pub fn limit(&self, platform: Platform, host: &str) -> Option<HostLimit> {
        let manifest = self.manifest(platform)?;
        let is_at = |role: &&manifest::ServerRole| {
            let stand_in = self.settings.origins.of_role(&role.name).cloned();
            let fixed = || ServerOrigin::parse(&filled(role.base.as_ref()?)?).ok();
            stand_in.or_else(fixed).is_some_and(|origin| origin.host() == host)
        };
        let pace =
            |limit: &HostLimit| (u64::from(limit.requests) << 20) / u64::from(limit.window_ms);
        // One host may have several roles: the least of their limits holds for all.
        let here = manifest.roles.iter().filter(is_at).map(|role| role.limit).min_by_key(pace);
        let open = manifest.roles.iter().filter(|role| is_open(role)).map(|role| role.limit);
        here.or_else(|| open.max_by_key(pace)).or(Some(manifest.roles[manifest.home].limit))
    }

    /// The accounts, of any known platform, that a text or URL names.
    ///
    /// ```
    /// # use model::identity::Claim;
    /// # use platforms::{CrawlEngine, EngineSettings};
    /// let engine = CrawlEngine::new(EngineSettings::default())?;
    /// let claims = engine.recognise_claims("I am @ada@one.example, not ada@mail.example");
    /// let [Claim::Account { platform, target }] = claims.as_slice() else { panic!("{claims:?}") };
    /// assert_eq!((platform.slug(), target.as_str()), ("fediverse", "ada@one.example"));
    /// # Ok::<(), platforms::EngineError>(())
    /// ```
    pub fn recognise_claims(&self, text: &str) -> Vec<Claim> {
        claims::recognise(&self.manifests, text)
    }

    fn manifest(&self, platform: Platform) -> Option<&PlatformManifest> {
        self.manifests.iter().find(|manifest| manifest.platform == platform)
    }
}

/// A template without names, as text.
fn filled(template: &TextTemplate) -> Option<String> {
    template.fill(&|_| None, &plain).ok()
}

/// Whether a role's hosts are not known beforehand.
fn is_open(role: &manifest::ServerRole) -> bool {
    role.base.as_ref().is_none_or(|base| filled(base).is_none())
}
