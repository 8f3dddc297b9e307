//! A request that may be served, and what is known of its price.

use model::time::Timestamp;
use model::{Charge, Quote, RunId};
use pricing::{ChargedRequest, Estimate, PossibleCharges, RequestHash, UsageBounds};

use super::CurrentPrices;
use super::client_terms::ClientTerms;
use super::price_list::RoutePrice;
use crate::caller::ApiCaller;

/// A request that may be served.
#[derive(Debug)]
pub(crate) struct AdmittedRequest {
    pub(crate) caller: ApiCaller,
    pub(crate) terms: ClientTerms,
    /// What its answer may cost; `None` on a free route.
    pub(crate) priced: Option<PricedRequest>,
    /// How many free answers its key had left.
    pub(crate) free_left: Option<u64>,
    /// When it was admitted.
    pub(crate) at: Timestamp,
}

/// What is known of the price of an answer before there is one.
#[derive(Debug)]
pub(crate) struct PricedRequest {
    pub(crate) price: &'static RoutePrice,
    pub(crate) bounds: UsageBounds,
    pub(crate) estimate: Estimate,
    pub(crate) prices: CurrentPrices,
    /// The hash of its method, path, query and body.
    pub(crate) asked: RequestHash,
    /// The quote by which it is to be paid.
    pub(crate) quote: Option<Quote>,
    /// Its charge, if it was answered before: it is answered again for nothing.
    pub(crate) replay: Option<Box<Charge>>,
}

impl AdmittedRequest {
    /// The run that a replay is to be answered from.
    pub(crate) fn pinned_run(&self) -> Option<RunId> {
        self.priced.as_ref()?.replay.as_ref()?.run
    }

    /// The ids of its charge, if `run` answers.
    pub(crate) fn charges(&self, asked: RequestHash, run: Option<RunId>) -> PossibleCharges {
        let charged = match &self.terms.idempotency_key {
            Some(key) => ChargedRequest::Keyed { key },
            None => ChargedRequest::Read { request: asked, run },
        };
        charged.ids(self.caller.payer, self.at)
    }
}
