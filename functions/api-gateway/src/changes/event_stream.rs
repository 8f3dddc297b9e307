//! Server-sent events: pages that the server asks itself for, one after the other, on the client's terms.
//!
//! Each page passes the key, its limits and its charge like any request, and is charged before it is written. The
//! `id` of events is the cursor of their page, and that of the last one is where the next page begins: who resumes
//! gets the page that was cut again, for nothing. The stream ends when its client leaves, when a page is refused,
//! after its time, or with its server, and says where to go on.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::accepted::{EVENT_STREAM, NDJSON, wants_stream};
use crate::query;
use crate::state::Gateway;

/// How long a stream lasts: less than what connections are kept for.
const LASTS: Duration = Duration::from_secs(14 * 60);

/// How long one page is waited for, in seconds; then there is a heartbeat.
const PAGE_WAIT: u32 = 14;

/// After how many milliseconds a client should come again.
const RETRY_MS: u32 = 1_000;

/// No page is larger.
const PAGE_BYTES_MAX: usize = 32 << 20;

/// Where a client that comes again was.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Headers of the stream that its pages do not have.
const OF_STREAM: [HeaderName; 4] = [ACCEPT, CONTENT_LENGTH, IF_NONE_MATCH, LAST_EVENT_ID];

/// Sends a stream where a client asks for one, and lets everything else pass.
pub(crate) async fn serve(
    State((gateway, routes)): State<(Gateway, Router)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_offered = path == "/v1/changes"
        || path.strip_prefix("/v1/consumers/").is_some_and(|rest| rest.ends_with("/changes"));
    if request.method() != Method::GET || !is_offered || !wants_stream(request.headers()) {
        return next.run(request).await;
    }
    let mut pages = PageSource::of(gateway, routes, &request);
    let first = pages.next(0).await;
    if let StreamedPage::Refused(refused) = first {
        return refused;
    }
    let opening = pages.frames(first).await.after(&format!("retry: {RETRY_MS}\n\n"));
    respond(OpenStream { due: Some(opening), is_ended: false, pages })
}

fn respond(state: OpenStream) -> Response {
    let frames = stream::unfold(state, |state| async move { state.next().await });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    response
}

/// A stream between two pages.
struct OpenStream {
    /// What is to be written before the next page is read.
    due: Option<Frames>,
    is_ended: bool,
    pages: PageSource,
}

impl OpenStream {
    /// What is written next; `None` at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, OpenStream)> {
        if self.is_ended {
            return None;
        }
        let frames = match self.due.take() {
            Some(due) => due,
            None => {
                let page = self.pages.next(PAGE_WAIT).await;
                self.pages.frames(page).await
            }
        };
        self.is_ended = frames.is_last;
        Some((Ok(Bytes::from(frames.text)), self))
    }
}

/// A text in the form of event streams.
struct Frames {
    text: String,
    is_last: bool,
}

impl Frames {
    fn on(text: String) -> Frames {
        Frames { text, is_last: false }
    }

    /// The same after another text.
    fn after(self, text: &str) -> Frames {
        Frames { text: text.to_owned() + &self.text, ..self }
    }
}

/// What a page was answered with.
enum StreamedPage {
    /// Its lines.
    Read(String),
    /// That its cursor is too old, and where what is kept begins.
    TooOld(String),
    /// That it is refused.
    Refused(Response),
    /// Nothing: the stream had its time.
    Over,
}

/// The pages of a stream.
struct PageSource {
    gateway: Gateway,
    routes: Router,
    path: String,
    /// The parameters but `cursor` and `wait`.
    pairs: Vec<(String, String)>,
    headers: HeaderMap,
    cursor: Option<String>,
    ends_at: Instant,
}

/// The last line of a page.
#[derive(Deserialize)]
struct PageLine {
    next_cursor: String,
}

/// What of a problem decides how a stream goes on.
#[derive(Deserialize)]
struct RefusedPage {
    code: String,
    floor: Option<String>,
}

impl PageSource {
    /// The pages that answer a request. Where its client was last counts more than where it began.
    fn of(gateway: Gateway, routes: Router, request: &Request) -> PageSource {
        // A query that cannot be read is refused with the first page.
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = query::pairs(query).unwrap_or_default();
        let given = pairs.iter().find(|(name, _)| name == "cursor").map(|(_, value)| value.clone());
        pairs.retain(|(name, _)| name != "cursor" && name != "wait");
        let mut headers = request.headers().clone();
        let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
        OF_STREAM.iter().for_each(|name| drop(headers.remove(name)));
        headers.insert(ACCEPT, HeaderValue::from_static(NDJSON));
        let cursor = last.filter(|id| !id.is_empty()).or(given);
        let (path, ends_at) = (request.uri().path().to_owned(), Instant::now() + LASTS);
        PageSource { gateway, routes, path, pairs, headers, cursor, ends_at }
    }

    /// The next page.
    async fn next(&mut self, wait: u32) -> StreamedPage {
        if Instant::now() >= self.ends_at || self.gateway.changes().is_ending() {
            return StreamedPage::Over;
        }
        let Ok(response) = self.routes.clone().oneshot(self.request(wait)).await;
        let is_read = response.status().is_success();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, PAGE_BYTES_MAX).await.unwrap_or_default();
        if is_read {
            return StreamedPage::Read(String::from_utf8_lossy(&body).into_owned());
        }
        let too_old = serde_json::from_slice(&body).ok().and_then(|refused: RefusedPage| {
            refused.floor.filter(|_| refused.code == "cursor_too_old")
        });
        match too_old {
            Some(floor) => StreamedPage::TooOld(floor),
            None => StreamedPage::Refused(Response::from_parts(parts, Body::from(body))),
        }
    }

    fn request(&self, wait: u32) -> Request {
        let mut pairs = self.pairs.clone();
        pairs.push(("wait".to_owned(), wait.to_string()));
        pairs.extend(self.cursor.clone().map(|cursor| ("cursor".to_owned(), cursor)));
        let uri = format!("{}?{}", self.path, query::canonical(pairs, &[]));
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse().unwrap_or_default();
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// A page in the form of event streams. The next one begins where it ends.
    async fn frames(&mut self, page: StreamedPage) -> Frames {
        match page {
            StreamedPage::Read(lines) => self.events(&lines),
            StreamedPage::TooOld(floor) => {
                let data = serde_json::json!({ "floor": floor });
                let frame = frame("reset", Some(&floor), &data.to_string());
                self.cursor = Some(floor);
                Frames::on(frame)
            }
            StreamedPage::Refused(refused) => {
                let body = to_bytes(refused.into_body(), PAGE_BYTES_MAX).await.unwrap_or_default();
                let text = frame("problem", None, &String::from_utf8_lossy(&body));
                Frames { text, is_last: true }
            }
            StreamedPage::Over => {
                let data = serde_json::json!({ "next_cursor": self.cursor });
                let text = frame("end", self.cursor.as_deref(), &data.to_string());
                Frames { text, is_last: true }
            }
        }
    }

    fn events(&mut self, lines: &str) -> Frames {
        let mut lines: Vec<&str> = lines.lines().collect();
        let end = lines.pop().and_then(|line| serde_json::from_str::<PageLine>(line).ok());
        let Some(PageLine { next_cursor }) = end else {
            let problem = r#"{"detail":"the page was cut: come again"}"#;
            return Frames { text: frame("problem", None, problem), is_last: true };
        };
        let begin = self.cursor.replace(next_cursor.clone());
        if lines.is_empty() {
            return Frames::on(format!(": heartbeat\nid: {next_cursor}\n\n"));
        }
        let last = lines.len() - 1;
        let frames = lines.iter().enumerate().map(|(at, line)| {
            let id = if at == last { Some(next_cursor.as_str()) } else { begin.as_deref() };
            frame(&kind(line), id, line)
        });
        Frames::on(frames.collect())
    }
}

/// The kind of an event.
fn kind(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    event["change"]["type"].as_str().unwrap_or("message").to_owned()
}

/// One event of a stream. JSON has no line breaks, so it is one line.
fn frame(kind: &str, id: Option<&str>, data: &str) -> String {
    let mut text = String::new();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {kind}\ndata: {data}\n\n");
    text
}
