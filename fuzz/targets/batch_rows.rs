//! Rows of a batch: the first bytes choose model, form and number of rows.
#![no_main]

use std::sync::LazyLock;

use assess_engine::score::ScoreModel;
use assess_fuzz::score;
use libfuzzer_sys::fuzz_target;

static MODELS: LazyLock<Vec<ScoreModel>> = LazyLock::new(|| (0..score::MODELS.len()).map(score::model).collect());

fuzz_target!(|bytes: &[u8]| {
    if let [which, form, n, rest @ ..] = bytes {
        score::rows(&MODELS[usize::from(*which) % MODELS.len()], *form, usize::from(*n), rest);
    }
});
