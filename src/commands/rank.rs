//! `ASSESS.RANK`: the hot spots of a model.

use std::sync::Arc;
use std::time::Duration;

use assess_engine::Error as EngineError;
use assess_engine::io::IoModel;
use assess_engine::io::rank::{By, Ranking};

use crate::assessments::answer::{self, Answer, Command, ReadRequest, Request};
use crate::assessments::waiting;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::guard;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::derivation::derive;
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::with_loaded;
use crate::work::pool::{self, Lane};

pub(super) struct Rank;

impl Run for Rank {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Self>(ctx, argv)
    }
}

impl ReadRequest for Rank {
    type Work = Arc<IoModel>;

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Self::Work>> {
        let ranking = parse(&request.words[1..])?;
        with_loaded(ctx, request.model, Mode::Read, |loaded| {
            let model = loaded.model.as_io()?;
            let nodes = model.table().labels.len();
            let estimate = PER_NODE * nodes as u32 + PER_ROW * nodes.min(ranking.limit) as u32;
            if estimate > Duration::from_micros(settings::slice_us()) && model.check_ranking(&ranking).is_ok() {
                return Ok(Answer::Work(Arc::clone(model)));
            }
            match rank(model, &ranking) {
                Ok(reply) => Ok(Answer::Reply(reply)),
                Err(EngineError::NotReady) => Ok(Answer::NotReady(derive::requested(ctx, loaded))),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn ended(_: &Self::Work) -> Ended {
        waiting::ended_unstored
    }

    fn start(_: Ctx<'_>, model: Self::Work, blocked: Blocked, command: Command<'_>) {
        let command = command.into_words();
        pool::run(Lane::Request, None, move || {
            let ranked = blocked.measure(|| {
                guard::run("a ranking", || {
                    let options: Vec<&[u8]> = command.iter().skip(2).map(Vec::as_slice).collect();
                    rank(&model, &parse(&options)?).map_err(Failure::from)
                })
            });
            blocked.reply(ranked.and_then(|outcome| outcome).into());
        });
    }
}

/// The estimated time to rank a node.
const PER_NODE: Duration = Duration::from_nanos(60);
/// The estimated time for a row of the reply.
const PER_ROW: Duration = Duration::from_nanos(500);

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
    let mut options = options::of(words);
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

/// The most rows of a reply: the most nodes of a table.
const MOST: u64 = assess_engine::io::labels::MAX_NODES as u64;
