//! Bodies with a cap, packed and unpacked: a decompression bomb ends when the cap is reached.

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
pub(super) enum Body {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    Zlib(Box<ZlibDecoder<Capped>>),
    Deflate(Box<DeflateDecoder<Capped>>),
    /// `deflate` before its first byte, which tells zlib from raw deflate.
    Unknown(Capped),
}

/// A buffer that refuses to grow over its cap.
#[derive(Debug, Default)]
pub(super) struct Capped {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Capped {
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

impl Body {
    /// A body of this Content-Encoding and at most so many bytes unpacked.
    pub(super) fn new(encoding: Option<&str>, bytes_max: usize) -> Result<Body, BodyError> {
        let capped = Capped { bytes: Vec::new(), bytes_max };
        match encoding.map(|encoding| encoding.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Body::Plain(capped)),
            Some("gzip" | "x-gzip") => Ok(Body::Gzip(Box::new(MultiGzDecoder::new(capped)))),
            Some("deflate") => Ok(Body::Unknown(capped)),
            Some(other) => {
                Err(BodyError::Malformed(format!("it is packed with `{other}`, unasked")))
            }
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        if let (Body::Unknown(capped), Some(first)) = (&mut *self, chunk.first()) {
            let capped = std::mem::take(capped);
            // A zlib stream begins with 8 in the low half of its first byte.
            *self = match first & 0x0f {
                8 => Body::Zlib(Box::new(ZlibDecoder::new(capped))),
                _ => Body::Deflate(Box::new(DeflateDecoder::new(capped))),
            };
        }
        let written = match self {
            Body::Plain(body) | Body::Unknown(body) => body.write_all(chunk),
            Body::Gzip(body) => body.write_all(chunk),
            Body::Zlib(body) => body.write_all(chunk),
            Body::Deflate(body) => body.write_all(chunk),
        };
        written.map_err(fault)
    }

    /// The whole body.
    pub(super) fn finish(self) -> Result<Vec<u8>, BodyError> {
        let finished = match self {
            Body::Plain(body) | Body::Unknown(body) => Ok(body),
            Body::Gzip(body) => body.finish(),
            Body::Zlib(body) => body.finish(),
            Body::Deflate(body) => body.finish(),
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
        let mut body = Body::new(encoding, cap)?;
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
