//! What speaks for a person and against it.
//!
//! For: attention from people with a voice (T). Against: attention from people who are doubted (U),
//! and blocks by people with a voice (B), in units of an average arc. With μ the value of a stranger,
//! a person's value is `g · (E + λμ) / (T + min(U, cap(T / 2)) + B + λ)`: the mean of a Beta posterior, so
//! that more evidence of the same kind says more. E is what of T is approval: all of it where nobody
//! rates, and otherwise an arc counts μ to 1 by the rating (Kamvar's EigenTrust and GrapeRank rate
//! too). So a low rating by the known says less than a high one, but never less than that nobody
//! knows the person. g, at most 1, is the mean of how well those stand whom the person attends to,
//! where standing of [`GOOD`] is as good as any: following farms costs, following the honest gains
//! nothing.
//!
//! *Standing* is 1 for whom at least half of what is known comes from voices and falls with the
//! evidence to the contrary: `g · (2T + λ) / (T + min(U, cap(T)) + B + λ)`, at most 1. A *voice* is
//! bounded three times: by reach, by standing² and by what the person has itself heard from voices,
//! of which it can say at most [`BUDGET`] times as much: a few who are attended to cannot vouch for
//! thousands. The cap, `cap(x) = x + 64 / (1 + T)`, lets a crowd outweigh the few arcs that a farm bought,
//! but no more than match the many of somebody whom the trusted attend to; and in its value it keeps two
//! thirds of what it would have, so that a mob takes nobody's rank.
//!
//! The circle of the known is widened in four rounds ([`BELOW`]): the later ones no longer pass
//! through those who by then stand badly, so that little leaks out of the widest. Whoever is known of
//! but has no voice speaks against, with the weight of what is known. At the end only the doubted do:
//! newcomers do no harm.
//!
//! Time O(m · sets) for each of five views; memory is most of the 224 B/person of [`super`].

use rayon::prelude::*;

use super::spread::Spread;
use super::{LANES, Lanes, UNKNOWN};
use crate::attention::Attention;
use crate::csr::Csr;

/// λ: how many average arcs it takes to outweigh not knowing a person.
const PATIENCE: f32 = 3.0;

/// Bound of what speaks against a person for whom nobody speaks, in average arcs.
const AGAINST_MAX: f32 = 64.0;

/// The part of what speaks for somebody well known that may speak against it. With less than 1 a mob
/// alone takes nobody's rank, which needs half of what is usual: 2/3 is left of what all say.
const AGAINST_KNOWN: f32 = 0.5;

/// Weight of a trusted block, in average arcs.
const BLOCK: f32 = 2.0;

/// How much more attention than it has received a person may give with a full voice. People give as
/// much as they receive only on the whole: celebrities receive what most lack.
const BUDGET: f32 = 3.0;

/// Standing from which somebody is good company. Less than 1, since who is attended to by the unknown
/// as well stands a little below, and whoever attends to it would stand below that.
const GOOD: f32 = 0.75;

/// Standing, in the first round, of those whose community most do not approve of.
const UNAPPROVED: f32 = 0.5;

/// The share of a walk's mass that may arrive at people who are not fully reached, in each round. A
/// tenth at first, since most of the mass stays where the seeds are and quiet honest communities are
/// elsewhere; then a tenth of that in each round, as the walk comes to avoid those who stand badly.
const BELOW: [f64; 4] = [0.1, 0.01, 0.001, 0.0001];

/// The evidence of a graph.
pub(super) struct Judge<'a> {
    spread: &'a Spread<'a>,
    /// Who is blocked by whom.
    blocked: Csr,
    /// Who is rated how by whom, where anybody rates.
    esteem: Option<Csr>,
    /// 1 / mean arc weight.
    unit: f32,
}

/// What is thought of a person, from each set of seeds.
#[derive(Clone, Copy)]
struct Opinion {
    /// The value, 0 to 1.
    value: Lanes,
    /// How it counts in the company of others, 0 to 1.
    standing: Lanes,
    /// T: attention from voices, in average arcs.
    heard: Lanes,
}

impl<'a> Judge<'a> {
    /// Prepares judging on a graph.
    pub(super) fn new(attention: &Attention, spread: &'a Spread<'a>) -> Judge<'a> {
        let weight: f64 = spread.given.iter().sum();
        let unit = if weight > 0.0 { spread.arcs.arcs() as f64 / weight } else { 1.0 };
        let esteem = attention.esteem.as_ref().map(Csr::transpose);
        Judge { spread, blocked: attention.negative.transpose(), esteem, unit: unit as f32 }
    }

    /// The value of each person, 0 to 1, as seen from each of at most [`LANES`] sets of seeds.
    pub(super) fn values(&self, seeds: &[Vec<u32>], approved: &[bool]) -> Vec<Lanes> {
        let standing = |&approved: &bool| [if approved { 1.0 } else { UNAPPROVED }; LANES];
        let nobody =
            |standing| Opinion { value: [UNKNOWN; LANES], standing, heard: [f32::MAX; LANES] };
        let mut opinions: Vec<Opinion> = approved.iter().map(standing).map(nobody).collect();
        let mut voices = Vec::new();
        for below in BELOW {
            voices = self.voices(seeds, &opinions, below);
            self.view(&voices, self.unheard(&voices), &mut opinions);
        }
        let doubt = |person: &Opinion| person.standing.map(|standing| 1.0 - standing);
        let doubts = opinions.par_iter().map(doubt);
        self.view(&voices, doubts.collect(), &mut opinions);
        opinions.into_iter().map(|person| person.value).collect()
    }

    /// How much each person speaks for others; seeds in full.
    fn voices(&self, seeds: &[Vec<u32>], opinions: &[Opinion], below: f64) -> Vec<Lanes> {
        let pass = |person: &Opinion| person.standing.map(|standing| standing * standing);
        let mut passes: Vec<Lanes> = opinions.par_iter().map(pass).collect();
        fill(seeds, &mut passes);
        let mut voices = self.spread.reach(seeds, &passes, below);
        let people = passes.par_iter().zip(opinions).zip(&self.spread.given);
        voices.par_iter_mut().zip(people).for_each(|(voices, ((passes, opinion), &given))| {
            let given = (given as f32 * self.unit).max(f32::MIN_POSITIVE);
            for lane in 0..LANES {
                let budget = (BUDGET * (opinion.heard[lane] / given)).min(1.0);
                voices[lane] *= passes[lane] * budget;
            }
        });
        fill(seeds, &mut voices);
        voices
    }

    /// How much each person speaks against others as long as all who have no voice do: with the
    /// weight of what is known of it. Of whom nobody knows anything, that is nothing.
    fn unheard(&self, voices: &[Lanes]) -> Vec<Lanes> {
        let doubt = |(voices, &received): (&Lanes, &f64)| {
            let received = received as f32 * self.unit;
            voices.map(|voice| (1.0 - voice) * received / (received + PATIENCE))
        };
        voices.par_iter().zip(&self.spread.received).map(doubt).collect()
    }

    /// New opinions by who has a voice and who is doubted, with the company as it stood before.
    fn view(&self, voices: &[Lanes], doubts: Vec<Lanes>, opinions: &mut [Opinion]) {
        let (mut heard, mut doubted) = (voices.to_vec(), doubts);
        let good = |opinion: &Opinion| opinion.standing.map(|standing| (standing / GOOD).min(1.0));
        let mut company: Vec<Lanes> = opinions.par_iter().map(good).collect();
        self.spread.exchange(&mut heard, &mut doubted, &mut company);
        opinions.par_iter_mut().enumerate().for_each(|(person, opinion)| {
            let [heard, doubted] =
                [&heard, &doubted].map(|sums| sums[person].map(|sum| sum * self.unit));
            let mut blocks = Lanes::default();
            for &by in self.blocked.row(person as u32) {
                blocks.iter_mut().zip(&voices[by as usize]).for_each(|(sum, voice)| *sum += voice);
            }
            let company = company_of(&company[person], self.spread.given[person]);
            let approval = self.approval(person as u32, voices, heard);
            let part = |lane: usize, against: f32, good: f32, stranger: f32| {
                let heard = heard[lane];
                let bad = doubted[lane].min(against * heard + AGAINST_MAX / (1.0 + heard));
                let all = heard + bad + BLOCK * blocks[lane] + PATIENCE;
                company[lane] * (good + PATIENCE * stranger) / all
            };
            let value = |lane| part(lane, AGAINST_KNOWN, approval[lane], UNKNOWN);
            let standing = |lane| part(lane, 1.0, 2.0 * heard[lane], 1.0).min(1.0);
            *opinion = Opinion {
                value: std::array::from_fn(value),
                standing: std::array::from_fn(standing),
                heard,
            };
        });
    }

    /// E: what is approval of what was `heard` from voices, in average arcs.
    fn approval(&self, person: u32, voices: &[Lanes], heard: Lanes) -> Lanes {
        let Some(esteem) = &self.esteem else { return heard };
        let mut sums = [0.0f64; LANES];
        for (from, weight) in esteem.arcs_of(person) {
            let voices = &voices[from as usize];
            sums.iter_mut().zip(voices).for_each(|(sum, voice)| *sum += f64::from(weight * voice));
        }
        let rated = |lane: usize| sums[lane] as f32 * self.unit;
        std::array::from_fn(|lane| UNKNOWN * heard[lane] + (1.0 - UNKNOWN) * rated(lane))
    }
}

/// g: how good the company is that a person keeps; 1 if it attends to nobody.
fn company_of(good: &Lanes, given: f64) -> Lanes {
    if given > 0.0 { good.map(|sum| (f64::from(sum) / given) as f32) } else { [1.0; LANES] }
}

/// Gives the seeds of each set 1 in the set's lane.
fn fill(seeds: &[Vec<u32>], lanes: &mut [Lanes]) {
    for (lane, seeds) in seeds.iter().enumerate() {
        seeds.iter().for_each(|&seed| lanes[seed as usize][lane] = 1.0);
    }
}
