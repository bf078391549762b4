//! Zstandard streams: a sequence of frames, some of which may be skippable.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::Progress;

/// The maximum window of a frame in bytes, that of `zstd -20`. Decompression needs this much memory.
const MAX_WINDOW: u64 = 32 << 20;

/// The number of bytes skipped between two checks for cancellation.
const PIECE: u64 = 1 << 20;

/// Decompresses the stream `R`.
///
/// Skippable frames, empty frames and empty blocks contain no text, so a read may take long without returning to the
/// caller. Therefore this reader checks for cancellation itself. A cancelled read fails, and [`Progress::check`] then
/// reports the cancellation.
pub(super) struct Zstd<'p, R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    in_frame: bool,
    progress: &'p Progress,
}

impl<'p, R: Read> Zstd<'p, R> {
    /// A reader at the beginning of a stream.
    pub(super) fn new(source: R, progress: &'p Progress) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { source: BufReader::new(source), decoder, in_frame: false, progress }
    }

    /// Reads the header of the next frame; returns false at the end.
    fn open(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            self.check()?;
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    self.skip(length.into())?;
                }
                Err(_) => return Err(ErrorKind::InvalidData.into()),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, mut length: u64) -> io::Result<()> {
        while length > 0 {
            self.check()?;
            let piece = length.min(PIECE);
            if io::copy(&mut self.source.by_ref().take(piece), &mut io::sink())? < piece {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            length -= piece;
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        self.progress.check().map_err(io::Error::other)
    }

    fn close(&mut self) -> io::Result<()> {
        self.in_frame = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(written), Some(found)) if written != found => Err(ErrorKind::InvalidData.into()),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                self.in_frame = self.open()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.close()?;
            } else {
                self.check()?;
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(|_| ErrorKind::InvalidData)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of one raw block of at most 255 bytes, without checksum.
    fn raw_frame(text: &[u8]) -> Vec<u8> {
        let size = text.len() as u8;
        let header = (u32::from(size) << 3) | 1;
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, size];
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(text);
        frame
    }

    fn expand(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Zstd::new(bytes, &Progress::default()).read_to_end(&mut text).map(|_| text)
    }

    /// Repeats these bytes without end. Cancels the operation after a hundred million bytes.
    struct Endless<'p> {
        bytes: &'static [u8],
        taken: usize,
        progress: &'p Progress,
    }

    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            for slot in buffer.iter_mut() {
                *slot = self.bytes[self.taken % self.bytes.len()];
                self.taken += 1;
            }
            if self.taken > 100_000_000 {
                self.progress.cancel();
            }
            assert!(self.taken < 110_000_000, "the reader did not check for cancellation");
            Ok(buffer.len())
        }
    }

    #[test]
    fn a_stream_without_text_can_be_cancelled() {
        let long_skip = &[0x50, 0x2a, 0x4d, 0x18, 0xf8, 0xff, 0xff, 0xff];
        let short_skip = &[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
        let empty_frame = &[0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];
        for bytes in [&long_skip[..], short_skip, empty_frame] {
            let progress = Progress::default();
            let mut stream = Zstd::new(Endless { bytes, taken: 0, progress: &progress }, &progress);
            assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::Other);
        }
    }

    #[test]
    fn frames_are_joined_and_skippable_frames_are_skipped() {
        let skip = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let stream = [&raw_frame(b"hello, ")[..], &skip, &raw_frame(b""), &raw_frame(b"world")].concat();
        assert_eq!(expand(&stream).unwrap(), b"hello, world");
    }

    #[test]
    fn a_truncated_or_damaged_stream_is_an_error() {
        let frame = raw_frame(b"hello");
        for cut in 1..frame.len() {
            assert!(expand(&frame[..cut]).is_err(), "cut at {cut}");
        }
        assert!(expand(&[&frame[..], b"more"].concat()).is_err());
    }

    #[test]
    fn checksums_are_checked() {
        let good = ruzstd::encoding::compress_to_vec(&b"a table"[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(expand(&good).unwrap(), b"a table");
        let mut bad = good;
        let last = bad.len() - 1;
        bad[last] ^= 1;
        assert!(expand(&bad).is_err());
    }
}
