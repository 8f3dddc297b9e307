//! Cursors of the stream. They name a position and nothing else, so they go on with any filter, and from a list to a
//! consumer.

use model::{ChangePosition, RunId};
use store::Pg;
use store::pg::change::{self, EventKey, StreamBounds};

use crate::cursor::{Cursor, CursorFilter, CursorSealer};
use crate::error::{Problem, ProblemCode};
use crate::extract::ApiCall;

/// What tells positions from the keys that cursors of the first release have, where others have a run.
const POSITION: RunId = RunId::new(1);
const KEY: RunId = RunId::new(0);

/// The cursors of an account.
pub(crate) struct StreamCursors {
    sealer: CursorSealer,
    filter: CursorFilter,
    /// That of the first release, whose cursors are keys.
    of_keys: CursorFilter,
}

impl StreamCursors {
    /// Those of the account that calls.
    pub(crate) fn of(call: &ApiCall) -> StreamCursors {
        StreamCursors::of_account(call.gateway.sealer(), &call.caller().account)
    }

    /// Those of the account of this name.
    pub(crate) fn of_account(sealer: &CursorSealer, account: &str) -> StreamCursors {
        // No parameter takes part. The first release must not take a position for a key, nor we a key for a position.
        let filter = |path| CursorSealer::filter(&[account, path, ""]);
        let (filter, of_keys) = (filter("/v1/changes#2"), filter("/v1/changes"));
        StreamCursors { sealer: sealer.clone(), filter, of_keys }
    }

    /// The cursor of a position.
    pub(crate) fn sealed(&self, position: ChangePosition) -> String {
        let position = [position.number(), 0];
        self.sealer.seal(Cursor { run: POSITION, position }, self.filter)
    }

    /// The position of a cursor; the first that is kept, of none.
    ///
    /// # Errors
    /// It is not a cursor of this stream and account, or too old.
    pub(crate) async fn opened(
        &self,
        pg: &Pg,
        bounds: StreamBounds,
        cursor: Option<&str>,
    ) -> Result<ChangePosition, Problem> {
        let Some(text) = cursor else { return Ok(bounds.floor) };
        let position = self.position(pg, text).await?;
        if position > bounds.head {
            return Err(foreign());
        }
        if position < bounds.floor {
            return Err(too_old(self, bounds));
        }
        Ok(position)
    }

    async fn position(&self, pg: &Pg, text: &str) -> Result<ChangePosition, Problem> {
        if let Some(Cursor { run: POSITION, position }) = self.sealer.open(text, self.filter) {
            return Ok(ChangePosition::new(position[0]));
        }
        match self.sealer.open(text, self.of_keys) {
            Some(Cursor { run: KEY, position }) => {
                let seq = i64::try_from(position[1]).unwrap_or(i64::MAX);
                Ok(change::place_before(pg, EventKey { xid: position[0], seq }).await?)
            }
            _ => Err(foreign()),
        }
    }
}

/// What came next after a place is not kept any more.
pub(crate) fn too_old(cursors: &StreamCursors, bounds: StreamBounds) -> Problem {
    let why = "what came next after this cursor is not kept any more: read again what you need, and go on from the \
        cursor `floor`";
    Problem::new(ProblemCode::CursorTooOld, why).with_floor(cursors.sealed(bounds.floor))
}

fn foreign() -> Problem {
    let why = "this cursor belongs to another route, another account or another server, or is damaged: begin again \
        without it";
    Problem::new(ProblemCode::BadCursor, why)
}
