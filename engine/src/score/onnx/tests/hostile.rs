//! Files that no converter writes, and damaged ones.

use super::writer::{
    Of, Stumps, bytes, file, floats, initializer, input, integers, node, number, output, port, simple, tensor,
};
use super::{assess, decode, frames, read, reason, received};
use crate::model::{LabelSet, Model, Query};
use crate::score::{LoadOptions, Rows, load};
use crate::{Budget, Error, Progress};

const STUMP: Stumps = Stumps { trees: 2, mode: "BRANCH_LEQ", tracks: 1 };

fn linear() -> Vec<u8> {
    let weights = [("coefficients", Of::Floats(&[1.0, 2.0])), ("intercepts", Of::Floats(&[0.5]))];
    simple(2, &[node("LinearRegressor", &["x"], &["y"], &weights)])
}

fn trees() -> Vec<u8> {
    simple(1, &[STUMP.node("TreeEnsembleRegressor", [&[(0, 1.0)], &[(0, 2.0)]], &[])])
}

/// The nodes of one tree with these children, and its leaves at the end.
fn tree(of_true: &[i64], of_false: &[i64], splits: usize) -> String {
    let count = of_true.len();
    let ids: Vec<i64> = (0..count as i64).collect();
    let modes: Vec<&str> = (0..count).map(|i| if i < splits { "BRANCH_LEQ" } else { "LEAF" }).collect();
    let zeros = vec![0; count];
    let values = vec![0.0; count];
    let attributes = [
        ("nodes_treeids", Of::Ints(&zeros)),
        ("nodes_nodeids", Of::Ints(&ids)),
        ("nodes_featureids", Of::Ints(&zeros)),
        ("nodes_modes", Of::Texts(&modes)),
        ("nodes_values", Of::Floats(&values)),
        ("nodes_truenodeids", Of::Ints(of_true)),
        ("nodes_falsenodeids", Of::Ints(of_false)),
        ("target_treeids", Of::Ints(&[])),
    ];
    reason(&simple(1, &[node("TreeEnsembleRegressor", &["x"], &["y"], &attributes)]))
}

#[test]
fn references_between_nodes_of_a_tree_must_form_a_tree() {
    assert_eq!(tree(&[1, 0, 0], &[2, 0, 0], 1), "");
    // A leaf that is never reached has no effect.
    assert_eq!(tree(&[1, 0, 0, 0], &[2, 0, 0, 0], 1), "");
    for (of_true, of_false, splits, words) in [
        (&[0, 0][..], &[1, 0][..], 1, "two paths"),
        (&[1, 0][..], &[1, 0][..], 1, "two paths"),
        (&[1, 0, 0][..], &[2, 2, 0][..], 2, "two paths"),
        (&[1, 0, 0][..], &[9, 0, 0][..], 1, "does not have"),
        (&[1, 0, 0][..], &[-1, 0, 0][..], 1, "does not have"),
    ] {
        let found = tree(of_true, of_false, splits);
        assert!(found.contains(words), "{of_true:?} {of_false:?}: {found}");
    }
    let chain = |splits: i64| {
        let of_true: Vec<i64> = (0..=2 * splits).map(|i| if i < splits { i + splits } else { 0 }).collect();
        let of_false: Vec<i64> = (0..=2 * splits)
            .map(|i| {
                if i + 1 < splits {
                    i + 1
                } else if i < splits {
                    2 * splits
                } else {
                    0
                }
            })
            .collect();
        tree(&of_true, &of_false, splits as usize)
    };
    assert_eq!(chain(1_024), "");
    assert!(chain(1_025).contains("deeper"), "{}", chain(1_025));
}

#[test]
fn lists_of_trees_must_fit_together() {
    let good = trees();
    assert_eq!(reason(&good), "");
    let stump = |weights: [&[(i64, f32)]; 2], more: &[(&str, Of<'_>)]| {
        reason(&simple(1, &[STUMP.node("TreeEnsembleRegressor", weights, more)]))
    };
    type Case<'a> = ([&'a [(i64, f32)]; 2], Vec<(&'a str, Of<'a>)>, &'a str);
    let cases: [Case<'_>; 10] = [
        ([&[(1, 1.0)][..], &[(0, 1.0)][..]], vec![], "does not exist"),
        ([&[(-1, 1.0)], &[(0, 1.0)]], vec![], "does not exist"),
        ([&[(0, f32::NAN)], &[(0, 1.0)]], vec![], "not a finite"),
        ([&[(0, 1.0), (0, 1.0)], &[(0, 1.0)]], vec![], "several weights"),
        ([&[(0, 1.0)], &[]], vec![("aggregate_function", Of::Text("MIN"))], "no weight"),
        ([&[(0, 1.0)], &[(0, 1.0)]], vec![("n_targets", Of::Int(i64::MAX))], "n_targets"),
        ([&[(0, 1.0)], &[(0, 1.0)]], vec![("base_values", Of::Floats(&[1.0, 2.0]))], "base_values"),
        ([&[(0, 1.0)], &[(0, 1.0)]], vec![("base_values", Of::Floats(&[f32::INFINITY]))], "base_values"),
        ([&[(0, 1.0)], &[(0, 1.0)]], vec![("aggregate_function", Of::Text("MEDIAN"))], "aggregate_function"),
        (
            [&[(0, 1.0)], &[(0, 1.0)]],
            vec![("nodes_values_as_tensor", Of::Tensor(floats("", &[6], &[0.0; 6])))],
            "as_tensor",
        ),
    ];
    for (weights, more, words) in cases {
        let found = stump(weights, &more);
        assert!(found.contains(words), "{words}: {found}");
    }
    let odd = Stumps { mode: "BRANCH_MEMBER", ..STUMP };
    assert!(reason(&simple(1, &[odd.node("TreeEnsembleRegressor", [&[(0, 1.0)], &[(0, 1.0)]], &[])])).contains("mode"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn a_graph_must_be_in_order_and_bounded() {
    let add = |a: &str, b: &str, y: &str| node("Add", &[a, b], &[y], &[]);
    let x = || input("x", 1, &[0, 1]);
    let constant = |shape: &[u64]| {
        initializer(&integers("s", &[shape.len() as u64], &shape.iter().map(|&size| size as i64).collect::<Vec<_>>()))
    };
    let twice: Vec<Vec<u8>> = (0..30)
        .map(|i| {
            node("Concat", &[&format!("v{i}"), &format!("v{i}")], &[&format!("v{}", i + 1)], &[("axis", Of::Int(1))])
        })
        .collect();
    for (parts, words) in [
        (vec![add("x", "y", "y"), x(), output("y")], "later or not at all"),
        (vec![add("x", "b", "y"), add("x", "x", "b"), x(), output("y")], "later or not at all"),
        (vec![add("x", "x", "y"), add("x", "x", "y"), x(), output("y")], "the name y"),
        (vec![add("x", "x", "y"), x(), output("z")], "output z"),
        (vec![add("x", "x", "y"), x()], "outputs"),
        (vec![add("x", "x", "y"), output("y")], "x"),
        (vec![add("x", "x", "y"), input("x", 1, &[0, 5_000]), output("y")], "4096"),
        (vec![add("x", "x", "y"), input("x", 1, &[0, 0]), output("y")], "4096"),
        (vec![add("x", "x", "y"), input("x", 1, &[7, 2]), output("y")], "shape"),
        (vec![add("x", "x", "y"), input("x", 1, &[0, 2, 2]), output("y")], "shape"),
        (vec![add("x", "x", "y"), input("x", 8, &[0, 1]), output("y")], "Add"),
        (vec![node("Identity", &["x"], &["y"], &[]), input("x", 8, &[0, 1]), output("y")], "is a text"),
        (vec![add("x", "x", "y"), input("x", 10, &[0, 1]), output("y")], "float16"),
        (vec![add("x", "x", "y"), port(11, "x", 1, &[0, 1_025]), output("y")], "1025 numbers"),
        (vec![constant(&[2, 3]), node("ConstantOfShape", &["s"], &["y"], &[]), x(), output("y")], "6 numbers"),
        (
            vec![constant(&[1 << 40, 1 << 40]), node("ConstantOfShape", &["s"], &["y"], &[]), x(), output("y")],
            "elements",
        ),
        (
            vec![
                constant(&[4096, 1024]),
                node("ConstantOfShape", &["s"], &["a"], &[]),
                node("ConstantOfShape", &["s"], &["y"], &[]),
                x(),
                output("y"),
            ],
            "elements",
        ),
        (vec![initializer(&floats("v0", &[1, 1], &[1.0])), twice.concat(), x(), output("y")], "elements"),
        (vec![initializer(&tensor("c", 1, &[2], &[0; 4])), add("x", "c", "y"), x(), output("y")], "more or fewer"),
        (vec![initializer(&tensor("c", 1, &[u64::MAX], &[0; 4])), add("x", "c", "y"), x(), output("y")], "negative"),
        (
            vec![initializer(&tensor("c", 1, &[1 << 40, 1 << 40], &[])), add("x", "c", "y"), x(), output("y")],
            "elements",
        ),
        // A dimension of 0 does not let the others be any number.
        (
            vec![
                initializer(&tensor("a", 1, &[1 << 62, 0], &[])),
                initializer(&tensor("b", 1, &[0, 1], &[])),
                node("MatMul", &["a", "b"], &["c"], &[]),
                add("x", "c", "y"),
                x(),
                output("y"),
            ],
            "elements",
        ),
        (vec![constant(&[0, 1 << 62]), node("ConstantOfShape", &["s"], &["y"], &[]), x(), output("y")], "elements"),
        (vec![initializer(&tensor("c", 1, &[1; 9], &[0; 4])), add("x", "c", "y"), x(), output("y")], "8 dimensions"),
        (
            vec![
                initializer(&[tensor("c", 1, &[1], &[0; 4]), number(14, 1)].concat()),
                add("x", "c", "y"),
                x(),
                output("y"),
            ],
            "external data",
        ),
    ] {
        let found = reason(&file(&parts));
        assert!(found.contains(words), "{words}: {found}");
    }
    let many = bytes(1, &[]).repeat(200_000);
    assert!(reason(&file(&[many, x(), output("y")])).contains("100000"));
}

#[test]
fn places_are_counted_also_where_nothing_is_moved() {
    // Each step makes a list of 4,096 places that says that all elements stay where they are.
    let steps = |count: usize| {
        let expand = |i: usize| {
            let (from, to) = (format!("v{i}"), format!("v{}", i + 1));
            node("Expand", &[if i == 0 { "x" } else { &from }, "s"], &[&to], &[])
        };
        let nodes: Vec<u8> = (0..count).flat_map(expand).collect();
        let sum = node("ReduceSum", &[&format!("v{count}")], &["y"], &[]);
        let shape = initializer(&integers("s", &[2], &[1, 4_096]));
        reason(&file(&[shape, nodes, sum, input("x", 1, &[0, 4_096]), output("y")]))
    };
    assert_eq!(steps(1_000), "");
    assert!(steps(1_100).contains("too many elements"), "{}", steps(1_100));
}

#[test]
fn parts_of_a_model_that_change_its_meaning_are_refused() {
    let good = linear();
    for (more, words) in [
        (bytes(20, &[]), "training_info"),
        (bytes(25, &[]), "functions"),
        (bytes(8, &number(2, 99)), "target_opset"),
        (bytes(8, &number(2, 14)), "two versions"),
    ] {
        let found = reason(&[good.clone(), more].concat());
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(reason(&file(&[bytes(15, &[]), input("x", 1, &[0, 1]), output("y")])).contains("sparse"));
}

#[test]
fn a_truncated_or_changed_file_is_refused_or_harmless() {
    for file in [linear(), trees()] {
        let model = read(&file).unwrap();
        let rows = ["{\"f0\":0.5,\"f1\":1}", "{\"f0\":-3e38}", "{}"];
        for cut in 0..file.len() {
            if let Ok(model) = load(
                &file[..cut],
                &LoadOptions { format: model.format().into(), ..LoadOptions::default() },
                &Progress::default(),
            ) {
                rows.iter().for_each(|row| drop(assess(&model, row)));
            }
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[cut] ^= 1 << bit;
                if let Ok(model) = read(&changed) {
                    rows.iter().for_each(|row| drop(assess(&model, row)));
                    assert_eq!(decode(&frames(&model)).unwrap().digest(), model.digest());
                }
            }
        }
    }
}

#[test]
fn damaged_frames_are_refused_or_harmless() {
    let frames = frames(&read(&trees()).unwrap());
    for frame in 0..frames.len() {
        let mut fewer = frames.clone();
        fewer.remove(frame);
        assert!(frame == 0 || matches!(decode(&fewer), Err(Error::Corrupt(_))));
        for byte in 2..frames[frame].len() {
            for bit in 0..8 {
                let mut damaged = frames.clone();
                damaged[frame][byte] ^= 1 << bit;
                if let Ok(model) = decode(&damaged) {
                    drop(assess(&model, "{\"f0\":1}"));
                }
            }
        }
    }
}

#[test]
fn a_file_that_is_too_large_to_be_read_in_one_piece_is_refused() {
    const LIMIT: u64 = 64 << 20;
    let mut file = linear();
    // Documentation of the model, which is not read.
    file.extend(bytes(6, &vec![b'x'; 64 << 20]));
    let refused = read(&file).unwrap_err();
    assert_eq!(refused, Error::TooBig { what: "the size of an ONNX file in bytes", limit: LIMIT });
    let mut decoder = crate::score::onnx::Decoder::default();
    let piece = vec![0; 60_000];
    let pieces = (0..).take_while(|_| decoder.push(&piece).is_ok()).count();
    assert_eq!(pieces as u64, LIMIT / 60_000);
}

#[test]
fn a_large_file_is_divided_into_records_and_a_cancelled_read_stops() {
    let stumps = Stumps { trees: 5_000, ..STUMP };
    let file = simple(1, &[stumps.node("TreeEnsembleRegressor", [&[(0, 1.0)], &[(0, 2.0)]], &[])]);
    let model = read(&file).unwrap();
    let frames = frames(&model);
    assert!(frames.len() > 3 && frames.iter().all(|frame| frame.len() <= 60_002));
    assert!(model.frame(model.frames()).is_empty());
    assert!(model.bytes() > file.len() as u64);
    let again = decode(&frames).unwrap();
    assert_eq!(assess(&again, "{\"f0\":1}").unwrap()["score"], 10_000.0);
    let progress = Progress::default();
    progress.cancel();
    assert_eq!(load(&file, &LoadOptions::default(), &progress).unwrap_err(), Error::Cancelled);
}

#[test]
fn frames_are_decoded_by_the_derivation() {
    let file = trees();
    let model = read(&file).unwrap();
    let late = received(&frames(&model)).unwrap();
    let subject: [&[u8]; 1] = [b"{\"f0\":1}"];
    let query = Query::default();
    let name = |model: &crate::score::ScoreModel| {
        let mut name = Vec::new();
        model.canonical(&subject, &query, &mut name).map(|()| name)
    };
    // Known before that: the byte form, the digest, names of assessments.
    assert_eq!((frames(&late), late.digest(), name(&late)), (frames(&model), model.digest(), name(&model)));
    let rows = Rows::from_f64(&late, &1.0f64.to_le_bytes(), 1).unwrap();
    assert!(!late.is_decoded() && !late.ready() && model.is_decoded());
    assert_eq!(late.check(&subject, &query), Err(Error::NotReady));
    assert_eq!(assess_only(&late, &subject), Err(Error::NotReady));
    assert_eq!(late.batch_values(&rows, &Progress::default()), Err(Error::NotReady));
    let identity = crate::model::Identity { name: b"m", version: 1 };
    assert!(matches!(late.batch_documents(&identity, &rows, &Progress::default()), Err(Error::NotReady)));
    assert_eq!(late.labels(LabelSet::Features), None);
    assert!(late.info().iter().all(|(name, _)| !["outputs", "steps", "trees"].contains(name)));
    let before = late.bytes();
    assert!(before > file.len() as u64 && before < model.bytes());
    // Memory is required before it is used; the next attempt decodes.
    assert!(matches!(late.derive_next(&Budget::new(100), &Progress::default()), Err(Error::NoRoom { .. })));
    let cancelled = Progress::default();
    cancelled.cancel();
    assert_eq!(late.derive_next(&Budget::UNLIMITED, &cancelled), Err(Error::Cancelled));
    assert!(!late.is_decoded());
    late.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(late.is_decoded() && late.ready());
    assert_eq!((late.bytes(), late.info()), (model.bytes(), model.info()));
    assert_eq!(assess(&late, "{\"f0\":1}"), assess(&model, "{\"f0\":1}"));
}

fn assess_only(model: &crate::score::ScoreModel, subject: &[&[u8]]) -> crate::Result<()> {
    let identity = crate::model::Identity { name: b"m", version: 1 };
    model.assess(&identity, subject, &Query::default(), &mut Vec::new())
}

#[test]
fn a_file_that_cannot_be_used_is_found_by_the_derivation() {
    let mut damaged = frames(&read(&trees()).unwrap());
    damaged.last_mut().unwrap()[20..].fill(0xff);
    let late = received(&damaged).unwrap();
    let failed = late.derive(&Budget::UNLIMITED, &Progress::default()).unwrap_err();
    assert_eq!(failed, Error::Corrupt("the file of an ONNX model cannot be used"));
    assert!(!late.is_decoded() && !late.ready());
    // The file would be cut into other records than those that arrived.
    let of = frames(
        &read(&simple(1, &[STUMP_FOREST.node("TreeEnsembleRegressor", [&[(0, 1.0)], &[(0, 2.0)]], &[])])).unwrap(),
    );
    let [.., first, last] = &of[..] else { panic!("two records") };
    let mut shorter = of[..of.len() - 2].to_vec();
    shorter.push([&59_999u16.to_le_bytes(), &first[2..60_001]].concat());
    shorter.push(last.clone());
    assert!(matches!(received(&shorter), Err(Error::Corrupt(_))));
    let mut together = of[..of.len() - 2].to_vec();
    together.push([&[10, 0][..], &first[2..12], &[10, 0], &first[12..22]].concat());
    assert!(matches!(received(&together), Err(Error::Corrupt(_))));
}

const STUMP_FOREST: Stumps = Stumps { trees: 5_000, ..STUMP };
