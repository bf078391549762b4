//! `MODEL.FIND`: search in labels and descriptions.

use assess_engine::model::AnyModel;
use assess_engine::origin::{FindFilter, Place};

use super::elsewhere;
use super::options::Options;
use super::rules::{MOST, documents};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(super) struct Find;
