//! Input that must be refused, and how.

use assess_engine::model::Model;
use assess_engine::origin::{LoadOptions, OriginModel, load};
use assess_engine::{Error, Progress};

use super::{agreement, assess, model, query, texts};

fn refused(document: &[u8]) -> String {
    match load(document, &LoadOptions::default(), &Progress::default()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("the document was accepted"),
    }
}

fn with(replaced: &str, by: &str) -> Vec<u8> {
    let document = String::from_utf8(agreement(r#"{"ctc":"CTH"}"#)).unwrap();
    assert!(document.contains(replaced));
    document.replacen(replaced, by, 1).into_bytes()
}

#[test]
fn expressions_that_might_be_misread_are_refused() {
    let cases = [
        (r#"{"ctc":"CT"}"#, "ctc is CC, CTH or CTSH"),
        (r#"{"ctc":"CTH","but":["8473"]}"#, "an expression has an operator or a word that is not known"),
        (r#"{"ctc":"CTH","of":["8473"]}"#, "ctc is given a word that it does not use"),
        (r#"{"ctc":"CTH","maxnom":50}"#, "an expression has two operators"),
        (r#"{"except":["8473"]}"#, "an expression has no operator"),
        (r#"{"maxnom":101}"#, "a limit is a number from 0 to 100"),
        (r#"{"maxnom":-1}"#, "a limit is a number from 0 to 100"),
        (r#"{"maxnom":1e999}"#, "a limit is a number from 0 to 100"),
        (r#"{"maxnom":50,"base":"fob|fob"}"#, "base is exw"),
        (r#"{"maxwt":50}"#, "maxwt needs of"),
        (r#"{"rvc":50}"#, "rvc needs a method"),
        (r#"{"rvc":50,"method":"focused"}"#, "rvc needs of"),
        (r#"{"any":[]}"#, "any and all must not be empty"),
        (r#"{"wo":false}"#, "only true is allowed here"),
        (r#"{"wo":["8471-84"]}"#, ""),
        (r#"{"wo":["9-8"]}"#, "a code is 2, 4 or 6 digits"),
        (r#"{"ctc":"CTH","ctc":"CC"}"#, "ctc occurs twice"),
        (r#"{"ref":"nowhere"}"#, "an expression names a macro that the agreement does not have"),
        (r#"[{"ctc":"CTH"}]"#, "an object is expected"),
    ];
    for (expr, expected) in cases {
        if expected.is_empty() {
            // A range may end with a shorter code.
            model(&[&agreement(expr)]);
            continue;
        }
        let error = refused(&agreement(expr));
        assert!(error.starts_with(expected), "{expr}: {error}");
        assert!(error.contains("(line "), "{error}");
    }
}

#[test]
fn macros_neither_refer_to_themselves_nor_grow_without_bound() {
    let document = |macros: &str| {
        let document = String::from_utf8(agreement(r#"{"ref":"m0"}"#)).unwrap();
        document.replacen('{', &format!(r#"{{"macros":{{{macros}}},"#), 1).into_bytes()
    };
    assert!(refused(&document(r#""m0":{"ref":"m0"}"#)).contains("a macro names itself"));
    assert!(
        refused(&document(r#""m0":{"all":[{"ctc":"CC"},{"ref":"m1"}]},"m1":{"ref":"m0"}"#))
            .contains("a macro names itself")
    );
    let doubling: Vec<_> =
        (0..30).map(|i| format!(r#""m{i}":{{"all":[{{"ref":"m{}"}},{{"ref":"m{}"}}]}}"#, i + 1, i + 1)).collect();
    let doubling = format!(r#"{},"m30":{{"ah":true}}"#, doubling.join(","));
    assert!(refused(&document(&doubling)).contains("more than 10000 parts"));
    let chain: Vec<_> = (0..40).map(|i| format!(r#""m{i}":{{"ref":"m{}"}}"#, i + 1)).collect();
    assert!(refused(&document(&format!(r#"{},"m40":{{"ah":true}}"#, chain.join(",")))).contains("32 deep"));
    model(&[&document(r#""m0":{"any":[{"ref":"m1"},{"ref":"m1"}]},"m1":{"ah":true}"#)]);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{{\"ah\":true}}{}", r#"{"any":["#.repeat(depth), "]}".repeat(depth));
    model(&[&agreement(&nested(25))]);
    assert!(refused(&agreement(&nested(32))).contains("nested"));
    assert!(refused(&agreement(&"[".repeat(10_000))).contains("nested too deeply"));
    let skipped = with(r#""title":"test""#, &format!(r#""title":"test","source":{{"note":{}"#, "[".repeat(10_000)));
    assert!(refused(&skipped).contains("nested too deeply"));
    let many = format!(r#"{{"any":[{}]}}"#, vec![r#"{"ah":true}"#; 10_000].join(","));
    assert!(refused(&agreement(&many)).contains("more than 10000 parts"));
}

#[test]
fn inconsistent_agreements_are_refused() {
    let cases = [
        (r#""format":"roo/1""#, r#""format":"roo/2""#, "the format is not roo/1"),
        (r#""agreement":"test""#, r#""agreement":"te st""#, "the id of an agreement"),
        (r#""AA","BB"]"#, r#""AA"]"#, "an agreement needs at least two parties"),
        (r#""AA","BB"]"#, r#""AA","BB","aa"]"#, "a party occurs twice"),
        (r#""AA","BB"]"#, r#""AA","B B"]"#, "a country or party is"),
        (r#""title":"test""#, r#""members":{"CC":["DD"]}"#, "members are given for a name that is not a party"),
        (r#""title":"test""#, r#""members":{"AA":["DD"],"BB":["DD"]}"#, "a country is a member twice"),
        (r#""title":"test""#, r#""members":{"AA":["BB"]}"#, "a party is a member of another"),
        (r#""t":0"#, r#""t":1"#, "an alternative refers to a text that does not exist"),
        (r#""t":0"#, r#""t":-1"#, "t is the place of a text"),
        (r#""from":"000000""#, r#""from":"0000""#, "from and to are codes of 6 digits"),
        (r#""to":"999999""#, r#""to":"999999","to":"999999""#, "to occurs twice"),
        (r#""to":"999999""#, r#""to":"999999","unless":1"#, "a rule has a field that is not known"),
        (r#""pct":10"#, r#""pct":10,"per":1"#, "the tolerance has a word that is not known"),
        (r#""valid_from":"2020-01-01""#, r#""valid_from":"2020-02-30""#, "a day is written"),
        (r#""title":"test""#, r#""title":"test""#, ""),
    ];
    for (replaced, by, expected) in cases {
        let document = with(replaced, by);
        if expected.is_empty() {
            model(&[&document]);
        } else {
            assert!(refused(&document).starts_with(expected), "{by}: {}", refused(&document));
        }
    }
    for document in [&b""[..], b"{", b"{}x", b"\xff{}", b"nothing,of,this\n", b"[]"] {
        refused(document);
    }
}

/// An ignored field with a misspelt name would change verdicts.
#[test]
fn unknown_fields_are_refused_by_name() {
    let cases = [
        (
            r#""title":"test""#,
            r#""valid_until":"2030-12-31""#,
            "the document has a field that is not known: valid_until",
        ),
        (r#""tolerance":"#, r#""tolerence":"#, "the document has a field that is not known: tolerence"),
        (r#""pct":10"#, r#""pct":10,"wt_pct":1"#, "the tolerance has a word that is not known: wt_pct"),
        (r#""bilateral""#, r#""bilatral""#, "a kind of cumulation is not known: bilatral"),
        (r#""countries""#, r#""country""#, "cumulation has a field that is not known: country"),
        (r#""countries":["#, r#""countries":[],"countries":["#, "countries occurs twice"),
        (r#""to":"999999""#, r#""to":"999999","valid_until":1"#, "a rule has a field that is not known: valid_until"),
        (r#""t":0"#, r#""t":0,"verifed":true"#, "an alternative has a field that is not known: verifed"),
        (r#""title":"test""#, "\"t\u{ef}tle\":1", "the document has a field that is not known (line"),
        (r#""title":"test""#, r#""ti\ntle":1"#, "the document has a field that is not known (line"),
        (r#""parties""#, r#""partys""#, "the document has a field that is not known: partys"),
    ];
    for (replaced, by, expected) in cases {
        let error = refused(&with(replaced, by));
        assert!(error.starts_with(expected), "{by}: {error}");
    }
    let long = "x".repeat(1_000);
    assert!(refused(&with(r#""title""#, &format!(r#""{long}""#))).len() < 100);
    let overrides = |more: &str, of_rule: &str| {
        format!(r#"{{"format":"roo/1","agreement":"test","texts":["t"]{more},"rules":[{{"id":"test:1"{of_rule}}}]}}"#)
    };
    let error = refused(overrides(r#","valid_until":null"#, "").as_bytes());
    assert!(error.starts_with("the document has a field that is not known: valid_until"), "{error}");
    let error = refused(overrides("", r#","valid_until":"2030-01-01""#).as_bytes());
    assert!(error.starts_with("overrides change") && error.contains("of a rule only: valid_until"), "{error}");
    let error = refused(overrides("", r#","alternatives":[{"t":0,"exp":null}]"#).as_bytes());
    assert!(error.starts_with("an alternative has a field that is not known: exp"), "{error}");
    model(&[overrides(r#","title":"x","source":{"any":[1]}"#, "").as_bytes()]);
}

#[test]
fn every_known_field_is_accepted_and_cited() {
    let document = with(
        r#""title":"test""#,
        r#""title":"test","article":"Annex 1","source":{"url":"https://a.example","more":{"x":[1]}},"valid_to":null,"members":{"AA":["CC"]},"macros":{"m":{"ah":true}}"#,
    );
    let document = String::from_utf8(document).unwrap();
    let document = document
        .replacen(
            r#"{"bilateral":{"countries":["AA","BB"]}}"#,
            r#"{"bilateral":{"countries":[]},"diagonal":{"countries":["CN"]},"full":{},"extended":{"countries":[]}}"#,
            1,
        )
        .replacen(
            r#""alternatives":["#,
            r#""subdivision":null,"valid_from":null,"valid_to":null,"priority":1,"source":"https://b.example","alternatives":[{"t":0,"article":"Art 2","source":"c","verified":true,"expr":{"ctc":"CC"}},"#,
            1,
        );
    let model = model(&[document.as_bytes()]);
    let found = assess(&model, &["847130", "AA", "BB"]).unwrap();
    let cited = |i: usize| (found["citations"][i]["article"].clone(), found["citations"][i]["source"].clone());
    assert_eq!(cited(0), ("Art 2".into(), "c".into()));
    assert_eq!(cited(1), ("Annex 1".into(), "https://b.example".into()));
}

#[test]
fn impossible_subjects_are_refused() {
    let model = model(&[&agreement(r#"{"ctc":"CTH"}"#)]);
    let no_subject =
        |words: [&str; 3]| matches!(assess(&model, &words), Err(Error::NoSubject(_) | Error::BadSubject(_)));
    for hs in ["8", "84713000001", "8471", "847", "84713", "", "abcdef", "84713x", "+847130", "84713000000000"] {
        assert!(no_subject([hs, "AA", "BB"]), "{hs}");
    }
    // ZZ and GERMANY are names of no country, and of no agreement here.
    for country in ["ZZ", "Germany", "", "A", "A B", "AAAAAAAAAAAAAAAAA", "A\u{e4}"] {
        assert!(no_subject(["847130", country, "BB"]), "{country}");
        assert!(no_subject(["847130", "AA", country]), "{country}");
    }
    assert!(assess(&model, &["8471.30.00.00", "aa", "bb"]).is_ok());
    let lines = vec![r#"{"hs":"0101","origin":"AA"}"#; 100_000].join(",");
    let long = format!(r#"{{"bom":[{lines}]}}"#);
    assert!(matches!(assess(&model, &["847130", "AA", "BB", &long]), Err(Error::TooBig { .. })));
    let negative = r#"{"bom":[{"hs":"0101","origin":"AA","value":-1}]}"#;
    let error = assess(&model, &["847130", "AA", "BB", negative]).unwrap_err();
    assert!(matches!(&error, Error::Invalid(text) if text.starts_with("facts: bom: value: ")), "{error}");
    assert!(model.subject_len(&[b"847130", b"AA"], true).is_err());
    assert_eq!(model.subject_len(&[b"847130", b"AA", b"BB", b"NOCACHE"], true), Ok(3));
    assert_eq!(model.subject_len(&[b"847130", b"AA", b"BB", b"{}", b"847130"], false), Ok(4));
}

#[test]
fn agreements_are_selected_by_pair_and_day_or_by_name() {
    let text = String::from_utf8(agreement(r#"{"ctc":"CTH"}"#)).unwrap();
    let other = text.replacen(r#""agreement":"test""#, r#""agreement":"other""#, 1);
    let old = text.replacen("2020-01-01\"", "2010-01-01\",\"valid_to\":\"2019-12-31\"", 1).replacen(
        r#""agreement":"test""#,
        r#""agreement":"old""#,
        1,
    );
    let two = model(&[text.as_bytes(), other.as_bytes(), old.as_bytes()]);
    let error = assess(&two, &["847130", "AA", "BB"]).unwrap_err();
    assert_eq!(error.to_string(), "several agreements cover this pair, name one: other, test");
    let subject = [&b"847130"[..], b"AA", b"BB"];
    assert!(two.check(&subject, &query()).is_err());
    let named = |facts: &str| assess(&two, &["847130", "AA", "BB", facts]).unwrap();
    assert_eq!(named(r#"{"agreement":"test"}"#)["agreement"], "test");
    assert_eq!(texts(&named(r#"{"agreement":"old"}"#), "reasons"), ["date"]);
    assert_eq!(named(r#"{"date":"2015-01-01"}"#)["agreement"], "old");
    assert_eq!(texts(&named(r#"{"date":"2001-01-01"}"#), "reasons"), ["date"]);
    assert!(assess(&two, &["847130", "AA", "BB", r#"{"agreement":"none"}"#]).is_err());
    for (from, to, reason, confidence) in
        [("AA", "AA", "pair", 0.99), ("AA", "CN", "unknown_party", 0.5), ("CN", "JP", "unknown_party", 0.5)]
    {
        let document = assess(&two, &["847130", from, to]).unwrap();
        assert_eq!(texts(&document, "reasons"), [reason], "{from} {to}");
        assert_eq!((&document["verdict"], &document["confidence"]), (&"not_qualified".into(), &confidence.into()));
    }
    let empty = assess(&OriginModel::empty(), &["847130", "GB", "FR"]).unwrap();
    assert_eq!(texts(&empty, "reasons"), ["unknown_party"]);
}

#[test]
fn long_work_can_be_cancelled_and_is_estimated() {
    let leaves = vec![r#"{"ctc":"CTH"}"#; 3_000].join(",");
    let model = model(&[&agreement(&format!(r#"{{"all":[{leaves}]}}"#))]);
    let lines = vec![r#"{"hs":"010121","origin":"CN"}"#; 1_000].join(",");
    let facts = format!(r#"{{"bom":[{lines}]}}"#);
    let words = [&b"847130"[..], b"AA", b"BB", facts.as_bytes()];
    assert!(model.estimate(&words, &query()).as_millis() >= 10);
    // Without facts the conditions are evaluated as well.
    assert!((90..200).contains(&model.estimate(&words[..3], &query()).as_micros()));
    let progress = Progress::default();
    progress.cancel();
    let mut out = b"before".to_vec();
    let identity = assess_engine::model::Identity { name: b"m", version: 1 };
    let result = model.assess_while_wanted(&identity, &words, &query(), &progress, &mut out);
    assert_eq!((result, &out[..]), (Err(Error::Cancelled), &b"before"[..]));
}

#[test]
fn all_candidates_for_a_product_are_estimated() {
    let leaves = vec![r#"{"ctc":"CTH"}"#; 100].join(",");
    let document = |codes: &dyn Fn(usize) -> usize| {
        let rule = |i: usize| {
            let code = codes(i);
            format!(
                r#"{{"id":"r{i}","subdivision":"kind {i}","from":"{code:06}","to":"{code:06}","alternatives":[{{"t":0,"expr":{{"all":[{{"ref":"m"}},{{"any":[{{"ref":"m"}}]}}]}}}},{{"t":0}}]}}"#
            )
        };
        let rules: Vec<_> = (0..200).map(rule).collect();
        let document = with(r#""rules":["#, &format!(r#""rules":[{},"#, rules.join(",")));
        let document = String::from_utf8(document).unwrap();
        document.replacen('{', &format!(r#"{{"macros":{{"m":{{"any":[{leaves}]}}}},"#), 1).into_bytes()
    };
    let estimate = |codes: &dyn Fn(usize) -> usize, words: &[&[u8]]| {
        u64::try_from(model(&[&document(codes)]).estimate(words, &query()).as_nanos()).unwrap()
    };
    let words = [&b"847130"[..], b"AA", b"BB"];
    // One range has 200 rules with 201 conditions each; otherwise there is one rule.
    assert_eq!(estimate(&|_| 847_130, &words), 5_000 + 30 * 200 * 201);
    assert_eq!(estimate(&|i| i, &words), 5_000 + 30 * 201);
    let facts = [b' '; 270];
    assert_eq!(estimate(&|_| 847_130, &[words[0], words[1], words[2], &facts]), 5_000 + 30 * 270 + 30 * 200 * 201 * 11);
    assert_eq!(OriginModel::empty().estimate(&words, &query()).as_nanos(), 5_000);
}

/// Each condition may list each line as failing: the memory for that is bounded.
#[test]
fn too_many_conditions_for_too_many_lines_are_refused() {
    let many = vec![r#"{"ctc":"CTH"}"#; 100].join(",");
    let refs = |n: usize| vec![r#"{"ref":"m"}"#; n].join(",");
    let document = |n: usize| {
        let document = String::from_utf8(agreement(&format!(r#"{{"all":[{}]}}"#, refs(n)))).unwrap();
        document.replacen('{', &format!(r#"{{"macros":{{"m":{{"any":[{many}]}}}},"#), 1).into_bytes()
    };
    let facts = |n: usize, more: &str| {
        format!(r#"{{"bom":[{}]{more}}}"#, vec![r#"{"hs":"010121","origin":"CN"}"#; n].join(","))
    };
    let (most, more) = (model(&[&document(20)]), model(&[&document(21)]));
    let of = |model: &OriginModel, facts: &str| {
        let words = [&b"847130"[..], b"AA", b"BB", facts.as_bytes()];
        let found = assess(model, &["847130", "AA", "BB", facts]);
        assert_eq!(model.check(&words, &query()).err(), found.as_ref().err().cloned());
        found
    };
    assert_eq!(of(&most, &facts(10_000, "")).unwrap()["verdict"], "qualified");
    assert_eq!(of(&more, &facts(9_000, "")).unwrap()["verdict"], "qualified");
    let error = of(&more, &facts(10_000, "")).unwrap_err();
    assert!(matches!(error, Error::TooBig { limit: 20_000_000, .. }), "{error}");
    // Only the rules for the product count.
    let other = String::from_utf8(document(21)).unwrap().replacen(r#""to":"999999""#, r#""to":"499999""#, 1);
    assert_eq!(texts(&of(&model(&[other.as_bytes()]), &facts(10_000, "")).unwrap(), "reasons"), ["not_covered"]);
}

/// The number of conditions in the trace of a document is bounded.
#[test]
fn a_trace_is_bounded() {
    let leaves = vec![r#"{"ctc":"CTH"}"#; 3_000].join(",");
    let model = model(&[&agreement(&format!(r#"{{"all":[{leaves}]}}"#))]);
    let facts = r#"{"bom":[{"hs":"847130","origin":"CN","value":50}],"exw":100}"#;
    let document = assess(&model, &["847130", "AA", "BB", facts]).unwrap();
    assert_eq!(document["trace"].as_array().unwrap().len(), 2_000);
    assert_eq!(document["verdict"], "not_qualified");
}
