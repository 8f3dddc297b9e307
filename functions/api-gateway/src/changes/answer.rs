//! Pages as they are sent.

use axum::Json;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::accepted::{AcceptedForm, NDJSON};
use super::cursor::StreamCursors;
use super::view::{EventView, RangeView};
use super::wait::StreamPage;
use crate::answer::AnswerFacts;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Changes)]
pub(crate) struct ChangesBody {
    /// The events.
    pub(super) data: Vec<EventView>,
    /// Gives the next page, as the parameter `cursor`, with this filter or another.
    pub(super) next_cursor: String,
    /// The part of the stream that was looked at. All that the filter wants of it is in `data`: pages whose ranges
    /// follow each other left nothing out.
    pub(super) range: RangeView,
    /// Whether the page is of a range that a consumer reads again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_replay: bool,
}

/// A line of a page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "type")]
enum Line<'a> {
    Event(&'a EventView),
    Page { range: RangeView, next_cursor: &'a str },
}

/// A page in the form that the client takes.
#[derive(Debug)]
pub(crate) struct ChangesAnswer {
    body: ChangesBody,
    facts: AnswerFacts,
    form: AcceptedForm,
}

impl ChangesAnswer {
    /// The answer with a page.
    pub(crate) fn new(
        read: StreamPage,
        cursors: &StreamCursors,
        form: AcceptedForm,
    ) -> ChangesAnswer {
        let StreamPage { page, charged_as, waited } = read;
        let rows = page.events.len() as u64;
        let facts = AnswerFacts { rows, run: None, charged_as, waited };
        let next_cursor = cursors.sealed(page.range.to);
        let (data, range) = (page.events, RangeView::from(page.range));
        ChangesAnswer {
            body: ChangesBody { data, next_cursor, range, is_replay: false },
            facts,
            form,
        }
    }

    /// The same, of a range that is read again if `is_replay`.
    #[must_use]
    pub(crate) fn replayed(mut self, is_replay: bool) -> ChangesAnswer {
        self.body.is_replay = is_replay;
        self
    }
}

/// The lines of a page. The last one says that it is whole.
fn lines(body: &ChangesBody) -> String {
    let page = Line::Page { range: body.range, next_cursor: &body.next_cursor };
    let lines = body.data.iter().map(Line::Event).chain([page]);
    let texts = lines.map(|line| serde_json::to_string(&line).unwrap_or_default() + "\n");
    texts.collect()
}

impl IntoResponse for ChangesAnswer {
    fn into_response(self) -> Response {
        let mut response = match self.form {
            AcceptedForm::Json => Json(self.body).into_response(),
            AcceptedForm::Lines => {
                let kind: (HeaderName, HeaderValue) =
                    (CONTENT_TYPE, HeaderValue::from_static(NDJSON));
                ([kind], lines(&self.body)).into_response()
            }
        };
        response.headers_mut().append(VARY, ACCEPT.into());
        response.extensions_mut().insert(self.facts);
        response
    }
}
