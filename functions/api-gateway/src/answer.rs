//! The shape of every answer, and its units.

use axum::Json;
use axum::response::{IntoResponse, Response};
use model::RunId;
use model::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Which price an answer's units have; each class has its own load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceClass {
    /// Words to people or communities.
    Search,
    /// People, profiles, communities, ranks by id.
    Graph,
    /// The change log.
    Stream,
    /// Free of charge: documentation, status, runs.
    Free,
}

/// The units of an answer, from which its price will be computed.
///
/// Every answer carries one of these in its extensions. Errors, empty answers and answers that the
/// client already has count nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerUnits {
    /// Which price applies.
    pub class: PriceClass,
    /// Requests answered: 0 or 1.
    pub calls: u32,
    /// Rows of data.
    pub rows: u32,
    /// Bytes of body.
    pub bytes: u64,
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
    #[schema(value_type = Option<String>, example = "run_3")]
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

/// An answer of a handler: the body and its units.
#[derive(Debug)]
pub struct ApiAnswer<T> {
    body: Envelope<T>,
    units: AnswerUnits,
}

impl PriceClass {
    /// The name in the `Borg-Units` header.
    pub const fn slug(self) -> &'static str {
        match self {
            PriceClass::Search => "search",
            PriceClass::Graph => "graph",
            PriceClass::Stream => "stream",
            PriceClass::Free => "free",
        }
    }
}

impl AnswerUnits {
    /// Nothing.
    pub const NONE: AnswerUnits =
        AnswerUnits { class: PriceClass::Free, calls: 0, rows: 0, bytes: 0 };

    /// The `Borg-Units` header: an RFC 8941 dictionary.
    pub fn header(&self) -> String {
        let AnswerUnits { class, calls, rows, bytes } = self;
        format!("class={}, calls={calls}, rows={rows}, bytes={bytes}", class.slug())
    }
}

impl<T> ApiAnswer<T> {
    /// An answer of one row.
    pub fn one(class: PriceClass, data: T) -> ApiAnswer<T> {
        ApiAnswer::counted(class, data, 1)
    }

    /// An answer of `rows` rows; of none, it is worth nothing.
    fn counted(class: PriceClass, data: T, rows: usize) -> ApiAnswer<T> {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let units = AnswerUnits { class, calls: rows.min(1), rows, bytes: 0 };
        ApiAnswer { body: Envelope { data, next_cursor: None, run: None, as_of: None }, units }
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
    /// A page, worth a row for each entry.
    pub fn page(class: PriceClass, rows: Vec<T>) -> ApiAnswer<Vec<T>> {
        let count = rows.len();
        ApiAnswer::counted(class, rows, count)
    }
}

impl<T: Serialize> IntoResponse for ApiAnswer<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(self.units);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_page_is_worth_nothing() {
        assert_eq!(ApiAnswer::page(PriceClass::Search, Vec::<u8>::new()).units.calls, 0);
        let page = ApiAnswer::page(PriceClass::Search, vec![1, 2]);
        assert_eq!(page.units.header(), "class=search, calls=1, rows=2, bytes=0");
    }
}
