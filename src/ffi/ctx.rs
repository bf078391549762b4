//! A context of the server: requests that a callback on the main thread may send to the server.

use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

use redis_module::raw;

use super::string::Text;
use crate::error::Failure;

/// A context of the main thread; see invariant 2 of this folder.
#[derive(Clone, Copy)]
pub(crate) struct Ctx<'a> {
    raw: *mut raw::RedisModuleCtx,
    _callback: PhantomData<&'a ()>,
}

/// A context that is valid as long as the module is loaded, for calls that need a module but no client.
static DETACHED: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(std::ptr::null_mut());

/// The server's flags for its own state and for the client of a context.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Flags(u32);

impl Flags {
    const DENIES_BLOCKING: Self = Self(
        raw::REDISMODULE_CTX_FLAGS_LUA | raw::REDISMODULE_CTX_FLAGS_MULTI | raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING,
    );
    const LUA: Self = Self(raw::REDISMODULE_CTX_FLAGS_LUA);
    const MULTI: Self = Self(raw::REDISMODULE_CTX_FLAGS_MULTI);
    const OUT_OF_MEMORY: Self = Self(raw::REDISMODULE_CTX_FLAGS_OOM);
    const MASTER: Self = Self(raw::REDISMODULE_CTX_FLAGS_MASTER);
    const CLUSTER: Self = Self(raw::REDISMODULE_CTX_FLAGS_CLUSTER);
    const RESP3: Self = Self(raw::REDISMODULE_CTX_FLAGS_RESP3);
    const LOADING: Self = Self(raw::REDISMODULE_CTX_FLAGS_LOADING);
    const REPLAYED: Self = Self(raw::REDISMODULE_CTX_FLAGS_REPLICATED | raw::REDISMODULE_CTX_FLAGS_LOADING);

    const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}

/// The outcome of a command that this module ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    Done,
    Refused,
}

impl<'a> Ctx<'a> {
    /// # Safety
    /// The server passed `raw` to a callback that runs on its main thread and does not return before `'a` ends.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleCtx) -> Self {
        Self { raw, _callback: PhantomData }
    }

    pub(crate) fn as_ptr(self) -> *mut raw::RedisModuleCtx {
        self.raw
    }

    fn flags(self) -> Flags {
        // SAFETY: the context is valid (invariant 2).
        Flags(unsafe { api!(RedisModule_GetContextFlags(self.raw)) } as u32)
    }

    /// Whether a client may be blocked here.
    pub(crate) fn may_block(self) -> bool {
        !self.flags().any(Flags::DENIES_BLOCKING)
    }

    /// Whether more memory is used than `maxmemory` allows. The server then evicts keys before the next command of a
    /// client.
    pub(crate) fn is_out_of_memory(self) -> bool {
        self.flags().any(Flags::OUT_OF_MEMORY)
    }

    pub(crate) fn is_master(self) -> bool {
        self.flags().any(Flags::MASTER)
    }

    /// Whether the server is a node of a cluster.
    pub(crate) fn is_clustered(self) -> bool {
        self.flags().any(Flags::CLUSTER)
    }

    pub(crate) fn is_multi(self) -> bool {
        self.flags().any(Flags::MULTI)
    }

    pub(crate) fn is_script(self) -> bool {
        self.flags().any(Flags::LUA)
    }

    /// Whether the server is loading its data set from a file or from its master. Timers do not fire before the load
    /// ends.
    pub(crate) fn is_loading(self) -> bool {
        self.flags().any(Flags::LOADING)
    }

    pub(crate) fn is_resp3(self) -> bool {
        self.flags().any(Flags::RESP3)
    }

    /// Whether the command comes from the master or from the append-only file.
    pub(crate) fn is_replay(self) -> bool {
        self.flags().any(Flags::REPLAYED)
    }

    /// Whether nothing may be sent to replicas now (`CLIENT PAUSE WRITE`, a failover).
    pub(crate) fn writes_are_paused(self) -> bool {
        // SAFETY: the function takes no arguments; older servers do not have it.
        unsafe { raw::RedisModule_AvoidReplicaTraffic.is_some_and(|avoid| avoid() != 0) }
    }

    pub(crate) fn db(self) -> i32 {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_GetSelectedDb(self.raw)) }
    }

    /// Selects a database; `false` when the server has no database with this number.
    pub(crate) fn select(self, db: i32) -> bool {
        // SAFETY: the context is valid; the server checks the number.
        unsafe { api!(RedisModule_SelectDb(self.raw, db)) == raw::REDISMODULE_OK as c_int }
    }

    pub(crate) fn client_id(self) -> u64 {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_GetClientId(self.raw)) }
    }

    /// Runs a write command and replicates it. The server refuses it in the same cases as a command of a client: out of
    /// memory, a failed save, too few replicas, a slot of another node.
    pub(crate) fn write(self, command: &CStr, args: &[&[u8]]) -> Called {
        let texts: Vec<Text> = args.iter().map(|arg| Text::new(arg)).collect();
        let argv: Vec<_> = texts.iter().map(Text::as_ptr).collect();
        // SAFETY: format `v` takes a pointer to strings and their number; the strings are valid until after the call.
        // `!` replicates, `M` and `S` apply the memory and persistence limits, `E` returns errors as replies.
        unsafe {
            let reply =
                api!(RedisModule_Call(self.raw, command.as_ptr(), c"!MSEv".as_ptr(), argv.as_ptr(), argv.len()));
            if reply.is_null() {
                return Called::Refused;
            }
            let kind = api!(RedisModule_CallReplyType(reply));
            api!(RedisModule_FreeCallReply(reply));
            if kind == raw::REDISMODULE_REPLY_ERROR as c_int { Called::Refused } else { Called::Done }
        }
    }

    /// Unlinks keys, also when the server is out of memory, and returns how many existed. In a cluster each key is
    /// unlinked by a separate command, because the slots differ.
    pub(crate) fn unlink(self, keys: &[&[u8]]) -> u64 {
        if keys.len() > 1 && self.flags().any(Flags::CLUSTER) {
            return keys.iter().map(|key| self.unlink(&[key])).sum();
        }
        if keys.is_empty() {
            return 0;
        }
        let texts: Vec<Text> = keys.iter().map(|key| Text::new(key)).collect();
        let argv: Vec<_> = texts.iter().map(Text::as_ptr).collect();
        // SAFETY: as in `write`.
        unsafe {
            let reply =
                api!(RedisModule_Call(self.raw, c"UNLINK".as_ptr(), c"!Ev".as_ptr(), argv.as_ptr(), argv.len()));
            if reply.is_null() {
                return 0;
            }
            let removed = api!(RedisModule_CallReplyInteger(reply));
            api!(RedisModule_FreeCallReply(reply));
            // For an error the server returns the smallest integer.
            u64::try_from(removed).unwrap_or(0)
        }
    }

    /// Whether this node may write a key. In a cluster the node must own the key's slot; otherwise always true.
    pub(crate) fn owns(self, key: &[u8]) -> bool {
        if !self.flags().any(Flags::CLUSTER) {
            return true;
        }
        let name = Text::new(key);
        // SAFETY: format `s` takes a string, which is valid until after the call. Without `E` the reply is null when
        // the cluster refuses the key.
        unsafe {
            let reply = api!(RedisModule_Call(self.raw, c"EXISTS".as_ptr(), c"s".as_ptr(), name.as_ptr()));
            if !reply.is_null() {
                api!(RedisModule_FreeCallReply(reply));
            }
            !reply.is_null()
        }
    }

    /// Sends a command to the replicas and the append-only file without running it here.
    pub(crate) fn replicate(self, command: &CStr, args: &[&[u8]]) {
        let texts: Vec<Text> = args.iter().map(|arg| Text::new(arg)).collect();
        let argv: Vec<_> = texts.iter().map(Text::as_ptr).collect();
        // SAFETY: as in `write`; the server keeps its own references to the strings.
        let done = unsafe {
            api!(RedisModule_Replicate(self.raw, command.as_ptr(), c"v".as_ptr(), argv.as_ptr(), argv.len()))
        };
        if done != raw::REDISMODULE_OK as c_int {
            self.log_warning("a change could not be replicated: the server refused the command");
        }
    }

    /// Replicates the command of this context unchanged.
    pub(crate) fn replicate_verbatim(self) {
        // SAFETY: the context is that of a command.
        unsafe { api!(RedisModule_ReplicateVerbatim(self.raw)) };
    }

    /// Reports a change of a key of the selected database to WATCH and client-side caching, and `event` to subscribers
    /// of keyspace events.
    pub(crate) fn key_changed(self, key: &[u8], event: &CStr) {
        let name = Text::new(key);
        // SAFETY: context and name are valid.
        unsafe {
            api!(RedisModule_SignalModifiedKey(self.raw, name.as_ptr()));
            api!(RedisModule_NotifyKeyspaceEvent(
                self.raw,
                raw::REDISMODULE_NOTIFY_MODULE,
                event.as_ptr(),
                name.as_ptr()
            ));
        }
    }

    /// Reports a change of a native value of the selected database to WATCH and client-side caching, and each event to
    /// subscribers of keyspace events.
    pub(crate) fn native_changed<'e>(self, key: &[u8], events: impl Iterator<Item = &'e CStr>) {
        let name = Text::new(key);
        // SAFETY: context, name and events are valid.
        unsafe {
            api!(RedisModule_SignalModifiedKey(self.raw, name.as_ptr()));
            for event in events {
                let class = raw::REDISMODULE_NOTIFY_MODULE;
                api!(RedisModule_NotifyKeyspaceEvent(self.raw, class, event.as_ptr(), name.as_ptr()));
            }
        }
    }

    /// Publishes the keyspace events of the server's own SET, because near caches and feeds subscribe to them.
    pub(crate) fn key_was_set(self, key: &[u8], expires: bool) {
        let name = Text::new(key);
        let events = [(raw::REDISMODULE_NOTIFY_STRING, c"set"), (raw::REDISMODULE_NOTIFY_GENERIC, c"expire")];
        for (class, event) in &events[..1 + usize::from(expires)] {
            // SAFETY: context and name are valid.
            unsafe {
                api!(RedisModule_NotifyKeyspaceEvent(self.raw, *class as c_int, event.as_ptr(), name.as_ptr()));
            }
        }
    }

    /// Numeric fields of a section of INFO; 0 for a field that does not exist.
    pub(crate) fn server_info<const N: usize>(self, section: &CStr, fields: [&CStr; N]) -> [u64; N] {
        // SAFETY: context and names are valid; the data are freed after the last field is read.
        unsafe {
            let data = api!(RedisModule_GetServerInfo(self.raw, section.as_ptr()));
            let values = fields.map(|field| {
                let text = api!(RedisModule_ServerInfoGetFieldC(data, field.as_ptr()));
                if text.is_null() { 0 } else { leading_number(CStr::from_ptr(text).to_bytes()) }
            });
            api!(RedisModule_FreeServerInfo(self.raw, data));
            values
        }
    }

    /// One field of a section of INFO as text.
    pub(crate) fn server_info_text(self, section: &CStr, field: &CStr) -> Option<String> {
        // SAFETY: as in `server_info`.
        unsafe {
            let data = api!(RedisModule_GetServerInfo(self.raw, section.as_ptr()));
            let text = api!(RedisModule_ServerInfoGetFieldC(data, field.as_ptr()));
            let text = (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned());
            api!(RedisModule_FreeServerInfo(self.raw, data));
            text
        }
    }

    /// A parameter of the server's configuration.
    pub(crate) fn configured(self, name: &CStr) -> Option<Vec<u8>> {
        // SAFETY: format `cc` takes two C strings. Parts of a reply are valid as long as the reply, which is freed
        // here.
        unsafe {
            let reply =
                api!(RedisModule_Call(self.raw, c"CONFIG".as_ptr(), c"cc".as_ptr(), c"GET".as_ptr(), name.as_ptr()));
            if reply.is_null() {
                return None;
            }
            let value = api!(RedisModule_CallReplyArrayElement(reply, 1));
            let mut len = 0;
            let text = if value.is_null() {
                std::ptr::null()
            } else {
                api!(RedisModule_CallReplyStringPtr(value, &raw mut len))
            };
            let found = (!text.is_null()).then(|| std::slice::from_raw_parts(text.cast::<u8>(), len).to_vec());
            api!(RedisModule_FreeCallReply(reply));
            found
        }
    }

    /// Gives the latency monitor of the server the time of an event, in milliseconds. Main thread.
    pub(crate) fn add_latency(self, event: &CStr, ms: u64) {
        // The server compares with the threshold, but not with 0, which turns the monitor off.
        if self.configured(c"latency-monitor-threshold").is_none_or(|threshold| threshold == b"0") {
            return;
        }
        // SAFETY: the server copies the name.
        unsafe { api!(RedisModule_LatencyAddSample(event.as_ptr(), ms as i64)) };
    }

    /// Ends the server when it loads an append-only file that a later release wrote: the server itself ignores the error of
    /// a command there, and would start with keys missing. With an unknown command, too, it does not start.
    pub(crate) fn refuse_file_of_later_release(self, failure: &Failure) {
        if self.is_loading() && failure.is_of_later_release() {
            self.log_warning(&format!(
                "the append-only file holds what redis-assess {} cannot read ({failure}): a later release wrote it. Load that \
                 release, or restore a backup from before the upgrade. The server ends, so that nothing is lost",
                env!("CARGO_PKG_VERSION")
            ));
            std::process::exit(1);
        }
    }

    pub(crate) fn log_warning(self, message: &str) {
        log(self.raw, c"warning", message);
    }

    /// Creates the detached context, for `log` and timers.
    pub(crate) fn keep_detached(self) {
        // SAFETY: the new context is valid while the module is loaded, and a module with native types is never
        // unloaded.
        DETACHED.store(unsafe { api!(RedisModule_GetDetachedThreadSafeContext(self.raw)) }, Ordering::Release);
    }
}

/// The detached context: for logging on any thread, for timers on the main thread.
pub(super) fn detached() -> *mut raw::RedisModuleCtx {
    DETACHED.load(Ordering::Acquire)
}

/// Reports changes of keys of a database to WATCH and client-side caching. Main thread.
pub(crate) fn signal_modified(db: i32, names: &[Box<[u8]>]) {
    with_detached(|ctx| {
        // No other code depends on the selected database of the detached context.
        if !ctx.select(db) {
            return;
        }
        for name in names {
            let name = Text::new(name);
            // SAFETY: context and name are valid.
            unsafe { api!(RedisModule_SignalModifiedKey(ctx.raw, name.as_ptr())) };
        }
    });
}

/// Runs `job` with the detached context: for a place without a context of its own. What it replicates is sent when the
/// server's present callback or command ends. Main thread.
pub(crate) fn with_detached<T>(job: impl FnOnce(Ctx<'_>) -> T) -> T {
    // SAFETY: the detached context is valid while the module is loaded, and this is the main thread.
    job(unsafe { Ctx::new(detached()) })
}

/// Whether the server is loading its data set. Main thread.
pub(crate) fn is_loading() -> bool {
    with_detached(|ctx| ctx.is_loading())
}

/// Logs a message of level "notice". Any thread.
pub(crate) fn note(message: &str) {
    log(detached(), c"notice", message);
}

/// Logs a message of level "warning", for a condition that an operator should check. Any thread.
pub(crate) fn warn(message: &str) {
    log(detached(), c"warning", message);
}

fn log(ctx: *mut raw::RedisModuleCtx, level: &CStr, message: &str) {
    // Names of keys and files may contain control characters. A message must stay on one line.
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = CString::new(line).unwrap_or_default();
    // SAFETY: the function accepts a null context; the format takes one string. In unit tests there is no server.
    unsafe {
        if let Some(log) = raw::RedisModule_Log {
            log(ctx, level.as_ptr(), c"%s".as_ptr(), text.as_ptr().cast::<c_char>());
        }
    }
}

fn leading_number(text: &[u8]) -> u64 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |number: u64, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
}
