//! The manifest language and its engine: foreign APIs in, observations out.
//!
//! A platform is a YAML file in `manifests/` (`docs/manifests.md` tells the language); the
//! [`Engine`] runs it through the [`Web`](model::port::Web) port, and [`http`] has the one HTTP
//! client.

mod claims;
pub mod engine;
mod html;
pub mod http;
mod limits;
mod manifest;
mod origin;
mod path;
mod template;
mod verdict;
mod window;

pub use engine::{Engine, EngineError, Settings};
pub use manifest::ManifestError;
pub use origin::{Origin, OriginError, Origins};
