//! `borg streams`: every stream that can be read.

use anyhow::Result;
use platforms::CrawlEngine;
use platforms::engine::StreamInfo;
use serde::Serialize;

use crate::cli::StreamsArgs;
use crate::output::CommandReport;

/// The streams, of one platform or of all.
#[derive(Debug, Serialize)]
pub(crate) struct StreamsReport {
    streams: Vec<StreamInfo>,
}

impl CommandReport for StreamsReport {}

/// Lists the streams of the platforms' manifests.
pub(crate) fn streams(args: &StreamsArgs) -> Result<StreamsReport> {
    let mut streams = CrawlEngine::new(platforms::EngineSettings::default())?.streams();
    if let Some(platform) = args.platform {
        streams.retain(|stream| stream.platform == platform.slug());
    }
    Ok(StreamsReport { streams })
}
