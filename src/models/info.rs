//! The fields of a model in `MODEL.INFO` and in the reply of a load.

use std::sync::atomic::Ordering;

use assess_engine::model::Field;

use crate::models::load::loading;
use crate::reply::Reply;
use crate::types::value::Loaded;

/// The fields of `MODEL.INFO`; `loading` is the load that is in flight for the key.
pub(crate) fn fields(loaded: &Loaded, loading: Option<&loading::Seen>) -> Reply {
    let model = loaded.as_model();
    let state = if loading.is_some() { "loading" } else { loaded.state() };
    let progress = match (loading, state) {
        (Some(loading), _) => loading.percent,
        (None, "ready") if model.is_complete() => 100,
        // A step that ends is not the whole derivation.
        (None, _) => loaded.derivation.percent().min(99),
    };
    let mut fields = vec![
        ("kind", Reply::text(model.kind().name())),
        ("state", Reply::text(state)),
        ("progress", Reply::count(progress.into())),
        ("version", Reply::count(loaded.version)),
        // Empty until a worker has computed it: waiting for it here would block all clients.
        ("digest", Reply::text(model.known_digest().map(hex).unwrap_or_default())),
    ];
    let mut warnings = Reply::Array(Vec::new());
    for (name, field) in model.info() {
        let shown = match field {
            Field::Integer(number) => Reply::count(number),
            Field::Text(text) => Reply::text(text),
            Field::List(texts) => Reply::texts(texts),
        };
        if name == "warnings" { warnings = shown } else { fields.push((name, shown)) }
    }
    if let (Reply::Array(warnings), Some(why)) = (&mut warnings, loaded.derivation.shortcoming()) {
        warnings.push(Reply::text(format!("deriving failed: {why}")));
    }
    fields.push(("warnings", warnings));
    fields.push(("source", Reply::Bulk(loaded.source.clone().into())));
    fields.push(("hits", Reply::count(loaded.hits.load(Ordering::Relaxed))));
    fields.push(("misses", Reply::count(loaded.misses.get())));
    let history = [("capacity", loaded.history.capacity()), ("entries", loaded.history.len() as u64)];
    fields.push(("history", Reply::Map(history.map(|(name, number)| (name, Reply::count(number))).to_vec())));
    Reply::Map(fields)
}

fn hex(digest: [u8; 16]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The reply of a load: the fields of `MODEL.INFO` without those that have no meaning yet.
pub(crate) fn summary(loaded: &Loaded) -> Reply {
    let Reply::Map(mut fields) = fields(loaded, None) else { return Reply::Nil };
    fields.retain(|(name, _)| !matches!(*name, "progress" | "digest" | "bytes" | "hits" | "misses" | "history"));
    Reply::Map(fields)
}
