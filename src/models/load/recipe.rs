//! The options of a load. They depend on the kind of model.

use assess_engine::io::{self, Demand, Duplicates, LeontiefMode, Negative, Order, OutputRule, Precision, Split};
use assess_engine::model::Kind;
use assess_engine::model::load::Recipe;
use assess_engine::{origin, score};

use crate::error::{Failure, Outcome};
use crate::options::{self, Options};
use crate::settings;

/// The parsed options of a load.
#[derive(Debug)]
pub(crate) struct ParsedLoad {
    pub(crate) recipe: Recipe,
    pub(crate) noreplace: bool,
    pub(crate) history: Option<u64>,
}

const KINDS: [(&str, Kind); 3] = [("IO", Kind::Io), ("SCORE", Kind::Score), ("ORIGIN", Kind::Origin)];

/// The kind of model.
pub(crate) fn kind(word: &[u8]) -> Outcome<Kind> {
    options::choice(word, &KINDS).ok_or_else(|| Failure::err("unknown kind of model: there are IO, SCORE and ORIGIN"))
}

const IO: [&str; 15] = [
    "FORMAT",
    "HISTORY",
    "NOREPLACE",
    "OUTPUT",
    "SPLIT",
    "PRECISION",
    "LEONTIEF",
    "MEMBER",
    "REGION",
    "SEPARATOR",
    "ORDER",
    "NEGATIVE",
    "DUPLICATES",
    "DEMAND",
    "KEEP",
];
const SCORE: [&str; 8] = ["FORMAT", "HISTORY", "NOREPLACE", "TREES", "MISSING", "CLASSES", "CALIBRATION", "DECIMALS"];
const ORIGIN: [&str; 3] = ["FORMAT", "HISTORY", "NOREPLACE"];

/// Reads the options after the data.
pub(crate) fn parse(kind: Kind, words: &[&[u8]]) -> Outcome<ParsedLoad> {
    let (mut noreplace, mut history) = (false, None);
    // Handles the options that all kinds have, and passes the others to `own`.
    let mut each = |known: &[&'static str], own: OwnOption<'_>| {
        let mut options = options::of(words);
        while let Some(option) = options.next(known)? {
            match option {
                "HISTORY" => history = Some(options.number(option, 0..=settings::history_max())?),
                "NOREPLACE" => noreplace = true,
                option => own(option, &mut options)?,
            }
        }
        Ok::<_, Failure>(())
    };
    let recipe = match kind {
        Kind::Io => {
            let (mut load, mut keep) = (io::LoadOptions::default(), false);
            each(&IO, &mut |option, options| {
                match option {
                    "FORMAT" => load.format = Some(options.choice(option, &IO_FORMATS)?),
                    "OUTPUT" => load.output = options.choice(option, &OUTPUTS)?,
                    "SPLIT" => load.split = options.choice(option, &SPLITS)?,
                    "PRECISION" => load.precision = options.choice(option, &PRECISIONS)?,
                    "LEONTIEF" => load.leontief = Some(options.choice(option, &LEONTIEFS)?),
                    "MEMBER" => load.member = Some(label(option, options.value(option)?)?),
                    "REGION" => load.region = Some(label(option, options.value(option)?)?),
                    "SEPARATOR" => load.separator = Some(separator(options.value(option)?)?),
                    "ORDER" => load.order = Some(options.choice(option, &ORDERS)?),
                    "NEGATIVE" => load.negative = options.choice(option, &NEGATIVES)?,
                    "DUPLICATES" => load.duplicates = options.choice(option, &DUPLICATES)?,
                    "DEMAND" => load.demand = options.choice(option, &DEMANDS)?,
                    _ => keep = true,
                }
                Ok(())
            })?;
            Recipe::Io { options: load, keep }
        }
        Kind::Score => {
            let mut load = score::LoadOptions::default();
            each(&SCORE, &mut |option, options| {
                match option {
                    "FORMAT" => load.format = Some(options.choice(option, &SCORE_FORMATS)?),
                    "TREES" => load.trees = Some(options.choice(option, &TREES)?),
                    "MISSING" => load.missing = Some(score::MissingValue::parse(options.value(option)?)?),
                    "CLASSES" => load.classes = Some(score::Classes::parse(options.value(option)?)?),
                    "CALIBRATION" => load.calibration = Some(score::Calibration::parse(options.value(option)?)?),
                    _ => load.decimals = Some(score::Decimals::parse(options.value(option)?)?),
                }
                Ok(())
            })?;
            Recipe::Score(load)
        }
        Kind::Origin => {
            let mut load = origin::LoadOptions::default();
            each(&ORIGIN, &mut |option, options| {
                load.format = Some(options.choice(option, &ORIGIN_FORMATS)?);
                Ok(())
            })?;
            Recipe::Origin(load)
        }
    };
    Ok(ParsedLoad { recipe, noreplace, history })
}

type OwnOption<'f> = &'f mut dyn FnMut(&'static str, &mut Options<'_, '_>) -> Outcome<()>;

const IO_FORMATS: [(&str, io::Format); 4] = [
    ("icio", io::Format::Icio),
    ("exiobase", io::Format::Exiobase),
    ("triples", io::Format::Triples),
    ("eora", io::Format::Eora),
];
const OUTPUTS: [(&str, OutputRule); 2] = [("reported", OutputRule::Reported), ("rowsum", OutputRule::RowSum)];
const SPLITS: [(&str, Split); 2] = [("merge", Split::Merge), ("keep", Split::Keep)];
const PRECISIONS: [(&str, Precision); 2] = [("f64", Precision::F64), ("f32", Precision::F32)];
const LEONTIEFS: [(&str, LeontiefMode); 2] = [("full", LeontiefMode::Full), ("lazy", LeontiefMode::Lazy)];

const ORDERS: [(&str, Order); 2] = [("region-first", Order::RegionFirst), ("sector-first", Order::SectorFirst)];
const NEGATIVES: [(&str, Negative); 2] = [("error", Negative::Refused), ("zero", Negative::Zero)];
const DUPLICATES: [(&str, Duplicates); 2] = [("error", Duplicates::Error), ("sum", Duplicates::Sum)];
const DEMANDS: [(&str, Demand); 2] = [("yes", Demand::Kept), ("no", Demand::LeftOut)];

/// The longest REGION, SEPARATOR or MEMBER, in bytes.
const MAX_LABEL: usize = 512;

/// A part of a label.
fn label(option: &str, value: &[u8]) -> Outcome<Box<str>> {
    let text = std::str::from_utf8(value).ok().map(str::trim);
    text.filter(|text| (1..=MAX_LABEL).contains(&text.len()) && !text.contains(char::is_control))
        .map(Box::from)
        .ok_or_else(|| Failure::err(format!("{option} must be 1 to {MAX_LABEL} bytes of UTF-8 text")))
}

/// The text between the parts of a label. It may be a space.
fn separator(value: &[u8]) -> Outcome<Box<str>> {
    if value == b" " { Ok(" ".into()) } else { label("SEPARATOR", value) }
}

const TREES: [(&str, score::Trees); 2] = [("best", score::Trees::Best), ("all", score::Trees::All)];
const SCORE_FORMATS: [(&str, score::Format); 7] = [
    ("glm", score::Format::Glm),
    ("scorecard", score::Format::Scorecard),
    ("xgboost", score::Format::Xgboost),
    ("lightgbm", score::Format::Lightgbm),
    ("onnx", score::Format::Onnx),
    ("pmml", score::Format::Pmml),
    ("catboost", score::Format::Catboost),
];

const ORIGIN_FORMATS: [(&str, origin::Format); 5] = [
    ("hs", origin::Format::Hs),
    ("sections", origin::Format::Sections),
    ("roo", origin::Format::Roo),
    ("overrides", origin::Format::Overrides),
    ("synonyms", origin::Format::Synonyms),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_options_and_no_others() {
        crate::settings::reset();
        let parse = |kind, words: &str| {
            let words: Vec<&[u8]> = words.split_whitespace().map(str::as_bytes).collect();
            super::parse(kind, &words).map(|given| given.recipe).map_err(|failure| failure.to_string())
        };
        assert!(matches!(parse(Kind::Score, "FORMAT glm DECIMALS 2 HISTORY 5 NOREPLACE"), Ok(Recipe::Score(_))));
        assert!(matches!(parse(Kind::Score, "CLASSES low,high"), Ok(Recipe::Score(load)) if load.classes.is_some()));
        assert!(matches!(parse(Kind::Origin, "format ROO"), Ok(Recipe::Origin(_))));
        assert!(matches!(parse(Kind::Io, "KEEP LEONTIEF lazy"), Ok(Recipe::Io { keep: true, .. })));
        for (kind, words, named) in [
            (Kind::Score, "KEEP", "KEEP"),
            (Kind::Score, "FORMAT icio", "FORMAT"),
            (Kind::Score, "DECIMALS 10", "DECIMALS"),
            (Kind::Score, "CLASSES low,low", "CLASSES"),
            (Kind::Score, "CALIBRATION {}", "CALIBRATION"),
            (Kind::Io, "CLASSES low,high", "CLASSES"),
            (Kind::Origin, "DECIMALS 1", "DECIMALS"),
            (Kind::Io, "FORMAT glm", "FORMAT"),
            (Kind::Io, "DEMAND maybe", "DEMAND"),
            (Kind::Io, "HISTORY -1", "HISTORY"),
        ] {
            let failure = parse(kind, words).unwrap_err();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
