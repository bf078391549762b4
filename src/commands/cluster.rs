//! Commands with `CLUSTER`: what each master does for one, and the reply from their answers.

use assess_engine::cluster::tiers::{Shared, rows_of, words_of};
use assess_engine::stats::summed::ServerStats;

use crate::cache::clauses::Invalidate;
use crate::cache::invalidate::{self, Caller};
use crate::cache::{saved, with};
use crate::clock::now_ms;
use crate::cluster::ask::{Answers, Purpose, ask};
use crate::cluster::{Answer, Answerer};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::cluster;
use crate::ffi::ctx::Ctx;
use crate::options;
use crate::reply::Reply;
use crate::report::{cache_stats, health};

/// Carries out on this master what a node of the cluster asks of all masters.
pub(crate) fn perform(ctx: Ctx<'_>, words: &[&[u8]], answer: Answerer) -> Outcome<()> {
    match words {
        [b"INVALIDATE", clauses @ ..] => {
            let parsed = Invalidate::parse(clauses)?;
            if parsed.asynchronous {
                invalidate::invalidate(ctx, parsed.order()?, Caller::None)?;
                answer(count(0));
            } else {
                let told = |reply| answer(count(if let Reply::Integer(n) = reply { n } else { 0 }));
                invalidate::invalidate(ctx, parsed.order()?, Caller::Node(Box::new(told)))?;
            }
        }
        [b"TIER", row @ ..] => {
            let rows = rows_of(row).ok_or_else(Failure::internal)?;
            let mut existed = false;
            for (name, shared) in rows {
                // A name without a tier is not remembered as deleted: it would take the place of one that was.
                let is_unknown = with(|cache| cache.tiers.find(&name).is_none() && !cache.shared.has(&name));
                if shared.policy.is_some() || !is_unknown {
                    existed |= saved::share(ctx, &name, shared)?;
                }
            }
            answer(count(existed.into()));
        }
        [b"RESET"] => {
            cache_stats::reset();
            answer(count(0));
        }
        [b"STATS"] => answer(cache_stats::numbers(ctx).words()),
        [b"STATS", tier] => answer(cache_stats::tier_numbers(tier)?.words()),
        [b"HEALTH"] => answer(health::lines(ctx).into_iter().map(|line| line.into_bytes().into()).collect()),
        _ => return Err(Failure::err("the asking node runs another version of the module")),
    }
    Ok(())
}

fn count(count: i64) -> Answer {
    vec![count.to_string().into_bytes().into()]
}

/// `CACHE.INVALIDATE .. CLUSTER`: the sum of the counts.
pub(super) fn invalidate(ctx: Ctx<'_>, parsed: &Invalidate<'_>) -> Outcome<Reply> {
    let mut words = vec![b"INVALIDATE".to_vec()];
    words.extend(parsed.words());
    words.extend(parsed.asynchronous.then(|| b"ASYNC".to_vec()));
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    ask(ctx, &words, Purpose::Change, |answers| Ok(Reply::Integer(counts(answers)?.iter().sum())))
}

/// `TIER.SET .. CLUSTER`.
pub(super) fn set_tier(ctx: Ctx<'_>, name: &[u8], options: &[&[u8]]) -> Outcome<Reply> {
    let policy = options.iter().map(|&word| word.into()).collect();
    share(ctx, name, Some(policy), |answers| counts(answers).map(|_| Reply::Ok))
}

/// `TIER.DEL .. CLUSTER`: whether the tier existed anywhere.
pub(super) fn delete_tier(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    share(ctx, name, None, |answers| Ok(Reply::Integer(counts(answers)?.into_iter().max().unwrap_or(0))))
}

fn share(
    ctx: Ctx<'_>,
    name: &[u8],
    policy: Option<Vec<Box<[u8]>>>,
    combine: fn(Answers) -> Outcome<Reply>,
) -> Outcome<Reply> {
    let version = with(|cache| {
        let random = cache.random.u16(..);
        cache.shared.next_version(now_ms(), random)
    });
    let row = words_of(name, &Shared { version, policy });
    let mut words: Vec<&[u8]> = vec![b"TIER"];
    words.extend(row.iter().map(AsRef::as_ref));
    ask(ctx, &words, Purpose::Change, combine)
}

/// `CACHE.STATS RESET CLUSTER`.
pub(super) fn reset(ctx: Ctx<'_>) -> Outcome<Reply> {
    ask(ctx, &[b"RESET"], Purpose::Change, |answers| counts(answers).map(|_| Reply::Ok))
}

/// `CACHE.STATS CLUSTER`: the sum over all masters.
pub(super) fn stats(ctx: Ctx<'_>) -> Outcome<Reply> {
    ask(ctx, &[b"STATS"], Purpose::Query, |answers| Ok(cache_stats::total_reply(&summed(answers)?)))
}

/// `CACHE.STATS tier CLUSTER`: the same for one tier.
pub(super) fn stats_of_tier(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    ask(ctx, &[b"STATS", name], Purpose::Query, |answers| Ok(cache_stats::tier_reply(&summed(answers)?)))
}

/// `CACHE.HEALTH CLUSTER`: `ok` or `degraded`, then the lines of each master behind its address.
pub(super) fn health(ctx: Ctx<'_>) -> Outcome<Reply> {
    if ctx.is_clustered() && cluster::is_down(ctx) {
        return Ok(health_while_down(ctx));
    }
    ask(ctx, &[b"HEALTH"], Purpose::Query, |mut answers| {
        answers.sort();
        let mut lines = Vec::new();
        let mut is_fine = true;
        for (address, answer) in answers {
            let Some(answer) = answer else {
                is_fine = false;
                lines.push(format!("{address} degraded node: it does not answer"));
                continue;
            };
            let mut texts = answer.iter().map(|line| String::from_utf8_lossy(line));
            is_fine &= texts.next().is_some_and(|first| first == "ok");
            lines.extend(texts.map(|text| format!("{address} {text}")));
        }
        lines.insert(0, if is_fine { "ok" } else { "degraded" }.to_owned());
        Ok(Reply::texts(lines))
    })
}

/// No client can wait while the cluster is down: the lines of this node, and the masters that it sees.
fn health_while_down(ctx: Ctx<'_>) -> Reply {
    let mut lines =
        vec!["degraded".to_owned(), "cluster degraded state: fail, the other masters were not asked".to_owned()];
    for master in cluster::masters(ctx) {
        let address = ascii(&master.address);
        if master.is_this {
            lines.extend(health::lines(ctx).iter().skip(1).map(|line| format!("{address} {line}")));
        } else if master.has_failed {
            lines.push(format!("{address} degraded node: it has failed"));
        }
    }
    Reply::texts(lines)
}

/// The answers of all masters, or the error that names those without one, or with an error.
fn complete(answers: Answers, purpose: Purpose) -> Outcome<Vec<Answer>> {
    let all = answers.len();
    let silent: Vec<&str> =
        answers.iter().filter(|(_, answer)| answer.is_none()).map(|(address, _)| address.as_str()).collect();
    if !silent.is_empty() {
        let then = match purpose {
            Purpose::Change => "The change is sent to them again until they answer",
            Purpose::Query => "There is no sum without them",
        };
        let text = format!("{} of {all} masters did not answer: {}. {then}", silent.len(), ascii(&silent.join(", ")));
        return Err(Failure::new(Code::NoAck, text));
    }
    for (address, answer) in &answers {
        if let Some([word, text]) = answer.as_deref()
            && **word == *b"ERROR"
        {
            let text = format!("{} refused: {}", ascii(address), ascii(&String::from_utf8_lossy(text)));
            return Err(Failure::new(Code::NoAck, text));
        }
    }
    Ok(answers.into_iter().filter_map(|(_, answer)| answer).collect())
}

fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

fn counts(answers: Answers) -> Outcome<Vec<i64>> {
    let number = |answer: &Answer| options::number(answer.first()?).and_then(|n| i64::try_from(n).ok());
    complete(answers, Purpose::Change)?.iter().map(|answer| number(answer).ok_or_else(other_version)).collect()
}

fn summed(answers: Answers) -> Outcome<ServerStats> {
    let mut sum: Option<ServerStats> = None;
    for answer in complete(answers, Purpose::Query)? {
        let words: Vec<&[u8]> = answer.iter().map(AsRef::as_ref).collect();
        let numbers = ServerStats::of_words(&words).ok_or_else(other_version)?;
        match &mut sum {
            Some(sum) => sum.add(&numbers),
            None => sum = Some(numbers),
        }
    }
    sum.ok_or_else(Failure::internal)
}

fn other_version() -> Failure {
    Failure::new(Code::NoAck, "the answer of a master has another form: it runs another version of the module")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(list: &[(&str, Option<&[&str]>)]) -> Answers {
        let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().into()).collect();
        list.iter().map(|(address, answer)| ((*address).to_owned(), answer.map(words))).collect()
    }

    #[test]
    fn counts_need_the_answer_of_every_master() {
        assert_eq!(counts(answers(&[("a", Some(&["3"])), ("b", Some(&["4"]))])), Ok(vec![3, 4]));
        let silent = counts(answers(&[("a:1", Some(&["3"])), ("b:2", None)])).unwrap_err().to_string();
        assert!(silent.starts_with("NOACK 1 of 2 masters did not answer: b:2."), "{silent}");
        let refused = counts(answers(&[("a:1", Some(&["ERROR", "ERR no\ttier"]))])).unwrap_err().to_string();
        assert_eq!(refused, "NOACK a:1 refused: ERR no?tier");
        assert!(counts(answers(&[("a", Some(&["x"]))])).is_err() && counts(answers(&[("a", Some(&[]))])).is_err());
    }

    #[test]
    fn statistics_of_another_form_are_refused() {
        assert!(summed(answers(&[("a", Some(&["1", "2"]))])).is_err() && summed(answers(&[])).is_err());
        let own = ServerStats { entries: 2, ..ServerStats::default() }.words();
        let both = vec![("a".to_owned(), Some(own.clone())), ("b".to_owned(), Some(own))];
        assert_eq!(summed(both).unwrap().entries, 4);
    }
}
