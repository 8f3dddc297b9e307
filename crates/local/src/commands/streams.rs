//! `borg streams`: every stream that can be read, and what a manifest's author needs.

mod trial;

use std::path::Path;

use anyhow::Result;
use platforms::engine::StreamInfo;
use platforms::{CrawlEngine, EngineSettings, ManifestText, manifest_schema};
use serde::Serialize;
use store::objects::Folder;

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
        None => output.report(&all(args, config).await?),
        Some(StreamsCommand::Check { file }) => output.report(&checked(file)?),
        Some(StreamsCommand::Try(args)) => output.report(&trial::trial(args, config).await?),
        Some(StreamsCommand::Schema) => {
            print_line(serde_json::to_string_pretty(&manifest_schema())?);
            Ok(())
        }
    }
}

/// The streams of the platforms that come with Borg, and of those that were added here.
async fn all(args: &StreamsArgs, config: &Config) -> Result<StreamsReport> {
    let objects = config.home.join("objects");
    let kept = match objects.is_dir() {
        true => manifests::kept_texts(&Folder::open(&objects)?).await?,
        false => Vec::new(),
    };
    let mut streams = engine(kept)?.streams();
    if let Some(platform) = &args.platform {
        let platform = platform.parse::<model::Platform>()?;
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
