//! Shares of attention in one byte.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Codes for each halving: neighbouring ones differ by 7 %, so a share is off by 3.5 % at most.
const CODES_PER_HALF: f64 = 10.0;

/// The share of each code.
static SHARES: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|code| (-(code as f64) / CODES_PER_HALF).exp2() as f32));

/// A share on a logarithmic scale, from 1 down to 2⁻²⁵; smaller ones count as that. Codes add up where
/// shares multiply.
///
/// ```
/// use graph::nearby::ShareCode;
///
/// let [half, fourth] = [0.5, 0.25].map(ShareCode::of);
/// assert_eq!(half.number() + half.number(), fourth.number());
/// assert_eq!((fourth.share(), ShareCode::of(1.0).share()), (0.25, 1.0));
/// assert!((ShareCode::of(0.013).share() / 0.013 - 1.0).abs() < 0.036);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct ShareCode(u8);

impl ShareCode {
    /// The code with this number.
    pub const fn new(number: u8) -> ShareCode {
        ShareCode(number)
    }

    /// The code nearest to a share above 0.
    pub fn of(share: f64) -> ShareCode {
        let code = (-share.log2() * CODES_PER_HALF).round();
        ShareCode(code.clamp(0.0, f64::from(u8::MAX)) as u8)
    }

    /// Its number: 0 is all attention.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The share that it stands for.
    pub fn share(self) -> f32 {
        SHARES[usize::from(self.0)]
    }
}
