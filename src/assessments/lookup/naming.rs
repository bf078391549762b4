//! Names (cache keys) of subjects. Building a name takes time in proportion to the size of the subject. So a worker
//! builds the names of long subjects, for example a bill of materials of a thousand lines, and then the command
//! continues.

use std::sync::Arc;

use assess_engine::cache::name;
use assess_engine::model::AnyModel;
use assess_engine::{Day, Error as EngineError, Progress};

use crate::assessments::request::OwnedQuery;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::types::value::Loaded;
use crate::work::discard::Held;
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// Subjects up to this many bytes in total are named in the command.
const SHORT: usize = 16 << 10;
/// The same where the client cannot be blocked: a hundred rows of a score model.
const SHORT_WITHOUT_BLOCKING: usize = 64 << 10;

pub(crate) type Named = Result<Vec<u8>, EngineError>;

/// The names of subjects, in their order.
pub(crate) struct Names {
    /// The version of the model that built them.
    pub(crate) version: u64,
    /// The day of the subjects that give no date.
    pub(crate) today: Day,
    pub(crate) names: Vec<Named>,
}

/// Whether subjects are so long that a worker has to name them.
pub(crate) fn are_long<'a>(subjects: impl IntoIterator<Item = &'a [&'a [u8]]>) -> bool {
    let mut bytes = 0;
    subjects.into_iter().flatten().any(|part| {
        bytes += part.len();
        bytes > SHORT
    })
}

/// The same for a batch. Where the client cannot be blocked, a batch of usual size is named in the command, so that its
/// cache hits are answered.
pub(crate) fn need_a_worker(ctx: Ctx<'_>, subjects: &[&[&[u8]]]) -> bool {
    let bytes: usize = subjects.iter().copied().flatten().map(|part| part.len()).sum();
    bytes > if ctx.may_block() { SHORT } else { SHORT_WITHOUT_BLOCKING }
}

/// The cache key of a request.
pub(crate) fn of_one(
    model: &AnyModel,
    model_key: &[u8],
    subject: &[&[u8]],
    query: &assess_engine::model::Query<'_>,
) -> Named {
    let mut named = Vec::with_capacity(96);
    name::begin(model_key, &mut named)?;
    model.as_model().canonical(subject, query, &mut named)?;
    Ok(named)
}

/// Subjects for a worker to name.
pub(crate) struct Unnamed {
    model: Held<AnyModel>,
    model_key: Vec<u8>,
    version: u64,
    subjects: Vec<Vec<Vec<u8>>>,
    query: OwnedQuery,
}

impl Unnamed {
    pub(crate) fn new<'a>(
        loaded: &Loaded,
        model_key: &[u8],
        subjects: impl IntoIterator<Item = &'a [&'a [u8]]>,
        query: &assess_engine::model::Query<'_>,
    ) -> Self {
        let own = |subject: &'a [&'a [u8]]| subject.iter().map(|part| part.to_vec()).collect();
        Self {
            model: Held::new(&loaded.model),
            model_key: model_key.to_vec(),
            version: loaded.version,
            subjects: subjects.into_iter().map(own).collect(),
            query: OwnedQuery::of(query),
        }
    }

    fn name_all(&self, progress: &Progress) -> Outcome<Names> {
        self.query.with(|query| {
            let name_one = |subject: &Vec<Vec<u8>>| {
                progress.check()?;
                let subject: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
                Ok(of_one(&self.model, &self.model_key, &subject, query))
            };
            let names: Result<_, EngineError> = self.subjects.iter().map(name_one).collect();
            Ok(Names { version: self.version, today: query.today, names: names? })
        })
    }

    /// Names them on a worker. Then `then` runs on the main thread, in the database of the command.
    pub(crate) fn name_on_worker(
        self,
        db: i32,
        blocked: Blocked,
        then: impl FnOnce(Ctx<'_>, Blocked, Names) + Send + 'static,
    ) {
        let progress = Arc::<Progress>::default();
        pool::run(Lane::Request, Some(Arc::clone(&progress)), move || {
            let named = blocked.measure(|| {
                let name = || pool::at_reduced_priority(|| self.name_all(&progress));
                guard::run("naming subjects", name).and_then(|named| named)
            });
            main_loop::post(move |ctx| match named {
                Ok(names) if ctx.select(db) => then(ctx, blocked, names),
                Ok(_) => blocked.reply(Failure::internal().into()),
                Err(failure) => blocked.reply(failure.into()),
            });
        });
    }
}
