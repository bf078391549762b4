//! Safe wrappers for the parts of the module API that this module uses: with `types`, the only place with `unsafe`.
//!
//! Three invariants carry the SAFETY comments of this folder:
//!
//! 1. **Function pointers.** Every `RedisModule_*` pointer is filled in by the server before `init` runs and never
//!    changes again; `require_api` refuses to load where one that is used unconditionally is missing.
//! 2. **Main thread.** A [`Ctx`] exists only inside a callback of the server on its main thread and is neither `Send`
//!    nor `'static`, so whatever takes one runs there. What other threads may do is named in `event_loop` and
//!    `blocked`.
//! 3. **Borrowed bytes.** Bytes behind a `RedisModuleString` live as long as the command's argument vector, or as
//!    their owner [`string::Text`]; bytes of a key's value live as long as its open [`key::Key`], provided no command
//!    is called in between.

/// Calls a function of the module API; to be used inside `unsafe`.
macro_rules! api {
    ($name:ident ( $($arg:expr),* $(,)? )) => {
        (::redis_module::raw::$name.expect("checked by require_api"))($($arg),*)
    };
}

pub(crate) mod allocator;
pub(crate) mod blocked;
pub(crate) mod command_info;
pub(crate) mod config;
pub(crate) mod ctx;
pub(crate) mod entry;
pub(crate) mod event_loop;
pub(crate) mod events;
pub(crate) mod info;
pub(crate) mod io;
pub(crate) mod key;
pub(crate) mod send;
pub(crate) mod string;
pub(crate) mod thread;
pub(crate) mod user;

use redis_module::raw;

/// Fails with the name of the first function of the module API that this server lacks.
pub(crate) fn require_api() -> Result<(), &'static str> {
    macro_rules! require {
        ($($name:ident),* $(,)?) => {
            // SAFETY: invariant 1; reading a pointer that is written once, before this.
            $( if (unsafe { raw::$name }).is_none() { return Err(stringify!($name)); } )*
        };
    }
    require!(
        RedisModule_Alloc,
        RedisModule_CreateDataType,
        RedisModule_DigestEndSequence,
        RedisModule_FreeServerInfo,
        RedisModule_GetClientId,
        RedisModule_GetToDbIdFromOptCtx,
        RedisModule_GetToKeyNameFromOptCtx,
        RedisModule_InfoAddFieldULongLong,
        RedisModule_InfoAddSection,
        RedisModule_Log,
        RedisModule_ReplicateVerbatim,
        RedisModule_ReplyWithArray,
        RedisModule_ReplyWithDouble,
        RedisModule_ReplyWithError,
        RedisModule_ReplyWithLongLong,
        RedisModule_ReplyWithNull,
        RedisModule_ReplyWithSimpleString,
        RedisModule_ReplyWithStringBuffer,
        RedisModule_Calloc,
        RedisModule_Realloc,
        RedisModule_Free,
        RedisModule_BlockClient,
        RedisModule_UnblockClient,
        RedisModule_SetDisconnectCallback,
        RedisModule_GetBlockedClientPrivateData,
        RedisModule_BlockedClientMeasureTimeStart,
        RedisModule_BlockedClientMeasureTimeEnd,
        RedisModule_Call,
        RedisModule_CallReplyType,
        RedisModule_CloseKey,
        RedisModule_CreateCommand,
        RedisModule_CreateString,
        RedisModule_CreateTimer,
        RedisModule_DeleteKey,
        RedisModule_DigestAddStringBuffer,
        RedisModule_EmitAOF,
        RedisModule_EventLoopAddOneShot,
        RedisModule_FreeCallReply,
        RedisModule_FreeString,
        RedisModule_GetAbsExpire,
        RedisModule_GetCommand,
        RedisModule_GetContextFlags,
        RedisModule_GetDbIdFromIO,
        RedisModule_GetDbIdFromOptCtx,
        RedisModule_GetDetachedThreadSafeContext,
        RedisModule_GetKeyNameFromIO,
        RedisModule_GetKeyNameFromOptCtx,
        RedisModule_GetSelectedDb,
        RedisModule_GetServerInfo,
        RedisModule_HoldString,
        RedisModule_IsIOError,
        RedisModule_KeyType,
        RedisModule_LoadConfigs,
        RedisModule_LoadStringBuffer,
        RedisModule_LoadUnsigned,
        RedisModule_ModuleTypeGetType,
        RedisModule_ModuleTypeGetValue,
        RedisModule_ModuleTypeSetValue,
        RedisModule_NotifyKeyspaceEvent,
        RedisModule_OpenKey,
        RedisModule_RegisterBoolConfig,
        RedisModule_RegisterInfoFunc,
        RedisModule_RegisterNumericConfig,
        RedisModule_RegisterStringConfig,
        RedisModule_Replicate,
        RedisModule_ReplyWithMap,
        RedisModule_SaveStringBuffer,
        RedisModule_SaveUnsigned,
        RedisModule_SelectDb,
        RedisModule_ServerInfoGetFieldC,
        RedisModule_SetAbsExpire,
        RedisModule_SetCommandInfo,
        RedisModule_SetModuleOptions,
        RedisModule_SignalModifiedKey,
        RedisModule_StringDMA,
        RedisModule_StringPtrLen,
        RedisModule_SubscribeToKeyspaceEvents,
        RedisModule_SubscribeToServerEvent,
    );
    Ok(())
}

/// Registers everything with the server.
pub(crate) fn start(ctx: &redis_module::Context, args: &[redis_module::RedisString]) -> Result<(), String> {
    require_api().map_err(|name| format!("the server lacks {name}: Redis 7.0 or Valkey 8.0 is needed"))?;
    if !args.is_empty() {
        return Err("unknown load arguments: parameters are set as assess.NAME in the configuration file".into());
    }
    // SAFETY: the context of loading, on the main thread.
    let raw = unsafe { ctx::Ctx::new(ctx.ctx) };
    raw.keep_detached();
    // SAFETY: the context is valid. Without this option a damaged payload of RESTORE would end the server.
    unsafe {
        api!(RedisModule_SetModuleOptions(raw.as_ptr(), raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS as i32));
    }
    crate::types::model::register(raw)?;
    crate::commands::register(ctx)?;
    events::subscribe(raw)?;
    info::register(raw)?;
    config::register(raw)
}
