//! Hashes of queries.

/// Reads a hash that is written as 32 hex digits; `None` for any other text.
pub fn parse_hash(text: &[u8]) -> Option<[u8; 16]> {
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != 16 || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut hash = [0; 16];
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// The hash of a query by its canonical name, which is the part of the cache key after the tag. A name that is a hash
/// already is returned unchanged, so that a user can copy it from the key.
pub fn hash_of(canonical: &[u8]) -> [u8; 16] {
    let is_hash = canonical.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
    parse_hash(canonical).filter(|_| is_hash).unwrap_or_else(|| {
        let hash = blake3::hash(canonical);
        hash.as_bytes().first_chunk().copied().unwrap_or_default()
    })
}
