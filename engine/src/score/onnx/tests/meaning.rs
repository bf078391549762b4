//! What models answer.

use super::writer::{Of, Stumps, doubles, file, floats, initializer, input, integers, node, output, simple};
use super::{assess, decode, frames, near, read, reason};
use crate::Error;
use crate::model::{Field, Model};

const STUMP: Stumps = Stumps { trees: 1, mode: "BRANCH_LEQ", tracks: 0 };

fn warnings(model: &crate::score::ScoreModel) -> Vec<String> {
    let field = model.info().into_iter().find(|(name, _)| *name == "warnings").unwrap().1;
    let Field::List(list) = field else { panic!("warnings are a list") };
    list
}

fn names(model: &crate::score::ScoreModel) -> Vec<&str> {
    model.features().iter().map(|name| &**name).collect()
}

fn classifier(weights: [&[(i64, f32)]; 2], more: &[(&str, Of<'_>)]) -> Vec<u8> {
    file(&[STUMP.node("TreeEnsembleClassifier", weights, more), input("x", 1, &[0, 1]), output("label"), output("y")])
}

#[test]
fn a_linear_model_after_a_scaler_has_exact_contributions() {
    let model = read(&simple(
        2,
        &[
            node("Scaler", &["x"], &["z"], &[("offset", Of::Floats(&[1.0, 2.0])), ("scale", Of::Floats(&[0.5, 4.0]))]),
            node(
                "LinearRegressor",
                &["z"],
                &["y"],
                &[("coefficients", Of::Floats(&[2.0, -1.0])), ("intercepts", Of::Floats(&[3.0]))],
            ),
        ],
    ))
    .unwrap();
    assert_eq!(warnings(&model), [""; 0]);
    let document = assess(&model, r#"{"f0":3,"f1":2.5}"#).unwrap();
    assert_eq!(document["score"], 3.0);
    assert_eq!(document["contributions"][0]["value"], 2.0);
    assert_eq!(document["contributions"][1]["value"], -2.0);
    assert!(document.get("margin").is_none() && document.get("class").is_none());
    assert_eq!(assess(&model, r#"{"f0":3}"#).unwrap_err(), Error::Invalid("feature f1 is missing".into()));
    let again = decode(&frames(&model)).unwrap();
    assert_eq!(again.digest(), model.digest());
    assert_eq!(frames(&again), frames(&model));
    assert_eq!(again.bytes(), model.bytes());
}

#[test]
fn a_logistic_regression_has_probabilities_margins_and_labels() {
    let linear = |outputs: usize, transform: &str| {
        let weights: &[f32] = if outputs == 1 { &[1.0, 0.5] } else { &[-1.0, -0.5, 1.0, 0.5] };
        let intercepts: &[f32] = if outputs == 1 { &[0.25] } else { &[-0.25, 0.25] };
        node(
            "LinearClassifier",
            &["x"],
            &["label", "y"],
            &[
                ("coefficients", Of::Floats(weights)),
                ("intercepts", Of::Floats(intercepts)),
                ("classlabels_strings", Of::Texts(&["no", "yes"])),
                ("post_transform", Of::Text(transform)),
                ("multi_class", Of::Int(0)),
            ],
        )
    };
    for outputs in [1, 2] {
        let zip = node("ZipMap", &["y"], &["map"], &[("classlabels_strings", Of::Texts(&["no", "yes"]))]);
        let file = file(&[linear(outputs, "LOGISTIC"), zip, input("x", 1, &[0, 2]), output("label"), output("map")]);
        let document = assess(&read(&file).unwrap(), r#"{"f0":1,"f1":2}"#).unwrap();
        assert_eq!(document["class"], "yes");
        assert!(near(&document["margin"], 2.25), "{document}");
        assert!(near(&document["probabilities"]["no"], 0.095_349_46), "{document}");
        assert!(near(&document["contributions"][1]["value"], 1.0), "{document}");
    }
    // Scores that are not probabilities: 1 - score and score.
    let file = file(&[linear(1, "NONE"), input("x", 1, &[0, 2]), output("label"), output("y")]);
    let model = read(&file).unwrap();
    assert!(near(&assess(&model, r#"{"f0":0.5,"f1":0}"#).unwrap()["probabilities"]["no"], 0.25));
    let refused = assess(&model, r#"{"f0":2,"f1":0}"#).unwrap_err();
    assert!(refused.to_string().contains("not probabilities"), "{refused}");
}

/// The log-odds of two classes are the difference of two sums.
#[test]
fn a_softmax_of_two_sums_has_no_contributions() {
    let of = |classes: usize| {
        let weights: Vec<f32> = (0..2 * classes).map(|i| i as f32).collect();
        let labels = ["a", "b", "c"];
        let linear = node(
            "LinearClassifier",
            &["x"],
            &["label", "y"],
            &[
                ("coefficients", Of::Floats(&weights)),
                ("intercepts", Of::Floats(&vec![0.0; classes])),
                ("classlabels_strings", Of::Texts(&labels[..classes])),
                ("post_transform", Of::Text("SOFTMAX")),
            ],
        );
        let matrix = initializer(&floats("w", &[2, classes as u64], &weights));
        let network =
            [node("MatMul", &["x", "w"], &["s"], &[]), node("Softmax", &["s"], &["y"], &[("axis", Of::Int(1))])];
        let labelled = node("ArgMax", &["y"], &["label"], &[("axis", Of::Int(1)), ("keepdims", Of::Int(0))]);
        let ports = || [input("x", 1, &[0, 2]), output("label"), output("y")].concat();
        [file(&[linear, ports()]), file(&[matrix, network.concat(), labelled, ports()])]
    };
    for (two, three) in of(2).iter().zip(of(3)) {
        let (two, three) = (read(two).unwrap(), read(&three).unwrap());
        let sums = |model| assess(model, r#"{"f0":1,"f1":2}"#).unwrap()["contributions"].as_array().unwrap().len();
        assert_eq!((sums(&two), sums(&three)), (0, 2));
        assert!(warnings(&two)[0].contains("not a sum of terms") && warnings(&three).is_empty());
    }
}

/// The label and the two scores of onnxruntime for `x > 0`.
#[test]
fn two_classes_with_weights_of_one_are_those_of_onnxruntime() {
    let labels = || ("classlabels_int64s", Of::Ints(&[7, 8]));
    let mixed: &[(i64, f32)] = &[(0, -0.5)];
    for (first, second, base, transform, class, scores) in [
        (&[(0, 0.3)][..], 0.3, None, "NONE", "7", [0.7, 0.3]),
        (&[(0, 0.3)][..], 0.9, None, "NONE", "8", [0.1, 0.9]),
        (mixed, 0.3, None, "LOGISTIC", "8", [0.425_557, 0.574_442]),
        (mixed, -0.3, None, "LOGISTIC", "7", [0.574_442, 0.425_557]),
        (&[(0, 0.3)][..], 0.3, Some(vec![0.1]), "NONE", "7", [0.6, 0.4]),
        (&[(0, 0.3)][..], 0.9, Some(vec![0.1]), "NONE", "8", [0.0, 1.0]),
        (mixed, 0.3, Some(vec![0.1]), "LOGISTIC", "8", [0.401_312, 0.598_687]),
        (&[(0, 0.3)][..], 0.3, Some(vec![0.1, 0.25]), "LOGISTIC", "7", [0.598_687, 0.5]),
        (&[(0, 0.3)][..], 0.3, Some(vec![0.1, 0.25]), "SOFTMAX", "7", [0.598_687, 0.401_312]),
        (&[(0, 0.3)][..], 0.3, Some(vec![0.1, 0.25]), "SOFTMAX_ZERO", "7", [1.0, 0.0]),
    ] {
        let base = base.unwrap_or_default();
        let mut more = vec![labels(), ("post_transform", Of::Text(transform))];
        if !base.is_empty() {
            more.push(("base_values", Of::Floats(&base)));
        }
        let document = assess(&read(&classifier([first, &[(0, second)]], &more)).unwrap(), r#"{"f0":0.5}"#).unwrap();
        assert_eq!(document["class"], class, "{second} {base:?} {transform}: {document}");
        for (label, score) in ["7", "8"].iter().zip(scores) {
            // The document has the probability of the second class; the first is its complement.
            let expected = if *label == "7" { 1.0 - scores[1] } else { score };
            assert!(near(&document["probabilities"][*label], expected), "{second} {base:?} {transform}: {document}");
        }
        assert_eq!(document["contributions"], serde_json::json!([]));
    }
    assert!(reason(&classifier([&[(0, 1.0)], &[(1, 1.0)]], &[labels()])).contains("not 0 and 1"));
}

#[test]
fn a_list_of_numbers_is_an_answer_of_several_numbers() {
    let model = read(&simple(
        2,
        &[node(
            "LinearRegressor",
            &["x"],
            &["y"],
            &[
                ("targets", Of::Int(2)),
                ("coefficients", Of::Floats(&[2.0, -1.0, 0.0, 4.0])),
                ("intercepts", Of::Floats(&[3.0, 0.5])),
            ],
        )],
    ))
    .unwrap();
    for model in [&model, &decode(&frames(&model)).unwrap()] {
        let document = assess(model, r#"{"f0":1,"f1":2}"#).unwrap();
        assert!(document.get("score").is_none());
        assert_eq!(document["scores"], serde_json::json!({"0": 3.0, "1": 8.5}));
        assert_eq!(document["contributions"]["1"], serde_json::json!([{"feature": "f1", "value": 8.0}]));
        assert_eq!(model.outputs(), 2);
    }
    assert_eq!(model.frame(0)[1], 4);
}

#[test]
fn several_classes_take_the_largest_sum_and_add_their_bases() {
    for (base, weights, class, scores) in [
        (&[][..], &[(0, 0.3), (1, 0.2)][..], "a", [0.377_97, 0.342_00, 0.280_01]),
        (&[][..], &[(0, -0.3), (1, -0.2)][..], "b", [0.289_43, 0.319_87, 0.390_69]),
        (&[0.1, 0.2, 0.3][..], &[(0, -0.3), (1, -0.2)][..], "c", [0.258_38, 0.315_59, 0.426_01]),
    ] {
        let mut more =
            vec![("classlabels_strings", Of::Texts(&["a", "b", "c"])), ("post_transform", Of::Text("SOFTMAX"))];
        if !base.is_empty() {
            more.push(("base_values", Of::Floats(base)));
        }
        let document = assess(&read(&classifier([weights, weights], &more)).unwrap(), r#"{"f0":0.5}"#).unwrap();
        assert_eq!(document["class"], class);
        for (label, score) in ["a", "b", "c"].iter().zip(scores) {
            assert!((document["probabilities"][*label].as_f64().unwrap() - score).abs() < 1e-4, "{document}");
        }
        assert!(document.get("margin").is_none());
    }
}

#[test]
fn regressors_aggregate_as_the_file_says() {
    for (aggregate, base, expected) in
        [("SUM", 0.0, 0.6), ("AVERAGE", 0.1, 0.4), ("MIN", 0.1, 0.4), ("MAX", 0.0, 0.3), ("SUM", 0.1, 0.7)]
    {
        let stumps = Stumps { trees: 2, ..STUMP };
        let base = [base];
        let mut more = vec![("aggregate_function", Of::Text(aggregate)), ("post_transform", Of::Text("LOGISTIC"))];
        if base[0] != 0.0 {
            more.push(("base_values", Of::Floats(&base)));
        }
        let model =
            read(&simple(1, &[stumps.node("TreeEnsembleRegressor", [&[(0, 0.3)], &[(0, 0.3)]], &more)])).unwrap();
        let document = assess(&model, r#"{"f0":0.5}"#).unwrap();
        assert!(near(&document["score"], expected), "{aggregate}: {document}");
        assert!(warnings(&model)[0].contains("training rows"), "{:?}", warnings(&model));
    }
    let probit = [("post_transform", Of::Text("PROBIT"))];
    let model = read(&simple(1, &[STUMP.node("TreeEnsembleRegressor", [&[(0, 0.3)], &[(0, 0.3)]], &probit)])).unwrap();
    assert!(near(&assess(&model, r#"{"f0":1}"#).unwrap()["score"], -0.524_44));
}

/// The leaf of each mode, 1 for true and 2 for false, below, at and above the threshold, and for a missing value.
#[test]
fn every_mode_compares_and_tracks_missing_values() {
    for (mode, tracks, leaves) in [
        ("BRANCH_LEQ", 0, [1, 1, 2, 2]),
        ("BRANCH_LEQ", 1, [1, 1, 2, 1]),
        ("BRANCH_LT", 0, [1, 2, 2, 2]),
        ("BRANCH_LT", 1, [1, 2, 2, 1]),
        ("BRANCH_GTE", 0, [2, 1, 1, 2]),
        ("BRANCH_GTE", 1, [2, 1, 1, 1]),
        ("BRANCH_GT", 0, [2, 2, 1, 2]),
        ("BRANCH_GT", 1, [2, 2, 1, 1]),
        ("BRANCH_EQ", 0, [2, 1, 2, 2]),
        ("BRANCH_EQ", 1, [2, 1, 2, 1]),
        ("BRANCH_NEQ", 0, [1, 2, 1, 1]),
        ("BRANCH_NEQ", 1, [1, 2, 1, 1]),
    ] {
        for trees in [1, 9] {
            let stumps = Stumps { trees, mode, tracks };
            let model =
                read(&simple(1, &[stumps.node("TreeEnsembleRegressor", [&[(0, 1.0)], &[(0, 2.0)]], &[])])).unwrap();
            for (x, leaf) in ["-1e-40", "0", "1e-40", "null"].iter().zip(leaves) {
                let document = assess(&model, &format!(r#"{{"f0":{x}}}"#)).unwrap();
                assert_eq!(document["score"], f64::from(leaf) * trees as f64, "{mode} {tracks} {x}");
            }
        }
    }
}

#[test]
fn a_network_and_double_numbers() {
    let file = file(&[
        initializer(&doubles("w", &[2, 1], &[0.5, -0.25])),
        initializer(&doubles("b", &[1], &[1.0])),
        initializer(&integers("shape", &[2], &[-1, 1])),
        node("MatMul", &["x", "w"], &["p"], &[]),
        node("Add", &["p", "b"], &["s"], &[]),
        node("Reshape", &["s", "shape"], &["y"], &[]),
        input("x", 11, &[0, 2]),
        output("y"),
    ]);
    let document = assess(&read(&file).unwrap(), r#"{"f0":0.1,"f1":3}"#).unwrap();
    assert_eq!(document["score"], 0.1 * 0.5 + 3.0 * -0.25 + 1.0);
    assert_eq!(document["contributions"][0]["value"], 0.05);
    let file = super::writer::file(&[
        initializer(&floats("w", &[1, 2], &[2.0, -1.0])),
        initializer(&floats("one", &[1], &[1.0])),
        initializer(&integers("classes", &[2], &[0, 1])),
        node("Gemm", &["x", "w"], &["s"], &[("transB", Of::Int(1)), ("alpha", Of::Float(0.5))]),
        node("Sigmoid", &["s"], &["p"], &[]),
        node("Sub", &["one", "p"], &["q"], &[]),
        node("Concat", &["q", "p"], &["y"], &[("axis", Of::Int(1))]),
        node("ArgMax", &["y"], &["best"], &[("axis", Of::Int(1))]),
        node("ArrayFeatureExtractor", &["classes", "best"], &["label"], &[]),
        input("x", 1, &[0, 2]),
        output("label"),
        output("y"),
    ]);
    let document = assess(&read(&file).unwrap(), r#"{"f0":3,"f1":2}"#).unwrap();
    assert!(near(&document["margin"], 2.0) && near(&document["score"], 0.880_797), "{document}");
    assert_eq!((&document["class"], &document["contributions"][0]["value"]), (&"1".into(), &3.0.into()));
}

#[test]
fn names_of_features_come_from_the_metadata_or_from_the_inputs() {
    let sum = |parts: &[Vec<u8>]| {
        file(&[
            parts.concat(),
            node("Add", &["a", "b"], &["y"], &[]),
            input("a", 1, &[0, 1]),
            input("b", 7, &[0, 1]),
            output("y"),
        ])
    };
    // An input of integers needs integers.
    let cast = node("Cast", &["b"], &["c"], &[("to", Of::Int(1))]);
    assert!(reason(&sum(&[])).contains("Add"));
    let model = read(&file(&[
        cast,
        node("Add", &["a", "c"], &["y"], &[]),
        input("a", 1, &[0, 1]),
        input("b", 7, &[0, 1]),
        output("y"),
    ]))
    .unwrap();
    assert_eq!(names(&model), ["a", "b"]);
    assert_eq!(assess(&model, r#"{"a":1.5,"b":2}"#).unwrap()["score"], 3.5);
    for (subject, words) in
        [(r#"{"a":1,"b":2.5}"#, "b must be an integer"), (r#"{"a":1}"#, "b is missing"), (r#"{"b":1}"#, "a is missing")]
    {
        let refused = assess(&model, subject).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let linear = node(
        "LinearRegressor",
        &["x"],
        &["y"],
        &[("coefficients", Of::Floats(&[1.0, 1.0])), ("intercepts", Of::Floats(&[0.0]))],
    );
    let plain = simple(2, &[linear]);
    let named = |names: &str| {
        let entry = [super::writer::bytes(1, b"feature_names"), super::writer::bytes(2, names.as_bytes())].concat();
        [plain.clone(), super::writer::bytes(14, &entry)].concat()
    };
    for names in ["age, income", "[\"age\",\"income\"]"] {
        assert_eq!(self::names(&read(&named(names)).unwrap()), ["age", "income"]);
    }
    for names in ["age", "age,income,more", "[1,2]", "[\"a\"]", "age,age", ","] {
        assert_ne!(reason(&named(names)), "", "{names}");
    }
}

/// Texts are looked up among the categories of the encoders; an unknown one has no place, as in onnxruntime.
#[test]
fn texts_are_categories_of_encoders() {
    let file = file(&[
        node("OneHotEncoder", &["city"], &["hot"], &[("cats_strings", Of::Texts(&["Oslo", "Paris"]))]),
        initializer(&integers("flat", &[2], &[1, 2])),
        node("Reshape", &["hot", "flat"], &["places"], &[]),
        node(
            "LabelEncoder",
            &["job"],
            &["code"],
            &[
                ("keys_strings", Of::Texts(&["nurse", "12"])),
                ("values_floats", Of::Floats(&[5.0, 6.0])),
                ("default_float", Of::Float(-1.0)),
            ],
        ),
        node("Concat", &["places", "code", "age"], &["z"], &[("axis", Of::Int(1))]),
        node(
            "LinearRegressor",
            &["z"],
            &["y"],
            &[("coefficients", Of::Floats(&[10.0, 20.0, 1.0, 0.5])), ("intercepts", Of::Floats(&[0.0]))],
        ),
        input("city", 8, &[0, 1]),
        input("job", 8, &[0, 1]),
        input("age", 1, &[0, 1]),
        output("y"),
    ]);
    let model = read(&file).unwrap();
    for model in [&model, &decode(&frames(&model)).unwrap()] {
        for (subject, score) in [
            (r#"{"city":"Paris","job":"nurse","age":2}"#, 26.0),
            (r#"{"city":"Oslo","job":12,"age":2}"#, 17.0),
            (r#"{"city":"Rome","job":"pilot","age":2}"#, 0.0),
        ] {
            let document = assess(model, subject).unwrap();
            assert_eq!(document["score"], score, "{document}");
        }
        let document = assess(model, r#"{"city":"Paris","job":"nurse","age":2}"#).unwrap();
        assert_eq!(document["inputs"]["city"], "Paris");
        assert_eq!(document["contributions"][0]["value"], 20.0);
        let refused = assess(model, r#"{"city":"Paris","age":2}"#).unwrap_err().to_string();
        assert!(refused.contains("job is missing"), "{refused}");
    }
}
