//! Configuration parameters of the server: `CONFIG GET/SET assess.*`, redis.conf, `MODULE LOADEX`.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int, c_longlong, c_uint, c_void};
use std::ptr;

use redis_module::raw;

use super::ctx::Ctx;
use super::string::{self, Text};
use crate::ffi::guard;
use crate::settings;
use crate::spec::configuration::{Kind, PARAMETERS, Parameter};

/// Registers every parameter of the table and loads the values of the configuration file.
pub(crate) fn register(ctx: Ctx<'_>) -> Result<(), String> {
    settings::reset();
    for (index, parameter) in PARAMETERS.iter().enumerate() {
        if register_one(ctx, index, parameter) != raw::REDISMODULE_OK as c_int {
            return Err(format!("cannot register the parameter assess.{}", parameter.name));
        }
    }
    // SAFETY: `ctx` is the context of loading.
    if unsafe { api!(RedisModule_LoadConfigs(ctx.as_ptr())) } != raw::REDISMODULE_OK as c_int {
        return Err("a value of an assess.* parameter was refused".into());
    }
    Ok(())
}

fn register_one(ctx: Ctx<'_>, index: usize, parameter: &Parameter) -> c_int {
    let name = CString::new(parameter.name).unwrap_or_default();
    let data = index as *mut c_void;
    let mut flags = raw::REDISMODULE_CONFIG_DEFAULT as c_uint;
    if parameter.protected {
        flags |= raw::REDISMODULE_CONFIG_PROTECTED as c_uint;
    }
    // SAFETY: `ctx` is the context of loading; names are copied; `data` is a number and never dereferenced.
    unsafe {
        match parameter.kind {
            Kind::Number { min, max, default, memory } => {
                if memory {
                    flags |= raw::REDISMODULE_CONFIG_MEMORY as c_uint;
                }
                api!(RedisModule_RegisterNumericConfig(
                    ctx.as_ptr(),
                    name.as_ptr(),
                    default,
                    flags,
                    min,
                    max,
                    Some(get_number),
                    Some(set_number),
                    None,
                    data,
                ))
            }
            Kind::Bool { default } => api!(RedisModule_RegisterBoolConfig(
                ctx.as_ptr(),
                name.as_ptr(),
                c_int::from(default),
                flags,
                Some(get_bool),
                Some(set_bool),
                None,
                data,
            )),
            Kind::Text { default } => {
                let default = CString::new(default).unwrap_or_default();
                api!(RedisModule_RegisterStringConfig(
                    ctx.as_ptr(),
                    name.as_ptr(),
                    default.as_ptr(),
                    flags,
                    Some(get_text),
                    Some(set_text),
                    None,
                    data,
                ))
            }
        }
    }
}

extern "C" fn get_number(_: *const c_char, data: *mut c_void) -> c_longlong {
    settings::number(data as usize)
}

extern "C" fn set_number(
    _: *const c_char,
    value: c_longlong,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    settings::set_number(data as usize, value);
    raw::REDISMODULE_OK as c_int
}

extern "C" fn get_bool(_: *const c_char, data: *mut c_void) -> c_int {
    c_int::from(settings::number(data as usize) != 0)
}

extern "C" fn set_bool(
    _: *const c_char,
    value: c_int,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    settings::set_number(data as usize, i64::from(value != 0));
    raw::REDISMODULE_OK as c_int
}

thread_local! {
    /// The server borrows the string that a getter returns, so it is kept until the next call.
    static SHOWN: RefCell<Option<Text>> = const { RefCell::new(None) };
}

extern "C" fn get_text(_: *const c_char, data: *mut c_void) -> *mut raw::RedisModuleString {
    guard::or("CONFIG GET", ptr::null_mut(), || {
        let text = Text::new(settings::text(data as usize).as_bytes());
        let raw = text.as_ptr();
        SHOWN.set(Some(text));
        raw
    })
}

extern "C" fn set_text(
    _: *const c_char,
    value: *mut raw::RedisModuleString,
    data: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    guard::or("CONFIG SET", raw::REDISMODULE_ERR as c_int, || {
        // SAFETY: the value is valid during the callback.
        match settings::set_text(data as usize, unsafe { string::bytes(value) }) {
            Ok(()) => raw::REDISMODULE_OK as c_int,
            Err(text) => {
                if !error.is_null() {
                    // SAFETY: the server provides the place for the text and frees the text.
                    unsafe { *error = Text::new(text.as_bytes()).into_raw() };
                }
                raw::REDISMODULE_ERR as c_int
            }
        }
    })
}
