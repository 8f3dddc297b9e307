//! Quotes that were used lately: a quote never changes, so it is read once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::time::Timestamp;
use model::{PayerId, PriceClass, Quote, QuoteId};
use pricing::QuoteError;
use pricing::quote::admits;
use store::Pg;
use store::pg::quote;

use crate::error::{Problem, ProblemCode};

/// The most quotes that are kept; past it all are forgotten.
const QUOTES_MAX: usize = 10_000;

/// For what a quote is to be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuoteUse {
    /// Which quote.
    pub(crate) quote: QuoteId,
    /// Who pays.
    pub(crate) payer: PayerId,
    /// For an answer of this class.
    pub(crate) class: PriceClass,
}

/// The quotes of one process.
#[derive(Default)]
pub(crate) struct QuoteBook(Mutex<HashMap<QuoteId, Quote>>);

impl QuoteBook {
    /// The quote, if this payer may use it now for this class.
    ///
    /// # Errors
    /// That it is unknown, another payer's (which is the same), over, or for another class.
    pub(crate) async fn usable(
        &self,
        pg: &Pg,
        wanted: QuoteUse,
        now: Timestamp,
    ) -> Result<Quote, Problem> {
        let QuoteUse { quote: id, payer, class } = wanted;
        let quote = self.read(pg, id).await?.ok_or_else(|| unknown_quote(id))?;
        match admits(&quote, payer, now) {
            Ok(()) if quote.cap.class() == class => Ok(quote),
            Ok(()) => {
                let why = format!("{id} is for the class {}, this is {class}", quote.cap.class());
                Err(Problem::new(ProblemCode::QuoteMismatch, why))
            }
            Err(error @ QuoteError::Expired { .. }) => {
                Err(Problem::new(ProblemCode::QuoteExpired, format!("{id}: {error}")))
            }
            Err(_) => Err(unknown_quote(id)),
        }
    }

    async fn read(&self, pg: &Pg, id: QuoteId) -> Result<Option<Quote>, Problem> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if known.is_some() {
            return Ok(known);
        }
        let found = quote::get(pg, id).await?;
        if let Some(quote) = found {
            let mut quotes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if quotes.len() >= QUOTES_MAX {
                quotes.clear();
            }
            quotes.insert(id, quote);
        }
        Ok(found)
    }
}

/// That there is no such quote, for this payer.
pub(crate) fn unknown_quote(id: QuoteId) -> Problem {
    Problem::new(ProblemCode::QuoteUnknown, format!("there is no quote {id}: see /v1/quotes"))
}
