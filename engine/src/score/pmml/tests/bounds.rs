//! Bounds of programs, infinities in comparisons, and what a stored program may not do.

use super::program::{CLASS, NUMBER, ensemble, file, scores, segment, simple, tree};
use super::{LOGISTIC, assess, read};
use crate::Error;
use crate::score::ScoreModel;
use crate::score::machine::Machine;
use crate::score::pmml::Fault;
use crate::score::pmml::program::{Body, Expression, Mining, Program};

/// A scorecard of so many characteristics, each of which compares with so many numbers.
pub(super) fn card(characteristics: usize, numbers: usize) -> String {
    let list: String = (0..numbers).map(|i| format!("{} ", 2 * i)).collect();
    let one = format!(
        r#"<Characteristic name="c"><Attribute partialScore="1"><SimpleSetPredicate field="a" booleanOperator="isIn">
        <Array type="int">{list}</Array></SimpleSetPredicate></Attribute><Attribute partialScore="2"><True/></Attribute></Characteristic>"#
    );
    file(
        "double",
        NUMBER,
        &format!(
            r#"<Scorecard functionName="regression" useReasonCodes="false">{}<Characteristics>{}</Characteristics></Scorecard>"#,
            super::program::SCHEMA,
            one.repeat(characteristics)
        ),
    )
}

#[test]
fn comparisons_are_bounded_in_one_decision_and_in_all() {
    // A number takes two comparisons: with the numbers around it.
    assert_eq!(scores(&card(2, 90_000), &[(Some(8.0), None), (Some(9.0), None)]), [Some(2.0), Some(4.0)]);
    let of_one = read(&card(1, 110_000)).unwrap_err();
    assert_eq!(of_one, Error::TooBig { what: "the number of comparisons of the PMML", limit: 200_000 });
    let of_all = read(&card(6, 90_000)).unwrap_err();
    assert_eq!(of_all, Error::TooBig { what: "the number of parts of expressions of the PMML", limit: 1_000_000 });
}

#[test]
fn comparisons_of_trees_are_bounded_by_what_a_replica_reads_in_one_piece() {
    let list: String = (0..1_400_001).map(|i| format!("{} ", 2 * i)).collect();
    let set = format!(
        r#"<SimpleSetPredicate field="a" booleanOperator="isIn"><Array type="int">{list}</Array></SimpleSetPredicate>"#
    );
    let refused = read(&tree("", &format!(r#"<Node score="1">{set}</Node>"#))).unwrap_err();
    assert_eq!(refused, Error::TooBig { what: "the number of comparisons of the PMML", limit: 2_800_000 });
}

#[test]
fn a_comparison_with_an_infinity_has_the_same_result_for_every_number() {
    let rows = [(Some(1e308), None), (Some(-1e308), None), (None, None)];
    let of = |predicate: &str| {
        let nodes = format!(
            r#"<Node score="9" defaultChild="2"><True/><Node id="1" score="1">{predicate}</Node><Node id="2" score="2"><True/></Node></Node>"#
        );
        scores(&tree(r#"missingValueStrategy="defaultChild""#, &nodes), &rows)
    };
    for (operator, infinity, is_true) in [
        ("lessOrEqual", "INF", true),
        ("lessThan", "INF", true),
        ("greaterThan", "INF", false),
        ("greaterOrEqual", "INF", false),
        ("lessOrEqual", "-INF", false),
        ("lessThan", "-INF", false),
        ("greaterThan", "-INF", true),
        ("greaterOrEqual", "-INF", true),
        ("equal", "INF", false),
        ("notEqual", "-INF", true),
    ] {
        let number = Some(if is_true { 1.0 } else { 2.0 });
        assert_eq!(of(&simple("a", operator, infinity)), [number, number, Some(2.0)], "{operator} {infinity}");
    }
    let discretize = |left: &str, right: &str| {
        super::program::derived(
            "double",
            &format!(
                r#"<Discretize field="a" defaultValue="7"><DiscretizeBin binValue="1"><Interval closure="openClosed" leftMargin="{left}"
                rightMargin="0"/></DiscretizeBin><DiscretizeBin binValue="2"><Interval closure="openOpen" leftMargin="0"
                rightMargin="{right}"/></DiscretizeBin></Discretize>"#
            ),
        )
    };
    assert_eq!(scores(&discretize("-INF", "INF"), &rows), [Some(2.0), Some(1.0), None]);
    for (text, words) in [
        (discretize("INF", "INF"), "Interval of the PMML is empty"),
        (discretize("NaN", "INF"), "leftMargin"),
        (tree("", &format!(r#"<Node score="1">{}</Node>"#, simple("a", "lessThan", "NaN"))), "constant NaN"),
        (tree("", r#"<Node score="INF"><True/></Node>"#), "score"),
    ] {
        let refused = read(&text).unwrap_err().to_string();
        assert!(refused.contains(words), "{words}: {refused}");
    }
}

pub(super) fn program(model: ScoreModel) -> Program {
    let Some(Machine::Program(program)) = model.scorer.into_inner().map(|scorer| scorer.machine) else {
        panic!("a program")
    };
    *program
}

#[test]
fn a_stored_program_whose_outputs_replace_a_class_has_no_result() {
    let segments = segment("<True/>", ["p", "q"], 2, "a", "classification")
        + &segment(&simple("b", "lessThan", "5"), ["q", "p"], 3, "a", "classification");
    let mut program = program(read(&ensemble("classification", "majorityVote", "", "", &segments)).unwrap());
    let evaluate = |program: &Program| {
        let (mut slots, mut margins, mut outputs) = (Vec::new(), Vec::new(), [0.0]);
        program.evaluate(&[1.0, 1.0], &mut slots, &mut margins, &mut outputs)
    };
    assert_eq!(evaluate(&program), Ok(0));
    for class in [2.0, 4e9, 1e300, -0.5] {
        let Body::Mining(Mining { segments, .. }) = &mut program.model.body else { panic!("segments") };
        let model = &mut segments[0].model;
        model.outputs = vec![(model.result, Expression::Constant(class))];
        let stored = program.stored().unwrap();
        let expected = if class < 0.0 { Ok(0) } else { Err(Fault::Nothing) };
        assert_eq!(evaluate(&stored), expected, "{class}");
    }
}

#[test]
fn a_softmax_of_two_classes_has_no_contributions() {
    let table = |class: &str, coefficient: &str| {
        format!(
            r#"<RegressionTable intercept="1" targetCategory="{class}"><NumericPredictor name="a" exponent="2" coefficient="{coefficient}"/>
            </RegressionTable>"#
        )
    };
    let model = |tables: &str| {
        let model = format!(
            r#"<RegressionModel functionName="classification" normalizationMethod="softmax">{}{tables}</RegressionModel>"#,
            super::program::SCHEMA
        );
        assess(&read(&file("double", CLASS, &model)).unwrap(), r#"{"a":2,"b":1}"#).unwrap()
    };
    let two = table("p", "1") + &table("q", "0.5");
    assert!(model(&two).get("contributions").is_none());
    let three = model(&(two + &table("r", "3")));
    assert_eq!(
        three["contributions"],
        serde_json::json!([{"feature": "a", "value": 12.0}, {"feature": "b", "value": 0.0}])
    );
}

#[test]
fn of_two_equal_probabilities_the_first_table_counts() {
    let document = assess(&read(LOGISTIC).unwrap(), r#"{"c":-0.5,"a & b":1}"#).unwrap();
    assert_eq!((&document["score"], &document["class"]), (&0.5.into(), &"yes".into()));
    // The same model as a program.
    let text = LOGISTIC.replace("NumericPredictor name=\"c\"", "NumericPredictor name=\"c\" exponent=\"3\"");
    let document = assess(&read(&text.replace("intercept=\"1\"", "intercept=\"2\"")).unwrap(), r#"{"c":-1,"a & b":1}"#);
    assert_eq!(document.unwrap()["class"], "yes");
}

/// The estimate decides whether a row is evaluated on the main thread, so it follows long decisions.
#[test]
fn the_cost_of_a_row_follows_the_longest_decision() {
    let cost = |text: &str| program(read(text).unwrap()).cost();
    let chain = |nodes: usize| {
        let each = |i: usize| format!(r#"<Node score="{i}">{}</Node>"#, simple("a", "equal", &i.to_string()));
        let nodes: String = (0..nodes).map(each).collect();
        tree("", &format!(r#"<Node><True/>{nodes}</Node>"#))
    };
    // A child that is not the right one leads on to the next child, after two comparisons.
    let (short, long) = (cost(&chain(10)), cost(&chain(10_000)));
    assert!(short < 1_500 && (200_000..1_000_000).contains(&long), "{short} {long}");
    // A set is searched by halves.
    let set = cost(&card(1, 50_000));
    assert!(set < 1_000, "{set}");
}
