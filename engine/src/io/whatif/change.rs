//! The changes of a what-if analysis as words: reading, checking, and the canonical form for cache keys.

use crate::io::document::number;
use crate::io::labels::Labels;
use crate::io::shown::shown;
use crate::{Error, Result};

/// The maximum number of changes of one analysis.
pub(in crate::io) const MOST_CHANGES: usize = 1000;

/// The word that selects all regions or all sectors.
const ALL: &[u8] = b"*";

/// Nodes that a change selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Nodes {
    /// All nodes.
    All,
    /// The nodes of a region, by its number.
    Region(u32),
    /// The nodes of a sector, by its number.
    Sector(u32),
    /// One node, by its number.
    Node(u32),
}

/// One change. `A` is the matrix of technical coefficients, `r` the indicator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::io) enum Change {
    /// The rows and the columns of the nodes become 0 in `A` (hypothetical extraction; Miller & Blair, chapter 12).
    Extract(Nodes),
    /// The input of the nodes `to` from the nodes `from` times a factor >= 0.
    Scale { from: Nodes, to: Nodes, factor: f64 },
    /// Of all input from the nodes, this share (0..=1) comes from the same sectors of another region.
    Replace { nodes: Nodes, region: u32, share: f64 },
    /// `r` of the nodes times a factor >= 0.
    Stress { nodes: Nodes, factor: f64 },
}

impl Change {
    /// Whether coefficients may become larger.
    pub(super) fn may_grow(&self) -> bool {
        match *self {
            Self::Scale { factor, .. } => factor > 1.0,
            Self::Replace { .. } => true,
            Self::Extract(_) | Self::Stress { .. } => false,
        }
    }
}

/// A kind of change as it is written: its name, and what follows the name.
struct Form {
    name: &'static str,
    /// Words after the name.
    words: usize,
    /// Whether the last of them is a number.
    is_numeric: bool,
    needs: &'static str,
}

const FORMS: [Form; 4] = [
    Form { name: "EXTRACT", words: 2, is_numeric: false, needs: "region sector" },
    Form { name: "SCALE", words: 5, is_numeric: true, needs: "from-region from-sector to-region to-sector factor" },
    Form { name: "REPLACE", words: 4, is_numeric: true, needs: "region sector new-region share" },
    Form { name: "STRESS", words: 3, is_numeric: true, needs: "region sector factor" },
];

/// The number of words at the beginning of `words` that are changes. The first word that does not name a change ends
/// them.
///
/// # Errors
/// [`Error::Invalid`] if there is no change, if a change is incomplete, or if there are more than [`MOST_CHANGES`].
pub(in crate::io) fn len(words: &[&[u8]]) -> Result<usize> {
    let (mut at, mut count) = (0, 0);
    while let Some(form) = words.get(at).and_then(|word| form_of(word)) {
        if words.len() - at <= form.words {
            return Err(invalid(format!("{} needs {}", form.name, form.needs)));
        }
        at += 1 + form.words;
        count += 1;
        if count > MOST_CHANGES {
            return Err(invalid(format!("at most {MOST_CHANGES} changes can be applied together")));
        }
    }
    if count == 0 {
        return Err(invalid("a what-if analysis needs a change: EXTRACT, SCALE, REPLACE or STRESS".into()));
    }
    Ok(at)
}

/// Calls `each` with every change: its form, the words after its name, and its number.
///
/// # Errors
/// As [`len`]; [`Error::Invalid`] for a number out of range and for words after the last change.
fn each(words: &[&[u8]], mut each: impl FnMut(&Form, &[&[u8]], f64) -> Result<()>) -> Result<()> {
    if len(words)? != words.len() {
        return Err(invalid("a change is EXTRACT, SCALE, REPLACE or STRESS".into()));
    }
    let mut rest = words;
    while let Some((form, after)) = rest.split_first().and_then(|(name, after)| Some((form_of(name)?, after))) {
        let (own, others) = after.split_at(form.words);
        let value = match own.last() {
            Some(word) if form.is_numeric => value_of(form, word)?,
            _ => 0.0,
        };
        each(form, own, value)?;
        rest = others;
    }
    Ok(())
}

/// Reads the changes of a table with these labels.
///
/// # Errors
/// [`Error::Invalid`] as [`len`], for a number out of range, for an unknown label, which it names, for nodes that do
/// not exist, and for a replacement by a region that lacks the sector.
pub(in crate::io) fn parse(words: &[&[u8]], labels: &Labels) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    each(words, |form, words, value| {
        let nodes = |at: usize| nodes_of(form.name, words[at], words[at + 1], labels);
        changes.push(match form.name {
            "EXTRACT" => Change::Extract(nodes(0)?),
            "SCALE" => Change::Scale { from: nodes(0)?, to: nodes(2)?, factor: value },
            "REPLACE" => {
                let nodes = nodes(0)?;
                let region = region_of(form.name, words[2], labels)?;
                check_sectors(nodes, region, labels)?;
                Change::Replace { nodes, region, share: value }
            }
            _ => Change::Stress { nodes: nodes(0)?, factor: value },
        });
        Ok(())
    })?;
    Ok(changes)
}

/// Appends the canonical form of changes: equal for the same changes, whatever the case of their names and the form
/// of their numbers, and different for different ones. It does not depend on a table. Every word follows its length in
/// bytes, as in `7:EXTRACT3:CHN3:c14`.
///
/// # Errors
/// As [`len`]; [`Error::Invalid`] for a number out of range.
pub(in crate::io) fn canonical(words: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let written = each(words, |form, words, value| {
        write_word(form.name.as_bytes(), out);
        let labels = words.len() - usize::from(form.is_numeric);
        words[..labels].iter().for_each(|word| write_word(word, out));
        if form.is_numeric {
            let mut text = Vec::new();
            number(&mut text, value);
            write_word(&text, out);
        }
        Ok(())
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write_word(word: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(word.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(word);
}

fn form_of(word: &[u8]) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name.as_bytes().eq_ignore_ascii_case(word))
}

/// The number at the end of a change: a share in 0..=1, or a finite factor >= 0. A negative zero is a zero.
fn value_of(form: &Form, word: &[u8]) -> Result<f64> {
    let value = std::str::from_utf8(word).ok().and_then(|text| text.parse::<f64>().ok()).map(|value| value + 0.0);
    let (most, range) = if form.name == "REPLACE" {
        (1.0, "the share of REPLACE is a number from 0 to 1".into())
    } else {
        (f64::MAX, format!("the factor of {} is a finite number that is not below 0", form.name))
    };
    value.filter(|value| (0.0..=most).contains(value)).ok_or_else(|| invalid(range))
}

fn region_of(change: &str, region: &[u8], labels: &Labels) -> Result<u32> {
    labels.region(region).ok_or_else(|| unknown(change, "region", region, "REGIONS"))
}

fn nodes_of(change: &str, region: &[u8], sector: &[u8], labels: &Labels) -> Result<Nodes> {
    let find_sector = || labels.sector(sector).ok_or_else(|| unknown(change, "sector", sector, "SECTORS"));
    Ok(match (region == ALL, sector == ALL) {
        (true, true) => Nodes::All,
        (true, false) => Nodes::Sector(find_sector()?),
        (false, true) => Nodes::Region(region_of(change, region, labels)?),
        (false, false) => {
            let (r, s) = (region_of(change, region, labels)?, find_sector()?);
            let node = labels.node_at(r, s);
            Nodes::Node(node.ok_or_else(|| {
                invalid(format!(
                    "{change}: the region {} has no sector {}, see MODEL.LABELS key NODES",
                    shown_bytes(region),
                    shown_bytes(sector)
                ))
            })?)
        }
    })
}

/// Checks that a region has all sectors of the nodes.
fn check_sectors(nodes: Nodes, region: u32, labels: &Labels) -> Result<()> {
    let lacks = |sector: u32| labels.node_at(region, sector).is_none();
    let lacking = match nodes {
        Nodes::Sector(sector) => Some(sector).filter(|&sector| lacks(sector)),
        Nodes::Node(i) => Some(labels.nodes()[i as usize].1).filter(|&sector| lacks(sector)),
        Nodes::All | Nodes::Region(_) => {
            let selected = labels.nodes().iter().filter(|node| nodes == Nodes::All || nodes == Nodes::Region(node.0));
            selected.map(|node| node.1).find(|&sector| lacks(sector))
        }
    };
    lacking.map_or(Ok(()), |sector| {
        Err(invalid(format!(
            "REPLACE: the region {} has no sector {}",
            shown(&labels.regions()[region as usize]),
            shown(&labels.sectors()[sector as usize])
        )))
    })
}

fn unknown(change: &str, what: &str, label: &[u8], set: &str) -> Error {
    invalid(format!("{change}: unknown {what} {}, see MODEL.LABELS key {set}", shown_bytes(label)))
}

fn shown_bytes(label: &[u8]) -> String {
    shown(&String::from_utf8_lossy(label))
}

pub(super) fn invalid(text: String) -> Error {
    Error::Invalid(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&[u8]> {
        text.split_ascii_whitespace().map(str::as_bytes).collect()
    }

    fn key(text: &str) -> Result<String> {
        let mut out = b"before".to_vec();
        canonical(&words(text), &mut out).map(|()| String::from_utf8_lossy(&out[6..]).into_owned()).inspect_err(|_| {
            assert_eq!(out, b"before", "a failure leaves the output unchanged");
        })
    }

    fn labels() -> Labels {
        Labels::new([("CHN", "c1"), ("CHN", "c2"), ("USA", "c1"), ("RUS", "c1"), ("RUS", "c2")]).unwrap()
    }

    fn text_of(changes: &str) -> String {
        parse(&words(changes), &labels()).unwrap_err().to_string()
    }

    #[test]
    fn changes_end_at_the_first_word_that_names_none() {
        for (text, expected) in [
            ("EXTRACT CHN c1", 3),
            ("extract CHN c1 TOP 3", 3),
            ("Scale CHN * USA * 0.5 STRESS * * 2 INDICATOR EXTRACT", 10),
            ("REPLACE CHN c1 USA 1", 5),
        ] {
            assert_eq!(len(&words(text)), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("", "a what-if analysis needs a change: EXTRACT, SCALE, REPLACE or STRESS"),
            ("TOP 3", "a what-if analysis needs a change: EXTRACT, SCALE, REPLACE or STRESS"),
            ("EXTRACT CHN", "EXTRACT needs region sector"),
            ("EXTRACT * * SCALE a b c d", "SCALE needs from-region from-sector to-region to-sector factor"),
            ("replace a b c", "REPLACE needs region sector new-region share"),
            ("STRESS a b", "STRESS needs region sector factor"),
        ] {
            assert_eq!(len(&words(text)).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn more_than_a_thousand_changes_are_refused() {
        let thousand = "EXTRACT * * ".repeat(MOST_CHANGES);
        assert_eq!(len(&words(&thousand)), Ok(3 * MOST_CHANGES));
        let more = thousand + "EXTRACT * *";
        assert_eq!(len(&words(&more)).unwrap_err().to_string(), "at most 1000 changes can be applied together");
        assert!(parse(&words(&more), &labels()).is_err());
    }

    #[test]
    fn the_canonical_form_ignores_case_of_names_and_form_of_numbers_only() {
        assert_eq!(key("extract CHN *").unwrap(), "7:EXTRACT3:CHN1:*");
        let half = key("SCALE a b c d 0.5").unwrap();
        for same in ["scale a b c d .50", "Scale a b c d 5e-1", "SCALE a b c d +0.5"] {
            assert_eq!(key(same).unwrap(), half);
        }
        assert_eq!(key("STRESS a b -0").unwrap(), key("STRESS a b 0").unwrap());
        for other in ["SCALE A b c d 0.5", "SCALE a b c d 0.25", "SCALE ab c d e 0.5", "SCALE a b c d 0.5 EXTRACT a b"]
        {
            assert_ne!(key(other).unwrap(), half);
        }
        assert_ne!(key("EXTRACT a b STRESS a b 1").unwrap(), key("STRESS a b 1 EXTRACT a b").unwrap());
        for bad in ["", "EXTRACT a", "SCALE a b c d x", "STRESS a b inf", "EXTRACT a b TOP 3"] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for bad in ["NaN", "-1", "inf", "1e999", "-inf", "x", "-1e-300"] {
            assert_eq!(
                text_of(&format!("SCALE * * * * {bad}")),
                "the factor of SCALE is a finite number that is not below 0"
            );
            assert_eq!(
                text_of(&format!("STRESS * * {bad}")),
                "the factor of STRESS is a finite number that is not below 0"
            );
            assert_eq!(text_of(&format!("REPLACE CHN c1 USA {bad}")), "the share of REPLACE is a number from 0 to 1");
        }
        assert_eq!(text_of("REPLACE CHN c1 USA 1.1"), "the share of REPLACE is a number from 0 to 1");
        assert!(parse(&words("REPLACE CHN c1 USA 1 SCALE * * * * 0 STRESS * * 1e308"), &labels()).is_ok());
    }

    #[test]
    fn labels_are_resolved_and_unknown_ones_are_named() {
        let parsed = parse(&words("EXTRACT RUS * STRESS * c1 2 EXTRACT USA c1 EXTRACT * *"), &labels()).unwrap();
        let stress = Change::Stress { nodes: Nodes::Sector(0), factor: 2.0 };
        let extracted = [Nodes::Region(2), Nodes::Node(2), Nodes::All].map(Change::Extract);
        assert_eq!(parsed, [extracted[0], stress, extracted[1], extracted[2]]);
        for (changes, expected) in [
            ("EXTRACT XXX *", "EXTRACT: unknown region XXX, see MODEL.LABELS key REGIONS"),
            ("SCALE * * * c9 1", "SCALE: unknown sector c9, see MODEL.LABELS key SECTORS"),
            ("STRESS USA c2 1", "STRESS: the region USA has no sector c2, see MODEL.LABELS key NODES"),
            ("REPLACE CHN c1 XXX 1", "REPLACE: unknown region XXX, see MODEL.LABELS key REGIONS"),
            ("REPLACE CHN c1 * 1", "REPLACE: unknown region *, see MODEL.LABELS key REGIONS"),
            ("REPLACE CHN c2 USA 1", "REPLACE: the region USA has no sector c2"),
            ("REPLACE CHN * USA 1", "REPLACE: the region USA has no sector c2"),
            ("REPLACE * c2 USA 1", "REPLACE: the region USA has no sector c2"),
            ("REPLACE * * USA 1", "REPLACE: the region USA has no sector c2"),
            ("EXTRACT * * TOP 3", "a change is EXTRACT, SCALE, REPLACE or STRESS"),
        ] {
            assert_eq!(text_of(changes), expected);
        }
        let bytes = parse(&[b"EXTRACT", b"\xff\n", b"*"], &labels()).unwrap_err().to_string();
        assert!(bytes.is_ascii() && !bytes.contains('\n'), "{bytes}");
    }
}
