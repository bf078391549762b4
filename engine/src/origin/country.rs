//! Names of countries and parties.

/// What a name must be.
pub(super) const EXPECTED: &str = "a country or party is 2 to 16 ASCII letters, digits or -";

/// The name in upper case; `None` for what is no name.
pub(super) fn parse(text: &[u8]) -> Option<Box<str>> {
    let is_name =
        (2..=16).contains(&text.len()) && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let name = std::str::from_utf8(text).ok().filter(|_| is_name)?;
    Some(name.to_ascii_uppercase().into())
}
