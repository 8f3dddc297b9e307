//! What is to be fetched of profiles, read from the database when the job runs.

use std::collections::BTreeMap;

use model::observation::NamedProfile;
use model::time::Timestamp;
use model::{Direction, Layer, ProfileId};

use crate::StoreError;
use crate::pg::adjacency::AdjacencyKey;
use crate::pg::params::params;
use crate::pg::row::{ADJACENCY, CRAWL_PROGRESS, FRONTIER, TableRow};
use crate::pg::value::{stored_ids, stored_seconds};
use crate::pg::{Pg, frontier};

/// How far one stream of an unfinished round is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The stream's name in its manifest.
    pub stream: String,
    /// Where to continue; `None` is from the start.
    pub cursor: Option<String>,
    /// Whether this round needs nothing more of it.
    pub done: bool,
}

/// What a fetch needs of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawlSubject {
    /// Its id.
    pub id: ProfileId,
    /// Its native id, handle and host, as far as they are known.
    pub named: NamedProfile,
    /// The id that only its host understands.
    pub local_id: Option<String>,
    /// How many attend to it, by its last page.
    pub followers: Option<u32>,
    /// To how many it attends, by its last page.
    pub following: Option<u32>,
    /// How many reservations there were since its last commit, without this one.
    pub attempt: u32,
    /// The newest interactions that are counted, by layer of its own lists.
    pub watermarks: Vec<(Layer, String)>,
    /// How many people each of its lists names.
    pub lists: Vec<((Layer, Direction), u32)>,
    /// The streams that are not at their beginning, by name.
    pub streams: Vec<StreamState>,
}

const SUBJECTS: &str =
    "select f.profile_id, i.native_id, coalesce(p.handle, i.handle) handle, h.name host,
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

/// What to fetch of these profiles: only those whose reservation has not run out at `now`, by id. The
/// others are done, or will be reserved again.
pub async fn subjects(
    pg: &Pg,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<Vec<CrawlSubject>, StoreError> {
    frontier::await_reservations(pg).await?;
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(now) => INT8];
    let rows = pg.query("crawl::subjects", SUBJECTS, params).await?;
    let mut subjects: BTreeMap<ProfileId, CrawlSubject> = BTreeMap::new();
    for row in FRONTIER.rows(&rows) {
        let subject = from_row(row)?;
        subjects.insert(subject.id, subject);
    }
    let rows = pg.query("crawl::subjects", PROGRESS, params![ids => INT8_ARRAY]).await?;
    for row in CRAWL_PROGRESS.rows(&rows) {
        if let Some(subject) = subjects.get_mut(&row.profile_id("profile_id")?) {
            subject.streams.push(StreamState {
                stream: row.get("stream")?,
                cursor: row.get("cursor")?,
                done: row.get("done")?,
            });
        }
    }
    let rows = pg.query("crawl::subjects", LISTS, params![ids => INT8_ARRAY]).await?;
    for row in ADJACENCY.rows(&rows) {
        let key = AdjacencyKey::from_row(&row)?;
        if let Some(subject) = subjects.get_mut(&key.profile) {
            subject.add_list(key, row.count("n")?, row.get("watermark")?);
        }
    }
    Ok(subjects.into_values().collect())
}

impl CrawlSubject {
    fn add_list(&mut self, key: AdjacencyKey, length: u32, watermark: Option<String>) {
        self.lists.push(((key.layer, key.direction), length));
        if let (Direction::Out, Some(watermark)) = (key.direction, watermark) {
            self.watermarks.push((key.layer, watermark));
        }
    }
}

fn from_row(row: TableRow<'_>) -> Result<CrawlSubject, StoreError> {
    Ok(CrawlSubject {
        id: row.profile_id("profile_id")?,
        named: NamedProfile {
            native_id: row.get("native_id")?,
            handle: row.get("handle")?,
            host: Some(row.get("host")?),
        },
        local_id: row.get("local_id")?,
        followers: row.optional_count("followers")?,
        following: row.optional_count("following")?,
        attempt: u32::try_from(row.get::<i16>("attempts")?).unwrap_or(0).saturating_sub(1),
        watermarks: Vec::new(),
        lists: Vec::new(),
        streams: Vec::new(),
    })
}
