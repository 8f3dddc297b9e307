//! Recorded answers instead of the Internet: for tests, and for replaying what a crawl saw.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use model::port::{Web, WebError, WebRequest, WebResponse};
use serde::{Deserialize, Serialize};

/// One request and its answer. In files: a JSON list of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAnswer {
    /// The whole URL.
    pub url: String,
    /// The HTTP status; 200 if not given.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header names in lower case, and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

const fn ok() -> u16 {
    200
}

/// Recordings that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the recordings of {file}: {why}")]
pub struct RecordingError {
    file: String,
    why: String,
}

/// [`Web`] from recordings. Several of one URL answer in their order, the last one for ever; what
/// was not recorded is a 404.
#[derive(Debug, Default)]
pub struct RecordedWeb {
    answers: HashMap<String, Vec<WebResponse>>,
    asked: Mutex<Vec<WebRequest>>,
}

impl RecordedWeb {
    /// From a list.
    pub fn new(recordings: impl IntoIterator<Item = RecordedAnswer>) -> RecordedWeb {
        let mut recorded = RecordedWeb::default();
        for recording in recordings {
            recorded.add(recording);
        }
        recorded
    }

    /// One answer of 200 that is not text.
    pub fn of_bytes(url: String, body: Vec<u8>) -> RecordedWeb {
        let response = WebResponse { status: 200, headers: Vec::new(), body };
        RecordedWeb { answers: HashMap::from([(url, vec![response])]), ..RecordedWeb::default() }
    }

    /// From a JSON file.
    pub fn read(file: &Path) -> Result<RecordedWeb, RecordingError> {
        let fail = |why: String| RecordingError { file: file.display().to_string(), why };
        let bytes = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
        let list: Vec<RecordedAnswer> =
            serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
        Ok(RecordedWeb::new(list))
    }

    /// One more.
    pub fn add(&mut self, recording: RecordedAnswer) {
        let RecordedAnswer { url, status, headers, body } = recording;
        let response = WebResponse { status, headers, body: body.into_bytes() };
        self.answers.entry(url).or_default().push(response);
    }

    /// Every request so far, in order.
    pub fn asked(&self) -> Vec<WebRequest> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Web for RecordedWeb {
    async fn fetch(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        if !request.url.starts_with("http://") && !request.url.starts_with("https://") {
            return Err(WebError::BadUrl(request.url));
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = asked.iter().filter(|earlier| earlier.url == request.url).count();
        let answers = self.answers.get(&request.url).map_or(&[][..], Vec::as_slice);
        let answer = answers.get(turn).or(answers.last()).cloned();
        let url = request.url.clone();
        asked.push(request);
        Ok(answer.unwrap_or_else(|| WebResponse {
            status: 404,
            headers: Vec::new(),
            body: format!("not recorded: {url}").into_bytes(),
        }))
    }
}
