//! Finding the accounts in a package.

use super::super::names::{Role, part_of, role};
use crate::io::formats::members::{is_metadata, listed};

/// The files of one account.
#[derive(Debug, Clone)]
pub(in super::super) struct Files {
    /// Its folder, relative to that of the table or to the parent folder.
    pub(super) name: String,
    pub(super) f: Option<Role>,
    pub(super) s: Option<Role>,
    pub(super) units: Option<Role>,
}

/// The name of an account in the folder of the table.
const DEFAULT_NAME: &str = "extension";

impl Files {
    /// The accounts of the table in `folder`: in this folder, in its subfolders, and in its sibling folders.
    /// `satellite` comes first; the others are sorted by name.
    pub(in super::super) fn find(names: &[String], folder: &str) -> Vec<Self> {
        let mut accounts: Vec<Self> = folders(names, folder)
            .into_iter()
            .map(|account| {
                let role = |what| role(names, account, what);
                let units = role("unit").filter(|_| account != folder);
                Self { name: name(account, folder), f: role("F"), s: role("S"), units }
            })
            .filter(|files| files.f.is_some() || files.s.is_some())
            .collect();
        accounts.sort_by_key(|files| (files.name != "satellite", files.name.clone()));
        accounts
    }
}

/// The folder that holds the folder of the table: its subfolders may be accounts.
fn parent(folder: &str) -> &str {
    let inner = folder.trim_end_matches('/');
    &folder[..inner.rfind('/').map_or(0, |slash| slash + 1)]
}

/// The folders that may hold accounts, each with its last slash.
fn folders<'n>(names: &'n [String], folder: &str) -> Vec<&'n str> {
    let inside = |name: &&'n String| name.starts_with(parent(folder)) && !is_metadata(name);
    let mut folders: Vec<&str> = names.iter().filter(inside).map(|name| part_of(name).0).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn name(account: &str, folder: &str) -> String {
    match account.strip_prefix(folder).or_else(|| account.strip_prefix(parent(folder))) {
        None | Some("") => DEFAULT_NAME.to_owned(),
        Some(name) => name.trim_end_matches('/').to_owned(),
    }
}

/// A warning that names files that look like those of an account, in folders from which no file is read.
pub(in super::super) fn unread(names: &[String], folder: &str) -> Option<String> {
    let is_account = |name: &str| {
        let stem = part_of(name).1.split('.').next().unwrap_or_default().to_ascii_lowercase();
        ["f", "s", "m", "f_y", "s_y"].contains(&&*stem) || stem.starts_with("d_")
    };
    let is_read = |account: &str| role(names, account, "F").or_else(|| role(names, account, "S")).is_some();
    let unread_folders: Vec<&str> = folders(names, folder).into_iter().filter(|account| !is_read(account)).collect();
    let mut files: Vec<&str> = names
        .iter()
        .map(|name| &**name)
        .filter(|name| unread_folders.contains(&part_of(name).0) && is_account(name))
        .collect();
    files.sort_unstable();
    let what = "an account is read from F.txt or S.txt (or .csv, .tsv)";
    (!files.is_empty()).then(|| format!("files that were not read: {}; {what}", listed(files.into_iter())))
}
