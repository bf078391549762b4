//! Streams compressed by gzip: one or several members, one after another.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// The first byte of a member.
const MEMBER: u8 = 0x1f;

/// The content of all members. Bytes after the last one are an error of the kind [`ErrorKind::Unsupported`], which nothing
/// else in the stream has; zeros are padding, as for gzip itself.
pub(super) struct Gzip<R> {
    /// The member that is read; `None` after the last.
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Gzip<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::new(stream))) }
    }
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let got = member.read(buffer)?;
            if got > 0 || buffer.is_empty() {
                return Ok(got);
            }
            self.member = match self.member.take() {
                Some(ended) => next(ended.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

/// The member that begins here; `None` at the end of the stream.
fn next<R: Read>(mut stream: BufReader<R>) -> io::Result<Option<GzDecoder<BufReader<R>>>> {
    loop {
        match *stream.fill_buf()? {
            [] => return Ok(None),
            [MEMBER, ..] => return Ok(Some(GzDecoder::new(stream))),
            [0, ref rest @ ..] => {
                let zeros = 1 + rest.iter().take_while(|&&byte| byte == 0).count();
                stream.consume(zeros);
            }
            _ => return Err(ErrorKind::Unsupported.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<String, ErrorKind> {
        let mut text = String::new();
        Gzip::new(bytes).read_to_string(&mut text).map(|_| text).map_err(|error| error.kind())
    }

    #[test]
    fn members_and_padding_are_read() {
        assert_eq!(read(&[member("a"), member(""), member("bc")].concat()), Ok("abc".into()));
        assert_eq!(read(&[member("a"), vec![0; 20_000]].concat()), Ok("a".into()));
        assert_eq!(read(&[member("a"), vec![0; 9], member("b")].concat()), Ok("ab".into()));
    }

    #[test]
    fn other_bytes_after_a_member_are_not_taken_for_a_cut() {
        for junk in [&b"\n"[..], b"junk", b"more than ten bytes of junk"] {
            assert_eq!(read(&[&member("a"), junk].concat()), Err(ErrorKind::Unsupported));
        }
        let whole = member("some text");
        for cut in 1..whole.len() {
            assert_eq!(read(&whole[..cut]), Err(ErrorKind::UnexpectedEof), "{cut}");
        }
        assert_eq!(read(&[&member("a")[..], &[MEMBER, 0, 0]].concat()).unwrap_err(), ErrorKind::UnexpectedEof);
    }
}
