//! What every `Web` must do, run on both implementations.

use model::port::{Web, WebError, WebRequest};
use platforms::ServerOrigin;
use platforms::http::{ClientSettings, RecordedWeb, WebClient};

use crate::hostile::{Server, reply};
use crate::script::answer;

fn get(url: String) -> WebRequest {
    WebRequest { url, headers: Vec::new(), body: None, redirected_by: None }
}

/// Runs on a web that answers at `origin`: `/page` with 200, `/gone` with 410, nothing else.
async fn suite(web: &impl Web, origin: &str) {
    let page = web.fetch(get(format!("{origin}/page?x=1"))).await.unwrap();
    assert_eq!((page.status, page.body.as_slice()), (200, "{\"é\":1}".as_bytes()));
    assert_eq!(page.header("x-limit"), Some("300"), "header names are in lower case");
    assert_eq!(page.header("x-none"), None);
    let gone = web.fetch(get(format!("{origin}/gone"))).await.unwrap();
    assert_eq!((gone.status, gone.body.as_slice()), (410, b"bye".as_slice()));
    let none = web.fetch(get(format!("{origin}/none"))).await.unwrap();
    assert_eq!(none.status, 404);
    for url in ["", "page", "ftp://example.org/"] {
        let error = web.fetch(get(url.to_owned())).await.unwrap_err();
        assert!(matches!(error, WebError::BadUrl(_)), "{url}: {error}");
    }
    let posted = WebRequest { body: Some(b"{}".to_vec()), ..get(format!("{origin}/gone")) };
    assert_eq!(web.fetch(posted).await.unwrap().status, 410);
}

#[tokio::test]
async fn the_client_is_a_web() {
    let server = Server::start(|head| match head.path() {
        "/page?x=1" => reply(200, &[("X-Limit", "300")], "{\"é\":1}".as_bytes()),
        "/gone" => reply(410, &[], b"bye"),
        _ => reply(404, &[], b""),
    })
    .await;
    let exempt = vec![ServerOrigin::parse(&server.origin).unwrap()];
    let client = WebClient::new(ClientSettings { exempt, ..ClientSettings::default() }).unwrap();
    suite(&client, &server.origin).await;
}

#[tokio::test]
async fn recordings_are_a_web() {
    let origin = "https://example.org";
    let recorded = RecordedWeb::new([
        answer(format!("{origin}/page?x=1"), 200, &[("x-limit", "300")], "{\"é\":1}"),
        answer(format!("{origin}/gone"), 410, &[], "bye"),
    ]);
    suite(&recorded, origin).await;
    assert_eq!(recorded.asked().len(), 4);
}
