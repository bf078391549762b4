//! Subjects of origin models: a zero byte ends a word. The text is searched for, too.
#![no_main]

use std::sync::LazyLock;

use assess_engine::origin::OriginModel;
use assess_fuzz::origin;
use libfuzzer_sys::fuzz_target;

static MODEL: LazyLock<OriginModel> = LazyLock::new(origin::model);

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    origin::subject(&MODEL, &words);
    origin::search(&MODEL, bytes);
});
