//! A queue in PostgreSQL.

use model::port::{Clock, OutgoingMessage, PortError, Queue, ReceivedMessage};

use crate::pg::queue::{self, MessageReceipt, StoredMessage};
use crate::{Pg, StoreError};

/// The most messages of one receive, as on SQS.
const RECEIVE_MAX: usize = 10;

/// One queue of many in a table.
#[derive(Debug, Clone)]
pub struct PgQueue<C> {
    pg: Pg,
    name: String,
    receives_max: u32,
    clock: C,
}

impl<C: Clock> PgQueue<C> {
    /// The queue `name`; a message is received at most `receives_max` times.
    pub fn new(pg: Pg, name: &str, receives_max: u32, clock: C) -> PgQueue<C> {
        PgQueue { pg, name: name.to_owned(), receives_max, clock }
    }

    /// Drops every message but the dead letters: for a process that is certain that all others are gone
    /// and that their messages will be sent again.
    pub async fn clear(&self) -> Result<(), StoreError> {
        queue::clear(&self.pg, &self.name).await
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Moves messages that were received too often to the dead letters; returns the others.
    async fn bury_worn(
        &self,
        messages: Vec<StoredMessage>,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let (worn, fresh): (Vec<_>, Vec<_>) = messages
            .into_iter()
            .partition(|message| i64::from(message.receives) > i64::from(self.receives_max));
        if !worn.is_empty() {
            let ids: Vec<i64> = worn.iter().map(|message| message.id).collect();
            queue::bury(&self.pg, &ids, self.now_ms()).await?;
        }
        Ok(fresh)
    }
}

impl<C: Clock> Queue for PgQueue<C> {
    async fn send(&self, messages: &[OutgoingMessage]) -> Result<(), PortError> {
        super::refuse_too_long(messages)?;
        let now_ms = self.now_ms();
        let visible = |message: &OutgoingMessage| now_ms + i64::from(message.delay_seconds) * 1_000;
        let visible_ms: Vec<i64> = messages.iter().map(visible).collect();
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        queue::send(&self.pg, &self.name, &visible_ms, &bodies).await.map_err(PortError::from)
    }

    async fn receive(
        &self,
        most: usize,
        visibility_seconds: u32,
    ) -> Result<Vec<ReceivedMessage>, PortError> {
        let most = most.min(RECEIVE_MAX) as i64;
        let invisible_ms = i64::from(visibility_seconds) * 1_000;
        let messages =
            queue::receive(&self.pg, &self.name, self.now_ms(), most, invisible_ms).await?;
        let received = self.bury_worn(messages).await?.into_iter().map(|message| ReceivedMessage {
            receipt: format!("{}:{}", message.id, message.receives),
            receives: u32::try_from(message.receives).unwrap_or(0),
            body: message.body,
        });
        Ok(received.collect())
    }

    async fn finish(&self, receipt: &str) -> Result<(), PortError> {
        queue::finish(&self.pg, parse(receipt)?).await.map_err(PortError::from)
    }

    async fn release(&self, receipt: &str, seconds: u32) -> Result<(), PortError> {
        let visible_ms = self.now_ms() + i64::from(seconds) * 1_000;
        queue::release(&self.pg, parse(receipt)?, visible_ms).await.map_err(PortError::from)
    }

    async fn depth(&self) -> Result<u64, PortError> {
        queue::depth(&self.pg, &self.name).await.map_err(PortError::from)
    }

    async fn dead_letters(&self, most: usize) -> Result<Vec<String>, PortError> {
        queue::dead(&self.pg, &self.name, most as i64).await.map_err(PortError::from)
    }
}

fn parse(receipt: &str) -> Result<MessageReceipt, PortError> {
    let parts = receipt.split_once(':');
    let parsed = parts.and_then(|(id, receives)| {
        Some(MessageReceipt { id: id.parse().ok()?, receives: receives.parse().ok()? })
    });
    parsed.ok_or_else(|| PortError::Refused(format!("`{receipt}` is no receipt of this queue")))
}
