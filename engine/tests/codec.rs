//! The byte form of models: a written model reads back equal, and damaged frames are refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;

use assess_engine::io::matrix::Matrix;
use assess_engine::io::table::OutputSource;
use assess_engine::io::{FinalDemand, Format, Indicator, IoModel, Labels, LeontiefMode, OutputRule, Precision, Table};
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

/// Region and category of each column of final demand, and its values, for a table of n nodes.
type Bought = Option<(Vec<(String, String)>, Vec<f64>)>;

fn demand(n: usize) -> impl Strategy<Value = Bought> {
    let names = proptest::collection::btree_set(("[A-C\u{e9}]{1,2}", "[a-b]{0,1}"), 1..5);
    let columns = names.prop_flat_map(move |names| {
        let values = proptest::collection::vec(-5.0..50.0f64, n * names.len());
        (Just(Vec::from_iter(names)).prop_shuffle(), values)
    });
    proptest::option::of(columns)
}

fn final_demand(n: usize, precision: Precision, names: &[(String, String)], values: &[f64]) -> FinalDemand {
    let mut columns = Matrix::rectangle(n, names.len(), precision);
    for (k, value) in values.iter().enumerate() {
        match &mut columns {
            Matrix::F64(columns) => columns.column_mut(k / n)[k % n] = *value,
            Matrix::F32(columns) => columns.column_mut(k / n)[k % n] = *value as f32,
        }
    }
    FinalDemand::new(names.iter().map(|(region, category)| (region.as_str(), category.as_str())), columns).unwrap()
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
        (numbers(n * n), numbers(n), numbers(n * indicators.len()), demand(n)).prop_map(
            move |(a, x, values, bought)| {
                let precision = if single { Precision::F32 } else { Precision::F64 };
                let table = Table {
                    labels: Labels::new(names.iter().map(|(r, s)| (r.as_str(), s.as_str()))).unwrap(),
                    coefficients: matrix(n, precision, |i, j| a[j * n + i]),
                    output: has_output.then_some(x),
                    demand: bought.map(|(names, values)| final_demand(n, precision, &names, &values)),
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
            },
        )
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
            Matrix::F64(columns) => columns.block_count(),
            Matrix::F32(columns) => columns.block_count(),
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
    header[35..47].copy_from_slice(&[[0xff; 4], [0xff; 4], (1u32 << 16).to_le_bytes()].concat());
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
    newer[0][1] = 3;
    assert!(matches!(decode(&newer), Err(Error::Corrupt(_))));
    assert!(matches!(decode(&[]), Err(Error::Corrupt(_))));
    assert!(matches!(Decoder::new().push(&[]), Err(Error::Corrupt(_))));
}

/// Two nodes, and three columns of final demand of two regions, one of which has no node.
fn with_demand() -> IoModel {
    let names = [("B", "home"), ("Z", "home"), ("B", "state")].map(|(r, c)| (r.to_owned(), c.to_owned()));
    let demand = final_demand(2, Precision::F64, &names, &[1.0, 2.0, 0.0, -3.0, 0.5, 0.25]);
    let table = fixtures::table(&[("A", "b"), ("B", "b")], |_, _| 0.25);
    IoModel::new(Table { demand: Some(demand), ..table })
}

#[test]
fn final_demand_has_two_kinds_of_frames_and_is_part_of_the_digest() {
    let model = with_demand();
    let good = frames(&model);
    // Header, text, nodes, columns, pairs, final demand.
    assert_eq!(good.len(), 6);
    assert_eq!((good[4][0], good[5][0]), (6, 7));
    assert_eq!(contents(&decode(&good).unwrap()), contents(&model));
    let without = IoModel::new(Table { demand: None, ..model.table().clone() });
    assert_ne!(without.digest(), model.digest());
    let mut changed = good.clone();
    *changed[5].last_mut().unwrap() ^= 1;
    assert_ne!(decode(&changed).unwrap().digest(), model.digest());
}

#[test]
fn final_demand_that_the_encoder_cannot_have_written_is_refused() {
    let good = frames(&with_demand());
    let refused = |change: &dyn Fn(&mut Vec<Vec<u8>>), what: &str| {
        let mut frames = good.clone();
        change(&mut frames);
        assert!(matches!(decode(&frames), Err(Error::Corrupt(_))), "{what}");
    };
    let count = |frames: &mut Vec<Vec<u8>>, at: usize, count: u32| {
        frames[0][at..at + 4].copy_from_slice(&count.to_le_bytes());
    };
    let pair = |frames: &mut Vec<Vec<u8>>, at: usize, number: u32| {
        frames[4][1 + 4 * at..5 + 4 * at].copy_from_slice(&number.to_le_bytes());
    };
    // In the header: 35 purchasing regions, 39 categories, 43 columns.
    refused(&|frames| count(frames, 43, 0), "names without columns");
    refused(&|frames| count(frames, 43, 2), "fewer columns than pairs");
    refused(&|frames| count(frames, 43, (1 << 16) + 1), "more columns than a frame can name");
    refused(&|frames| count(frames, 35, 1), "fewer regions than text");
    refused(&|frames| count(frames, 39, 3), "more categories than text");
    refused(&|frames| pair(frames, 0, 2), "an unknown region");
    refused(&|frames| pair(frames, 1, 2), "an unknown category");
    refused(&|frames| pair(frames, 2, 0), "a pair that occurs twice");
    refused(
        &|frames| {
            pair(frames, 0, 1);
            pair(frames, 2, 0);
        },
        "regions in another order",
    );
    for number in [f64::NAN, f64::INFINITY] {
        let change = move |frames: &mut Vec<Vec<u8>>| frames[5][1..9].copy_from_slice(&number.to_le_bytes());
        refused(&change, "a number that is not finite");
    }
    refused(&|frames| frames.swap(4, 5), "columns before their names");
    refused(&|frames| _ = frames.remove(5), "no columns");
    refused(&|frames| frames[5].truncate(1 + 3 * 16 - 8), "half a column");
    // A region without a name: the text ends with the names of regions and categories, `B` among them.
    refused(
        &|frames| {
            let at = frames[1].windows(5).rposition(|text| text == [1, 0, 0, 0, b'Z']).unwrap();
            frames[1].splice(at..at + 5, [0; 4]);
            let length = frames[1].len() as u64 - 1;
            frames[0][27..35].copy_from_slice(&length.to_le_bytes());
        },
        "a region without a name",
    );
}

/// A model of a file in `forms/`: frames, each after its length as `u32`.
fn from_file(mut bytes: &[u8]) -> IoModel {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        frames.push(frame.to_vec());
        bytes = rest;
    }
    decode(&frames).unwrap()
}

#[test]
fn frames_that_each_version_has_written_are_read() {
    // The same table, which the module wrote before and after final demand was kept.
    let first = from_file(include_bytes!("forms/io-1.frames"));
    let second = from_file(include_bytes!("forms/io-2.frames"));
    // The digest that the writer of the first file stated.
    assert_eq!(first.digest()[..8], 0x67f9_fa25_ab2b_c4d8_u64.to_be_bytes());
    assert_eq!(first.table(), &Table { demand: None, ..second.table().clone() });
    let demand = second.table().demand.as_ref().unwrap();
    assert_eq!((demand.regions().len(), demand.categories().len(), demand.pairs().len()), (2, 2, 3));
    let of = |region: &str| demand.of(demand.region(region.as_bytes()).unwrap(), None);
    assert_eq!(of("USA"), Some(vec![45.0, 90.0, 6.0]));
    assert_eq!(of("CHN"), Some(vec![20.0, 20.0, 4.0]));
    for model in [first, second] {
        assert_eq!(model.indicators().collect::<Vec<_>>(), [("risk", "kg")]);
        model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
        let total = fixtures::number(&fixtures::assess_named(&model, "USA", "C10", &Query::default())["total"]);
        assert_eq!(total, 1.274221961244862);
        // Written again, the model has the newest version and reads back equal.
        let again = frames(&model);
        assert_eq!(again[0][..2], [1, 2]);
        assert_eq!(contents(&decode(&again).unwrap()), contents(&model));
    }
}
