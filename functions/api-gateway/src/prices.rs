//! Prices: what holds now and next, how they came about, and what costs nothing. Free, for everyone.

pub(crate) mod history;
pub(crate) mod recompute;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use model::time::Timestamp;
use model::wallet::QUOTES_OPEN_MAX;
use model::{PriceClass, PriceItem, PriceVersion, PublishedEpoch};
use pricing::AnswerOutcome;
use pricing::outcome::{FREE_ANSWERS_MIN, FREE_ANSWERS_OF_PAYER_MIN, FREE_PER_CHARGED};
use pricing::quote::QUOTE_SECONDS;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::charging::CurrentPrices;
use crate::charging::price_list::{PRICE_LIST, RoutePrice, RowsMost};
use crate::credit_text::CreditText;
use crate::error::Problem;
use crate::outcome_view::OutcomeView;
use crate::state::Gateway;

use history::EpochView;

/// What a credit costs, in US dollars.
const US_DOLLARS_PER_CREDIT: &str = "0.001";

/// The prices of this minute and the next. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prices)]
pub(crate) struct PricesView {
    /// Names them in answers and charges.
    #[schema(value_type = String, example = "1.29717000")]
    price_version: PriceVersion,
    /// When the next ones hold.
    #[schema(value_type = String, format = DateTime)]
    next_at: Timestamp,
    /// What a credit costs.
    #[schema(example = "0.001")]
    us_dollars_per_credit: &'static str,
    /// The floors.
    items: Vec<ItemView>,
    /// The indices.
    classes: Vec<ClassView>,
    /// What the answers of each route are counted as, besides one `call.read`; other routes are free.
    routes: Vec<RouteView>,
    /// What each way to end a request costs.
    outcomes: Vec<OutcomeView>,
    /// How many answers that cost nothing there are on a UTC day.
    free_answers: FreeAnswersView,
    /// How quotes are given and checked.
    quotes: QuoteTermsView,
}

/// A line of the price list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceItem)]
pub(crate) struct ItemView {
    #[schema(value_type = String, example = "row.person")]
    item: PriceItem,
    /// What one of it is.
    meaning: &'static str,
    /// What one costs while its class is not congested.
    #[schema(value_type = String, example = "0.2")]
    floor: CreditText,
}

/// Answers that share one capacity, and so one index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceClass)]
pub(crate) struct ClassView {
    #[schema(value_type = String, example = "graph")]
    class: PriceClass,
    /// What is in it.
    meaning: &'static str,
    /// In what its use and target are counted.
    #[schema(example = "row")]
    capacity_unit: &'static str,
    /// What the floors are multiplied by, cut after four digits.
    #[schema(example = "1.0000")]
    index: String,
    /// The published epoch that holds; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<EpochView>,
    /// That of the next minute; absent until it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<EpochView>,
}

/// What a route's answers are counted as.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutePrice)]
pub(crate) struct RouteView {
    #[schema(example = "/v1/people/{id}/ranks")]
    route: &'static str,
    #[schema(value_type = String, example = "graph")]
    class: PriceClass,
    /// What each row is; `call.suggest` stands for the whole answer.
    #[schema(value_type = String, example = "row.rank")]
    row: PriceItem,
    /// The most rows: `one`, `limit`, `ids` (or accounts) in the body, or a number.
    #[schema(example = "limit")]
    most: String,
}

/// The bound of free answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreeAnswers)]
pub(crate) struct FreeAnswersView {
    /// Of a key, before any charged one.
    #[schema(example = 10_000)]
    a_day: u64,
    /// Of an account with all its keys together, before any charged one.
    #[schema(example = 100_000)]
    a_day_of_account: u64,
    /// For each charged one.
    #[schema(example = 10)]
    for_each_charged: u64,
}

/// How quotes are given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteTerms)]
pub(crate) struct QuoteTermsView {
    /// How long one holds, in seconds.
    #[schema(example = 900)]
    seconds: i64,
    /// How many an account may have open.
    #[schema(example = 3)]
    open_most: u32,
    /// The key that they are signed with, as a JSON Web Key (RFC 8037).
    #[schema(value_type = Object)]
    key: Value,
}

/// The prices of this minute and the next.
#[utoipa::path(
    get,
    path = "/v1/prices",
    operation_id = "get_prices",
    tag = "prices",
    security(()),
    responses((status = 200, body = Envelope<PricesView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(State(gateway): State<Gateway>) -> Result<impl IntoResponse, Problem> {
    let now = gateway.now();
    let prices = gateway.charging().prices(gateway.pg(), now).await?;
    let next_at = prices.epoch.after(1).start();
    let fresh_seconds = (next_at.as_second() - now.as_second()).max(1);
    let key = serde_json::from_str(&gateway.signer().public_key()).unwrap_or_default();
    let view = PricesView {
        price_version: prices.version(),
        next_at,
        us_dollars_per_credit: US_DOLLARS_PER_CREDIT,
        items: PriceItem::ALL.map(ItemView::of).into(),
        classes: PriceClass::ALL.map(|class| ClassView::of(class, &prices)).into(),
        routes: PRICE_LIST.iter().map(RouteView::of).collect(),
        outcomes: AnswerOutcome::ALL.iter().copied().map(OutcomeView::of).collect(),
        free_answers: FreeAnswersView {
            a_day: FREE_ANSWERS_MIN,
            a_day_of_account: FREE_ANSWERS_OF_PAYER_MIN,
            for_each_charged: FREE_PER_CHARGED,
        },
        quotes: QuoteTermsView { seconds: QUOTE_SECONDS, open_most: QUOTES_OPEN_MAX, key },
    };
    let cache = format!("public, max-age={fresh_seconds}");
    Ok(([(CACHE_CONTROL, cache)], ApiAnswer::one(view)))
}

impl ItemView {
    fn of(item: PriceItem) -> ItemView {
        ItemView { item, meaning: item.meaning(), floor: item.floor().into() }
    }
}

impl ClassView {
    fn of(class: PriceClass, prices: &CurrentPrices) -> ClassView {
        let view = |epoch: Option<&PublishedEpoch>| epoch.map(EpochView::of);
        ClassView {
            class,
            meaning: class.meaning(),
            capacity_unit: class.capacity_unit().slug(),
            index: prices.index(class).to_string(),
            current: view(prices.current(class)),
            next: view(prices.next(class)),
        }
    }
}

impl RouteView {
    fn of(price: &RoutePrice) -> RouteView {
        let most = match price.most {
            RowsMost::One => "one".to_owned(),
            RowsMost::Limit => "limit".to_owned(),
            RowsMost::Ids => "ids".to_owned(),
            RowsMost::Few(rows) => rows.to_string(),
        };
        RouteView { route: price.path, class: price.class, row: price.row, most }
    }
}
