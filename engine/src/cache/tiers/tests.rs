use proptest::prelude::*;

use super::*;

fn policy(patterns: &[&str]) -> Policy {
    Policy::plain(patterns.iter().map(|glob| glob.as_bytes().into()).collect(), 1000)
}

fn of<'t>(tiers: &'t Tiers, key: &str) -> Option<&'t str> {
    tiers.of(key.as_bytes()).and_then(|id| tiers.get(id)).map(|tier| std::str::from_utf8(&tier.name).unwrap())
}

#[test]
fn the_most_specific_pattern_decides() {
    let mut tiers = Tiers::new();
    assert_eq!(of(&tiers, "assessment:{icio}:x"), Some("assessment"));
    for (name, patterns) in [("b", &["a:*"][..]), ("a", &["a:*", "a:b:*"]), ("long", &["a:*z"]), ("any", &["*"])] {
        tiers.set(name.as_bytes(), policy(patterns)).unwrap();
    }
    for (key, name) in [("a:1", "a"), ("a:z", "long"), ("a:b:z", "a"), ("x", "any"), ("", "any")] {
        assert_eq!(of(&tiers, key), Some(name), "{key}");
    }
    tiers.remove(b"any");
    assert_eq!(of(&tiers, "x"), None);
}

#[test]
fn a_name_keeps_its_id_and_the_built_in_tier_gets_its_default_policy_when_deleted() {
    let mut tiers = Tiers::new();
    let set = tiers.set(b"t", policy(&["t:*"])).unwrap();
    assert!(set.reassigns);
    assert_eq!(tiers.set(b"t", Policy::plain(vec![b"t:*"[..].into()], 5)), Ok(Change { id: set.id, reassigns: false }));
    assert_eq!((tiers.remove(b"t"), tiers.remove(b"t")), (Some(set.id), None));
    assert!(tiers.get(set.id).is_none());
    assert_eq!(tiers.set(b"t", policy(&["t:*"])), Ok(set));
    tiers.set(BUILTIN, policy(&["z"])).unwrap();
    assert!(!tiers.is_builtin(BUILTIN_ID));
    tiers.set_default_ttl(7);
    assert_eq!(tiers.find(BUILTIN).unwrap().policy.ttl_ms, 1000);
    assert_eq!(tiers.remove(BUILTIN), Some(BUILTIN_ID));
    assert!(tiers.is_builtin(BUILTIN_ID));
    assert_eq!(tiers.find(BUILTIN).unwrap().policy.ttl_ms, 7);
    assert_eq!(of(&tiers, "assessment:x"), Some("assessment"));
    tiers.clear();
    assert_eq!(tiers.iter().count(), 1);
}

proptest! {
    #[test]
    fn buckets_agree_with_a_search_over_all_patterns(
        globs in prop::collection::vec(prop::collection::btree_set("[ab*?\\\\\\[\\]]{1,6}", 1..4), 0..6),
        keys in prop::collection::vec("[ab*\\\\]{0,6}", 1..20),
    ) {
        let mut tiers = Tiers::new();
        for (n, globs) in globs.iter().enumerate() {
            let globs: Vec<&str> = globs.iter().map(String::as_str).collect();
            tiers.set(format!("t{n}").as_bytes(), policy(&globs)).unwrap();
        }
        for key in &keys {
            let naive = tiers
                .iter()
                .flat_map(|tier| tier.policy.patterns.iter().map(move |glob| (tier, glob)))
                .filter(|(_, glob)| pattern::matches(glob, key.as_bytes()))
                .min_by_key(|(tier, glob)| {
                    let prefix = pattern::literal_prefix(glob).len();
                    (std::cmp::Reverse((prefix, glob.len())), tier.name.clone())
                })
                .map(|(tier, _)| tier.id);
            prop_assert_eq!(tiers.of(key.as_bytes()), naive, "{}", key);
        }
    }
}
