//! A small HTTP server whose answers a test decides, byte by byte if need be.

use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestRequest<'a> {
    /// The `Host` header in lower case.
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// How many requests came before it.
    pub(crate) before: usize,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    /// Header lines.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl TestResponse {
    /// 200 and JSON.
    pub(crate) fn json(body: &Value) -> TestResponse {
        let headers = vec!["content-type: application/json".to_owned()];
        TestResponse { status: 200, headers, body: body.to_string() }
    }

    /// Any status and body, without headers.
    pub(crate) fn of(status: u16, body: &str) -> TestResponse {
        TestResponse { status, headers: Vec::new(), body: body.to_owned() }
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> TestResponse {
        let headers = vec![format!("location: {location}")];
        TestResponse { headers, ..TestResponse::of(status, "") }
    }
}

/// A connection, and how many bytes the client took.
pub(crate) struct RawConnection {
    stream: TcpStream,
    taken: u64,
}

impl RawConnection {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.taken += bytes.as_ref().len() as u64;
        Ok(())
    }

    /// The head of the request.
    fn head(&mut self) -> Result<String> {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && self.stream.read(&mut byte)? == 1 {
            head.extend(byte);
        }
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    fn respond(&mut self, response: &TestResponse) -> Result<()> {
        let TestResponse { status, headers, body } = response;
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        self.send(format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n\
             {body}"
        ))
    }
}

/// One request in the log.
struct LoggedRequest {
    at: Instant,
    /// Host, path and query.
    target: String,
}

/// A server on a loopback port, as long as the test runs. It logs its requests.
pub(crate) struct TestServer {
    pub(crate) origin: String,
    log: Arc<Mutex<Vec<LoggedRequest>>>,
    most_taken: Arc<AtomicU64>,
}

impl TestServer {
    /// Answers with whole responses.
    pub(crate) fn start(
        answer: impl Fn(&TestRequest<'_>) -> TestResponse + Send + Sync + 'static,
    ) -> TestServer {
        TestServer::start_raw(move |request, connection| connection.respond(&answer(request)))
    }

    /// Answers with any bytes.
    pub(crate) fn start_raw(
        answer: impl Fn(&TestRequest<'_>, &mut RawConnection) -> Result<()> + Send + Sync + 'static,
    ) -> TestServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let origin = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (log, most_taken) = (Arc::default(), Arc::default());
        let server =
            TestServer { origin, log: Arc::clone(&log), most_taken: Arc::clone(&most_taken) };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, taken, answer) =
                    (Arc::clone(&log), Arc::clone(&most_taken), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut connection = RawConnection { stream, taken: 0 };
                    // A client that closes the connection early has what it needs.
                    serve(&mut connection, &log, &*answer).unwrap_or_default();
                    taken.fetch_max(connection.taken, Ordering::Relaxed);
                });
            }
        });
        server
    }

    /// The time of each request whose host and path contain `part`.
    pub(crate) fn times(&self, part: &str) -> Vec<Instant> {
        let log = self.log.lock().expect("no test panics here");
        log.iter().filter(|request| request.target.contains(part)).map(|one| one.at).collect()
    }

    /// The most requests in any interval of this length.
    pub(crate) fn most_in(&self, window: Duration) -> usize {
        let times = self.times("");
        let within = |from: &Instant| {
            times.iter().filter(|at| **at >= *from && **at - *from < window).count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }

    /// The most bytes that the client took of one connection.
    pub(crate) fn most_taken(&self) -> u64 {
        self.most_taken.load(Ordering::Relaxed)
    }
}

fn serve(
    connection: &mut RawConnection,
    log: &Mutex<Vec<LoggedRequest>>,
    answer: &dyn Fn(&TestRequest<'_>, &mut RawConnection) -> Result<()>,
) -> Result<()> {
    let head = connection.head()?;
    let target = head.split(' ').nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let lower = head.to_ascii_lowercase();
    let host = lower.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let before = {
        let mut log = log.lock().expect("no test panics here");
        log.push(LoggedRequest { at: Instant::now(), target: format!("{host}{target}") });
        log.len() - 1
    };
    answer(&TestRequest { host, path, query, before }, connection)
}
