//! A job: the next parts of an export, and after the last one its charge.

use billing::{Doorbell as _, QueueDoorbell, abandon, finish};
use model::change::ChangeRange;
use model::export::{ExportPart, ExportPlace, ExportSource, PART_ROWS_MAX, PARTS_MAX, part_key};
use model::message::ExportJob;
use model::port::{RECEIVES_MAX, ServedHold, retry_delay_seconds};
use model::{
    ChangePosition, Export, ExportOrder, ExportState, MicroCredits, PriceClass, PriceItem,
    PriceUnit, Timestamp, Usage,
};
use store::Pg;
use store::pg::export;
use store::pg::run::{self, RunState};

use crate::part::{PartForm, PartWriter, SealedPart};
use crate::resume::send;
use crate::{ExportDependencies, ExportError, rows};

/// What a part takes at most, in seconds: with less time left, the next job writes it.
pub(crate) const PART_SECONDS: i64 = 120;

/// The most steps of a part: less than a minute's.
const STEPS_MAX: usize = 500;

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkEnd {
    /// There is nothing more to do: the export is ended, or another worker goes on with it.
    Ended,
    /// Time is up, and a job for the rest was sent.
    GoesOn,
    /// The trouble may pass: the message is received again later.
    Retry {
        /// How long it stays invisible.
        after_seconds: u32,
        /// What failed.
        why: String,
    },
    /// No further try can succeed: a person must look.
    Poison {
        /// What is wrong.
        why: String,
    },
}

/// Does the job in a message's body, which has been received `receives` times. Ends before `deadline`.
pub async fn handle_message(
    deps: ExportDependencies<'_>,
    body: &str,
    receives: u32,
    deadline: Timestamp,
) -> WorkEnd {
    let job: ExportJob = match serde_json::from_str(body) {
        Ok(job) => job,
        Err(error) => {
            return WorkEnd::Poison { why: format!("the body cannot be read: {error}") };
        }
    };
    let error = match work(deps, job, deadline).await {
        Ok(end) => return end,
        Err(error) => error,
    };
    if error.is_passing() && receives < RECEIVES_MAX {
        let after_seconds = retry_delay_seconds(receives);
        return WorkEnd::Retry { after_seconds, why: error.to_string() };
    }
    match give_up(deps, job, &error).await {
        Err(again) if receives < RECEIVES_MAX => {
            let after_seconds = retry_delay_seconds(receives);
            WorkEnd::Retry { after_seconds, why: again.to_string() }
        }
        // What its payer may know is no fault that a person must look at.
        Ok(()) if matches!(error, ExportError::GivenUp(_) | ExportError::HoldEnded) => {
            WorkEnd::Ended
        }
        _ => WorkEnd::Poison { why: format!("{}: {error}", job.export) },
    }
}

/// Goes on with an export until it is ended or less time is left than a part takes.
///
/// # Errors
/// What went wrong; the export stands where it stood.
pub async fn work(
    deps: ExportDependencies<'_>,
    job: ExportJob,
    deadline: Timestamp,
) -> Result<WorkEnd, ExportError> {
    loop {
        let Some(export) = export::get(deps.pg, job.export).await? else {
            return Ok(WorkEnd::Ended);
        };
        // Without a hold its order is not accepted yet: that sends a job when it is.
        let Some(attempt) = export.attempt else { return Ok(WorkEnd::Ended) };
        match export.state {
            ExportState::Queued | ExportState::Running => {
                if deadline.as_second() - deps.clock.now().as_second() < PART_SECONDS {
                    send(deps.queue, job.export).await?;
                    return Ok(WorkEnd::GoesOn);
                }
                if !write_part(deps, &export).await? {
                    return Ok(WorkEnd::Ended);
                }
            }
            ExportState::Settling => {
                settle(deps, &export, attempt).await?;
                return Ok(WorkEnd::Ended);
            }
            ExportState::Done => return Ok(WorkEnd::Ended),
            // Who ended it may have died before its hold was released.
            ExportState::Failed | ExportState::Cancelled => {
                abandon(deps.wallet, export.terms.charge, attempt).await?;
                return Ok(WorkEnd::Ended);
            }
        }
    }
}

/// Writes the next part and adds it; whether it was added: not if another worker was faster, or it was cancelled.
async fn write_part(deps: ExportDependencies<'_>, export: &Export) -> Result<bool, ExportError> {
    let reading = export::reading(deps.pg, deps.clock.now()).await?;
    if reading.at >= export.terms.held_until {
        return Err(ExportError::GivenUp("it took longer than credits are held".to_owned()));
    }
    let form = PartForm { what: export.order.what, format: export.order.format };
    let mut part = PartWriter::new(form)?;
    let next = gather(deps.pg, &export.order, export.place, &mut part).await?;
    // A run that was retired meanwhile has no rows: what was read may lack some.
    check_source(deps, export).await?;
    let now = deps.clock.now();
    if part.rows() == 0 && next.is_none() {
        return Ok(export::end_parts(deps.pg, export.id, export.parts, now).await?);
    }
    if export.parts >= PARTS_MAX {
        let why = format!("it has more than {PARTS_MAX} parts: order less at once");
        return Err(ExportError::GivenUp(why));
    }
    let SealedPart { file, bytes } = part.seal(reading)?;
    let key = part_key(export.id, export.parts, &file.sha256, export.order.format);
    deps.objects.put(&key, bytes).await?;
    let part = ExportPart { part: export.parts, range: range(export, next), file };
    Ok(export::add_part(deps.pg, export.id, &part, next, now).await?)
}

/// The part of the change stream between where the export stands and where the next part begins.
fn range(export: &Export, next: Option<ExportPlace>) -> Option<ChangeRange> {
    let ExportSource::Changes(whole) = export.order.source else { return None };
    let to = next.map_or(whole.to, |next| ChangePosition::new(next.row));
    Some(ChangeRange { from: ChangePosition::new(export.place.row), to })
}

/// Gathers the rows of a part from a place on; where the next part begins, if there is more.
pub(crate) async fn gather(
    pg: &Pg,
    order: &ExportOrder,
    from: ExportPlace,
    part: &mut PartWriter,
) -> Result<Option<ExportPlace>, ExportError> {
    let mut place = from;
    // Steps may have no rows: of people who are not listed.
    for _ in 0..STEPS_MAX {
        let step = rows::step(pg, order, place).await?;
        for row in &step.rows {
            part.row(row)?;
        }
        part.named_by(step.names);
        match step.next {
            Some(next) if part.rows() + rows::STEP_ROWS_MAX <= PART_ROWS_MAX => place = next,
            next => return Ok(next),
        }
    }
    Ok(Some(place))
}

/// Whether what the export is made from is there still.
async fn check_source(deps: ExportDependencies<'_>, export: &Export) -> Result<(), ExportError> {
    let id = match export.order.source {
        ExportSource::Run(id) => id,
        ExportSource::Changes(_) => return rows::check_stream(deps.pg, export.place).await,
    };
    let run = run::get(deps.pg, id).await?;
    if run.is_some_and(|run| run.state == RunState::Published) {
        return Ok(());
    }
    Err(ExportError::GivenUp(format!("{id} was not kept long enough: order it again")))
}

/// Charges an export whose parts are all written. Its files may be fetched only after that.
async fn settle(
    deps: ExportDependencies<'_>,
    export: &Export,
    attempt: u32,
) -> Result<(), ExportError> {
    let cost = cost(export)?;
    let served = ServedHold {
        charge: export.terms.charge,
        attempt,
        usage: usage(export),
        cost,
        // The same at each try.
        served_at: export.ended_at.unwrap_or(export.created_at),
    };
    if !finish(deps.wallet, &served).await? {
        return Err(ExportError::HoldEnded);
    }
    export::settle(deps.pg, export.id, cost, deps.clock.now()).await?;
    if cost > MicroCredits::ZERO {
        let doorbell = QueueDoorbell { queue: deps.usage };
        if let Err(error) = doorbell.ring(&[export.terms.charge]).await {
            tracing::warn!(%error, "the sweeper rings");
        }
    }
    Ok(())
}

/// What was written.
fn usage(export: &Export) -> Usage {
    let none = Usage::of(PriceClass::Export);
    if export.rows == 0 {
        return none;
    }
    none.with(PriceItem::ExportRow, export.rows)
        .with(PriceItem::ExportMegabyte, PriceUnit::megabytes(export.bytes))
}

/// What it costs: no more than what is held.
fn cost(export: &Export) -> Result<MicroCredits, ExportError> {
    Ok(pricing::charge(&usage(export), export.terms.index)?.min(export.terms.most))
}

/// Gives an export up, and its hold back. Its payer reads why, as far as that is no fault of ours. What another worker
/// has written to its end meanwhile may be charged, and is not given up for a fault of writing.
async fn give_up(
    deps: ExportDependencies<'_>,
    job: ExportJob,
    error: &ExportError,
) -> Result<(), ExportError> {
    let why = match error {
        ExportError::GivenUp(_) | ExportError::HoldEnded => error.to_string(),
        _ => "a fault of ours: order it again".to_owned(),
    };
    tracing::warn!(export = %job.export, %error, "an export is given up");
    let from: &[ExportState] = match error {
        ExportError::HoldEnded => &[ExportState::Settling],
        _ => &[ExportState::Queued, ExportState::Running],
    };
    let Some(export) = export::get(deps.pg, job.export).await? else { return Ok(()) };
    let is_failed = export::fail(deps.pg, job.export, from, &why, deps.clock.now()).await?;
    if let Some(attempt) = export.attempt.filter(|_| is_failed) {
        abandon(deps.wallet, export.terms.charge, attempt).await?;
    }
    Ok(())
}
