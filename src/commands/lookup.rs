//! Commands that read a model: `MODEL.INFO`, `MODEL.LABELS`, `MODEL.LIST`, `MODEL.COEF`, `MODEL.MCOEF`.

use assess_engine::cache::pattern as glob;
use assess_engine::model::{AnyModel, LabelSet};

use crate::assessments::answer::{self, Answer, Caller, Command, ReadRequest, Request};
use crate::assessments::waiting::{self, on_worker};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::models::derivation::derive;
use crate::models::load::loading;
use crate::models::{directory, info};
use crate::options;
use crate::reply::Reply;
use crate::types::model::{self, Name, with_loaded};

pub(super) struct Info;

impl Run for Info {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let loading = loading::find(ctx.db(), argv.bytes(1));
        let shown =
            with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| Ok(info::fields(loaded, loading.as_ref())));
        match (shown, loading) {
            // During its first load the key does not exist yet.
            (Err(Failure { code: Code::NoModel, .. }), Some(loading)) => Ok(Reply::Map(vec![
                ("kind", Reply::text(loading.kind)),
                ("state", Reply::text("loading")),
                ("progress", Reply::count(loading.percent.into())),
                ("source", Reply::Bulk(loading.source.into())),
            ])),
            (shown, _) => shown,
        }
    }
}

pub(super) struct Labels;

const LABEL_SETS: [(&str, LabelSet); 9] = [
    ("REGIONS", LabelSet::Regions),
    ("SECTORS", LabelSet::Sectors),
    ("NODES", LabelSet::Nodes),
    ("INDICATORS", LabelSet::Indicators),
    ("DEMAND", LabelSet::Demand),
    ("FEATURES", LabelSet::Features),
    ("CLASSES", LabelSet::Classes),
    ("OUTPUTS", LabelSet::Outputs),
    ("AGREEMENTS", LabelSet::Agreements),
];

impl Run for Labels {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Self>(ctx, argv)
    }
}

impl ReadRequest for Labels {
    type Work = (AnyModel, LabelSet);

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Self::Work>> {
        let set = options::choice(request.words[1], &LABEL_SETS).ok_or_else(|| {
            Failure::err(
                "labels are REGIONS, SECTORS, NODES, INDICATORS, DEMAND, FEATURES, CLASSES, OUTPUTS or AGREEMENTS",
            )
        })?;
        with_loaded(ctx, request.model, Mode::Peek, |loaded| {
            if !loaded.as_model().is_decoded() {
                return Ok(Answer::NotReady(derive::requested(ctx, loaded)));
            }
            let nodes = loaded.model.as_io().map_or(0, |io| io.table().labels.len());
            let may_block = request.caller == Caller::Waiter || ctx.may_block();
            if nodes > FEW_NODES && may_block {
                return Ok(Answer::Work((loaded.model.clone(), set)));
            }
            Ok(Answer::Reply(labels(&loaded.model, set)?))
        })
    }

    fn ended(_: &Self::Work) -> Ended {
        waiting::ended_unstored
    }

    fn start(_: Ctx<'_>, (model, set): Self::Work, blocked: Blocked, _: Command<'_>) {
        on_worker::for_blocked(blocked, "labels", move || labels(&model, set));
    }
}

/// Labels of up to this many nodes take a fraction of a slice.
const FEW_NODES: usize = 1000;

fn labels(model: &AnyModel, set: LabelSet) -> Outcome<Reply> {
    let labels = model.as_model().labels(set);
    labels.map(Reply::texts).ok_or_else(|| Failure::err("the model has no such labels"))
}

pub(super) struct List;

impl Run for List {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let pattern = match argv.len() {
            1 => None,
            2 => Some(argv.bytes(1)),
            _ => return Err(Failure::err("wrong number of arguments for 'model.list' command")),
        };
        if !user::may_see_every_key(ctx) {
            return Err(Failure::new(
                Code::NoPerm,
                "this command shows the names of keys: the user needs permission to read every key (~*)",
            ));
        }
        let mut names = directory::names(ctx.db());
        names.extend(loading::names(ctx.db()));
        names.sort();
        names.dedup();
        names.retain(|name| pattern.is_none_or(|pattern| glob::matches(pattern, name)));
        // The directory may have names of keys that no longer hold a model.
        names.retain(|name| model::is_one(ctx, name) || loading::find(ctx.db(), name).is_some());
        Ok(Reply::Array(names.into_iter().map(|name| Reply::Bulk(name.into())).collect()))
    }
}

pub(super) struct Coef;

impl Run for Coef {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            let model = loaded.model.as_io()?;
            let label = |i| argv.bytes(i);
            Ok(Reply::Double(model.coefficient(label(2), label(3), label(4), label(5))?))
        })
    }
}

pub(super) struct Mcoef;

impl Run for Mcoef {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let count = options::batch_size(argv.bytes(2))?;
        if (argv.len() - 3) as u64 != count * 4 {
            return Err(Failure::err("n must be followed by n times from-region from-sector to-region to-sector"));
        }
        with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            let model = loaded.model.as_io()?;
            let label = |i| argv.bytes(i);
            let pairs = (3..argv.len()).step_by(4).map(|i| [label(i), label(i + 1), label(i + 2), label(i + 3)]);
            let coefficients = model.coefficients(pairs);
            Ok(Reply::Array(coefficients.into_iter().map(|found| found.map_or(Reply::Nil, Reply::Double)).collect()))
        })
    }
}
