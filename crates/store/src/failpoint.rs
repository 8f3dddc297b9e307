//! Places where a process can be killed on purpose, to prove that nothing is lost whenever it dies.
//!
//! With the feature `failpoints` a process that is [armed](arm()) sends itself SIGKILL when it passes a place
//! for the n-th time. Without the feature nothing of this exists. Places are `port.call.before` and
//! `port.call.after`: a call that was not made, and one whose outcome was not heard.

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ARMED: OnceLock<ArmedPlace> = OnceLock::new();

    struct ArmedPlace {
        place: String,
        passes_left: AtomicU64,
    }

    /// The text names no place and count.
    #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
    #[error("`{0}` is no place to die at, such as wallet.commit.after=3")]
    pub struct FailpointError(String);

    /// From now on this process dies when it passes a place for the n-th time: `wallet.commit.after=3`. Only
    /// the first call arms it.
    ///
    /// # Errors
    /// [`FailpointError`] if the text is none such.
    pub fn arm(text: &str) -> Result<(), FailpointError> {
        let parsed = text.split_once('=').and_then(|(place, count)| {
            let passes: u64 = count.parse().ok().filter(|&count| count > 0)?;
            Some(ArmedPlace { place: place.to_owned(), passes_left: AtomicU64::new(passes) })
        });
        let armed = parsed.ok_or_else(|| FailpointError(text.to_owned()))?;
        let _ = ARMED.set(armed);
        Ok(())
    }

    /// Dies here if this is the place and the time.
    pub(crate) fn pass(place: &str) {
        let Some(armed) = ARMED.get().filter(|armed| armed.place == place) else { return };
        if armed.passes_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let process = rustix::process::getpid();
            // Nothing runs after it: no destructor, no flush, as when a machine dies.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(feature = "failpoints")]
pub(crate) use armed::pass;
#[cfg(feature = "failpoints")]
pub use armed::{FailpointError, arm};

/// Does nothing.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn pass(_place: &str) {}

/// Passes the places before and after a call.
macro_rules! passed {
    ($place:literal, $call:expr) => {{
        crate::failpoint::pass(concat!($place, ".before"));
        let outcome = $call;
        crate::failpoint::pass(concat!($place, ".after"));
        outcome
    }};
}
pub(crate) use passed;

/// Implements a port for an enum of its implementations, `Postgres` and one in AWS: each call is passed on,
/// between two places.
macro_rules! passed_on {
    ($port:ident for $stored:ident or $aws:ident
     $($place:literal $name:ident($($argument:ident: $type:ty),*) -> $outcome:ty;)*) => {
        impl $port for $stored {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$outcome, PortError> {
                crate::failpoint::passed!($place, match self {
                    $stored::Postgres(real) => real.$name($($argument),*).await,
                    #[cfg(feature = "aws")]
                    $stored::$aws(real) => real.$name($($argument),*).await,
                })
            })*
        }
    };
}
pub(crate) use passed_on;
