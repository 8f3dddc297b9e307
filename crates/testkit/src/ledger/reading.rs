//! Reading lines, sums and statements.

use model::ledger::{PostVerdict, RecordOutcome};
use model::port::{Ledger, TransferPeriod};
use model::time::Timestamp;
use model::{Charge, Month, PayerId, Statement, Transfer, TransferId};

use super::{at, charge, credits, grant, post, record};

/// The lines of a period, page by page.
async fn lines(
    ledger: &impl Ledger,
    payer: PayerId,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Transfer> {
    let period = TransferPeriod { payer, from, until };
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = ledger.transfers_of(&period, after.as_deref()).await.expect("lines can be read");
        assert!(page.items.len() <= 1_000, "a page is bounded");
        lines.extend(page.items);
        after = Some(match page.next {
            Some(next) => next,
            None => return lines,
        });
    }
}

pub(super) async fn lines_are_read_by_period(ledger: &impl Ledger) {
    let payer = PayerId::new(3_001);
    record(ledger, &grant(payer, "period", 1_000)).await;
    let batch: Vec<Charge> = (0..150).map(|number| charge(payer, number, 1)).collect();
    assert!(post(ledger, &batch).await.iter().all(|verdict| *verdict == PostVerdict::Posted));
    let last = [charge(payer, 200, 1)];
    assert_eq!(ledger.post(&last, at(20)).await, Ok(vec![PostVerdict::Posted]));
    let all = lines(ledger, payer, at(0), at(21)).await;
    assert_eq!(all.len(), 152);
    assert!(all.is_sorted_by_key(|line| line.posted_at));
    assert_eq!(all[0].id, TransferId::Grant { grant: super::id("period") });
    assert_eq!(all[151], Transfer::of_charge(&last[0], at(20)));
    let ids: Vec<String> = all[1..151].iter().map(|line| line.id.to_string()).collect();
    assert!(ids.is_sorted(), "by id among those of one time");
    assert_eq!(lines(ledger, payer, at(1), at(20)).await, all[1..151]);
    assert_eq!(lines(ledger, payer, at(11), at(20)).await, []);
    assert_eq!(lines(ledger, payer, at(20), at(21)).await, all[151..]);
    assert_eq!(lines(ledger, PayerId::new(3_002), at(0), at(21)).await, []);
}

pub(super) async fn statements_are_kept(ledger: &impl Ledger) {
    let payer = PayerId::new(3_010);
    let month = |text: &str| text.parse::<Month>().expect("this is a month");
    let statement = |text: &str, root: u8| Statement {
        payer,
        month: month(text),
        lines: 3,
        opening: credits(0),
        credited: credits(50),
        debited: credits(20),
        closing: credits(30),
        previous_root: [0; 32],
        root: [root; 32],
    };
    let last = async |until: &str| {
        ledger.last_statement(payer, month(until)).await.expect("a statement can be read")
    };
    assert_eq!(last("2026-11").await, None);
    let (october, december) = (statement("2026-10", 1), statement("2026-12", 2));
    for new in [&december, &october] {
        assert_eq!(ledger.keep_statement(new).await, Ok(RecordOutcome::Recorded));
        assert_eq!(ledger.keep_statement(new).await, Ok(RecordOutcome::RecordedBefore));
    }
    let other = statement("2026-10", 9);
    assert_eq!(ledger.keep_statement(&other).await, Ok(RecordOutcome::Differs));
    assert_eq!(last("2026-09").await, None);
    assert_eq!(last("2026-10").await, Some(october.clone()));
    assert_eq!(last("2026-11").await, Some(october));
    assert_eq!(last("2027-01").await, Some(december));
}

/// To be run after the others.
pub(super) async fn everything_adds_up(ledger: &impl Ledger) {
    let mut payers: Vec<PayerId> = Vec::new();
    let mut after = None;
    loop {
        let page = ledger.payers(after.as_deref()).await.expect("payers can be read");
        payers.extend(page.items);
        after = Some(match page.next {
            Some(next) => next,
            None => break,
        });
    }
    assert!(payers.is_sorted() && payers.contains(&PayerId::new(3_001)), "{payers:?}");
    assert!(!payers.contains(&PayerId::new(3_010)), "a statement gives nothing");
    let mut left = 0;
    for payer in payers {
        left +=
            super::left(ledger, payer).await.iter().map(|&micros| i128::from(micros)).sum::<i128>();
    }
    let totals = ledger.totals().await.expect("totals can be read");
    assert_eq!((totals.sum(), totals.customers_less_grants()), (0, 0), "{totals:?}");
    assert_eq!(totals.remaining, left);
    assert!(totals.transfers > 300);
}
