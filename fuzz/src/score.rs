//! Properties of score models.

use std::sync::LazyLock;

use assess_engine::model::{AnyModel, Model};
use assess_engine::score::{Format, LoadOptions, Rows, ScoreModel, load};
use assess_engine::{Budget, Error, Progress};

use crate::{IDENTITY, ask, assert_json, assert_survives, decode, derive};

/// Small models of each machine, for subjects and rows.
pub const MODELS: [(Format, &[u8]); 7] = [
    (Format::Glm, include_bytes!("../models/linear.json")),
    (Format::Glm, include_bytes!("../models/softmax.json")),
    (Format::Scorecard, include_bytes!("../models/scorecard.json")),
    (Format::Lightgbm, include_bytes!("../models/lightgbm.txt")),
    (Format::Pmml, include_bytes!("../models/chain.pmml")),
    (Format::Pmml, include_bytes!("../models/trees.pmml")),
    (Format::Pmml, include_bytes!("../models/points.pmml")),
];

/// Values of the rows.
const VALUES: [f64; 9] = [0.0, -0.0, 1.0, -1.0, 0.1, 1e9, -3e38, 5e-324, f64::NAN];

/// Reads a file; the model keeps all properties.
pub fn file(format: Format, bytes: &[u8]) {
    let options = LoadOptions { format: Some(format), ..LoadOptions::default() };
    if let Ok(model) = load(bytes, &options, &Progress::default()) {
        keeps_properties(&model);
        assert_survives(&model);
    }
    let _ = load(bytes, &LoadOptions::default(), &Progress::default());
}

/// The model at this index of [`MODELS`].
pub fn model(index: usize) -> ScoreModel {
    let (format, bytes) = MODELS[index % MODELS.len()];
    let options = LoadOptions { format: Some(format), ..LoadOptions::default() };
    let model = load(bytes, &options, &Progress::default()).expect("the models in the folder are valid");
    derive(&model);
    model
}

/// Reads frames; the decoded model keeps all properties.
pub fn from_frames(frames: &[Vec<u8>]) {
    if let Some(AnyModel::Score(model)) = decode(frames) {
        // A file of ONNX and a program are decoded by the derivation.
        match model.derive(&Budget::UNLIMITED, &Progress::default()) {
            Ok(()) => keeps_properties(&model),
            Err(Error::Corrupt(_)) => assert!(!model.is_decoded(), "what is damaged does not answer"),
            Err(error) => panic!("a derivation fails only for damaged bytes: {error}"),
        }
        assert_survives(model.as_ref());
    }
}

/// Rows of a model, in one of three forms.
pub fn rows(model: &ScoreModel, form: u8, n: usize, bytes: &[u8]) {
    let rows = match form % 3 {
        0 => Rows::from_json(model, bytes, n),
        1 => Rows::from_f32(model, bytes, n),
        _ => Rows::from_f64(model, bytes, n),
    };
    if let Ok(rows) = rows {
        assert_batches_agree(model, &rows);
    }
}

/// A subject of words, for one model.
pub fn subject(model: &ScoreModel, words: &[&[u8]]) {
    for is_alone in [true, false] {
        if let Ok(length) = model.subject_len(words, is_alone) {
            assert!((1..=words.len()).contains(&length));
            ask(model, &words[..length]);
        }
    }
}

/// Reads the name of a cached assessment: a request that it stands for can be made.
pub fn request_of(name: &[u8]) {
    static ALL: LazyLock<Vec<ScoreModel>> = LazyLock::new(|| (0..MODELS.len()).map(model).collect());
    for model in ALL.iter() {
        if let Some(words) = model.request_of(name) {
            subject(model, &words.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }
}

/// Rows of a batch: enough for the ways that many rows have.
const ROWS: usize = 70;

fn keeps_properties(model: &ScoreModel) {
    derive(model);
    let _ = (model.info(), model.bytes(), model.row_cost());
    let features = model.features().len();
    let blob: Vec<u8> =
        (0..ROWS * features).flat_map(|i| VALUES[(i / features + i) % VALUES.len()].to_le_bytes()).collect();
    // Categories that are texts cannot be sent as numbers, and some libraries refuse what is no category.
    if let Ok(rows) = Rows::from_f64(model, &blob, ROWS) {
        assert_batches_agree(model, &rows);
    }
}

/// The numbers of a batch equal those of its documents; a bad row fails all the numbers, but only its own document.
fn assert_batches_agree(model: &ScoreModel, rows: &Rows) {
    let progress = Progress::default();
    let documents = model.batch_documents(&IDENTITY, rows, &progress).expect("no caller cancels");
    assert_eq!(documents.len(), rows.len());
    documents.iter().flatten().for_each(|document| assert_json(document));
    if let Ok(values) = model.batch_values(rows, &progress) {
        assert_eq!(values.len(), rows.len() * model.outputs());
        for (values, document) in values.chunks(model.outputs()).zip(&documents) {
            let Ok(document) = document else { continue };
            let document: serde_json::Value = serde_json::from_slice(document).expect("JSON");
            match document["scores"].as_object() {
                Some(scores) => assert_eq!(scores.len(), values.len(), "{document}"),
                None => {
                    let score = document["score"].as_f64().expect("a number");
                    assert!(values.contains(&score), "{values:?} {score}");
                }
            }
        }
    }
}
