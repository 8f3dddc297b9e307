//! A host that answers nonsense, or without end, costs neither memory nor time, and nothing of it
//! enters the record.

use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::borg::Borg;

/// How an answer begins whose length is told after it.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";

/// The bodies that never end, in all and in parts.
const ENDLESS: usize = 5_000_000_000;
const PART: usize = 1_000_000;

/// More than Borg takes of any answer, and what a connection has under way.
const TAKEN_MAX: u64 = 100_000_000;

type Answer = fn(&mut Wire) -> Result<()>;

/// What a host answers, and words that Borg must say of it.
const ANSWERS: &[(&str, Answer, &[&str])] = &[
    ("5 GB in chunks", chunks_without_end, &["the answer of 127.0.0.1", "exceeds 8388608 bytes"]),
    ("5 GB by their length", length_without_end, &["the answer of 127.0.0.1", "exceeds 8388608"]),
    ("a gzip bomb", bomb, &["the answer of 127.0.0.1", "exceeds 8388608 bytes"]),
    ("no UTF-8", no_utf8, &["127.0.0.1", "the answer is no usable JSON", "UTF-8"]),
    ("no JSON", no_json, &["127.0.0.1", "the answer is no usable JSON", "at byte 0"]),
    ("half of what it announced", half, &["127.0.0.1", "cannot be reached"]),
    ("no HTTP", no_http, &["127.0.0.1", "cannot be reached", "HTTP"]),
];

#[test]
fn a_host_that_answers_nonsense_is_named_and_nothing_of_it_is_kept() {
    let borg = Borg::new();
    borg.json(&["status"]);
    // At once, since each waits for its host to come to its senses.
    thread::scope(|scope| {
        for (what, answer, words) in ANSWERS {
            let borg = &borg;
            scope.spawn(move || refuses(borg, what, *answer, words));
        }
    });
    assert_eq!(borg.json(&["status"])["profiles_known"], 0);
    assert!(borg.export("profiles").is_empty() && borg.export("arcs").is_empty());
}

fn refuses(borg: &Borg, what: &str, answer: Answer, words: &[&str]) {
    let host = Host::start(answer);
    let said = borg.failure(&["crawl", "bluesky:alice.example.org", "--base-url", &host.origin]);
    for word in [&["alice.example.org", "cannot be looked up now", "try again"], words].concat() {
        assert!(said.contains(word), "of {what} borg says {said:?}, not {word:?}");
    }
    let most = host.most_taken.load(Ordering::Relaxed);
    assert!(most < TAKEN_MAX, "of {what} borg takes {most} bytes");
}

/// A connection, and how many bytes the other side took.
struct Wire {
    stream: TcpStream,
    taken: u64,
}

impl Wire {
    fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.taken += bytes.as_ref().len() as u64;
        Ok(())
    }

    /// Reads the request's head, answers, and waits until the client has what it wants.
    fn serve(&mut self, answer: Answer) -> Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && self.stream.read(&mut byte)? == 1 {
            head.extend(byte);
        }
        answer(self)
    }
}

/// A host that answers everything alike, as long as the test runs.
struct Host {
    origin: String,
    /// The most bytes that one connection took.
    most_taken: Arc<AtomicU64>,
}

impl Host {
    fn start(answer: Answer) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let most_taken = Arc::new(AtomicU64::new(0));
        let most = Arc::clone(&most_taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut wire = Wire { stream, taken: 0 };
                // The client hangs up in the middle, which is what it should do.
                let _ = wire.serve(answer);
                most.fetch_max(wire.taken, Ordering::Relaxed);
            }
        });
        Host { origin: format!("http://{address}"), most_taken }
    }
}

fn whole(wire: &mut Wire, headers: &str, body: &[u8]) -> Result<()> {
    wire.send(format!("{HEAD}{headers}content-length: {}\r\n\r\n", body.len()))?;
    wire.send(body)
}

fn chunks_without_end(wire: &mut Wire) -> Result<()> {
    wire.send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n"))?;
    let chunk = [format!("{PART:x}\r\n").as_bytes(), &[b'0'; PART], b"\r\n"].concat();
    (0..ENDLESS / PART).try_for_each(|_| wire.send(&chunk))
}

fn length_without_end(wire: &mut Wire) -> Result<()> {
    wire.send(format!("{HEAD}content-length: {ENDLESS}\r\n\r\n"))?;
    (0..ENDLESS / PART).try_for_each(|_| wire.send([b'0'; PART]))
}

fn bomb(wire: &mut Wire) -> Result<()> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    (0..100).try_for_each(|_| packed.write_all(&[b'0'; PART]))?;
    whole(wire, "content-encoding: gzip\r\n", &packed.finish()?)
}

fn no_utf8(wire: &mut Wire) -> Result<()> {
    whole(wire, "", b"{\"did\": \"did:plc:\xff\xfe\"}")
}

fn no_json(wire: &mut Wire) -> Result<()> {
    whole(wire, "", b"<html>Welcome!</html>")
}

fn half(wire: &mut Wire) -> Result<()> {
    wire.send(format!("{HEAD}content-length: 100\r\n\r\n{{\"did\":"))
}

fn no_http(wire: &mut Wire) -> Result<()> {
    wire.send("220 mail.example.org ESMTP\r\n")
}
