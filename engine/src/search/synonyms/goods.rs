//! Everyday names of goods and the codes that goods of this name usually have.

mod articles;
mod materials;

/// Names, separated by commas, and the first digits of codes in the Harmonized System, separated by blanks. They are
/// headings that have not changed since 2012, except for goods that are newer.
const GOODS: [&[(&str, &str)]; 2] = [materials::GOODS, articles::GOODS];

/// Each list of names with its codes.
pub(super) fn goods() -> impl Iterator<Item = (&'static str, &'static str)> {
    GOODS.into_iter().flatten().copied()
}
