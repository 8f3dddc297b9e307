//! Any points → points that fill the unit disc evenly, neighbours still beside each other.

use std::f64::consts::FRAC_PI_4;

use super::point::Point;

/// Part of the mean variance that is added to both axes, so that points on a line do not divide by 0.
const RIDGE: f64 = 1e-3;

/// A rectangle.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    low: Point,
    high: Point,
}

/// Spreads points over the unit disc, so that equal areas hold equal sums of `weights`: both axes are
/// brought to the same variance, the square is cut in two again and again where half the weight is, and
/// mapped to the disc, areas preserved. Time O(n log² n).
pub(super) fn spread(points: &mut [Point], weights: &[f64]) {
    whiten(points, weights);
    let mut order: Vec<u32> = (0..points.len() as u32).collect();
    let square = Rectangle { low: Point { x: -1.0, y: -1.0 }, high: Point { x: 1.0, y: 1.0 } };
    cut(&mut order, points, weights, square);
}

/// Moves the weighted mean to the origin and multiplies by C^(−1/2), C the covariance.
fn whiten(points: &mut [Point], weights: &[f64]) {
    let total: f64 = weights.iter().sum();
    let weighted = points.iter().zip(weights);
    let mean = weighted.fold(Point::ORIGIN, |sum, (&point, &weight)| sum + point * weight);
    let mean = mean * (1.0 / total);
    points.iter_mut().for_each(|point| *point = *point - mean);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (point, weight) in points.iter().zip(weights) {
        xx += weight * point.x * point.x;
        xy += weight * point.x * point.y;
        yy += weight * point.y * point.y;
    }
    let ridge = RIDGE * (xx + yy) / 2.0;
    (xx, yy) = (xx + ridge, yy + ridge);
    // √C = (C + √det C · 1) / t; its inverse, up to a factor, exchanges the diagonal.
    let root = (xx * yy - xy * xy).max(0.0).sqrt();
    let (a, b, d) = (xx + root, xy, yy + root);
    let det = a * d - b * b;
    if det > 0.0 {
        let scale = det.sqrt().recip();
        for point in points {
            *point = Point { x: d * point.x - b * point.y, y: a * point.y - b * point.x } * scale;
        }
    }
}

/// Places the items of `order` in a rectangle.
fn cut(order: &mut [u32], points: &mut [Point], weights: &[f64], within: Rectangle) {
    if let [item] = *order {
        points[item as usize] = in_disc((within.low + within.high) * 0.5);
        return;
    }
    let size = within.high - within.low;
    let upright = size.y > size.x;
    let along = |item: u32| {
        let point = points[item as usize];
        if upright { point.y } else { point.x }
    };
    order.sort_unstable_by(|&a, &b| along(a).total_cmp(&along(b)).then(a.cmp(&b)));
    let Some(half) = half(order, weights) else { return };
    let middle = |low: f64, high: f64| low + (high - low) * half.share;
    let (mut left, mut right) = (within, within);
    if upright {
        left.high.y = middle(within.low.y, within.high.y);
        right.low.y = left.high.y;
    } else {
        left.high.x = middle(within.low.x, within.high.x);
        right.low.x = left.high.x;
    }
    let (first, second) = order.split_at_mut(half.count);
    cut(first, points, weights, left);
    cut(second, points, weights, right);
}

/// The first items that have about half of the weight.
struct Half {
    count: usize,
    /// What they have of it.
    share: f64,
}

/// `None` of fewer than two items.
fn half(order: &[u32], weights: &[f64]) -> Option<Half> {
    let weight = |item: &u32| weights[*item as usize];
    let total: f64 = order.iter().map(weight).sum();
    let mut sum = 0.0;
    let mut best: Option<(f64, Half)> = None;
    for (at, item) in order.iter().enumerate().take(order.len().saturating_sub(1)) {
        sum += weight(item);
        let off = (sum - total / 2.0).abs();
        if best.as_ref().is_some_and(|(least, _)| *least <= off) {
            break;
        }
        best = Some((off, Half { count: at + 1, share: sum / total }));
    }
    best.map(|(_, half)| half)
}

/// The square → the disc, areas preserved (Shirley and Chiu 1997).
fn in_disc(Point { x, y }: Point) -> Point {
    let at = |radius: f64, angle: f64| Point { x: radius * angle.cos(), y: radius * angle.sin() };
    if x == 0.0 && y == 0.0 {
        Point::ORIGIN
    } else if x.abs() > y.abs() {
        at(x, FRAC_PI_4 * (y / x))
    } else {
        at(y, 2.0 * FRAC_PI_4 - FRAC_PI_4 * (x / y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::RandomSeed;

    #[test]
    fn the_disc_is_filled_evenly_and_order_along_an_axis_is_kept() {
        let mut random = RandomSeed(1);
        // A thin cross of points, most of them near the middle.
        let point = |_| Point { x: random.unit().powi(3), y: random.unit().powi(5) * 1e-3 };
        let mut points: Vec<Point> = (0..4_096).map(point).collect();
        let before = points.clone();
        spread(&mut points, &vec![1.0; 4_096]);
        let inside = points.iter().filter(|point| point.square() < 0.5).count();
        assert!((1_900..2_200).contains(&inside), "{inside} of 4096 in half the area");
        let left = points.iter().filter(|point| point.x < 0.0).count();
        assert!((1_900..2_200).contains(&left), "{left} of 4096");
        let kept = (0..4_095)
            .filter(|&at| (before[at].x < before[at + 1].x) == (points[at].x < points[at + 1].x));
        assert!(kept.count() > 3_400);
        assert!(points.iter().all(|point| point.length() < 1.0));
    }

    #[test]
    fn points_in_one_place_and_a_giant_among_small_ones_are_spread() {
        let mut points = vec![Point::ORIGIN; 5];
        spread(&mut points, &[1e6, 1.0, 1.0, 1.0, 1.0]);
        for (at, a) in points.iter().enumerate() {
            assert!(points[at + 1..].iter().all(|b| (*a - *b).length() > 0.0), "{points:?}");
        }
        spread(&mut points[..1], &[1.0]);
        spread(&mut [], &[]);
    }
}
