//! Bits in bytes, the lowest first.

/// Zero bytes after the last bit, so that a reader may always load eight.
const PADDING: usize = 8;

/// Appends bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    word: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the lowest `count` (at most 32) bits of `value`; the others must be 0.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.word |= u64::from(value) << self.filled;
        self.filled += count;
        if self.filled >= 32 {
            self.bytes.extend((self.word as u32).to_le_bytes());
            self.word >>= 32;
            self.filled -= 32;
        }
    }

    /// The bytes, padded.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let last = self.filled.div_ceil(8) as usize;
        self.bytes.extend(&self.word.to_le_bytes()[..last]);
        self.bytes.extend([0; PADDING]);
        self.bytes
    }
}

/// Takes bits. Beyond the end all bits are 0, and [`BitReader::is_at_end`] stays false.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    /// The next `count` (at most 32) bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let byte = self.at >> 3;
        let word = match self.bytes.get(byte..byte + 8).and_then(|word| word.first_chunk::<8>()) {
            Some(word) => u64::from_le_bytes(*word) >> (self.at & 7),
            None => 0,
        };
        self.at += count as usize;
        (word & ((1u64 << count) - 1)) as u32
    }

    /// Whether exactly what was written has been taken.
    pub(super) fn is_at_end(&self) -> bool {
        self.at.div_ceil(8) + PADDING == self.bytes.len()
    }
}
