//! A receiver of webhooks: a real HTTP server that behaves as a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// With a status and headers, such as `location: …`.
    Status(u16, Vec<String>),
    /// With a status and the length of a body that never comes.
    Headers(u16),
    /// Never.
    Silence,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// One receiver; it ends when it is dropped.
pub(crate) struct Receiver {
    pub(crate) origin: String,
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
    serving: Option<JoinHandle<()>>,
}

impl Receiver {
    /// A receiver that answers 204.
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(Behaviour::Status(204, Vec::new())));
        let received = Arc::default();
        let mut receiver = Receiver { origin, behaviour, received, serving: None };
        receiver.serve(listener);
        receiver
    }

    fn serve(&mut self, listener: TcpListener) {
        let (behaviour, received) = (Arc::clone(&self.behaviour), Arc::clone(&self.received));
        self.serving = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (behaviour, received) = (Arc::clone(&behaviour), Arc::clone(&received));
                tokio::spawn(answer(stream, behaviour, received));
            }
        }));
    }

    /// From now on nothing listens there.
    pub(crate) async fn go_down(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Listens again, at the same place.
    pub(crate) async fn come_back(&mut self) {
        let address = self.origin.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await.unwrap();
        self.serve(listener);
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn answers(&self, status: u16) {
        self.behave(Behaviour::Status(status, Vec::new()));
    }

    /// What arrived so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

/// Answers one request, and closes the connection.
async fn answer(
    mut stream: TcpStream,
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    let Some(request) = read(&mut stream).await else { return };
    received.lock().unwrap().push(request);
    let behaviour = behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::Status(status, headers) => {
            let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
            // None of it is read.
            let body = if status == 204 { String::new() } else { "x".repeat(5_000) };
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} x\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Behaviour::Headers(status) => {
            let text = format!("HTTP/1.1 {status} x\r\ncontent-length: 10\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
            std::future::pending::<()>().await;
        }
        Behaviour::Silence => std::future::pending().await,
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            assert!(lines.next()?.starts_with("POST "), "{head}");
            let header = |line: &str| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_ascii_lowercase(), value.trim().to_owned()))
            };
            let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if body.len() >= length {
                return Some(Received { headers, body: body.to_owned() });
            }
        }
        let count = stream.read(&mut chunk).await.ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}
