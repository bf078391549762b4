//! `ASSESS.RANK`: the hot spots of a model.

use std::sync::Arc;
use std::time::Duration;

use assess_engine::Error as EngineError;
use assess_engine::io::IoModel;
use assess_engine::io::rank::{By, Ranking};

use super::assess::{still_waiting, wait};
use super::options::Options;
use crate::assessments::waiting::{self, Parked};
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::models::derive;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::work::guard;
use crate::work::pool::{self, Lane};

pub(super) struct Rank;

impl Run for Rank {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(2);
        match ask(ctx, Name::Argument(argv, 1), &words)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::NotReady(derivation) => wait(ctx, argv, derivation, again),
            Answer::Work(model) if ctx.may_block() => {
                let owned = words.iter().map(|word| word.to_vec()).collect();
                compute_elsewhere(model, owned, Blocked::block(ctx, 0, waiting::given_up));
                Ok(Reply::Sent)
            }
            Answer::Work(_) => Err(Failure::cannot_block()),
        }
    }
}

/// Asks a parked question again.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if !ctx.select(parked.db) {
        return;
    }
    let words: Vec<&[u8]> = parked.words.iter().skip(2).map(Vec::as_slice).collect();
    match ask(ctx, Name::Bytes(&parked.words[1]), &words) {
        Ok(Answer::Reply(reply)) => parked.blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => still_waiting(Parked { derivation, ..parked }),
        Ok(Answer::Work(model)) => {
            let owned = parked.words.into_iter().skip(2).collect();
            compute_elsewhere(model, owned, parked.blocked);
        }
        Err(failure) => parked.blocked.reply(failure.into()),
    }
}

enum Answer {
    Reply(Reply),
    NotReady(Arc<Derivation>),
    Work(Arc<IoModel>),
}

/// About how long a node takes to rank.
const PER_NODE: Duration = Duration::from_nanos(60);
/// About how long a row of the reply takes.
const PER_ROW: Duration = Duration::from_nanos(500);

fn ask(ctx: Ctx<'_>, model_key: Name<'_>, options: &[&[u8]]) -> Outcome<Answer> {
    let ranking = parse(options)?;
    with_loaded(ctx, model_key, Mode::Read, |loaded| {
        let model = loaded.model.as_io()?;
        let nodes = model.table().labels.len();
        let estimate = PER_NODE * nodes as u32 + PER_ROW * nodes.min(ranking.limit) as u32;
        if loaded.as_model().ready() && estimate > Duration::from_micros(settings::slice_us()) {
            return Ok(Answer::Work(Arc::clone(model)));
        }
        match rank(model, &ranking) {
            Ok(reply) => Ok(Answer::Reply(reply)),
            Err(EngineError::NotReady) => Ok(Answer::NotReady(derive::awaited(ctx, loaded))),
            Err(error) => Err(error.into()),
        }
    })
}

fn rank(model: &IoModel, ranking: &Ranking<'_>) -> Result<Reply, EngineError> {
    let labels = &model.table().labels;
    let rows = model.rank(ranking)?.into_iter().map(|(node, value)| {
        let (region, sector) = labels.names(node);
        Reply::Array(vec![Reply::text(region), Reply::text(sector), Reply::Double(value)])
    });
    Ok(Reply::Array(rows.collect()))
}

fn parse<'a>(words: &[&'a [u8]]) -> Outcome<Ranking<'a>> {
    let mut ranking = Ranking::default();
    let mut options = Options::new(words);
    while let Some(option) = options.next(&["INDICATOR", "BY", "REGION", "SECTOR", "LIMIT"])? {
        match option {
            "INDICATOR" => ranking.indicator = Some(options.value(option)?),
            "BY" => ranking.by = options.choice(option, &By::ALL.map(|by| (by.name(), by)))?,
            "REGION" => ranking.region = Some(options.value(option)?),
            "SECTOR" => ranking.sector = Some(options.value(option)?),
            _ => ranking.limit = options.number(option, 1..=MOST)? as usize,
        }
    }
    Ok(ranking)
}

/// As many as a table can have nodes.
const MOST: u64 = assess_engine::io::labels::MAX_NODES as u64;

fn compute_elsewhere(model: Arc<IoModel>, options: Vec<Vec<u8>>, blocked: Blocked) {
    pool::run(Lane::Question, None, move || {
        let ranked = blocked.measure(|| {
            guard::run("a ranking", || {
                let words: Vec<&[u8]> = options.iter().map(Vec::as_slice).collect();
                rank(&model, &parse(&words)?).map_err(Failure::from)
            })
        });
        blocked.reply(ranked.and_then(|outcome| outcome).into());
    });
}
