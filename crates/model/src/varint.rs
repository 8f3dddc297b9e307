//! LEB128 variable-length integers: seven bits a byte, low bits first. Small numbers are short.
//!
//! ```
//! use model::varint;
//!
//! let mut bytes = Vec::new();
//! varint::put(&mut bytes, 300);
//! assert_eq!(bytes, [0xac, 2]);
//! assert_eq!(varint::take(&mut bytes.as_slice()), Ok(300));
//! ```

/// Why bytes are not a varint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    /// The bytes end inside a number.
    #[error("the bytes end inside a number")]
    Truncated,
    /// The number needs more than 64 bits.
    #[error("a number needs more than 64 bits")]
    TooLong,
}

/// Appends `number` to `out`: 1 to 10 bytes.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes one number off the front of `bytes`.
pub fn take(bytes: &mut &[u8]) -> Result<u64, VarintError> {
    let mut number = 0u64;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        let low = u64::from(byte & 0x7f);
        if index == 9 && low > 1 {
            return Err(VarintError::TooLong);
        }
        number |= low << (7 * index);
        if byte < 0x80 {
            *bytes = &bytes[index + 1..];
            return Ok(number);
        }
    }
    Err(if bytes.len() < 10 { VarintError::Truncated } else { VarintError::TooLong })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(numbers: Vec<u64>) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|&number| put(&mut bytes, number));
            let mut rest = bytes.as_slice();
            for number in numbers {
                prop_assert_eq!(take(&mut rest), Ok(number));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_are_a_number_or_an_error(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            while take(&mut rest).is_ok() {}
        }
    }

    #[test]
    fn truncated_and_too_long_numbers_are_refused() {
        assert_eq!(take(&mut [0x80u8, 0x80].as_slice()), Err(VarintError::Truncated));
        assert_eq!(take(&mut [0xffu8; 11].as_slice()), Err(VarintError::TooLong));
    }

    #[test]
    fn lengths_change_where_seven_bits_are_full() {
        for (number, length) in
            [(0, 1), (0x7f, 1), (0x80, 2), (0x3fff, 2), (0x4000, 3), (u64::MAX, 10)]
        {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!((bytes.len(), take(&mut bytes.as_slice())), (length, Ok(number)));
        }
        let [largest, above] = [1u8, 2].map(|last| [vec![0xff; 9], vec![last]].concat());
        assert_eq!(take(&mut largest.as_slice()), Ok(u64::MAX));
        assert_eq!(take(&mut above.as_slice()), Err(VarintError::TooLong));
        assert_eq!(take(&mut [0x80u8; 9].as_slice()), Err(VarintError::Truncated));
        assert_eq!(take(&mut [0x80u8; 10].as_slice()), Err(VarintError::TooLong));
    }
}
