//! Frames as one input: each a little-endian `u32` length and as many bytes.

/// Writes frames one after another.
pub fn join(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        bytes.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// Reads frames; a length beyond the end means the rest.
pub fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = rest.split_at((u32::from_le_bytes(*length) as usize).min(rest.len()));
        frames.push(frame.to_vec());
        bytes = rest;
    }
    frames
}
