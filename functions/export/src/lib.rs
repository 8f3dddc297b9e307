//! An order to sealed files: part by part, charged at the end, rewritten where someone may not be named any more.
//!
//! | event | what follows | twice |
//! |---|---|---|
//! | an [`ExportJob`] | [`work()`]: the next parts, until time is up; after the last one the charge | nothing more |
//! | every few minutes | [`resume()`]: exports that stand still get a job; [`discard()`]: useless files are deleted | nothing more |
//! | every few minutes | [`archive()`]: complete stretches of the change stream are sealed as segments | nothing more |
//! | each hour | [`rewrite()`]: parts that name someone who may not be named any more are replaced | nothing more |
//!
//! A part is written from a place to a place, sealed under a key that is made of its contents, and then added to
//! the export in one transaction, if it is the next one still. So a worker may die anywhere, and of two workers one
//! goes on. Consent is read with the rows: who is not listed at that moment is not in the file, and a membership in a
//! sensitive community is only where its person's bio names the topic.
//!
//! [`ExportJob`]: model::message::ExportJob

mod archive;
mod consent;
mod dependencies;
mod discard;
mod error;
#[cfg(feature = "lambda")]
pub mod event;
mod part;
mod readmit;
mod resume;
mod rewrite;
mod rows;
pub mod schema;
mod work;

pub use archive::{ArchiveReport, archive};
pub use dependencies::ExportDependencies;
pub use discard::discard;
pub use error::ExportError;
pub use part::{PartForm, read_part};
pub use resume::{ResumeReport, resume, send};
pub use rewrite::{RewriteReport, rewrite};
pub use work::{WorkEnd, handle_message, work};
