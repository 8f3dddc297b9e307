//! Attempts: begun once each, and ended with what follows.

use model::message::DeliverJob;
use model::time::Timestamp;
use model::webhook::{AttemptEnd, DeliveryState, DisabledWhy};
use model::{PayerId, WebhookName, WebhookUrl};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{TableRow, WEBHOOK_DELIVERY};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{clean, from_ms, stored_count, stored_ms};

/// How long an attempt may take, in seconds, before another one is made: its worker is dead then.
const ATTEMPT_SECONDS: i64 = 60;

/// The most characters that are kept of why an attempt failed.
const ERROR_CHARS_MAX: usize = 200;

/// Begins an attempt whose turn it is, and notes it. If it does not end, another one is due soon.
const BEGIN: &str = "with begun as (
        update webhook_delivery d set attempts = $2, tries = d.tries + 1, due_ms = $3 + $4, wake_ms = $3 + $4
        from webhook w
        where d.delivery_id = $1 and d.attempts = $2 - 1 and d.state = 1 and d.due_ms <= $3
            and w.webhook_id = d.webhook_id and w.disabled_ms is null
        returning d.delivery_id, d.tries, d.body, d.to_position is null as is_ping, w.payer_id, w.name, w.url,
            w.secret, w.failing_ms, case when w.old_until_ms > $3 then w.old_secret end as old_secret
    ), noted as (
        insert into webhook_attempt (delivery_id, number, began_ms) select delivery_id, $2, $3 from begun)
    select * from begun";
const DUE: &str = "select delivery_id, due_ms from webhook_delivery
    where delivery_id = $1 and attempts = $2 - 1 and state = 1 and due_ms > $3";
const END: &str = "update webhook_attempt set took_ms = $3, status = $4, error = $5
    where delivery_id = $1 and number = $2 and took_ms is null";
/// A success counts whatever was begun since; a failure only if nothing was.
const CLOSE: &str = "update webhook_delivery set state = $3, due_ms = $4, wake_ms = $4
    where delivery_id = $1 and (attempts = $2 or $3 = 2) and state <> 2";
const SUCCEEDED: &str = "update webhook set failing_ms = null
    where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1) and failing_ms is not null";
const FAILED: &str = "update webhook set failing_ms = $2
    where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1) and failing_ms is null";
/// Its place goes back to what no delivery brought.
const DISABLE: &str = "with closed as (
        update webhook_delivery set state = 3, due_ms = null, wake_ms = null
        where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1)
            and (state = 1 or delivery_id = $1)
        returning webhook_id, from_position)
    update webhook w set disabled_ms = $2, disabled_why = $3, position = least(w.position, c.undelivered),
        announced_position = least(w.announced_position, c.undelivered)
    from (select webhook_id, min(from_position) as undelivered from closed group by webhook_id) c
    where w.webhook_id = c.webhook_id and w.disabled_ms is null";

/// An attempt that began, with all that it needs.
#[derive(Debug, Clone)]
pub struct BegunAttempt {
    /// Whose webhook it is.
    pub payer: PayerId,
    /// Its name.
    pub name: WebhookName,
    /// Where to send.
    pub url: WebhookUrl,
    /// What to send.
    pub body: String,
    /// The sealed secrets to sign with: the present one, and the one before while it holds.
    pub secrets: Vec<Vec<u8>>,
    /// Whether it is a ping, which is tried once.
    pub is_ping: bool,
    /// Which attempt it is since the delivery was made or asked for again, from 1 on.
    pub tries: u32,
    /// Since when no attempt of the webhook succeeded.
    pub failing_since: Option<Timestamp>,
}

/// What came of wanting to begin an attempt.
#[derive(Debug, Clone)]
pub enum AttemptStart {
    /// It began: it is the caller's alone.
    Begun(Box<BegunAttempt>),
    /// It is not due before this time.
    NotYet(Timestamp),
    /// It began before, or is not wanted any more.
    Over,
}

/// What follows from how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// The delivery is done.
    Delivered,
    /// It is tried again at this time.
    Again(Timestamp),
    /// It failed for good.
    GivenUp,
    /// The webhook is disabled, with all that was to be sent.
    Disabled(DisabledWhy),
}

/// Begins the attempt of a job, if it is due.
pub async fn begin(pg: &Pg, job: DeliverJob, now: Timestamp) -> Result<AttemptStart, StoreError> {
    let (delivery, number) = (job.delivery.number() as i64, stored_count(job.attempt));
    let params = params![
        delivery => INT8,
        number => INT4,
        stored_ms(now) => INT8,
        ATTEMPT_SECONDS * 1_000 => INT8,
    ];
    if let Some(row) = pg.query_opt("webhook::begin", BEGIN, params).await? {
        let begun = begun(WEBHOOK_DELIVERY.row(&row))?;
        return Ok(AttemptStart::Begun(Box::new(begun)));
    }
    let params = params![delivery => INT8, number => INT4, stored_ms(now) => INT8];
    let row = pg.query_opt("webhook::due", DUE, params).await?;
    let due_ms = row.as_ref().map(|row| WEBHOOK_DELIVERY.row(row).get("due_ms")).transpose()?;
    Ok(due_ms.map_or(AttemptStart::Over, |ms| AttemptStart::NotYet(from_ms(ms))))
}

fn begun(row: TableRow<'_>) -> Result<BegunAttempt, StoreError> {
    let old_secret: Option<Vec<u8>> = row.get("old_secret")?;
    Ok(BegunAttempt {
        payer: PayerId::new(row.unsigned("payer_id")?),
        name: row.parsed("name")?,
        url: WebhookUrl::stored(row.get("url")?),
        body: row.get("body")?,
        secrets: std::iter::once(row.get("secret")?).chain(old_secret).collect(),
        is_ping: row.get("is_ping")?,
        tries: row.count("tries")?,
        failing_since: row.get::<Option<i64>>("failing_ms")?.map(from_ms),
    })
}

/// Notes how an attempt ended, and what follows. One that was ended before changes nothing.
pub async fn end(
    pg: &Pg,
    job: DeliverJob,
    end: &AttemptEnd,
    verdict: AttemptVerdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (delivery, number) = (job.delivery.number() as i64, stored_count(job.attempt));
    let error = end.error.as_deref().map(|error| clean(error, ERROR_CHARS_MAX));
    let ended = params![
        delivery => INT8,
        number => INT4,
        stored_count(end.took_ms) => INT4,
        end.status.map(|status| i16::try_from(status).unwrap_or(i16::MAX)) => INT2,
        error.as_deref() => TEXT,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "webhook::end").await?;
        if tx.execute(END, ended).await? == 1 {
            follow(&tx, job, verdict, now).await?;
        }
        tx.commit().await
    })
    .await
}

/// Does what follows from the end of an attempt.
async fn follow(
    tx: &PgTransaction<'_>,
    job: DeliverJob,
    verdict: AttemptVerdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    let delivery = job.delivery.number() as i64;
    match verdict {
        AttemptVerdict::Delivered => {
            close(tx, job, DeliveryState::Delivered, None).await?;
            tx.execute(SUCCEEDED, params![delivery => INT8]).await?;
        }
        AttemptVerdict::Again(at) => {
            close(tx, job, DeliveryState::Pending, Some(at)).await?;
            tx.execute(FAILED, params![delivery => INT8, stored_ms(now) => INT8]).await?;
        }
        AttemptVerdict::GivenUp => close(tx, job, DeliveryState::Failed, None).await?,
        AttemptVerdict::Disabled(why) => {
            let why = i16::from(why as u8);
            let params = params![delivery => INT8, stored_ms(now) => INT8, why => INT2];
            tx.execute(DISABLE, params).await?;
        }
    }
    Ok(())
}

async fn close(
    tx: &PgTransaction<'_>,
    job: DeliverJob,
    state: DeliveryState,
    due_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let params = params![
        job.delivery.number() as i64 => INT8,
        stored_count(job.attempt) => INT4,
        i16::from(state as u8) => INT2,
        due_at.map(stored_ms) => INT8,
    ];
    tx.execute(CLOSE, params).await.map(|_| ())
}
