//! Subjects of score models: the first byte chooses the model, a zero byte ends a word.
#![no_main]

use std::sync::LazyLock;

use assess_engine::score::ScoreModel;
use assess_fuzz::score;
use libfuzzer_sys::fuzz_target;

static MODELS: LazyLock<Vec<ScoreModel>> = LazyLock::new(|| (0..score::MODELS.len()).map(score::model).collect());

fuzz_target!(|bytes: &[u8]| {
    if let [which, rest @ ..] = bytes {
        let words: Vec<&[u8]> = rest.split(|&byte| byte == 0).collect();
        score::subject(&MODELS[usize::from(*which) % MODELS.len()], &words);
    }
});
