//! The ports: what Borg asks of the world. Each has two real implementations and one shared suite
//! of tests that runs on both. PostgreSQL has none: `store::pg` is concrete.

use std::future::Future;

use crate::time::Timestamp;

/// What went wrong behind a port, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Passing: the same call may work later.
    #[error("{0}")]
    Retry(String),
    /// Final: the same call will fail again.
    #[error("{0}")]
    Refused(String),
}

/// Where the present comes from. No other code asks for it.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// Whether an object was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is there now.
    Created,
    /// There was one with this key, and it stays as it was.
    AlreadyThere,
}

/// Sealed objects by key: snapshots, runs, exports. S3, or a folder.
///
/// Keys are `/`-separated segments of `[A-Za-z0-9._=-]`, none of them `.` or `..`.
pub trait Objects: Send + Sync {
    /// Seals an object, unless one with this key is there. Readers see all of it or nothing.
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

    /// Removes an object; one that is not there is no error.
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

/// A message that was received and is invisible to others for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The text.
    pub body: String,
    /// Names this receipt of the message; void once it is received again.
    pub receipt: String,
    /// How many times it has been received, this time included.
    pub receives: u32,
}

/// How often a message is received before it is a dead letter.
pub const RECEIVES_MAX: u32 = 10;

/// All pauses between the receives of one message, in seconds: 17 minutes.
pub const RETRY_DELAYS_SECONDS: u32 = (1 << RECEIVES_MAX) - 2;

/// How long a message stays away after it was received for the `receives`th time and failed for a
/// reason that may pass: two seconds at first, and twice as long each time, so that a moment's trouble
/// costs a moment and an outage of a quarter of an hour no message. After the last time there is
/// nothing to wait for.
pub const fn retry_delay_seconds(receives: u32) -> u32 {
    if receives < RECEIVES_MAX { 1 << receives } else { 0 }
}

/// The longest that a message is on its way once it was received, in seconds, if each of its receipts
/// lasts at most `visibility_seconds`. Who claims something for a message claims it for longer.
pub const fn delivery_seconds_max(visibility_seconds: u32) -> u32 {
    RECEIVES_MAX * visibility_seconds + RETRY_DELAYS_SECONDS
}

/// One queue, with its dead letters. SQS, or a table in PostgreSQL.
///
/// At least once, in no order. A message received more than the queue's limit of times goes to
/// the dead letters instead of being received again.
pub trait Queue: Send + Sync {
    /// Sends all of the messages, or fails; a failure may have sent some.
    fn send(
        &self,
        messages: &[OutgoingMessage],
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Takes up to `most` messages (at most 10), invisible to others for `visibility_seconds`.
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

    /// About how many messages wait, visible or not, dead letters not counted.
    fn depth(&self) -> impl Future<Output = Result<u64, PortError>> + Send;

    /// Up to `most` dead letters' bodies, the oldest first; they stay where they are.
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
    /// The URL that redirected here, if one did: what only a first request may reach stays closed.
    pub redirected_by: Option<String>,
}

/// An answer, whatever its status.
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

    /// Every line of a header, by its lower-case name: a list may come in several.
    pub fn headers_named<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The host cannot be reached or did not answer in time: worth another try later.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// The reason in words.
        why: String,
    },
    /// The address, or one that it redirects to, is not public.
    #[error("{0} is not a public address: only an origin given by --base-url may be private")]
    PrivateAddress(String),
    /// The answer is larger than allowed, packed or unpacked.
    #[error("the answer of {host} exceeds {bytes_max} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The cap.
        bytes_max: u64,
    },
    /// The URL cannot be used.
    #[error("`{0}` is no usable URL")]
    BadUrl(String),
}

/// The outside web. The safe client, or recorded answers.
pub trait Web: Send + Sync {
    /// Sends one request and reads the whole answer, within the client's caps. A redirect is an answer.
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
}
