use super::*;

fn read(text: &str) -> Result<Synonyms> {
    Synonyms::read(text.as_bytes())
}

fn phrases(synonyms: &Synonyms, words: &[&str]) -> Vec<String> {
    synonyms.of(words).unwrap_or_default().iter().map(|phrase| phrase.join(" ")).collect()
}

#[test]
fn a_users_table_adds_replaces_and_removes_keys() {
    let synonyms = read("\u{feff}{\"Gizmo-Box\":[\"Toys; other\"],\"laptop\":[\"note books\"],\"pc\":[]}").unwrap();
    assert_eq!(phrases(&synonyms, &["gizmo", "box"]), ["toys other"]);
    assert_eq!(phrases(&synonyms, &["laptop"]), ["note books"]);
    assert!(synonyms.of(&["pc"]).is_none());
    assert_eq!(phrases(&synonyms, &["computer"]), ["automatic data processing machines", "#8471"]);
    assert_eq!(synonyms.len(), 3);
}

#[test]
fn plurals_and_typing_errors_find_their_key() {
    let synonyms = Synonyms::default();
    let laptop = phrases(&synonyms, &["laptop"]);
    assert_eq!(phrases(&synonyms, &["laptops"]), laptop);
    assert_eq!(phrases(&synonyms, &["mobile", "phones"]), phrases(&synonyms, &["mobile", "phone"]));
    assert_eq!(synonyms.of_mistyped("latpop"), synonyms.of(&["laptop"]));
    assert_eq!(synonyms.of_mistyped("pcc"), None);
}

#[test]
fn the_built_in_table_contains_each_key_once() {
    let phrases: std::collections::BTreeSet<_> = table::TABLE.iter().map(|(key, _)| key_of(key)).collect();
    assert_eq!(phrases.len(), table::TABLE.len());
    let names: Vec<_> = goods::goods().flat_map(|(names, _)| names.split(", ")).map(key_of).collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(BUILT_IN.len() >= 1500 && BUILT_IN.keys().all(|key| key.split(' ').count() <= MAX_KEY_WORDS));
    assert!(BUILT_IN.values().all(|phrases| (1..=MAX_PHRASES).contains(&phrases.len())));
}

#[test]
fn a_phrase_may_be_a_code() {
    let synonyms = read("{\"gizmo\":[\"#8471.30\",\"# toys\"]}").unwrap();
    assert_eq!(phrases(&synonyms, &["gizmos"]), ["#847130", "toys"]);
    let mut decoded = Synonyms::default();
    synonyms.records().iter().for_each(|record| decoded.push_record(record).unwrap());
    assert_eq!(decoded, synonyms);
}

#[test]
fn keys_are_found_in_other_spellings() {
    let synonyms = Synonyms::default();
    for (word, other) in [("tire", "tyre"), ("jewelry", "jewellery"), ("yogurt", "yoghurt"), ("airplane", "aeroplane")]
    {
        assert_eq!(synonyms.of(&[word]).map(<[_]>::last), synonyms.of(&[other]).map(<[_]>::last), "{word}");
    }
}

#[test]
fn errors_are_reported() {
    let form = "a table of synonyms is a JSON object {\"word\":[\"phrase\",..],..}";
    let cases = [
        ("[]", form),
        ("{\"a\":\"b\"}", form),
        ("{\"a\":[\"b\"]} x", form),
        ("{\"a\":[\"b\"],\"A\":[\"c\"]}", "a key occurs twice"),
        ("{\"-\":[\"b\"]}", "a key is 1 to 4 words of at most 256 bytes"),
        ("{\"a b c d e\":[\"b\"]}", "a key is 1 to 4 words of at most 256 bytes"),
        ("{\"a\":[\"\"]}", "a phrase is 1 to 16 words of at most 256 bytes"),
    ];
    for (text, reason) in cases {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{reason} (line 1")), "{text}: {error}");
    }
    let many = format!("{{\"a\":[{}\"b\"]}}", "\"b\",".repeat(16));
    assert!(read(&many).unwrap_err().to_string().starts_with("a key has more than 16 phrases"));
    assert!(read(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_table_survives_its_byte_form() {
    let entries: Vec<String> = (0..5000).map(|i| format!("\"W\u{23a}{i}\":[\"phrase {i}\",\"b\"]")).collect();
    let synonyms = read(&format!("{{{}}}", entries.join(","))).unwrap();
    let records = synonyms.records();
    assert!(records.len() > 1 && records.iter().all(|record| record.len() <= 60 << 10));
    let mut decoded = Synonyms::default();
    records.iter().for_each(|record| decoded.push_record(record).unwrap());
    assert_eq!(decoded, synonyms);
    assert!(decoded.push_record(&records[0]).is_err(), "a key occurs twice");
    assert!(Synonyms::default().push_record(b"{").is_err());
    assert!(Synonyms::default().records().is_empty());
}
