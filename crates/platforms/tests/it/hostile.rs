//! A server that answers with whatever bytes a test wants.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The head of a request.
#[derive(Debug, Clone)]
pub(crate) struct Head(pub(crate) String);

impl Head {
    pub(crate) fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    /// A header's value, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What is sent back: bytes, then the same bytes again this many times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) head: Vec<u8>,
    pub(crate) again: Vec<u8>,
    pub(crate) times: usize,
    /// Keep the connection open, silently.
    pub(crate) hang: bool,
}

/// A whole answer with its length.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    Answer { head: [head.as_bytes(), body].concat(), ..Answer::default() }
}

/// A listener on loopback that lives as long as this.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) origin: String,
    pub(crate) heads: Arc<Mutex<Vec<Head>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Head) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), heads.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, seen) = (answer.clone(), seen.clone());
                tokio::spawn(async move {
                    let (mut stream, head) = read_head(stream).await;
                    let answer = answer(&head);
                    seen.lock().unwrap().push(head);
                    // The client may have hung up, which is what some tests want.
                    let _ = send(&mut stream, &answer).await;
                });
            }
        });
        Server { origin, heads, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(mut stream: TcpStream) -> (TcpStream, Head) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => head.extend_from_slice(&chunk[..length]),
        }
    }
    (stream, Head(String::from_utf8_lossy(&head).into_owned()))
}

async fn send(stream: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    stream.write_all(&answer.head).await?;
    for _ in 0..answer.times {
        stream.write_all(&answer.again).await?;
    }
    stream.flush().await?;
    if answer.hang {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
    stream.shutdown().await
}
