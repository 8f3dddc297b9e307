//! The shape of every answer, and what decides its price.

use axum::Json;
use axum::response::{IntoResponse, Response};
use model::RunId;
use model::time::Timestamp;
use pricing::RequestHash;
use serde::Serialize;
use utoipa::ToSchema;

/// What of an answer decides its price. Every answer of a handler carries it in its extensions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AnswerFacts {
    /// Rows of data.
    pub(crate) rows: u64,
    /// The run that it comes from.
    pub(crate) run: Option<RunId>,
    /// What it is charged as, where that is not the request: a page of the stream is named by its events.
    pub(crate) charged_as: Option<RequestHash>,
    /// Whether it was waited for in vain.
    pub(crate) waited: bool,
}

/// The body of every answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// The answer itself.
    pub data: T,
    /// Gives the next page, as the parameter `cursor`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The run that ranks and communities come from; absent where none is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "run_1")]
    pub run: Option<RunId>,
    /// When that run was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Timestamp>,
}

/// A run that an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerRun {
    /// The run.
    pub run: RunId,
    /// When it was made.
    pub as_of: Timestamp,
    /// How its words are folded: [`search::Folding`].
    pub folding: u8,
}

/// An answer of a handler: the body, and how many rows it has.
#[derive(Debug)]
pub struct ApiAnswer<T> {
    body: Envelope<T>,
    rows: usize,
}

impl<T> ApiAnswer<T> {
    /// An answer of one row.
    pub fn one(data: T) -> ApiAnswer<T> {
        ApiAnswer::of_rows(data, 1)
    }

    /// An answer of `rows` rows, or of none: then it costs nothing.
    pub fn of_rows(data: T, rows: usize) -> ApiAnswer<T> {
        ApiAnswer { body: Envelope { data, next_cursor: None, run: None, as_of: None }, rows }
    }

    /// The data, and where the next page begins.
    pub(crate) fn into_parts(self) -> (T, Option<String>) {
        (self.body.data, self.body.next_cursor)
    }

    /// The answer, saying which run it comes from.
    #[must_use]
    pub fn of(mut self, served: Option<AnswerRun>) -> ApiAnswer<T> {
        self.body.run = served.map(|served| served.run);
        self.body.as_of = served.map(|served| served.as_of);
        self
    }

    /// The answer, saying where the next page begins.
    #[must_use]
    pub fn then(mut self, next_cursor: Option<String>) -> ApiAnswer<T> {
        self.body.next_cursor = next_cursor;
        self
    }
}

impl<T> ApiAnswer<Vec<T>> {
    /// A page of rows.
    pub fn page(rows: Vec<T>) -> ApiAnswer<Vec<T>> {
        let count = rows.len();
        ApiAnswer::of_rows(rows, count)
    }
}

impl<T: Serialize> IntoResponse for ApiAnswer<T> {
    fn into_response(self) -> Response {
        let facts =
            AnswerFacts { rows: self.rows as u64, run: self.body.run, ..AnswerFacts::default() };
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(facts);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_its_rows() {
        let rows = |rows: Vec<u8>| {
            let response = ApiAnswer::page(rows).into_response();
            response.extensions().get::<AnswerFacts>().map(|facts| facts.rows)
        };
        assert_eq!((rows(vec![]), rows(vec![1, 2])), (Some(0), Some(2)));
    }
}
