//! Layers combined into attention.

use graph::attention::AttentionError;
use graph::{Attention, LayerArcs, attention_stage};
use model::{Day, Layer};

use crate::worlds::{csr, weighted};

const TODAY: Day = Day(20_000);

fn layer(layer: Layer, arcs: &[(u32, u32)], counts: &[u32], last_days: &[u16]) -> LayerArcs {
    let last_days = last_days.iter().copied().map(Day).collect();
    LayerArcs { layer, arcs: csr(4, arcs), counts: counts.to_vec(), last_days }
}

fn combined(layers: &[LayerArcs]) -> Attention {
    attention_stage(4, layers, TODAY).unwrap()
}

#[test]
fn a_follow_and_mentions_add_up_by_log_and_age() {
    let follow = layer(Layer::Follow, &[(0, 1)], &[], &[]);
    let mention = layer(Layer::Mention, &[(0, 1), (0, 2)], &[7, 7], &[20_000, 19_910]);
    let attention = combined(&[follow, mention]);
    let fresh = Layer::Mention.coefficient() * 8f64.ln();
    let close = |target, wanted: f64| {
        let weight = f64::from(attention.arcs.weight(0, target).unwrap());
        assert!((weight - wanted).abs() < 1e-6, "{weight} is not {wanted}");
    };
    close(1, 1.0 + fresh);
    close(2, fresh / 2.0);
}

#[test]
fn who_blocks_another_gives_it_no_attention() {
    let follow = layer(Layer::Follow, &[(0, 1), (1, 0)], &[], &[]);
    let block = layer(Layer::Block, &[(0, 1)], &[], &[]);
    let attention = combined(&[follow, block]);
    assert_eq!(attention.arcs, csr(4, &[(1, 0)]));
    assert_eq!(attention.negative, csr(4, &[(0, 1)]));
}

#[test]
fn plain_follows_stay_without_weights() {
    let attention = combined(&[layer(Layer::Follow, &[(0, 1), (2, 3)], &[], &[])]);
    assert!(attention.arcs.is_unweighted());
}

#[test]
fn a_weight_in_a_lasting_layer_is_a_rating_and_a_single_like_is_full_approval() {
    let rated = weighted(4, &[(0, 1, 0.25), (0, 2, 1.0), (1, 2, 1.0), (2, 1, 1.0)]);
    let follow = LayerArcs { arcs: rated, ..layer(Layer::Follow, &[], &[], &[]) };
    let like = layer(Layer::Like, &[(0, 1), (0, 3)], &[1, 1], &[]);
    let attention = combined(&[follow, like.clone()]);
    let rated = attention.rated.unwrap();
    let share = |to| rated.weight(0, to).unwrap() / attention.arcs.weight(0, to).unwrap();
    let liked = (Layer::Like.coefficient() * 2f64.ln()) as f32;
    assert!((share(1) - (0.25 * 0.25 + liked) / (0.25 + liked)).abs() < 1e-6);
    assert_eq!((share(2), share(3)), (1.0, 1.0));
    assert_eq!(combined(&[like]).rated, None);
}

#[test]
fn what_happened_once_long_ago_is_forgotten() {
    let attention = combined(&[layer(Layer::Like, &[(0, 1)], &[1], &[17_000])]);
    assert_eq!(attention.arcs.arcs(), 0);
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let wrong = layer(Layer::Like, &[(0, 1)], &[1, 2], &[]);
    let refused = attention_stage(4, &[wrong], TODAY).unwrap_err();
    assert!(matches!(refused, AttentionError::Columns { arcs: 1, counts: 2, .. }));
    let follow = layer(Layer::Follow, &[], &[], &[]);
    assert!(matches!(attention_stage(5, &[follow], TODAY), Err(AttentionError::People { .. })));
}
