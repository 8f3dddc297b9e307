//! Quotes: a price that is promised for a quarter of an hour, whose most is set aside.

use billing::open_quote;
use model::port::Wallet as _;
use model::time::Timestamp;
use model::wallet::LeaseOutcome;
use model::{CreditLease, LeaseId, MicroCredits, PriceVersion, Quote, QuoteId, Usage};
use pricing::quote::{LockedPrice, QuoteRequest, new_quote, quotable_units, quoted_units};
use serde::Serialize;
use store::pg::quote::{self, QuoteReservation, QuotedPart};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::charging::{CurrentPrices, unknown_quote, unpaid};
use crate::credit_text::CreditText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, PathId};

/// The most quotes that are listed.
const LISTED_MAX: u32 = 100;

/// A promise of a price. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteView {
    /// To be sent as `Borg-Quote`.
    #[schema(value_type = String, example = "qt_7")]
    id: QuoteId,
    /// The most that it covers, and so its class.
    #[schema(value_type = Object, example = json!({"class": "graph", "units": {"call.read": 10, "row.person": 200}}))]
    cap: Usage,
    /// By which prices.
    #[schema(value_type = String, example = "1.29717000")]
    price_version: PriceVersion,
    /// The index that it locks: 32.32 fixed point. You pay the lower of it and the current one.
    #[schema(example = 4_294_967_296_u64)]
    index: u64,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What is set aside for it: the most that all answers with it cost.
    #[schema(value_type = String, example = "40.5")]
    max_total: CreditText,
    /// What is left of that; 0 once it ended.
    #[schema(value_type = String, example = "40.5")]
    left: CreditText,
    /// All of it signed, as a JWS (RFC 7515, EdDSA): proves what was promised.
    signed: String,
}

/// Gives a quote: locks the index of a class for 15 minutes, for at most these units.
#[utoipa::path(
    post,
    path = "/v1/quotes",
    operation_id = "create_quote",
    tag = "quotes",
    request_body(content = Object, description = "The class, and the most units of each item.",
        example = json!({"class": "graph", "units": {"call.read": 10, "row.person": 200}})),
    responses((status = 200, body = Envelope<QuoteView>, description = "The answer."), Problem)
)]
pub(crate) async fn create(
    JsonCall { call, body: cap }: JsonCall<Usage>,
) -> Result<ApiAnswer<QuoteView>, Problem> {
    let (gateway, payer, now) = (&call.gateway, call.caller().payer, call.gateway.now());
    let prices = gateway.charging().prices(call.gateway.pg(), now).await?;
    let price = LockedPrice { version: prices.version(), index: prices.index(cap.class()) };
    let wanted = QuoteRequest { id: QuoteId::new(gateway.nonce()), payer, cap };
    let quote = new_quote(&wanted, &price, now);
    let quote = quote.map_err(|error| Problem::body("/units", error.to_string()))?;
    if cap.capacity_units().is_none_or(|units| units == 0) {
        let unit = cap.class().capacity_unit().slug();
        let why = format!("a quote of the class {} needs some `{unit}.…`", cap.class());
        return Err(Problem::body("/units", why));
    }
    reserve(&call, &quote, &prices).await?;
    let wallet = &gateway.charging().wallet;
    let opened = open_quote(wallet, quote.id, payer, quote.max_total, quote.expires).await;
    let problem = match opened {
        Ok(LeaseOutcome::Opened(lease)) => {
            return Ok(ApiAnswer::one(view(&call, &quote, Some(&lease))));
        }
        Ok(LeaseOutcome::Refused(why)) => unpaid(why, prices.version()),
        Ok(LeaseOutcome::Contended) => {
            let why = "too many requests of this account at this moment: try again";
            Problem::new(ProblemCode::Unavailable, why).retry_after(1)
        }
        Err(error) => {
            // It may be open: its client never hears of it.
            wallet.close_lease(payer, LeaseId::new(quote.id.number())).await?;
            error.into()
        }
    };
    quote::cancel(call.gateway.pg(), quote.id).await?;
    Err(problem)
}

/// Reserves the units in what may be quoted of the class in this minute.
async fn reserve(call: &ApiCall, quote: &Quote, prices: &CurrentPrices) -> Result<(), Problem> {
    let class = quote.cap.class();
    let published = prices.current(class).or_else(|| prices.next(class));
    let target = published.map(|epoch| epoch.target).ok_or_else(|| {
        let why = "no price is published yet: try again in a minute";
        Problem::new(ProblemCode::Unavailable, why).retry_after(60)
    })?;
    let units =
        quoted_units(&quote.cap).map_err(|error| Problem::body("/units", error.to_string()))?;
    let part = QuotedPart { units, most: quotable_units(target, 0) };
    match quote::reserve(call.gateway.pg(), quote, part).await? {
        QuoteReservation::Reserved => Ok(()),
        QuoteReservation::ClassFull { left } => {
            let why = format!(
                "{left} more units of the class {class} are quoted in this minute: ask for less, or later"
            );
            Err(Problem::new(ProblemCode::QuotesSoldOut, why).retry_after(60))
        }
    }
}

/// The account's quotes that hold, the newest first.
#[utoipa::path(
    get,
    path = "/v1/quotes",
    operation_id = "list_quotes",
    tag = "quotes",
    responses((status = 200, body = Envelope<Vec<QuoteView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<QuoteView>>, Problem> {
    let payer = call.caller().payer;
    let quotes = quote::of_payer(call.gateway.pg(), payer, call.gateway.now(), LISTED_MAX).await?;
    let leases = call.gateway.charging().wallet.view(payer).await?.leases;
    let views = quotes.iter().map(|quote| view(&call, quote, lease_of(quote, &leases)));
    Ok(ApiAnswer::page(views.collect()))
}

/// One quote.
#[utoipa::path(
    get,
    path = "/v1/quotes/{id}",
    operation_id = "get_quote",
    tag = "quotes",
    params(("id" = String, Path, example = "qt_7")),
    responses((status = 200, body = Envelope<QuoteView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<QuoteId>,
    call: ApiCall,
) -> Result<ApiAnswer<QuoteView>, Problem> {
    let quote = own(&call, id).await?;
    let leases = call.gateway.charging().wallet.view(quote.payer).await?.leases;
    Ok(ApiAnswer::one(view(&call, &quote, lease_of(&quote, &leases))))
}

/// Ends a quote, and frees what is left of it.
#[utoipa::path(
    delete,
    path = "/v1/quotes/{id}",
    operation_id = "end_quote",
    tag = "quotes",
    params(("id" = String, Path, example = "qt_7")),
    responses((status = 200, body = Envelope<QuoteView>, description = "The answer."), Problem)
)]
pub(crate) async fn end(
    PathId(id): PathId<QuoteId>,
    call: ApiCall,
) -> Result<ApiAnswer<QuoteView>, Problem> {
    let quote = own(&call, id).await?;
    let wallet = &call.gateway.charging().wallet;
    wallet.close_lease(quote.payer, LeaseId::new(id.number())).await?;
    Ok(ApiAnswer::one(view(&call, &quote, None)))
}

async fn own(call: &ApiCall, id: QuoteId) -> Result<Quote, Problem> {
    let found = quote::get(call.gateway.pg(), id).await?;
    found.filter(|quote| quote.payer == call.caller().payer).ok_or_else(|| unknown_quote(id))
}

fn lease_of<'a>(quote: &Quote, leases: &'a [CreditLease]) -> Option<&'a CreditLease> {
    leases.iter().find(|lease| lease.id == LeaseId::new(quote.id.number()))
}

fn view(call: &ApiCall, quote: &Quote, lease: Option<&CreditLease>) -> QuoteView {
    QuoteView {
        id: quote.id,
        cap: quote.cap,
        price_version: quote.price_version,
        index: quote.locked.bits(),
        issued_at: quote.issued,
        expires_at: quote.expires,
        max_total: quote.max_total.into(),
        left: lease.map_or(MicroCredits::ZERO, |lease| lease.left).into(),
        signed: call.gateway.signer().sign(quote),
    }
}
