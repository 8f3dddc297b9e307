//! A text file, packed or not, with a byte order mark or without.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::unpack::{UnpackReader, is_packed};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 18;

/// How many first bytes show a file's format.
const HEAD_BYTES: u64 = 4;

/// UTF-8's byte order mark.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Formats that are not read, by their first bytes, and what to do about them.
const OTHER_FORMATS: &[(&[u8], &str)] = &[
    (b"\xff\xfe", "is UTF-16 by its byte order mark: save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 by its byte order mark: save it as UTF-8"),
    (b"\0\0\xfe\xff", "is UTF-32 by its byte order mark: save it as UTF-8"),
    (b"BZh", "is packed with bzip2: unpack it, or pack it with gzip or zstd"),
    (b"\xfd7zX", "is packed with xz: unpack it, or pack it with gzip or zstd"),
    (b"\x04\x22\x4d\x18", "is packed with lz4: unpack it, or pack it with gzip or zstd"),
    (b"\x1f\x9d", "is packed with compress: unpack it, or pack it with gzip or zstd"),
    (b"7z\xbc\xaf", "is a 7z archive: unpack it, or pack it with gzip or zstd"),
    (b"PK\x03\x04", "is a ZIP archive (or a spreadsheet): unpack it, or save it as text"),
    (b"PAR1", "is Parquet: export it as text"),
];

/// Opens a text file: unpacked, without a byte order mark. Refuses other formats, which it recognizes
/// by their first bytes.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("open {shown}"))?;
    unpacked(BufReader::with_capacity(BUFFER_BYTES, file)).with_context(|| format!("read {shown}"))
}

fn unpacked(file: impl BufRead + 'static) -> Result<Box<dyn BufRead>> {
    let (head, file) = peek(file)?;
    if !is_packed(&head) {
        return text(&head, file);
    }
    let unpacked = BufReader::with_capacity(BUFFER_BYTES, UnpackReader::new(file)?);
    let (head, unpacked) = peek(unpacked)?;
    if is_packed(&head) {
        bail!("it is packed twice: unpack it once");
    }
    text(&head, unpacked)
}

/// The first bytes, and all of them again.
fn peek(mut file: impl BufRead) -> Result<(Vec<u8>, impl BufRead)> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(file)))
}

fn text(head: &[u8], mut file: impl BufRead + 'static) -> Result<Box<dyn BufRead>> {
    if let Some((_, what)) = OTHER_FORMATS.iter().find(|(begin, _)| head.starts_with(begin)) {
        bail!("it {what}");
    }
    if head.contains(&0) {
        bail!("it begins with zeros between its letters, as UTF-16 does: save it as UTF-8");
    }
    if head.starts_with(BYTE_ORDER_MARK) {
        file.consume(BYTE_ORDER_MARK.len());
    }
    Ok(Box::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String> {
        let mut text = String::new();
        unpacked(Cursor::new(bytes.to_vec()))?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text_packed_or_not() {
        let marked = [BYTE_ORDER_MARK, b"src\tdst\n"].concat();
        assert_eq!(read(&marked).unwrap(), "src\tdst\n");
        assert_eq!(read(&zstd::encode_all(&marked[..], 1).unwrap()).unwrap(), "src\tdst\n");
        for short in [&b""[..], b"a", b"ab\n"] {
            assert_eq!(read(short).unwrap().as_bytes(), short);
        }
        assert_eq!(read(BYTE_ORDER_MARK).unwrap(), "");
    }

    #[test]
    fn utf_16_is_named_with_a_mark_and_without() {
        for text in ["\u{feff}src\tdst\n", "src\tdst\n"] {
            for bytes in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
                let packed = zstd::encode_all(&bytes[..], 1).unwrap();
                for bytes in [bytes, packed] {
                    let error = read(&bytes).unwrap_err().to_string();
                    assert!(error.contains("UTF-16") && error.contains("UTF-8"), "{error}");
                }
            }
        }
    }

    #[test]
    fn other_formats_are_named() {
        assert!(read(b"\xfd7zXZ\0").unwrap_err().to_string().contains("xz"));
        assert!(read(b"PAR1\x15\x04").unwrap_err().to_string().contains("Parquet"));
        let twice = zstd::encode_all(&zstd::encode_all(&b"a"[..], 1).unwrap()[..], 1).unwrap();
        assert!(read(&twice).unwrap_err().to_string().contains("twice"));
    }
}
