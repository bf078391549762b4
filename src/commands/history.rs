//! `ASSESS.HISTORY`: the assessments that a model recorded.

use assess_engine::history::{Entry, Filter, parse_hash};

use crate::assessments::request::tenant;
use crate::assessments::waiting::on_worker;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::history;
use crate::options::{self, Options};
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(super) struct History;

/// Up to this many entries are searched on the main thread.
const FEW: usize = 5_000;
/// Up to this many bytes of a reply are made on the main thread.
const FEW_BYTES: u64 = 256 << 10;
/// The most bytes of `SUBJECT`.
const LONGEST: usize = 256 << 10;
/// The most entries of a reply.
const MOST: u64 = 1000;

impl Run for History {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (mut filter, subject) = parse(&argv.words(2))?;
        let (log, newest) = with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            if loaded.history.capacity() == 0 {
                return Err(Failure::err("the model keeps no history: load it with HISTORY n"));
            }
            filter.subject = subject.map(|subject| loaded.as_model().recorded(subject)).transpose()?;
            let (db, key) = (ctx.db(), argv.bytes(1));
            let mut newest = history::not_written(db, key, loaded.generation, |entry| filter.matches(entry));
            newest.truncate(filter.limit);
            // This clones references to chunks of entries, not the entries.
            Ok((loaded.history.clone(), newest))
        })?;
        // The estimated bytes of a full reply.
        let usual = log.bytes() / (log.len() as u64).max(1);
        let is_long = log.len() > FEW || (filter.limit as u64) * usual > FEW_BYTES;
        on_worker::answer(ctx, is_long, 0, "a query of the history", move || {
            let rest = Filter { limit: filter.limit - newest.len(), ..filter };
            let newest = newest.iter().map(|entry| document(entry));
            Ok(Reply::Array(newest.chain(log.find(&rest).into_iter().map(document)).collect()))
        })
    }
}

fn document(entry: &Entry) -> Reply {
    Reply::Bulk(entry.to_json().into())
}

const OPTIONS: [&str; 12] =
    ["SUBJECT", "TENANT", "AGREEMENT", "HS", "ROUTE", "STATUS", "CONFIDENCE", "HASH", "ID", "SINCE", "UNTIL", "LIMIT"];

/// The filter without its subject, and the subject, which the model has to read.
fn parse<'a>(words: &[&'a [u8]]) -> Outcome<(Filter, Option<&'a [u8]>)> {
    let (mut filter, mut subject) = (Filter::default(), None);
    let is_input = |word: &[u8]| !word.starts_with(b"{") && word.contains(&b'=');
    if words
        .windows(3)
        .any(|part| part[0].eq_ignore_ascii_case(b"SUBJECT") && part[1..].iter().all(|word| is_input(word)))
    {
        return Err(Failure::err("SUBJECT is one argument: give the inputs of a score model as a JSON object"));
    }
    let mut options = options::of(words);
    while let Some(option) = options.next(&OPTIONS)? {
        let text = |options: &mut Options<'_, '_>| {
            options.value(option).map(|value| Some(String::from_utf8_lossy(value).into_owned()))
        };
        match option {
            "SUBJECT" => subject = Some(short(options.value(option)?)?),
            "TENANT" => filter.tenant = Some(tenant(options.value(option)?)?.to_owned()),
            "AGREEMENT" => filter.agreement = text(&mut options)?,
            "HS" => filter.hs = Some(digits(options.value(option)?)?),
            // Upper case, as in subjects.
            "ROUTE" => {
                filter.route =
                    text(&mut options)?.zip(text(&mut options)?).map(|(a, b)| (a.to_uppercase(), b.to_uppercase()))
            }
            "STATUS" => filter.status = text(&mut options)?,
            "CONFIDENCE" => filter.confidence = Some(confidence(options.value(option)?)?),
            "HASH" => filter.hash = Some(hash(options.value(option)?)?),
            "ID" => filter.id = Some(options.number(option, 0..=u64::MAX)?),
            "SINCE" => filter.since = Some(options.number(option, 0..=u64::MAX)?),
            "UNTIL" => filter.until = Some(options.number(option, 0..=u64::MAX)?),
            _ => filter.limit = options.number(option, 1..=MOST)? as usize,
        }
    }
    Ok((filter, subject))
}

/// A subject that is read on the main thread.
fn short(subject: &[u8]) -> Outcome<&[u8]> {
    if subject.len() <= LONGEST {
        Ok(subject)
    } else {
        Err(Failure::new(Code::TooBig, format!("SUBJECT is over {LONGEST} bytes: give the HASH of the request")))
    }
}

/// The digits of a code, without dots, at most six.
fn digits(code: &[u8]) -> Outcome<String> {
    let digits: String = code.iter().filter(|&&byte| byte != b'.').map(|&byte| char::from(byte)).collect();
    if !digits.is_empty() && digits.len() <= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits.get(..6).map(str::to_owned).unwrap_or(digits))
    } else {
        Err(Failure::err("HS must be 1 to 10 digits, the beginning of a code"))
    }
}

fn confidence(word: &[u8]) -> Outcome<f64> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| Failure::err("CONFIDENCE must be a number from 0 to 1"))
}

fn hash(word: &[u8]) -> Outcome<[u8; 16]> {
    parse_hash(word).ok_or_else(|| Failure::err("HASH must be 32 hex digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_is_read_and_bad_ones_are_refused_by_name() {
        let words = b"HS 8471.30 ROUTE MX US CONFIDENCE 0.5 LIMIT 3 HASH 000102030405060708090a0b0c0d0e0f";
        let (filter, subject) = parse(&words.split(|&byte| byte == b' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(subject, None);
        assert_eq!(filter.hs.as_deref(), Some("847130"));
        assert_eq!(filter.route, Some(("MX".into(), "US".into())));
        assert_eq!((filter.confidence, filter.limit), (Some(0.5), 3));
        assert_eq!(filter.hash, Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
        assert!(parse(&[&b"SUBJECT"[..], b"a=1", b"b=2"]).unwrap_err().to_string().contains("a JSON object"));
        assert_eq!(parse(&[&b"SUBJECT"[..], b"{\"a\":1}", b"TENANT", b"t"]).unwrap().1, Some(&b"{\"a\":1}"[..]));
        for bad in ["HS x", "HS .", "CONFIDENCE 2", "CONFIDENCE nan", "HASH 12", "ROUTE MX", "LIMIT 0", "LIMIT 1001"] {
            let words: Vec<&[u8]> = bad.as_bytes().split(|&byte| byte == b' ').collect();
            let failure = parse(&words).unwrap_err().to_string();
            assert!(failure.contains(bad.split(' ').next().unwrap()), "{failure}");
        }
    }
}
