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
            pub(crate) const ALL: &[ProblemCode] = &[$(ProblemCode::$name),*];

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
    BadCursor NOT_FOUND "Unknown cursor"
        { "The cursor was not made for this route, these parameters and this account." }
    CursorTooOld GONE "Cursor too old"
        { "What came next after the cursor is not kept any more: `floor` is the first cursor that can be used." }
    NotAcceptable NOT_ACCEPTABLE "Not acceptable"
        { "The form that `Accept` names is not offered here." }
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
    ViewUnavailable CONFLICT "View unavailable"
        { "The run was scored without what the view is made from, or before a person was known." }
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
        { "Too many requests with this key, or from this address: wait as `Retry-After` says." }
    FreeAnswersExhausted TOO_MANY_REQUESTS "Free answers exhausted"
        { "The key had its free answers of the day." }
    ReplaysExhausted TOO_MANY_REQUESTS "Replays exhausted"
        { "The same answer was given again as often as is free." }
    RequestInProgress CONFLICT "Request in progress"
        { "The same request, or an attempt of the delivery, is under way at this moment." }
    IdempotencyKeyReused CONFLICT "Idempotency-Key reused"
        { "The same `Idempotency-Key` was used for another request." }
    QuoteUnknown NOT_FOUND "Unknown quote"
        { "There is no such quote of this account." }
    QuoteExpired GONE "Expired quote"
        { "The quote ended: ask for another one." }
    QuoteMismatch CONFLICT "Quote for another class"
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
    ConsumerUnknown NOT_FOUND "Unknown consumer"
        { "There is no such consumer of this account." }
    ConsumerAhead CONFLICT "Consumer ahead"
        { "The consumer is beyond that place, or not as far." }
    WebhookUnknown NOT_FOUND "Unknown webhook"
        { "There is no such webhook of this account." }
    DeliveryUnknown NOT_FOUND "Unknown delivery"
        { "There is no such delivery of this webhook, or it is not kept any more." }
    WebhookDisabled CONFLICT "Webhook disabled"
        { "Nothing is sent to the webhook until it is put again." }
    ExportUnknown NOT_FOUND "Unknown export"
        { "There is no such export of this account, or no such part of it." }
    ExportNotDone CONFLICT "Export not done"
        { "The export has no files to be fetched: it is not done, or failed." }
    ExportExpired GONE "Expired export"
        { "The files are not kept any more: order it again." }
    FileLinkOver NOT_FOUND "File link over"
        { "There is no file by this link: it is over, or the file was replaced. Ask for another one." }
    RangeBeyond RANGE_NOT_SATISFIABLE "Range beyond the file"
        { "The file has none of the bytes that `Range` asks for: `Content-Range` says how long it is." }
    NoSuchKey NOT_FOUND "No such key"
        { "There is no such key of this account, or it was revoked." }
    ScopeNotHeld FORBIDDEN "Scope not held"
        { "A key cannot give more than it has." }
    PaymentRefused FORBIDDEN "Payment refused"
        { "The callback is not signed by the payment service, too old, or not readable." }
    PrivacyRequestUnknown NOT_FOUND "Unknown privacy request"
        { "There is no such privacy request, or this is not its secret." }
    SecretMissing UNAUTHORIZED "No secret"
        { "The secret of the privacy request is not in the `Authorization` header." }
    PrivacyRequestsExhausted TOO_MANY_REQUESTS "Privacy requests exhausted"
        { "There were as many requests of the account, or from the address, as there may be on a UTC day." }
    ChecksExhausted TOO_MANY_REQUESTS "Checks exhausted"
        { "The code was looked for a moment ago, or ten times." }
    NothingToCheck CONFLICT "Nothing to check"
        { "The code was found, its day is over, or accounts of this platform cannot be read." }
    NoDataGiven CONFLICT "No data given"
        { "The request asks for something else than what is held, or is not proven." }
    DataExpired GONE "Data expired"
        { "What is held could be read for seven days: make another request." }
    Unavailable SERVICE_UNAVAILABLE "Unavailable"
        { "The record cannot be reached for now." }
    Timeout GATEWAY_TIMEOUT "Timed out"
        { "The answer took too long." }
    Internal INTERNAL_SERVER_ERROR "Internal error"
        { "A fault of ours." }
}

impl ProblemCode {
    /// Those of a route that needs a key.
    pub(crate) const OF_KEYS: &[ProblemCode] = &[
        ProblemCode::KeyMissing,
        ProblemCode::KeyMalformed,
        ProblemCode::KeyUnknown,
        ProblemCode::KeyRevoked,
        ProblemCode::ScopeMissing,
        ProblemCode::BadHeader,
        ProblemCode::FreeAnswersExhausted,
    ];

    /// Those of a route whose answers cost something.
    pub(crate) const OF_PRICED: &[ProblemCode] = &[
        ProblemCode::PriceExceedsMax,
        ProblemCode::InsufficientCredits,
        ProblemCode::BudgetExhausted,
        ProblemCode::AccountFrozen,
        ProblemCode::ReplaysExhausted,
        ProblemCode::RequestInProgress,
        ProblemCode::IdempotencyKeyReused,
        ProblemCode::QuoteUnknown,
        ProblemCode::QuoteExpired,
        ProblemCode::QuoteMismatch,
        // A replay comes from the run of the first answer.
        ProblemCode::RunRetired,
    ];

    /// Those of the route that gives quotes.
    pub(crate) const OF_NEW_QUOTES: &[ProblemCode] =
        &[ProblemCode::InsufficientCredits, ProblemCode::AccountFrozen, ProblemCode::QuotesSoldOut];

    /// Those of the route that takes orders of exports.
    pub(crate) const OF_NEW_EXPORTS: &[ProblemCode] = &[
        ProblemCode::PriceExceedsMax,
        ProblemCode::InsufficientCredits,
        ProblemCode::BudgetExhausted,
        ProblemCode::AccountFrozen,
        ProblemCode::RequestInProgress,
        ProblemCode::IdempotencyKeyReused,
        ProblemCode::ExportExpired,
        ProblemCode::QuoteMismatch,
        ProblemCode::NoRun,
        ProblemCode::RunUnknown,
        ProblemCode::RunRetired,
        ProblemCode::CommunityUnknown,
        ProblemCode::BadCursor,
        ProblemCode::CursorTooOld,
    ];

    /// All codes with status and title, a line each: for the documentation.
    pub(crate) fn explained() -> String {
        let line = |&code: &ProblemCode| {
            let (status, title) = code.facts();
            format!("`{}` ({}): {title}.", code.slug(), status.as_u16())
        };
        ProblemCode::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Whether it is our fault, or that of what we depend on.
    pub(crate) fn is_failure(self) -> bool {
        self.facts().0.is_server_error()
    }

    pub(super) fn slug(self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    }
}

/// A status with the codes that have it, as the documentation shows it.
pub(crate) struct ProblemStatus {
    /// The status.
    pub(crate) number: u16,
    /// What the answer is called in the document.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// The codes with their titles, a line each.
    pub(crate) explained: String,
    /// The headers that only this answer has.
    pub(crate) headers: &'static [&'static str],
}

/// Defines the statuses of problems as the document names them.
macro_rules! problem_statuses {
    ($($status:ident $name:literal $meaning:literal [$($header:literal),*])*) => {
        const STATUSES: &[(StatusCode, &str, &str, &[&str])] =
            &[$((StatusCode::$status, $name, $meaning, &[$($header),*])),*];
    };
}

problem_statuses! {
    BAD_REQUEST "BadRequest" "The request cannot be used as it is." []
    UNAUTHORIZED "Unauthorized" "There is no key, or no secret, that opens." ["WWW-Authenticate"]
    PAYMENT_REQUIRED "PaymentRequired" "It is not paid: `payment` says what is missing." []
    FORBIDDEN "Forbidden" "The key, or its account, may not do this." []
    NOT_FOUND "NotFound" "There is no such thing, or it does not want to be found." []
    METHOD_NOT_ALLOWED "MethodNotAllowed" "The route does not take this method." ["Allow"]
    NOT_ACCEPTABLE "NotAcceptable" "It is not given in the form that `Accept` names." []
    CONFLICT "Conflict" "It does not fit what is there already." []
    GONE "Gone" "It was there, and is not kept any more." []
    PAYLOAD_TOO_LARGE "PayloadTooLarge" "The body is too large." []
    UNSUPPORTED_MEDIA_TYPE "UnsupportedMediaType" "The body is no JSON by its type." []
    RANGE_NOT_SATISFIABLE "RangeNotSatisfiable" "The file has no such bytes." ["Content-Range"]
    TOO_MANY_REQUESTS "TooManyRequests" "Too many at once: wait as long as `Retry-After` says." ["Retry-After"]
    REQUEST_HEADER_FIELDS_TOO_LARGE "HeadersTooLarge" "The request line and the headers are too large." []
    INTERNAL_SERVER_ERROR "InternalError" "A fault of ours: tell us the `request_id`." []
    SERVICE_UNAVAILABLE "Unavailable" "Not possible for now: try again." ["Retry-After"]
    GATEWAY_TIMEOUT "TimedOut" "The answer took too long: ask for less, or try again." []
}

/// The answer to a client that has the current one.
pub(crate) const NOT_MODIFIED: NamedStatus = NamedStatus {
    number: StatusCode::NOT_MODIFIED.as_u16(),
    name: "NotModified",
    meaning: "The answer that the client has is the current one. It costs nothing.",
};

/// A status that is no problem.
pub(crate) struct NamedStatus {
    /// The status.
    pub(crate) number: u16,
    /// What the answer is called in the document.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

/// The statuses that some codes have, in ascending order.
pub(crate) fn statuses(codes: &[ProblemCode]) -> Vec<ProblemStatus> {
    let explained = |status: StatusCode| {
        let own = codes.iter().filter(|code| code.facts().0 == status);
        own.map(|code| format!("`{}`: {}.", code.slug(), code.facts().1)).collect::<Vec<_>>()
    };
    let shown = STATUSES.iter().map(|&(status, name, meaning, headers)| ProblemStatus {
        number: status.as_u16(),
        name,
        meaning,
        explained: explained(status).join("\n"),
        headers,
    });
    shown.filter(|status| !status.explained.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_code_has_a_name() {
        for code in ProblemCode::ALL {
            assert_eq!(statuses(&[*code]).len(), 1, "{code:?}");
        }
        let numbers: Vec<u16> = statuses(ProblemCode::ALL).iter().map(|one| one.number).collect();
        assert!(numbers.is_sorted());
    }

    #[test]
    fn a_code_is_named_as_clients_see_it() {
        assert_eq!(ProblemCode::KeyInUrl.slug(), "key_in_url");
        assert!(
            ProblemCode::explained()
                .contains("`price_exceeds_max` (402): Price above the maximum.")
        );
    }
}
