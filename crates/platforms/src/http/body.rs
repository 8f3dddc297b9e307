//! Bodies with a cap, packed and unpacked: a decompression bomb ends when the cap is reached.
//!
//! Not left to the HTTP client, which decodes neither raw deflate, as some servers send it for `deflate`,
//! nor counts the packed bytes.

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Why a body could not be taken.
#[derive(Debug)]
pub(super) enum BodyError {
    /// More bytes than allowed.
    TooLarge,
    /// Not what its Content-Encoding says.
    Malformed(String),
}

/// Takes a body's bytes as they come.
pub(super) enum BodyDecoder {
    Plain(CappedBuffer),
    Gzip(Box<MultiGzDecoder<CappedBuffer>>),
    Zlib(Box<ZlibDecoder<CappedBuffer>>),
    Deflate(Box<DeflateDecoder<CappedBuffer>>),
    /// `deflate` before its first byte, which decides between zlib and raw deflate.
    Unknown(CappedBuffer),
}

/// A buffer that refuses to grow over its cap.
#[derive(Debug, Default)]
pub(super) struct CappedBuffer {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for CappedBuffer {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + chunk.len() > self.bytes_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BodyDecoder {
    /// A body of this Content-Encoding and at most `bytes_max` bytes unpacked.
    pub(super) fn new(encoding: Option<&str>, bytes_max: usize) -> Result<BodyDecoder, BodyError> {
        let capped = CappedBuffer { bytes: Vec::new(), bytes_max };
        match encoding.map(|encoding| encoding.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(BodyDecoder::Plain(capped)),
            Some("gzip" | "x-gzip") => Ok(BodyDecoder::Gzip(Box::new(MultiGzDecoder::new(capped)))),
            Some("deflate") => Ok(BodyDecoder::Unknown(capped)),
            Some(other) => {
                Err(BodyError::Malformed(format!("it is packed with `{other}`, unrequested")))
            }
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        if let (BodyDecoder::Unknown(capped), Some(first)) = (&mut *self, chunk.first()) {
            let capped = std::mem::take(capped);
            // A zlib stream begins with 8 in the low half of its first byte.
            *self = match first & 0x0f {
                8 => BodyDecoder::Zlib(Box::new(ZlibDecoder::new(capped))),
                _ => BodyDecoder::Deflate(Box::new(DeflateDecoder::new(capped))),
            };
        }
        let written = match self {
            BodyDecoder::Plain(body) | BodyDecoder::Unknown(body) => body.write_all(chunk),
            BodyDecoder::Gzip(body) => body.write_all(chunk),
            BodyDecoder::Zlib(body) => body.write_all(chunk),
            BodyDecoder::Deflate(body) => body.write_all(chunk),
        };
        written.map_err(fault)
    }

    /// The whole body.
    pub(super) fn finish(self) -> Result<Vec<u8>, BodyError> {
        let finished = match self {
            BodyDecoder::Plain(body) | BodyDecoder::Unknown(body) => Ok(body),
            BodyDecoder::Gzip(body) => body.finish(),
            BodyDecoder::Zlib(body) => body.finish(),
            BodyDecoder::Deflate(body) => body.finish(),
        };
        finished.map(|body| body.bytes).map_err(fault)
    }
}

fn fault(error: io::Error) -> BodyError {
    match error.kind() {
        io::ErrorKind::StorageFull => BodyError::TooLarge,
        _ => BodyError::Malformed(format!("its packing is broken ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn unpack(encoding: Option<&str>, packed: &[u8], cap: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = BodyDecoder::new(encoding, cap)?;
        for chunk in packed.chunks(7) {
            body.take(chunk)?;
        }
        body.finish()
    }

    fn packed(text: &[u8]) -> [(&'static str, Vec<u8>); 3] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
        for encoder in [&mut gzip as &mut dyn Write, &mut zlib, &mut raw] {
            encoder.write_all(text).unwrap();
        }
        [
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
        ]
    }

    #[test]
    fn packed_bodies_are_unpacked() {
        assert_eq!(unpack(None, b"hello", 5).unwrap(), b"hello");
        for (encoding, bytes) in packed(b"hello, hello, hello") {
            assert_eq!(unpack(Some(encoding), &bytes, 100).unwrap(), b"hello, hello, hello");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_cap() {
        for (encoding, bytes) in packed(&vec![0; 50_000_000]) {
            assert!(bytes.len() < 100_000);
            let end = unpack(Some(encoding), &bytes, 1_000_000);
            assert!(matches!(end, Err(BodyError::TooLarge)), "{encoding}");
        }
        assert!(matches!(unpack(None, b"hello!", 5), Err(BodyError::TooLarge)));
    }

    #[test]
    fn broken_packing_is_an_error() {
        for (encoding, bytes) in packed(b"hello, hello, hello") {
            let short = &bytes[..bytes.len() - 3];
            assert!(matches!(unpack(Some(encoding), short, 100), Err(BodyError::Malformed(_))));
        }
        assert!(matches!(unpack(Some("br"), b"x", 100), Err(BodyError::Malformed(_))));
        assert!(matches!(unpack(Some("gzip"), b"not gzip", 100), Err(BodyError::Malformed(_))));
    }
}
