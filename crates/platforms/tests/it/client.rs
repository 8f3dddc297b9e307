//! The HTTP client against hostile servers.

use std::time::{Duration, Instant};

use model::port::{Web, WebError, WebRequest, WebResponse};
use platforms::ServerOrigin;
use platforms::http::{ClientSettings, WebClient};

use crate::hostile::{Answer, Server, reply};

const CAP: usize = 100_000;

fn client(exempt: &[&str]) -> WebClient {
    WebClient::new(settings(exempt)).unwrap()
}

fn settings(exempt: &[&str]) -> ClientSettings {
    ClientSettings {
        contact: "https://borg.example/crawler".to_owned(),
        exempt: exempt.iter().map(|origin| ServerOrigin::parse(origin).unwrap()).collect(),
        connect_timeout: Duration::from_millis(500),
        silence_timeout: Duration::from_millis(400),
        total_timeout: Duration::from_millis(1_500),
        body_bytes_max: CAP,
        is_body_left: false,
    }
}

async fn get(client: &WebClient, url: &str) -> Result<WebResponse, WebError> {
    client
        .fetch(WebRequest {
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            redirected_by: None,
        })
        .await
}

#[tokio::test]
async fn private_addresses_are_refused_by_number_and_by_name() {
    let client = client(&[]);
    let private = [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://localhost/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[fd00::1]:8443/",
    ];
    for url in private {
        let error = get(&client, url).await.unwrap_err();
        assert!(matches!(error, WebError::PrivateAddress(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn who_wants_only_the_status_gets_it_whatever_the_body_is() {
    let server = Server::start(|head| match head.path() {
        "/large" => reply(201, &[], &vec![b'x'; CAP + 1]),
        "/broken" => reply(202, &[("content-encoding", "gzip")], b"no gzip"),
        "/slow" => Answer {
            head: b"HTTP/1.1 203 X\r\nretry-after: 9\r\ncontent-length: 10\r\n\r\n".to_vec(),
            hang: true,
            ..Answer::default()
        },
        _ => reply(204, &[], b""),
    })
    .await;
    let settings = ClientSettings { is_body_left: true, ..settings(&[&server.origin]) };
    let client = WebClient::new(settings).unwrap();
    for (path, status) in [("/large", 201), ("/broken", 202), ("/slow", 203), ("/none", 204)] {
        let answer = get(&client, &format!("{}{path}", server.origin)).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (status, 0), "{path}");
        assert_eq!(answer.header("retry-after").is_some(), path == "/slow");
    }
}

#[tokio::test]
async fn odd_urls_are_refused() {
    let client = client(&["http://127.0.0.1:9"]);
    let odd = ["http://example.org/", "https://example.org:22/", "https://u:p@example.org/", "x:y"];
    for url in odd {
        let error = get(&client, url).await.unwrap_err();
        assert!(matches!(error, WebError::BadUrl(_)), "{url}: {error}");
    }
    let other_port = get(&client, "http://127.0.0.1:10/").await.unwrap_err();
    assert!(matches!(other_port, WebError::PrivateAddress(_)), "exactly the origin is exempt");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_leads_to_no_exempt_origin_from_elsewhere() {
    let other = Server::start(|_| reply(200, &[], b"secret")).await;
    let server = Server::start(|head| match head.path() {
        "/here" => reply(302, &[("location", "/there")], b""),
        _ => reply(200, &[], b"there"),
    })
    .await;
    let client = client(&[&server.origin, &other.origin]);
    let here = format!("{}/here", server.origin);
    let redirect = get(&client, &here).await.unwrap();
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("/there")));
    let from_here = async |url: &str| {
        let redirected_by = Some(here.clone());
        let headers = Vec::new();
        client.fetch(WebRequest { url: url.to_owned(), headers, body: None, redirected_by }).await
    };
    assert_eq!(from_here(&format!("{}/there", server.origin)).await.unwrap().body, b"there");
    for url in ["http://169.254.169.254/latest/", "https://10.0.0.1/", &other.origin] {
        let error = from_here(url).await.unwrap_err();
        assert!(matches!(error, WebError::PrivateAddress(_)), "{url}: {error}");
    }
    assert!(matches!(from_here("file:///etc/passwd").await, Err(WebError::BadUrl(_))));
    assert!(other.heads.lock().unwrap().is_empty());
}

fn chunked(headers: &str, chunk: Vec<u8>, times: usize) -> Answer {
    let head = format!("HTTP/1.1 200 X\r\n{headers}transfer-encoding: chunked\r\n\r\n");
    let size = format!("{:x}\r\n", chunk.len());
    let again = [size.as_bytes(), &chunk, b"\r\n"].concat();
    Answer { head: head.into_bytes(), again, times, hang: false }
}

#[tokio::test]
async fn bodies_without_end_and_bombs_are_cut_off() {
    let bomb = {
        use std::io::Write;
        let level = flate2::Compression::best();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
        gzip.write_all(&vec![b' '; 50_000_000]).unwrap();
        gzip.finish().unwrap()
    };
    assert!(bomb.len() < CAP);
    let server = Server::start(move |head| match head.path() {
        "/announced" => Answer {
            head: b"HTTP/1.1 200 X\r\ncontent-length: 5000000000\r\n\r\n".to_vec(),
            again: vec![b' '; 1_000],
            times: 5,
            hang: true,
        },
        "/endless" => chunked("", vec![b' '; 65_536], 80_000),
        _ => reply(200, &[("content-encoding", "gzip")], &bomb),
    })
    .await;
    let client = client(&[&server.origin]);
    for path in ["/announced", "/endless", "/bomb"] {
        let error = get(&client, &format!("{}{path}", server.origin)).await.unwrap_err();
        assert!(matches!(error, WebError::TooLarge { bytes_max: 100_000, .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn silence_and_slowness_end_in_time() {
    let server = Server::start(|head| match head.path() {
        "/silent" => Answer { hang: true, ..Answer::default() },
        "/half" => Answer {
            head: b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nabc".to_vec(),
            hang: true,
            ..Answer::default()
        },
        _ => Answer {
            head: b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nabc".to_vec(),
            ..Answer::default()
        },
    })
    .await;
    let patient = client(&[&server.origin]);
    for path in ["/silent", "/half", "/truncated"] {
        let start = Instant::now();
        let error = get(&patient, &format!("{}{path}", server.origin)).await.unwrap_err();
        assert!(matches!(error, WebError::Unreachable { .. }), "{path}: {error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    let closed = get(&client(&["http://127.0.0.1:9"]), "http://127.0.0.1:9/").await;
    assert!(matches!(closed, Err(WebError::Unreachable { .. })));
}

#[tokio::test]
async fn requests_say_who_asks_and_under_which_name() {
    let server = Server::start(|_| reply(200, &[], b"ok")).await;
    let client = client(&[&server.origin]);
    let headers = vec![("host".to_owned(), "one.example".to_owned())];
    let request =
        WebRequest { url: format!("{}/", server.origin), headers, body: None, redirected_by: None };
    client.fetch(request).await.unwrap();
    let head = server.heads.lock().unwrap()[0].clone();
    assert_eq!(head.header("host"), Some("one.example"));
    assert_eq!(head.header("user-agent"), Some("Borg/0.0.0 (+https://borg.example/crawler)"));
    assert_eq!(head.header("accept-encoding"), Some("gzip, deflate"));
}
