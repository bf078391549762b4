//! Registers commands from the table, with the data that `COMMAND DOCS`, `COMMAND INFO` and ACLs use.
//!
//! The registration of the `redis-module` crate requires a function of Redis 7.2. Here every function that is newer
//! than 7.0 is optional.

use std::ffi::{CString, c_char, c_int};
use std::fmt;
use std::ptr;

use redis_module::{Context, raw};

use crate::spec::{ACL_CATEGORY, Arg, ArgKind, Command, Find, KeyFlags, KeySpec};

/// The function that the server calls when a client sends the command.
pub(crate) type Handler =
    unsafe extern "C" fn(*mut raw::RedisModuleCtx, *mut *mut raw::RedisModuleString, c_int) -> c_int;

/// Why a command could not be registered. The module is not loaded then.
#[derive(Debug)]
pub(crate) enum RegisterError {
    /// Another module, or the server, owns the name. The tests of the table exclude every other reason.
    NameTaken(&'static str),
    /// The server refused the description; its log states which part.
    InfoRefused(&'static str),
    /// The server refused categories that exist.
    CategoriesRefused(&'static str),
    /// The server is older than 7.0.
    ServerTooOld,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(name) => {
                write!(f, "cannot register {name}: another module, or the server itself, owns this name")
            }
            Self::InfoRefused(name) => write!(f, "the server refused the description of {name}, see the line above"),
            Self::CategoriesRefused(name) => write!(f, "the server refused the ACL categories of {name}"),
            Self::ServerTooOld => write!(f, "the server is too old: Redis 7.0 or Valkey 8.0 is needed"),
        }
    }
}

impl std::error::Error for RegisterError {}

/// Whether the server has the category `@assess`. If a command has an unknown category, the server refuses all
/// categories of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnCategory {
    Known,
    Unknown,
}

/// Adds `@assess` to the server's ACL categories. Called once, before the first command is registered.
///
/// Servers before 7.4 cannot add categories. This is logged; operators then list the commands in ACLs (`+model.info`).
pub(crate) fn add_acl_category(ctx: &Context) -> OwnCategory {
    // SAFETY: the server fills the function pointers before it calls `RedisModule_OnLoad` and never changes them.
    let Some(add) = (unsafe { raw::RedisModule_AddACLCategory }) else {
        ctx.log_notice("this server cannot add ACL categories: @assess is left out");
        return OwnCategory::Unknown;
    };
    let name = c_string(ACL_CATEGORY);
    // SAFETY: a `Context` holds a valid pointer while it is borrowed; the name is copied.
    if unsafe { add(ctx.ctx, name.as_ptr()) } == OK {
        OwnCategory::Known
    } else {
        ctx.log_warning("cannot add the ACL category @assess: it is left out");
        OwnCategory::Unknown
    }
}

/// Registers `command` with its `handler`. The server allows this only while the module is being loaded.
pub(crate) fn register(
    ctx: &Context,
    command: &'static Command,
    handler: Handler,
    own_category: OwnCategory,
) -> Result<(), RegisterError> {
    // SAFETY: the server fills the function pointers before it calls `RedisModule_OnLoad` and never changes them.
    let (create, get, set_info, set_categories) = unsafe {
        (
            raw::RedisModule_CreateCommand.ok_or(RegisterError::ServerTooOld)?,
            raw::RedisModule_GetCommand.ok_or(RegisterError::ServerTooOld)?,
            raw::RedisModule_SetCommandInfo.ok_or(RegisterError::ServerTooOld)?,
            raw::RedisModule_SetCommandACLCategories,
        )
    };
    // Lower case, like the server's own commands: `COMMAND LIST` and the metrics show the registered name.
    let name = c_string(&command.name.to_ascii_lowercase());
    let flags = c_string(command.flags);
    let (first, last, step) = command.key_range();

    // SAFETY: a `Context` holds a valid pointer while it is borrowed; strings end in NUL and are copied.
    if unsafe { create(ctx.ctx, name.as_ptr(), Some(handler), flags.as_ptr(), first, last, step) } != OK {
        return Err(RegisterError::NameTaken(command.name));
    }
    // SAFETY: as above. The server owns the result, which is valid as long as the module is loaded.
    let registered = unsafe { get(ctx.ctx, name.as_ptr()) };
    if registered.is_null() {
        return Err(RegisterError::NameTaken(command.name));
    }

    let mut arena = Arena::default();
    let info = arena.info(command);
    // SAFETY: `registered` was checked. `arena` owns all data that `info` points to and outlives the call. The server
    // copies the data (`moduleCopyCommandArgs` and `zstrdup` in its module.c).
    if unsafe { set_info(registered, &info) } != OK {
        return Err(RegisterError::InfoRefused(command.name));
    }

    if let Some(set_categories) = set_categories {
        let categories = c_string(&categories(command, own_category));
        // SAFETY: `registered` was checked; the string ends in NUL and is only read.
        if unsafe { set_categories(registered, categories.as_ptr()) } != OK {
            return Err(RegisterError::CategoriesRefused(command.name));
        }
    }
    Ok(())
}

const OK: c_int = raw::REDISMODULE_OK as c_int;

/// The categories of the command that this server knows.
fn categories(command: &Command, own_category: OwnCategory) -> String {
    let known = |category: &&str| own_category == OwnCategory::Known || *category != ACL_CATEGORY;
    command.acl.split(' ').filter(known).collect::<Vec<_>>().join(" ")
}

/// The texts of the table contain no NUL (a test checks it). A text with a NUL would be truncated.
fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// The sizes of the array elements. The server uses them to iterate, so it may be built with another version of the
/// header.
static INFO_VERSION: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
    version: 1,
    sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
    sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
    sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
};

// The table defines the bits itself, so that it does not depend on the server. They must equal the server's bits.
const _: () = {
    assert!(KeyFlags::RO.bits() == raw::REDISMODULE_CMD_KEY_RO as u64);
    assert!(KeyFlags::RW.bits() == raw::REDISMODULE_CMD_KEY_RW as u64);
    assert!(KeyFlags::OW.bits() == raw::REDISMODULE_CMD_KEY_OW as u64);
    assert!(KeyFlags::RM.bits() == raw::REDISMODULE_CMD_KEY_RM as u64);
    assert!(KeyFlags::ACCESS.bits() == raw::REDISMODULE_CMD_KEY_ACCESS as u64);
    assert!(KeyFlags::UPDATE.bits() == raw::REDISMODULE_CMD_KEY_UPDATE as u64);
    assert!(KeyFlags::INSERT.bits() == raw::REDISMODULE_CMD_KEY_INSERT as u64);
    assert!(KeyFlags::DELETE.bits() == raw::REDISMODULE_CMD_KEY_DELETE as u64);
    assert!(KeyFlags::INCOMPLETE.bits() == raw::REDISMODULE_CMD_KEY_INCOMPLETE as u64);
};

/// Owns the data that the structures point to. The data do not move while the arena grows: only the headers of the
/// inner vectors move.
#[derive(Default)]
struct Arena {
    strings: Vec<CString>,
    args: Vec<Vec<raw::RedisModuleCommandArg>>,
    key_specs: Vec<raw::RedisModuleCommandKeySpec>,
}

impl Arena {
    /// The description of `command`, valid as long as the arena.
    fn info(&mut self, command: &Command) -> raw::RedisModuleCommandInfo {
        // The server recognises the terminator by its search type INVALID (0).
        self.key_specs = command.keys.iter().map(key_spec).chain([NO_KEY_SPEC]).collect();
        raw::RedisModuleCommandInfo {
            version: &INFO_VERSION,
            summary: self.text(command.summary),
            complexity: self.text(command.complexity),
            since: self.text(command.since),
            history: ptr::null_mut(),
            // The server would read an empty text as one empty tip.
            tips: self.optional_text((!command.tips.is_empty()).then(|| command.tips.join(" ")).as_deref()),
            arity: command.arity,
            key_specs: self.key_specs.as_mut_ptr(),
            args: self.args(command.args),
        }
    }

    fn text(&mut self, text: &str) -> *const c_char {
        let string = c_string(text);
        let start = string.as_ptr();
        self.strings.push(string);
        start
    }

    fn optional_text(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(ptr::null(), |text| self.text(text))
    }

    /// An array of the server's structures, terminated by an element without a name; null when there are no arguments.
    fn args(&mut self, args: &[Arg]) -> *mut raw::RedisModuleCommandArg {
        if args.is_empty() {
            return ptr::null_mut();
        }
        let mut array: Vec<_> = args.iter().map(|arg| self.arg(arg)).collect();
        array.push(NO_ARG);
        let start = array.as_mut_ptr();
        self.args.push(array);
        start
    }

    fn arg(&mut self, arg: &Arg) -> raw::RedisModuleCommandArg {
        let (type_, key_spec_index) = arg_type(arg.kind);
        raw::RedisModuleCommandArg {
            name: self.text(arg.name),
            type_,
            key_spec_index,
            token: self.optional_text(arg.token),
            summary: self.optional_text(arg.summary),
            since: ptr::null(),
            flags: arg_flags(arg),
            deprecated_since: ptr::null(),
            subargs: self.args(arg.args),
            display_text: ptr::null(),
        }
    }
}

const NO_ARG: raw::RedisModuleCommandArg = raw::RedisModuleCommandArg {
    name: ptr::null(),
    type_: 0,
    key_spec_index: NO_KEY,
    token: ptr::null(),
    summary: ptr::null(),
    since: ptr::null(),
    flags: 0,
    deprecated_since: ptr::null(),
    subargs: ptr::null_mut(),
    display_text: ptr::null(),
};

const NO_KEY: c_int = -1;

fn arg_type(kind: ArgKind) -> (raw::RedisModuleCommandArgType, c_int) {
    match kind {
        ArgKind::String => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, NO_KEY),
        ArgKind::Integer => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, NO_KEY),
        ArgKind::Double => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_DOUBLE, NO_KEY),
        // The server refuses a wrong index and logs the place, so an index that does not fit is replaced by "no key".
        ArgKind::Key(index) => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, c_int::try_from(index).unwrap_or(NO_KEY))
        }
        ArgKind::Pattern => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PATTERN, NO_KEY),
        ArgKind::UnixTime => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME, NO_KEY),
        ArgKind::PureToken => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, NO_KEY),
        ArgKind::OneOf => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF, NO_KEY),
        ArgKind::Block => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, NO_KEY),
    }
}

fn arg_flags(arg: &Arg) -> c_int {
    let flags = [
        (arg.optional, raw::REDISMODULE_CMD_ARG_OPTIONAL),
        (arg.multiple, raw::REDISMODULE_CMD_ARG_MULTIPLE),
        (arg.multiple_token, raw::REDISMODULE_CMD_ARG_MULTIPLE_TOKEN),
    ];
    flags.into_iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag as c_int)
}

fn key_spec(key: &KeySpec) -> raw::RedisModuleCommandKeySpec {
    let (find_keys_type, fk) = match key.find {
        Find::Range { last, step } => (
            raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE,
            raw::RedisModuleCommandKeySpec__bindgen_ty_2 { range: range(last, step) },
        ),
        // Both indices are relative to the begin of the search: the count is there, and the first key follows it.
        Find::Count { step } => (
            raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_KEYNUM,
            raw::RedisModuleCommandKeySpec__bindgen_ty_2 {
                keynum: raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_2 {
                    keynumidx: 0,
                    firstkey: 1,
                    keystep: step,
                },
            },
        ),
    };
    raw::RedisModuleCommandKeySpec {
        notes: ptr::null(),
        flags: key.flags.bits(),
        begin_search_type: raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX,
        bs: raw::RedisModuleCommandKeySpec__bindgen_ty_1 {
            index: raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: key.begin },
        },
        find_keys_type,
        fk,
    }
}

const fn range(lastkey: c_int, keystep: c_int) -> raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 {
    raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey, keystep, limit: 0 }
}

const NO_KEY_SPEC: raw::RedisModuleCommandKeySpec = raw::RedisModuleCommandKeySpec {
    notes: ptr::null(),
    flags: 0,
    begin_search_type: raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INVALID,
    bs: raw::RedisModuleCommandKeySpec__bindgen_ty_1 {
        index: raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: 0 },
    },
    find_keys_type: raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_OMITTED,
    fk: raw::RedisModuleCommandKeySpec__bindgen_ty_2 { range: range(0, 0) },
};

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::spec::{COMMANDS, assess, model};

    #[test]
    fn own_category_is_left_out_where_the_server_does_not_know_it() {
        assert_eq!(categories(&model::COEF, OwnCategory::Known), "assess read fast");
        assert_eq!(categories(&model::COEF, OwnCategory::Unknown), "read fast");
    }

    /// Follows the pointers as the server does, up to the element without a name.
    fn assert_same(given: *const raw::RedisModuleCommandArg, table: &[Arg]) {
        if table.is_empty() {
            assert!(given.is_null());
            return;
        }
        // SAFETY: the caller keeps the arena, and the array has one element more than the table.
        let given = unsafe { std::slice::from_raw_parts(given, table.len() + 1) };
        for (given, arg) in given.iter().zip(table) {
            // SAFETY: the caller keeps the arena, and every element but the last has a name.
            assert_eq!(unsafe { CStr::from_ptr(given.name) }.to_str(), Ok(arg.name));
            assert_eq!(given.token.is_null(), arg.token.is_none());
            assert_eq!(given.flags & 1 != 0, arg.optional);
            let key = if let ArgKind::Key(index) = arg.kind { index as c_int } else { -1 };
            assert_eq!(given.key_spec_index, key);
            assert_same(given.subargs, arg.args);
        }
        assert!(given[table.len()].name.is_null());
    }

    #[test]
    fn structures_equal_the_table_and_have_the_terminators_of_the_server() {
        for command in COMMANDS {
            let mut arena = Arena::default();
            let info = arena.info(command);
            assert_same(info.args, command.args);
            assert_eq!(info.arity, command.arity);
            assert_eq!(info.tips.is_null(), command.tips.is_empty());
            let end = arena.key_specs.last().expect("a terminator");
            assert_eq!(end.begin_search_type, raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INVALID);
            assert_eq!(arena.key_specs.len(), command.keys.len() + 1);
        }
    }

    #[test]
    fn errors_name_the_command_and_are_ascii() {
        for error in [
            RegisterError::NameTaken(model::LOAD.name),
            RegisterError::InfoRefused(assess::GET.name),
            RegisterError::CategoriesRefused(assess::GET.name),
        ] {
            let text = error.to_string();
            assert!(text.is_ascii() && (text.contains("MODEL.LOAD") || text.contains("ASSESS.GET")), "{text}");
        }
    }
}
