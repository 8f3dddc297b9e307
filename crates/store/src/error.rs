//! What can go wrong with the database; each message says what to do.

/// Why the database could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection: passing, the same call may work later.
    #[error("reach PostgreSQL: {0}: check that it runs and that its URL is right")]
    Unavailable(String),
    /// The URL is no PostgreSQL URL.
    #[error("read the PostgreSQL URL: {0}: it looks like postgres://user@host/database")]
    BadUrl(String),
    /// A statement failed.
    #[error("run {what} in PostgreSQL: {why}")]
    Statement {
        /// The function that ran it.
        what: &'static str,
        /// PostgreSQL's own message.
        why: String,
        /// Whether PostgreSQL reports that the same statement may work later.
        passing: bool,
    },
    /// A statement took too long, or waited too long for a lock.
    #[error(
        "run {what} in PostgreSQL: {why}: try again later; if it stays so, see pg_stat_activity for what \
         holds its locks or keeps the server busy"
    )]
    TimedOut {
        /// The function that ran it.
        what: &'static str,
        /// PostgreSQL's own message.
        why: String,
    },
    /// The schema could not be brought up to date.
    #[error("migrate the database: {0}")]
    Migration(#[from] refinery::Error),
    /// What is stored cannot be what was written.
    #[error("read {table}.{column} of {row}: {why}: the row is corrupt")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with the value.
        why: String,
    },
    /// A name that was given is no native id.
    #[error("the native id {shown:?} {why}")]
    BadName {
        /// Its beginning.
        shown: String,
        /// What is wrong with it.
        why: model::account::NativeIdError,
    },
    /// The request conflicts with what is stored.
    #[error("{0}")]
    Conflict(String),
}

impl StoreError {
    /// Whether the same call may work later.
    pub fn is_passing(&self) -> bool {
        let failed_once = matches!(self, StoreError::Statement { passing: true, .. });
        failed_once || self.is_timeout() || matches!(self, StoreError::Unavailable(_))
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self, StoreError::TimedOut { .. })
    }
}

impl From<StoreError> for model::port::PortError {
    fn from(error: StoreError) -> model::port::PortError {
        if error.is_passing() {
            model::port::PortError::Retry(error.to_string())
        } else {
            model::port::PortError::Refused(error.to_string())
        }
    }
}
