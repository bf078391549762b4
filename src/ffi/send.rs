//! Sends replies.

use std::cell::OnceCell;
use std::ffi::{CString, c_char, c_long};

use super::ctx::Ctx;
use crate::reply::Reply;

/// Sends bytes as a bulk string, without another copy.
pub(crate) fn bulk(ctx: Ctx<'_>, bytes: &[u8]) {
    // SAFETY: context and bytes are valid during the call.
    unsafe { api!(RedisModule_ReplyWithStringBuffer(ctx.as_ptr(), bytes.as_ptr().cast::<c_char>(), bytes.len())) };
}

/// Sends a reply to the client of the context.
pub(crate) fn reply(ctx: Ctx<'_>, reply: &Reply) {
    part(ctx, reply, &OnceCell::new());
}

/// Sends a part of a reply. The server computes all flags of a context to return one of them, which takes longer than to
/// print a number: the protocol is looked up once for the whole reply.
fn part(ctx: Ctx<'_>, reply: &Reply, is_resp3: &OnceCell<bool>) {
    let raw = ctx.as_ptr();
    // SAFETY: the context is valid; strings are NUL-terminated where the function requires it.
    unsafe {
        match reply {
            Reply::Ok => {
                api!(RedisModule_ReplyWithSimpleString(raw, c"OK".as_ptr()));
            }
            Reply::Nil => {
                api!(RedisModule_ReplyWithNull(raw));
            }
            Reply::Integer(number) => {
                api!(RedisModule_ReplyWithLongLong(raw, *number));
            }
            // Servers before 7.2 print 17 digits of a double, so the text for RESP2 is made here.
            Reply::Double(number) if !is_resp3.get_or_init(|| ctx.is_resp3()) => {
                bulk(ctx, shortest(*number).as_bytes());
            }
            Reply::Double(number) => {
                api!(RedisModule_ReplyWithDouble(raw, *number));
            }
            Reply::Bulk(bytes) => bulk(ctx, bytes),
            Reply::Array(items) => {
                api!(RedisModule_ReplyWithArray(raw, items.len() as c_long));
                for item in items {
                    part(ctx, item, is_resp3);
                }
            }
            Reply::Map(fields) => {
                api!(RedisModule_ReplyWithMap(raw, fields.len() as c_long));
                for (name, value) in fields {
                    bulk(ctx, name.as_bytes());
                    part(ctx, value, is_resp3);
                }
            }
            Reply::Error(failure) => {
                let text = CString::new(failure.to_string()).unwrap_or_default();
                api!(RedisModule_ReplyWithError(raw, text.as_ptr()));
            }
            Reply::Sent => {}
        }
    }
}

/// The shortest text that parses to the same number; integers have no decimal point, as in replies of the server.
fn shortest(number: f64) -> String {
    format!("{number}")
}
