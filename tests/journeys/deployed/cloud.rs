//! The emulator's services, by their own protocols, as far as a journey needs them.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use store::Pg;
use store::pg::frontier;
use tokio::runtime::Runtime;

use super::config;
use crate::borg::Borg;

/// How long nothing must be due for a crawl to have ended: as for `borg crawl`.
const IDLE_SECONDS: i64 = 15;

/// A stack in the emulator.
pub(super) struct Cloud {
    note: Value,
    client: Client,
    pg: Pg,
    runtime: Runtime,
}

impl Cloud {
    /// The stack that is deployed.
    pub(super) fn deployed() -> Option<Cloud> {
        let Some(note) = config::deployed() else {
            eprintln!("SKIPPED: BORG_DEPLOYED is not set: `make test-deployed` sets it");
            return None;
        };
        let runtime = Runtime::new().expect("a runtime starts");
        let url = note["database_url"].as_str().expect("the note has the database");
        let pg = runtime.block_on(Pg::connect(url, 1)).expect("the database answers");
        Some(Cloud { client: Client::new(), pg, runtime, note })
    }

    fn text(&self, name: &str) -> &str {
        self.note[name].as_str().unwrap_or_else(|| panic!("the stack has no {name}"))
    }

    /// `borg` on the stack's database, with the stack's secret.
    pub(super) fn borg(&self) -> Borg {
        let borg = Borg::on(self.text("database_url"));
        std::fs::create_dir(borg.path(".borg")).expect("the folder is new");
        borg.write(".borg/secret", self.text("server_secret"));
        borg
    }

    fn send_request(&self, request: RequestBuilder) -> (u16, Value, String) {
        self.runtime.block_on(async {
            let answer = request.send().await.expect("the emulator answers");
            let failure = answer.headers().get("x-amz-function-error").is_some();
            let status = if failure { 599 } else { answer.status().as_u16() };
            let text = answer.text().await.expect("the answer is text");
            (status, serde_json::from_str(&text).unwrap_or_default(), text)
        })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text("endpoint"))
    }

    fn good(&self, request: RequestBuilder) -> Value {
        let (status, value, text) = self.send_request(request);
        assert!((200..300).contains(&status), "{status}: {text}");
        value
    }

    /// Invokes the function that this output names, and returns its answer.
    pub(super) fn invoke(&self, output: &str, payload: Value) -> Value {
        let name = self.text(output);
        let url = self.at(&format!("/2015-03-31/functions/{name}/invocations"));
        self.good(self.client.post(url).body(payload.to_string()))
    }

    /// Gives the crawling functions other origins than the live web's.
    pub(super) fn stand_in(&self, base_urls: &str) {
        for output in ["CrawlDispatchFunction", "PlatformFetchFunction"] {
            let name = self.text(output);
            let url = self.at(&format!("/2015-03-31/functions/{name}/configuration"));
            let mut config = self.good(self.client.get(&url));
            let mut environment = config["Environment"].take();
            environment["Variables"]["BASE_URLS"] = json!(base_urls);
            let change = json!({"Environment": environment});
            self.good(self.client.put(&url).body(change.to_string()));
        }
    }

    fn sqs(&self, action: &str, output: &str, mut body: Value) -> Value {
        body["QueueUrl"] = json!(self.text(output));
        let request = self.client.post(self.at("/")).body(body.to_string());
        let request = request.header("x-amz-target", format!("AmazonSQS.{action}"));
        self.good(request.header("content-type", "application/x-amz-json-1.0"))
    }

    /// Sends a message to the queue that this output names.
    pub(super) fn send(&self, output: &str, body: &str) {
        self.sqs("SendMessage", output, json!({"MessageBody": body}));
    }

    /// How many messages wait in a queue, visible or not.
    pub(super) fn waiting(&self, output: &str) -> u64 {
        let answer = self.sqs("GetQueueAttributes", output, json!({"AttributeNames": ["All"]}));
        let count = |name: &str| {
            let text = answer["Attributes"][name].as_str().unwrap_or("0");
            text.parse::<u64>().expect("a count is a number")
        };
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }

    /// The messages that can be seen in a queue, which stay there.
    pub(super) fn look(&self, output: &str) -> Vec<String> {
        let ask = json!({"MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let answer = self.sqs("ReceiveMessage", output, ask);
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|one| one["Body"].as_str().map(str::to_owned)).collect()
    }

    /// How many objects there are under a prefix (1,000 at most are counted).
    pub(super) fn objects(&self, prefix: &str) -> usize {
        let bucket = self.text("ObjectsBucket");
        let url = self.at(&format!("/{bucket}?list-type=2&prefix={prefix}"));
        self.send_request(self.client.get(url)).2.matches("<Key>").count()
    }

    /// Asks the API; status and body.
    pub(super) fn get(&self, path: &str, key: Option<&str>) -> (u16, Value) {
        let mut request = self.client.get(format!("{}{path}", self.text("api_url")));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let (status, value, _) = self.send_request(request);
        (status, value)
    }

    /// Sends the API any request with a key and headers; status, headers and body.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        (key, headers): (&str, &[(&str, &str)]),
        body: Option<&Value>,
    ) -> (u16, HeaderMap, Value) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method is a word");
        let mut request = self.client.request(method, format!("{}{path}", self.text("api_url")));
        request = request.bearer_auth(key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.runtime.block_on(async {
            let answer = request.send().await.expect("the emulator answers");
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let text = answer.text().await.expect("the answer is text");
            (status, headers, serde_json::from_str(&text).unwrap_or_default())
        })
    }

    /// Whether no job waits and nothing will be due soon.
    pub(super) fn is_crawled(&self) -> bool {
        let wake =
            self.runtime.block_on(frontier::next_wake(&self.pg)).expect("the database answers");
        let now = model::port::Clock::now(&store::clock::System);
        let idle = wake.is_none_or(|wake| wake.as_second() > now.as_second() + IDLE_SECONDS);
        idle && self.waiting("FetchQueueUrl") == 0
    }

    /// Waits until it is so, looking once a second.
    pub(super) fn wait(&self, what: &str, at_most: Duration, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < at_most, "{what}: not within {at_most:?}");
            std::thread::sleep(Duration::from_secs(1));
        }
        eprintln!("{what}: after {} s", began.elapsed().as_secs());
    }
}
