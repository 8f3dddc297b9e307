//! What a dry run answers.

use model::time::Timestamp;
use model::{MicroCredits, PriceClass, PriceVersion, Usage};
use pricing::{Estimate, UsageBounds};
use serde::Serialize;
use utoipa::ToSchema;

use crate::charging::{CurrentPrices, PricedRequest};
use crate::credit_text::CreditText;

/// What an answer will cost, in credits. It is never charged more than `max`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
pub(crate) struct EstimateView {
    /// Not less than this: 0 where it may be empty.
    #[schema(value_type = String, example = "0")]
    min: CreditText,
    /// Probably this.
    #[schema(value_type = String, example = "4.05")]
    expected: CreditText,
    /// Not more than this.
    #[schema(value_type = String, example = "4.09738")]
    max: CreditText,
    /// Whose index applies; absent where it is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "graph")]
    class: Option<PriceClass>,
    /// The most that it may consist of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"class": "graph", "units": {"call.read": 1, "row.person": 20}}))]
    most: Option<Usage>,
    /// By which prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1.29717000")]
    price_version: Option<PriceVersion>,
    /// Until when it holds: the end of the next minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
}

impl EstimateView {
    /// That of a request; of one that is free, nothing.
    pub(crate) fn of(priced: Option<&PricedRequest>) -> EstimateView {
        let zero = CreditText(MicroCredits::ZERO);
        let Some(priced) = priced else {
            let (class, most, price_version, valid_until) = (None, None, None, None);
            return EstimateView {
                min: zero,
                expected: zero,
                max: zero,
                class,
                most,
                price_version,
                valid_until,
            };
        };
        EstimateView::new(&priced.estimate, &priced.bounds, &priced.prices)
    }

    /// That of something that is bounded like this, at these prices.
    pub(crate) fn new(
        estimate: &Estimate,
        bounds: &UsageBounds,
        prices: &CurrentPrices,
    ) -> EstimateView {
        EstimateView {
            min: estimate.min.into(),
            expected: estimate.expected.into(),
            max: estimate.max.into(),
            class: Some(bounds.most.class()),
            most: Some(bounds.most),
            price_version: Some(prices.version()),
            valid_until: Some(prices.epoch.after(2).start()),
        }
    }
}
