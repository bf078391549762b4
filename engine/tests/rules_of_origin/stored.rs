//! The byte form: a stored model is restored equal, and damage is detected.

use std::fs;

use assess_engine::Error;
use assess_engine::model::{Field, Kind, Model, codec::preamble};
use assess_engine::origin::{OriginDecoder, OriginModel};

use super::{agreement, assess, model};
use crate::reference;

const OVERRIDES: &[u8] = br#"{"format":"roo/1","agreement":"test","texts":["another"],
    "rules":[{"id":"test:1","valid_to":null,"alternatives":[{"t":0,"expr":{"maxnom":20},"verified":true}]},{"id":"gone","valid_from":"2021-01-01"}]}"#;

fn decoded(frames: &[Vec<u8>]) -> Result<OriginModel, Error> {
    let (first, rest) = frames.split_first().unwrap();
    assert_eq!(first[..2], preamble(Kind::Origin));
    let mut decoder = OriginDecoder::begin(&first[2..])?;
    for frame in rest {
        decoder.push(frame)?;
    }
    decoder.finish()
}

fn frames(model: &OriginModel) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|index| model.frame(index)).collect()
}

/// The info of a model except its size, which depends on how its lists grew.
fn info_of(model: &OriginModel) -> Vec<(&'static str, Field)> {
    model.info().into_iter().filter(|(name, _)| *name != "bytes").collect()
}

fn small() -> OriginModel {
    let expr = r#"{"any":[{"ctc":"CTH","except":["8473","84-85","same:6"]},{"all":[{"maxnom":50.5,"of":["1701"]},{"ref":"m"}]},null]}"#;
    let document = String::from_utf8(agreement(expr)).unwrap();
    let document = document.replacen('{', r#"{"macros":{"m":{"any":[{"rvc":40,"method":"build_up","base":"exw|fob"},{"process":["a \"b\""]}]}},"members":{"BB":["CC","DD"]},"source":{"repository":"x"},"article":"Annex 1","#, 1);
    let document = document.replacen(r#""id":"test:1","#, r#""id":"test:1","article":"Art 4","source":"y","#, 1);
    let codes: &[u8] = b"section,hscode,description,parent,level\nTOTAL,TOTAL,Total HS 2022,TOTAL,0\nI,01,Animals,TOTAL,2\nI,0101,Horses,01,4\nI,010121,Pure-bred,0101,6\n";
    model(&[codes, b"section,name\nI,animals\n", br#"{"nag":["horse"]}"#, document.as_bytes(), OVERRIDES])
}

#[test]
fn a_model_is_restored_equal() {
    let model = small();
    let stored = frames(&model);
    let back = decoded(&stored).unwrap();
    assert_eq!(frames(&back), stored);
    assert_eq!(back.digest(), model.digest());
    assert_eq!(info_of(&back), info_of(&model));
    let words = ["010121", "AA", "CC", r#"{"bom":[{"hs":"0101","origin":"CN","value":15}],"exw":100}"#];
    assert_eq!(assess(&back, &words).unwrap(), assess(&model, &words).unwrap());
    assert!(model.frame(model.frames()).is_empty());
}

#[test]
fn the_info_of_a_model_is_right_with_overrides_in_it() {
    let with_rules = |n: usize| {
        let rule = |i: usize| {
            format!(
                r#"{{"id":"r{i}","from":"{i:06}","to":"{i:06}","alternatives":[{{"t":0,"expr":{{"ctc":"CTH"}}}},{{"t":0}}]}}"#
            )
        };
        let rules: Vec<_> = (0..n).map(rule).collect();
        let document = String::from_utf8(agreement(r#"{"ctc":"CTH"}"#)).unwrap();
        let document = document.replacen(r#""rules":["#, &format!(r#""rules":[{},"#, rules.join(",")), 1);
        let patch = r#"{"format":"roo/1","agreement":"test","texts":["t"],"rules":[{"id":"r0","alternatives":[{"t":0,"expr":{"ah":true}}]}]}"#;
        model(&[document.as_bytes(), patch.as_bytes()])
    };
    let (small, large) = (with_rules(10), with_rules(40_000));
    assert_eq!(large.rule_count(), 40_001);
    let field = |name: &str| large.info().into_iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(field("agreements"), Field::List(vec!["test: 40001 rules, 39999 unparsed".to_owned()]));
    assert_eq!(field("bytes"), Field::Integer(large.bytes()));
    assert!(large.bytes() > 100 * small.bytes());
}

#[test]
fn the_empty_model_is_restored() {
    assert_eq!(decoded(&frames(&OriginModel::empty())).unwrap().frames(), 1);
}

#[test]
fn the_real_models_are_restored_equal_from_small_frames() {
    let test = "the_real_models_are_restored_equal_from_small_frames";
    let (Some(roo), Some(hs)) = (reference::find(test, "roo"), reference::find(test, "hs")) else { return };
    let names = [hs.join("harmonized-system.csv"), hs.join("sections.csv")];
    let rules = ["eu", "cptpp", "india"].map(|name| roo.join(name).with_extension("json"));
    let documents: Vec<_> = names.iter().chain(&rules).map(|path| fs::read(path).unwrap()).collect();
    let documents: Vec<_> = documents.iter().map(Vec::as_slice).collect();
    let model = model(&documents);
    let stored = frames(&model);
    assert!(stored.iter().all(|frame| frame.len() <= 64 << 10));
    let back = decoded(&stored).unwrap();
    assert_eq!(frames(&back), stored);
    assert_eq!(info_of(&back), info_of(&model));
}

#[test]
fn the_order_of_agreement_and_overrides_does_not_matter() {
    let first = agreement(r#"{"maxnom":10}"#);
    let (a, b) = (model(&[&first, OVERRIDES]), model(&[OVERRIDES, &first]));
    assert_eq!(a.digest(), b.digest());
    let words = ["010121", "AA", "BB", r#"{"bom":[{"hs":"0101","origin":"CN","value":15}],"exw":100}"#];
    let document = assess(&a, &words).unwrap();
    assert_eq!((&document["verdict"], &document["confidence"]), (&"qualified".into(), &0.99.into()));
    assert_eq!(document["citations"][0]["text"], "another");
    assert_eq!(assess(&b, &words).unwrap(), document);
    let without = a.without_agreement(b"test").unwrap();
    assert_eq!(without.frames(), 1);
    assert!(without.without_agreement(b"test").is_none());
}

#[test]
fn damaged_frames_are_refused_or_make_another_model() {
    let model = small();
    let stored = frames(&model);
    for cut in 1..stored.len() {
        assert!(matches!(decoded(&stored[..cut]), Err(Error::Corrupt(_))), "{cut}");
    }
    let mut twice = stored.clone();
    twice.push(stored[1].clone());
    assert!(decoded(&twice).is_err());
    for frame in 1..stored.len() {
        for byte in 0..stored[frame].len() {
            let mut damaged = stored.clone();
            damaged[frame][byte] ^= 0x15;
            let is_same = |frames: &[Vec<u8>]| decoded(frames).is_ok_and(|back| back.digest() == model.digest());
            assert!(!is_same(&damaged), "frame {frame}, byte {byte}");
            damaged[frame].truncate(byte);
            assert!(!is_same(&damaged), "frame {frame} cut at {byte}");
        }
    }
}
