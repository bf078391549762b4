//! Requests that look at many jobs, in slices: `JOB.LIST` and `JOB.PURGE`. Where the client cannot be blocked, they
//! must fit into one slice.

use std::time::{Duration, Instant};

use assess_engine::jobs::{Filter, ListCursor, State};

use super::change::{Absent, change};
use super::reply;
use super::requests::read;
use crate::error::{Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::reply::Reply;
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);
/// The most jobs that are looked at between two looks at the clock.
const STEP: usize = 128;

/// A request that continues in later slices. `true` at its end.
trait Sliced: 'static {
    const WRITES: bool;
    /// Whether it fits into one slice.
    fn is_short(&self, ctx: Ctx<'_>) -> Outcome<bool>;
    fn step(&mut self, ctx: Ctx<'_>) -> Outcome<bool>;
    fn reply(self) -> Reply;
}

/// Runs a request: one slice now; if there is more, the client is blocked meanwhile.
fn run<S: Sliced>(ctx: Ctx<'_>, mut work: S) -> Outcome<Reply> {
    // A command that fails changes nothing.
    if S::WRITES && !work.is_short(ctx)? {
        if !ctx.may_block() {
            return Err(Failure::cannot_block());
        }
        account::admit(0)?;
    }
    if slice(ctx, &mut work)? {
        return Ok(work.reply());
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    if !S::WRITES {
        account::admit(0)?;
    }
    let blocked = Blocked::block(ctx, 0, |_| Reply::Nil);
    let db = ctx.db();
    main_loop::after(0, move |ctx| go_on(ctx, db, work, blocked));
    Ok(Reply::Sent)
}

fn go_on<S: Sliced>(ctx: Ctx<'_>, db: i32, work: S, blocked: Blocked) {
    // A client that has disconnected needs no reply.
    if !blocked.is_waiting() {
        return;
    }
    if S::WRITES {
        return main_loop::when_writable(ctx, db, move |ctx, writable| next_slice(ctx, db, writable, work, blocked));
    }
    let readable = if ctx.select(db) { Ok(()) } else { Err(Failure::internal()) };
    next_slice(ctx, db, readable, work, blocked);
}

fn next_slice<S: Sliced>(ctx: Ctx<'_>, db: i32, open: Outcome<()>, mut work: S, blocked: Blocked) {
    match open.and_then(|()| slice(ctx, &mut work)) {
        Ok(true) => blocked.reply(work.reply()),
        Ok(false) => main_loop::after(0, move |ctx| go_on(ctx, db, work, blocked)),
        Err(failure) => blocked.reply(Reply::Error(failure)),
    }
}

fn slice<S: Sliced>(ctx: Ctx<'_>, work: &mut S) -> Outcome<bool> {
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        if work.step(ctx)? {
            return Ok(true);
        }
    }
    Ok(false)
}

struct List {
    name: Box<[u8]>,
    state: Option<State>,
    job_type: Option<Box<[u8]>>,
    group: Option<Box<[u8]>>,
    /// Jobs to leave out, and jobs to reply, still.
    offset: u64,
    limit: u64,
    from: Option<ListCursor>,
    found: Vec<Reply>,
}

impl Sliced for List {
    const WRITES: bool = false;

    fn is_short(&self, ctx: Ctx<'_>) -> Outcome<bool> {
        read(ctx, &self.name, |queue| Ok(queue.len() <= STEP))
    }

    fn step(&mut self, ctx: Ctx<'_>) -> Outcome<bool> {
        if self.limit == 0 {
            return Ok(true);
        }
        read(ctx, &self.name, |queue| {
            let filter = Filter { state: self.state, job_type: self.job_type.as_deref(), group: self.group.as_deref() };
            let most = usize::try_from(self.offset + self.limit).unwrap_or(usize::MAX);
            let page = queue.list(&filter, self.from, STEP, most);
            for status in &page.jobs {
                if self.offset > 0 {
                    self.offset -= 1;
                } else {
                    self.limit -= 1;
                    self.found.push(reply::short_status(status));
                }
            }
            self.from = page.next;
            Ok(page.next.is_none() || self.limit == 0)
        })
    }

    fn reply(self) -> Reply {
        Reply::Array(self.found)
    }
}

/// Jobs that match a filter, the newest first, without the first `offset`, at most `limit`.
pub(crate) fn list(ctx: Ctx<'_>, name: &[u8], filter: &Filter<'_>, offset: u64, limit: u64) -> Outcome<Reply> {
    let work = List {
        name: name.into(),
        state: filter.state,
        job_type: filter.job_type.map(Into::into),
        group: filter.group.map(Into::into),
        offset,
        limit,
        from: None,
        found: Vec::new(),
    };
    run(ctx, work)
}

struct Purge {
    name: Box<[u8]>,
    state: State,
    from: u64,
    dropped: u64,
}

impl Sliced for Purge {
    const WRITES: bool = true;

    fn is_short(&self, ctx: Ctx<'_>) -> Outcome<bool> {
        // The last step finds that nothing is left.
        read(ctx, &self.name, |queue| Ok(queue.len() < STEP))
    }

    fn step(&mut self, ctx: Ctx<'_>) -> Outcome<bool> {
        let (state, from) = (self.state, self.from);
        let (dropped, next) =
            change(ctx, &self.name, Absent::Leave, |request| Ok(request.queue.purge(state, from, STEP, request.out)))?;
        self.dropped += dropped;
        self.from = next.unwrap_or_default();
        Ok(next.is_none())
    }

    fn reply(self) -> Reply {
        Reply::count(self.dropped)
    }
}

/// Drops all jobs of a state. Replies how many.
pub(crate) fn purge(ctx: Ctx<'_>, name: &[u8], state: State) -> Outcome<Reply> {
    run(ctx, Purge { name: name.into(), state, from: 0, dropped: 0 })
}
