//! Writes a generated table in the ICIO layout, or measures the time to read one.
//!
//! ```text
//! cargo run --release -p assess-engine --example icio_table -- --regions 77 --sectors 45 --seed 1 --out icio.csv
//! cargo run --release -p assess-engine --example icio_table -- --read icio.csv
//! ```
//! Without `--out`, the first command writes to standard output. The second prints the size of the table and the
//! seconds it took.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use assess_engine::io::sample::SampleTable;
use assess_engine::io::{Input, LoadOptions, load};
use assess_engine::{Budget, Progress};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut regions, mut sectors, mut seed) = (77, 45, 1);
    let (mut out, mut read) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or("an option needs a value")?;
        match name.as_str() {
            "--regions" => regions = value.parse()?,
            "--sectors" => sectors = value.parse()?,
            "--seed" => seed = value.parse()?,
            "--out" => out = Some(value),
            "--read" => read = Some(value),
            _ => return Err("known options: --regions R --sectors S --seed N --out FILE --read FILE".into()),
        }
    }
    if let Some(path) = read {
        return measure(File::open(path)?);
    }
    let table = SampleTable::new(regions, sectors, seed).ok_or("there must be 1 to 32768 nodes")?;
    let mut out: Box<dyn Write> = match out {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout().lock()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, &mut out);
    table.write(&mut out)?;
    Ok(out.flush()?)
}

fn measure(file: File) -> Result<(), Box<dyn Error>> {
    let bytes = file.metadata()?.len();
    let begin = Instant::now();
    let loaded = load(Input::File(file), &LoadOptions::default(), &Budget::UNLIMITED, &Progress::default())?;
    let seconds = begin.elapsed().as_secs_f64();
    let table = loaded.table;
    println!("{} nodes, {} MB of text, {seconds:.3} s, {:?}", table.labels.len(), bytes >> 20, table.warnings);
    Ok(())
}
