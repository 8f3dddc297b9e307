//! The messages in queues. `events/*.json` holds the golden form of each.

use serde::{Deserialize, Serialize};

use crate::budget::TokenLease;
use crate::id::{DeliveryId, ExportId, PrivacyRequestId, ProfileId, RunId};
use crate::platform::Platform;
use crate::port::OutgoingMessage;

/// Fetch these profiles of one host. What to fetch of each, and from which cursor, is read from the
/// database when the job runs, so a redelivered job does only what is not done yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchJob {
    /// The platform, whose manifest describes the requests.
    pub platform: Platform,
    /// The one host that this job talks to.
    pub host: String,
    /// The requests that may be sent; a job that starts later takes a new lease.
    pub lease: TokenLease,
    /// The profiles, at most [`FetchJob::PROFILES_MAX`].
    pub profiles: Vec<ProfileId>,
}

impl FetchJob {
    /// The most profiles in one job; bounds its run time and its message.
    pub const PROFILES_MAX: usize = 500;
}

/// Look whether an account shows the code of a privacy request. Which account and which code is read from the database
/// when the job runs, so a job that comes late or twice looks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofJob {
    /// The request.
    pub prove: PrivacyRequestId,
    /// The number of this job among those of the request: what it could not look for is noted once.
    pub number: u32,
}

/// A message of the fetch queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FetchMessage {
    /// Profiles to be fetched.
    Profiles(FetchJob),
    /// A code to be looked for.
    Proof(ProofJob),
}

impl FetchMessage {
    /// Reads the body of a message. What is no job at all is refused with what it lacks of a [`FetchJob`], which nearly
    /// all are.
    pub fn read(body: &str) -> Result<FetchMessage, serde_json::Error> {
        match serde_json::from_str(body) {
            Ok(job) => Ok(FetchMessage::Proof(job)),
            Err(_) => serde_json::from_str(body).map(FetchMessage::Profiles),
        }
    }
}

/// The steps of a run, in order. The artifacts of a stage are sealed before the next job is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Stage {
    /// Makes persons from proven links, and seals the attention graph as a snapshot.
    Snapshot = 1,
    /// Hierarchy, overlapping memberships, lineage.
    Communities = 2,
    /// Trust, whose seeds are the communities' stable cores, and the global rank.
    Rank = 3,
    /// Attention, insider, evidence in every community.
    People = 4,
    /// Labels and changes; results loaded for serving; the run becomes the served one.
    Publish = 5,
}

impl Stage {
    /// Every stage in order.
    pub const ALL: [Stage; 5] =
        [Stage::Snapshot, Stage::Communities, Stage::Rank, Stage::People, Stage::Publish];

    /// The stage with this stored number.
    pub fn from_number(number: u8) -> Option<Stage> {
        Stage::ALL.into_iter().find(|&stage| stage as u8 == number)
    }

    /// The stage after this one.
    pub fn next(self) -> Option<Stage> {
        Stage::from_number(self as u8 + 1)
    }

    /// The lower-case name used in object keys and logs.
    pub const fn slug(self) -> &'static str {
        match self {
            Stage::Snapshot => "snapshot",
            Stage::Rank => "rank",
            Stage::Communities => "communities",
            Stage::People => "people",
            Stage::Publish => "publish",
        }
    }
}

/// Run one stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreJob {
    /// The run.
    pub run: RunId,
    /// The stage to do now; a job for a stage that is sealed does nothing.
    pub stage: Stage,
}

/// Send a delivery of a webhook. What is sent, and to where, is read from the database when the job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverJob {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Which attempt this is, from 1 on; a job for one that began does nothing.
    pub attempt: u32,
}

impl DeliverJob {
    /// The longest that a queue delays a message, in seconds. What is due later is sent when it is due.
    pub const DELAY_SECONDS_MAX: u32 = 900;

    /// The message of the job, visible after some seconds.
    pub fn message(self, delay_seconds: u32) -> OutgoingMessage {
        let body = serde_json::to_string(&self).expect("a deliver job is plain data");
        OutgoingMessage { body, delay_seconds: delay_seconds.min(DeliverJob::DELAY_SECONDS_MAX) }
    }
}

/// Go on with an export. Where it stands is read from the database when the job runs, so a redelivered job writes
/// only what is not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportJob {
    /// The export.
    pub export: ExportId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_delivery_reads_back() {
        let job = DeliverJob { delivery: DeliveryId::new(33), attempt: 2 };
        let message = job.message(5_000);
        assert_eq!(message.body, r#"{"delivery":"dlv_11","attempt":2}"#);
        assert_eq!(message.delay_seconds, DeliverJob::DELAY_SECONDS_MAX);
        assert_eq!(serde_json::from_str::<DeliverJob>(&message.body).unwrap(), job);
    }

    #[test]
    fn stages_follow_each_other_and_end() {
        let stages: Vec<Stage> =
            std::iter::successors(Some(Stage::Snapshot), |stage| stage.next()).take(9).collect();
        assert_eq!(stages, Stage::ALL);
    }

    #[test]
    fn a_fetch_job_is_plain_json() {
        let job = FetchJob {
            platform: Platform::BLUESKY,
            host: "public.api.bsky.app".into(),
            lease: TokenLease { tokens: 40, expires: "2026-11-22T10:00:00Z".parse().unwrap() },
            profiles: vec![ProfileId::on(Platform::BLUESKY, 1)],
        };
        let json = serde_json::to_value(&job).unwrap();
        assert_eq!(json["platform"], "bluesky");
        assert_eq!(json["lease"]["expires"], "2026-11-22T10:00:00Z");
        assert!(json["profiles"][0].as_str().unwrap().starts_with("prf_"));
        assert_eq!(serde_json::from_value::<FetchJob>(json).unwrap(), job);
    }

    #[test]
    fn the_messages_of_the_fetch_queue_differ_by_their_fields() {
        let proof = FetchMessage::Proof(ProofJob { prove: PrivacyRequestId::new(33), number: 2 });
        let json = serde_json::to_string(&proof).unwrap();
        assert_eq!(json, r#"{"prove":"prq_11","number":2}"#);
        assert_eq!(FetchMessage::read(&json).unwrap(), proof);
        assert!(FetchMessage::read(r#"{"prove":"run_1","number":2}"#).is_err());
        let why = FetchMessage::read(r#"{"platform":"bluesky"}"#).unwrap_err().to_string();
        assert!(why.contains("missing field `host`"), "{why}");
    }

    #[test]
    fn stages_have_fixed_numbers_and_names() {
        let stages = Stage::ALL.map(|stage| (stage as u8, stage.slug()));
        let names = ["snapshot", "communities", "rank", "people", "publish"];
        assert_eq!(stages.to_vec(), (1..).zip(names).collect::<Vec<_>>());
        assert!(Stage::ALL.into_iter().all(|stage| Stage::from_number(stage as u8) == Some(stage)));
        assert_eq!((Stage::from_number(0), Stage::from_number(6)), (None, None));
        let job = ScoreJob { run: RunId::new(3), stage: Stage::Rank };
        let json = r#"{"run":"run_3","stage":"rank"}"#;
        assert_eq!(serde_json::to_string(&job).unwrap(), json);
        assert_eq!(serde_json::from_str::<ScoreJob>(json).unwrap(), job);
    }
}
