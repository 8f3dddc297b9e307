//! Packed text: one or more gzip or zstd members, with zeros between or behind them.
//!
//! The first bytes show how a file is packed, not its name.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What packed members begin with; a skippable frame of zstd has 16 forms.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Whether a file that begins so is packed in a way that [`UnpackReader`] reads.
pub(super) fn is_packed(head: &[u8]) -> bool {
    let skippable = matches!(head, [0x50..=0x5f, rest @ ..] if rest.starts_with(&ZSTD_SKIPPABLE));
    head.starts_with(&GZIP) || head.starts_with(&ZSTD) || skippable
}

/// Unpacks member after member; holds one member's window at a time.
pub(super) struct UnpackReader<R: BufRead> {
    member: Option<PackedMember<R>>,
}

enum PackedMember<R: BufRead> {
    Gzip(GzDecoder<R>),
    Zstd(zstd::Decoder<'static, R>),
}

impl<R: BufRead> UnpackReader<R> {
    /// Reads packed bytes.
    pub(super) fn new(packed: R) -> io::Result<UnpackReader<R>> {
        Ok(UnpackReader { member: PackedMember::next(packed)? })
    }
}

impl<R: BufRead> PackedMember<R> {
    /// The next member, after zeros; `None` at the end.
    fn next(mut packed: R) -> io::Result<Option<PackedMember<R>>> {
        let first = loop {
            match packed.fill_buf()? {
                [] => return Ok(None),
                [0, ..] => packed.consume(1),
                [first, ..] => break *first,
            }
        };
        match first {
            first if first == GZIP[0] => Ok(Some(PackedMember::Gzip(GzDecoder::new(packed)))),
            0x28 | 0x50..=0x5f => {
                let decoder = zstd::Decoder::with_buffer(packed)?.single_frame();
                Ok(Some(PackedMember::Zstd(decoder)))
            }
            _ => Err(io::Error::other("behind its packed part there is something else")),
        }
    }

    fn into_packed(self) -> R {
        match self {
            PackedMember::Gzip(decoder) => decoder.into_inner(),
            PackedMember::Zstd(decoder) => decoder.finish(),
        }
    }
}

impl<R: BufRead> Read for UnpackReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = match member {
                PackedMember::Gzip(decoder) => decoder.read(out)?,
                PackedMember::Zstd(decoder) => decoder.read(out)?,
            };
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let ended = self.member.take().map(PackedMember::into_packed);
            self.member = ended.map(PackedMember::next).transpose()?.flatten();
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::encode_all(text, 1).unwrap()
    }

    /// Reads with a small buffer, so that members end at its edges too.
    fn unpack(packed: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        let packed = io::BufReader::with_capacity(7, packed);
        UnpackReader::new(packed)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_may_follow_each_other_with_zeros_anywhere_between_and_behind() {
        for pack in [gzip as fn(&[u8]) -> Vec<u8>, zstd] {
            let zeros = |count: usize| vec![0; count];
            let packed =
                [pack(b"a"), pack(b""), pack(b"b"), zeros(1), pack(b"c"), zeros(513)].concat();
            assert!(is_packed(&packed));
            assert_eq!(unpack(&packed).unwrap(), "abc");
        }
    }

    #[test]
    fn skippable_frames_are_skipped() {
        let skippable = [&[0x53], &ZSTD_SKIPPABLE[..], &[3, 0, 0, 0], b"any"].concat();
        let packed = [skippable.clone(), zstd(b"a"), skippable].concat();
        assert!(is_packed(&packed));
        assert_eq!(unpack(&packed).unwrap(), "a");
    }

    #[test]
    fn what_is_cut_or_has_something_else_behind_it_is_refused() {
        for pack in [gzip as fn(&[u8]) -> Vec<u8>, zstd] {
            let whole = pack(b"some text that is packed");
            assert!(unpack(&whole[..whole.len() - 3]).is_err());
            let more = [&whole[..], b"\0\0text"].concat();
            assert!(unpack(&more).unwrap_err().to_string().contains("something else"));
        }
    }
}
