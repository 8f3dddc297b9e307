//! The profile that a fetch is about, and what is known of it.

use model::observation::{NamedProfile, SeenProfile};
use model::{Direction, Layer, Platform};

/// One profile to be fetched, as it is stored when the job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSubject {
    /// Its identity space.
    pub platform: Platform,
    /// Native id, handle and host, as far as known.
    pub named: NamedProfile,
    /// The id that only its host understands.
    pub local_id: Option<String>,
    /// How many attend to it, as its own page said last.
    pub followers: Option<u32>,
    /// To how many it attends, as its own page said last.
    pub following: Option<u32>,
    /// The watermarks of the last round, per interaction layer, of its own (`Out`) lists.
    pub watermarks: Vec<(Layer, String)>,
    /// How many accounts each stored list names.
    pub lists: Vec<((Layer, Direction), u32)>,
    /// How far the streams of an unfinished round are; none for a new round.
    pub progress: Vec<StreamProgress>,
    /// How many rounds in a row ended with a retry. From [`FetchSubject::PATIENCE`] on, arcs to
    /// profiles whose hosts do not answer are left out instead of being waited for.
    pub attempt: u32,
}

/// How far one stream of an unfinished round is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamProgress {
    /// The stream's name in its platform's manifest.
    pub stream: String,
    /// Where to continue; `None` is the start. Only the engine reads it.
    pub cursor: Option<String>,
    /// Whether the stream has ended for this round.
    pub done: bool,
}

impl FetchSubject {
    /// From this number of failed rounds on, names that other hosts do not answer for are left out.
    pub const PATIENCE: u32 = 3;

    /// How often a page that cannot be read is requested before it is given up.
    pub const READINGS: u32 = 4;

    /// A profile of which only the name is known.
    pub fn new(platform: Platform, named: NamedProfile) -> FetchSubject {
        FetchSubject {
            platform,
            named,
            local_id: None,
            followers: None,
            following: None,
            watermarks: Vec::new(),
            lists: Vec::new(),
            progress: Vec::new(),
            attempt: 0,
        }
    }

    /// Adds what its own page says, which further streams need: call it between
    /// [`CrawlEngine::profiles`](super::CrawlEngine::profiles) and [`CrawlEngine::round`](super::CrawlEngine::round).
    pub fn learn(&mut self, seen: &SeenProfile) {
        self.named.handle = seen.named.handle.clone().or(self.named.handle.take());
        self.named.host = seen.named.host.clone().or(self.named.host.take());
        self.local_id = seen.local_id.clone().or(self.local_id.take());
        self.followers = seen.followers.or(self.followers);
        self.following = seen.following.or(self.following);
    }

    /// What the last round left of a layer's own list.
    pub(crate) fn watermark(&self, layer: Layer) -> Option<&str> {
        let known = self.watermarks.iter().find(|(of, _)| *of == layer);
        known.map(|(_, watermark)| watermark.as_str())
    }

    /// How many accounts a stored list names.
    pub(crate) fn list_length(&self, layer: Layer, direction: Direction) -> u32 {
        let known = self.lists.iter().find(|(of, _)| *of == (layer, direction));
        known.map_or(0, |(_, length)| *length)
    }

    /// How far a stream is.
    pub(crate) fn progress(&self, stream: &str) -> Option<&StreamProgress> {
        self.progress.iter().find(|progress| progress.stream == stream)
    }
}
