//! The time to derive a table of n nodes and to assess one of them: `assess_speed [nodes] [f32] [lazy] [pool]`.
//!
//! The table is generated in the proportions of OECD ICIO: 45 sectors per region, most inputs of a node come from its
//! own region, and every node delivers to every other. Times are wall-clock times of one thread or, for derivations
//! with `pool`, of one thread per core.

use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant};

use assess_engine::io::matrix::Matrix;
use assess_engine::io::rank::{By, Ranking};
use assess_engine::io::table::OutputSource;
use assess_engine::io::{Format, Indicator, IoModel, Labels, LeontiefMode, Precision, Table, spectral_check};
use assess_engine::model::codec::Decoder;
use assess_engine::model::{Identity, Model, Query};
use assess_engine::{Budget, Progress, Result};

const SECTORS: usize = 45;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let n = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(3465);
    let has_option = |name: &str| args.iter().any(|arg| arg == name);
    let precision = if has_option("f32") { Precision::F32 } else { Precision::F64 };
    let mode = if has_option("lazy") { LeontiefMode::Lazy } else { LeontiefMode::Full };
    let progress = Progress::default();

    let table = table(n, precision, mode);
    report("spectral check", || spectral_check(&table, &progress))?;
    let model = report("make the model", || IoModel::new(table));
    let pool = has_option("pool").then(|| rayon::ThreadPoolBuilder::new().build().expect("threads start"));
    let derive = |model: &IoModel| match &pool {
        Some(pool) => pool.install(|| model.derive(&Budget::UNLIMITED, &progress)),
        None => model.derive(&Budget::UNLIMITED, &progress),
    };
    report("derive inverse, series of output, digest", || derive(&model))?;
    let values = (0..n).map(noise).collect();
    let model = model.with_indicator(Indicator { name: "risk".into(), unit: "".into(), values })?;
    report("derive one more indicator", || derive(&model))?;

    let query = Query::default();
    let identity = Identity { name: b"icio", version: 1 };
    let count = if mode == LeontiefMode::Full { n } else { 4 };
    let mut document = Vec::new();
    for name in ["assess every node, TOP 10, LAYERS 5", "the same again"] {
        let start = Instant::now();
        for i in 0..count {
            // Far apart, so that no column is in a CPU cache by chance.
            let (region, sector) = model.table().labels.names(i * 1009 % n);
            document.clear();
            model.assess(&identity, &[region.as_bytes(), sector.as_bytes()], &query, &mut document)?;
            black_box(&document);
        }
        println!("{name}: {:?} each, {} bytes", start.elapsed() / count as u32, document.len());
    }
    let ranking = Ranking { by: By::Foreign, ..Ranking::default() };
    report("rank by foreign share", || black_box(model.rank(&ranking)))?;

    let mut decoder = Decoder::new();
    let (mut encoding, mut longest) = (Duration::ZERO, Duration::ZERO);
    let start = Instant::now();
    for i in 0..model.frames() {
        let before = Instant::now();
        let frame = model.frame(i);
        encoding += before.elapsed();
        let before = Instant::now();
        decoder.push(&frame)?;
        longest = longest.max(before.elapsed());
    }
    println!("encode {} frames: {encoding:?}; decode: {:?}", model.frames(), start.elapsed() - encoding);
    println!("longest push of a frame: {longest:?}");
    report("finish decoding", || decoder.finish())?;
    println!("bytes held: {} MB, {:.2} of n n 8", model.bytes() >> 20, model.bytes() as f64 / (n * n * 8) as f64);
    Ok(())
}

fn report<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{name}: {:?}", start.elapsed());
    result
}

/// A fixed number in 0..1 for each i.
fn noise(i: usize) -> f64 {
    let mixed = (i as u64).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) as f64 / (1u64 << 53) as f64
}

fn table(n: usize, precision: Precision, mode: LeontiefMode) -> Table {
    let names: Vec<(String, String)> = (0..n)
        .map(|i| (format!("R{:02}", i / SECTORS), format!("C{:02}T{:02}", i % SECTORS, i % SECTORS + 1)))
        .collect();
    let a = |i: usize, j: usize| {
        let cubed = noise(i * n + j).powi(3);
        if i / SECTORS == j / SECTORS { cubed * 0.04 } else { cubed * 0.6 / n as f64 }
    };
    Table {
        labels: Labels::new(names.iter().map(|(r, s)| (r.as_str(), s.as_str()))).expect("names differ"),
        coefficients: Matrix::from_fn(n, n, precision, a),
        output: None,
        demand: None,
        format: Format::Triples,
        output_source: OutputSource::None,
        leontief: Some(mode),
        warnings: Vec::new(),
    }
}
