//! Sums by dense keys, of which few are in use at a time.

/// Keys in use, in the order of their first use.
#[derive(Debug)]
pub(crate) struct TouchedKeys {
    /// The first `count` are valid; there is room for one more.
    keys: Vec<u32>,
    count: usize,
}

impl TouchedKeys {
    /// For at most this number of keys.
    pub(crate) fn new(keys: usize) -> TouchedKeys {
        TouchedKeys { keys: vec![0; keys + 1], count: 0 }
    }

    /// Adds a key if it is new. That cannot be predicted, so there is no branch: the key is always
    /// written, and kept or not.
    #[inline]
    pub(crate) fn add(&mut self, key: u32, is_new: bool) {
        self.keys[self.count] = key;
        self.count += usize::from(is_new);
    }

    /// The keys.
    #[inline]
    pub(crate) fn keys(&self) -> &[u32] {
        &self.keys[..self.count]
    }

    /// Removes all keys.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }
}

/// Sums by small keys: a dense table, and the keys in use.
#[derive(Debug)]
pub(crate) struct KeyedSums {
    values: Vec<f64>,
    touched: TouchedKeys,
}

impl KeyedSums {
    /// A table for the keys `0..keys`.
    pub(crate) fn new(keys: usize) -> KeyedSums {
        KeyedSums { values: vec![0.0; keys], touched: TouchedKeys::new(keys) }
    }

    /// Adds a positive value.
    #[inline]
    pub(crate) fn add(&mut self, key: u32, value: f64) {
        let slot = &mut self.values[key as usize];
        self.touched.add(key, *slot == 0.0 && value > 0.0);
        *slot += value;
    }

    /// The sum of a key.
    #[inline]
    pub(crate) fn get(&self, key: u32) -> f64 {
        self.values[key as usize]
    }

    /// Removes the sum of a key.
    pub(crate) fn take(&mut self, key: u32) -> f64 {
        std::mem::take(&mut self.values[key as usize])
    }

    /// Visits all positive sums and empties the table.
    pub(crate) fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for &key in self.touched.keys() {
            let value = std::mem::take(&mut self.values[key as usize]);
            if value > 0.0 {
                visit(key, value);
            }
        }
        self.touched.clear();
    }
}
