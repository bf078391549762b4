//! Recognises files that cannot be read by their first bytes. Each error names the format and the call that exports the
//! model correctly.

const CATBOOST: &str =
    "this is the binary form of a CatBoost model: in Python, model.save_model(\"model.json\", format=\"json\")";

/// The JSON that LightGBM's `dump_model` writes.
pub(super) const LIGHTGBM_DUMP: &str =
    "this is a dump_model of LightGBM, not a saved model: in Python, booster.save_model(\"model.txt\")";

const XGBOOST_DUMP: &str = "this is a dump of XGBoost, which lacks the objective and base_score: in Python, \
                            booster.save_model(\"model.json\")";

const PICKLE: &str = "this is a pickle or joblib file of Python, which is not read: save the model itself; XGBoost: \
                      model.save_model(\"model.json\"); LightGBM: model.booster_.save_model(\"model.txt\")";

/// The error for a binary file, by its first bytes. No supported format begins with these bytes.
pub(super) fn binary(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x1f, 0x8b, ..] => "the file is compressed by gzip: unpack it first (gunzip)",
        [b'P', b'K', 3, 4, ..] => "the file is a zip archive: unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', ..] => {
            "the file is compressed: unpack it first"
        }
        // Pickle from protocol 2, and the zlib streams that joblib writes.
        [0x80, 2..=5, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => PICKLE,
        [b'b', b'i', b'n', b'f', ..] | [b'b', b's', b'6', b'4', ..] => {
            "this is the old binary form of XGBoost models: load it with XGBoost 2 and booster.save_model(\"model.json\")"
        }
        [b'C', b'B', b'M', b'1', ..] => CATBOOST,
        [0x89, b'H', b'D', b'F', ..] => "this is an HDF5 file, which is not read",
        _ => return None,
    })
}

/// The error for a text file, by its first characters. Leading white space must be removed.
pub(super) fn text(text: &[u8]) -> Option<&'static str> {
    let is_dump = text.starts_with(b"[") || text.starts_with(b"booster[") || text.starts_with(b"0:[");
    is_dump.then_some(XGBOOST_DUMP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supported_format_is_never_refused() {
        for start in ["{\"learner\":{", "{ \"format\"", "\n{\n", "tree\nversion=v4", "<?xml version", "<PMML", "{}"] {
            assert_eq!(binary(start.as_bytes()), None, "{start}");
            assert_eq!(text(start.as_bytes()), None, "{start}");
        }
    }

    #[test]
    fn an_unsupported_file_is_refused_with_its_format_and_a_remedy() {
        let cases: [(&[u8], &str); 6] = [
            (b"\x80\x04\x95", "pickle"),
            (b"\x78\x9c..", "joblib"),
            (b"binf..", "old binary"),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"CBM1", "CatBoost"),
            (b"\x89HDF", "HDF5"),
        ];
        for (start, word) in cases {
            assert!(binary(start).is_some_and(|reason| reason.contains(word)), "{word}");
        }
        for dump in ["booster[0]:\n0:[f1<2]", "0:[f1<2]", "[\n {\"nodeid\""] {
            assert!(text(dump.as_bytes()).is_some_and(|reason| reason.contains("save_model")), "{dump}");
        }
    }
}
