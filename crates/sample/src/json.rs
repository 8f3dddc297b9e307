//! JSON written straight into bytes: no tree, no intermediate strings.

/// A growing JSON text. Pieces that are JSON already are copied.
#[derive(Debug, Default)]
pub(crate) struct JsonText {
    pub(crate) buffer: Vec<u8>,
}

impl JsonText {
    /// An empty text with room for `bytes`.
    pub(crate) fn with_room(bytes: usize) -> JsonText {
        JsonText { buffer: Vec::with_capacity(bytes) }
    }

    /// Appends JSON unchanged.
    pub(crate) fn raw(&mut self, json: &str) -> &mut JsonText {
        self.buffer.extend_from_slice(json.as_bytes());
        self
    }

    /// Appends bytes of JSON unchanged.
    pub(crate) fn bytes(&mut self, json: &[u8]) -> &mut JsonText {
        self.buffer.extend_from_slice(json);
        self
    }

    /// Appends a string with its quotes.
    pub(crate) fn text(&mut self, text: &str) -> &mut JsonText {
        self.buffer.push(b'"');
        self.inner(text);
        self.buffer.push(b'"');
        self
    }

    /// Appends the inside of a string: escaped, without quotes.
    pub(crate) fn inner(&mut self, text: &str) -> &mut JsonText {
        let bytes = text.as_bytes();
        let mut copied = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.buffer.extend_from_slice(&bytes[copied..at]);
            self.escape(byte);
            copied = at + 1;
        }
        self.buffer.extend_from_slice(&bytes[copied..]);
        self
    }

    /// Appends a whole number.
    pub(crate) fn number(&mut self, number: u64) -> &mut JsonText {
        let mut digits = [0u8; 20];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes(&digits[start..])
    }

    /// Appends `true` or `false`.
    pub(crate) fn flag(&mut self, flag: bool) -> &mut JsonText {
        self.raw(if flag { "true" } else { "false" })
    }

    /// Appends a string or `null`.
    pub(crate) fn maybe(&mut self, text: Option<&str>) -> &mut JsonText {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    /// Appends items with commas between them.
    pub(crate) fn join<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut JsonText, T),
    ) -> &mut JsonText {
        for (n, item) in items.into_iter().enumerate() {
            if n > 0 {
                self.buffer.push(b',');
            }
            write(self, item);
        }
        self
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' => self.raw("\\\""),
            b'\\' => self.raw("\\\\"),
            b'\n' => self.raw("\\n"),
            _ => {
                self.raw("\\u00").bytes(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        for text in ["", "plain", "a \"quote\" \\ and\nline\u{1}", "日本語 🦀 é"] {
            let mut json = JsonText::default();
            json.text(text);
            assert_eq!(serde_json::from_slice::<String>(&json.buffer).unwrap(), text);
        }
    }

    #[test]
    fn numbers_read_back_as_they_were() {
        for number in [0, 7, 10, 1_234_567_890, u64::MAX] {
            let mut json = JsonText::default();
            json.number(number);
            assert_eq!(serde_json::from_slice::<u64>(&json.buffer).unwrap(), number);
        }
    }
}
