//! Whole numbers as JSON has them: `888` and `888.0` are the same number (RFC 8259), and `null` is none.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// From here on, a number with a fraction part may stand for several whole ones.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A number that is not below zero, in however many bits `T` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WholeNumber<T>(pub T);

impl<'de, T: TryFrom<u64>> Deserialize<'de> for WholeNumber<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WholeNumber<T>, D::Error> {
        deserializer.deserialize_u64(NumberVisitor(PhantomData))
    }
}

/// Reads an optional field that is absent, never `null`: for `deserialize_with`.
///
/// # Errors
/// It is no such number.
pub fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    WholeNumber::deserialize(deserializer).map(|WholeNumber(number)| Some(number))
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: TryFrom<u64>> Visitor<'_> for NumberVisitor<T> {
    type Value = WholeNumber<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number that is not below 0")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<WholeNumber<T>, E> {
        let refused = |_| E::invalid_value(Unexpected::Unsigned(number), &self);
        T::try_from(number).map(WholeNumber).map_err(refused)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber<T>, E> {
        if number.fract() == 0.0 && (0.0..EXACT_MAX).contains(&number) {
            return self.visit_u64(number as u64);
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_read_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<WholeNumber<u32>>(text).map(|it| it.0).ok();
        assert_eq!(["7", "7.0", "7e2", "0"].map(read), [Some(7), Some(7), Some(700), Some(0)]);
        assert_eq!(["7.5", "-1", "-1.0", "null", "\"7\"", "4294967296"].map(read), [None; 6]);
        let long = serde_json::from_str::<WholeNumber<u64>>;
        assert_eq!(long("18446744073709551615").unwrap().0, u64::MAX);
        assert!(long("9007199254740992.0").is_err());
    }
}
