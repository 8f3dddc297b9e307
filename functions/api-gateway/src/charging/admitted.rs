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

    /// The ids of its charge, if `run` answers; `end` is where a page of a stream ends.
    pub(crate) fn charges(
        &self,
        asked: RequestHash,
        run: Option<RunId>,
        end: Option<&str>,
    ) -> PossibleCharges {
        match &self.terms.idempotency_key {
            // Where a page of a stream ends is a part of its name.
            Some(key) => {
                let key = end.map_or_else(|| key.clone(), |end| format!("{key}\n{end}"));
                ChargedRequest::Keyed { key: &key }.ids(self.caller.payer, self.at)
            }
            None => ChargedRequest::Read { request: asked, run }.ids(self.caller.payer, self.at),
        }
    }
}
