//! Errors of PostgreSQL and of the pool, by what the caller can do about them.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::StoreError;

/// The error of a statement of the function `what`.
pub(super) fn failed(what: &'static str, source: tokio_postgres::Error) -> StoreError {
    let lost = source.is_closed() || (source.as_db_error().is_none() && has_io_cause(&source));
    if lost {
        return StoreError::Unavailable(cause(&source));
    }
    if is_timeout(&source) {
        return StoreError::TimedOut { what, why: cause(&source) };
    }
    StoreError::Statement { what, why: cause(&source), passing: may_pass(&source) }
}

/// Like [`failed`], of a COPY: a row that is there already passes, since a second try finds it.
pub(super) fn failed_copy(what: &'static str, source: tokio_postgres::Error) -> StoreError {
    match source.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        true => StoreError::Statement { what, why: cause(&source), passing: true },
        false => failed(what, source),
    }
}

fn is_timeout(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

pub(super) fn no_client(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(source) if source.as_db_error().is_some() => failed("connect", source),
        PoolError::Backend(source) => StoreError::Unavailable(cause(&source)),
        PoolError::Timeout(_) => StoreError::Unavailable("no connection came free in time".into()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn has_io_cause(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether PostgreSQL reports that the same statement may work later.
fn may_pass(error: &tokio_postgres::Error) -> bool {
    let passing = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    error.code().is_some_and(|code| passing.contains(code))
}

/// An error with its cause.
pub(super) fn cause(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
