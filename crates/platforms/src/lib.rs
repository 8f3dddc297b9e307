//! The manifest language and its engine: foreign APIs in, observations out.
//!
//! A platform is a YAML file in `manifests/` (`docs/manifests.md` describes the language); the
//! [`CrawlEngine`] runs it through the [`Web`](model::port::Web) port, and [`http`] has the one HTTP
//! client.

mod claims;
pub mod engine;
mod html;
pub mod http;
pub mod language;
mod limits;
mod manifest;
mod origin;
mod path;
mod secrets;
mod template;
mod verdict;
mod window;

pub use engine::{CrawlEngine, EngineError, EngineSettings};
pub use limits::retry_after;
pub use manifest::{ManifestError, ManifestText, manifest_schema};
pub use origin::{OriginError, OriginOverrides, ServerOrigin};
pub use secrets::{PlatformSecrets, SecretError};
