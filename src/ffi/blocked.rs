//! Blocked clients: each client receives exactly one reply, in every order of events within a turn of the event loop.
//!
//! After a handle is returned to the server (`RM_UnblockClient`), the server sends the reply later in the turn. If its
//! own timeout or `CLIENT UNBLOCK` comes in between, it drops the reply. The module therefore never uses the server's
//! timeout, and returns a handle only at the end of the turn, directly before the server sends the reply. Until then a
//! decided reply stays in the table here. `CLIENT UNBLOCK` finds a client that is still blocked, and its callback sends
//! the decided reply. (Servers from 7.2 on send replies earlier in the turn; they do not unblock a handle that was
//! already returned.)
//!
//! An entry is removed from the table, under the lock, before its handle is returned: no thread measures time on a
//! handle that the server has freed.

mod table;

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use redis_module::raw;

use self::table::{Decided, Entry, Handle, State, table};
pub(crate) use self::table::{Ended, Undelivered};
use super::account::{self, Account, Share};
use super::ctx::Ctx;
use super::{cluster, event_loop, guard, send};
use crate::clock::now_ms;
use crate::error::Failure;
use crate::reply::Reply;

/// A blocked client, to be answered from any thread. If this is dropped without a reply, the client receives an
/// internal error, so that no client hangs because of a bug. A reply after the end of the wait is dropped.
pub(crate) struct Blocked {
    handle: Handle,
    serial: u64,
    client: u64,
    /// The part of the user's account: held as long as the work for the client continues, also when the client has
    /// disconnected. `None` after the reply.
    share: Option<Share>,
}

thread_local! {
    /// When the timer for timeouts fires, in Unix milliseconds.
    static ARMED: RefCell<Option<u64>> = const { RefCell::new(None) };
    /// Replies with an `undelivered` callback that were sent in this turn of the event loop and in the previous one. A
    /// client that disconnects now has not read them.
    static SENT: RefCell<[Vec<(u64, Undelivered)>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// The number of clients that this module blocks.
pub(crate) fn count() -> usize {
    table().entries().len()
}

impl Blocked {
    /// Blocks the client of a context for at most `wait_ms` milliseconds; 0: without limit. The caller has asked
    /// `account::admit`, unless the command can no longer fail.
    pub(crate) fn block(ctx: Ctx<'_>, wait_ms: u64, ended: Ended) -> Self {
        // SAFETY: the context is that of a command that may block (the caller has checked `may_block`); the callbacks
        // have the signatures that the server requires. No timeout is given, because the server's timeout loses
        // replies.
        let raw = unsafe {
            api!(RedisModule_BlockClient(ctx.as_ptr(), Some(on_reply), Some(on_unblock), Some(free_reply), 0))
        };
        let raw = NonNull::new(raw).expect("the caller has checked may_block");
        // SAFETY: just created.
        unsafe { api!(RedisModule_SetDisconnectCallback(raw.as_ptr(), Some(on_disconnect))) };
        let (handle, client) = (Handle::of(raw.as_ptr()), ctx.client_id());
        let due = (wait_ms > 0).then(|| now_ms().saturating_add(wait_ms));
        let serial = {
            let mut table = table();
            table.serial += 1;
            let serial = table.serial;
            table.entries().insert(handle, Entry { serial, client, ended, due, slot: None, state: State::Waiting });
            if let Some(due) = due {
                table.due.insert((due, handle));
            }
            serial
        };
        event_loop::at_turn_end(serve);
        arm();
        Self { handle, serial, client, share: Some(Share::take()) }
    }

    /// Counts so many bytes of arguments, which are kept for the work, for the user of the client.
    pub(crate) fn holding(mut self, bytes: usize) -> Self {
        if let Some(share) = &mut self.share {
            share.hold(bytes);
        }
        self
    }

    /// The account of the user of the client.
    pub(crate) fn account(&self) -> Arc<Account> {
        self.share.as_ref().map_or_else(account::module, |share| Arc::clone(share.account()))
    }

    /// The same for a client that waits for a key: when the key's slot moves to another node of the cluster, its wait ends
    /// with `MOVED`, and the client asks that node.
    pub(crate) fn block_for(ctx: Ctx<'_>, key: &[u8], wait_ms: u64, ended: Ended) -> Self {
        let blocked = Self::block(ctx, wait_ms, ended);
        if let Some(slot) = cluster::slot(ctx, key) {
            let mut table = table();
            if let Some(entry) = table.find(blocked.handle, blocked.serial) {
                entry.slot = Some(slot);
                table.slots.insert((slot, blocked.handle));
            }
        }
        blocked
    }

    /// The client's id.
    pub(crate) fn client(&self) -> u64 {
        self.client
    }

    /// Whether the client still waits and no reply is decided.
    pub(crate) fn is_waiting(&self) -> bool {
        table().find(self.handle, self.serial).is_some_and(|entry| matches!(entry.state, State::Waiting))
    }

    /// Unblocks the client with a reply. Any thread.
    pub(crate) fn reply(mut self, reply: Reply) {
        self.decide(reply, None);
        self.share = None;
        std::mem::forget(self);
    }

    /// Unblocks the client with a reply. `undelivered` is called if the client does not receive it. Main thread.
    pub(crate) fn reply_or(mut self, reply: Reply, undelivered: Undelivered) {
        self.decide(reply, Some(undelivered));
        self.share = None;
        std::mem::forget(self);
    }

    /// Limits the wait of a client without a limit to `wait_ms` milliseconds from now. Main thread.
    pub(crate) fn limit(&self, wait_ms: u64) {
        let due = now_ms().saturating_add(wait_ms);
        {
            let mut table = table();
            let Some(entry) = table.find(self.handle, self.serial) else { return };
            if entry.due.is_some() || !matches!(entry.state, State::Waiting) {
                return;
            }
            entry.due = Some(due);
            table.due.insert((due, self.handle));
        }
        arm();
    }

    /// Adds the time of `work` to the time of the command, so that SLOWLOG and command statistics include it. Any
    /// thread, but not two threads for the same client.
    pub(crate) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        self.meter().measure(work)
    }

    /// To measure work whose client is kept elsewhere.
    pub(crate) fn meter(&self) -> Meter {
        Meter { handle: self.handle, serial: self.serial }
    }

    fn decide(&self, reply: Reply, undelivered: Option<Undelivered>) {
        let decided = Decided { client: self.client, reply, undelivered };
        let left_over = table().decide(self.handle, self.serial, decided, true);
        // Dropped outside the lock: the callback may block clients or answer them.
        drop(left_over);
    }
}

/// Measures work for a blocked client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    handle: Handle,
    serial: u64,
}

impl Meter {
    /// As [`Blocked::measure`]. When the client no longer waits, the time is not added to anything.
    pub(crate) fn measure<T>(self, work: impl FnOnce() -> T) -> T {
        {
            let mut table = table();
            if table.find(self.handle, self.serial).is_some() {
                // SAFETY: the handle is valid while its entry is in the table, which is locked.
                unsafe { api!(RedisModule_BlockedClientMeasureTimeStart(self.handle.as_ptr())) };
            }
        }
        let result = work();
        let mut table = table();
        if table.find(self.handle, self.serial).is_some() {
            // SAFETY: as above.
            unsafe { api!(RedisModule_BlockedClientMeasureTimeEnd(self.handle.as_ptr())) };
        }
        result
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        self.decide(Reply::Error(Failure::internal()), None);
    }
}

impl Drop for Decided {
    fn drop(&mut self) {
        if let Some(undelivered) = self.undelivered.take() {
            undelivered();
        }
    }
}

impl Decided {
    /// Sends the reply to the client of a callback. Main thread.
    fn send(&mut self, ctx: Ctx<'_>) {
        send::reply(ctx, &self.reply);
        if let Some(undelivered) = self.undelivered.take() {
            SENT.with_borrow_mut(|sent| sent[0].push((self.client, undelivered)));
        }
    }
}

/// The slots that clients wait for.
pub(crate) fn slots() -> Vec<u16> {
    let mut slots: Vec<u16> = table().slots.iter().map(|&(slot, _)| slot).collect();
    slots.dedup();
    slots
}

/// Ends the waits of clients for a slot that has moved, at most `MAX_PER_RUN` of them. Returns whether none is left.
pub(crate) fn end_moved(slot: u16, reply: &Reply) -> bool {
    for _ in 0..MAX_PER_RUN {
        let (handle, serial, client, ended) = {
            let mut table = table();
            let Some(&(_, handle)) = table.slots.range((slot, Handle(0))..=(slot, Handle(usize::MAX))).next() else {
                return true;
            };
            table.slots.remove(&(slot, handle));
            let Some(entry) = table.entries().get_mut(&handle) else { continue };
            entry.slot = None;
            if !matches!(entry.state, State::Waiting) {
                continue;
            }
            entry.state = State::Ending;
            let (serial, client, ended, due) = (entry.serial, entry.client, entry.ended, entry.due.take());
            if let Some(due) = due {
                table.due.remove(&(due, handle));
            }
            (handle, serial, client, ended)
        };
        // The owner forgets the client. Its reply would say why the wait ended; here it is the slot.
        drop(guard::run("the end of a wait", || ended(client)));
        let decided = Decided { client, reply: reply.clone(), undelivered: None };
        let left_over = table().decide(handle, serial, decided, false);
        drop(left_over);
    }
    false
}

/// The most waits that are ended in a single step.
const MAX_PER_RUN: usize = 64;

/// Starts a timer for the first timeout.
fn arm() {
    let Some(&(due, _)) = table().due.first() else { return };
    if ARMED.with_borrow(|armed| armed.is_some_and(|armed| armed <= due)) {
        return;
    }
    ARMED.set(Some(due));
    event_loop::after(due.saturating_sub(now_ms()), move |_| {
        // Another timer may have been started since, for an earlier timeout.
        if ARMED.with_borrow(|armed| *armed == Some(due)) {
            ARMED.set(None);
        }
        end_due();
        arm();
    });
}

/// Ends the waits that have timed out, at most `MAX_PER_RUN` of them.
fn end_due() {
    let now = now_ms();
    for _ in 0..MAX_PER_RUN {
        let (handle, serial, client, ended) = {
            let mut table = table();
            let Some(&(due, handle)) = table.due.first() else { return };
            if due > now {
                return;
            }
            table.due.pop_first();
            let Some(entry) = table.entries().get_mut(&handle) else { continue };
            (entry.due, entry.state) = (None, State::Ending);
            (handle, entry.serial, entry.client, entry.ended)
        };
        let reply = guard::run("the end of a wait", || ended(client)).unwrap_or_else(Reply::Error);
        let left_over = table().decide(handle, serial, Decided { client, reply, undelivered: None }, false);
        drop(left_over);
    }
}

/// Returns the handles of all decided replies to the server. Runs at the end of a turn of the event loop: the server
/// sends the replies directly afterwards, and no command of a client runs in between. Returns whether it must run in
/// the next turn.
fn serve() -> bool {
    SENT.with_borrow_mut(|sent| sent[1] = std::mem::take(&mut sent[0]));
    let ready = std::mem::take(&mut table().ready);
    let mut sends = false;
    for (handle, serial) in ready {
        let entry = table().remove_as(handle, serial);
        if let Some(Entry { state: State::Decided(decided), .. }) = entry {
            sends |= decided.undelivered.is_some();
            handle.give_back(Some(decided));
        }
    }
    // Also for the replies that the server sends after this call: without a further turn they would never count as read.
    if sends || SENT.with_borrow(|sent| sent.iter().any(|sent| !sent.is_empty())) {
        // Start the next turn immediately. From then on the replies count as read.
        event_loop::nudge();
        return true;
    }
    !table().entries().is_empty()
}

/// A connection has ended. Replies that were just sent to it count as undelivered.
pub(super) fn client_left(client: u64) {
    let mut unread = Vec::new();
    SENT.with_borrow_mut(|sent| {
        for sent in sent {
            unread.extend(sent.extract_if(.., |(to, _)| *to == client).map(|(_, undelivered)| undelivered));
        }
    });
    unread.into_iter().for_each(|undelivered| undelivered());
}

extern "C" fn on_reply(ctx: *mut raw::RedisModuleCtx, _: *mut *mut raw::RedisModuleString, _: c_int) -> c_int {
    guard::or("a reply", (), || {
        // SAFETY: `give_back` made the private data, and no other code accesses them now; the context is that of this
        // callback.
        unsafe {
            let decided = api!(RedisModule_GetBlockedClientPrivateData(ctx)).cast::<Decided>();
            if let Some(decided) = decided.as_mut() {
                decided.send(Ctx::new(ctx));
            }
        }
    });
    raw::REDISMODULE_OK as c_int
}

/// Called for `CLIENT UNBLOCK`. The server unblocks the client afterwards.
extern "C" fn on_unblock(ctx: *mut raw::RedisModuleCtx, _: *mut *mut raw::RedisModuleString, _: c_int) -> c_int {
    guard::or("CLIENT UNBLOCK", (), || {
        // SAFETY: the context is that of this callback.
        let (handle, ctx) = unsafe { (Handle::of(api!(RedisModule_GetBlockedClientHandle(ctx))), Ctx::new(ctx)) };
        let Some(entry) = table().remove(handle) else { return };
        match entry.state {
            State::Decided(mut decided) => decided.send(ctx),
            State::Waiting | State::Ending => {
                let reply = guard::run("the end of a wait", || (entry.ended)(entry.client));
                send::reply(ctx, &reply.unwrap_or_else(Reply::Error));
            }
        }
        handle.give_back(None);
    });
    raw::REDISMODULE_OK as c_int
}

/// The client has disconnected, or the server has sent it an error (`CLIENT UNBLOCK .. ERROR`, demotion).
extern "C" fn on_disconnect(_: *mut raw::RedisModuleCtx, blocked: *mut raw::RedisModuleBlockedClient) {
    guard::or("a disconnect", (), || {
        let handle = Handle::of(blocked);
        let Some(entry) = table().remove(handle) else { return };
        if !matches!(entry.state, State::Decided(_)) {
            drop((entry.ended)(entry.client));
        }
        // Drops a decided reply, which calls its `undelivered`.
        drop(entry.state);
        handle.give_back(None);
    });
}

extern "C" fn free_reply(_: *mut raw::RedisModuleCtx, decided: *mut c_void) {
    if !decided.is_null() {
        // SAFETY: `give_back` made the box; the server calls this once.
        let decided = unsafe { Box::from_raw(decided.cast::<Decided>()) };
        guard::or("a reply that is freed", (), || drop(decided));
    }
}
