//! Quotes: a price that is promised for a quarter of an hour, whose most is set aside.

use std::borrow::Cow;

use billing::open_quote;
use model::port::{LEASES_MAX, Wallet as _};
use model::time::Timestamp;
use model::wallet::LeaseOutcome;
use model::{
    CreditLease, LeaseId, MicroCredits, PriceClass, PriceItem, PriceVersion, Quote, QuoteId, Usage,
};
use pricing::quote::{LockedPrice, QuoteRequest, new_quote, quotable_units, quoted_units};
use serde::Serialize;
use store::pg::quote::{self, QuoteReservation, QuotedPart};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::answer::{ApiAnswer, Envelope};
use crate::charging::{CurrentPrices, unknown_quote, unpaid};
use crate::credit_text::CreditText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};

/// The most units of one item that a quote covers.
const UNITS_MAX: u64 = 1_000_000;

/// The most quotes that are listed: as many leases as the wallet gives at once.
const LISTED_MAX: u32 = LEASES_MAX as u32;

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

/// What a quote is asked for, as the documentation has it: a class, and units of which some take its capacity.
struct QuoteCap;

impl ToSchema for QuoteCap {
    fn name() -> Cow<'static, str> {
        "QuoteCap".into()
    }
}

impl utoipa::PartialSchema for QuoteCap {
    fn schema() -> RefOr<Schema> {
        let takes = |item: &PriceItem, class: PriceClass| item.unit() == class.capacity_unit();
        let pairs = PriceClass::ALL.into_iter().flat_map(|class| {
            PriceItem::ALL
                .into_iter()
                .filter(move |item| takes(item, class))
                .map(move |item| (class, item))
        });
        let caps =
            pairs.fold(AnyOfBuilder::new(), |any, (class, item)| any.item(cap_of(class, item)));
        Schema::AnyOf(caps.build()).into()
    }
}

/// A class, and units with at least one of this item.
fn cap_of(class: PriceClass, needed: PriceItem) -> Object {
    let count = |least: u64| {
        let count = ObjectBuilder::new().schema_type(Type::Integer);
        count.minimum(Some(least)).maximum(Some(UNITS_MAX))
    };
    let units = PriceItem::ALL.into_iter().fold(ObjectBuilder::new(), |units, item| {
        units.property(item.slug(), count(u64::from(item == needed)))
    });
    let closed = || AdditionalProperties::<Schema>::FreeForm(false);
    let units = units.required(needed.slug()).additional_properties(Some(closed()));
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([class.slug()]));
    let cap = ObjectBuilder::new().property("class", name).property("units", units);
    cap.required("class").required("units").additional_properties(Some(closed())).build()
}

impl JsonInput for Usage {
    fn check(&self) -> Result<(), Problem> {
        if let Some((item, _)) = self.items().find(|&(_, count)| count > UNITS_MAX) {
            let why = format!("must be at most {UNITS_MAX}");
            return Err(Problem::body(&format!("/units/{item}"), why));
        }
        if self.capacity_units().is_none_or(|units| units == 0) {
            let unit = self.class().capacity_unit().slug();
            let why = format!("a quote of the class {} needs some `{unit}.…`", self.class());
            return Err(Problem::body("/units", why));
        }
        Ok(())
    }
}

/// Gives a quote: locks the index of a class for 15 minutes, for at most these units.
#[utoipa::path(
    post,
    path = "/v1/quotes",
    operation_id = "create_quote",
    tag = "quotes",
    request_body(content = QuoteCap, description = "The class, and the most units of each item.",
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
    let leases = leases(&call, &quotes).await?;
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
    let leases = leases(&call, std::slice::from_ref(&quote)).await?;
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

/// The leases that hold the credits of the caller's quotes.
async fn leases(call: &ApiCall, quotes: &[Quote]) -> Result<Vec<CreditLease>, Problem> {
    let ids: Vec<LeaseId> = quotes.iter().map(|quote| LeaseId::new(quote.id.number())).collect();
    Ok(call.gateway.charging().wallet.leases(call.caller().payer, &ids).await?)
}

/// The lease of a quote, while it is open.
fn lease_of<'a>(quote: &Quote, leases: &'a [CreditLease]) -> Option<&'a CreditLease> {
    leases.iter().find(|lease| lease.is_open && lease.id == LeaseId::new(quote.id.number()))
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
