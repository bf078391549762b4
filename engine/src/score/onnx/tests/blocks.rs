//! Batches, whose rows share the accesses to the trees, have the same bits as single rows.

use super::writer::{Of, Stumps, file, input, node, output, simple};
use super::{answer, assess, read};
use crate::score::{Rows, ScoreModel};
use crate::{Error, Progress};

fn batch(model: &ScoreModel, values: &[f64]) -> crate::Result<Vec<f64>> {
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let rows = Rows::from_f64(model, &bytes, values.len() / model.features().len())?;
    model.batch_values(&rows, &Progress::default())
}

/// Numbers on both sides of a threshold, on it, and missing ones.
fn column(count: usize) -> Vec<f64> {
    (0..count).map(|i| [-1.5, 0.0, 2.0, f64::NAN, -0.25, 7.0, 1e30][i % 7] * (1 + i / 7) as f64).collect()
}

fn agrees(model: &ScoreModel, count: usize) {
    let values = column(count);
    let together = batch(model, &values).unwrap();
    let subject = |x: f64| if x.is_nan() { r#"{"f0":null}"#.to_owned() } else { format!(r#"{{"f0":{x:?}}}"#) };
    let alone: Vec<f64> = values.iter().flat_map(|&x| answer(model, &assess(model, &subject(x)).unwrap())).collect();
    assert_eq!(together.len(), count * model.outputs());
    assert!(together.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits()), "{together:?} and {alone:?}");
    assert!(count < 7 || together.iter().any(|x| *x != together[0]), "the rows differ");
}

#[test]
fn trees_of_every_mode_give_a_block_what_they_give_a_row() {
    for mode in ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"] {
        for aggregate in ["SUM", "AVERAGE", "MIN", "MAX"] {
            let stumps = Stumps { trees: 19, mode, tracks: 1 };
            let more = [("aggregate_function", Of::Text(aggregate)), ("n_targets", Of::Int(1))];
            let weights: [&[(i64, f32)]; 2] = [&[(0, 0.1)], &[(0, -0.7)]];
            let model = read(&simple(1, &[stumps.node("TreeEnsembleRegressor", weights, &more)])).unwrap();
            [2, 8, 9, 127, 128, 300].into_iter().for_each(|count| agrees(&model, count));
        }
    }
}

#[test]
fn classes_of_a_block_are_those_of_its_rows() {
    let stumps = Stumps { trees: 5, mode: "BRANCH_LEQ", tracks: 0 };
    for labels in [&[0, 1][..], &[4, 5, 6]] {
        let more = [("classlabels_int64s", Of::Ints(labels)), ("post_transform", Of::Text("SOFTMAX"))];
        let weights: [&[(i64, f32)]; 2] = [&[(0, 0.25), (1, 0.5)], &[(0, 1.0), (labels.len() as i64 - 1, -0.5)]];
        let trees = stumps.node("TreeEnsembleClassifier", weights, &more);
        let model = read(&file(&[trees, input("x", 1, &[0, 1]), output("label"), output("y")])).unwrap();
        [2, 130, 300].into_iter().for_each(|count| agrees(&model, count));
    }
}

#[test]
fn the_first_row_without_a_result_is_named() {
    // The square root of a negative number is NaN; a result that is not finite is no result.
    let model = read(&simple(1, &[node("Sqrt", &["x"], &["y"], &[])])).unwrap();
    let mut values = vec![4.0; 300];
    (values[290], values[141], values[150]) = (-1.0, f64::NAN, -1.0);
    let error = batch(&model, &values).unwrap_err();
    assert!(matches!(&error, Error::Invalid(reason) if reason.starts_with("row 142: ")), "{error}");
    values[141] = 1.0;
    let error = batch(&model, &values).unwrap_err();
    assert!(matches!(&error, Error::Invalid(reason) if reason.starts_with("row 151: ")), "{error}");
}
