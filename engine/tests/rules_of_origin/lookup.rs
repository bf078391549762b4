//! Lookup and search of codes and rules; names of subjects; the content of a document besides its verdict.

use assess_engine::Budget;
use assess_engine::Error;
use assess_engine::Progress;
use assess_engine::model::{LabelSet, Model};
use assess_engine::origin::{FindFilter, FindKind, OriginModel, Relation, RuleFilter};
use serde_json::Value;

use super::{assess, model, query, text, texts, today};

const RULES: &[u8] = br#"{"format":"roo/1","agreement":"x","parties":["AA","BB"],"hs_version":2017,
"cumulation":{"bilateral":{"countries":["AA"]}},"texts":["chapter","heading","sub","old","first kind","second kind"],"rules":[
{"id":"c","from":"010000","to":"019999","alternatives":[{"t":0,"expr":{"ah":true}}]},
{"id":"h","from":"010100","to":"010199","alternatives":[{"t":1,"expr":{"ctc":"CTH"}},{"t":0}]},
{"id":"s","from":"010121","to":"010121","valid_from":"2026-01-01","article":"Art 3","alternatives":[{"t":2,"expr":{"ctc":"CC"}}]},
{"id":"o","from":"010121","to":"010121","valid_to":"2025-12-31","alternatives":[{"t":3,"expr":{"ah":true}}]},
{"id":"k1","from":"020110","to":"020110","subdivision":"First kind","alternatives":[{"t":4,"expr":{"ah":true}}]},
{"id":"k2","from":"020110","to":"020110","subdivision":"Second kind","alternatives":[{"t":5,"expr":{"ctc":"CC"}}]},
{"id":"p1","from":"020210","to":"020210","priority":1,"alternatives":[{"t":4,"expr":{"ah":true}}]},
{"id":"p0","from":"020210","to":"020210","alternatives":[{"t":5,"expr":{"ctc":"CC"}}]}]}"#;

const CODES: &[u8] = b"section,hscode,description,parent,level\nTOTAL,TOTAL,Total of all HS 2022 commodities,TOTAL,0\nI,01,Animals; live,TOTAL,2\nI,0101,Horses,01,4\nI,010121,Horses; pure-bred,0101,6\nI,010129,Horses; other,0101,6\n";

fn small() -> OriginModel {
    model(&[RULES, CODES, b"section,name\nI,live animals\n"])
}

fn ids(documents: &[Vec<u8>], name: &str) -> Vec<String> {
    documents.iter().map(|document| text(&serde_json::from_slice(document).unwrap(), name).to_owned()).collect()
}

#[test]
fn rules_are_found_the_most_specific_first() {
    let model = small();
    let found = |filter: RuleFilter<'_>| ids(&model.rules(&RuleFilter { limit: 100, ..filter }).unwrap(), "id");
    assert_eq!(found(RuleFilter { hs: Some(b"0101.21"), ..RuleFilter::default() }), ["s", "o", "h", "c"]);
    assert_eq!(
        found(RuleFilter { hs: Some(b"010121"), date: Some(today()), ..RuleFilter::default() }),
        ["s", "h", "c"]
    );
    assert_eq!(found(RuleFilter { hs: Some(b"010190"), ..RuleFilter::default() }), ["h", "c"]);
    assert_eq!(found(RuleFilter { hs: Some(b"02"), ..RuleFilter::default() }), ["p1", "k1", "k2", "p0"]);
    assert_eq!(found(RuleFilter { party: Some(b"aa"), ..RuleFilter::default() }).len(), 8);
    assert!(found(RuleFilter { party: Some(b"ZZ"), ..RuleFilter::default() }).is_empty());
    assert!(found(RuleFilter { agreement: Some(b"y"), ..RuleFilter::default() }).is_empty());
    assert_eq!(model.rules(&RuleFilter { limit: 2, ..RuleFilter::default() }).unwrap().len(), 2);
    assert!(model.rules(&RuleFilter { hs: Some(b"1"), ..RuleFilter::default() }).is_err());
    let first = model.rules(&RuleFilter { hs: Some(b"010190"), limit: 1, ..RuleFilter::default() }).unwrap();
    assert_eq!(
        String::from_utf8(first[0].clone()).unwrap(),
        r#"{"agreement":"x","id":"h","from":"010100","to":"010199","subdivision":null,"valid_from":null,"valid_to":null,"priority":0,"alternatives":[{"text":"heading","parsed":true},{"text":"chapter","parsed":false}]}"#
    );
}

/// Of overlapping, equally specific ranges, the one with the first rule applies, whatever begins before it.
#[test]
fn among_equally_specific_ranges_priority_then_day_then_id_decide() {
    let rule = |id: &str, from: u32, more: &str, expr: &str| {
        format!(
            r#"{{"id":"{id}","from":"{from:06}","to":"{:06}"{more},"alternatives":[{{"t":0,"expr":{expr}}}]}}"#,
            from + 9
        )
    };
    let of = |rules: &[String]| {
        let document = String::from_utf8(super::agreement(r#"{"ctc":"CTH"}"#)).unwrap();
        let document = document.replacen(r#""rules":["#, &format!(r#""rules":[{},"#, rules.join(",")), 1);
        let model = model(&[document.as_bytes()]);
        let filter = RuleFilter { hs: Some(b"010110"), ..RuleFilter::default() };
        let listed = ids(&model.rules(&filter).unwrap(), "id");
        let facts = r#"{"bom":[{"hs":"010110","origin":"CN","value":50}],"exw":100}"#;
        let document = assess(&model, &["010110", "AA", "BB", facts]).unwrap();
        let cited: Vec<_> =
            document["citations"].as_array().unwrap().iter().map(|cited| text(cited, "rule").to_owned()).collect();
        (listed, cited, text(&document, "verdict").to_owned())
    };
    let (yes, no) = (r#"{"ah":true}"#, r#"{"ctc":"CTH"}"#);
    let (listed, cited, verdict) =
        of(&[rule("a", 10_105, "", no), rule("b", 10_108, r#","priority":1"#, yes), rule("c", 10_101, "", no)]);
    assert_eq!(listed, ["b", "a", "c", "test:1"]);
    assert_eq!((cited, &*verdict), (vec!["b".to_owned()], "qualified"));
    let (_, cited, verdict) = of(&[rule("a", 10_105, "", no), rule("b", 10_108, r#","valid_from":"2024-01-01""#, yes)]);
    assert_eq!((cited, &*verdict), (vec!["b".to_owned()], "qualified"));
    let (_, cited, verdict) = of(&[rule("b", 10_105, "", no), rule("a", 10_108, "", yes)]);
    assert_eq!((cited, &*verdict), (vec!["a".to_owned()], "qualified"));
    // Candidates belong to the range of the first rule, never to another one.
    let (_, cited, verdict) = of(&[
        rule("x", 10_103, r#","subdivision":"one","priority":8"#, no),
        rule("y", 10_105, r#","subdivision":"one","priority":9"#, yes),
        rule("z", 10_105, r#","subdivision":"two""#, yes),
        rule("w", 10_103, r#","subdivision":"three","priority":7"#, no),
    ]);
    assert_eq!((cited, &*verdict), (vec!["y".to_owned(), "z".to_owned()], "qualified"));
}

#[test]
fn ten_rules_are_returned_by_default() {
    assert_eq!(RuleFilter::default().limit, 10);
    assert_eq!(small().rules(&RuleFilter::default()).unwrap().len(), 8);
}

#[test]
fn the_rule_in_force_is_applied() {
    let model = small();
    let facts =
        |date: &str| format!(r#"{{"date":"{date}","bom":[{{"hs":"010290","origin":"CN","value":1}}],"exw":10}}"#);
    let of = |date: &str| assess(&model, &["010121", "AA", "BB", &facts(date)]).unwrap();
    assert_eq!(of("2026-08-01")["citations"][0]["rule"], "s");
    assert_eq!(of("2026-08-01")["citations"][0]["article"], "Art 3");
    assert_eq!(of("2026-08-01")["verdict"], "not_qualified");
    assert_eq!(of("2025-12-31")["citations"][0]["rule"], "o");
    assert_eq!(of("2025-12-31")["verdict"], "qualified");
    let higher = assess(&model, &["020210", "AA", "BB", &facts("2026-08-01")]).unwrap();
    assert_eq!((&higher["citations"][0]["rule"], &higher["candidates"]), (&"p1".into(), &Value::Array(Vec::new())));
}

#[test]
fn products_of_several_kinds_are_decided_by_their_name() {
    let model = small();
    let of = |facts: &str| assess(&model, &["020110", "AA", "BB", facts]);
    let bom = r#""bom":[{"hs":"020120","origin":"CN","value":1}],"exw":1"#;
    let open = of(&format!("{{{bom}}}")).unwrap();
    assert_eq!(
        (text(&open, "verdict"), texts(&open, "missing")),
        ("insufficient_information", vec!["subdivision".to_owned()])
    );
    assert!(texts(&open, "reasons").contains(&"candidates".to_owned()));
    let verdicts: Vec<_> = open["candidates"].as_array().unwrap().iter().map(|rule| text(rule, "verdict")).collect();
    assert_eq!(verdicts, ["qualified", "not_qualified"]);
    for (name, verdict) in [("First kind", "qualified"), ("k1", "qualified"), ("second KIND", "not_qualified")] {
        let named = of(&format!(r#"{{{bom},"subdivision":"{name}"}}"#)).unwrap();
        assert_eq!((text(&named, "verdict"), named["candidates"].as_array().unwrap().len()), (verdict, 0), "{name}");
    }
    assert!(matches!(of(&format!(r#"{{{bom},"subdivision":"third"}}"#)), Err(Error::Invalid(_))));
    let agreed = of(r#"{"bom":[{"hs":"0101","origin":"CN","value":1}],"exw":1}"#).unwrap();
    assert_eq!((text(&agreed, "verdict"), agreed["candidates"].as_array().unwrap().len()), ("qualified", 2));
}

#[test]
fn codes_without_rules_and_unknown_codes_are_reported() {
    let model = small();
    let reasons = |hs: &str, facts: &str| texts(&assess(&model, &[hs, "AA", "BB", facts]).unwrap(), "reasons");
    assert_eq!(reasons("990000", "{}"), ["not_covered", "hs_edition", "unknown_code"]);
    assert_eq!(reasons("010129", "{}"), ["unparsed", "missing_facts"]);
    assert_eq!(reasons("990000", r#"{"wholly_obtained":true}"#), ["wholly_obtained", "hs_edition", "unknown_code"]);
    assert_eq!(
        reasons("010129", r#"{"wholly_obtained":true,"direct_transport":false}"#),
        ["wholly_obtained", "transport"]
    );
    let small = r#"{"minimal_operations_only":true,"bom":[{"hs":"02","origin":"AA","originating":true}]}"#;
    assert_eq!(reasons("010129", small), ["originating_materials", "minimal_operations"]);
}

#[test]
fn codes_are_looked_up_with_their_relatives() {
    let model = small();
    let codes = |code: &[u8], relation| ids(&model.hs(code, relation).unwrap(), "code");
    assert_eq!(codes(b"0101", Relation::Alone), ["0101"]);
    assert_eq!(codes(b"01.01", Relation::Children), ["010121", "010129"]);
    assert_eq!(codes(b"0101.21.00", Relation::Parents), ["0101", "01"]);
    assert!(matches!(model.hs(b"02", Relation::Alone), Err(Error::NoSubject(_))));
    assert!(matches!(OriginModel::empty().hs(b"01", Relation::Alone), Err(Error::NoSubject(_))));
}

#[test]
fn words_are_searched_once_the_index_is_complete() {
    let model = small();
    let filter = |kind| FindFilter { kind, section: None, chapter: None, level: None, limit: 5 };
    assert_eq!(model.find(b"horse", &filter(FindKind::Hs)), Err(Error::NotReady));
    assert!(!model.ready() && model.known_digest().is_none());
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(model.ready() && model.known_digest() == Some(model.digest()));
    assert_eq!(ids(&model.find(b"horses", &filter(FindKind::Hs)).unwrap(), "code")[0], "0101");
    let mut second = ids(&model.find(b"second", &filter(FindKind::Rules)).unwrap(), "id");
    second.sort_unstable();
    assert_eq!(second, ["k2", "p0"]);
    let of_chapter = FindFilter { chapter: Some(b"01"), ..filter(FindKind::Rules) };
    assert!(model.find(b"second", &of_chapter).unwrap().is_empty());
    assert_eq!(model.labels(LabelSet::Agreements), Some(vec!["x".to_owned()]));
}

#[test]
fn equal_queries_have_equal_names() {
    let model = small();
    let name = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        let mut name = Vec::new();
        model.canonical(&words, &query(), &mut name).unwrap();
        String::from_utf8(name).unwrap()
    };
    assert_eq!(name(&["8471.30.01", "mx", "us"]), "847130:MX:US:date=2026-08-01");
    assert_eq!(name(&["847130", "MX", "US", "{}"]), "847130:MX:US:date=2026-08-01");
    assert_eq!(name(&["847130", "MX", "US", r#"{"date":"2025-01-01"}"#]), "847130:MX:US:date=2025-01-01");
    let digest = name(&["847130", "MX", "US", r#"{"exw":1.0}"#]);
    assert_eq!(digest.len(), 32);
    assert_eq!(name(&["847130", "mx", "us", r#"{"fob":null,"exw":1,"date":"2026-08-01"}"#]), digest);
    assert_ne!(name(&["847130", "MX", "US", r#"{"fob":1}"#]), digest);
}

#[test]
fn a_record_has_the_result_of_an_assessment() {
    let model = small();
    let words = [&b"0101.29"[..], b"aa", b"BB"];
    let mut document = Vec::new();
    let identity = assess_engine::model::Identity { name: b"m", version: 3 };
    model.assess(&identity, &words, &query(), &mut document).unwrap();
    let record = model.record(&words, &document);
    assert_eq!((&*record.subject, &*record.agreement, &*record.hs), ("010129:AA:BB", "x", "010129"));
    assert_eq!((&*record.status, record.confidence), ("insufficient_information", Some(0.5)));
    assert!(document.starts_with(br#"{"model":"m","version":3,"kind":"origin","agreement":"x","hs":"010129","origin":"AA","destination":"BB","date":"2026-08-01","verdict":"insufficient_information","confidence":0.5,"reasons":["#));
}

#[test]
fn a_value_of_zero_is_treated_as_missing() {
    let found = |expr: &str, facts: &str| {
        let facts = format!(r#"{{"bom":[{{"hs":"010121","origin":"CN","value":5,"weight":5}}],{facts}}}"#);
        let document = assess(&model(&[&super::agreement(expr)]), &["847130", "AA", "BB", &facts]).unwrap();
        (text(&document, "verdict").to_owned(), texts(&document, "missing"))
    };
    let unknown = |name: &str| ("insufficient_information".to_owned(), vec![name.to_owned()]);
    let met = ("qualified".to_owned(), Vec::new());
    assert_eq!(found(r#"{"maxnom":50}"#, r#""exw":0"#), unknown("exw"));
    assert_eq!(found(r#"{"rvc":50,"method":"net_cost"}"#, r#""net_cost":0.0"#), unknown("net_cost"));
    assert_eq!(found(r#"{"maxwt":50,"of":["01"]}"#, r#""weight":0"#), unknown("weight"));
    assert_eq!(found(r#"{"maxnom":50,"base":"exw|fob"}"#, r#""exw":0,"fob":10"#), met);
}

#[test]
fn cumulation_covers_every_party_with_proof_and_the_other_countries_listed() {
    let document = String::from_utf8(super::agreement(r#"{"ctc":"CTH"}"#)).unwrap();
    let listed = r#"{"bilateral":{"countries":["AA","BB"]}}"#;
    let found = |cumulation: &str, origin: &str, proof: bool| {
        let document = document.replacen(listed, cumulation, 1).replacen(
            r#""parties":["AA","BB"]"#,
            r#""parties":["AA","BB"],"members":{"BB":["CC"]}"#,
            1,
        );
        let facts =
            format!(r#"{{"bom":[{{"hs":"847130","origin":"{origin}","value":50,"proof":{proof}}}],"exw":100}}"#);
        text(&assess(&model(&[document.as_bytes()]), &["847130", "AA", "BB", &facts]).unwrap(), "verdict")
            == "qualified"
    };
    // The list of one side leaves out that side, and concerns the others.
    for cumulation in
        [r#"{"bilateral":{"countries":["AA"]}}"#, r#"{"full":{}}"#, r#"{"extended":{"countries":["AD"]}}"#]
    {
        for party in ["BB", "CC"] {
            assert!(found(cumulation, party, true) && !found(cumulation, party, false), "{cumulation} {party}");
        }
        assert_eq!(found(cumulation, "AD", true), cumulation.contains("AD"), "{cumulation}");
        assert!(!found(cumulation, "CN", true));
    }
    assert!(!found("{}", "BB", true));
}
