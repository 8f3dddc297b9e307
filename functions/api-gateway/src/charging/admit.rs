//! Before a request is served: what its answer can cost, and whether it was answered before.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request};
use billing::{Admission, RequestToAdmit};
use model::charge::ChargeRef;
use model::time::Timestamp;
use model::{Epoch, MicroCredits, PriceClass};
use pricing::outcome::FREE_PER_CHARGED;
use pricing::quote::quoted_cost;
use pricing::{RequestHash, estimate};
use store::Pg;
use store::pg::price::RefusedRequest;

use super::admitted::{AdmittedRequest, EarlierAnswer, PricedRequest};
use super::client_terms::ClientTerms;
use super::price_list::{RoutePrice, route_price};
use super::quote_book::QuoteUse;
use super::{Charging, FreeAnswersLeft, withheld};
use crate::caller::ApiCaller;
use crate::error::{Problem, ProblemCode};
use crate::query;

/// The largest body: 1,000 ids are about 20 kB.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;

/// Admits a request of a caller, or says why not. Its body is read, and the same request is given back.
///
/// # Errors
/// Its headers cannot be read, it may cost more than is allowed, its quote is not usable, or it was answered as
/// often as is free.
pub(crate) async fn admit(
    charging: &Charging,
    pg: &Pg,
    caller: &ApiCaller,
    request: Request,
    now: Timestamp,
) -> Result<(AdmittedRequest, Request), Problem> {
    let terms = ClientTerms::of(request.headers())?;
    let mut admitted = AdmittedRequest { caller: caller.clone(), terms, priced: None, at: now };
    let (read, request) = ReadRequest::of(request).await?;
    if let Some(price) = read.price {
        admitted.priced = Some(price_request(charging, pg, (&admitted, price), &read).await?);
    }
    if !caller.is_test && !admitted.terms.is_dry_run {
        admit_priced(charging, &mut admitted).await?;
    }
    Ok((admitted, request))
}

/// That a key, or its account with all keys, had its free answers.
pub(crate) fn no_free_answer(left: FreeAnswersLeft) -> Problem {
    let who = if left.key == 0 { "this key" } else { "this account, with all its keys," };
    let why = format!(
        "{who} had its free answers of today: each charged answer gives {FREE_PER_CHARGED} more, and there are new \
         ones after midnight UTC"
    );
    Problem::new(ProblemCode::FreeAnswersExhausted, why)
}

/// What of a request decides its price.
struct ReadRequest {
    price: Option<&'static RoutePrice>,
    pairs: Vec<(String, String)>,
    body: Bytes,
    asked: RequestHash,
}

impl ReadRequest {
    async fn of(request: Request) -> Result<(ReadRequest, Request), Problem> {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let price = route_price(path);
        let pairs = query::pairs(request.uri().query().unwrap_or_default())?;
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
            Problem::new(ProblemCode::BodyTooLarge, "the body is too large: send fewer ids")
        })?;
        let canonical = query::canonical(pairs.clone(), &[]);
        let asked = RequestHash::new(&[
            parts.method.as_str().as_bytes(),
            parts.uri.path().as_bytes(),
            canonical.as_bytes(),
            &body,
        ]);
        let request = Request::from_parts(parts, Body::from(body.clone()));
        Ok((ReadRequest { price, pairs, body, asked }, request))
    }
}

async fn price_request(
    charging: &Charging,
    pg: &Pg,
    (admitted, price): (&AdmittedRequest, &'static RoutePrice),
    read: &ReadRequest,
) -> Result<PricedRequest, Problem> {
    let prices = charging.prices(pg, admitted.at).await?;
    let bounds = price.bounds(&read.pairs, &read.body);
    let estimate = estimate(&bounds, &prices.bounds(price.class));
    let estimate = estimate.map_err(|error| Problem::parameter("limit", error.to_string()))?;
    let quote = match admitted.terms.quote {
        Some(quote) => {
            let wanted = QuoteUse { quote, payer: admitted.caller.payer, class: price.class };
            Some(charging.quotes.usable(pg, wanted, admitted.at).await?)
        }
        None => None,
    };
    let asked = read.asked;
    Ok(PricedRequest { price, bounds, estimate, prices, asked, quote, earlier: None })
}

/// Looks for an earlier answer to the request of a client that named it, and refuses what may cost too much and
/// cannot be one that was paid before.
async fn admit_priced(charging: &Charging, admitted: &mut AdmittedRequest) -> Result<(), Problem> {
    let Some(priced) = &admitted.priced else { return Ok(()) };
    let payer = admitted.caller.payer;
    // A page of a stream is known by its events, and so only when it is ready.
    let is_named =
        admitted.terms.idempotency_key.is_some() && priced.price.class != PriceClass::Stream;
    let ids = admitted.charges(priced.asked, None);
    let charge = ChargeRef { payer, charge: ids.id };
    let others: Vec<ChargeRef> =
        ids.neighbour.map(|charge| ChargeRef { payer, charge }).into_iter().collect();
    let wanted = RequestToAdmit {
        charge,
        others: &others,
        request: *priced.asked.bytes(),
        cost_most: cost_most(priced)?,
        cost_max: admitted.terms.cost_max,
        is_named,
    };
    let earlier = match billing::admit(&charging.wallet, &wanted).await? {
        Admission::Serve => None,
        Admission::Withheld(why) => return Err(withheld(why, priced)),
        Admission::Replay(charge) => Some(EarlierAnswer::Known(charge)),
        Admission::OnlyReplay(why) => Some(EarlierAnswer::Needed(why)),
    };
    if let Some(priced) = &mut admitted.priced {
        priced.earlier = earlier;
    }
    Ok(())
}

/// The most that an answer costs, by its quote if it has one.
fn cost_most(priced: &PricedRequest) -> Result<MicroCredits, Problem> {
    let Some(quote) = &priced.quote else { return Ok(priced.estimate.max) };
    let quoted = quoted_cost(quote, &priced.bounds.most);
    let quoted =
        quoted.map_err(|error| Problem::new(ProblemCode::QuoteMismatch, error.to_string()))?;
    Ok(quoted.min(priced.estimate.max))
}

/// The request as one that a limit refused, if its route has a price and it can be read. It counts as what was
/// asked for: of a batch each id is a unit.
pub(crate) async fn refused_request(
    request: Request,
    caller: &ApiCaller,
    now: Timestamp,
) -> Option<RefusedRequest> {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if caller.is_test || route_price(path).is_none() {
        return None;
    }
    let (read, _) = ReadRequest::of(request).await.ok()?;
    let price = read.price?;
    Some(RefusedRequest {
        class: price.class,
        epoch: Epoch::of(now),
        payer: caller.payer,
        request: *read.asked.bytes(),
        units: price.bounds(&read.pairs, &read.body).expected.capacity_units()?,
    })
}
