//! Glob patterns, beside a matcher by definition.

use assess_engine::cache::pattern;
use assess_engine::cache::policy::Policy;
use assess_engine::cache::tiers::{BUILTIN, Tiers};

/// The most steps of the matcher by definition; it is not asked about longer inputs.
const MOST_STEPS: usize = 1 << 20;

/// An element of a pattern.
enum Element {
    Star,
    /// The bytes that match, by their number.
    One(Box<[bool; 256]>),
}

/// Matches a text; the result is that of the definition, and agrees with the literal prefix and with a tier.
pub fn check(glob: &[u8], text: &[u8]) {
    let matches = pattern::matches(glob, text);
    let elements = elements(glob);
    if (elements.len() + 1) * (text.len() + 1) <= MOST_STEPS {
        assert_eq!(matches, by_definition(&elements, text), "the matcher agrees with the definition");
    }
    let prefix = pattern::literal_prefix(glob);
    if matches {
        assert!(text.starts_with(&prefix), "a text that matches begins with the literal prefix");
    }
    let starred = [glob, b"*"].concat();
    if !glob.contains(&b'[') && !glob.ends_with(b"\\") {
        let longer = [text, b"x"].concat();
        assert!(!matches || pattern::matches(&starred, &longer), "a star matches the rest");
    }
    in_a_tier(glob, text, matches);
}

/// A tier with this pattern has the key if the pattern matches.
fn in_a_tier(glob: &[u8], key: &[u8], matches: bool) {
    let Ok(policy) = Policy::parse(&[b"PATTERN", glob, b"TTL", b"1"]) else { return };
    let mut tiers = Tiers::new();
    tiers.set(BUILTIN, policy).expect("a policy that was parsed is valid");
    assert_eq!(tiers.of(key).is_some(), matches, "the tier of a key is that of its pattern");
}

/// Reads a pattern: `*`, `?`, `[abc]`, `[^a-z]` and `\x`. A class that is not closed ends with the pattern.
fn elements(glob: &[u8]) -> Vec<Element> {
    let only = |byte: u8| {
        let mut set = [false; 256];
        set[usize::from(byte)] = true;
        Element::One(Box::new(set))
    };
    let (mut elements, mut rest) = (Vec::new(), glob);
    while let [first, after @ ..] = rest {
        let (element, length) = match (first, after) {
            (b'*', _) => (Element::Star, 1),
            (b'?', _) => (Element::One(Box::new([true; 256])), 1),
            (b'\\', [escaped, ..]) => (only(*escaped), 2),
            (b'[', class) => {
                let (set, length) = class_of(class);
                (Element::One(Box::new(set)), 1 + length)
            }
            (literal, _) => (only(*literal), 1),
        };
        elements.push(element);
        rest = &rest[length..];
    }
    elements
}

/// The bytes of a class after its opening bracket, and the length of the class.
fn class_of(class: &[u8]) -> ([bool; 256], usize) {
    let is_negated = class.starts_with(b"^");
    let (mut set, mut at) = ([false; 256], usize::from(is_negated));
    while at < class.len() && class[at] != b']' {
        let left = class.len() - at;
        if class[at] == b'\\' && left >= 2 {
            set[usize::from(class[at + 1])] = true;
            at += 2;
        } else if left >= 3 && class[at + 1] == b'-' {
            let (one, other) = (class[at], class[at + 2]);
            (one.min(other)..=one.max(other)).for_each(|byte| set[usize::from(byte)] = true);
            at += 3;
        } else {
            set[usize::from(class[at])] = true;
            at += 1;
        }
    }
    (set.map(|is_in| is_in != is_negated), class.len().min(at + 1))
}

/// Whether a text matches: the places of the text that each number of elements can reach.
fn by_definition(elements: &[Element], text: &[u8]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for element in elements {
        reached = match element {
            Element::Star => {
                let before = |any: &mut bool, &is_it: &bool| {
                    *any |= is_it;
                    Some(*any)
                };
                reached.iter().scan(false, before).collect()
            }
            Element::One(set) => {
                let next = text.iter().zip(&reached).map(|(&byte, &is_it)| is_it && set[usize::from(byte)]);
                std::iter::once(false).chain(next).collect()
            }
        };
    }
    reached[text.len()]
}
