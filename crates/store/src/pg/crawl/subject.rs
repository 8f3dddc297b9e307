//! What is to be fetched of profiles, read from the record when the job runs.

use std::collections::BTreeMap;

use model::observation::NamedProfile;
use model::time::Timestamp;
use model::{Direction, Layer, ProfileId};
use tokio_postgres::Row;

use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::value::{profile_id, stored_ids, stored_seconds};
use crate::pg::{Pg, frontier};

/// How far one stream of an unfinished round is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The stream's name in its manifest.
    pub stream: String,
    /// Where to go on; `None` is from the start.
    pub cursor: Option<String>,
    /// Whether this round needs nothing more of it.
    pub done: bool,
}

/// All that a fetch needs to know of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Its id.
    pub id: ProfileId,
    /// Its native id, handle and host, as far as they are known.
    pub named: NamedProfile,
    /// The id that only its host understands.
    pub local_id: Option<String>,
    /// How many attend to it, as its page last said.
    pub followers: Option<u32>,
    /// To how many it attends, as its page last said.
    pub following: Option<u32>,
    /// How many claims there were since its last commit, this one not counted.
    pub attempt: u32,
    /// What the last round left to tell new interactions by, by layer of its own lists.
    pub watermarks: Vec<(Layer, String)>,
    /// How many people each of its lists names.
    pub lists: Vec<((Layer, Direction), u32)>,
    /// The streams that do not stand at their beginning, by name.
    pub streams: Vec<StreamState>,
}

const SUBJECTS: &str = "select f.profile_id, i.native_id, coalesce(p.handle, i.handle), h.name,
        p.local_id, p.followers, p.following, f.attempts
    from unnest($1::bigint[]) u(id)
    join frontier f on f.profile_id = u.id and f.claimed and f.due_at > $2
    join ident i on i.platform_id = (u.id >> 45)::smallint and i.profile_id = u.id
    join host h on h.host_id = f.host_id
    left join profile p on p.profile_id = u.id order by f.profile_id";
const PROGRESS: &str = "select profile_id, stream, cursor, done from crawl_progress
    where profile_id = any($1) order by profile_id, stream";
const LISTS: &str = "select profile_id, layer, direction, n, watermark from adjacency
    where profile_id = any($1) order by profile_id, layer, direction";

/// What to fetch of these profiles: only those under a claim that has not run out at `now`, by
/// id. The others are done, or will be claimed again.
pub async fn subjects(
    pg: &Pg,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<Vec<Subject>, StoreError> {
    frontier::await_claims(pg).await?;
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(now) => INT8];
    let rows = pg.query("crawl::subjects", SUBJECTS, params).await?;
    let mut subjects: BTreeMap<ProfileId, Subject> =
        rows.iter().map(|row| (profile_id(row.get(0)), from_row(row))).collect();
    for row in pg.query("crawl::subjects", PROGRESS, params![ids => INT8_ARRAY]).await? {
        if let Some(subject) = subjects.get_mut(&profile_id(row.get(0))) {
            let (stream, cursor, done) = (row.get(1), row.get(2), row.get(3));
            subject.streams.push(StreamState { stream, cursor, done });
        }
    }
    for row in pg.query("crawl::subjects", LISTS, params![ids => INT8_ARRAY]).await? {
        if let Some(subject) = subjects.get_mut(&profile_id(row.get(0))) {
            subject.learn_list(&row);
        }
    }
    Ok(subjects.into_values().collect())
}

impl Subject {
    fn learn_list(&mut self, row: &Row) {
        let number = |at: usize| u8::try_from(row.get::<_, i16>(at)).ok();
        let layer = number(1).and_then(Layer::from_number);
        let (Some(layer), Some(direction)) = (layer, number(2).and_then(Direction::from_number))
        else {
            return;
        };
        let length = u32::try_from(row.get::<_, i32>(3)).unwrap_or(0);
        self.lists.push(((layer, direction), length));
        if let (Direction::Out, Some(watermark)) = (direction, row.get(4)) {
            self.watermarks.push((layer, watermark));
        }
    }
}

fn from_row(row: &Row) -> Subject {
    let count = |at: usize| row.get::<_, Option<i32>>(at).and_then(|n| u32::try_from(n).ok());
    Subject {
        id: profile_id(row.get(0)),
        named: NamedProfile { native_id: row.get(1), handle: row.get(2), host: Some(row.get(3)) },
        local_id: row.get(4),
        followers: count(5),
        following: count(6),
        attempt: u32::try_from(row.get::<_, i16>(7)).unwrap_or(0).saturating_sub(1),
        watermarks: Vec::new(),
        lists: Vec::new(),
        streams: Vec::new(),
    }
}
