//! The codes of problems, their statuses and titles: one table.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Defines the codes. Everything else about them is made from this one table.
macro_rules! problem_codes {
    ($($name:ident $status:ident $title:literal { $meaning:literal })*) => {
        /// What went wrong. Clients may rely on these names; the texts beside them may change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = Code)]
        pub enum ProblemCode {
            $(#[doc = $meaning] $name,)*
        }

        impl ProblemCode {
            /// Every code.
            const ALL: &[ProblemCode] = &[$(ProblemCode::$name),*];

            pub(super) const fn facts(self) -> (StatusCode, &'static str) {
                match self {
                    $(ProblemCode::$name => (StatusCode::$status, $title),)*
                }
            }
        }
    };
}

problem_codes! {
    KeyMissing UNAUTHORIZED "No API key"
        { "There is no key in the `Authorization` header." }
    KeyMalformed UNAUTHORIZED "Malformed API key"
        { "What is in the `Authorization` header has not the form of a key, or a wrong checksum." }
    KeyUnknown UNAUTHORIZED "Unknown API key"
        { "The key is unknown." }
    KeyRevoked UNAUTHORIZED "Revoked API key"
        { "The key was revoked." }
    ScopeMissing FORBIDDEN "Scope missing"
        { "The key may not do this." }
    KeyInUrl BAD_REQUEST "API key in the URL"
        { "The URL has a key in it, where logs and histories keep it." }
    BadParameter BAD_REQUEST "Bad parameter"
        { "A parameter of the query is unknown, repeated or out of its range." }
    BadId BAD_REQUEST "Bad id"
        { "The id in the path has not the form of one." }
    BadBody BAD_REQUEST "Bad body"
        { "The body is not the JSON that the route takes." }
    BadContentType UNSUPPORTED_MEDIA_TYPE "Bad content type"
        { "The body's `Content-Type` is not JSON." }
    BodyTooLarge PAYLOAD_TOO_LARGE "Body too large"
        { "The body is larger than the route takes." }
    BadCursor BAD_REQUEST "Bad cursor"
        { "The cursor was not made for this route, these parameters and this account." }
    UnknownRoute NOT_FOUND "Unknown route"
        { "There is no such route." }
    MethodNotAllowed METHOD_NOT_ALLOWED "Method not allowed"
        { "The route does not take this method." }
    PersonUnknown NOT_FOUND "Unknown person"
        { "There is no such person, or it does not want to be found." }
    ProfileUnknown NOT_FOUND "Unknown profile"
        { "There is no such profile, or it does not want to be found." }
    AccountUnknown NOT_FOUND "Unknown account"
        { "There is no such account in the index, or it does not want to be found." }
    CommunityUnknown NOT_FOUND "Unknown community"
        { "There is no such community in this run." }
    MapUnknown NOT_FOUND "No map"
        { "The run has no map, or no such tile of it." }
    EvidenceUnknown NOT_FOUND "No evidence"
        { "There is no evidence for this person in this community." }
    RunUnknown NOT_FOUND "Unknown run"
        { "There is no such run, or none as old as that, or it is not finished." }
    RunRetired GONE "Retired run"
        { "The run's results are not kept any more." }
    NoRun NOT_FOUND "Nothing scored yet"
        { "Nothing has been scored yet." }
    BadHeader BAD_REQUEST "Bad header"
        { "A header that says how to charge cannot be read." }
    HeadersTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "Headers too large"
        { "The request line and the headers are larger than 10,240 bytes." }
    PriceExceedsMax PAYMENT_REQUIRED "Price above the maximum"
        { "The answer may cost, or costs, more than `Borg-Max-Cost`." }
    InsufficientCredits PAYMENT_REQUIRED "Insufficient credits"
        { "The account's balance does not cover the answer." }
    BudgetExhausted PAYMENT_REQUIRED "Daily budget exhausted"
        { "The key's budget for the day does not cover the answer." }
    AccountFrozen FORBIDDEN "Account frozen"
        { "The account may not spend: ask the operator." }
    RateLimited TOO_MANY_REQUESTS "Rate limited"
        { "Too many requests with this key: wait as `Retry-After` says." }
    FreeAnswersExhausted TOO_MANY_REQUESTS "Free answers exhausted"
        { "The key had its free answers of the day." }
    ReplaysExhausted TOO_MANY_REQUESTS "Replays exhausted"
        { "The same answer was given again as often as is free." }
    RequestInProgress CONFLICT "Request in progress"
        { "The same request is being answered at this moment." }
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "Idempotency-Key reused"
        { "The same `Idempotency-Key` was used for another request." }
    QuoteUnknown NOT_FOUND "Unknown quote"
        { "There is no such quote of this account." }
    QuoteExpired GONE "Expired quote"
        { "The quote ended: ask for another one." }
    QuoteMismatch UNPROCESSABLE_ENTITY "Quote for another class"
        { "The quote is for answers of another class." }
    QuotesSoldOut TOO_MANY_REQUESTS "Quotes sold out"
        { "No more of this class is quoted in this minute." }
    TooMany CONFLICT "Too many"
        { "There are as many of them as an account may have." }
    ChargeUnknown NOT_FOUND "Unknown charge"
        { "There is no such charge of this account." }
    StatementUnknown NOT_FOUND "Unknown statement"
        { "There is no statement of this account for that month." }
    AlertUnknown NOT_FOUND "Unknown alert"
        { "There is no such alert of this account." }
    NoSuchKey NOT_FOUND "No such key"
        { "There is no such key of this account, or it was revoked." }
    ScopeNotHeld FORBIDDEN "Scope not held"
        { "A key cannot give more than it has." }
    PaymentRefused BAD_REQUEST "Payment refused"
        { "The callback is not signed by the payment service, too old, or not readable." }
    Unavailable SERVICE_UNAVAILABLE "Unavailable"
        { "The record cannot be reached for now." }
    Timeout GATEWAY_TIMEOUT "Timed out"
        { "The answer took too long." }
    Internal INTERNAL_SERVER_ERROR "Internal error"
        { "A fault of ours." }
}

impl ProblemCode {
    /// All codes with status and title, a line each: for the documentation.
    pub(crate) fn explained() -> String {
        let line = |&code: &ProblemCode| {
            let (status, title) = code.facts();
            format!("`{}` ({}): {title}.", code.slug(), status.as_u16())
        };
        ProblemCode::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn slug(self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_as_clients_see_it() {
        assert_eq!(ProblemCode::KeyInUrl.slug(), "key_in_url");
        assert!(
            ProblemCode::explained()
                .contains("`price_exceeds_max` (402): Price above the maximum.")
        );
    }
}
