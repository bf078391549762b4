//! The samples in the repository.

use assess_engine::io::indicator::Reading;
use assess_engine::io::sample::SampleTable;
use assess_engine::io::{By, Indicator, Input, LoadOptions, load};
use assess_engine::{Budget, Progress};

const TABLE: &[u8] = include_bytes!("../../samples/mini.csv");
const RISK: &[u8] = include_bytes!("../../samples/mini_risk.csv");

#[test]
fn the_sample_table_equals_the_output_of_the_generator() {
    let mut generated = Vec::new();
    SampleTable::new(5, 6, 1).unwrap().write(&mut generated).unwrap();
    assert!(generated == TABLE, "run the command in samples/README.md again");
}

#[test]
fn the_samples_fit_together() {
    let loaded = load(Input::Bytes(TABLE), &LoadOptions::default(), &Budget::UNLIMITED, &Progress::default()).unwrap();
    assert_eq!((loaded.table.labels.len(), loaded.table.warnings), (30, vec![]));
    let risk = Indicator::parse(b"risk", b"", RISK, &Reading::by(By::Region), &loaded.table.labels).unwrap();
    assert_eq!((risk.values[0], risk.values[29]), (0.21, 0.52));
}
