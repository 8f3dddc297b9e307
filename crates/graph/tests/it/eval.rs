//! Measures of agreement against values of scikit-learn 1.7, SciPy 1.16 and a direct transcription of
//! the ONMI paper.

use graph::eval::{agreement, auc, ndcg, onmi, spearman};
use proptest::prelude::*;

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
}

#[test]
fn agreement_has_the_known_values() {
    let found =
        agreement(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3], &[5, 5, 6, 6, 6, 7, 7, 7, 7, 5, 8, 8]);
    close(found.nmi, 0.627606495572495);
    close(found.ami, 0.3999526544122387);
    close(found.ari, 0.32946298984034833);
}

#[test]
fn unrelated_partitions_agree_less_than_chance() {
    let (a, b): (Vec<u32>, Vec<u32>) = (0..30).map(|at| (at % 3, at / 10)).unzip();
    let found = agreement(&a, &b);
    close(found.ami, -0.06328535315802065);
    close(found.ari, -0.06333333333333334);
}

#[test]
fn partitions_without_information_agree_fully() {
    for labels in [vec![], vec![3; 5], (0..5).collect()] {
        let found = agreement(&labels, &labels);
        assert_eq!((found.nmi, found.ami, found.ari), (1.0, 1.0, 1.0));
    }
}

#[test]
fn overlapping_covers_have_the_known_value() {
    let found = [vec![0, 1, 2, 3], vec![3, 4, 5], vec![6, 7, 8, 9]];
    let truth = [vec![0, 1, 2], vec![3, 4, 5, 6], vec![6, 7, 8, 9]];
    close(onmi(10, &found, &truth), 0.7383521305920281);
    close(onmi(10, &found, &found), 1.0);
    close(onmi(10, &found, &[]), 0.0);
}

#[test]
fn orders_have_the_known_values() {
    let positive = [true, false, true, true, false, false, true];
    close(auc(&[0.9, 0.8, 0.8, 0.3, 0.1, 0.3, 0.7], &positive).unwrap(), 0.75);
    let (scores, gains) = ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [3.0, 2.0, 3.0, 0.0, 1.0, 2.0]);
    close(ndcg(&scores, &gains, 5).unwrap(), 0.8610441760375026);
    close(ndcg(&scores, &gains, 3).unwrap(), 0.9777813616305048);
    let correlation = spearman(&[1.0, 2.0, 2.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.0]);
    close(correlation.unwrap(), 0.6668859288553503);
}

#[test]
fn measures_without_a_contrast_say_so() {
    assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    assert_eq!(ndcg(&[1.0], &[0.0], 5), None);
    assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
}

proptest! {
    #[test]
    fn agreement_is_symmetric_and_blind_to_names(
        pairs in proptest::collection::vec((0u32..6, 0u32..6), 2..60),
    ) {
        let (a, b): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let (one, other) = (agreement(&a, &b), agreement(&b, &a));
        prop_assert!((one.ami - other.ami).abs() < 1e-9 && (one.ari - other.ari).abs() < 1e-9);
        let renamed: Vec<u32> = a.iter().map(|label| 1_000_000 - 7 * label).collect();
        prop_assert!((agreement(&renamed, &b).ami - one.ami).abs() < 1e-9);
        prop_assert!((agreement(&a, &renamed).ari - 1.0).abs() < 1e-9);
    }
}
