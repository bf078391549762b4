//! What programs compute. The expected values are those of JPMML's evaluator (1.6, through jpmml_evaluator 0.16.0).

use super::{assess, read};
use crate::score::{Rows, ScoreModel};
use crate::{Error, Progress};

const HEAD: &str = r#"<PMML version="4.4"><Header/><DataDictionary>"#;
pub(super) const NUMBER: &str = r#"<DataField name="y" optype="continuous" dataType="double"/>"#;
pub(super) const CLASS: &str =
    r#"<DataField name="y" optype="categorical" dataType="string"><Value value="p"/><Value value="q"/></DataField>"#;
pub(super) const SCHEMA: &str = r#"<MiningSchema><MiningField name="a"/><MiningField name="b"/><MiningField name="y" usageType="target"/></MiningSchema>"#;

/// A field of a type.
fn field(name: &str, kind: &str) -> String {
    format!(r#"<DataField name="{name}" optype="continuous" dataType="{kind}"/>"#)
}

/// A file with the fields a and b of a type.
pub(super) fn file(kind: &str, target: &str, model: &str) -> String {
    format!("{HEAD}{}{}{target}</DataDictionary>{model}</PMML>", field("a", kind), field("b", kind))
}

/// A file whose score is one derived field.
pub(super) fn derived(kind: &str, expression: &str) -> String {
    let model = format!(
        r#"<RegressionModel functionName="regression">{SCHEMA}<LocalTransformations>
        <DerivedField name="d" optype="continuous" dataType="double">{expression}</DerivedField></LocalTransformations>
        <RegressionTable intercept="0"><NumericPredictor name="d" coefficient="1"/></RegressionTable></RegressionModel>"#
    );
    file(kind, NUMBER, &model)
}

/// The scores of rows of a and b; `None` for an error.
pub(super) fn scores(text: &str, rows: &[(Option<f64>, Option<f64>)]) -> Vec<Option<f64>> {
    let model = read(text).unwrap_or_else(|error| panic!("{error:?}: {text}"));
    let subject = |(a, b): &(Option<f64>, Option<f64>)| {
        let fields = [("a", a), ("b", b)].map(|(name, x)| (name, serde_json::json!(x)));
        let known = fields.into_iter().filter(|(name, _)| model.features().iter().any(|feature| **feature == **name));
        serde_json::Value::Object(known.map(|(name, x)| (name.to_owned(), x)).collect()).to_string()
    };
    let subjects: Vec<String> = rows.iter().map(subject).collect();
    let answers: Vec<Option<serde_json::Value>> = subjects.iter().map(|subject| assess(&model, subject).ok()).collect();
    in_a_batch(&model, &subjects, &answers);
    answers.iter().map(|answer| answer.as_ref()?["score"].as_f64()).collect()
}

/// Rows that are evaluated together, many times each, have the scores that they have alone.
fn in_a_batch(model: &ScoreModel, subjects: &[String], answers: &[Option<serde_json::Value>]) {
    let scored: Vec<(&String, &Option<serde_json::Value>)> =
        subjects.iter().zip(answers).filter(|(_, answer)| answer.is_some()).collect();
    if let Some(first) = answers.iter().position(Option::is_none) {
        // The row without a result is named.
        let rows = Rows::from_json(model, format!("[{}]", subjects.join(",")).as_bytes(), subjects.len());
        let failed = rows.and_then(|rows| model.batch_values(&rows, &Progress::default())).unwrap_err();
        let named = format!("row {}: ", first + 1);
        assert!(matches!(&failed, Error::Invalid(reason) if reason.starts_with(&named)), "{failed}, not {named}");
    }
    let (of, count) = (model.outputs(), 41 * scored.len());
    let text: Vec<&str> = scored.iter().cycle().take(count).map(|(subject, _)| subject.as_str()).collect();
    let rows = Rows::from_json(model, format!("[{}]", text.join(",")).as_bytes(), count).unwrap();
    let found = model.batch_values(&rows, &Progress::default()).unwrap();
    for (i, found) in found.chunks_exact(of).enumerate() {
        let answer = scored[i % scored.len()].1.as_ref().unwrap();
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let alone: Vec<f64> = match of {
            1 => vec![number(&answer["score"])],
            _ => {
                model.scorer().unwrap().labels.iter().map(|label| number(&answer["probabilities"][&**label])).collect()
            }
        };
        assert_eq!(found, alone, "row {i}: {answer}");
    }
}

fn constant(text: &str) -> String {
    format!("<Constant>{text}</Constant>")
}

fn apply(function: &str, more: &str, arguments: &[&str]) -> String {
    format!(r#"<Apply function="{function}" {more}>{}</Apply>"#, arguments.concat())
}

const A: &str = r#"<FieldRef field="a"/>"#;
const B: &str = r#"<FieldRef field="b"/>"#;

#[test]
fn functions_treat_missing_values_as_the_reference_does() {
    let rows = [(Some(7.0), Some(2.0)), (Some(-2.5), Some(0.0)), (None, Some(2.0)), (Some(2.5), None)];
    let positive = |field: &str| apply("greaterThan", "", &[field, &constant("0")]);
    let choose = |condition: &str| apply("if", "", &[condition, &constant("1.5"), &constant("2.5")]);
    for (expression, expected) in [
        (apply("/", "", &[A, B]), [Some(3.5), None, None, None]),
        (apply("min", "", &[A, B]), [Some(2.0), Some(-2.5), Some(2.0), Some(2.5)]),
        (apply("sum", "", &[A, B]), [Some(9.0), Some(-2.5), Some(2.0), Some(2.5)]),
        (apply("avg", "mapMissingTo=\"9\"", &[A, B]), [Some(4.5), Some(-1.25), Some(9.0), Some(9.0)]),
        (apply("round", "", &[A]), [Some(7.0), Some(-2.0), None, Some(3.0)]),
        (apply("rint", "", &[A]), [Some(7.0), Some(-2.0), None, Some(2.0)]),
        (apply("modulo", "", &[A, B]), [Some(1.0), None, None, None]),
        (apply("pow", "", &[A, B]), [Some(49.0), Some(1.0), None, None]),
        (apply("+", "defaultValue=\"4\"", &[A, B]), [Some(9.0), Some(-2.5), Some(4.0), Some(4.0)]),
        (apply("ln", "defaultValue=\"4\"", &[B]), [Some(2f64.ln()), None, Some(2f64.ln()), None]),
        (
            apply("if", "mapMissingTo=\"9\"", &[&apply("isMissing", "", &[A]), A, B]),
            [Some(2.0), Some(0.0), Some(9.0), Some(9.0)],
        ),
        (apply("if", "", &[&positive(A), &constant("1.5")]), [Some(1.5), None, None, Some(1.5)]),
        (choose(&apply("and", "", &[&positive(A), &positive(B)])), [Some(1.5), Some(2.5), None, None]),
        (choose(&apply("not", "", &[&positive(A)])), [Some(2.5), Some(1.5), None, Some(2.5)]),
        (choose(&apply("isIn", "", &[A, &constant("7"), &constant("8")])), [Some(1.5), Some(2.5), None, Some(2.5)]),
        (r#"<FieldRef field="a" mapMissingTo="5"/>"#.into(), [Some(7.0), Some(-2.5), Some(5.0), Some(2.5)]),
        (positive(A), [Some(1.0), Some(0.0), None, Some(1.0)]),
    ] {
        assert_eq!(scores(&derived("double", &expression), &rows), expected, "{expression}");
    }
}

#[test]
fn arithmetic_of_floats_is_rounded_and_integers_are_exact() {
    let rows = [(Some(0.1), Some(0.2))];
    for (expression, expected) in [
        (apply("+", "", &[A, B]), 0.300_000_011_920_928_96),
        (apply("+", "", &[A, &constant("0.2")]), 0.300_000_001_490_116_13),
        (apply("+", "", &[A, &constant("2")]), 2.099_999_904_632_568_4),
        (apply("exp", "", &[A]), 1.105_170_919_722_480_6),
        (apply("pow", "", &[A, &constant("2")]), 0.010_000_000_707_805_157),
        (apply("avg", "", &[A, B]), 0.150_000_005_960_464_48),
        (apply("if", "", &[&apply("equal", "", &[A, &constant("0.1")]), &constant("1"), &constant("2")]), 1.0),
    ] {
        let mine = scores(&derived("float", &expression), &rows)[0].unwrap();
        assert!((mine - expected).abs() <= f64::EPSILON, "{expression}: {mine}");
    }
    let text = derived("integer", A);
    assert_eq!(scores(&text, &[(Some(2.0), None), (Some(1.5), None), (Some(3e9), None)]), [Some(2.0), None, None]);
    let large = derived("integer", &apply("*", "", &[A, B]));
    assert_eq!(scores(&large, &[(Some(7.0), Some(6.0)), (Some(7e4), Some(7e4))]), [Some(42.0), None]);
    assert!(read(&derived("integer", &apply("/", "", &[A, B]))).is_err(), "integers are divided without a rest there");
}

#[test]
fn tables_of_values_and_intervals_are_looked_up() {
    let rows = [(Some(1.0), Some(5.0)), (Some(2.0), Some(6.0)), (Some(3.0), Some(5.0)), (None, Some(5.0))];
    let discretize = r#"<Discretize field="a" mapMissingTo="-1" defaultValue="9">
        <DiscretizeBin binValue="10"><Interval closure="closedOpen" leftMargin="1" rightMargin="2"/></DiscretizeBin>
        <DiscretizeBin binValue="20"><Interval closure="closedClosed" leftMargin="2" rightMargin="2.5"/></DiscretizeBin>
        </Discretize>"#;
    let row = |a: &str, b: &str, x: &str| format!("<row><ca>{a}</ca><d:cb>{b}</d:cb><x>{x}</x></row>");
    let table = format!(
        r#"<MapValues outputColumn="x" defaultValue="7" mapMissingTo="-1"><FieldColumnPair field="a" column="ca"/>
        <FieldColumnPair field="b" column="d:cb"/><InlineTable>{}{}{}</InlineTable></MapValues>"#,
        row("1", "5", "11"),
        row("2", "5", "12"),
        row("2", "6", "13")
    );
    let points = |outliers: &str| {
        format!(
            r#"<NormContinuous field="a" outliers="{outliers}" mapMissingTo="0.5"><LinearNorm orig="1" norm="0"/>
            <LinearNorm orig="2" norm="1"/></NormContinuous>"#
        )
    };
    for (expression, expected) in [
        (discretize.to_owned(), [Some(10.0), Some(20.0), Some(9.0), Some(-1.0)]),
        (table, [Some(11.0), Some(13.0), Some(7.0), Some(-1.0)]),
        (
            r#"<NormDiscrete field="a" value="2" mapMissingTo="0.25"/>"#.to_owned(),
            [Some(0.0), Some(1.0), Some(0.0), Some(0.25)],
        ),
        (points("asIs"), [Some(0.0), Some(1.0), Some(2.0), Some(0.5)]),
        (points("asExtremeValues"), [Some(0.0), Some(1.0), Some(1.0), Some(0.5)]),
        (points("asMissingValues"), [Some(0.0), Some(1.0), None, Some(0.5)]),
    ] {
        assert_eq!(scores(&derived("double", &expression), &rows), expected, "{expression}");
    }
}

pub(super) fn simple(field: &str, operator: &str, value: &str) -> String {
    format!(r#"<SimplePredicate field="{field}" operator="{operator}" value="{value}"/>"#)
}

pub(super) fn tree(attributes: &str, nodes: &str) -> String {
    file("double", NUMBER, &format!(r#"<TreeModel functionName="regression" {attributes}>{SCHEMA}{nodes}</TreeModel>"#))
}

#[test]
fn trees_treat_missing_values_by_their_strategy() {
    let rows = [
        (Some(1.0), Some(1.0)),
        (Some(3.0), Some(1.0)),
        (None, Some(1.0)),
        (None, Some(9.0)),
        (Some(3.0), None),
        (None, None),
        (Some(3.0), Some(6.0)),
    ];
    let nodes = format!(
        r#"<Node score="1" defaultChild="R"><True/><Node id="L" score="2">{}</Node>
        <Node id="R" score="3" defaultChild="RR">{}<Node id="RL" score="4">{}</Node><Node id="RR" score="5">{}</Node></Node></Node>"#,
        simple("a", "lessOrEqual", "2"),
        simple("a", "greaterThan", "2"),
        simple("b", "lessThan", "5"),
        simple("b", "greaterOrEqual", "8")
    );
    for (strategy, no_child, expected) in [
        ("none", "returnNullPrediction", [2, 4, 0, 0, 0, 0, 0]),
        ("none", "returnLastPrediction", [2, 4, 1, 1, 3, 1, 3]),
        ("nullPrediction", "returnNullPrediction", [2, 4, 0, 0, 0, 0, 0]),
        ("nullPrediction", "returnLastPrediction", [2, 4, 0, 0, 0, 0, 3]),
        ("lastPrediction", "returnNullPrediction", [2, 4, 1, 1, 3, 1, 0]),
        ("lastPrediction", "returnLastPrediction", [2, 4, 1, 1, 3, 1, 3]),
        ("defaultChild", "returnNullPrediction", [2, 4, 4, 5, 5, 5, 0]),
        ("defaultChild", "returnLastPrediction", [2, 4, 4, 5, 5, 5, 3]),
    ] {
        let text = tree(&format!(r#"missingValueStrategy="{strategy}" noTrueChildStrategy="{no_child}""#), &nodes);
        let expected = expected.map(|score| (score > 0).then_some(f64::from(score)));
        assert_eq!(scores(&text, &rows), expected, "{strategy} {no_child}");
    }
    for strategy in ["weightedConfidence", "aggregateNodes"] {
        let text = tree(&format!(r#"missingValueStrategy="{strategy}""#), &nodes);
        let Err(Error::BadInput { reason, .. }) = read(&text) else { panic!("{strategy}") };
        assert!(reason.contains(strategy), "{reason}");
    }
}

#[test]
fn predicates_have_three_values() {
    let values = [Some(1.0), Some(3.0), None];
    let rows: Vec<_> = values.iter().flat_map(|&a| values.map(|b| (a, b))).collect();
    let of = |predicate: &str| {
        let nodes = format!(
            r#"<Node score="0"><True/><Node score="1">{predicate}</Node><Node score="2"><True/></Node></Node>"#
        );
        tree(r#"missingValueStrategy="nullPrediction""#, &nodes)
    };
    let parts = simple("a", "greaterThan", "2") + &simple("b", "greaterThan", "2");
    let set = r#"<SimpleSetPredicate field="a" booleanOperator="isNotIn"><Array type="real" n="2">1 2</Array></SimpleSetPredicate>"#;
    let compound =
        |operator: &str| format!(r#"<CompoundPredicate booleanOperator="{operator}">{parts}</CompoundPredicate>"#);
    for (predicate, expected) in [
        (compound("and"), [2, 2, 2, 2, 1, 0, 2, 0, 0]),
        (compound("or"), [2, 1, 0, 1, 1, 1, 0, 1, 0]),
        (compound("xor"), [2, 1, 0, 1, 2, 0, 0, 0, 0]),
        (compound("surrogate"), [2, 2, 2, 1, 1, 1, 2, 1, 0]),
        (set.into(), [2, 2, 2, 1, 1, 1, 0, 0, 0]),
        (simple("a", "equal", "3"), [2, 2, 2, 1, 1, 1, 0, 0, 0]),
        (simple("a", "notEqual", "3"), [1, 1, 1, 2, 2, 2, 0, 0, 0]),
        (simple("a", "isMissing", ""), [2, 2, 2, 2, 2, 2, 1, 1, 1]),
    ] {
        let expected: Vec<_> = expected.map(|score| (score > 0).then_some(f64::from(score))).into();
        assert_eq!(scores(&of(&predicate), &rows), expected, "{predicate}");
    }
}

pub(super) fn segment(predicate: &str, scores: [&str; 2], weight: u32, field: &str, function: &str) -> String {
    format!(
        r#"<Segment weight="{weight}">{predicate}<TreeModel functionName="{function}" missingValueStrategy="nullPrediction">
        <MiningSchema><MiningField name="a"/><MiningField name="b"/></MiningSchema><Node><True/><Node score="{}">{}</Node>
        <Node score="{}">{}</Node></Node></TreeModel></Segment>"#,
        scores[0],
        simple(field, "lessOrEqual", "2"),
        scores[1],
        simple(field, "greaterThan", "2")
    )
}

pub(super) fn ensemble(function: &str, method: &str, more: &str, target: &str, segments: &str) -> String {
    let model = format!(
        r#"<MiningModel functionName="{function}">{SCHEMA}{target}<Segmentation multipleModelMethod="{method}" {more}>
        {segments}</Segmentation></MiningModel>"#
    );
    file("double", if function == "regression" { NUMBER } else { CLASS }, &model)
}

#[test]
fn ensembles_combine_the_segments_that_apply() {
    let rows =
        [(Some(1.0), Some(1.0)), (Some(3.0), Some(1.0)), (None, Some(1.0)), (None, Some(9.0)), (Some(3.0), None)];
    let condition = simple("b", "lessThan", "5");
    let all = |last: &str| {
        segment("<True/>", ["1", "10"], 2, "a", "regression")
            + &segment("<True/>", ["2", "20"], 3, "b", "regression")
            + &segment(last, ["4", "40"], 5, "a", "regression")
    };
    for last in [&*condition, "<True/>"] {
        for (method, expected) in [
            ("sum", [7.0, 52.0]),
            ("average", [7.0 / 3.0, 52.0 / 3.0]),
            ("weightedAverage", [2.8, 22.6]),
            ("weightedSum", [28.0, 226.0]),
            ("median", [2.0, 10.0]),
            ("max", [4.0, 40.0]),
            ("selectFirst", [1.0, 10.0]),
        ] {
            let text = ensemble("regression", method, "", "", &all(last));
            let mine = scores(&text, &rows[..2]);
            for (mine, expected) in mine.iter().zip(expected) {
                assert!((mine.unwrap() - expected).abs() < 1e-12, "{method}: {mine:?}");
            }
        }
    }
    let with = |treatment: &str| {
        let more = format!(r#"missingPredictionTreatment="{treatment}""#);
        scores(&ensemble("regression", "average", &more, "", &all(&condition)), &rows)
    };
    assert_eq!(with("returnMissing")[2..], [None, None, None]);
    assert_eq!(with("skipSegment")[2..], [Some(2.0), Some(20.0), Some(10.0)]);
    let target = r#"<Targets><Target field="y" rescaleConstant="0.55" rescaleFactor="2" min="8" max="40" castInteger="round"/></Targets>"#;
    let text = ensemble("regression", "sum", "", target, &all(&condition));
    assert_eq!(scores(&text, &[(Some(1.0), Some(1.0)), (Some(3.0), Some(3.0))]), [Some(17.0), Some(81.0)]);
    for (function, method) in [("regression", "selectAll"), ("regression", "majorityVote"), ("classification", "sum")] {
        assert!(read(&ensemble(function, method, "", "", &all("<True/>"))).is_err(), "{method}");
    }
}

#[test]
fn votes_are_counted_with_their_weights() {
    for (last, is_folded) in [(simple("b", "lessThan", "5"), false), ("<True/>".into(), true)] {
        let segments = segment("<True/>", ["p", "q"], 2, "a", "classification")
            + &segment("<True/>", ["q", "p"], 3, "b", "classification")
            + &segment(&last, ["p", "q"], 5, "a", "classification");
        for (method, expected) in [("majorityVote", 2.0 / 3.0), ("weightedMajorityVote", 0.7)] {
            let model = read(&ensemble("classification", method, "", "", &segments)).unwrap();
            let document = assess(&model, r#"{"a":1,"b":1}"#).unwrap();
            assert_eq!(document["class"], "p", "{method} {is_folded}");
            let share = document["probabilities"]["p"].as_f64().unwrap();
            assert!((share - expected).abs() < 1e-15, "{method} {is_folded}: {share}");
            assert!(assess(&model, r#"{"b":1}"#).is_err());
        }
    }
}

#[test]
fn texts_are_compared_by_their_words() {
    let model = r#"<RegressionModel functionName="regression"><MiningSchema><MiningField name="a" invalidValueTreatment="TREAT"/>
        <MiningField name="b"/><MiningField name="y" usageType="target"/></MiningSchema><LocalTransformations>
        <DerivedField name="long" optype="categorical" dataType="string"><MapValues outputColumn="o" defaultValue="other">
        <FieldColumnPair field="b" column="i"/><InlineTable><row><i>x</i><o>ex &amp; y</o></row></InlineTable></MapValues>
        </DerivedField></LocalTransformations><RegressionTable intercept="1">
        <CategoricalPredictor name="a" value="red" coefficient="10"/><CategoricalPredictor name="a" value="blue" coefficient="20"/>
        <CategoricalPredictor name="long" value="ex &amp; y" coefficient="100"/><CategoricalPredictor name="long" value="other" coefficient="200"/>
        </RegressionTable></RegressionModel>"#;
    let fields = r#"<DataField name="a" optype="categorical" dataType="string"><Value value="red"/><Value value="blue"/>
        <Value value="green"/><Value value="none" property="missing"/></DataField>
        <DataField name="b" optype="categorical" dataType="string"/>"#;
    let with = |treatment: &str| {
        read(&format!("{HEAD}{fields}{NUMBER}</DataDictionary>{}</PMML>", model.replace("TREAT", treatment))).unwrap()
    };
    for (treatment, subject, expected) in [
        ("returnInvalid", r#"{"a":"red","b":"x"}"#, Some(111.0)),
        ("returnInvalid", r#"{"a":"blue","b":"z"}"#, Some(221.0)),
        ("returnInvalid", r#"{"a":"green","b":"z"}"#, Some(201.0)),
        ("returnInvalid", r#"{"a":"none","b":"x"}"#, Some(101.0)),
        ("returnInvalid", r#"{"a":"purple","b":"x"}"#, None),
        ("asMissing", r#"{"a":"purple","b":"x"}"#, Some(101.0)),
        ("asIs", r#"{"a":"purple","b":"x"}"#, Some(101.0)),
    ] {
        let score = assess(&with(treatment), subject).ok().and_then(|document| document["score"].as_f64());
        assert_eq!(score, expected, "{treatment} {subject}");
    }
    let document = assess(&with("returnInvalid"), r#"{"a":"red","b":"x"}"#).unwrap();
    let parts = serde_json::json!([{"feature": "a", "value": 10.0}, {"feature": "b", "value": 100.0}]);
    assert_eq!(document["contributions"], parts);
}

#[test]
fn values_are_treated_before_the_model_sees_them() {
    let model = |field: &str, limits: &str| {
        format!(
            r#"{HEAD}<DataField name="a" optype="continuous" dataType="double">{limits}</DataField>{NUMBER}</DataDictionary>
            <RegressionModel functionName="regression"><MiningSchema><MiningField name="a" {field}/>
            <MiningField name="y" usageType="target"/></MiningSchema><RegressionTable intercept="0">
            <NumericPredictor name="a" coefficient="1"/></RegressionTable></RegressionModel></PMML>"#
        )
    };
    let range = r#"<Interval closure="openClosed" leftMargin="0" rightMargin="10"/><Value value="-9" property="missing"/><Value value="5" property="invalid"/>"#;
    let rows = [Some(0.0), Some(10.0), Some(11.0), Some(-9.0), Some(5.0), None].map(|a| (a, None));
    for (field, limits, expected) in [
        ("", range, [None, Some(10.0), None, None, None, None]),
        (r#"invalidValueTreatment="asIs""#, range, [Some(0.0), Some(10.0), Some(11.0), None, Some(5.0), None]),
        (
            r#"invalidValueTreatment="asMissing" missingValueReplacement="3""#,
            range,
            [Some(3.0), Some(10.0), Some(3.0), Some(3.0), Some(3.0), Some(3.0)],
        ),
        (
            r#"invalidValueTreatment="asValue" invalidValueReplacement="4""#,
            range,
            [Some(4.0), Some(10.0), Some(4.0), None, Some(4.0), None],
        ),
        (
            r#"outliers="asExtremeValues" lowValue="1" highValue="6""#,
            "",
            [Some(1.0), Some(6.0), Some(6.0), Some(1.0), Some(5.0), None],
        ),
        (
            r#"outliers="asMissingValues" lowValue="1" highValue="6" missingValueReplacement="2""#,
            "",
            [Some(2.0), Some(2.0), Some(2.0), Some(2.0), Some(5.0), Some(2.0)],
        ),
        (
            r#"missingValueTreatment="returnInvalid" missingValueReplacement="2""#,
            "",
            [Some(0.0), Some(10.0), Some(11.0), Some(-9.0), Some(5.0), None],
        ),
    ] {
        assert_eq!(scores(&model(field, limits), &rows), expected, "{field}");
    }
}
