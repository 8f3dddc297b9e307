//! The one HTTP client: bounded in time and size, polite by name, and closed to private addresses.
//!
//! Redirects are answers: following one is a new request, within the budget of the host that it leads
//! to. Only the origins of `--base-url` may be private or speak plain HTTP, and a redirect does not get
//! there from outside.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use model::port::{Web, WebError, WebRequest, WebResponse};
use model::webhook::PUBLIC_PORTS;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url, redirect};

use super::address::is_public;
use super::body::{BodyDecoder, BodyError};
use super::resolver::{NotPublic, PublicOnly};
use crate::origin::ServerOrigin;

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// A contact of the operator: a URL or an e-mail address, shown in the User-Agent. A crawl of the
    /// live web should have one.
    pub contact: String,
    /// Origins that may be private and speak plain HTTP; see [`OriginOverrides::exempt`](crate::OriginOverrides).
    pub exempt: Vec<ServerOrigin>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a host may be silent in the middle of an answer.
    pub silence_timeout: Duration,
    /// How long a request may take in all.
    pub total_timeout: Duration,
    /// The largest body, packed or unpacked.
    pub body_bytes_max: usize,
    /// Whether bodies are left unread: for those who only want the status and the headers.
    pub is_body_left: bool,
}

impl Default for ClientSettings {
    /// No contact, no exemption, 5 s to connect, 10 s of silence, 30 s in all, 8 MiB, or it is an error.
    fn default() -> ClientSettings {
        ClientSettings {
            contact: String::new(),
            exempt: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            silence_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            body_bytes_max: 8 << 20,
            is_body_left: false,
        }
    }
}

/// The client cannot be built from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("set up the HTTP client: {0}")]
pub struct ClientError(String);

/// [`Web`] over the Internet. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct WebClient {
    public: reqwest::Client,
    private: reqwest::Client,
    settings: ClientSettings,
}

impl WebClient {
    /// A client with its own connections.
    pub fn new(settings: ClientSettings) -> Result<WebClient, ClientError> {
        let user_agent = match settings.contact.as_str() {
            "" => concat!("Borg/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact => format!("Borg/{} (+{contact})", env!("CARGO_PKG_VERSION")),
        };
        let builder = || {
            reqwest::Client::builder()
                .user_agent(user_agent.clone())
                .connect_timeout(settings.connect_timeout)
                .read_timeout(settings.silence_timeout)
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .pool_max_idle_per_host(8)
        };
        let failed = |error: reqwest::Error| ClientError(reason(&error));
        Ok(WebClient {
            public: builder().dns_resolver(PublicOnly).build().map_err(failed)?,
            private: builder().build().map_err(failed)?,
            settings,
        })
    }

    async fn exchange(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        let bad = |url: &str| WebError::BadUrl(url.chars().take(200).collect());
        let url = Url::parse(&request.url).map_err(|_| bad(&request.url))?;
        let headers = headers(&request.headers).ok_or_else(|| bad(&request.url))?;
        let here = ServerOrigin::of(&url);
        let is_from_here = request
            .redirected_by
            .as_ref()
            .is_none_or(|from| Url::parse(from).is_ok_and(|from| ServerOrigin::of(&from) == here));
        let is_exempt = is_from_here && self.settings.exempt.contains(&here);
        let client = if is_exempt { &self.private } else { &self.public };
        check(&url, is_exempt)?;
        let answer = self.send(client, &url, &headers, request.body.as_deref()).await?;
        match self.settings.is_body_left {
            true => Ok(without_body(&answer)),
            false => self.read(answer, &host_of(&url)).await,
        }
    }

    async fn send(
        &self,
        client: &reqwest::Client,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<reqwest::Response, WebError> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method, url.clone()).headers(headers.clone());
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        request.send().await.map_err(|error| unreachable(&error, url))
    }

    async fn read(
        &self,
        mut answer: reqwest::Response,
        host: &str,
    ) -> Result<WebResponse, WebError> {
        let cap = self.settings.body_bytes_max;
        let fault = |fault| match fault {
            BodyError::TooLarge => {
                WebError::TooLarge { host: host.to_owned(), bytes_max: cap as u64 }
            }
            BodyError::Malformed(why) => WebError::Unreachable { host: host.to_owned(), why },
        };
        if answer.content_length().is_some_and(|length| length > cap as u64) {
            return Err(fault(BodyError::TooLarge));
        }
        let encoding = answer.headers().get("content-encoding");
        let mut body =
            BodyDecoder::new(encoding.and_then(|e| e.to_str().ok()), cap).map_err(fault)?;
        let mut packed = 0;
        while let Some(chunk) =
            answer.chunk().await.map_err(|error| unreachable(&error, answer.url()))?
        {
            packed += chunk.len();
            if packed > cap {
                return Err(fault(BodyError::TooLarge));
            }
            body.take(&chunk).map_err(fault)?;
        }
        Ok(WebResponse { body: body.finish().map_err(fault)?, ..without_body(&answer) })
    }
}

fn without_body(answer: &reqwest::Response) -> WebResponse {
    let headers = answer.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let (status, headers) = (answer.status().as_u16(), headers.collect());
    WebResponse { status, headers, body: Vec::new() }
}

impl Web for WebClient {
    async fn fetch(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        let host = Url::parse(&request.url).map_or_else(|_| String::new(), |url| host_of(&url));
        let limit = self.settings.total_timeout;
        tokio::time::timeout(limit, self.exchange(request)).await.unwrap_or_else(|_| {
            let why = format!("it took more than {} ms", limit.as_millis());
            Err(WebError::Unreachable { host, why })
        })
    }
}

/// Refuses what no public request may be: plain HTTP, odd ports, private addresses, secrets in
/// the URL. Names are checked when they are resolved.
fn check(url: &Url, is_exempt: bool) -> Result<(), WebError> {
    let bad = || WebError::BadUrl(url.as_str().chars().take(200).collect());
    let host = url.host_str().ok_or_else(bad)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad());
    }
    if is_exempt {
        return Ok(());
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !is_public(address)) {
        return Err(WebError::PrivateAddress(host.to_owned()));
    }
    let port = url.port_or_known_default().ok_or_else(bad)?;
    match url.scheme() == "https" && PUBLIC_PORTS.contains(&port) {
        true => Ok(()),
        false => Err(bad()),
    }
}

/// The headers of every request.
fn own_headers() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"))])
}

/// `None` if a header cannot be sent.
fn headers(pairs: &[(String, String)]) -> Option<HeaderMap> {
    let mut headers = own_headers();
    for (name, value) in pairs {
        let name = HeaderName::try_from(name).ok()?;
        headers.insert(name, HeaderValue::try_from(value).ok()?);
    }
    Some(headers)
}

fn host_of(url: &Url) -> String {
    ServerOrigin::of(url).host().to_owned()
}

/// The error of a failed exchange. A name without public addresses has an error of its own.
fn unreachable(error: &reqwest::Error, url: &Url) -> WebError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(NotPublic(name)) = cause.downcast_ref() {
            return WebError::PrivateAddress(name.clone());
        }
        source = cause.source();
    }
    WebError::Unreachable { host: host_of(url), why: reason(error) }
}

/// The innermost cause, which says most.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}
