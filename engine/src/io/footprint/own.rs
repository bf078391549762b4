//! A demand of the caller's own, as a JSON object of regions, each an object of sectors: `{"USA":{"C10T12":100}}`.
//!
//! Amounts are in the unit of the table. They may be below 0, as changes of inventories are.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::io::document::number;
use crate::io::labels::Labels;
use crate::io::shown::{shown, shown_node};
use crate::json::json_string;
use crate::{Error, Result};

/// The longest document, in bytes.
pub const MAX_DEMAND_BYTES: usize = 64 << 10;

/// The maximum number of nodes in a document.
pub const MAX_DEMAND_NODES: usize = 10_000;

/// A demand by region and sector.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    amounts: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Own {
    /// Reads a document. Labels are not compared with a table.
    ///
    /// # Errors
    /// [`Error::TooBig`] for more than [`MAX_DEMAND_BYTES`] bytes or [`MAX_DEMAND_NODES`] nodes; [`Error::Invalid`] for
    /// a document that is not of this form, for a label that occurs twice, and for a demand without nodes.
    pub fn read(document: &[u8]) -> Result<Self> {
        if document.len() > MAX_DEMAND_BYTES {
            return Err(Error::TooBig { what: "the number of bytes of DEMAND", limit: MAX_DEMAND_BYTES as u64 });
        }
        let state = State { refused: Cell::new(None), nodes: Cell::new(0) };
        let mut parser = serde_json::Deserializer::from_slice(document);
        let result = Regions(&state).deserialize(&mut parser);
        let amounts = result.and_then(|amounts| parser.end().map(|()| amounts)).map_err(|error| {
            // Messages of the parser may quote the document, so they are not returned.
            state.refused.take().unwrap_or_else(|| {
                let what = "DEMAND is a JSON object of regions, each an object of sectors with finite amounts, as in \
                            {\"USA\":{\"C10T12\":100}}";
                Error::Invalid(format!("{what} (line {}, column {})", error.line(), error.column()).into())
            })
        })?;
        if amounts.is_empty() {
            return Err(Error::Invalid("DEMAND has no nodes".into()));
        }
        Ok(Self { amounts })
    }

    /// The same demand in one form: without blanks, labels in the order of their bytes, and the shortest numbers.
    pub fn canonical(&self) -> Vec<u8> {
        let mut text = vec![b'{'];
        for (k, (region, sectors)) in self.amounts.iter().enumerate() {
            text.extend_from_slice(if k > 0 { b"," } else { b"" });
            json_string(region, &mut text);
            text.extend_from_slice(b":{");
            for (k, (sector, amount)) in sectors.iter().enumerate() {
                text.extend_from_slice(if k > 0 { b"," } else { b"" });
                json_string(sector, &mut text);
                text.push(b':');
                number(&mut text, *amount);
            }
            text.push(b'}');
        }
        text.push(b'}');
        text
    }

    /// One number per node of a table.
    ///
    /// # Errors
    /// [`Error::BadSubject`], which names the first label that is not a node.
    pub fn by_node(&self, labels: &Labels) -> Result<Vec<f64>> {
        let mut values = vec![0.0; labels.len()];
        for (region, sectors) in &self.amounts {
            for (sector, amount) in sectors {
                let node = labels.node(region.as_bytes(), sector.as_bytes()).map_err(|_| unknown(region, sector))?;
                values[node] = *amount;
            }
        }
        Ok(values)
    }
}

fn unknown(region: &str, sector: &str) -> Error {
    Error::BadSubject(format!("DEMAND names {}, which is no node of the table", shown_node(region, sector)).into())
}

/// What was found while a document is read.
struct State {
    refused: Cell<Option<Error>>,
    nodes: Cell<usize>,
}

impl State {
    fn refuse<E: serde::de::Error>(&self, error: Error) -> E {
        let text = E::custom("refused");
        self.refused.set(Some(error));
        text
    }
}

/// The object of regions. A visitor detects repeated keys, and nesting is limited to the expected form.
struct Regions<'s>(&'s State);

impl<'de> DeserializeSeed<'de> for Regions<'_> {
    type Value = BTreeMap<String, BTreeMap<String, f64>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Regions<'_> {
    type Value = BTreeMap<String, BTreeMap<String, f64>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of regions")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut regions = BTreeMap::new();
        while let Some(region) = map.next_key::<String>()? {
            let Entry::Vacant(place) = regions.entry(region) else {
                return Err(self.0.refuse(Error::Invalid("a region occurs twice in DEMAND".into())));
            };
            let sectors = map.next_value_seed(Sectors(self.0))?;
            if sectors.is_empty() {
                let what = format!("the region {} of DEMAND has no sectors", shown(place.key()));
                return Err(self.0.refuse(Error::Invalid(what.into())));
            }
            place.insert(sectors);
        }
        Ok(regions)
    }
}

/// The object of sectors of one region.
struct Sectors<'s>(&'s State);

impl<'de> DeserializeSeed<'de> for Sectors<'_> {
    type Value = BTreeMap<String, f64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sectors<'_> {
    type Value = BTreeMap<String, f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of sectors")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut sectors = BTreeMap::new();
        while let Some(sector) = map.next_key::<String>()? {
            let nodes = self.0.nodes.get() + 1;
            self.0.nodes.set(nodes);
            if nodes > MAX_DEMAND_NODES {
                let what = "the number of nodes of DEMAND";
                return Err(self.0.refuse(Error::TooBig { what, limit: MAX_DEMAND_NODES as u64 }));
            }
            let Entry::Vacant(place) = sectors.entry(sector) else {
                return Err(self.0.refuse(Error::Invalid("a sector of a region occurs twice in DEMAND".into())));
            };
            let amount: f64 = map.next_value()?;
            if !amount.is_finite() {
                return Err(self.0.refuse(Error::Invalid("an amount of DEMAND is not a finite number".into())));
            }
            place.insert(amount);
        }
        Ok(sectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(document: &str) -> String {
        String::from_utf8(Own::read(document.as_bytes()).unwrap().canonical()).unwrap()
    }

    #[test]
    fn one_demand_has_one_text_whatever_its_order_spaces_and_numbers() {
        let expected = r#"{"CHN":{"c14":50.0},"USA":{"c3":100.0,"c4":-0.5}}"#;
        for document in [
            r#"{"USA":{"c3":100,"c4":-0.5},"CHN":{"c14":50}}"#,
            "{ \"CHN\" : {\"c14\":5e1},\n\"USA\":{\"c4\":-5e-1, \"c\\u0033\":100.00}}",
            expected,
        ] {
            assert_eq!(canonical(document), expected);
        }
        assert_eq!(canonical(r#"{"A":{"x":-0.0}}"#), canonical(r#"{"A":{"x":0}}"#));
        assert_ne!(canonical(r#"{"A":{"x":1}}"#), canonical(r#"{"A":{"x":1.0000000000000002}}"#));
    }

    #[test]
    fn documents_of_another_form_and_labels_that_occur_twice_are_refused() {
        for document in [
            "",
            "[]",
            "1",
            "{",
            "{}",
            "{\"A\":1}",
            "{\"A\":{\"x\":\"1\"}}",
            "{\"A\":{\"x\":{}}}",
            "{\"A\":{\"x\":null}}",
            "{\"A\":{\"x\":1e999}}",
            "{\"A\":{\"x\":NaN}}",
            "{\"A\":{}}",
            "{\"A\":{\"x\":1}} 1",
            "{\"A\":{\"x\":1}}}",
            "\u{feff}{\"A\":{\"x\":1}}",
            "{\"A\":{\"x\":1},\"A\":{\"y\":1}}",
            "{\"A\":{\"x\":1,\"x\":1}}",
        ] {
            let error = Own::read(document.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Invalid(_)), "{document}: {error}");
            assert!(error.to_string().is_ascii());
        }
        assert!(Own::read(b"{\"A\":{\"\xff\":1}}").is_err());
        let deep = "{\"A\":".repeat(5_000);
        assert!(Own::read(deep.as_bytes()).is_err());
    }

    #[test]
    fn long_documents_and_unknown_labels_are_refused_by_name() {
        let of = |count: usize| {
            let sectors: Vec<String> = (0..count).map(|k| format!("\"{k}\":1")).collect();
            format!("{{\"A\":{{{}}}}}", sectors.join(","))
        };
        // 10,000 short labels do not fit into the bytes, so the number of nodes is bounded twice.
        assert!(Own::read(of(6_000).as_bytes()).is_ok());
        assert!(matches!(Own::read(of(8_000).as_bytes()), Err(Error::TooBig { .. })));
        let labels = Labels::new([("A", "0"), ("A", "1")]).unwrap();
        assert_eq!(Own::read(of(2).as_bytes()).unwrap().by_node(&labels), Ok(vec![1.0, 1.0]));
        let error = Own::read(of(3).as_bytes()).unwrap().by_node(&labels).unwrap_err();
        assert_eq!(error.to_string(), "DEMAND names A 2, which is no node of the table");
    }
}
