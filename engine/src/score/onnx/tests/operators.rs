//! Single operators.

use super::writer::{Of, file, floats, initializer, input, integers, node, output};
use super::{assess, read, reason};

/// The output of a node for two columns: its elements are weighted by 1, 10, 100, .. and added.
fn value(parts: &[Vec<u8>], row: [&str; 2]) -> Result<f64, String> {
    let file = file(&[parts.concat(), input("x", 1, &[0, 2]), output("y")]);
    let model = read(&file).map_err(|error| error.to_string())?;
    let document =
        assess(&model, &format!(r#"{{"f0":{},"f1":{}}}"#, row[0], row[1])).map_err(|error| error.to_string())?;
    Ok(document["score"].as_f64().unwrap())
}

/// Adds the elements of `z`.
fn total() -> Vec<u8> {
    node("ReduceSum", &["z"], &["y"], &[("keepdims", Of::Int(0))])
}

fn unary(operator: &str, attributes: &[(&str, Of<'_>)], row: [&str; 2]) -> f64 {
    value(&[node(operator, &["x"], &["z"], attributes), total()], row).unwrap()
}

#[test]
fn functions_of_one_number() {
    for (operator, row, expected) in [
        ("Abs", ["-2", "3"], 5.0),
        ("Neg", ["-2", "3"], -1.0),
        ("Sqrt", ["4", "9"], 5.0),
        ("Relu", ["-4", "9"], 9.0),
        ("Floor", ["-1.5", "1.5"], -1.0),
        ("Ceil", ["-1.5", "1.5"], 1.0),
        ("Reciprocal", ["2", "4"], 0.75),
        ("Sign", ["-2", "0"], -1.0),
        ("Sigmoid", ["0", "0"], 1.0),
        ("Tanh", ["0.5", "-0.5"], 0.0),
    ] {
        assert!((unary(operator, &[], row) - expected).abs() < 1e-6, "{operator}");
    }
    assert!((unary("Exp", &[], ["1", "0"]) - 3.718_281_8).abs() < 1e-6);
    assert!((unary("Log", &[], ["2", "4"]) - 2.079_441_5).abs() < 1e-6);
    assert!((unary("Softmax", &[("axis", Of::Int(1))], ["2", "4"]) - 1.0).abs() < 1e-6);
}

#[test]
fn preparation_of_features() {
    let nan = f32::NAN;
    let imputer = |mark| [("imputed_value_floats", Of::Floats(&[7.0, 8.0])), ("replaced_value_float", Of::Float(mark))];
    assert_eq!(unary("Imputer", &imputer(nan), ["null", "1"]), 8.0);
    assert_eq!(unary("Imputer", &imputer(-999.0), ["2", "-999"]), 10.0);
    assert_eq!(unary("Binarizer", &[("threshold", Of::Float(0.5))], ["0.5", "0.6"]), 1.0);
    for (norm, row, expected) in [
        ("MAX", ["3", "-4"], -1.0 / 3.0),
        ("L1", ["3", "-4"], -1.0 / 7.0),
        ("L2", ["3", "-4"], -0.2),
        ("L2", ["0", "0"], 0.0),
    ] {
        assert!((unary("Normalizer", &[("norm", Of::Text(norm))], row) - expected).abs() < 1e-6, "{norm}");
    }
    let hot = [("cats_int64s", Of::Ints(&[1, 2, 3]))];
    assert_eq!(unary("OneHotEncoder", &hot, ["2.7", "5"]), 1.0);
    let strict =
        [node("OneHotEncoder", &["x"], &["z"], &[("cats_int64s", Of::Ints(&[1, 2])), ("zeros", Of::Int(0))]), total()];
    assert!(value(&strict, ["1", "5"]).unwrap_err().contains("category"));
    let binarizer = [node("Binarizer", &["x"], &["z"], &[]), total()];
    assert!(value(&binarizer, ["1", "null"]).unwrap_err().contains("f1 is missing"));
    let table = [
        ("keys_floats", Of::Floats(&[1.0, 2.0])),
        ("values_floats", Of::Floats(&[5.0, 6.0])),
        ("default_float", Of::Float(7.0)),
    ];
    assert_eq!(unary("LabelEncoder", &table, ["2", "3"]), 13.0);
    let join = node("FeatureVectorizer", &["x", "x"], &["z"], &[("inputdimensions", Of::Ints(&[2, 2]))]);
    assert_eq!(value(&[join, total()], ["1", "2"]).unwrap(), 6.0);
}

#[test]
fn elements_are_moved() {
    let list = |name: &str, list: &[i64]| initializer(&integers(name, &[list.len() as u64], list));
    for (parts, expected) in [
        (vec![list("i", &[1]), node("Gather", &["x", "i"], &["z"], &[("axis", Of::Int(1))])], 2.0),
        (vec![list("i", &[-1, 0, -1]), node("Gather", &["x", "i"], &["z"], &[("axis", Of::Int(-1))])], 5.0),
        (vec![list("i", &[1, 1]), node("ArrayFeatureExtractor", &["x", "i"], &["z"], &[])], 4.0),
        (
            vec![
                list("s", &[-1]),
                list("e", &[i64::MAX]),
                list("a", &[1]),
                node("Slice", &["x", "s", "e", "a"], &["z"], &[]),
            ],
            2.0,
        ),
        (vec![node("Concat", &["x", "x", "x"], &["z"], &[("axis", Of::Int(0))])], 9.0),
        (vec![list("s", &[2, 1]), node("Reshape", &["x", "s"], &["z"], &[])], 3.0),
        (vec![list("s", &[0, -1, 1]), node("Reshape", &["x", "s"], &["z"], &[])], 3.0),
        (vec![list("s", &[3, 2]), node("Expand", &["x", "s"], &["z"], &[])], 9.0),
        (vec![node("Transpose", &["x"], &["z"], &[])], 3.0),
        (vec![node("Flatten", &["x"], &["z"], &[("axis", Of::Int(0))])], 3.0),
        (vec![node("Squeeze", &["x"], &["z"], &[])], 3.0),
        (vec![list("a", &[0]), node("Unsqueeze", &["x", "a"], &["z"], &[])], 3.0),
        (vec![node("Clip", &["x", "", "b"], &["z"], &[]), initializer(&floats("b", &[], &[1.5]))], 2.5),
        (
            vec![
                node("Shape", &["x"], &["s"], &[]),
                node("ConstantOfShape", &["s"], &["o"], &[("value", Of::Tensor(floats("", &[1], &[4.0])))]),
                node("Mul", &["o", "x"], &["z"], &[]),
            ],
            12.0,
        ),
        (
            vec![
                node("Less", &["x", "b"], &["c"], &[]),
                initializer(&floats("b", &[], &[1.5])),
                node("Not", &["c"], &["n"], &[]),
                node("Where", &["n", "x", "b"], &["z"], &[]),
            ],
            3.5,
        ),
        (
            vec![
                node("ArgMax", &["x"], &["i"], &[("axis", Of::Int(1))]),
                node("GatherElements", &["x", "i"], &["z"], &[("axis", Of::Int(1))]),
            ],
            2.0,
        ),
    ] {
        let mut parts = parts;
        parts.push(total());
        assert_eq!(value(&parts, ["1", "2"]), Ok(expected));
    }
}

#[test]
fn reductions() {
    for (operator, expected) in [
        ("ReduceSum", 5.0),
        ("ReduceMean", 2.5),
        ("ReduceMax", 3.0),
        ("ReduceMin", 2.0),
        ("ReduceProd", 6.0),
        ("ReduceSumSquare", 13.0),
    ] {
        assert_eq!(unary(operator, &[], ["2", "3"]), expected, "{operator}");
    }
    for (operator, row, expected) in
        [("ArgMax", ["3", "3"], 0), ("ArgMax", ["null", "3"], 0), ("ArgMin", ["3", "2"], 1)]
    {
        let parts = [
            node(operator, &["x"], &["i"], &[("axis", Of::Int(1))]),
            node("Cast", &["i"], &["z"], &[("to", Of::Int(1))]),
            total(),
        ];
        assert_eq!(value(&parts, row), Ok(f64::from(expected)), "{operator}");
    }
}

/// As onnxruntime computes.
#[test]
fn integers_are_exact_and_wrap() {
    const LARGE: i64 = 1 << 53;
    for (operator, is_last, list, expected) in [
        ("ArgMax", 0, [LARGE, LARGE + 1, LARGE], 1.0),
        ("ArgMax", 1, [LARGE + 1, LARGE, LARGE + 1], 2.0),
        ("ArgMin", 0, [LARGE + 1, LARGE, LARGE + 1], 1.0),
        ("ArgMin", 1, [LARGE, LARGE + 1, LARGE], 2.0),
    ] {
        let parts = [
            initializer(&integers("c", &[1, 3], &list)),
            node(operator, &["c"], &["i"], &[("axis", Of::Int(1)), ("select_last_index", Of::Int(is_last))]),
            node("Cast", &["i"], &["k"], &[("to", Of::Int(1))]),
            node("Add", &["k", "x"], &["z"], &[]),
            total(),
        ];
        assert_eq!(value(&parts, ["0", "0"]), Ok(2.0 * expected), "{operator} {list:?}");
    }
    let least = f64::from(i32::MIN);
    for (operator, expected) in [("Neg", least), ("Abs", least), ("Sign", -1.0)] {
        let parts = [
            node("Cast", &["x"], &["i"], &[("to", Of::Int(6))]),
            node(operator, &["i"], &["o"], &[]),
            node("Cast", &["o"], &["z"], &[("to", Of::Int(1))]),
            total(),
        ];
        assert_eq!(value(&parts, ["-2147483648", "0"]), Ok(expected), "{operator}");
    }
}

#[test]
fn steps_past_the_end_of_a_tensor_do_not_overflow() {
    let list = |name: &str, x: i64| initializer(&integers(name, &[1], &[x]));
    let parts = [
        initializer(&floats("c", &[2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])),
        list("s", 0),
        list("e", i64::MAX),
        list("a", 0),
        list("t", i64::MAX),
        node("Slice", &["c", "s", "e", "a", "t"], &["k"], &[]),
        node("ReduceSum", &["k"], &["r"], &[("keepdims", Of::Int(0))]),
        node("Add", &["r", "x"], &["z"], &[]),
        total(),
    ];
    // The first row only.
    assert_eq!(value(&parts, ["1", "2"]), Ok(2.0 * 10.0 + 3.0));
}

#[test]
fn an_operator_or_attribute_that_is_not_evaluated_is_refused_by_name() {
    let one = |operator: &str, attributes: &[(&str, Of<'_>)]| {
        let file = file(&[node(operator, &["x"], &["z"], attributes), total(), input("x", 1, &[0, 2]), output("y")]);
        reason(&file)
    };
    for operator in ["SVMRegressor", "TopK", "Scan", "TfIdfVectorizer", "Loop"] {
        assert!(one(operator, &[]).contains(operator), "{operator}: {}", one(operator, &[]));
    }
    assert!(one("Abs", &[("strange", Of::Int(1))]).contains("strange"));
    assert!(one("Cast", &[("to", Of::Int(10))]).contains("float16"));
    assert!(one("Normalizer", &[("norm", Of::Text("L3"))]).contains("norm"));
    assert!(one("And", &[]).contains("And"));
}
