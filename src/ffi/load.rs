//! Checks and preparations when the server loads the module.

use redis_module::raw;

use super::ctx::Ctx;
use super::event_loop;

/// Fails with the name of the first required function of the module API that this server does not have.
#[expect(clippy::too_many_lines, reason = "a list, one name a line")]
fn require_api() -> Result<(), &'static str> {
    macro_rules! require {
        ($($name:ident),* $(,)?) => {
            // SAFETY: invariant 1: the pointer was written before, and does not change.
            $( if (unsafe { raw::$name }).is_none() { return Err(stringify!($name)); } )*
        };
    }
    require!(
        RedisModule_Alloc,
        RedisModule_CreateDataType,
        RedisModule_DigestEndSequence,
        RedisModule_FreeServerInfo,
        RedisModule_GetClientId,
        RedisModule_FreeClusterNodesList,
        RedisModule_GetClientInfoById,
        RedisModule_GetClusterNodeInfo,
        RedisModule_GetClusterNodesList,
        RedisModule_GetToDbIdFromOptCtx,
        RedisModule_GetToKeyNameFromOptCtx,
        RedisModule_InfoAddFieldCString,
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
        RedisModule_GetBlockedClientHandle,
        RedisModule_BlockedClientMeasureTimeStart,
        RedisModule_BlockedClientMeasureTimeEnd,
        RedisModule_Call,
        RedisModule_CallReplyArrayElement,
        RedisModule_CallReplyInteger,
        RedisModule_CallReplyStringPtr,
        RedisModule_CallReplyType,
        RedisModule_CloseKey,
        RedisModule_CommandFilterArgGet,
        RedisModule_CommandFilterArgsCount,
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
        RedisModule_IsKeysPositionRequest,
        RedisModule_KeyAtPosWithFlags,
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
        RedisModule_RegisterClusterMessageReceiver,
        RedisModule_RegisterInfoFunc,
        RedisModule_RegisterNumericConfig,
        RedisModule_RegisterStringConfig,
        RedisModule_Replicate,
        RedisModule_ReplyWithMap,
        RedisModule_SaveStringBuffer,
        RedisModule_SaveUnsigned,
        RedisModule_Scan,
        RedisModule_ScanCursorCreate,
        RedisModule_ScanCursorDestroy,
        RedisModule_ScanCursorRestart,
        RedisModule_SelectDb,
        RedisModule_SendClusterMessage,
        RedisModule_ServerInfoGetFieldC,
        RedisModule_SetAbsExpire,
        RedisModule_SetCommandInfo,
        RedisModule_SetModuleOptions,
        RedisModule_SignalModifiedKey,
        RedisModule_StringDMA,
        RedisModule_StringPtrLen,
        RedisModule_SubscribeToKeyspaceEvents,
        RedisModule_RegisterCommandFilter,
        RedisModule_SubscribeToServerEvent,
        RedisModule_ValueLength,
    );
    Ok(())
}

/// Checks that the server has the functions that the module needs, creates the detached context, and returns the
/// context for all registrations.
pub(crate) fn begin(ctx: &redis_module::Context) -> Result<Ctx<'_>, String> {
    require_api().map_err(|name| format!("the server lacks {name}: Redis 7.0 or Valkey 8.0 is needed"))?;
    // SAFETY: the context of loading, on the main thread.
    let ctx = unsafe { Ctx::new(ctx.ctx) };
    ctx.keep_detached();
    // SAFETY: the context is valid. Without this option a damaged payload of RESTORE would terminate the server.
    unsafe {
        api!(RedisModule_SetModuleOptions(ctx.as_ptr(), raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS as i32));
    }
    // Every reply to a blocked client is sent in a turn. Without turns, blocked clients would receive no reply.
    if !event_loop::reports_turns() {
        return Err("the server does not report the turns of its event loop".into());
    }
    Ok(ctx)
}
