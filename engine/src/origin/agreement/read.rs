//! Reads `roo/1` documents and their parts.

use std::borrow::Cow;

use super::{Agreement, Alternative, Builder, Refused, Rule, Tolerance, Validity};
use crate::Day;
use crate::origin::codes::Span;
use crate::origin::country;
use crate::origin::decimal::Decimal;
use crate::origin::expr::{Base, Bases, Expr, Sizes};
use crate::origin::hs::{Hs, digits_of};
use crate::origin::json::{Json, Read, Seen, Type};
use crate::{Progress, Result};

/// The name of the format.
pub(in crate::origin) const FORMAT: &str = "roo/1";

/// Maximum length of a name, title or remark, in bytes.
const MAX_NAME: usize = 1 << 10;

/// The kinds of cumulation.
const CUMULATIONS: [&str; 4] = ["bilateral", "diagonal", "full", "extended"];

/// Maximum number of alternatives of a rule.
const MAX_ALTERNATIVES: usize = 1_000;

/// Reads an agreement.
///
/// # Errors
/// [`crate::Error::BadInput`] with the line, [`crate::Error::Cancelled`].
pub(in crate::origin) fn read(document: &[u8], progress: &Progress) -> Result<Agreement> {
    let mut cancelled = Ok(());
    let result = (|| {
        let mut json = Json::new(document)?;
        let mut builder = Builder::default();
        let mut seen = Seen::default();
        json.object(|json, name| {
            let known = ["format", "parties", "members", "cumulation", "macros", "texts", "rules"];
            if let Some(place) = seen.place(json, name, &known)? {
                return part(json, place, &mut builder, progress, &mut cancelled);
            }
            builder.head_field(json, name)
        })?;
        json.end()?;
        if !seen.has(0) {
            return json.refuse("the document does not say its format");
        }
        builder.finish().map_err(|refused| json.fault(refused))
    })();
    cancelled?;
    result.map_err(|fault| fault.in_file(document))
}

fn part(
    json: &mut Json<'_>,
    place: usize,
    builder: &mut Builder,
    progress: &Progress,
    cancelled: &mut Result<()>,
) -> Read<()> {
    match place {
        0 => expect_format(json),
        1 => json.list(|json| {
            let party = country_name(json)?;
            taken(json, builder.party(party))
        }),
        2 => json.object(|json, name| {
            let party = country::parse(name.as_bytes()).ok_or_else(|| json.fault(country::EXPECTED))?;
            let members = countries(json)?;
            taken(json, builder.members(party, members))
        }),
        3 => json.object(|json, name| {
            let kind = short(json, name)?;
            let mut found = Vec::new();
            if !CUMULATIONS.contains(&&*kind) {
                return json.unknown("a kind of cumulation is not known", &kind);
            }
            let mut seen = Seen::default();
            json.object(|json, name| {
                if seen.place(json, name, &["countries"])?.is_none() {
                    return json.unknown("cumulation has a field that is not known", name);
                }
                found = countries(json)?;
                Ok(())
            })?;
            taken(json, builder.cumulation(kind, found))
        }),
        4 => json.object(|json, name| {
            let name = short(json, name)?;
            let expr = Expr::read(json, &mut Sizes::default())?;
            taken(json, builder.take_macro(name, expr))
        }),
        5 => json.list(|json| {
            let text = json.text()?;
            taken(json, builder.text(&text))
        }),
        _ => json.list(|json| {
            if let Err(error) = progress.check() {
                *cancelled = Err(error);
                return json.refuse("cancelled");
            }
            let rule = Rule::read(json)?;
            taken(json, builder.rule(rule))
        }),
    }
}

impl Builder {
    /// Reads a field of the agreement itself. An unknown field is refused: a misspelled limit or day that is ignored
    /// would change verdicts.
    pub(in crate::origin) fn head_field(&mut self, json: &mut Json<'_>, name: &str) -> Read<()> {
        let head = &mut self.head;
        match name {
            "agreement" if head.id.is_empty() => head.id = agreement_id(json)?,
            "agreement" => return json.refuse("agreement occurs twice"),
            "title" => head.title = text_up_to(json, MAX_NAME)?.into(),
            "hs_version" => {
                if !json.null()? {
                    let year = json.number()?.parse().ok().filter(|year| (1988..=9999).contains(year));
                    head.hs_version = Some(year.ok_or_else(|| json.fault("hs_version is the year of an edition"))?);
                }
            }
            "valid_from" => head.validity.from = day(json)?,
            "valid_to" => head.validity.to = day(json)?,
            "tolerance" => head.tolerance = if json.null()? { None } else { Some(Tolerance::read(json)?) },
            "article" => head.article = remark(json)?,
            "source" => head.source = source(json)?,
            _ => return json.unknown("the document has a field that is not known", name),
        }
        Ok(())
    }
}

impl Tolerance {
    fn read(json: &mut Json<'_>) -> Read<Self> {
        let (mut base, mut percent, mut weight) = (None, None, None);
        let (mut weight_chapters, mut not_chapters) = (Vec::new(), Vec::new());
        let mut seen = Seen::default();
        json.object(|json, name| {
            let known = ["base", "pct", "weight_pct", "weight_chapters", "not_chapters"];
            match seen.place(json, name, &known)? {
                Some(0) => {
                    base = Some(Bases::parse(&json.text()?).ok_or_else(|| json.fault("the base of the tolerance"))?);
                }
                Some(1) => percent = Some(limit(json)?),
                Some(2) => weight = Some(limit(json)?),
                Some(3) => weight_chapters = chapters(json)?,
                Some(4) => not_chapters = chapters(json)?,
                _ => return json.unknown("the tolerance has a word that is not known", name),
            }
            Ok(())
        })?;
        if weight.is_some() == weight_chapters.is_empty() {
            return json.refuse("weight_pct and weight_chapters are given together");
        }
        if base.is_some() && percent.is_none() {
            return json.refuse("the tolerance needs pct for its base");
        }
        let value = percent.map(|percent| (percent, base.unwrap_or_else(|| Bases::one(Base::Exw))));
        Ok(Self { value, weight, weight_chapters, not_chapters })
    }
}

impl Rule {
    /// Reads a rule.
    pub(in crate::origin) fn read(json: &mut Json<'_>) -> Read<Self> {
        let mut rule = Self {
            id: "".into(),
            range: Span { from: 0, to: 0 },
            subdivision: None,
            validity: Validity::default(),
            priority: 0,
            article: None,
            source: None,
            alternatives: Vec::new(),
        };
        let (mut from, mut to) = (None, None);
        let mut seen = Seen::default();
        json.object(|json, name| {
            let known = [
                "id",
                "from",
                "to",
                "subdivision",
                "valid_from",
                "valid_to",
                "priority",
                "article",
                "alternatives",
                "source",
            ];
            match seen.place(json, name, &known)? {
                Some(0) => rule.id = id(json)?,
                Some(1) => from = Some(bound(json)?),
                Some(2) => to = Some(bound(json)?),
                Some(3) => rule.subdivision = remark(json)?,
                Some(4) => rule.validity.from = day(json)?,
                Some(5) => rule.validity.to = day(json)?,
                Some(6) => rule.priority = priority(json)?,
                Some(7) => rule.article = remark(json)?,
                Some(8) => rule.alternatives = alternatives(json)?,
                Some(9) => rule.source = source(json)?,
                _ => return json.unknown("a rule has a field that is not known", name),
            }
            Ok(())
        })?;
        let (Some(from), Some(to)) = (from, to) else { return json.refuse("a rule needs from and to") };
        if from > to {
            return json.refuse("the range of a rule ends before it begins");
        }
        if rule.id.is_empty() || rule.alternatives.is_empty() {
            return json.refuse("a rule needs an id and alternatives");
        }
        rule.range = Span { from, to };
        Ok(rule)
    }
}

/// Reads the alternatives of a rule.
pub(super) fn alternatives(json: &mut Json<'_>) -> Read<Vec<Alternative>> {
    let mut ways = Vec::new();
    let mut sizes = Sizes::default();
    json.list(|json| {
        let mut way = Alternative { text: 0, expr: None, verified: false, article: None, source: None };
        let mut seen = Seen::default();
        json.object(|json, name| {
            match seen.place(json, name, &["t", "expr", "verified", "article", "source"])? {
                Some(0) => way.text = place(json)?,
                Some(1) if json.null()? => {}
                Some(1) => way.expr = Some(Expr::read(json, &mut sizes)?),
                Some(2) => way.verified = json.boolean()?,
                Some(3) => way.article = remark(json)?,
                Some(4) => way.source = source(json)?,
                _ => return json.unknown("an alternative has a field that is not known", name),
            }
            Ok(())
        })?;
        if !seen.has(0) {
            return json.refuse("an alternative needs t, the place of its text");
        }
        if ways.len() == MAX_ALTERNATIVES {
            return json.refuse("a rule has at most 1000 alternatives");
        }
        ways.push(way);
        Ok(())
    })?;
    Ok(ways)
}

pub(super) fn expect_format(json: &mut Json<'_>) -> Read<()> {
    if json.text()? == FORMAT { Ok(()) } else { json.refuse("the format is not roo/1") }
}

pub(super) fn taken(json: &Json<'_>, result: Result<(), Refused>) -> Read<()> {
    result.map_err(|refused| json.fault(refused))
}

/// Reads the id of an agreement. Errors show it and commands use it.
pub(super) fn agreement_id(json: &mut Json<'_>) -> Read<Box<str>> {
    let text = json.text()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    match text.len() {
        1..=64 if text.bytes().all(is_plain) => Ok(text.into()),
        _ => json.refuse("the id of an agreement has 1 to 64 letters, digits or any of _ . -"),
    }
}

/// Reads the id of a rule.
pub(super) fn id(json: &mut Json<'_>) -> Read<Box<str>> {
    let text = json.text()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:@()/-".contains(&byte);
    match text.len() {
        1..=64 if text.bytes().all(is_plain) => Ok(text.into()),
        _ => json.refuse("the id of a rule has 1 to 64 letters, digits or any of _ . : @ ( ) / -"),
    }
}

fn text_up_to<'a>(json: &mut Json<'a>, most: usize) -> Read<Cow<'a, str>> {
    let text = json.text()?;
    if text.len() <= most { Ok(text) } else { json.refuse("a name or remark has at most 1024 bytes") }
}

fn short(json: &Json<'_>, name: &str) -> Read<Box<str>> {
    match name.len() {
        1..=256 => Ok(name.into()),
        _ => json.refuse("a name has 1 to 256 bytes"),
    }
}

fn remark(json: &mut Json<'_>) -> Read<Option<Box<str>>> {
    if json.null()? { Ok(None) } else { Ok(Some(text_up_to(json, MAX_NAME)?.into())) }
}

/// Reads a source: a text, or an object whose `repository` or `url` is the source.
fn source(json: &mut Json<'_>) -> Read<Option<Box<str>>> {
    if json.peek()? != Type::Object {
        return remark(json);
    }
    let mut found = None;
    json.object(|json, name| match name {
        "repository" | "url" if found.is_none() => {
            found = remark(json)?;
            Ok(())
        }
        _ => json.skip(),
    })?;
    Ok(found)
}

pub(super) fn day(json: &mut Json<'_>) -> Read<Option<Day>> {
    if json.null()? {
        return Ok(None);
    }
    match Day::parse(json.text()?.as_bytes()) {
        Some(day) => Ok(Some(day)),
        None => json.refuse("a day is written YYYY-MM-DD"),
    }
}

fn country_name(json: &mut Json<'_>) -> Read<Box<str>> {
    country::parse(json.text()?.as_bytes()).ok_or_else(|| json.fault(country::EXPECTED))
}

fn countries(json: &mut Json<'_>) -> Read<Vec<Box<str>>> {
    let mut countries = Vec::new();
    json.list(|json| {
        if countries.len() == super::MAX_PARTIES {
            return json.refuse("a list of countries has at most 1000 of them");
        }
        countries.push(country_name(json)?);
        Ok(())
    })?;
    Ok(countries)
}

fn limit(json: &mut Json<'_>) -> Read<Decimal> {
    let number = Decimal::parse(json.number()?).filter(|number| *number <= Decimal::HUNDRED);
    number.ok_or_else(|| json.fault("a limit is a number from 0 to 100 with at most 6 decimals"))
}

fn chapters(json: &mut Json<'_>) -> Read<Vec<u8>> {
    let mut chapters = Vec::new();
    json.list(|json| {
        let text = json.text()?;
        let chapter = if text.len() == 2 { text.parse().ok() } else { None };
        let Some(chapter) = chapter.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())) else {
            return json.refuse("a chapter is two digits");
        };
        if chapters.len() == 100 {
            return json.refuse("there are at most 100 chapters");
        }
        chapters.push(chapter);
        Ok(())
    })?;
    Ok(chapters)
}

const BOUND: &str = "from and to are codes of 6 digits";

fn bound(json: &mut Json<'_>) -> Read<u32> {
    let text = json.text()?;
    // More digits would be national ones, which other countries of the agreement do not have.
    match digits_of(text.as_bytes()) {
        Ok(digits) if digits.len() == 6 => {
            Hs::parse(digits.as_bytes()).map(|code| Span::of(code).from).ok_or_else(|| json.fault(BOUND))
        }
        Ok(_) => json.refuse(BOUND),
        Err(reason) => json.refuse(format!("{BOUND}; {reason}")),
    }
}

fn priority(json: &mut Json<'_>) -> Read<i64> {
    if json.null()? {
        return Ok(0);
    }
    json.number()?.parse().map_err(|_| json.fault("priority is a whole number"))
}

fn place(json: &mut Json<'_>) -> Read<u32> {
    json.number()?.parse().map_err(|_: std::num::ParseIntError| json.fault("t is the place of a text"))
}
