//! The byte form of models: a written model reads back equal, and damaged frames are refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;

use assess_engine::io::matrix::Matrix;
use assess_engine::io::table::OutputSource;
use assess_engine::io::{Format, Indicator, IoModel, Labels, LeontiefMode, OutputRule, Precision, Table};
use assess_engine::model::codec::{Decoder, MAX_FRAME};
use assess_engine::model::{AnyModel, Model, Query};
use assess_engine::{Budget, Error, Progress, Result};
use fixtures::{indicator, matrix};
use proptest::prelude::*;

fn frames(model: &IoModel) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|i| model.frame(i)).collect()
}

fn decode(frames: &[Vec<u8>]) -> Result<IoModel> {
    let mut decoder = Decoder::new();
    for frame in frames {
        decoder.push(frame)?;
    }
    let AnyModel::Io(model) = decoder.finish()? else { return Err(assess_engine::Error::Corrupt("another kind")) };
    Ok(std::sync::Arc::into_inner(model).expect("there is no other reference"))
}

fn contents(model: &IoModel) -> (&Table, Vec<(String, String)>, [u8; 16]) {
    let indicators = model.indicators().map(|(name, unit)| (name.to_owned(), unit.to_owned())).collect();
    (model.table(), indicators, model.digest())
}

#[derive(Debug, Clone)]
struct Case {
    table: Table,
    indicators: Vec<Indicator>,
}

impl Case {
    fn model(&self) -> IoModel {
        let base = IoModel::new(self.table.clone());
        self.indicators.iter().fold(base, |model, indicator| model.with_indicator(indicator.clone()).unwrap())
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let name = || "[a-z\u{e9}:% ]{1,6}";
    let names = proptest::collection::btree_set((name(), name()), 1..6);
    let formats = prop_oneof![Just(Format::Icio), Just(Format::Exiobase), Just(Format::Triples)];
    let sources = prop_oneof![
        Just(OutputSource::None),
        Just(OutputSource::Solved),
        Just(OutputSource::Rule(OutputRule::Reported)),
        Just(OutputSource::Rule(OutputRule::RowSum))
    ];
    let modes = prop_oneof![Just(None), Just(Some(LeontiefMode::Full)), Just(Some(LeontiefMode::Lazy))];
    let options = (formats, sources, modes, any::<bool>(), any::<bool>());
    let warnings = proptest::collection::vec("[ -~]{0,20}", 0..3);
    let indicators =
        proptest::collection::btree_set("[a-z]{1,8}".prop_filter("built in", |name| name != "output"), 0..3);
    (names, options, warnings, indicators).prop_flat_map(|(names, options, warnings, indicators)| {
        let (format, output_source, leontief, single, has_output) = options;
        let names = Vec::from_iter(names);
        let n = names.len();
        let numbers = |count: usize| proptest::collection::vec(0.0..0.2f64, count);
        (numbers(n * n), numbers(n), numbers(n * indicators.len())).prop_map(move |(a, x, values)| {
            let precision = if single { Precision::F32 } else { Precision::F64 };
            let table = Table {
                labels: Labels::new(names.iter().map(|(r, s)| (r.as_str(), s.as_str()))).unwrap(),
                coefficients: matrix(n, precision, |i, j| a[j * n + i]),
                output: has_output.then_some(x),
                format,
                output_source,
                leontief,
                warnings: warnings.clone(),
            };
            let made = indicators.iter().zip(values.chunks(n)).map(|(name, values)| Indicator {
                name: name.as_str().into(),
                unit: "kg/USD".into(),
                values: values.to_vec(),
            });
            Case { table, indicators: made.collect() }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_written_model_reads_back_equal(case in cases()) {
        let model = case.model();
        let frames = frames(&model);
        let back = decode(&frames).unwrap();
        prop_assert_eq!(contents(&back), contents(&model));
        prop_assert_eq!(self::frames(&back), frames);
        prop_assert_eq!(back.info(), model.info());
    }

    #[test]
    fn missing_and_repeated_frames_are_detected(case in cases(), at in any::<proptest::sample::Index>()) {
        let frames = frames(&case.model());
        let at = at.index(frames.len());
        prop_assert!(matches!(decode(&frames[..at]), Err(Error::Corrupt(_))));
        let mut without = frames.clone();
        without.remove(at);
        prop_assert!(matches!(decode(&without), Err(Error::Corrupt(_))));
        let mut twice = frames.clone();
        twice.insert(at, frames[at].clone());
        prop_assert!(matches!(decode(&twice), Err(Error::Corrupt(_))));
    }

    #[test]
    fn truncated_and_extended_frames_are_detected(case in cases(), at in any::<proptest::sample::Index>(), to in any::<proptest::sample::Index>()) {
        let mut frames = frames(&case.model());
        let at = at.index(frames.len());
        let whole = frames[at].clone();
        frames[at].truncate(to.index(whole.len()));
        prop_assert!(matches!(decode(&frames), Err(Error::Corrupt(_))));
        frames[at] = whole;
        frames[at].push(0);
        prop_assert!(matches!(decode(&frames), Err(Error::Corrupt(_))));
    }

    #[test]
    fn damage_is_detected_or_gives_a_usable_model(
        case in cases(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 0..8u8), 1..4),
    ) {
        let mut frames = frames(&case.model());
        for (frame, byte, bit) in flips {
            let frame = frame.index(frames.len());
            let byte = byte.index(frames[frame].len());
            frames[frame][byte] ^= 1 << bit;
        }
        match decode(&frames) {
            Err(error) => prop_assert!(matches!(error, Error::Corrupt(_))),
            Ok(model) => {
                prop_assert_eq!(self::frames(&model), frames);
                // The numbers may be anything now; the model derives, or returns an error.
                if model.derive(&Budget::new(1 << 20), &Progress::default()).is_ok() {
                    fixtures::assess(&model, 0, &Query::default());
                }
            }
        }
    }
}

/// A model of several blocks of columns.
fn large(precision: Precision) -> IoModel {
    let n = 700;
    let names: Vec<(String, String)> = (0..n).map(|i| (format!("R{}", i / 35), format!("s{}", i % 35))).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
    let mut table = fixtures::table(&nodes, |_, _| 0.0);
    table.coefficients = matrix(n, precision, |i, j| ((i * 31 + j * 17) % 101) as f64 * 1e-5);
    IoModel::new(table).with_indicator(indicator("risk", (0..n).map(|i| i as f64))).unwrap()
}

#[test]
fn frames_are_bounded_and_hold_one_block_each() {
    for precision in [Precision::F64, Precision::F32] {
        let model = large(precision);
        let blocks = match &model.table().coefficients {
            Matrix::F64(columns) => columns.blocks().len(),
            Matrix::F32(columns) => columns.blocks().len(),
        };
        assert!(blocks > 2);
        let frames = frames(&model);
        assert!(frames.iter().all(|frame| !frame.is_empty() && frame.len() <= MAX_FRAME));
        // Header, text, nodes, blocks, one indicator.
        assert_eq!(frames.len(), 3 + blocks + 1);
        assert_eq!(contents(&decode(&frames).unwrap()), contents(&model));
        assert!(model.frame(model.frames()).is_empty());
    }
}

#[test]
fn columns_may_be_split_differently() {
    let model = large(Precision::F64);
    let mut frames = frames(&model);
    let blocks = frames.len() - 4;
    let bytes: Vec<u8> = frames.splice(3..3 + blocks, []).flat_map(|frame| frame[1..].to_vec()).collect();
    let pieces = bytes.chunks(700 * 8 * 37).map(|piece| [&[4], piece].concat());
    frames.splice(3..3, pieces);
    assert_eq!(contents(&decode(&frames).unwrap()), contents(&model));
}

#[test]
fn long_texts_take_several_frames() {
    let long = "x".repeat(700_000);
    let table = Table { warnings: vec![long.clone(), long], ..fixtures::table(&[("A", "b")], |_, _| 0.5) };
    let model = IoModel::new(table);
    let frames = frames(&model);
    assert_eq!(frames.len(), 1 + 3 + 1 + 1);
    assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME));
    assert_eq!(contents(&decode(&frames).unwrap()), contents(&model));
}

#[test]
fn a_header_alone_causes_no_large_allocation() {
    let mut header = frames(&IoModel::new(fixtures::table(&[("A", "b")], |_, _| 0.5))).swap_remove(0);
    header[2..6].copy_from_slice(&32_768u32.to_le_bytes());
    for at in [6, 10, 19, 23] {
        header[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    header[27..35].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut decoder = Decoder::new();
    decoder.push(&header).unwrap();
    assert!(decoder.bytes() < 1000);
    decoder.push(&[&[1][..], &[0; 5000]].concat()).unwrap();
    assert!(decoder.bytes() < 20_000);
    header[2..6].copy_from_slice(&32_769u32.to_le_bytes());
    assert!(matches!(Decoder::new().push(&header), Err(Error::Corrupt(_))));
}

#[test]
fn frames_out_of_order_and_unusable_numbers_are_refused() {
    let model = IoModel::new(fixtures::with_output(fixtures::table(&[("A", "b")], |_, _| 0.5), vec![2.0]));
    let model = model.with_indicator(indicator("risk", [1.0])).unwrap();
    let good = frames(&model);
    // Header, text, nodes, output, columns, indicator.
    assert_eq!(good.len(), 6);
    for (a, b) in [(1, 2), (2, 3), (3, 4), (4, 5)] {
        let mut swapped = good.clone();
        swapped.swap(a, b);
        assert!(matches!(decode(&swapped), Err(Error::Corrupt(_))));
    }
    for (frame, numbers) in [
        (3, vec![f64::NAN, f64::INFINITY, -1.0]),
        (4, vec![f64::NAN, f64::NEG_INFINITY]),
        (5, vec![f64::NAN, f64::INFINITY]),
    ] {
        for number in numbers {
            let mut damaged = good.clone();
            let at = damaged[frame].len() - 8;
            damaged[frame][at..].copy_from_slice(&number.to_le_bytes());
            assert!(matches!(decode(&damaged), Err(Error::Corrupt(_))), "frame {frame}, {number}");
        }
    }
    let mut newer = good;
    newer[0][1] = 2;
    assert!(matches!(decode(&newer), Err(Error::Corrupt(_))));
    assert!(matches!(decode(&[]), Err(Error::Corrupt(_))));
    assert!(matches!(Decoder::new().push(&[]), Err(Error::Corrupt(_))));
}
