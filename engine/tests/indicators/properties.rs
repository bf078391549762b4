//! Properties of any document and any bytes.

use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator};
use proptest::prelude::*;

use super::{labels, read};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A number reads back with every bit, in either form of document.
    #[test]
    fn json_and_csv_read_the_same_numbers(values in prop::collection::vec(0.0f64..1e300, 3)) {
        let [a, b, c] = [values[0], values[1], values[2]];
        let json = format!(r#"{{"USA":{{"C10":{a:?},"C26":{b:e}}},"CHN":{{"C10":{c}}}}}"#);
        prop_assert_eq!(read(By::Node, &json).unwrap(), values.clone());
        let csv = format!("region,sector,value\nUSA,C10,{a:?}\nUSA,C26,{b:e}\nCHN,C10,{c}\n");
        prop_assert_eq!(read(By::Node, &csv).unwrap(), values);
    }

    #[test]
    fn no_document_makes_the_reader_panic(document in prop::collection::vec(any::<u8>(), 0..200), by in 0..4usize) {
        let by = [By::Node, By::Region, By::Sector, By::Product][by];
        let _ = Indicator::parse(b"risk", b"", &document, &Reading { ignore: true, ..Reading::by(by) }, &labels());
    }

    #[test]
    fn no_table_makes_the_reader_panic(pieces in prop::collection::vec(0..14usize, 0..60)) {
        let words = ["V1", "A_x", "B_y", "OUT", "F", ",", ",", ",", "\n", "\n", "1", "-2", "\"", "from_region"];
        let text: String = pieces.iter().map(|&piece| words[piece]).collect();
        let input = assess_engine::io::Input::Bytes(text.as_bytes());
        let (options, progress) = (Default::default(), Default::default());
        let _ = assess_engine::io::load(input, &options, &assess_engine::Budget::UNLIMITED, &progress);
    }
}
