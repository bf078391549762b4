use proptest::option;
use proptest::prelude::*;

use crate::cache::policy::*;

fn split(line: &str) -> Vec<&[u8]> {
    line.split_whitespace().map(str::as_bytes).collect()
}

fn failure(line: &str) -> String {
    let text = Policy::parse(&split(line)).unwrap_err().to_string();
    assert!(text.is_ascii(), "{text}");
    text
}

fn policies() -> impl Strategy<Value = Policy> {
    let patterns = prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..20), 1..5);
    let times = (1..=CENTURY_S * 1000, 0..=100u8, 0..=CENTURY_S, 0..=DAY_MS, 0..=100u8, 0..=CENTURY_S);
    let bounds = (option::of(1..=MOST), option::of(1..=MOST), option::of(1..=100u8), option::of(1..=MOST));
    let rest = (option::of(1..=HOUR_MS), option::of(0..=HOUR_MS), any::<bool>(), any::<bool>());
    let ahead = (option::of(prop::collection::vec(any::<u8>(), 1..20)), 0..=MAX_PREFETCH as u8);
    (patterns, times, bounds, rest, ahead).prop_filter_map("contradictory", |(patterns, times, bounds, rest, ahead)| {
        let mut policy = Policy::plain(patterns.into_iter().map(Vec::into_boxed_slice).collect(), times.0);
        (policy.jitter_pct, policy.grace_ms, policy.retry_ms) = (times.1, times.2 * 1000, times.3);
        (policy.refresh_pct, policy.negative_ms) = (times.4, times.5 * 1000);
        (policy.capacity, policy.max_memory, policy.min_hit_pct, policy.compress) = bounds;
        (policy.lease_ms, policy.wait_ms, policy.index, policy.enforce) = rest;
        (policy.queue, policy.prefetch) = (ahead.0.map(Vec::into_boxed_slice), ahead.1);
        if !policy.index {
            (policy.capacity, policy.max_memory, policy.grace_ms) = (None, None, 0);
            (policy.refresh_pct, policy.enforce) = (0, false);
        }
        policy.check().is_ok().then_some(policy)
    })
}

#[test]
fn options_are_read_in_any_order_and_case() {
    let line = "ttl 60 pattern a:* PATTERN b:* Jitter 10 grace 5 RETRY 7 refresh 20 negative 3 capacity 9 maxmemory 2mb \
                minhit 50 compress 1024 lease 100 wait 0 index YES enforce Yes prefetch 16 queue Q:1";
    let policy = Policy::parse(&split(line)).unwrap();
    assert_eq!(policy.patterns, [Box::from(&b"a:*"[..]), Box::from(&b"b:*"[..])]);
    assert_eq!((policy.ttl_ms, policy.jitter_pct, policy.grace_ms, policy.retry_ms), (60_000, 10, 5000, 7));
    assert_eq!((policy.refresh_pct, policy.negative_ms), (20, 3000));
    assert_eq!((policy.capacity, policy.max_memory, policy.min_hit_pct), (Some(9), Some(2 << 20), Some(50)));
    assert_eq!((policy.compress, policy.lease_ms, policy.wait_ms), (Some(1024), Some(100), Some(0)));
    assert!(policy.index && policy.enforce && policy.is_bounded());
    assert_eq!((policy.queue.as_deref(), policy.prefetch), (Some(&b"Q:1"[..]), 16));
}

#[test]
fn an_omitted_option_has_its_default() {
    let policy = Policy::parse(&split("PATTERN a PTTL 1500")).unwrap();
    assert_eq!(policy, Policy::plain(vec![Box::from(&b"a"[..])], 1500));
    assert_eq!((policy.retry_ms, policy.index, policy.is_bounded()), (30_000, true, false));
    assert_eq!((policy.queue, policy.prefetch), (None, 0));
}

#[test]
fn every_failure_names_its_option() {
    for (line, named) in [
        ("", "TTL or PTTL"),
        ("TTL 1", "PATTERN"),
        ("PATTERN a", "TTL or PTTL"),
        ("PATTERN", "PATTERN needs a value"),
        ("PATTERN a TTL 1 PATTERN a", "same PATTERN"),
        ("TTL 1 PTTL 1", "TTL and PTTL exclude"),
        ("PTTL 1 TTL 1", "TTL and PTTL exclude"),
        ("TTL 1 ttl 1", "TTL is given twice"),
        ("TTL 0", "TTL must be"),
        ("TTL -1", "TTL must be"),
        ("TTL 3155760001", "TTL must be"),
        ("TTL 99999999999999999999999999", "TTL must be"),
        ("PTTL 0", "PTTL must be"),
        ("JITTER 101", "JITTER must be"),
        ("GRACE 1.5", "GRACE must be"),
        ("RETRY 86400001", "RETRY must be"),
        ("REFRESH 101", "REFRESH must be"),
        ("NEGATIVE x", "NEGATIVE must be"),
        ("CAPACITY 0", "CAPACITY must be"),
        ("MAXMEMORY 0", "MAXMEMORY must be"),
        ("MAXMEMORY 1tb", "MAXMEMORY must be"),
        ("MINHIT 0", "MINHIT must be"),
        ("COMPRESS 0", "COMPRESS must be"),
        ("LEASE 0", "LEASE must be"),
        ("WAIT 3600001", "WAIT must be"),
        ("INDEX maybe", "INDEX must be yes or no"),
        ("ENFORCE 1", "ENFORCE must be yes or no"),
        ("QUEUE", "QUEUE needs a value"),
        ("PREFETCH 17", "PREFETCH must be"),
        ("PREFETCH yes", "PREFETCH must be"),
        ("PATTERN a TTL 1 QUEUE q", "QUEUE has no effect without REFRESH or PREFETCH"),
        ("PATTERN a TTL 1 QUEUE q REFRESH 0 PREFETCH 0", "QUEUE has no effect"),
        ("PATTERN a TTL 1 QUEUE q REFRESH 5 QUEUE p", "QUEUE is given twice"),
        ("TLT 1", "unknown option TLT"),
        ("PATTERN a TTL 1 INDEX no CAPACITY 1", "INDEX no and CAPACITY"),
        ("PATTERN a TTL 1 MAXMEMORY 1 INDEX no", "INDEX no and MAXMEMORY"),
        ("PATTERN a TTL 1 GRACE 1 INDEX no", "INDEX no and GRACE"),
        ("PATTERN a TTL 1 REFRESH 1 INDEX no", "INDEX no and REFRESH"),
        ("PATTERN a TTL 1 ENFORCE yes INDEX no", "INDEX no and ENFORCE"),
    ] {
        let text = failure(line);
        assert!(text.contains(named), "{line}: {text}");
    }
    for words in [&[&b"\xff\xfe\x00"[..]][..], &[b"TTL", b"\xff1"], &[b"PATTERN", b"", b"TTL", b"1"]] {
        assert!(Policy::parse(words).unwrap_err().to_string().is_ascii());
    }
}

#[test]
fn one_queue_serves_refresh_and_prefetch() {
    for options in ["REFRESH 5 QUEUE q", "QUEUE q PREFETCH 1", "PREFETCH 2 QUEUE q REFRESH 5"] {
        let policy = Policy::parse(&split(&format!("PATTERN a TTL 1 {options}"))).unwrap();
        assert_eq!(policy.queue.as_deref(), Some(&b"q"[..]), "{options}");
    }
    assert_eq!(Policy::parse(&split("PATTERN a TTL 1 PREFETCH 3")).unwrap().prefetch, 3);
    let named = |queue: &[u8]| Policy::parse(&[b"PATTERN", b"a", b"TTL", b"1", b"PREFETCH", b"1", b"QUEUE", queue]);
    assert!(named(&[b'q'; 1024]).is_ok());
    for queue in [&b""[..], &[b'q'; 1025]] {
        assert_eq!(named(queue).unwrap_err().to_string(), "QUEUE must be a key of 1 to 1024 bytes");
    }
}

#[test]
fn patterns_are_bounded_in_number_and_length() {
    let many = |n: usize| "TTL 1".to_owned() + &(0..n).map(|i| format!(" PATTERN p{i}")).collect::<String>();
    assert!(Policy::parse(&split(&many(64))).is_ok());
    assert!(matches!(Policy::parse(&split(&many(65))), Err(Error::TooBig { limit: 64, .. })));
    let long = |n: usize| format!("TTL 1 PATTERN {}", "x".repeat(n));
    assert!(Policy::parse(&split(&long(1024))).is_ok());
    assert!(matches!(Policy::parse(&split(&long(1025))), Err(Error::TooBig { limit: 1024, .. })));
}

#[test]
fn load_arguments_declare_several_tiers() {
    let line = "TIER hs PATTERN hs:* TTL 3600 tier rules PATTERN rule:* PATTERN TIER TTL 1800";
    let tiers = parse_declarations(&split(line)).unwrap();
    assert_eq!(tiers.len(), 2);
    assert_eq!((&*tiers[0].0, tiers[0].1.ttl_ms), (&b"hs"[..], 3_600_000));
    assert_eq!((&*tiers[1].0, &*tiers[1].1.patterns[1]), (&b"rules"[..], &b"TIER"[..]));
    assert_eq!(parse_declarations(&[]), Ok(vec![]));
    for (line, named) in [
        ("TIER", "TIER needs a value"),
        ("TIER a", "TTL or PTTL"),
        ("PATTERN a", "TIER"),
        ("TIER a/b PATTERN a TTL 1", "name of a TIER"),
        ("TIER a PATTERN a TTL 1 TIER a PATTERN b TTL 1", "declared twice"),
        ("TIER a PATTERN a TTL 1 TTL 1", "TTL is given twice"),
    ] {
        let text = parse_declarations(&split(line)).unwrap_err().to_string();
        assert!(text.contains(named), "{line}: {text}");
    }
}

#[test]
fn names_have_a_few_kinds_of_characters_and_a_largest_length() {
    for name in ["a", "A-z_0.9:x", &"n".repeat(64)] {
        assert_eq!(check_name(name.as_bytes()), Ok(()), "{name}");
    }
    for name in ["", "a b", "a*", "{a}", "\u{e9}", &"n".repeat(65)] {
        assert!(check_name(name.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn jitter_shortens_by_at_most_its_percentage_and_leaves_at_least_a_millisecond() {
    let mut policy = Policy::plain(vec![], 1000);
    assert_eq!((policy.jittered_ttl(0), policy.jittered_ttl(u64::MAX)), (1000, 1000));
    policy.jitter_pct = 10;
    assert_eq!((policy.jittered_ttl(0), policy.jittered_ttl(u64::MAX)), (1000, 900));
    policy.jitter_pct = 100;
    assert_eq!(policy.jittered_ttl(u64::MAX), 1);
    policy.ttl_ms = CENTURY_S * 1000;
    assert_eq!((policy.jittered_ttl(0), policy.jittered_ttl(u64::MAX)), (CENTURY_S * 1000, 1));
}

proptest! {
    #[test]
    fn the_options_of_a_policy_parse_to_the_same_policy(policy in policies()) {
        let words = policy.words();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(Policy::parse(&words), Ok(policy));
    }
}
