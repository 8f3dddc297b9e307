//! Writing lines, with what follows from them: grants are used, sums and counts grow.

use std::collections::BTreeMap;

use model::{MicroCredits, Transfer};

use super::count::LineCounts;
use crate::StoreError;
use crate::pg::params::{column, params};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::stored_ms;

/// Locks in one order, so that two who write for the same payers never wait for each other.
const LOCK: &str = "select payer_id from ledger_payer where payer_id = any($1)
    order by payer_id for update";
const MAKE: &str = "insert into ledger_payer (payer_id)
    select payer_id from unnest($1::bigint[]) u(payer_id) order by payer_id on conflict do nothing";
/// If a line is not inserted, the caller undoes all of it: so what is counted are the lines that were.
const WRITE: &str = "with line as (
        insert into transfer (transfer_id, payer_id, debit, credit, amount, event_ms, posted_ms, key_id,
            route, usage, price_version, quote_id, draw_grants, draw_amounts)
        select transfer_id, payer_id, debit, credit, amount, event_ms, posted_ms, key_id,
            route, usage::jsonb, price_version, quote_id, draw_grants::bigint[], draw_amounts::bigint[]
        from unnest($1::text[], $2::bigint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[],
            $14::text[])
            u(transfer_id, payer_id, debit, credit, amount, event_ms, posted_ms, key_id,
                route, usage, price_version, quote_id, draw_grants, draw_amounts)
        on conflict do nothing returning payer_id, debit, credit, amount),
    drawn as (
        update credit_grant g set remaining = g.remaining - u.amount
        from unnest($15::bigint[], $16::bigint[]) u(grant_number, amount)
        where g.grant_number = u.grant_number),
    sums as (
        select payer_id, count(*) lines,
            coalesce(sum(amount) filter (where debit = 1), 0)::bigint paid,
            coalesce(sum(amount) filter (where debit = 2), 0)::bigint promoted,
            coalesce(sum(amount) filter (where debit = 6), 0)::bigint refunded,
            coalesce(sum(amount) filter (where credit = 4), 0)::bigint charged,
            coalesce(sum(amount) filter (where credit = 5), 0)::bigint expired
        from line group by payer_id),
    summed as (
        update ledger_payer p set lines = p.lines + s.lines, paid = p.paid + s.paid,
            promoted = p.promoted + s.promoted, refunded = p.refunded + s.refunded,
            charged = p.charged + s.charged, expired = p.expired + s.expired
        from sums s where p.payer_id = s.payer_id),
    used as (
        insert into class_use as c (epoch, class, payer_id, paid)
        select epoch, class, payer_id, paid
        from unnest($17::bigint[], $18::smallint[], $19::bigint[], $20::bigint[])
            u(epoch, class, payer_id, paid)
        on conflict (epoch, class, payer_id) do update
            set paid = least(c.paid::numeric + excluded.paid, 9223372036854775807)::bigint),
    counted as (
        insert into usage_day as d (payer_id, day, key_id, route, charges, amount)
        select payer_id, day, key_id, route, charges, amount
        from unnest($21::bigint[], $22::int[], $23::bigint[], $24::text[], $25::bigint[], $26::bigint[])
            u(payer_id, day, key_id, route, charges, amount)
        on conflict (payer_id, day, key_id, route) do update
            set charges = d.charges + excluded.charges, amount = d.amount + excluded.amount)
    select count(*) from line";

/// What a line takes from one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberedDraw {
    /// `credit_grant.grant_number`.
    pub(super) grant: i64,
    pub(super) amount: MicroCredits,
}

/// A line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewLine {
    pub(super) transfer: Transfer,
    /// In the order of use.
    pub(super) draws: Vec<NumberedDraw>,
}

/// Makes what is written of these payers wait for the end of the transaction. Of a payer who is new a row
/// is made.
pub(super) async fn lock_payers(tx: &PgTransaction<'_>, payers: &[i64]) -> Result<(), StoreError> {
    let locked = tx.query(LOCK, params![payers => INT8_ARRAY]).await?.len();
    if locked < payers.len() {
        tx.execute(MAKE, params![payers => INT8_ARRAY]).await?;
        tx.query(LOCK, params![payers => INT8_ARRAY]).await?;
    }
    Ok(())
}

/// Writes lines whose payers are locked, takes what they draw from grants, and adds up.
///
/// # Errors
/// A passing one if a line with one of the ids was written for another payer meanwhile.
pub(super) async fn write(tx: &PgTransaction<'_>, lines: &[NewLine]) -> Result<(), StoreError> {
    let transfers: Vec<&Transfer> = lines.iter().map(|line| &line.transfer).collect();
    let details: Vec<_> = transfers.iter().map(|transfer| transfer.detail.as_ref()).collect();
    let usages = column(&details, |detail| detail.map(|detail| json(&detail.usage)));
    let usages = usages.into_iter().map(Option::transpose).collect::<Result<Vec<_>, _>>()?;
    let drawn = drawn(lines);
    let counts = LineCounts::of(transfers.iter().copied())?;
    let (uses, days) = (Vec::from_iter(&counts.used), Vec::from_iter(&counts.days));
    let params = params![
        column(&transfers, |one| one.id.to_string()) => TEXT_ARRAY,
        column(&transfers, |one| one.payer.number() as i64) => INT8_ARRAY,
        column(&transfers, |one| one.debit as i16) => INT2_ARRAY,
        column(&transfers, |one| one.credit as i16) => INT2_ARRAY,
        column(&transfers, |one| one.amount.micros()) => INT8_ARRAY,
        column(&transfers, |one| stored_ms(one.event_at)) => INT8_ARRAY,
        column(&transfers, |one| stored_ms(one.posted_at)) => INT8_ARRAY,
        column(&details, |one| one.map(|one| one.key.number() as i64)) => INT8_ARRAY,
        column(&details, |one| one.map(|one| one.route.as_str())) => TEXT_ARRAY,
        usages => TEXT_ARRAY,
        column(&details, |one| one.map(|one| one.price_version.to_string())) => TEXT_ARRAY,
        column(&details, |one| one.and_then(|one| one.quote).map(|quote| quote.number() as i64))
            => INT8_ARRAY,
        column(lines, |line| array(&line.draws, |draw| draw.grant)) => TEXT_ARRAY,
        column(lines, |line| array(&line.draws, |draw| draw.amount.micros())) => TEXT_ARRAY,
        drawn.keys().copied().collect::<Vec<i64>>() => INT8_ARRAY,
        drawn.values().copied().collect::<Vec<i64>>() => INT8_ARRAY,
        column(&uses, |(key, _)| key.0) => INT8_ARRAY,
        column(&uses, |(key, _)| key.1) => INT2_ARRAY,
        column(&uses, |(key, _)| key.2) => INT8_ARRAY,
        column(&uses, |(_, paid)| **paid) => INT8_ARRAY,
        column(&days, |(key, _)| key.0) => INT8_ARRAY,
        column(&days, |(key, _)| key.1) => INT4_ARRAY,
        column(&days, |(key, _)| key.2) => INT8_ARRAY,
        column(&days, |(key, _)| key.3) => TEXT_ARRAY,
        column(&days, |(_, count)| count.charges) => INT8_ARRAY,
        column(&days, |(_, count)| count.amount.micros()) => INT8_ARRAY,
    ];
    let rows = tx.query(WRITE, params).await?;
    let written: i64 = rows.first().map_or(0, |row| row.get(0));
    match written as usize == lines.len() {
        true => Ok(()),
        false => Err(met(tx, "a line")),
    }
}

/// The passing error of what another transaction made meanwhile: a second try finds it.
pub(super) fn met(tx: &PgTransaction<'_>, what: &str) -> StoreError {
    let why = format!("{what} with the same id was written meanwhile");
    StoreError::Statement { what: tx.what(), why, passing: true }
}

/// What all lines together draw from each grant.
fn drawn(lines: &[NewLine]) -> BTreeMap<i64, i64> {
    let mut drawn = BTreeMap::new();
    for draw in lines.iter().flat_map(|line| &line.draws) {
        *drawn.entry(draw.grant).or_insert(0) += draw.amount.micros();
    }
    drawn
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Conflict(format!("write a line: {why}")))
}

/// An array as PostgreSQL reads it; `unnest` would take arrays of arrays apart. None if it is empty.
fn array(draws: &[NumberedDraw], value: impl Fn(&NumberedDraw) -> i64) -> Option<String> {
    if draws.is_empty() {
        return None;
    }
    let values: Vec<String> = draws.iter().map(|draw| value(draw).to_string()).collect();
    Some(format!("{{{}}}", values.join(",")))
}
