//! The known facts about a product: the fourth word of a subject.
//!
//! A value of the product (`exw`, `fob`, `tv`, `net_cost`) or its `weight` that is given as 0 counts as not given,
//! because no share of 0 can be computed. A condition that needs it is unknown and lists it as missing; for `exw|fob`
//! the next value is used. A material with a value or weight of 0 is used with this value.

use crate::json::json_string;
use crate::origin::country;
use crate::origin::decimal::{self, Decimal};
use crate::origin::expr::{Base, Bases};
use crate::origin::hs::Hs;
use crate::origin::json::{Json, Read, Seen};
use crate::{Day, Error, Result};

/// Maximum length of the facts, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Maximum number of lines of a bill of materials.
const MAX_LINES: usize = 10_000;

/// Maximum number of processes, and maximum length of a name, in bytes.
const MAX_PROCESSES: usize = 1_000;
const MAX_NAME: usize = 256;

/// Maximum length of a subdivision, in bytes.
const MAX_SUBDIVISION: usize = 1 << 10;

/// The facts. Lines and processes are sorted, because their order has no meaning.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Facts {
    pub(super) date: Option<Day>,
    pub(super) agreement: Option<String>,
    pub(super) subdivision: Option<String>,
    /// The bill of materials; `None` if it is unknown. An empty list counts as unknown.
    pub(super) bom: Option<Vec<Line>>,
    /// Indexed by [`Base`].
    bases: [Option<Decimal>; 4],
    pub(super) weight: Option<Decimal>,
    pub(super) processes: Option<Vec<String>>,
    pub(super) direct_transport: Option<bool>,
    pub(super) minimal_operations_only: Option<bool>,
    pub(super) wholly_obtained: Option<bool>,
}

/// A material.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) hs: Hs,
    pub(super) origin: Box<str>,
    pub(super) value: Option<Decimal>,
    pub(super) weight: Option<Decimal>,
    pub(super) originating: Option<bool>,
    pub(super) wholly_obtained: Option<bool>,
    pub(super) proof: Option<bool>,
}

const FIELDS: [&str; 13] = [
    "date",
    "agreement",
    "subdivision",
    "bom",
    "exw",
    "fob",
    "tv",
    "net_cost",
    "weight",
    "processes",
    "direct_transport",
    "minimal_operations_only",
    "wholly_obtained",
];

const LINE: [&str; 7] = ["hs", "origin", "value", "weight", "originating", "wholly_obtained", "proof"];

impl Facts {
    /// Reads facts. A field that is `null` counts as not given.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the name of the field, [`Error::TooBig`].
    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::TooBig { what: "the length of the facts in bytes", limit: MAX_BYTES as u64 });
        }
        let mut too_big = None;
        Self::read(text, &mut too_big).map_err(|fault| match too_big {
            Some(what) => Error::TooBig { what, limit: if what == LINES { MAX_LINES } else { MAX_PROCESSES } as u64 },
            None => Error::Invalid(format!("facts: {}", fault.what).into()),
        })
    }

    fn read(text: &[u8], too_big: &mut Option<&'static str>) -> Read<Self> {
        let mut json = Json::new(text)?;
        let mut facts = Self::default();
        let mut seen = Seen::default();
        json.object(|json, name| {
            let Some(place) = seen.place(json, name, &FIELDS)? else {
                return json.refuse("there is a field that is not known");
            };
            if json.null()? {
                return Ok(());
            }
            facts.take(json, place, too_big).map_err(|fault| fault.of(FIELDS[place]))
        })?;
        json.end()?;
        Ok(facts)
    }

    fn take(&mut self, json: &mut Json<'_>, place: usize, too_big: &mut Option<&'static str>) -> Read<()> {
        match place {
            0 => {
                let day = Day::parse(json.text()?.as_bytes());
                self.date = Some(day.ok_or_else(|| json.fault("a day is written YYYY-MM-DD"))?);
            }
            1 => self.agreement = Some(text(json, 64)?),
            2 => self.subdivision = Some(text(json, MAX_SUBDIVISION)?),
            3 => {
                let mut lines = Vec::new();
                json.list(|json| {
                    if lines.len() == MAX_LINES {
                        *too_big = Some(LINES);
                        return json.refuse("there are too many lines");
                    }
                    lines.push(Line::read(json)?);
                    Ok(())
                })?;
                lines.sort_unstable();
                self.bom = (!lines.is_empty()).then_some(lines);
            }
            4..=7 => self.bases[place - 4] = Some(number(json)?),
            8 => self.weight = Some(number(json)?),
            9 => {
                let mut names = Vec::new();
                json.list(|json| {
                    if names.len() == MAX_PROCESSES {
                        *too_big = Some("the number of processes");
                        return json.refuse("there are too many");
                    }
                    names.push(text(json, MAX_NAME)?);
                    Ok(())
                })?;
                names.sort_unstable();
                names.dedup();
                self.processes = Some(names);
            }
            10 => self.direct_transport = Some(json.boolean()?),
            11 => self.minimal_operations_only = Some(json.boolean()?),
            _ => self.wholly_obtained = Some(json.boolean()?),
        }
        Ok(())
    }

    /// The first of these values that is known and not 0.
    pub(super) fn base(&self, bases: &Bases) -> Option<Decimal> {
        let known = |base: &Base| self.bases[*base as usize].filter(|value| !value.is_zero());
        bases.0.iter().find_map(known)
    }

    /// Whether only the day is given.
    pub(super) fn is_bare(&self) -> bool {
        *self == Self { date: self.date, ..Self::default() }
    }

    /// Appends all facts except the day, as fields of a JSON object in a fixed order, each after a comma.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, text) in [("agreement", &self.agreement), ("subdivision", &self.subdivision)] {
            if let Some(text) = text {
                open(out, name);
                json_string(text, out);
            }
        }
        if let Some(lines) = &self.bom {
            open(out, "bom");
            for (i, line) in lines.iter().enumerate() {
                out.push(if i == 0 { b'[' } else { b',' });
                line.write(out);
            }
            out.push(b']');
        }
        for (base, value) in Base::ALL.iter().zip(self.bases) {
            number_field(out, base.name(), value);
        }
        number_field(out, "weight", self.weight);
        if let Some(names) = &self.processes {
            open(out, "processes");
            out.push(b'[');
            for (i, name) in names.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json_string(name, out);
            }
            out.push(b']');
        }
        flag(out, "direct_transport", self.direct_transport);
        flag(out, "minimal_operations_only", self.minimal_operations_only);
        flag(out, "wholly_obtained", self.wholly_obtained);
    }
}

const LINES: &str = "the number of lines of the bom";

impl Line {
    fn read(json: &mut Json<'_>) -> Read<Self> {
        let (mut hs, mut origin) = (None, None);
        let (mut numbers, mut flags) = ([None; 2], [None; 3]);
        let mut seen = Seen::default();
        json.object(|json, name| {
            let Some(place) = seen.place(json, name, &LINE)? else {
                return json.refuse("a line has a field that is not known");
            };
            if json.null()? {
                return Ok(());
            }
            let mut take = || {
                match place {
                    0 => {
                        let code = Hs::read(json.text()?.as_bytes());
                        hs = Some(code.map_err(|reason| json.fault(reason))?);
                    }
                    1 => {
                        let name = country::read(json.text()?.as_bytes());
                        origin = Some(name.ok_or_else(|| json.fault(country::EXPECTED))?);
                    }
                    2 | 3 => numbers[place - 2] = Some(number(json)?),
                    _ => flags[place - 4] = Some(json.boolean()?),
                }
                Ok(())
            };
            take().map_err(|fault: crate::origin::json::Fault| fault.of(LINE[place]))
        })?;
        let (Some(hs), Some(origin)) = (hs, origin) else { return json.refuse("a line needs hs and origin") };
        let [value, weight] = numbers;
        let [originating, wholly_obtained, proof] = flags;
        Ok(Self { hs, origin, value, weight, originating, wholly_obtained, proof })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"hs\":\"");
        out.extend_from_slice(self.hs.as_str().as_bytes());
        out.extend_from_slice(b"\",\"origin\":\"");
        out.extend_from_slice(self.origin.as_bytes());
        out.push(b'"');
        number_field(out, "value", self.value);
        number_field(out, "weight", self.weight);
        flag(out, "originating", self.originating);
        flag(out, "wholly_obtained", self.wholly_obtained);
        flag(out, "proof", self.proof);
        out.push(b'}');
    }
}

fn text(json: &mut Json<'_>, most: usize) -> Read<String> {
    let text = json.text()?;
    match text.len() {
        0 => json.refuse("the text is empty"),
        len if len > most => json.refuse(format!("the text has more than {most} bytes")),
        _ => Ok(text.into_owned()),
    }
}

fn number(json: &mut Json<'_>) -> Read<Decimal> {
    Decimal::parse(json.number()?).ok_or_else(|| json.fault(decimal::EXPECTED))
}

fn open(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn number_field(out: &mut Vec<u8>, name: &str, value: Option<Decimal>) {
    if let Some(value) = value {
        open(out, name);
        out.extend_from_slice(value.to_string().as_bytes());
    }
}

fn flag(out: &mut Vec<u8>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        open(out, name);
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Facts::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn facts_have_one_canonical_form() {
        let a =
            r#"{"exw":1e3,"bom":[{"hs":"84.73","origin":"cn","value":1.50},{"origin":"GB","hs":"0101"}],"fob":null}"#;
        let b = r#"{"bom":[{"hs":"0101","origin":"GB"},{"value":1.5,"hs":"8473","origin":"CN"}], "exw":1000.0}"#;
        let written = |text: &str| {
            let mut out = Vec::new();
            Facts::parse(text.as_bytes()).unwrap().write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(a), written(b));
        assert_eq!(
            written(b),
            r#","bom":[{"hs":"0101","origin":"GB"},{"hs":"8473","origin":"CN","value":1.5}],"exw":1000"#
        );
    }

    #[test]
    fn an_invalid_fact_is_refused_with_the_name_of_its_field() {
        let cases = [
            (r#"{"exw":-1}"#, "facts: exw: a number from 0"),
            (r#"{"exw":"1"}"#, "facts: exw: a number is expected"),
            (r#"{"exw":1,"exw":1}"#, "facts: exw occurs twice"),
            (r#"{"price":1}"#, "facts: there is a field that is not known"),
            (r#"{"date":"2026-02-29"}"#, "facts: date: a day is written YYYY-MM-DD"),
            (r#"{"bom":[{"hs":"1","origin":"GB"}]}"#, "facts: bom: hs: a code has an even number of digits; 1 seems"),
            (r#"{"bom":[{"hs":"0101","origin":"GB","value":1e400}]}"#, "facts: bom: value: a number from 0"),
            (r#"{"bom":[{"hs":"0101"}]}"#, "facts: bom: a line needs hs and origin"),
            (r#"{"direct_transport":1}"#, "facts: direct_transport: true or false is expected"),
            (r#"{"exw":1"#, "facts: the document is not JSON"),
            ("{} x", "facts: the document is not JSON"),
        ];
        for (text, expected) in cases {
            assert!(error(text).starts_with(expected), "{text}: {}", error(text));
        }
    }

    #[test]
    fn sizes_are_limited() {
        let lines = vec![r#"{"hs":"0101","origin":"GB"}"#; MAX_LINES + 1].join(",");
        let too_big = |text: &str| matches!(Facts::parse(text.as_bytes()), Err(Error::TooBig { .. }));
        assert!(too_big(&format!(r#"{{"bom":[{lines}]}}"#)));
        assert!(too_big(&format!(r#"{{"processes":[{}]}}"#, vec![r#""a""#; 1001].join(","))));
        assert!(too_big(&" ".repeat(MAX_BYTES + 1)));
        assert!(error(&format!(r#"{{"bom":{}"#, "[".repeat(10_000))).contains("bom"));
    }
}
