//! Clients that wait for a key whose slot has moved to another node: they receive `MOVED`, as the server replies to others.

use crate::error::{Code, Failure};
use crate::ffi::{blocked, cluster};
use crate::reply::Reply;
use crate::work::main_loop;

/// Time from one look to the next, in milliseconds.
const LOOK_MS: u64 = 500;

/// Starts looking.
pub(super) fn begin() {
    main_loop::after(LOOK_MS, |ctx| {
        begin();
        let slots = blocked::slots();
        // A client may wait on a replica: the slot belongs to its master in any case.
        if slots.is_empty() || !ctx.is_master() {
            return;
        }
        for (slot, address) in cluster::moved(ctx, &slots) {
            end(slot, &Reply::Error(Failure::new(Code::Moved, format!("{slot} {address}"))));
        }
    });
}

fn end(slot: u16, reply: &Reply) {
    if !blocked::end_moved(slot, reply) {
        let reply = reply.clone();
        main_loop::after(0, move |_| end(slot, &reply));
    }
}
