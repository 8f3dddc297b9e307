//! What a page costs: `cargo run --profile ci -p platforms --example page_cost`. Prints the CPU
//! time from the answer's bytes to observations, per page of 100 records.

use std::time::Instant;

use model::Platform;
use model::observation::NamedProfile;
use model::port::{Clock, Web, WebError, WebRequest, WebResponse};
use model::time::Timestamp;
use platforms::engine::{FetchContext, FetchMemory, FetchSubject, StreamProgress, Unlimited};
use platforms::{CrawlEngine, EngineSettings};

const ROUNDS: u32 = 10;
const SERIES: u32 = 500;

struct Page(Vec<u8>);

impl Web for Page {
    async fn fetch(&self, _: WebRequest) -> Result<WebResponse, WebError> {
        Ok(WebResponse { status: 200, headers: Vec::new(), body: self.0.clone() })
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A page of getFollows as the AppView sends it, about 550 bytes each.
fn follows() -> String {
    let person = |n: u32| {
        let did = format!("did:plc:{n:0>24}");
        format!(
            r#"{{"did":"{did}","handle":"user-{n}.bsky.social","displayName":"User Number {n}","avatar":"https://cdn.bsky.app/img/avatar/plain/{did}/bafkreihxq6a5lrv5vw5lxaqvs2xk3yoqvpc5r5ln7f4mopfb6z4b5dm4aq@jpeg","associated":{{"chat":{{"allowIncoming":"following"}},"activitySubscription":{{"allowSubscriptions":"followers"}}}},"labels":[],"createdAt":"2024-11-21T08:12:44.000Z","description":"Gardener, reader,\nand occasional baker of bread. Opinions are my own.","indexedAt":"2025-01-12T18:31:02.000Z"}}"#
        )
    };
    let people: Vec<String> = (0..100).map(person).collect();
    format!(r#"{{"follows":[{}],"cursor":""}}"#, people.join(","))
}

/// A page of an author feed: every fifth post is a repost, a reply, a mention.
fn feed() -> String {
    let post = |n: u32| {
        let author = format!(
            r#"{{"did":"did:plc:{:0>24}","handle":"u{n}.bsky.social","displayName":"User","avatar":"https://cdn.bsky.app/x@jpeg","labels":[]}}"#,
            n % 30
        );
        let facets = r#"[{"features":[{"$type":"app.bsky.richtext.facet#mention","did":"did:plc:mentioned"}],"index":{"byteStart":0,"byteEnd":9}}]"#;
        let reason = r#","reason":{"$type":"app.bsky.feed.defs#reasonRepost","by":{"did":"did:plc:me"},"indexedAt":"2026-01-01T00:00:00.000Z"}"#;
        let reply = format!(
            r#","reply":{{"root":{{"author":{author},"record":{{"text":"root"}}}},"parent":{{"author":{author},"record":{{"text":"parent"}}}}}}"#
        );
        let extra = match n % 5 {
            0 => reason,
            1 => &reply,
            _ => "",
        };
        let facets = if n % 5 == 2 { facets } else { "[]" };
        format!(
            r#"{{"post":{{"uri":"at://did:plc:me/app.bsky.feed.post/{n}","cid":"bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqrsizrwbaxyq","author":{author},"record":{{"$type":"app.bsky.feed.post","createdAt":"2026-01-01T00:00:00.{:0>3}Z","text":"{}","langs":["en"],"facets":{facets}}},"replyCount":1,"repostCount":2,"likeCount":3,"indexedAt":"2026-01-01T00:00:00.{:0>3}Z","labels":[]}}{extra}}}"#,
            999 - n,
            "words and words ".repeat(10),
            999 - n
        )
    };
    let posts: Vec<String> = (0..100).map(post).collect();
    format!(r#"{{"feed":[{}]}}"#, posts.join(","))
}

fn only(engine: &CrawlEngine, stream: &str) -> FetchSubject {
    let named = NamedProfile { native_id: "did:plc:me".to_owned(), ..NamedProfile::default() };
    let mut subject = FetchSubject::new(Platform::BLUESKY, named);
    let others = engine.streams().into_iter().filter(|info| info.stream != stream);
    let done = |stream| StreamProgress { stream, cursor: None, done: true };
    subject.progress.extend(others.map(|info| done(info.stream)));
    subject
}

async fn measure(engine: &CrawlEngine, stream: &str, body: String) {
    let bytes = body.len();
    let (web, memory, subject) =
        (Page(body.into_bytes()), FetchMemory::of_recordings(), only(engine, stream));
    let mut best = f64::MAX;
    for _ in 0..SERIES {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let mut limiter = Unlimited::default();
            let mut fetch = FetchContext::new(&web, &Still, &mut limiter, &memory);
            std::hint::black_box(engine.round(&mut fetch, &subject).await);
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(ROUNDS));
    }
    println!("{stream}: {:.1} us a page of {bytes} bytes", best * 1e6);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), platforms::EngineError> {
    let engine = CrawlEngine::new(EngineSettings::default())?;
    measure(&engine, "follows", follows()).await;
    measure(&engine, "posts", feed()).await;
    Ok(())
}
