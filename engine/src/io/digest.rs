//! Digests of models: 128 bits that are equal on two servers if the models are equal.

use super::indicator::Indicator;
use super::table::Table;
use crate::io::leontief::product::with_columns;

/// Bytes buffered before they are hashed.
const GATHERED: usize = 1 << 16;

/// A hasher with a buffer, so that the hash function receives long inputs. Numbers are hashed as little-endian bytes.
struct Hasher {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
}

impl Hasher {
    /// `context` separates hashes of different types of content.
    fn new(context: &str) -> Self {
        Self { hasher: blake3::Hasher::new_derive_key(context), gathered: Vec::with_capacity(GATHERED + 8) }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED {
            self.flush();
        }
    }

    /// Adds a text preceded by its length, so that the boundaries between texts are part of the hash.
    fn text(&mut self, text: &[u8]) {
        self.add(&(text.len() as u64).to_le_bytes());
        self.add(text);
    }

    fn flush(&mut self) {
        self.hasher.update(&self.gathered);
        self.gathered.clear();
    }

    fn finish(mut self) -> blake3::Hash {
        self.flush();
        self.hasher.finalize()
    }
}

/// The digest of a table; `text` holds its labels and warnings as they are encoded.
pub(crate) fn of_table(table: &Table, text: &[u8]) -> blake3::Hash {
    let mut hasher = Hasher::new("redis-assess io table 1");
    let mode = table.leontief.map_or("auto", |mode| mode.name());
    for name in [table.coefficients.precision().name(), table.format.name(), table.output_source.name(), mode] {
        hasher.text(name.as_bytes());
    }
    let labels = &table.labels;
    for count in [labels.len(), labels.regions().len(), labels.sectors().len(), table.warnings.len()] {
        hasher.add(&(count as u64).to_le_bytes());
    }
    hasher.text(text);
    for (region, sector) in labels.nodes() {
        hasher.add(&region.to_le_bytes());
        hasher.add(&sector.to_le_bytes());
    }
    hasher.add(&[u8::from(table.output.is_some())]);
    table.output.iter().flatten().for_each(|x| hasher.add(&x.to_le_bytes()));
    with_columns!(&table.coefficients, columns => for block in columns.blocks() {
        block.iter().for_each(|a| hasher.add(&a.to_le_bytes()));
    });
    // A table without final demand has the digest that it had before final demand was kept.
    if let Some(demand) = &table.demand {
        for count in [demand.regions().len(), demand.categories().len(), demand.pairs().len()] {
            hasher.add(&(count as u64).to_le_bytes());
        }
        for (region, category) in demand.pairs() {
            hasher.add(&region.to_le_bytes());
            hasher.add(&category.to_le_bytes());
        }
        with_columns!(demand.columns(), columns => for block in columns.blocks() {
            block.iter().for_each(|value| hasher.add(&value.to_le_bytes()));
        });
    }
    hasher.finish()
}

/// The digest of a model: its table and its indicators, in order.
pub(crate) fn of_model<'a>(table: &blake3::Hash, indicators: impl Iterator<Item = &'a Indicator>) -> [u8; 16] {
    let mut hasher = Hasher::new("redis-assess io model 1");
    hasher.add(table.as_bytes());
    for Indicator { name, unit, values } in indicators {
        hasher.text(name.as_bytes());
        hasher.text(unit.as_bytes());
        values.iter().for_each(|value| hasher.add(&value.to_le_bytes()));
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finish().as_bytes()[..16]);
    digest
}
