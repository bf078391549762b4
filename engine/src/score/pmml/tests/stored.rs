//! Programs as bytes, and files that mean harm.

use super::{assess, read};
use crate::model::{Model, Query};
use crate::score::{Rows, ScoreDecoder, ScoreModel};
use crate::{Budget, Error, Progress, Result};

/// A file with every kind of part: texts, fields of each expression, a chain, an ensemble, trees, a linear model.
const FILE: &str = r#"<PMML version="4.4"><Header/><DataDictionary>
<DataField name="a" optype="continuous" dataType="float"><Interval closure="closedClosed" leftMargin="-9" rightMargin="9"/></DataField>
<DataField name="c" optype="categorical" dataType="string"><Value value="u"/><Value value="v"/></DataField>
<DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField></DataDictionary>
<TransformationDictionary><DefineFunction name="twice" optype="continuous"><ParameterField name="x"/>
<Apply function="*"><FieldRef field="x"/><Constant>2</Constant></Apply></DefineFunction>
<DerivedField name="g" optype="continuous" dataType="double"><Apply function="twice"><FieldRef field="a"/></Apply></DerivedField>
</TransformationDictionary>
<MiningModel functionName="classification"><MiningSchema><MiningField name="a" missingValueReplacement="1"/>
<MiningField name="c" invalidValueTreatment="asMissing"/><MiningField name="y" usageType="target"/></MiningSchema>
<LocalTransformations>
<DerivedField name="n" optype="continuous" dataType="double"><NormContinuous field="g"><LinearNorm orig="0" norm="0"/><LinearNorm orig="4" norm="1"/></NormContinuous></DerivedField>
<DerivedField name="i" optype="continuous" dataType="double"><NormDiscrete field="c" value="v" mapMissingTo="0.5"/></DerivedField>
</LocalTransformations>
<Segmentation multipleModelMethod="modelChain"><Segment id="1"><True/>
<MiningModel functionName="regression"><MiningSchema><MiningField name="n"/><MiningField name="i"/></MiningSchema>
<Output><OutputField name="f" feature="predictedValue" dataType="double" optype="continuous"/></Output>
<Targets><Target rescaleConstant="0.25" rescaleFactor="2"/></Targets>
<Segmentation multipleModelMethod="sum">
<Segment><True/><TreeModel functionName="regression" missingValueStrategy="defaultChild"><MiningSchema/>
<Node defaultChild="l"><True/><Node id="l" score="1"><SimplePredicate field="n" operator="lessOrEqual" value="0.5"/></Node>
<Node id="r" score="2"><SimplePredicate field="n" operator="greaterThan" value="0.5"/></Node></Node></TreeModel></Segment>
<Segment><SimplePredicate field="c" operator="equal" value="u"/><RegressionModel functionName="regression"><MiningSchema/>
<RegressionTable intercept="-1"><NumericPredictor name="n" exponent="2" coefficient="3"/></RegressionTable></RegressionModel></Segment>
</Segmentation></MiningModel></Segment>
<Segment id="2"><True/><RegressionModel functionName="classification" normalizationMethod="logit"><MiningSchema>
<MiningField name="f"/><MiningField name="y" usageType="target"/></MiningSchema>
<RegressionTable intercept="0.5" targetCategory="yes"><NumericPredictor name="f" coefficient="1"/><NumericPredictor name="i" coefficient="-1"/></RegressionTable>
<RegressionTable intercept="0" targetCategory="no"/></RegressionModel></Segment></Segmentation></MiningModel></PMML>"#;

fn decode(frames: &[Vec<u8>]) -> Result<ScoreModel> {
    let first = frames.first().map(Vec::as_slice).unwrap_or_default();
    let [_, version, rest @ ..] = first else { return Err(Error::Corrupt("no preamble")) };
    let mut decoder = ScoreDecoder::begin(*version, rest)?;
    frames[1..].iter().try_for_each(|frame| decoder.push(frame))?;
    let model = decoder.finish()?;
    assert!(!model.is_decoded() && assess(&model, "{}") == Err(Error::NotReady));
    model.derive(&Budget::UNLIMITED, &Progress::default())?;
    Ok(model)
}

fn frames(model: &ScoreModel) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|index| model.frame(index)).collect()
}

#[test]
fn a_chain_of_models_is_evaluated_with_its_fields() {
    let model = read(FILE).unwrap();
    // a = 1.5, g = 3, n = 0.75: a tree of 2 and, for u, 3 n^2 - 1; f is twice their sum and 0.25.
    for (subject, f, i) in [
        (r#"{"a":1.5,"c":"u"}"#, 2.0 * (2.0 + 3.0 * 0.75 * 0.75 - 1.0) + 0.25, 0.0),
        (r#"{"a":1.5,"c":"v"}"#, 4.25, 1.0),
        (r#"{"c":"v"}"#, 2.25, 1.0),
        (r#"{"a":1.5,"c":"w"}"#, 4.25, 0.5),
    ] {
        let document = assess(&model, subject).unwrap();
        let margin: f64 = 0.5 + f - i;
        assert!((document["margin"].as_f64().unwrap() - margin).abs() < 1e-12, "{subject}: {document}");
        assert!((document["score"].as_f64().unwrap() - 1.0 / (1.0 + (-margin).exp())).abs() < 1e-15, "{document}");
        assert_eq!(document["class"], "yes");
        assert_eq!(document["score"], document["probabilities"]["yes"]);
        assert!(document.get("contributions").is_none());
        let again = decode(&frames(&model)).unwrap();
        assert_eq!(assess(&again, subject).unwrap(), document);
        assert_eq!((again.digest(), again.bytes()), (model.digest(), model.bytes()));
        assert_eq!(again.info(), model.info());
        let rows = Rows::from_json(&model, format!("[{subject}]").as_bytes(), 1).unwrap();
        let values = model.batch_values(&rows, &Progress::default()).unwrap();
        assert_eq!(Some(values[0]), document["score"].as_f64());
    }
    assert!(assess(&model, r#"{"a":10,"c":"u"}"#).is_err(), "the value is outside of its interval");
}

#[test]
fn damaged_frames_are_refused_or_answer() {
    let whole = frames(&read(FILE).unwrap());
    for (which, frame) in whole.iter().enumerate() {
        for at in if which == 0 { 2 } else { 0 }..frame.len() {
            for bit in [1, 16, 128] {
                let mut damaged = whole.clone();
                damaged[which][at] ^= bit;
                if let Ok(model) = decode(&damaged) {
                    let _ = assess(&model, r#"{"a":1.5,"c":"u"}"#);
                    let mut out = Vec::new();
                    let identity = crate::model::Identity { name: b"m", version: 1 };
                    let _ = model.assess(&identity, &[b"{}"], &Query::default(), &mut out);
                    model.digest();
                }
            }
            let mut cut = whole.clone();
            cut[which].truncate(at);
            assert!(decode(&cut).is_err(), "{which} {at}");
        }
    }
}

/// A file with these derived fields, of which the model uses `d`.
fn with_fields(fields: &str) -> String {
    format!(
        r#"<PMML version="4.4"><Header/><DataDictionary><DataField name="a" dataType="double"/></DataDictionary>
        <TransformationDictionary>{fields}</TransformationDictionary><RegressionModel functionName="regression">
        <MiningSchema><MiningField name="a"/></MiningSchema><RegressionTable intercept="0">
        <NumericPredictor name="d" coefficient="1"/></RegressionTable></RegressionModel></PMML>"#
    )
}

fn refused(text: &str, words: &str) {
    let Err(error) = read(text) else { panic!("{words}") };
    let shown = format!("{error:?}");
    assert!(shown.contains(words) && shown.is_ascii(), "{shown}");
}

#[test]
fn fields_that_never_end_are_refused() {
    let field = |name: &str, of: &str| {
        format!(r#"<DerivedField name="{name}" optype="continuous" dataType="double">{of}</DerivedField>"#)
    };
    let reference = |name: &str| format!(r#"<FieldRef field="{name}"/>"#);
    refused(&with_fields(&field("d", &reference("d"))), "depends on itself");
    refused(&with_fields(&(field("d", &reference("e")) + &field("e", &reference("d")))), "depends on itself");
    refused(&with_fields(&field("d", &reference("nowhere"))), "nowhere");
    let chain: String = (0..1000).map(|i| field(&format!("f{i}"), &reference(&format!("f{}", i + 1)))).collect();
    refused(&with_fields(&(field("d", &reference("f0")) + &chain)), "64 deep");
    let function = |name: &str, body: &str| {
        format!(
            r#"<DefineFunction name="{name}" optype="continuous"><ParameterField name="x"/>{body}</DefineFunction>"#
        )
    };
    let call = |name: &str, of: &str| format!(r#"<Apply function="{name}">{of}</Apply>"#);
    let endless = function("f", &call("f", &reference("x"))) + &field("d", &call("f", &reference("a")));
    refused(&with_fields(&endless), "nested more than");
    // Every function uses the one before it twice, so the expansion doubles: ten times are 1,024 parts, 18 times too many.
    let twice = |i: usize| {
        let one = call(&format!("g{}", i - 1), &reference("x"));
        function(&format!("g{i}"), &format!(r#"<Apply function="+">{one}{one}</Apply>"#))
    };
    let doubling = |times: usize| {
        let functions = function("g0", &reference("x")) + &(1..=times).map(twice).collect::<String>();
        with_fields(&(functions + &field("d", &call(&format!("g{times}"), &reference("a")))))
    };
    assert_eq!(assess(&read(&doubling(10)).unwrap(), r#"{"a":1}"#).unwrap()["score"], 1024.0);
    let parts = Error::TooBig { what: "the number of parts of expressions of the PMML", limit: 1_000_000 };
    assert_eq!(read(&doubling(18)).unwrap_err(), parts);
    // A function that uses its argument twice copies it: 35 calls would be 2^35 copies.
    let copies = function("h", &format!(r#"<Apply function="+">{0}{0}</Apply>"#, reference("x")));
    let nested = (0..35).fold(reference("a"), |of, _| call("h", &of));
    let text = with_fields(&(copies + &field("d", &nested)));
    assert_eq!(read(&text).unwrap_err(), parts);
}

#[test]
fn what_is_not_evaluated_is_refused_by_its_name() {
    for (from, to, words) in [
        ("version=\"4.4\"><Header/>", "version=\"4.4\"><NeuralNetwork/><Header/>", "exactly one model"),
        ("modelChain", "selectAll", "selectAll"),
        ("modelChain", "modelChains", "modelChains"),
        ("\"defaultChild\"><MiningSchema/>", "\"aggregateNodes\"><MiningSchema/>", "aggregateNodes"),
        ("dataType=\"float\"", "dataType=\"dateTime\"", "dateTime"),
        ("function=\"twice\"", "function=\"thrice\"", "thrice"),
        ("exponent=\"2\"", "power=\"2\"", "power"),
        ("<MiningModel functionName=\"classification\">", "<MiningModel functionName=\"clustering\">", "clustering"),
        (
            "<MiningModel functionName=\"classification\">",
            "<MiningModel x-mathContext=\"float\" functionName=\"classification\">",
            "float",
        ),
        (
            "<MiningField name=\"n\"/>",
            "<MiningField name=\"n\" missingValueReplacement=\"1\" outliers=\"asExtremeValues\"/>",
            "in another way",
        ),
        ("<Target rescale", "<Target unit=\"1\" rescale", "unit"),
        ("normalizationMethod=\"logit\"", "normalizationMethod=\"sigmoid\"", "sigmoid"),
        ("<NormDiscrete field=\"c\" value=\"v\" mapMissingTo=\"0.5\"/>", "<TextIndex textField=\"c\"/>", "TextIndex"),
        ("operator=\"equal\" value=\"u\"", "operator=\"lessThan\" value=\"u\"", "orders texts"),
        ("id=\"r\" score=\"2\"", "id=\"r\" score=\"2\" weight=\"2\"", "weight"),
        ("operator=\"greaterThan\" value=\"0.5\"", "operator=\"greaterThan\" value=\"half\"", "half"),
    ] {
        let changed = FILE.replace(from, to);
        assert_ne!(changed, FILE, "{from}");
        refused(&changed, words);
    }
}

#[test]
fn deep_trees_are_read_and_deeper_ones_refused() {
    let nested = |depth: usize| {
        let split = r#"<SimplePredicate field="n" operator="lessOrEqual" value="0.5"/>"#;
        let open = format!("<Node score=\"1\">{split}").repeat(depth);
        let inner = format!("{open}{}", "</Node>".repeat(depth));
        read(&FILE.replace("<Node defaultChild=\"l\"><True/>", &format!("<Node defaultChild=\"l\"><True/>{inner}")))
    };
    assert!(nested(200).is_ok());
    assert!(nested(100_000).is_err());
}
