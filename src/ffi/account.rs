//! Accounts: what each user of the server holds of the module at the same time. A user that fills a shared place (threads, queues,
//! memory) must not shut the others out.
//!
//! Accounts are per user, not per connection. A connection waits for one command at a time, so a client that wants more
//! opens more connections; and a load continues when its connection has ended. The work of the module itself, and of
//! scripts, has an account without limits.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use redis_module::raw;

use super::ctx::{self, Ctx};
use super::string;
use crate::error::{Code, Failure, Outcome};
use crate::settings;

/// The account of a user.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// 0: the module itself.
    id: u64,
    waits: AtomicU64,
    bytes: AtomicU64,
}

static MODULE: LazyLock<Arc<Account>> = LazyLock::new(Arc::default);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// So many accounts are kept before those of users who hold nothing are removed.
const KEPT: usize = 256;

#[derive(Default)]
struct Accounts {
    last: u64,
    by_name: HashMap<Box<[u8]>, Arc<Account>>,
}

thread_local! {
    /// Main thread.
    static ACCOUNTS: RefCell<Accounts> = RefCell::default();
    /// The client whose command runs; 0: none.
    static CLIENT: Cell<u64> = const { Cell::new(0) };
    /// The account of earlier work that the main thread continues.
    static CONTINUED: RefCell<Option<Arc<Account>>> = const { RefCell::new(None) };
}

/// Runs the command of a client. The user is looked up when the command needs the account.
pub(super) fn in_command<T>(client: u64, work: impl FnOnce() -> T) -> T {
    struct Before(u64);
    impl Drop for Before {
        fn drop(&mut self) {
            CLIENT.set(self.0);
        }
    }
    let _before = Before(CLIENT.replace(client));
    work()
}

/// Continues work for a user on the main thread: what it starts counts for that user.
pub(crate) fn continued<T>(account: &Arc<Account>, work: impl FnOnce() -> T) -> T {
    struct Before(Option<Arc<Account>>);
    impl Drop for Before {
        fn drop(&mut self) {
            CONTINUED.set(self.0.take());
        }
    }
    let _before = Before(CONTINUED.replace(Some(Arc::clone(account))));
    work()
}

/// The account for which this thread works now.
pub(crate) fn acting() -> Arc<Account> {
    let continued = CONTINUED.with_borrow(Clone::clone);
    continued.unwrap_or_else(|| match CLIENT.get() {
        0 => module(),
        client => of_client(client),
    })
}

/// The account of the module itself.
pub(crate) fn module() -> Arc<Account> {
    Arc::clone(&MODULE)
}

/// The account of the user of a client; that of the module when the server cannot report the user. Main thread.
pub(crate) fn of_client(client: u64) -> Arc<Account> {
    // SAFETY: the detached context is valid, and this is the main thread. The function is checked for null; it returns
    // null for an unknown id, else a string that is freed here.
    unsafe {
        let Some(name_of) = raw::RedisModule_GetClientUserNameById else { return module() };
        let ctx = Ctx::new(ctx::detached());
        let name = name_of(ctx.as_ptr(), client);
        if name.is_null() {
            return module();
        }
        let account = named(string::bytes(name));
        api!(RedisModule_FreeString(ctx.as_ptr(), name));
        account
    }
}

fn named(user: &[u8]) -> Arc<Account> {
    ACCOUNTS.with_borrow_mut(|accounts| {
        if let Some(account) = accounts.by_name.get(user) {
            return Arc::clone(account);
        }
        if accounts.by_name.len() >= KEPT {
            accounts.by_name.retain(|_, account| Arc::strong_count(account) > 1);
        }
        accounts.last += 1;
        let account = Arc::new(Account { id: accounts.last, ..Account::default() });
        accounts.by_name.insert(user.into(), Arc::clone(&account));
        account
    })
}

impl Account {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The limit that does not permit one more command with so many bytes.
    fn limit_reached(&self, bytes: usize) -> Option<&'static str> {
        if self.id == 0 {
            return None;
        }
        let (waits, held) = (self.waits.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        if waits >= settings::max_waits_per_user() {
            return Some(
                "this user has as many commands in progress as assess.max-waits-per-user permits: send it again when one \
                 has ended",
            );
        }
        if bytes > 0 && held > 0 && held.saturating_add(bytes as u64) > settings::max_uploads_per_user() {
            return Some(
                "the commands in progress of this user hold as many bytes as assess.max-uploads-per-user permits: send it \
                 again when one has ended",
            );
        }
        None
    }

    /// How much of its limits it uses, in percent.
    fn used_percent(&self) -> u64 {
        let of = |used: &AtomicU64, limit: u64| used.load(Ordering::Relaxed).saturating_mul(100) / limit.max(1);
        of(&self.waits, settings::max_waits_per_user()).max(of(&self.bytes, settings::max_uploads_per_user()))
    }
}

/// Whether one more command of the acting user may wait, with so many bytes of arguments that are kept meanwhile.
///
/// A user who holds no bytes may send any number of them: `assess.max-payload` limits a single command.
pub(crate) fn admit(bytes: usize) -> Outcome<()> {
    let Some(text) = acting().limit_reached(bytes) else { return Ok(()) };
    REFUSED.fetch_add(1, Ordering::Relaxed);
    Err(Failure::new(Code::Busy, text))
}

/// Whether one more command of the acting user may wait. For a command that has another reply otherwise.
pub(crate) fn may_wait() -> bool {
    acting().limit_reached(0).is_none()
}

/// The part of an account that one command holds, from the moment it waits until its work has ended. Any thread may
/// drop it.
#[derive(Debug)]
pub(crate) struct Share {
    account: Arc<Account>,
    bytes: u64,
}

impl Share {
    /// Of the acting user, who was admitted.
    pub(super) fn take() -> Self {
        let account = acting();
        account.waits.fetch_add(1, Ordering::Relaxed);
        Self { account, bytes: 0 }
    }

    pub(super) fn hold(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.account.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn account(&self) -> &Arc<Account> {
        &self.account
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.waits.fetch_sub(1, Ordering::Relaxed);
        self.account.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How much of its limits the user with the most uses, in percent. Main thread.
pub(crate) fn most_used_percent() -> u64 {
    ACCOUNTS.with_borrow(|accounts| accounts.by_name.values().map(|one| one.used_percent()).max().unwrap_or(0))
}

/// How many commands were refused because their user was at a limit.
pub(crate) fn refused() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_the_same_for_each_command_of_a_user_and_ends_when_it_holds_nothing() {
        let first = named(b"first");
        assert_eq!(named(b"first").id(), first.id());
        assert_ne!(named(b"second").id(), first.id());
        for user in 0..2 * KEPT {
            named(user.to_string().as_bytes());
        }
        assert_eq!(named(b"first").id(), first.id(), "it is still held");
        assert!(ACCOUNTS.with_borrow(|accounts| accounts.by_name.len()) <= KEPT + 1);
    }

    #[test]
    fn work_counts_for_the_user_that_it_continues() {
        let account = named(b"user");
        assert_eq!(acting().id(), 0);
        continued(&account, || {
            let mut share = Share::take();
            share.hold(7);
            assert_eq!((account.waits.load(Ordering::Relaxed), account.bytes.load(Ordering::Relaxed)), (1, 7));
        });
        assert_eq!((account.waits.load(Ordering::Relaxed), account.bytes.load(Ordering::Relaxed)), (0, 0));
        assert_eq!(acting().id(), 0);
    }
}
