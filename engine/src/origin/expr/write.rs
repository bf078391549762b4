//! Writes expressions: as JSON that reads back equal, and as a short text for people.

use super::{Base, Bases, Expr, Leaf};
use crate::json::json_string;
use crate::origin::codes::Codes;

impl Expr {
    /// Appends the expression as JSON.
    pub(in crate::origin) fn write(&self, out: &mut Vec<u8>) {
        let (name, parts) = match self {
            Self::Any(parts) => ("any", parts),
            Self::All(parts) => ("all", parts),
            Self::Ref(name) => {
                out.extend_from_slice(b"{\"ref\":");
                json_string(name, out);
                return out.push(b'}');
            }
            Self::Leaf(leaf) => return leaf.write(out),
        };
        out.extend_from_slice(format!("{{\"{name}\":[").as_bytes());
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            part.write(out);
        }
        out.extend_from_slice(b"]}");
    }
}

impl Leaf {
    /// The name of the operator.
    pub(in crate::origin) const fn name(&self) -> &'static str {
        match self {
            Self::Whole | Self::Obtained(_) => "wo",
            Self::AnyHeading => "ah",
            Self::Change(_) => "ctc",
            Self::MaxNom { .. } => "maxnom",
            Self::MaxWeight { .. } => "maxwt",
            Self::MinWeight { .. } => "minwt",
            Self::Rvc { .. } => "rvc",
            Self::Process(_) => "process",
            Self::Originating(_) => "originating",
            Self::From { .. } => "from",
            Self::Text(_) => "text",
        }
    }

    /// Appends the condition as JSON.
    pub(in crate::origin) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(self.name().as_bytes());
        out.extend_from_slice(b"\":");
        match self {
            Self::Whole | Self::AnyHeading => out.extend_from_slice(b"true"),
            Self::Obtained(codes) => codes.write(out),
            Self::Originating(codes) if codes.is_empty() => out.extend_from_slice(b"true"),
            Self::Originating(codes) => codes.write(out),
            Self::Change(change) => {
                out.extend_from_slice(match change.level {
                    2 => b"\"CC\"",
                    4 => b"\"CTH\"",
                    _ => b"\"CTSH\"",
                });
                word(out, "except", &change.except);
                word(out, "allow", &change.allow);
                word(out, "outside", &change.outside);
            }
            Self::MaxNom { limit, of, base } => {
                out.extend_from_slice(limit.to_string().as_bytes());
                word(out, "of", of);
                if base.0[..] != [Base::Exw] {
                    base_word(out, base);
                }
            }
            Self::MaxWeight { limit, of } | Self::MinWeight { limit, of } => {
                out.extend_from_slice(limit.to_string().as_bytes());
                word(out, "of", of);
            }
            Self::Rvc { limit, method, of, base } => {
                out.extend_from_slice(limit.to_string().as_bytes());
                out.extend_from_slice(format!(",\"method\":\"{}\"", method.name()).as_bytes());
                word(out, "of", of);
                base_word(out, base);
            }
            Self::Process(names) => {
                for (i, name) in names.iter().enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    json_string(name, out);
                }
                out.push(b']');
            }
            Self::From { of, scope } => {
                of.write(out);
                word(out, "scope", scope);
            }
            Self::Text(text) if text.is_empty() => out.extend_from_slice(b"true"),
            Self::Text(text) => json_string(text, out),
        }
        out.push(b'}');
    }

    /// The condition as a short text.
    pub(in crate::origin) fn words(&self) -> String {
        let of = |codes: &Codes| match codes.is_empty() {
            true => String::new(),
            false => format!(" of {}", codes.shown(",")),
        };
        match self {
            Self::Whole => "wholly obtained".to_owned(),
            Self::Obtained(codes) => format!("materials of {} wholly obtained", codes.shown(",")),
            Self::AnyHeading => "from materials of any heading".to_owned(),
            Self::Change(change) => {
                let name = match change.level {
                    2 => "CC",
                    4 => "CTH",
                    _ => "CTSH",
                };
                let mut words = name.to_owned();
                for (word, codes) in
                    [("except", &change.except), ("outside", &change.outside), ("allowing", &change.allow)]
                {
                    if !codes.is_empty() {
                        words.push_str(&format!(" {word} {}", codes.shown(",")));
                    }
                }
                words
            }
            Self::MaxNom { limit, of: codes, base } => format!("VNM{}/{} <= {limit}%", of(codes), base.shown()),
            Self::MaxWeight { limit, of } => format!("weight of {} <= {limit}%", of.shown(",")),
            Self::MinWeight { limit, of } => format!("originating weight share of {} >= {limit}%", of.shown(",")),
            Self::Rvc { limit, method, of: codes, base } => {
                format!("RVC {}{}/{} >= {limit}%", method.name(), of(codes), base.shown())
            }
            Self::Process(names) => format!("process {}", names.join("|")),
            Self::Originating(codes) if codes.is_empty() => "all materials originate".to_owned(),
            Self::Originating(codes) => format!("materials of {} originate", codes.shown(",")),
            Self::From { of, scope } if scope.is_empty() => format!("from {}", of.shown(",")),
            Self::From { of, scope } => format!("from {} within {}", of.shown(","), scope.shown(",")),
            Self::Text(text) if text.is_empty() => "rule text, not machine-readable".to_owned(),
            Self::Text(text) => text.to_string(),
        }
    }
}

fn word(out: &mut Vec<u8>, name: &str, codes: &Codes) {
    if !codes.is_empty() {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        codes.write(out);
    }
}

fn base_word(out: &mut Vec<u8>, base: &Bases) {
    out.extend_from_slice(format!(",\"base\":\"{}\"", base.shown()).as_bytes());
}
