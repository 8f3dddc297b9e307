//! Histories that are right, and each way in which one can be wrong.

use super::*;
use proptest::prelude::*;

fn target(units: u64) -> NonZeroU64 {
    NonZeroU64::new(units).unwrap()
}

/// The history of a class that was used like this, an epoch after the other.
fn history(uses: &[u64], units: u64) -> Vec<PublishedEpoch> {
    let mut history = vec![first_epoch(PriceClass::Graph, Epoch::new(1_000), target(units))];
    for (at, &used) in uses.iter().enumerate() {
        let epoch = Epoch::new(1_001 + u32::try_from(at).unwrap());
        let recent = EpochUse { used, target: target(units) };
        history.push(next_epoch(&history, epoch, recent).unwrap());
    }
    history
}

proptest! {
    #[test]
    fn an_epoch_has_one_form(
        class in proptest::sample::select(PriceClass::ALL.to_vec()),
        numbers: [u64; 4], epoch: u32, hash: [u8; 32],
    ) {
        let [used, target, excess, index] = numbers;
        let (excess, index) = (Excess::from_bits(excess), PriceIndex::from_bits(index));
        let epoch = PublishedEpoch { class, epoch: Epoch::new(epoch), used, target, excess, index, hash };
        prop_assert_eq!(decode(&encode(&epoch)), Some(epoch));
    }

    #[test]
    fn every_history_recomputes_and_so_does_every_part_of_it(
        uses in proptest::collection::vec(0u64..300, 1..80), units in 1u64..120, cut in 0usize..80,
    ) {
        let history = history(&uses, units);
        let all = Recomputed { epochs: history.len() as u64, gaps: 0 };
        prop_assert_eq!(recompute(&[], &history), Ok(all));
        let (known, rest) = history.split_at(cut.min(history.len()));
        prop_assert!(recompute(known, rest).is_ok());
    }

    #[test]
    fn a_changed_byte_is_found_in_its_epoch(
        uses in proptest::collection::vec(0u64..300, 1..20),
        at in 0usize..20, byte in 5usize..EPOCH_BYTES, change in 1u8..,
    ) {
        let mut history = history(&uses, 100);
        let at = at % history.len();
        let mut bytes = encode(&history[at]);
        bytes[byte] ^= change;
        history[at] = decode(&bytes).unwrap();
        prop_assert_eq!(recompute(&[], &history).unwrap_err().epoch, history[at].epoch);
    }
}

#[test]
fn the_form_and_the_hash_never_change() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let history = history(&[150], 100);
    let bytes = encode(&history[1]);
    assert_eq!(
        hex(&bytes[..HASHED_BYTES]),
        "02000003e900000000000000960000000000000064000000008000000000000001017ba56c"
    );
    assert_eq!(
        hex(&history[0].hash),
        "449016e782c4cb3a5fd9aa187a3a86ec871d26aa5ffa34e5d1a2484e4b35afd8"
    );
    assert_eq!(
        hex(&history[1].hash),
        "3dfaca0080de7c1fa331f1cc0b81a56e4a8a98bf15340a6acec45e969eb916c1"
    );
    let mut unknown = bytes;
    unknown[0] = 9;
    assert_eq!(decode(&unknown), None);
}

/// The fault of a history of which one epoch is changed and, as its author would, hashed again.
fn fault_of(at: usize, change: impl Fn(&mut PublishedEpoch)) -> (u32, EpochFault) {
    let mut history = history(&[150, 250, 50], 100);
    change(&mut history[at]);
    let before = if at == 0 { NO_HASH } else { history[at - 1].hash };
    history[at].hash = hashed(&before, &history[at]);
    let wrong = recompute(&[], &history).unwrap_err();
    (wrong.epoch.number(), wrong.fault)
}

#[test]
fn each_fault_has_its_name() {
    let unit = |bits: u64| bits + 1;
    assert_eq!(fault_of(2, |e| e.class = PriceClass::Live), (1_002, EpochFault::Class));
    assert_eq!(fault_of(2, |e| e.epoch = Epoch::new(1_001)), (1_001, EpochFault::Order));
    assert_eq!(fault_of(2, |e| e.target = 0), (1_002, EpochFault::Target));
    assert_eq!(fault_of(2, |e| e.used = 200), (1_003, EpochFault::Hash));
    assert_eq!(fault_of(2, |e| e.used = 199), (1_002, EpochFault::Excess));
    assert_eq!(
        fault_of(2, |e| e.excess = Excess::from_bits(unit(e.excess.bits()))),
        (1_002, EpochFault::Excess)
    );
    assert_eq!(
        fault_of(2, |e| e.index = PriceIndex::from_bits(unit(e.index.bits()))),
        (1_002, EpochFault::Index)
    );
    assert_eq!(fault_of(0, |e| e.used = 1), (1_000, EpochFault::Hash));
    assert_eq!(fault_of(0, |e| e.target = 0), (1_000, EpochFault::Target));
    assert_eq!(fault_of(0, |e| e.excess = Excess::STEP), (1_000, EpochFault::Excess));
    let wrong =
        WrongEpoch { class: PriceClass::Graph, epoch: Epoch::new(7), fault: EpochFault::Index };
    let text = "epoch 7 of graph: its index does not follow from the excess";
    assert_eq!(wrong.to_string(), text);
}

#[test]
fn a_history_that_begins_in_the_middle_is_not_taken_for_a_whole_one() {
    let history = history(&[150, 250, 50], 100);
    let wrong = recompute(&[], &history[1..]).unwrap_err();
    assert_eq!((wrong.epoch.number(), wrong.fault), (1_001, EpochFault::Excess));
}

#[test]
fn as_many_epochs_before_are_needed_as_are_summed() {
    // A target of 10 sums three epochs: two before the one that is computed.
    let history = history(&[5, 20, 7, 11, 30, 2], 10);
    let recomputed =
        |known| recompute(&history[known..4], &history[4..]).map_err(|wrong| wrong.fault);
    assert!(recomputed(2).is_ok());
    assert_eq!(recomputed(3), Err(EpochFault::Missing));
    assert!(recompute(&history[..1], &history[1..]).is_ok(), "all that there are");
    let recent = EpochUse { used: 5, target: target(10) };
    assert_eq!(next_epoch(&[], Epoch::new(1), recent), Err(EpochFault::Missing));
}

#[test]
fn gaps_are_counted_and_move_the_excess_by_one_step_only() {
    let mut history = history(&[200], 100);
    let recent = EpochUse { used: 200, target: target(100) };
    history.push(next_epoch(&history, Epoch::new(1_010), recent).unwrap());
    assert_eq!(recompute(&[], &history), Ok(Recomputed { epochs: 3, gaps: 8 }));
    assert_eq!(history[2].excess.bits(), 2 << 32);
    assert_eq!(next_epoch(&history, Epoch::new(1_010), recent), Err(EpochFault::Order));
    assert!(next_epoch(&history, Epoch::new(1_011), recent).is_ok());
}

#[test]
fn the_next_epoch_is_due_and_the_last_one_decides_it() {
    let due = due_epoch("2026-12-01T00:00:30Z".parse().unwrap());
    assert_eq!(due.epoch.start().to_string(), "2026-12-01T00:01:00Z");
    assert_eq!(due.used_in.start().to_string(), "2026-11-30T23:59:00Z");
}

#[test]
fn in_a_gap_the_last_published_index_holds() {
    let mut history = history(&[200], 100);
    let recent = EpochUse { used: 200, target: target(100) };
    history.push(next_epoch(&history, Epoch::new(1_010), recent).unwrap());
    let held = |epoch| holding(&history, Epoch::new(epoch)).map(|held| held.epoch.number());
    let held = [999, 1_000, 1_001, 1_009, 1_010, 2_000].map(held);
    let expected = [None, Some(1_000), Some(1_001), Some(1_001), Some(1_010), Some(1_010)];
    assert_eq!(held, expected);
    assert_eq!(holding(&[], Epoch::new(1)), None);
}
