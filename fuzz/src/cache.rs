//! Properties of the cache: entries, tiers and names.

use assess_engine::cache::entry::Entry;
use assess_engine::cache::policy::{Policy, check_name, parse_declarations};
use assess_engine::cache::tiers::{BUILTIN, Tiers};
use assess_engine::cache::{name, pattern};

/// Decodes an entry, as a RESTOREd key brings it: an accepted form is the one that is written.
pub fn entry(form: &[u8]) {
    let Ok(entry) = Entry::decode(form) else { return };
    assert_eq!(entry.encode(), form, "one entry has one form");
    let value = entry.value().expect("a decoded entry has a value");
    assert!(entry.bytes() >= entry.stored_len() as u64);
    let tags: Vec<&[u8]> = entry.tags().collect();
    for compress_at in [None, Some(1)] {
        let again = Entry::new(&value, &tags, compress_at);
        assert_eq!(again.value().expect("a new entry has a value"), value);
        assert_eq!(Entry::decode(&again.encode()).as_ref(), Ok(&again), "an entry survives");
    }
}

/// Reads declarations of tiers: the words of a policy are read as the same policy, and the tiers of keys are those whose
/// patterns match.
pub fn declarations(words: &[&[u8]]) {
    let Ok(declared) = parse_declarations(words) else { return };
    let (mut tiers, mut again) = (Tiers::new(), Vec::new());
    for (name, policy) in &declared {
        check_name(name).expect("the name of a declared tier is valid");
        let own = policy.words();
        let own: Vec<&[u8]> = own.iter().map(Vec::as_slice).collect();
        assert_eq!(Policy::parse(&own).as_ref(), Ok(policy), "the words of a policy are the policy");
        again.extend([&b"TIER"[..], name].map(<[u8]>::to_vec));
        again.extend(own.iter().map(|word| word.to_vec()));
        tiers.set(name, policy.clone()).expect("a declared tier can be set");
        for random in [0, 1 << 63, u64::MAX] {
            assert!((1..=policy.ttl_ms).contains(&policy.jittered_ttl(random)), "a time to live is within bounds");
        }
    }
    let again: Vec<&[u8]> = again.iter().map(Vec::as_slice).collect();
    assert_eq!(parse_declarations(&again), Ok(declared.clone()), "the words of all tiers are these tiers");
    for glob in declared.iter().flat_map(|(_, policy)| &policy.patterns) {
        for key in [&**glob, &pattern::literal_prefix(glob), b"assessment:{m}:a:b", b""] {
            is_in_the_right_tier(&tiers, key);
        }
    }
}

/// Asserts that a key is in a tier with a pattern that matches, or in none if there is no such tier.
fn is_in_the_right_tier(tiers: &Tiers, key: &[u8]) {
    match tiers.of(key).and_then(|id| tiers.get(id)) {
        Some(tier) => assert!(tier.policy.matches(key), "a pattern of the tier of a key matches"),
        None => assert!(tiers.iter().all(|tier| !tier.policy.matches(key)), "a pattern that matches has its key"),
    }
}

/// Reads the name of a cached assessment, and a part of it.
pub fn name(model: &[u8], text: &[u8]) {
    let mut escaped = Vec::new();
    name::escape(text, b",=", &mut escaped);
    assert_eq!(name::unescape(&escaped).as_deref(), Some(text), "a part survives");
    let _ = name::unescape(text);
    let mut full = Vec::new();
    if name::begin(model, &mut full).is_ok() {
        assert_eq!(
            name::hash_tag(&full),
            Some(name::hash_tag(model).unwrap_or(model)),
            "names are in the slot of the model"
        );
        assert!(Tiers::new().of(&full).is_some(), "every name is in the tier {}", String::from_utf8_lossy(BUILTIN));
        full.extend_from_slice(text);
        assert_eq!(name::canonical(model, &full), text, "the canonical name follows the model");
    }
}
