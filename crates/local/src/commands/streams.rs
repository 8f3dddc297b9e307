//! `borg streams`: every stream that can be read, and what a manifest's author needs.

mod trial;

use std::path::Path;

use anyhow::Result;
use model::Platform;
use platforms::engine::StreamInfo;
use platforms::{CrawlEngine, EngineSettings, ManifestText, manifest_schema};
use serde::Serialize;

use crate::cli::{StreamsArgs, StreamsCommand};
use crate::config::Config;
use crate::manifests;
use crate::output::{CommandOutput, CommandReport, print_line};

/// The streams, of one platform or of all.
#[derive(Debug, Serialize)]
struct StreamsReport {
    streams: Vec<StreamInfo>,
}

impl CommandReport for StreamsReport {}

/// Lists streams, or does what an author asked for. No database is opened.
pub(crate) async fn run(args: &StreamsArgs, config: &Config, output: CommandOutput) -> Result<()> {
    match &args.command {
        None => output.report(&all(args, config)?),
        Some(StreamsCommand::Check { file }) => output.report(&checked(file)?),
        Some(StreamsCommand::Try(args)) => output.report(&trial::trial(args, config).await?),
        Some(StreamsCommand::Schema) => {
            print_line(serde_json::to_string_pretty(&manifest_schema())?);
            Ok(())
        }
    }
}

/// The streams of the platforms that come with Borg, and of those that were added here.
fn all(args: &StreamsArgs, config: &Config) -> Result<StreamsReport> {
    let mut streams = engine(manifests::kept(&config.home)?)?.streams();
    if let Some(platform) = &args.platform {
        let platform: Platform = platform.parse()?;
        streams.retain(|stream| stream.platform == platform.slug());
    }
    Ok(StreamsReport { streams })
}

/// The streams of a manifest that is right.
fn checked(file: &Path) -> Result<StreamsReport> {
    let text = manifests::read_file(file)?;
    let platform = manifests::introduce(&text)?;
    let mut streams = engine(vec![text])?.streams();
    streams.retain(|stream| stream.platform == platform.slug());
    Ok(StreamsReport { streams })
}

fn engine(manifests: Vec<ManifestText>) -> Result<CrawlEngine> {
    manifests.iter().try_for_each(|text| manifests::introduce(text).map(drop))?;
    Ok(CrawlEngine::new(EngineSettings { manifests, ..EngineSettings::default() })?)
}
