//! An answer before it becomes HTTP.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

/// Status, kind, body and, where they belong, the Link and Location headers.
#[derive(Debug)]
pub(crate) struct SiteReply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) link: Option<String>,
    pub(crate) location: Option<String>,
}

impl SiteReply {
    /// 200 and JSON.
    pub(crate) fn json(body: Vec<u8>) -> SiteReply {
        SiteReply::of(StatusCode::OK, "application/json; charset=utf-8", body)
    }

    /// 200 and plain text.
    pub(crate) fn text(body: &str) -> SiteReply {
        SiteReply::of(StatusCode::OK, "text/plain; charset=utf-8", body.as_bytes().to_vec())
    }

    /// Any status, kind and body.
    pub(crate) fn of(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> SiteReply {
        SiteReply { status, content_type, body, link: None, location: None }
    }

    /// A redirect to another place.
    pub(crate) fn redirect(status: StatusCode, location: String) -> SiteReply {
        SiteReply { location: Some(location), ..SiteReply::of(status, "text/html", Vec::new()) }
    }

    /// The HTTP response, with a body of one's choice made from the reply's.
    pub(crate) fn into_response(self, body: impl FnOnce(Vec<u8>) -> Body) -> Response<Body> {
        let mut response = Response::new(body(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in [(header::LINK, self.link), (header::LOCATION, self.location)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}
