//! The nouns of Borg, their rules, and its ports to the outside.
//!
//! Nothing here does input or output, reads a clock or uses a database. Every other crate of the
//! workspace may depend on this one, and this one depends on none of them.

pub mod account;
pub mod adjacency;
pub mod alert;
pub mod budget;
pub mod change;
pub mod change_filter;
pub mod charge;
pub mod community;
pub mod consumer;
pub mod epoch;
pub mod evidence;
pub mod export;
pub mod grant;
pub mod handle;
pub mod id;
pub mod identity;
pub mod index;
pub mod interval;
pub mod key;
pub mod layer;
pub mod ledger;
pub mod lineage;
pub mod map;
pub mod membership;
pub mod message;
pub mod money;
pub mod observation;
mod plain_name;
pub mod platform;
pub mod port;
pub mod price;
pub mod privacy_request;
pub mod profile;
pub mod profile_text;
pub mod quote;
pub mod rank_change;
pub mod rank_step;
pub mod scope;
pub mod segment;
pub mod sensitive;
pub mod snapshot;
pub mod statement;
pub mod time;
pub mod varint;
pub mod wallet;
pub mod webhook;
pub mod whole_number;

pub use account::Account;
pub use adjacency::{Adjacency, AdjacencyEntry};
pub use alert::{AlertKind, SpendAlert};
pub use change::{ChangeKind, ChangePosition, ChangeRange};
pub use change_filter::{ChangeFacts, ChangeFilter};
pub use charge::{Charge, ChargeId, ChargeRef, ChargeSource, ChargeState};
pub use community::Community;
pub use consumer::{Consumer, ConsumerName};
pub use epoch::{Epoch, Excess, PriceIndex, PriceVersion, PublishedEpoch};
pub use export::{Export, ExportFormat, ExportOrder, ExportState, ExportSubject};
pub use grant::{Grant, GrantDraw, GrantId, GrantKind};
pub use id::{
    AlertId, CommunityId, DeliveryId, ExportId, KeyId, LeaseId, PayerId, PersonId,
    PrivacyRequestId, ProfileId, QuoteId, RunId, SnapshotId,
};
pub use interval::{Interval, interval};
pub use layer::{Direction, Layer};
pub use ledger::{LedgerAccount, Transfer, TransferId};
pub use lineage::{EventKind, LineageEvent};
pub use membership::Membership;
pub use money::MicroCredits;
pub use platform::Platform;
pub use price::{PriceClass, PriceItem, PriceUnit, Usage};
pub use privacy_request::{PrivacyRequest, PrivacyRequestKind};
pub use profile::{Consent, PersonKind};
pub use quote::Quote;
pub use rank_change::RankChange;
pub use rank_step::RankStep;
pub use scope::Scope;
pub use segment::Segment;
pub use sensitive::{SensitiveKind, SensitiveTopic, SensitiveTopics};
pub use statement::{Month, Statement};
pub use time::{Day, Timestamp};
pub use wallet::{CreditLease, DailyBudget, WalletBalance, WalletStatus};
pub use webhook::{Webhook, WebhookName, WebhookSecret, WebhookUrl};
