//! Names of cached assessments: `assessment:{tag}:subject[:k=v,...]`.
//!
//! The braces make Redis Cluster hash the name to the slot of the model: `tag` is the part of the model's key that the
//! cluster hashes. If the key of the model has a hash tag, the whole key follows as one escaped part.

use crate::{Error, Result};

/// The prefix of every name.
pub const PREFIX: &[u8] = b"assessment:{";

/// The prefix of the staging keys, through which models are replicated.
pub const STAGING: &[u8] = b"assess:staging:{";

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `part` with `% : { } * ? [ ] \`, space and control bytes, and those in `also`, percent-encoded.
pub fn escape(part: &[u8], also: &[u8], name: &mut Vec<u8>) {
    for &byte in part {
        let special = matches!(byte, b'%' | b':' | b'{' | b'}' | b'*' | b'?' | b'[' | b']' | b'\\' | b' ' | 127);
        if special || byte < b' ' || also.contains(&byte) {
            name.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            name.push(byte);
        }
    }
}

/// The part that [`escape`] wrote; `None` for a text that it did not write.
pub fn unescape(escaped: &[u8]) -> Option<Vec<u8>> {
    let mut part = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            part.push(byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        part.push((high * 16 + low) as u8);
    }
    Some(part)
}

/// The longest subject, in bytes, that a name holds as text.
pub const LONGEST_SUBJECT: usize = 64;

/// Appends a subject that is one canonical text (JSON with a fixed order of fields): percent-encoded up to
/// [`LONGEST_SUBJECT`] bytes, above that its [`digest`].
pub fn subject(canonical: &[u8], name: &mut Vec<u8>) {
    if canonical.len() <= LONGEST_SUBJECT {
        escape(canonical, b"", name);
    } else {
        name.extend_from_slice(&digest(canonical));
    }
}

/// 128 bits of the BLAKE3 hash, as 32 lower-case hex digits.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digits = [0; 32];
    let hex = blake3::hash(bytes).to_hex();
    digits.copy_from_slice(&hex.as_bytes()[..32]);
    digits
}

/// The hash tag of a key, which Redis Cluster hashes instead of the key: the bytes between the first `{` and the first
/// `}` after it. `None` if there are none.
pub fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|&byte| byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|&byte| byte == b'}')?;
    (close > 0).then(|| &rest[..close])
}

/// Appends the common prefix of the names of all assessments of a model, including the colon before the subject.
///
/// # Errors
/// [`Error::Invalid`] for a key without a possible tag (it contains `}` without a hash tag, or is empty), and for a key
/// with the prefix of cached assessments or of staging keys.
pub fn begin(model: &[u8], name: &mut Vec<u8>) -> Result<()> {
    let own_tag = hash_tag(model);
    let tag = own_tag.unwrap_or(model);
    if tag.is_empty() || tag.contains(&b'}') {
        return Err(Error::Invalid("a model's key must not be empty, nor hold } without a hash tag".into()));
    }
    if model.starts_with(PREFIX) || model.starts_with(STAGING) {
        return Err(Error::Invalid("a model's key must not begin like the keys that the module makes itself".into()));
    }
    name.extend_from_slice(PREFIX);
    name.extend_from_slice(tag);
    name.extend_from_slice(b"}:");
    if own_tag.is_some() {
        escape(model, b"", name);
        name.push(b':');
    }
    Ok(())
}

/// The part of the name of an assessment after the model: subject and query.
pub fn canonical<'a>(model: &[u8], name: &'a [u8]) -> &'a [u8] {
    let mut beginning = Vec::with_capacity(model.len() + 16);
    match begin(model, &mut beginning) {
        Ok(()) => name.strip_prefix(&*beginning).unwrap_or(name),
        Err(_) => name,
    }
}

/// Whether a name with the prefix of `model` is the name of one of its assessments. The prefix of a model `icio` is
/// also a prefix of the names of a model `{icio}:x`, whose key follows the tag.
pub fn belongs(model: &[u8], beginning: &[u8], name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(beginning) else { return false };
    if hash_tag(model).is_some() {
        return true;
    }
    let mut tagged = Vec::with_capacity(model.len() + 6);
    escape(b"{", b"", &mut tagged);
    escape(model, b"", &mut tagged);
    escape(b"}", b"", &mut tagged);
    let first = rest.split(|&byte| byte == b':').next().unwrap_or(rest);
    !first.windows(tagged.len()).any(|window| window == tagged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(model: &[u8]) -> String {
        let mut name = Vec::new();
        begin(model, &mut name).unwrap();
        String::from_utf8(name).unwrap()
    }

    #[test]
    fn the_tag_is_the_key_or_the_hash_tag_of_the_key() {
        assert_eq!(begun(b"icio"), "assessment:{icio}:");
        assert_eq!(begun(b"{eu}:icio"), "assessment:{eu}:%7Beu%7D%3Aicio:");
        assert_eq!(begun(b"a{b"), "assessment:{a{b}:");
    }

    #[test]
    fn a_key_without_a_possible_tag_or_with_a_reserved_prefix_is_refused() {
        for model in [&b"a}b"[..], b"{}x", b"", b"}", b"assessment:{a}:x", b"assess:staging:{a}:1"] {
            assert!(matches!(begin(model, &mut Vec::new()), Err(Error::Invalid(_))), "{model:?}");
        }
    }

    #[test]
    fn a_name_hashes_to_the_slot_of_its_model() {
        for model in [&b"icio"[..], b"{eu}:icio", b"a{b", b"x{y}{z}"] {
            let name = begun(model);
            assert_eq!(hash_tag(name.as_bytes()), Some(hash_tag(model).unwrap_or(model)), "{name}");
        }
    }

    #[test]
    fn names_of_a_model_with_a_hash_tag_differ_from_those_of_a_model_named_like_the_tag() {
        let beginning = begun(b"icio");
        let own = format!("{beginning}USA:C10T12:indicator=output");
        let other = format!("{}USA:C10T12:indicator=output", begun(b"{icio}:x"));
        assert!(belongs(b"icio", beginning.as_bytes(), own.as_bytes()));
        assert!(!belongs(b"icio", beginning.as_bytes(), other.as_bytes()));
        assert!(belongs(b"{icio}:x", begun(b"{icio}:x").as_bytes(), other.as_bytes()));
    }

    #[test]
    fn special_bytes_are_escaped() {
        let mut name = Vec::new();
        escape(b"a:b c%{}*?[]\\\n\x7f,=", b",", &mut name);
        assert_eq!(String::from_utf8(name.clone()).unwrap(), "a%3Ab%20c%25%7B%7D%2A%3F%5B%5D%5C%0A%7F%2C=");
        assert_eq!(unescape(&name).unwrap(), b"a:b c%{}*?[]\\\n\x7f,=");
        assert_eq!((unescape(b"a%4"), unescape(b"%zz")), (None, None));
    }
}
