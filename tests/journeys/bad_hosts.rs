//! A host that answers nonsense, or without end, costs neither memory nor time, and nothing of it
//! enters the database.

use std::io::{Result, Write};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::borg::Borg;
use crate::test_server::{RawConnection, TestServer};

/// The beginning of an answer; its length follows.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";

/// The bodies that never end, in all and in parts.
const ENDLESS: usize = 5_000_000_000;
const PART: usize = 1_000_000;

/// More than Borg reads of any answer and a connection buffers.
const TAKEN_MAX: u64 = 100_000_000;

type RawAnswer = fn(&mut RawConnection) -> Result<()>;

/// What a host answers, and words of the error that Borg must report.
const ANSWERS: &[(&str, RawAnswer, &[&str])] = &[
    ("5 GB in chunks", chunks_without_end, &["the answer of 127.0.0.1", "exceeds 8388608 bytes"]),
    ("5 GB by their length", length_without_end, &["the answer of 127.0.0.1", "exceeds 8388608"]),
    ("a gzip bomb", bomb, &["the answer of 127.0.0.1", "exceeds 8388608 bytes"]),
    ("no UTF-8", no_utf8, &["127.0.0.1", "the answer is no usable JSON", "UTF-8"]),
    ("no JSON", no_json, &["127.0.0.1", "the answer is no usable JSON", "at byte 0"]),
    ("half of what it announced", half, &["127.0.0.1", "cannot be reached"]),
    ("no HTTP", no_http, &["127.0.0.1", "cannot be reached", "HTTP"]),
];

#[test]
fn a_host_that_answers_nonsense_is_named_and_nothing_of_it_is_stored() {
    let borg = Borg::new();
    borg.json(&["status"]);
    // In parallel, since each retries for a while.
    thread::scope(|scope| {
        for (what, answer, words) in ANSWERS {
            let borg = &borg;
            scope.spawn(move || refuses(borg, what, *answer, words));
        }
    });
    assert_eq!(borg.json(&["status"])["profiles_known"], 0);
    assert!(borg.export("profiles").is_empty() && borg.export("arcs").is_empty());
}

fn refuses(borg: &Borg, what: &str, answer: RawAnswer, words: &[&str]) {
    let host = TestServer::start_raw(move |_, connection| answer(connection));
    let error = borg.failure(&["crawl", "bluesky:alice.example.org", "--base-url", &host.origin]);
    for word in [&["alice.example.org", "cannot be looked up now", "try again"], words].concat() {
        assert!(error.contains(word), "{what}: {error:?} lacks {word:?}");
    }
    let most = host.most_taken();
    assert!(most < TAKEN_MAX, "{what}: borg takes {most} bytes");
}

fn whole(connection: &mut RawConnection, headers: &str, body: &[u8]) -> Result<()> {
    connection.send(format!("{HEAD}{headers}content-length: {}\r\n\r\n", body.len()))?;
    connection.send(body)
}

fn chunks_without_end(connection: &mut RawConnection) -> Result<()> {
    connection.send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n"))?;
    let chunk = [format!("{PART:x}\r\n").as_bytes(), &[b'0'; PART], b"\r\n"].concat();
    (0..ENDLESS / PART).try_for_each(|_| connection.send(&chunk))
}

fn length_without_end(connection: &mut RawConnection) -> Result<()> {
    connection.send(format!("{HEAD}content-length: {ENDLESS}\r\n\r\n"))?;
    (0..ENDLESS / PART).try_for_each(|_| connection.send([b'0'; PART]))
}

fn bomb(connection: &mut RawConnection) -> Result<()> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    (0..100).try_for_each(|_| packed.write_all(&[b'0'; PART]))?;
    whole(connection, "content-encoding: gzip\r\n", &packed.finish()?)
}

fn no_utf8(connection: &mut RawConnection) -> Result<()> {
    whole(connection, "", b"{\"did\": \"did:plc:\xff\xfe\"}")
}

fn no_json(connection: &mut RawConnection) -> Result<()> {
    whole(connection, "", b"<html>Welcome!</html>")
}

fn half(connection: &mut RawConnection) -> Result<()> {
    connection.send(format!("{HEAD}content-length: 100\r\n\r\n{{\"did\":"))
}

fn no_http(connection: &mut RawConnection) -> Result<()> {
    connection.send("220 mail.example.org ESMTP\r\n")
}
