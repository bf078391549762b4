use super::log::CHUNK;
use super::*;

fn entry(id: u64) -> Entry {
    let record = Record { subject: format!("s{}", id % 3), status: "ok".into(), ..Record::default() };
    Entry { id, time: id * 10, tenant: "t".into(), hash: [id as u8; 16], record, document: b"{\"a\":1}"[..].into() }
}

fn ids(history: &History) -> Vec<u64> {
    history.iter().map(|entry| entry.id).collect()
}

#[test]
fn the_newest_entries_replace_the_oldest_and_are_found_first() {
    for capacity in [1, 2, 63, 64, 65, 200] {
        let mut history = History::new(capacity);
        for id in 1..=300 {
            history.push(entry(id));
            assert_eq!(history.len() as u64, id.min(capacity));
        }
        assert_eq!(ids(&history), (301 - capacity..=300).collect::<Vec<_>>());
        let newest: Vec<u64> =
            history.find(&Filter { limit: 2, ..Filter::default() }).iter().map(|entry| entry.id).collect();
        assert_eq!(newest, (301 - capacity..=300).rev().take(2).collect::<Vec<_>>());
    }
}

#[test]
fn memory_is_counted_by_chunks_and_is_zero_after_all_entries_were_removed() {
    let mut history = History::new(100);
    (1..=1000).for_each(|id| history.push(entry(id)));
    let most = (100 + CHUNK as u64) * entry(1).bytes();
    assert!((100 * entry(1).bytes()..=most).contains(&history.bytes()), "{}", history.bytes());
    assert!(!history.set_capacity(0).is_empty());
    assert_eq!((history.len(), history.bytes()), (0, 0));
    history.push(entry(1001));
    assert!(history.is_empty());
}

#[test]
fn long_documents_are_limited_by_their_bytes_and_the_newest_stays() {
    let long = |id| Entry { document: vec![b' '; 100_000].into(), ..entry(id) };
    let mut history = History::new(100);
    (1..=50).for_each(|id| history.push(long(id)));
    assert_eq!(ids(&history), [47, 48, 49, 50], "100 x 4096 bytes");
    assert!(history.bytes() <= (CHUNK as u64) * long(1).bytes());
    let mut tiny = History::new(1);
    tiny.push(long(1));
    assert_eq!(ids(&tiny), [1]);
    // The same entries stay when the chunks differ.
    let mut shared = History::new(100);
    let copies: Vec<History> = (1..=50)
        .map(|id| {
            shared.push(long(id));
            shared.clone()
        })
        .collect();
    assert!(shared.iter().eq(history.iter()) && copies.len() == 50);
}

#[test]
fn a_copy_does_not_change_when_entries_are_added_to_the_log() {
    let mut history = History::new(10);
    (1..=5).for_each(|id| history.push(entry(id)));
    let copy = history.clone();
    (6..=20).for_each(|id| history.push(entry(id)));
    assert_eq!(ids(&copy), [1, 2, 3, 4, 5]);
    assert_eq!(ids(&history), (11..=20).collect::<Vec<_>>());
}

#[test]
fn every_condition_of_a_filter_excludes_entries_that_differ() {
    let mut history = History::new(10);
    let record = Record {
        subject: "847130:MX:US".into(),
        agreement: "usmca".into(),
        hs: "847130".into(),
        origin: "MX".into(),
        destination: "US".into(),
        status: "qualified".into(),
        confidence: Some(0.9),
    };
    history.push(Entry { record, ..entry(7) });
    let none = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    let pairs = [
        (Filter { subject: text("847130:MX:US"), ..none() }, Filter { subject: text("847130:MX"), ..none() }),
        (Filter { tenant: text("t"), ..none() }, Filter { tenant: text("u"), ..none() }),
        (Filter { agreement: text("usmca"), ..none() }, Filter { agreement: text("eu"), ..none() }),
        (Filter { hs: text("8471"), ..none() }, Filter { hs: text("8472"), ..none() }),
        (
            Filter { route: Some(("MX".into(), "US".into())), ..none() },
            Filter { route: Some(("US".into(), "MX".into())), ..none() },
        ),
        (Filter { status: text("qualified"), ..none() }, Filter { status: text("not_qualified"), ..none() }),
        (Filter { confidence: Some(0.9), ..none() }, Filter { confidence: Some(0.91), ..none() }),
        (Filter { hash: Some([7; 16]), ..none() }, Filter { hash: Some([8; 16]), ..none() }),
        (Filter { id: Some(7), ..none() }, Filter { id: Some(8), ..none() }),
        (Filter { since: Some(70), ..none() }, Filter { since: Some(71), ..none() }),
        (Filter { until: Some(70), ..none() }, Filter { until: Some(69), ..none() }),
    ];
    for (same, other) in pairs {
        assert_eq!(history.find(&same).len(), 1, "{same:?}");
        assert_eq!(history.find(&other).len(), 0, "{other:?}");
    }
    let without = Filter { confidence: Some(0.0), ..none() };
    history.push(entry(8));
    assert_eq!(history.find(&without).len(), 1, "an entry without confidence matches no limit");
}

#[test]
fn frames_decode_to_the_same_entries_and_damage_is_an_error() {
    let mut history = History::new(5000);
    (1..=3000).for_each(|id| history.push(entry(id)));
    let frames: Vec<Vec<u8>> = codec::frames(&history).collect();
    assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() <= crate::model::codec::MAX_FRAME));
    let back: Vec<Entry> = frames.iter().flat_map(|frame| codec::decode(frame).unwrap()).collect();
    assert!(back.iter().eq(history.iter()));
    let mut one = Vec::new();
    codec::encode(&entry(1), &mut one);
    for cut in 1..3 * one.len() {
        // All entries have the same length here.
        assert_eq!(codec::decode(&frames[0][..cut]).is_ok(), cut % one.len() == 0, "cut at {cut}");
    }
    let mut wild = frames[0].clone();
    wild[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(codec::decode(&wild).is_err());
}

#[test]
fn a_document_that_is_not_json_is_damage() {
    for document in [&b""[..], b"{", b"{}{}", b"\"\xff\"", b"\"\n\""] {
        let mut frame = Vec::new();
        assert!(codec::encode(&Entry { document: document.into(), ..entry(1) }, &mut frame));
        assert!(codec::decode(&frame).is_err(), "{document:?}");
    }
}

#[test]
fn an_entry_that_is_too_long_for_a_frame_is_left_out() {
    let long = Entry { document: vec![b' '; codec::MAX_ENTRY].into(), ..entry(1) };
    let mut frame = vec![1];
    assert!(!codec::encode(&long, &mut frame));
    assert_eq!(frame, [1]);
}

#[test]
fn an_entry_is_written_as_json() {
    let record = Record { subject: "a\"b".into(), confidence: Some(0.5), ..Record::default() };
    let json: serde_json::Value = serde_json::from_slice(&Entry { record, ..entry(3) }.to_json()).unwrap();
    assert_eq!(json["subject"], "a\"b");
    assert_eq!(json["confidence"], 0.5);
    assert_eq!(json["assessment"]["a"], 1);
    assert_eq!(json["hash"], "03".repeat(16));
    assert!(json.get("status").is_none());
}

#[test]
fn only_the_fields_before_a_long_one_are_parsed() {
    let read = |document: &str| fields_before(document.as_bytes(), "trace");
    let document = r#"{"a":1,"b":"x,\"trace\":","trace":[not read"#;
    assert_eq!(read(document), serde_json::json!({"a": 1, "b": "x,\"trace\":"}));
    assert_eq!(read(r#"{"a":1}"#), serde_json::json!({"a": 1}));
    assert!(read("").is_null());
}

#[test]
fn a_name_that_is_a_hash_is_its_own_hash() {
    let digest = crate::cache::name::digest(b"x");
    assert_eq!(hash_of(&digest), parse_hash(&digest).unwrap());
    assert_eq!(hash_of(b"x"), parse_hash(&digest).unwrap());
    assert_eq!(parse_hash(b"0123"), None);
}
