//! Labels that name totals and value added.

/// Names under which total output is published.
const TOTALS: [&str; 9] =
    ["out", "output", "total", "tot", "go", "grossoutput", "totaloutput", "outputatbasicprices", "totalsupply"];

/// Whether a label is a name for totals.
pub(in crate::io::formats) fn is_named_total(label: &str) -> bool {
    TOTALS.contains(&bare(label).as_str())
}

/// Whether a label is a name for value added. Such rows may have a column of their own, which is ignored.
pub(in crate::io::formats) fn is_named_value_added(label: &str) -> bool {
    ["va", "valu", "tls", "valueadded", "grossvalueadded", "gva"].contains(&bare(label).as_str())
}

pub(in crate::io::formats) fn bare(label: &str) -> String {
    label.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase()
}
