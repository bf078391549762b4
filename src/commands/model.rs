//! Making models: `MODEL.LOAD`, `MODEL.SET`, `MODEL.ABORT`, and `MODEL.REPLAY`, by which masters tell replicas.

use assess_engine::cache::name;
use assess_engine::io::{Format, LeontiefMode, LoadOptions, OutputRule, Precision, Split};
use assess_engine::model::load::Recipe;

use super::options::Options;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::{Argv, HeldBytes};
use crate::loads::{self, Origin, Request};
use crate::reply::Reply;
use crate::{replay, settings};

pub(super) struct Load;

impl Run for Load {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        kind_of(argv)?;
        if !argv.bytes(3).eq_ignore_ascii_case(b"FILE") {
            return Err(Failure::err("expected FILE path after the kind of model"));
        }
        let path = argv.bytes(4).to_vec();
        begin(ctx, argv, 5, || Origin::Path(path))
    }
}

pub(super) struct Set;

impl Run for Set {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        kind_of(argv)?;
        if argv.bytes(3).len() as u64 > settings::max_payload() {
            return Err(Failure::new(Code::TooBig, "the payload is over assess.max-payload"));
        }
        begin(ctx, argv, 4, || Origin::Payload(HeldBytes::hold(ctx, argv, 3)))
    }
}

fn kind_of(argv: Argv<'_>) -> Outcome<()> {
    if argv.bytes(2).eq_ignore_ascii_case(b"IO") {
        Ok(())
    } else {
        Err(Failure::err("unknown kind of model: this release has IO"))
    }
}

fn begin(ctx: Ctx<'_>, argv: Argv<'_>, first_option: usize, origin: impl FnOnce() -> Origin) -> Outcome<Reply> {
    let key = argv.bytes(1);
    name::begin(key, &mut Vec::new())?;
    let mut options = LoadOptions::default();
    let (mut keep, mut noreplace) = (false, false);
    let words = argv.words(first_option);
    let mut given = Options::new(&words);
    let known = ["FORMAT", "OUTPUT", "SPLIT", "PRECISION", "LEONTIEF", "KEEP", "NOREPLACE"];
    while let Some(option) = given.next(&known)? {
        match option {
            "FORMAT" => options.format = Some(given.choice(option, &FORMATS)?),
            "OUTPUT" => options.output = given.choice(option, &OUTPUTS)?,
            "SPLIT" => options.split = given.choice(option, &SPLITS)?,
            "PRECISION" => options.precision = given.choice(option, &PRECISIONS)?,
            "LEONTIEF" => options.leontief = Some(given.choice(option, &LEONTIEFS)?),
            "KEEP" => keep = true,
            _ => noreplace = true,
        }
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    let recipe = Recipe::Io { options, keep };
    loads::begin(ctx, Request { key: key.to_vec(), recipe, noreplace, history: None }, origin)?;
    Ok(Reply::Sent)
}

const FORMATS: [(&str, Format); 3] =
    [("icio", Format::Icio), ("exiobase", Format::Exiobase), ("triples", Format::Triples)];
const OUTPUTS: [(&str, OutputRule); 2] = [("reported", OutputRule::Reported), ("rowsum", OutputRule::RowSum)];
const SPLITS: [(&str, Split); 2] = [("merge", Split::Merge), ("keep", Split::Keep)];
const PRECISIONS: [(&str, Precision); 2] = [("f64", Precision::F64), ("f32", Precision::F32)];
const LEONTIEFS: [(&str, LeontiefMode); 2] = [("full", LeontiefMode::Full), ("lazy", LeontiefMode::Lazy)];

pub(super) struct Abort;

impl Run for Abort {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if loads::abort(ctx.db(), argv.bytes(1)) {
            Ok(Reply::Ok)
        } else {
            Err(Failure::err("no load of this key is running"))
        }
    }
}

pub(super) struct Replay;

impl Run for Replay {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if !ctx.is_replay() {
            return Err(Failure::err("an internal command, for replication and the append-only file only"));
        }
        let words = argv.words(0);
        replay::obey(ctx, &words)?;
        // What this server was told, its own replicas and its own append-only file are told.
        ctx.replicate_verbatim();
        Ok(Reply::Ok)
    }
}
