//! Glob patterns with the syntax of the server: `*`, `?`, `[abc]`, `[^a-z]` and `\x`.
//!
//! Time is bounded by the product of the two lengths for every pattern: the matcher goes back only to the latest star.
//! A longer match of an earlier star cannot help, because the text between the two stars was matched at its first
//! place.

/// Whether `text` matches `pattern` from beginning to end.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The place to continue from when the current attempt fails: after the latest star, one byte further in the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        let step = match (pattern.get(p..).filter(|rest| !rest.is_empty()), text.get(t)) {
            (None, None) => return true,
            (Some(rest), Some(&byte)) => one(rest, byte),
            (None, Some(_)) => None,
            // The text ends before the pattern: more text for the star does not help.
            (Some(_), None) => return false,
        };
        match (step, retry) {
            (Some(length), _) => (p, t) = (p + length, t + 1),
            (None, Some((after_star, from))) if from < text.len() => {
                (p, t) = (after_star, from + 1);
                retry = Some((after_star, from + 1));
            }
            (None, _) => return false,
        }
    }
}

/// The literal prefix of all texts that match a pattern: the pattern up to its first unescaped `*`, `?` or `[`, without
/// the escapes.
pub fn literal_prefix(pattern: &[u8]) -> Vec<u8> {
    split(pattern).0
}

/// The literal prefix of a pattern, and the rest of the pattern, which the rest of a text must match.
pub(crate) fn split(pattern: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut prefix = Vec::new();
    let mut rest = pattern;
    loop {
        match rest {
            [] | [b'*' | b'?' | b'[', ..] => return (prefix, rest),
            // A backslash at the end is a literal backslash.
            [b'\\', escaped, after @ ..] => {
                prefix.push(*escaped);
                rest = after;
            }
            [literal, after @ ..] => {
                prefix.push(*literal);
                rest = after;
            }
        }
    }
}

/// Matches one byte against the first element of a pattern, which is not a star. Returns the length of the element.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => class(rest, byte).map(|length| length + 1),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// Matches one byte against a class without its opening bracket. Returns the length of the class. A class that is not
/// closed ends with the pattern.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let negated = pattern.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut is_in = false;
    loop {
        match &pattern[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                is_in |= *escaped == byte;
                at += 2;
            }
            [from, b'-', to, ..] => {
                is_in |= (*from.min(to)..=*from.max(to)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                is_in |= *literal == byte;
                at += 1;
            }
        }
    }
    (is_in != negated).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_the_server() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("*a*b", "xaxbxb", true),
            ("h?llo", "hello", true),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-e]llo", "hcllo", true),
            ("h[e-a]llo", "hcllo", true),
            ("h\\*llo", "h*llo", true),
            ("h\\*llo", "hello", false),
            ("[", "a", false),
            ("[a", "a", true),
            ("a?", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_literal_prefix_ends_at_the_first_unescaped_special() {
        for (pattern, prefix, rest) in [
            ("", "", ""),
            ("*", "", "*"),
            ("a:*", "a:", "*"),
            ("a?b*", "a", "?b*"),
            ("a[b]", "a", "[b]"),
            ("a\\*b*", "a*b", "*"),
            ("a]^-", "a]^-", ""),
            ("a\\", "a\\", ""),
            ("\\\\*", "\\", "*"),
        ] {
            assert_eq!(split(pattern.as_bytes()), (prefix.as_bytes().to_vec(), rest.as_bytes()), "{pattern}");
            assert_eq!(literal_prefix(pattern.as_bytes()), prefix.as_bytes());
        }
    }

    #[test]
    fn a_pattern_with_many_stars_takes_no_exponential_time() {
        let pattern = "a*".repeat(64) + "b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(10_000).as_bytes()));
    }
}
