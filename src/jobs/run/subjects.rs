//! The subjects of a job: listed, and named on a worker.

use assess_engine::cache::name;
use assess_engine::model::{AnyModel, Model};

use super::payload::{MOST_SUBJECTS, Wanted, What, Words};
use super::task::Run;
use crate::assessments::lookup::naming;
use crate::assessments::request::{self, Caching, OwnedQuery};
use crate::cache::store::TimeToLive;
use crate::error::{Code, Failure, Outcome};

/// A subject with its options and its cache key.
pub(super) struct Named {
    pub(super) subject: Words,
    /// The arguments after the subject.
    options: Words,
    pub(super) query: OwnedQuery,
    pub(super) ttl: TimeToLive,
    pub(super) caching: Caching,
    pub(super) tenant: Option<String>,
    pub(super) name: Vec<u8>,
}

/// Names all subjects that a job wants; an error takes the place of a subject that has none. On a worker. `hot` are
/// the cache keys that were requested most often, and `most` is the capacity of their tier.
pub(super) fn name_all(
    run: &Run,
    wanted: &Wanted,
    model: &AnyModel,
    hot: &[Box<[u8]>],
    most: usize,
) -> Outcome<Vec<Outcome<Named>>> {
    let listed;
    let requests = match &wanted.what {
        What::Subjects(subjects) => subjects,
        What::Document(subject) => {
            listed = vec![subject.clone()];
            &listed
        }
        What::All => {
            listed = all(model.as_model(), most)?;
            &listed
        }
        What::Hot(_) => {
            let requests = hot.iter().map(|key| model.as_model().request_of(name::canonical(&wanted.model, key)));
            listed = requests.flatten().collect();
            &listed
        }
    };
    let name = |request: &Words| {
        run.check()?;
        Ok(name_one(wanted, model, request))
    };
    requests.iter().map(name).collect()
}

/// The subjects of a model, at most as many as its tier keeps.
fn all(model: &dyn Model, most: usize) -> Outcome<Vec<Words>> {
    let mut subjects = model.subjects().ok_or_else(|| {
        Failure::err("all is possible for IO models only: the subjects of other models cannot be listed")
    })?;
    subjects.truncate(most);
    if subjects.len() > MOST_SUBJECTS {
        return Err(Failure::new(Code::TooBig, format!("a job has at most {MOST_SUBJECTS} subjects")));
    }
    Ok(subjects)
}

fn name_one(wanted: &Wanted, model: &AnyModel, request: &Words) -> Outcome<Named> {
    let words: Vec<&[u8]> = request.iter().chain(&wanted.options).map(Vec::as_slice).collect();
    let (subject, options) = words.split_at(model.as_model().subject_len(&words, true)?);
    let parsed = request::parse(model.as_model(), options)?;
    let name = naming::of_one(model, &wanted.model, subject, &parsed.query)?;
    let owned = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect();
    Ok(Named {
        subject: owned(subject),
        options: owned(options),
        query: OwnedQuery::of(&parsed.query),
        ttl: parsed.ttl,
        caching: parsed.caching,
        tenant: parsed.tenant.map(str::to_owned),
        name,
    })
}

impl Named {
    pub(super) fn words(&self) -> Vec<&[u8]> {
        self.subject.iter().map(Vec::as_slice).collect()
    }

    /// The arguments of the same request as a command.
    pub(super) fn request<'a>(&'a self, model: &'a [u8]) -> Vec<&'a [u8]> {
        let words = self.subject.iter().chain(&self.options).map(Vec::as_slice);
        std::iter::once(model).chain(words).collect()
    }
}
