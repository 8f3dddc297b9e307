//! Where the things lie that one community contains.

use super::collide::DiscPile;
use super::draw::{draw, drawn_layout};
use super::enclose::enclosing;
use super::point::Point;
use super::relax::relax;
use super::ties::Ties;

/// The part of a disc that what it contains may cover at first.
const FILL: f64 = 0.6;

/// Below this part, what a disc contains is drawn together.
const FILL_MIN: f64 = 0.5;

/// How far discs lie from the middle at first (the root of the mean square), relative to the disc that holds them
/// at [`FILL`]. Evenly spread they would at 0.71; with less room, moving them apart would mix them up.
const WIDE: f64 = 0.8;

/// Room between discs, as a part of their radii.
const GAP: f64 = 0.03;

/// Steps of moving apart, the first of which also draw together.
const STEPS: usize = 24;
const STEPS_TOGETHER: usize = 16;

/// The part of the way to the middle that a step draws.
const TOGETHER: f64 = 0.01;

/// Few discs take more steps: they are cheap, and the room between them shows.
const FEW: usize = 256;
const STEPS_OF_FEW: usize = 4;

/// How far discs are drawn to those they are tied to before a step.
const TIED: f64 = 0.02;

/// Discs around the origin, and the disc that they lie in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrangement {
    /// The centres.
    pub(super) centres: Vec<Point>,
    /// All discs lie within this distance of the origin.
    pub(super) radius: f64,
}

/// Arranges discs from nothing.
pub(super) fn arranged(ties: &Ties, radii: &[f64]) -> Arrangement {
    let spaced = spaced(radii);
    let mut pile = DiscPile::new(in_reach(ties, &spaced), &spaced);
    let factor = if radii.len() <= FEW { STEPS_OF_FEW } else { 1 };
    let mut drawn = vec![Point::ORIGIN; radii.len()];
    for _ in 0..STEPS_TOGETHER * factor {
        draw(ties, &pile.centres, &mut drawn, 1.0 - TIED);
        pile.centres.copy_from_slice(&drawn);
        pile.contract(TOGETHER);
        pile.separate();
    }
    (0..(STEPS - STEPS_TOGETHER) * factor).any(|_| pile.separate() >= 1.0);
    finished(pile, radii)
}

/// Where discs start that were nowhere: by their ties alone, as wide as they need room. They may overlap.
fn in_reach(ties: &Ties, radii: &[f64]) -> Vec<Point> {
    let mut points = drawn_layout(ties);
    relax(ties, &mut points);
    let area: f64 = radii.iter().map(|radius| radius * radius).sum();
    let weighted =
        points.iter().zip(radii).map(|(&point, radius)| point * (radius * radius / area));
    let middle = weighted.fold(Point::ORIGIN, |sum, point| sum + point);
    let squares =
        points.iter().zip(radii).map(|(&at, radius)| (at - middle).square() * radius * radius);
    let wide = (squares.sum::<f64>() / area).sqrt();
    let scale = if wide > 0.0 { WIDE * (area / FILL).sqrt() / wide } else { 0.0 };
    points.into_iter().map(|point| (point - middle) * scale).collect()
}

/// Arranges discs near where they were. Where no place is known, a disc starts among those that it is tied to.
pub(super) fn rearranged(ties: &Ties, radii: &[f64], were: &[Option<Point>]) -> Arrangement {
    let spaced = spaced(radii);
    let mut pile = DiscPile::new(starts(ties, were), &spaced);
    let reach = pile.centres.iter().zip(&spaced).map(|(at, radius)| at.length() + radius);
    let reach = reach.fold(0.0, f64::max);
    let covered = spaced.iter().map(|radius| radius * radius).sum::<f64>() / (reach * reach);
    for step in 0..STEPS {
        if covered < FILL_MIN && step < STEPS_TOGETHER {
            pile.contract(TOGETHER);
        }
        if pile.separate() >= 1.0 && covered >= FILL_MIN {
            break;
        }
    }
    finished(pile, radii)
}

/// Radii with half of the room around them.
fn spaced(radii: &[f64]) -> Vec<f64> {
    radii.iter().map(|radius| radius * (1.0 + GAP)).collect()
}

/// Where discs start, around the middle of those that were somewhere.
fn starts(ties: &Ties, were: &[Option<Point>]) -> Vec<Point> {
    let known = were.iter().flatten();
    let count = known.clone().count().max(1);
    let middle = known.fold(Point::ORIGIN, |sum, &point| sum + point) * (1.0 / count as f64);
    let start = |(item, was): (usize, &Option<Point>)| match *was {
        Some(point) => point - middle,
        None => {
            let mut sum = Point::ORIGIN;
            let mut weights = 0.0;
            for tie in ties.of(item) {
                if let Some(point) = were[tie.other as usize] {
                    sum += (point - middle) * f64::from(tie.share);
                    weights += f64::from(tie.share);
                }
            }
            if weights > 0.0 { sum * (1.0 / weights) } else { Point::ORIGIN }
        }
    };
    were.iter().enumerate().map(start).collect()
}

/// Moves the last discs apart, and the origin to the middle of the disc around all.
fn finished(mut pile: DiscPile<'_>, radii: &[f64]) -> Arrangement {
    if let [radius] = *radii {
        return Arrangement { centres: vec![Point::ORIGIN], radius };
    }
    pile.loosen();
    let spaced = spaced(radii);
    let around = enclosing(&pile.centres, &spaced);
    let centres = pile.centres.into_iter().map(|centre| centre - around.centre).collect();
    Arrangement { centres, radius: around.radius }
}
