//! A database, a clock that stands still, and a Bluesky of scripted answers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use model::budget::TokenLease;
use model::message::FetchJob;
use model::observation::NamedProfile;
use model::port::{Clock, Web, WebError, WebRequest, WebResponse};
use model::{Account, Platform, ProfileId};
use platform_fetch::{FetchDependencies, FetchSummary, HostCache, JOB_SECONDS, handle};
use platforms::engine::FetchMemory;
use platforms::{CrawlEngine, EngineSettings};
use store::Pg;
use store::pg::frontier::{self, CrawlSeeds};
use testkit::{Database, Frozen, database};

pub(crate) const HOST: &str = "public.api.bsky.app";

/// Answers by a part of the URL; the first part that the URL contains decides.
#[derive(Debug, Default)]
pub(crate) struct ScriptedWeb {
    answers: Mutex<BTreeMap<&'static str, WebResponse>>,
    requests: Mutex<Vec<String>>,
}

impl ScriptedWeb {
    /// Sets the answer to URLs with this part.
    pub(crate) fn answer(&self, part: &'static str, status: u16, body: &str) {
        self.answer_with(part, status, Vec::new(), body);
    }

    /// Sets the answer to URLs with this part, with headers.
    pub(crate) fn answer_with(
        &self,
        part: &'static str,
        status: u16,
        headers: Vec<(String, String)>,
        body: &str,
    ) {
        let response = WebResponse { status, headers, body: body.as_bytes().to_vec() };
        self.answers.lock().unwrap().insert(part, response);
    }

    /// The URLs that were requested since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

impl Web for ScriptedWeb {
    async fn fetch(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        self.requests.lock().unwrap().push(request.url.clone());
        let answers = self.answers.lock().unwrap();
        let fitting = answers.iter().find(|(part, _)| request.url.contains(**part));
        let empty = || {
            let body = br#"{"follows":[],"followers":[],"feed":[],"records":[],"lists":[]}"#;
            WebResponse { status: 200, headers: Vec::new(), body: body.to_vec() }
        };
        Ok(fitting.map_or_else(empty, |(_, answer)| answer.clone()))
    }
}

/// Everything that a job needs.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) clock: Frozen,
    pub(crate) web: ScriptedWeb,
    engine: CrawlEngine,
    memory: FetchMemory,
    hosts: HostCache,
}

impl World {
    /// A world whose hosts have no profiles.
    pub(crate) async fn new() -> World {
        let web = ScriptedWeb::default();
        let server = r#"{"service":[{"type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test"}]}"#;
        web.answer("plc.directory", 200, server);
        web.answer("getProfiles", 200, r#"{"profiles":[]}"#);
        World {
            database: database().await,
            clock: Frozen::default(),
            web,
            engine: CrawlEngine::new(EngineSettings::default()).unwrap(),
            memory: FetchMemory::of_recordings(),
            hosts: HostCache::new(),
        }
    }

    pub(crate) fn pg(&self) -> &Pg {
        self.database.pg()
    }

    pub(crate) fn dependencies(&self) -> FetchDependencies<'_> {
        FetchDependencies {
            pg: self.pg(),
            web: &self.web,
            clock: &self.clock,
            engine: &self.engine,
            memory: &self.memory,
            hosts: &self.hosts,
        }
    }

    /// Makes accounts with these native ids due.
    pub(crate) async fn add_due(&self, ids: &[&str]) {
        let named =
            |id: &&str| NamedProfile { native_id: (*id).to_owned(), ..NamedProfile::default() };
        let names: Vec<NamedProfile> = ids.iter().map(named).collect();
        let seeds =
            CrawlSeeds { platform: Platform::BLUESKY, names: &names, default_host: HOST, depth: 3 };
        frontier::seed(self.pg(), seeds, self.clock.now()).await.unwrap();
    }

    /// A job for the profiles that are due now; `None` if there are none.
    pub(crate) async fn job(&self) -> Option<FetchJob> {
        let now = self.clock.now();
        let due = frontier::due_hosts(self.pg(), now, 1).await.unwrap();
        let host = due.first()?.host.id;
        let claims = frontier::reserve(
            self.pg(),
            &[frontier::ReservationRequest::new(host, 100)],
            now,
            3_600,
        )
        .await
        .unwrap();
        let profiles = claims.into_iter().flat_map(|claim| claim.profiles).collect();
        let lease = TokenLease { tokens: 0, expires: now };
        Some(FetchJob { platform: Platform::BLUESKY, host: HOST.to_owned(), lease, profiles })
    }

    /// Runs a job within the time of an invocation.
    pub(crate) async fn run(&self, job: &FetchJob) -> FetchSummary {
        let deadline = self.clock.now() + jiff::SignedDuration::from_secs(JOB_SECONDS);
        handle(self.dependencies(), job, deadline).await.unwrap()
    }

    pub(crate) async fn counts(&self) -> frontier::FrontierCounts {
        frontier::counts(self.pg(), self.clock.now()).await.unwrap()
    }

    /// The profile with this native id or handle.
    pub(crate) async fn find(&self, handle: &str) -> Option<ProfileId> {
        let account = Account::new(Platform::BLUESKY, handle).unwrap();
        store::pg::profile::find(self.pg(), &[account]).await.unwrap()[0]
    }
}

/// The answer of getProfiles with one profile, and more fields of it.
pub(crate) fn profile_page(did: &str, handle: &str, fields: &str) -> String {
    format!(r#"{{"profiles":[{{"did":"{did}","handle":"{handle}"{fields}}}]}}"#)
}
