//! Commands that create models: `MODEL.LOAD`, `MODEL.SET`, `MODEL.ABORT`, and the internal `MODEL.REPLAY`, which
//! replicates models.

use assess_engine::cache::name;

use crate::error::{Code, Failure, Outcome};
use crate::ffi::account;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::held::HeldBytes;
use crate::ffi::string::Argv;
use crate::models::load::recipe::{self, ParsedLoad};
use crate::models::load::{self, Origin, Request, loading};
use crate::models::replication::replay;
use crate::reply::Reply;
use crate::settings;

pub(super) struct Load;

impl Run for Load {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        recipe::kind(argv.bytes(2))?;
        if !argv.bytes(3).eq_ignore_ascii_case(b"FILE") {
            return Err(Failure::err("expected FILE path after the kind of model"));
        }
        let path = argv.bytes(4);
        begin(ctx, argv, 5, Some(path), 0, || Origin::Path(path.to_vec()))
    }
}

pub(super) struct Set;

impl Run for Set {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        recipe::kind(argv.bytes(2))?;
        if argv.bytes(3).len() as u64 > settings::max_payload() {
            return Err(Failure::new(Code::TooBig, "the payload is over assess.max-payload"));
        }
        begin(ctx, argv, 4, None, argv.bytes(3).len(), || Origin::Payload(HeldBytes::hold(ctx, argv, 3)))
    }
}

fn begin(
    ctx: Ctx<'_>,
    argv: Argv<'_>,
    first_option: usize,
    path: Option<&[u8]>,
    bytes: usize,
    origin: impl FnOnce() -> Origin,
) -> Outcome<Reply> {
    let key = argv.bytes(1);
    name::begin(key, &mut Vec::new())?;
    let ParsedLoad { recipe, noreplace, history } =
        recipe::parse(recipe::kind(argv.bytes(2))?, &argv.words(first_option))?;
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    account::admit(bytes)?;
    load::begin(ctx, Request { key: key.to_vec(), recipe, noreplace, history }, path, origin)?;
    Ok(Reply::Sent)
}

pub(super) struct Abort;

impl Run for Abort {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if loading::abort(ctx.db(), argv.bytes(1)) {
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
            return Err(Failure::err("this command is internal: only replication and the append-only file use it"));
        }
        let words = argv.words(0);
        replay::apply(ctx, &words)?;
        // For the replicas and the append-only file of this server.
        ctx.replicate_verbatim();
        Ok(Reply::Ok)
    }
}
