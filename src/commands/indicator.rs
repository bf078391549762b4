//! `MODEL.INDICATOR` and `MODEL.INDICATORDEL`: stressor vectors of an IO model.

use std::sync::Arc;

use assess_engine::Progress;
use assess_engine::io::indicator::{self, By};
use assess_engine::io::{Indicator, IoModel};
use assess_engine::model::AnyModel;

use crate::error::{Code, Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::guard;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::replication::replicate;
use crate::models::{commit, data_dir, versions};
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::work::pool::{self, Lane};
use crate::work::{discard, main_loop};

/// Documents up to this size in bytes are read on the main thread if the client cannot be blocked (MULTI, scripts).
/// This takes about a millisecond even for a model of the maximum size, since only the labels of the document are
/// looked up.
const SHORT: usize = 16 << 10;

pub(super) struct Put;

/// A document and how to read it.
struct Request {
    key: Vec<u8>,
    name: Vec<u8>,
    origin: Origin,
    by: By,
    default: Option<f64>,
    ignore: bool,
    sum: bool,
    totals: bool,
    row: Option<Vec<u8>>,
    unit: Vec<u8>,
}

enum Origin {
    Data(Vec<u8>),
    Path(Vec<u8>),
}

impl Origin {
    /// The bytes of the command that are kept.
    fn held(&self) -> usize {
        match self {
            Self::Data(document) => document.len(),
            Self::Path(_) => 0,
        }
    }
}

/// The error for a client that `CLIENT UNBLOCK` unblocks before the indicator is set.
fn unblocked(_: u64) -> Reply {
    Failure::new(Code::Busy, "the server continues to set the indicator, see MODEL.INFO").into()
}

impl Run for Put {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let request = Request::parse(argv)?;
        let model = io_model(ctx, &request.key)?;
        indicator::check_name(&request.name)?;
        if ctx.may_block() {
            let bytes = request.origin.held();
            account::admit(bytes)?;
            let (db, blocked) = (ctx.db(), Blocked::block(ctx, 0, unblocked).holding(bytes));
            let progress = Arc::<Progress>::default();
            pool::run(Lane::Document, Some(Arc::clone(&progress)), move || {
                let read = || pool::at_low_priority(|| request.read(&model, &progress));
                let read = || guard::run("reading an indicator", read).and_then(|read| read);
                let indicator = blocked.measure(read);
                main_loop::post(move |ctx| {
                    main_loop::when_writable(ctx, db, move |ctx, writable| {
                        let put =
                            |read| account::continued(&blocked.account(), || put(ctx, &request.key, &model, read));
                        let put = writable.and(indicator).and_then(put);
                        discard::model(AnyModel::Io(model));
                        blocked.reply(put.map(|()| Reply::Ok).into());
                    });
                });
            });
            return Ok(Reply::Sent);
        }
        match &request.origin {
            Origin::Data(document) if document.len() <= SHORT => {
                let indicator = request.read(&model, &Progress::default())?;
                put(ctx, &request.key, &model, indicator)?;
                Ok(Reply::Ok)
            }
            _ => Err(Failure::cannot_block()),
        }
    }
}

impl Request {
    fn parse(argv: Argv<'_>) -> Outcome<Self> {
        let document = argv.bytes(4);
        if document.len() as u64 > settings::max_payload() {
            return Err(Failure::new(Code::TooBig, "the document is over assess.max-payload"));
        }
        let origin = match argv.bytes(3).to_ascii_uppercase().as_slice() {
            b"DATA" => Origin::Data(document.to_vec()),
            b"FILE" => Origin::Path(document.to_vec()),
            _ => return Err(Failure::err("expected DATA document or FILE path after the indicator's name")),
        };
        let words = argv.words(5);
        let mut options = options::of(&words);
        let (mut by, mut default, mut ignore, mut unit) = (None, None, false, Vec::new());
        let (mut sum, mut totals, mut row) = (false, false, None);
        while let Some(option) = options.next(&["BY", "DEFAULT", "IGNORE", "SUM", "TOTALS", "ROW", "UNIT"])? {
            match option {
                "SUM" => sum = true,
                "TOTALS" => totals = true,
                "ROW" => row = Some(options.value(option)?.to_vec()),
                "BY" => by = Some(options.choice(option, &BY)?),
                "DEFAULT" => default = Some(value(options.value(option)?)?),
                "IGNORE" => ignore = true,
                _ => unit = options.value(option)?.to_vec(),
            }
        }
        let by = by.ok_or_else(|| Failure::err("expected BY node, region, sector or product"))?;
        let (key, name) = (argv.bytes(1).to_vec(), argv.bytes(2).to_vec());
        Ok(Self { key, name, origin, by, default, ignore, sum, totals, row, unit })
    }

    fn read(&self, model: &IoModel, progress: &Progress) -> Outcome<Indicator> {
        let read;
        let document = match &self.origin {
            Origin::Data(document) => document.as_slice(),
            Origin::Path(path) => {
                read = data_dir::read(path, settings::max_payload())?;
                &read
            }
        };
        let table = model.table();
        let totals = match (self.totals, &table.output) {
            (false, _) => None,
            (true, Some(output)) => Some(output.as_slice()),
            (true, None) => {
                let what =
                    "TOTALS divides by output, and the model has coefficients only: give values per unit of output";
                return Err(Failure::err(what));
            }
        };
        let (by, default, ignore, sum) = (self.by, self.default, self.ignore, self.sum);
        let (row, progress) = (self.row.as_deref(), Some(progress));
        let reading = indicator::Reading { by, default, ignore, sum, totals, row, progress };
        Ok(Indicator::parse(&self.name, &self.unit, document, &reading, &table.labels)?)
    }
}

const BY: [(&str, By); 4] =
    [("node", By::Node), ("region", By::Region), ("sector", By::Sector), ("product", By::Product)];

/// The value of `DEFAULT`, for labels without a value.
fn value(word: &[u8]) -> Outcome<f64> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.filter(|number: &f64| number.is_finite()).ok_or_else(|| Failure::err("DEFAULT must be a finite number"))
}

fn io_model(ctx: Ctx<'_>, key: &[u8]) -> Outcome<Arc<IoModel>> {
    with_loaded(ctx, Name::Bytes(key), Mode::Peek, |loaded| Ok(Arc::clone(loaded.model.as_io()?)))
}

/// Adds an indicator to the model. An error if the table has been replaced since the document was read.
fn put(ctx: Ctx<'_>, key: &[u8], read_against: &IoModel, indicator: Indicator) -> Outcome<()> {
    if !ctx.owns(key) {
        return Err(Failure::slot_lost());
    }
    let model = io_model(ctx, key)?;
    if !model.shares_table_with(read_against) {
        return Err(Failure::new(Code::Busy, "the model was loaded again meanwhile, send the indicator again"));
    }
    let changed = model.with_indicator(indicator.clone())?;
    let version = versions::next();
    commit::change(ctx, key, AnyModel::Io(Arc::new(changed)), version, c"model.indicator")?;
    replicate::indicator(ctx, key, version, &indicator);
    Ok(())
}

pub(super) struct Del;

impl Run for Del {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (key, name) = (argv.bytes(1), argv.bytes(2));
        let model = io_model(ctx, key)?;
        let Some(changed) = model.without_indicator(name) else { return Ok(Reply::Integer(0)) };
        let version = versions::next();
        commit::change(ctx, key, AnyModel::Io(Arc::new(changed)), version, c"model.indicatordel")?;
        replicate::indicator_del(ctx, key, version, name);
        Ok(Reply::Integer(1))
    }
}
