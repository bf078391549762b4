//! `MODEL.FIND`: search in labels and descriptions.

use assess_engine::model::{AnyModel, FindFilter, FindIn};

use super::elsewhere;
use super::options::Options;
use super::rules::{MOST, documents};
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(super) struct Find;

const PLACES: [(&str, FindIn); 3] = [("sectors", FindIn::Sectors), ("hs", FindIn::Hs), ("rules", FindIn::Rules)];

/// Texts searched where the question is asked.
const FEW: usize = 20_000;

impl Run for Find {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(3);
        let mut filter = FindFilter::default();
        let mut options = Options::new(&words);
        while let Some(option) = options.next(&["IN", "SECTION", "CHAPTER", "LEVEL", "LIMIT"])? {
            match option {
                "IN" => filter.place = Some(options.choice(option, &PLACES)?),
                "SECTION" => filter.section = Some(options.value(option)?.to_vec()),
                "CHAPTER" => filter.chapter = Some(options.value(option)?.to_vec()),
                "LEVEL" => filter.level = Some(options.choice(option, &[("2", 2), ("4", 4), ("6", 6)])?),
                _ => filter.limit = options.number(option, 1..=MOST)? as usize,
            }
        }
        let model: AnyModel = with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| Ok(loaded.model.clone()))?;
        let text = argv.bytes(2).to_vec();
        let is_long = model.as_model().searchable() > FEW;
        elsewhere::answer(ctx, is_long, "a search", move || Ok(documents(model.as_model().find(&text, &filter)?)))
    }
}
