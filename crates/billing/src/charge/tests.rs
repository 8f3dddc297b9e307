//! Charging answers and held work.

use model::charge::{BudgetClaim, ChargeState, REPLAYS_MAX};
use model::port::{ServedHold, Wallet};
use model::wallet::LeaseOutcome;
use model::{Day, WalletStatus};

use super::*;
use crate::fixture::{Bank, PAYER, Unheard, answer, at, credits, done, reference, served};
use crate::held::{Begun, abandon, begin, finish};
use crate::lease::open_quote;
use crate::twin::TwinWallet;

fn charged(bank: &Bank, answer: &PricedAnswer) -> Release {
    let now = answer.charge.opened_at;
    done(charge(&bank.wallet, &LeaseBook::default(), answer, now)).unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

#[test]
fn an_answer_is_charged_once_and_then_a_replay_that_is_bounded() {
    let bank = Bank::with(100);
    let first = served(1, 30, noon());
    let paid = Release::Charged { cost: credits(30), quote: None };
    assert_eq!(charged(&bank, &answer(first.clone())), paid);
    assert_eq!(charged(&bank, &answer(first.clone())), paid, "the same commit, repeated");
    let again = Charge { nonce: 99, cost: credits(20), ..first.clone() };
    for count in 1..=REPLAYS_MAX {
        let Release::Replay(known) = charged(&bank, &answer(again.clone())) else { panic!() };
        assert_eq!((known.cost, known.replays), (credits(30), count));
    }
    let exhausted = Release::Withheld(Withheld::ReplaysExhausted);
    assert_eq!(charged(&bank, &answer(again)), exhausted);
    let other = Charge { nonce: 98, request: [9; 32], ..first };
    assert_eq!(charged(&bank, &answer(other)), Release::Withheld(Withheld::OtherRequest));
    assert_eq!(bank.available(), 70);
}

#[test]
fn what_is_not_paid_is_withheld_and_costs_nothing() {
    let bank = Bank::with(100);
    let dear = served(1, 101, noon());
    let (needed, available) = (credits(101), credits(100));
    let why = WalletRefusal::InsufficientCredits { needed, available };
    assert_eq!(charged(&bank, &answer(dear)), Release::Withheld(Withheld::Unpaid(why)));
    let max = PricedAnswer { cost_max: Some(credits(9)), ..answer(served(2, 10, noon())) };
    let why = Withheld::AboveMax { cost: credits(10), max: credits(9) };
    assert_eq!(charged(&bank, &max), Release::Withheld(why));
    let exactly = PricedAnswer { cost_max: Some(credits(10)), ..max };
    assert!(matches!(charged(&bank, &exactly), Release::Charged { .. }));
    assert_eq!(charged(&bank, &answer(served(3, 0, noon()))), Release::Free);
    done(bank.wallet.set_status(PAYER, WalletStatus::Frozen)).unwrap();
    let frozen = Release::Withheld(Withheld::Unpaid(WalletRefusal::Frozen));
    assert_eq!(charged(&bank, &answer(served(4, 1, noon()))), frozen);
    assert_eq!(bank.available(), 90);
}

#[test]
fn a_key_spends_no_more_than_its_budget_of_a_day() {
    let bank = Bank::with(1_000);
    let claim = |day: u16| Some(BudgetClaim { day: Day(day), cap: credits(50) });
    let of = |number, day| answer(Charge { budget: claim(day), ..served(number, 30, noon()) });
    assert!(matches!(charged(&bank, &of(1, 5)), Release::Charged { .. }));
    let (day, needed, left) = (Day(5), credits(30), credits(20));
    let why = WalletRefusal::BudgetExhausted { day, needed, left };
    assert_eq!(charged(&bank, &of(2, 5)), Release::Withheld(Withheld::Unpaid(why)));
    assert!(matches!(charged(&bank, &of(3, 6)), Release::Charged { .. }));
    let budget = done(bank.wallet.budget(PAYER, model::KeyId::new(1), Day(5))).unwrap().unwrap();
    assert_eq!((budget.spent, budget.cap), (credits(30), credits(50)));
}

#[test]
fn a_retry_across_midnight_is_free_in_either_order() {
    let bank = Bank::with(100);
    let others = |number| vec![reference(number)];
    let late = PricedAnswer { others: others(2), ..answer(served(1, 30, noon())) };
    assert!(matches!(charged(&bank, &late), Release::Charged { .. }));
    let same = Charge { request: [1; 32], ..served(2, 30, noon()) };
    let early = PricedAnswer { others: others(1), ..answer(same.clone()) };
    assert!(matches!(charged(&bank, &early), Release::Replay(_)));
    // Today's came first, by a clock that is ahead; yesterday's is the replay.
    let bank = Bank::with(100);
    assert!(matches!(
        charged(&bank, &PricedAnswer { charge: same, ..early }),
        Release::Charged { .. }
    ));
    assert!(matches!(charged(&bank, &late), Release::Replay(_)));
    assert_eq!(bank.available(), 70);
}

#[test]
fn a_busy_payer_is_charged_on_leases() {
    let bank = Bank::with(1_000_000);
    bank.wallet.gate().with(|state| state.make_busy(PAYER));
    let book = LeaseBook::default();
    for number in 1..=250 {
        let one = answer(served(number, 10, noon()));
        let release = done(charge(&bank.wallet, &book, &one, noon())).unwrap();
        assert_eq!(release, Release::Charged { cost: credits(10), quote: None }, "{number}");
    }
    let view = done(bank.wallet.view(PAYER)).unwrap();
    assert_eq!(view.leases.len(), 1, "the first was spent after 200 and closed");
    assert!(view.balance.is_sound() && view.leases[0].left < view.leases[0].size);
    done(book.close(&bank.wallet)).unwrap();
    let balance = done(bank.wallet.balance(PAYER)).unwrap();
    assert_eq!((balance.available.micros(), balance.spent.micros()), (997_500, 2_500));
    // In place of a lease that was closed meanwhile, another one is opened.
    let one = answer(served(251, 10, noon()));
    assert!(matches!(done(charge(&bank.wallet, &book, &one, noon())), Ok(Release::Charged { .. })));
}

#[test]
fn a_quote_pays_the_lower_price_until_its_credits_are_used() {
    let bank = Bank::with(100);
    let (quote, end) = (QuoteId::new(5), at("2026-11-22T12:15:00Z"));
    let open = |quote| done(open_quote(&bank.wallet, quote, PAYER, credits(20), end)).unwrap();
    let LeaseOutcome::Opened(lease) = open(quote) else { panic!() };
    assert_eq!((open(quote), bank.available()), (LeaseOutcome::Opened(lease), 80));
    let quoted = |number, cost, now| {
        let quoted = Some(QuotedCost { quote, lease: lease.id, cost: credits(cost) });
        PricedAnswer { quoted, ..answer(served(number, now, noon())) }
    };
    let paid = |cost, quote| Release::Charged { cost: credits(cost), quote };
    assert_eq!(charged(&bank, &quoted(1, 8, 16)), paid(8, Some(quote)));
    assert_eq!(charged(&bank, &quoted(2, 16, 8)), paid(8, Some(quote)));
    assert_eq!(charged(&bank, &quoted(3, 8, 16)), paid(16, None), "too little is left of it");
    let dear = PricedAnswer { cost_max: Some(credits(3)), ..quoted(4, 4, 9) };
    assert!(matches!(charged(&bank, &dear), Release::Withheld(Withheld::AboveMax { .. })));
    assert_eq!(bank.available(), 64);
    let refused = LeaseOutcome::Refused(WalletRefusal::TooManyQuotes);
    assert!((6..8).all(|number| matches!(open(QuoteId::new(number)), LeaseOutcome::Opened(_))));
    assert_eq!(open(QuoteId::new(8)), refused);
    done(bank.wallet.close_lease(PAYER, lease.id)).unwrap();
    assert_eq!(bank.available(), 64 - 40 + 4);
    assert!(matches!(open(QuoteId::new(8)), LeaseOutcome::Opened(_)));
}

fn asked(bank: &Bank, number: u8, is_named: bool, cost_max: i64) -> Admission {
    let wanted = RequestToAdmit {
        charge: reference(number),
        others: &[reference(9)],
        request: [number; 32],
        cost_most: credits(40),
        cost_max: Some(credits(cost_max)),
        is_named,
    };
    done(admit(&bank.wallet, &wanted)).unwrap()
}

#[test]
fn a_request_is_admitted_unless_it_may_cost_too_much_or_was_answered() {
    let bank = Bank::with(100);
    let first = served(1, 30, noon());
    charged(&bank, &answer(first.clone()));
    assert_eq!(asked(&bank, 2, true, 40), Admission::Serve);
    let why = Withheld::AboveMax { cost: credits(40), max: credits(39) };
    assert_eq!(asked(&bank, 2, true, 39), Admission::Withheld(why));
    assert_eq!(asked(&bank, 1, false, 40), Admission::Serve, "the commit finds it");
    assert_eq!(
        asked(&bank, 1, false, 39),
        Admission::OnlyReplay(why),
        "the answer says what it is"
    );
    let Admission::Replay(known) = asked(&bank, 1, true, 0) else { panic!() };
    assert_eq!(known.replays, 0, "nothing left yet");
    let again = answer(Charge { nonce: 99, ..first });
    let Some(Release::Replay(known)) = done(replay(&bank.wallet, &again)).unwrap() else {
        panic!()
    };
    assert_eq!((known.replays, bank.available()), (1, 70));
    assert_eq!(done(replay(&bank.wallet, &answer(served(2, 30, noon())))), Ok(None));
}

#[test]
fn a_request_that_is_being_answered_or_another_ones_is_not_admitted() {
    let bank = Bank::with(100);
    done(begin(&bank.wallet, &pending(1, 60), &[])).unwrap();
    let withheld = |number| asked(&bank, number, true, 40);
    assert_eq!(withheld(1), Admission::Withheld(Withheld::InProgress));
    charged(&bank, &answer(Charge { request: [7; 32], ..served(2, 10, noon()) }));
    assert_eq!(withheld(2), Admission::Withheld(Withheld::OtherRequest));
    done(abandon(&bank.wallet, reference(1), 1)).unwrap();
    assert_eq!(withheld(1), Admission::Serve, "what it held is free again");
    // That of the neighbouring day.
    charged(&bank, &answer(Charge { request: [3; 32], ..served(9, 10, noon()) }));
    assert!(matches!(withheld(3), Admission::Replay(known) if known.id == reference(9).charge));
}

#[test]
fn what_was_paid_before_leaves_again_however_dear_it_is_now() {
    let bank = Bank::with(100);
    let first = served(1, 10, noon());
    charged(&bank, &answer(first.clone()));
    let dear = Charge { nonce: 99, cost: credits(30), ..first };
    let again = PricedAnswer { cost_max: Some(credits(10)), ..answer(dear) };
    assert!(matches!(charged(&bank, &again), Release::Replay(_)));
    let quoted = QuotedCost { quote: QuoteId::new(5), lease: LeaseId::new(5), cost: credits(20) };
    let again = PricedAnswer { quoted: Some(quoted), ..again };
    assert!(matches!(charged(&bank, &again), Release::Replay(_)));
    assert_eq!(bank.available(), 90);
}

fn pending(number: u8, most: i64) -> Charge {
    let (most, expires_at) = (credits(most), at("2026-11-22T12:05:00Z"));
    Charge {
        source: ChargeSource::Hold { most, attempt: 1, expires_at },
        state: ChargeState::Pending,
        served_at: None,
        ..served(number, 0, noon())
    }
}

fn hold(attempt: u32, cost: i64) -> ServedHold {
    let usage = served(1, 1, noon()).usage;
    ServedHold { charge: reference(1), attempt, usage, cost: credits(cost), served_at: noon() }
}

#[test]
fn held_work_costs_what_it_is_and_failed_work_nothing() {
    let bank = Bank::with(100);
    let started = |charge: &Charge| done(begin(&bank.wallet, charge, &[])).unwrap();
    assert_eq!(started(&pending(1, 60)), Begun::Held { attempt: 1 });
    assert_eq!(started(&pending(1, 60)), Begun::Held { attempt: 1 }, "the same hold, repeated");
    let other = Charge { nonce: 9, ..pending(1, 60) };
    assert_eq!(started(&other), Begun::Withheld(Withheld::InProgress));
    assert!(matches!(started(&pending(2, 41)), Begun::Withheld(Withheld::Unpaid(_))));
    done(abandon(&bank.wallet, reference(1), 1)).unwrap();
    assert_eq!(bank.available(), 100);
    assert_eq!(started(&other), Begun::Held { attempt: 2 });
    let ended = |attempt, cost| done(finish(&bank.wallet, &hold(attempt, cost)));
    assert_eq!(ended(1, 50), Ok(false), "the first hold is over");
    assert!(ended(2, 61).is_err() && ended(2, -1).is_err());
    assert_eq!((ended(2, 50), ended(2, 50), ended(2, 49)), (Ok(true), Ok(true), Ok(false)));
    assert_eq!(bank.available(), 40);
    assert!(matches!(started(&Charge { nonce: 8, ..other }), Begun::Replay(_)));
}

#[test]
fn held_work_without_a_result_is_free() {
    let bank = Bank::with(100);
    done(begin(&bank.wallet, &pending(1, 60), &[])).unwrap();
    assert_eq!(done(finish(&bank.wallet, &hold(1, 0))), Ok(true));
    assert_eq!(bank.available(), 100);
}

#[test]
fn a_call_that_is_not_heard_of_is_repeated() {
    let bank = Bank::with(100);
    let unheard = |calls| {
        let state = bank.wallet.gate().with(|state| state.clone());
        TwinWallet::new(Unheard::<_, ChargeOutcome>::first(calls, state))
    };
    let one = answer(served(1, 30, noon()));
    let charged = |calls| done(charge(&unheard(calls), &LeaseBook::default(), &one, noon()));
    assert_eq!(charged(2), Ok(Release::Charged { cost: credits(30), quote: None }));
    assert!(matches!(charged(3), Err(PortError::Retry(_))), "then nothing leaves");
    let begun = |calls| done(begin(&unheard(calls), &pending(1, 60), &[]));
    assert_eq!(begun(2), Ok(Begun::Held { attempt: 1 }));
    assert_eq!(begun(3), Ok(Begun::Withheld(Withheld::Busy)));
}
