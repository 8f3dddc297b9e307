//! Numbers as tokens of known frequency and raw bits.
//!
//! A number below 4 is its own token; a larger one is the token of its bit length and second
//! highest bit, with the bits below these as they are. So 62 tokens cover every `u32`, and within a
//! token numbers are about equally frequent. Tokens are coded by rANS (Duda 2013) with two states
//! in turn, 11-bit frequencies and one table of them for each context; a token costs −log₂ of its
//! frequency, and decoding it a look-up and a multiplication.

use model::varint::{self, VarintError};

use super::ShardError;
use super::bits::{BitReader, BitWriter};

const TOKENS: usize = 64;
const SCALE_BITS: u32 = 11;
const SCALE: u32 = 1 << SCALE_BITS;
/// Both states start and end here; at or above it no word is needed.
const STATE_LOW: u64 = 1 << 31;

/// The token of a number, and how many of its low bits are coded as they are.
#[inline]
const fn token(number: u32) -> (u32, u32) {
    if number < 4 {
        return (number, 0);
    }
    let length = 31 - number.leading_zeros();
    (2 * length + ((number >> (length - 1)) & 1), length - 1)
}

/// The smallest number of each token, and how many raw bits follow.
const STARTS: [(u32, u32); TOKENS] = {
    let mut starts = [(0, 0); TOKENS];
    let mut token = 0;
    while token < TOKENS as u32 {
        let length = token >> 1;
        starts[token as usize] = match token {
            0..4 => (token, 0),
            _ => ((2 + (token & 1)) << (length - 1), length - 1),
        };
        token += 1;
    }
    starts
};

/// Codes numbers, each in a context below the number of contexts.
#[derive(Debug)]
pub(super) struct NumberWriter {
    tokens: Vec<(u8, u8)>,
    bits: BitWriter,
    contexts: usize,
}

impl NumberWriter {
    pub(super) fn new(contexts: usize) -> NumberWriter {
        NumberWriter { tokens: Vec::new(), bits: BitWriter::default(), contexts }
    }

    pub(super) fn put(&mut self, context: usize, number: u32) {
        let (token, raw) = token(number);
        self.tokens.push((context as u8, token as u8));
        self.bits.put(number & ((1 << raw) - 1), raw);
    }

    /// Appends 32 bits as they are.
    pub(super) fn put_raw(&mut self, bits: u32) {
        self.bits.put(bits, 32);
    }

    /// Appends the tables, the tokens and the raw bits to `out`.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        let mut counts = vec![[0u32; TOKENS]; self.contexts];
        for &(context, token) in &self.tokens {
            counts[context as usize][token as usize] += 1;
        }
        let frequencies: Vec<[u32; TOKENS]> = counts.iter().map(scaled).collect();
        frequencies.iter().for_each(|table| put_table(out, table));
        let (states, words) = encode_tokens(&self.tokens, &frequencies);
        varint::put(out, words.len() as u64);
        states.iter().for_each(|state| out.extend(state.to_le_bytes()));
        words.iter().rev().for_each(|word| out.extend(word.to_le_bytes()));
        let bits = self.bits.finish();
        varint::put(out, bits.len() as u64);
        out.extend(bits);
    }
}

fn encode_tokens(tokens: &[(u8, u8)], frequencies: &[[u32; TOKENS]]) -> ([u64; 2], Vec<u32>) {
    let starts: Vec<[u32; TOKENS]> = frequencies.iter().map(cumulated).collect();
    let (mut states, mut words) = ([STATE_LOW; 2], Vec::with_capacity(tokens.len() / 4));
    for (at, &(context, token)) in tokens.iter().enumerate().rev() {
        let place = (context as usize, token as usize);
        let frequency = u64::from(frequencies[place.0][place.1]);
        let state = &mut states[at & 1];
        if *state >= ((STATE_LOW >> SCALE_BITS) << 32) * frequency {
            words.push(*state as u32);
            *state >>= 32;
        }
        let start = u64::from(starts[place.0][place.1]);
        *state = ((*state / frequency) << SCALE_BITS) + *state % frequency + start;
    }
    (states, words)
}

/// Counts as frequencies that sum to [`SCALE`]; whatever occurs keeps at least 1.
fn scaled(counts: &[u32; TOKENS]) -> [u32; TOKENS] {
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let mut scaled = [0u32; TOKENS];
    if total == 0 {
        return scaled;
    }
    for (slot, &count) in scaled.iter_mut().zip(counts).filter(|(_, count)| **count > 0) {
        *slot = ((u64::from(count) * u64::from(SCALE) / total) as u32).max(1);
    }
    // What rounding left over, or took too much, is the most frequent's to bear.
    while let sum = scaled.iter().sum::<u32>()
        && sum != SCALE
    {
        let most = scaled.iter_mut().max().expect("there are tokens");
        if sum < SCALE {
            *most += SCALE - sum;
        } else {
            *most -= (sum - SCALE).min(*most / 2);
        }
    }
    scaled
}

fn cumulated(frequencies: &[u32; TOKENS]) -> [u32; TOKENS] {
    let mut sum = 0;
    frequencies.map(|frequency| {
        sum += frequency;
        sum - frequency
    })
}

/// How many tokens follow, then the frequency of each.
fn put_table(out: &mut Vec<u8>, frequencies: &[u32; TOKENS]) {
    let used = frequencies.iter().rposition(|&frequency| frequency > 0).map_or(0, |last| last + 1);
    varint::put(out, used as u64);
    frequencies[..used].iter().for_each(|&frequency| varint::put(out, frequency.into()));
}

/// Token, frequency − 1 and distance from the token's start, for each of [`SCALE`] places.
type Table = Vec<u32>;

fn take_table(rest: &mut &[u8]) -> Result<Table, ShardError> {
    let used = varint::take(rest)?;
    if used > TOKENS as u64 {
        return Err(ShardError::Misfit("frequencies"));
    }
    let mut table = Table::with_capacity(if used == 0 { 0 } else { SCALE as usize });
    for token in 0..used as u32 {
        let frequency = varint::take(rest)?;
        if frequency > u64::from(SCALE) - table.len() as u64 {
            return Err(ShardError::Misfit("frequencies"));
        }
        let frequency = frequency as u32;
        table.extend((0..frequency).map(|at| token << 24 | (frequency - 1) << 12 | at));
    }
    if used > 0 && table.len() != SCALE as usize {
        return Err(ShardError::Misfit("frequencies"));
    }
    Ok(table)
}

/// Reads numbers in the order and the contexts in which they were written.
#[derive(Debug)]
pub(super) struct NumberReader<'a> {
    tables: Vec<Table>,
    states: [u64; 2],
    words: &'a [[u8; 4]],
    /// How many words were needed; more than there are if the bytes are broken.
    needed: usize,
    bits: BitReader<'a>,
    /// Whether a context was asked for that has no table.
    broken: bool,
}

impl<'a> NumberReader<'a> {
    /// Takes what [`NumberWriter::finish`] appended off the front of `rest`.
    pub(super) fn open(rest: &mut &'a [u8], contexts: usize) -> Result<Self, ShardError> {
        let tables = (0..contexts).map(|_| take_table(rest)).collect::<Result<_, _>>()?;
        let count = varint::take(rest)?;
        let states = [take_state(rest)?, take_state(rest)?];
        let words = take_bytes(rest, count.checked_mul(4))?.as_chunks::<4>().0;
        let count = varint::take(rest)?;
        let bits = BitReader::new(take_bytes(rest, Some(count))?);
        Ok(NumberReader { tables, states, words, needed: 0, bits, broken: false })
    }

    /// The next number; 0 after the bytes have turned out to be broken.
    #[inline]
    pub(super) fn take(&mut self, context: usize) -> u32 {
        let [state, other] = self.states;
        let place = (state & u64::from(SCALE - 1)) as usize;
        let Some(&entry) = self.tables.get(context).and_then(|table| table.get(place)) else {
            self.broken = true;
            return 0;
        };
        let frequency = u64::from((entry >> 12 & (SCALE - 1)) + 1);
        let state = frequency * (state >> SCALE_BITS) + u64::from(entry & (SCALE - 1));
        // Which numbers need a word, or have raw bits, cannot be foreseen: nothing branches on it.
        let word = self.words.get(self.needed).map_or(0, |word| u32::from_le_bytes(*word));
        let filled = state << 32 | u64::from(word);
        let is_low = state < STATE_LOW;
        self.needed += usize::from(is_low);
        self.states = [other, if is_low { filled } else { state }];
        let (start, raw) = STARTS[(entry >> 24) as usize % TOKENS];
        start | self.bits.take(raw)
    }

    /// The next 32 bits.
    pub(super) fn take_raw(&mut self) -> u32 {
        self.bits.take(32)
    }

    /// Whether something was asked for that is not there: what was read is worth nothing.
    pub(super) fn is_broken(&self) -> bool {
        self.broken || self.needed > self.words.len()
    }

    /// Checks that all was read, and no more.
    pub(super) fn finish(self) -> Result<(), ShardError> {
        let ended = self.needed == self.words.len() && self.bits.is_at_end();
        if ended && !self.broken && self.states == [STATE_LOW; 2] {
            return Ok(());
        }
        Err(ShardError::Misfit("numbers"))
    }
}

fn take_state(rest: &mut &[u8]) -> Result<u64, ShardError> {
    let (bytes, tail) = rest.split_first_chunk::<8>().ok_or(VarintError::Truncated)?;
    *rest = tail;
    // A state above what an encoder can reach could overflow.
    let state = u64::from_le_bytes(*bytes);
    if state >> 63 == 0 { Ok(state) } else { Err(ShardError::Misfit("states")) }
}

/// Takes `count` bytes off the front.
pub(super) fn take_bytes<'a>(
    rest: &mut &'a [u8],
    count: Option<u64>,
) -> Result<&'a [u8], ShardError> {
    let count = count.and_then(|count| usize::try_from(count).ok());
    let split = count.and_then(|count| rest.split_at_checked(count));
    let (bytes, tail) = split.ok_or(VarintError::Truncated)?;
    *rest = tail;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = Vec<(usize, u32)>> {
        let number = prop_oneof![0u32..8, 0u32..5_000, any::<u32>()];
        proptest::collection::vec((0usize..3, number), 0..300)
    }

    proptest! {
        #[test]
        fn numbers_read_back(numbers in numbers(), raw: u32) {
            let mut writer = NumberWriter::new(3);
            numbers.iter().for_each(|&(context, number)| writer.put(context, number));
            writer.put_raw(raw);
            let mut bytes = Vec::new();
            writer.finish(&mut bytes);
            let mut rest = bytes.as_slice();
            let mut reader = NumberReader::open(&mut rest, 3).unwrap();
            for (context, number) in numbers {
                prop_assert_eq!(reader.take(context), number);
            }
            prop_assert_eq!(reader.take_raw(), raw);
            prop_assert!(rest.is_empty());
            prop_assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_number_that_always_comes_costs_nothing() {
        let mut writer = NumberWriter::new(1);
        (0..100_000).for_each(|_| writer.put(0, 3));
        let mut bytes = Vec::new();
        writer.finish(&mut bytes);
        assert!(bytes.len() < 40, "{}", bytes.len());
    }
}
