//! A request that may be served, and what is known of its price.

use billing::Withheld;
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
    /// That it can only be the same answer again.
    pub(crate) earlier: Option<EarlierAnswer>,
}

/// An answer that was charged before, and may leave again for nothing.
#[derive(Debug)]
pub(crate) enum EarlierAnswer {
    /// It has this charge.
    Known(Box<Charge>),
    /// Only the answer says whether it is one; if not, it is withheld for this reason.
    Needed(Withheld),
}

impl AdmittedRequest {
    /// The run that a replay is to be answered from.
    pub(crate) fn pinned_run(&self) -> Option<RunId> {
        match self.priced.as_ref()?.earlier.as_ref()? {
            EarlierAnswer::Known(charge) => charge.run,
            EarlierAnswer::Needed(_) => None,
        }
    }

    /// The ids of its charge, if `run` answers.
    pub(crate) fn charges(&self, asked: RequestHash, run: Option<RunId>) -> PossibleCharges {
        match &self.terms.idempotency_key {
            Some(key) => ChargedRequest::Keyed { key }.ids(self.caller.payer, self.at),
            None => ChargedRequest::Read { request: asked, run }.ids(self.caller.payer, self.at),
        }
    }
}
