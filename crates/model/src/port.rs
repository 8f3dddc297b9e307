//! The ports to the outside. Each has two real implementations, or a real one and one in
//! memory, and one shared test suite that runs on both. PostgreSQL as such has no port: `store::pg` is
//! concrete.

use std::future::Future;
use std::sync::Arc;

use crate::time::Timestamp;

mod ledger;
mod wallet;

pub use ledger::{Ledger, TransferPeriod};
pub use wallet::{
    BudgetChange, CHARGES_MAX, ExpiredHold, LEASES_MAX, ServedHold, UNSETTLED_MAX, Wallet,
};

/// A part of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as the list's owner says.
    pub items: Vec<T>,
    /// What asks for the next part; `None` after the last one.
    pub next: Option<String>,
}

/// What went wrong behind a port, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Temporary: the same call may succeed later.
    #[error("{0}")]
    Retry(String),
    /// Final: the same call will fail again.
    #[error("{0}")]
    Refused(String),
}

/// The source of the current time. No other code reads a clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// Whether an object was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was created.
    Created,
    /// There was one with this key already; it is unchanged.
    AlreadyThere,
}

/// Sealed objects by key: snapshots, runs, exports. S3, or a folder.
///
/// Keys are `/`-separated segments of `[A-Za-z0-9._=-]`, none of them `.` or `..`.
pub trait Objects: Send + Sync {
    /// Writes an object, unless one with this key exists. Readers see all of it or nothing.
    fn put(
        &self,
        key: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<PutOutcome, PortError>> + Send;

    /// The whole object; `None` if there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send;

    /// Up to `length` bytes from `start`, fewer at the object's end; `None` if there is none.
    fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send;

    /// Every key that begins with `prefix`, sorted.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;

    /// Removes an object. If there is none, that is no error.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The text, at most 256 KiB.
    pub body: String,
    /// How long it stays invisible at first, in seconds; at most 900.
    pub delay_seconds: u32,
}

/// A message that was received and is invisible to other receivers for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The text.
    pub body: String,
    /// Identifies this receipt of the message; void once the message is received again.
    pub receipt: String,
    /// How many times it was received, this time included.
    pub receives: u32,
}

/// How many times a message is received before it becomes a dead letter.
pub const RECEIVES_MAX: u32 = 10;

/// The sum of the delays between the receipts of one message, in seconds: 17 minutes.
pub const RETRY_DELAYS_SECONDS: u32 = (1 << RECEIVES_MAX) - 2;

/// How long a message stays invisible after its `receives`th receipt failed for a temporary reason. Each
/// delay is twice the one before: a short failure costs a short delay, and no message is lost in an
/// outage of a quarter of an hour. There is no delay after the last receipt.
///
/// ```
/// use model::port::retry_delay_seconds;
///
/// assert_eq!([1, 2, 3, 9, 10].map(retry_delay_seconds), [2, 4, 8, 512, 0]);
/// ```
pub const fn retry_delay_seconds(receives: u32) -> u32 {
    if receives < RECEIVES_MAX { 1 << receives } else { 0 }
}

/// The longest time from the first receipt of a message to its end, in seconds, if each receipt lasts at
/// most `visibility_seconds`. A reservation for a message must last longer.
pub const fn delivery_seconds_max(visibility_seconds: u32) -> u32 {
    RECEIVES_MAX * visibility_seconds + RETRY_DELAYS_SECONDS
}

/// One queue, with its dead letters. SQS, or a table in PostgreSQL.
///
/// Delivery is at least once, in no order. A message that was received [`RECEIVES_MAX`] times becomes a
/// dead letter instead of being received again.
pub trait Queue: Send + Sync {
    /// Sends all messages or fails; a failure may have sent some.
    fn send(
        &self,
        messages: &[OutgoingMessage],
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Receives up to `most` messages (at most 10), invisible to others for `visibility_seconds`.
    fn receive(
        &self,
        most: usize,
        visibility_seconds: u32,
    ) -> impl Future<Output = Result<Vec<ReceivedMessage>, PortError>> + Send;

    /// Ends a message. A void receipt is no error.
    fn finish(&self, receipt: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Makes a received message visible again after `seconds` (0 to 43,200).
    fn release(
        &self,
        receipt: &str,
        seconds: u32,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The approximate number of messages, visible or not, without dead letters.
    fn depth(&self) -> impl Future<Output = Result<u64, PortError>> + Send;

    /// The bodies of up to `most` dead letters, the oldest first. They stay in the queue.
    fn dead_letters(
        &self,
        most: usize,
    ) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;
}

/// A request to a platform's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// Absolute, `https` unless the origin was explicitly allowed.
    pub url: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body of a POST; `None` is a GET.
    pub body: Option<Vec<u8>>,
    /// The URL that redirected here, if any: addresses that only a first request may reach stay closed.
    pub redirected_by: Option<String>,
}

/// An answer of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebResponse {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The decompressed body.
    pub body: Vec<u8>,
}

impl WebResponse {
    /// The first line of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// Every line of a header, by its lower-case name: a list may have several.
    pub fn headers_named<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The host cannot be reached or did not answer in time: a later try may succeed.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// The reason.
        why: String,
    },
    /// The address, or one that it redirects to, is not public.
    #[error("{0} is not a public address: only an origin given by --base-url may be private")]
    PrivateAddress(String),
    /// The answer is larger than allowed, compressed or not.
    #[error("the answer of {host} exceeds {bytes_max} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        bytes_max: u64,
    },
    /// The URL cannot be used.
    #[error("`{0}` is no usable URL")]
    BadUrl(String),
}

/// The web: the safe client, or recorded answers.
pub trait Web: Send + Sync {
    /// Sends one request and reads the whole answer, within the client's limits. A redirect is an answer.
    fn fetch(
        &self,
        request: WebRequest,
    ) -> impl Future<Output = Result<WebResponse, WebError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_outlives_an_outage_of_a_quarter_of_an_hour() {
        let pauses: Vec<u32> = (1..RECEIVES_MAX).map(retry_delay_seconds).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(pauses.iter().sum::<u32>(), RETRY_DELAYS_SECONDS);
        const { assert!(RETRY_DELAYS_SECONDS >= 15 * 60) };
        assert_eq!((retry_delay_seconds(RECEIVES_MAX), retry_delay_seconds(u32::MAX)), (0, 0));
        assert_eq!(delivery_seconds_max(300), 10 * 300 + RETRY_DELAYS_SECONDS);
    }

    #[test]
    fn headers_are_found_by_name_in_their_order() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![header("link", "a"), header("date", "b"), header("link", "c")];
        let response = WebResponse { status: 200, headers, body: Vec::new() };
        assert_eq!(response.header("link"), Some("a"));
        assert_eq!(response.headers_named("link").collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(response.header("etag"), None);
    }
}
