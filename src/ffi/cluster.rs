//! The nodes of a cluster, and messages between their modules over the cluster bus.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use assess_engine::cluster::nodes::{self, Elsewhere, Id, Master};
use redis_module::raw;

use super::ctx::Ctx;
use super::string::Text;
use super::{event_loop, guard};

/// The type of the messages. Others may use the same one: the form of a message tells whose it is.
const TYPE: u8 = 97;

/// Receives a message: the context, the node that sent it, and its bytes.
pub(crate) type Receiver = fn(Ctx<'_>, &Id, &[u8]);

thread_local! {
    static RECEIVER: Cell<Receiver> = const { Cell::new(|_, _, _| {}) };
}

/// Sets the receiver of messages.
pub(crate) fn receive(ctx: Ctx<'_>, receiver: Receiver) {
    RECEIVER.set(receiver);
    // SAFETY: the context of loading, which names the module; the callback has the signature that the server requires.
    unsafe { api!(RedisModule_RegisterClusterMessageReceiver(ctx.as_ptr(), TYPE, Some(on_message))) };
}

unsafe extern "C" fn on_message(
    ctx: *mut raw::RedisModuleCtx,
    sender: *const c_char,
    _: u8,
    payload: *const u8,
    length: u32,
) {
    if sender.is_null() || payload.is_null() {
        return;
    }
    guard::or("a message of another node", (), || {
        // SAFETY: the server passes the 40 bytes of a node's name and a payload of this length, both valid during the
        // callback, on its main thread.
        unsafe {
            let sender = *sender.cast::<Id>();
            let payload = std::slice::from_raw_parts(payload, length as usize);
            // Requests are carried out here: their time counts as that of a slice.
            event_loop::slice(|| RECEIVER.get()(Ctx::new(ctx), &sender, payload));
        }
    });
}

/// A node's name as the server takes it: it reads up to a NUL byte, although its own list of names has none.
fn c_name(id: &Id) -> CString {
    CString::new(id.as_slice()).unwrap_or_default()
}

/// Sends a message to a node. `false` if there is no connection to it now; a message may be lost in any case.
pub(crate) fn send(ctx: Ctx<'_>, to: &Id, message: &[u8]) -> bool {
    let Ok(length) = u32::try_from(message.len()) else { return false };
    let name = c_name(to);
    // SAFETY: the context and the name are valid; the server copies the message.
    let sent = unsafe {
        api!(RedisModule_SendClusterMessage(
            ctx.as_ptr(),
            name.as_ptr(),
            TYPE,
            message.as_ptr().cast::<c_char>(),
            length
        ))
    };
    sent == raw::REDISMODULE_OK as c_int
}

/// The masters of the cluster, as this node knows them; empty if the server does not list them.
pub(crate) fn masters(ctx: Ctx<'_>) -> Vec<Master> {
    with_nodes(ctx, nodes::masters).unwrap_or_default()
}

/// Which of these slots belong to another node now, and to which address.
pub(crate) fn moved(ctx: Ctx<'_>, slots: &[u16]) -> Vec<(u16, String)> {
    let moved = |text: &[u8]| {
        let elsewhere = Elsewhere::of(text)?;
        let address = |&slot: &u16| Some((slot, elsewhere.address(slot)?.to_owned()));
        Some(slots.iter().filter_map(address).collect())
    };
    with_nodes(ctx, moved).unwrap_or_default()
}

/// The slot of a key, if the server is a node of a cluster.
pub(crate) fn slot(ctx: Ctx<'_>, key: &[u8]) -> Option<u16> {
    if !ctx.is_clustered() {
        return None;
    }
    let key = Text::new(key);
    // SAFETY: format `cs` takes a C string and a string, which are valid until after the call.
    unsafe {
        let (command, subcommand) = (c"CLUSTER".as_ptr(), c"KEYSLOT".as_ptr());
        let reply = api!(RedisModule_Call(ctx.as_ptr(), command, c"cs".as_ptr(), subcommand, key.as_ptr()));
        if reply.is_null() {
            return None;
        }
        let slot = api!(RedisModule_CallReplyInteger(reply));
        api!(RedisModule_FreeCallReply(reply));
        u16::try_from(slot).ok()
    }
}

/// Whether this node sees the cluster as failed: then the server ends the wait of every blocked client with an error.
pub(crate) fn is_down(ctx: Ctx<'_>) -> bool {
    with_text(ctx, c"INFO", |text| Some(nodes::is_down(text))).unwrap_or(false)
}

/// Reads the text of `CLUSTER NODES`.
fn with_nodes<T>(ctx: Ctx<'_>, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    with_text(ctx, c"NODES", read)
}

/// Reads the text that a subcommand of `CLUSTER` replies.
fn with_text<T>(ctx: Ctx<'_>, subcommand: &CStr, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    // SAFETY: format `c` takes a C string. The text of a reply is valid as long as the reply, which is freed here.
    unsafe {
        let reply = api!(RedisModule_Call(ctx.as_ptr(), c"CLUSTER".as_ptr(), c"c".as_ptr(), subcommand.as_ptr()));
        if reply.is_null() {
            return None;
        }
        let mut length = 0;
        let text = api!(RedisModule_CallReplyStringPtr(reply, &raw mut length));
        let found = if text.is_null() { None } else { read(std::slice::from_raw_parts(text.cast::<u8>(), length)) };
        api!(RedisModule_FreeCallReply(reply));
        found
    }
}

/// Another master that is reachable, as far as this node knows: the first one, from the node number `start` on.
pub(crate) fn some_other_master(ctx: Ctx<'_>, start: usize) -> Option<Id> {
    let (wanted, unwanted) = (raw::REDISMODULE_NODE_MASTER, {
        raw::REDISMODULE_NODE_MYSELF | raw::REDISMODULE_NODE_PFAIL | raw::REDISMODULE_NODE_FAIL
    });
    // SAFETY: the list has `count` names of 40 bytes, valid until it is freed here; null pointers are allowed where a
    // value is not wanted.
    unsafe {
        let mut count = 0;
        let ids = api!(RedisModule_GetClusterNodesList(ctx.as_ptr(), &raw mut count));
        if ids.is_null() {
            return None;
        }
        let mut found = None;
        for at in 0..count {
            let id = *(*ids.add((start.wrapping_add(at)) % count)).cast::<Id>();
            let name = c_name(&id);
            let mut flags: c_int = 0;
            let known = api!(RedisModule_GetClusterNodeInfo(
                ctx.as_ptr(),
                name.as_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut flags
            ));
            let flags = flags as u32;
            if known == raw::REDISMODULE_OK as c_int && flags & wanted != 0 && flags & unwanted == 0 {
                found = Some(id);
                break;
            }
        }
        api!(RedisModule_FreeClusterNodesList(ids));
        found
    }
}
