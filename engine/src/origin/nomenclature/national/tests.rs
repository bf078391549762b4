use proptest::prelude::*;

use super::super::tests::sample;
use super::super::{Nomenclature, NomenclatureDecoder};
use super::*;

fn table(text: &str) -> Result<Items> {
    read(text.as_bytes(), &Progress::default())
}

/// The codes and descriptions of a table without a tree.
fn rows(text: &str) -> Vec<(String, String)> {
    let made = Nomenclature::with_items(None, &table(text).unwrap()).unwrap();
    made.codes().map(|code| (code.as_str().to_owned(), made.description(&code).unwrap().to_owned())).collect()
}

fn code(text: &str) -> Code {
    Code::read(text.as_bytes()).unwrap()
}

#[test]
fn tables_are_read_with_any_separator_and_any_notation_of_codes() {
    let expected = [("8471", "Computers"), ("84713000", "Portable, light"), ("8471300010", "Other")]
        .map(|(code, text)| (code.to_owned(), text.to_owned()));
    for text in [
        "hscode,description\n8471,Computers\n8471.30.00,\"Portable, light\"\n8471.30.00.10,Other\n",
        "\u{feff}code;unit;description\r\n8471;-;Computers\r\n8471 30 00;p/st;- Portable, light\r\n8471 30 00 10;;- - Other\r\n",
        "HTS Number\tIndent\tDescription\tRate\n8471\t0\tComputers\t\n\t1\tA title\t\n84713000\t2\tPortable, light\tfree\n8471300010\t3\tOther\t\n",
        "84713000|Portable, light\n8471|Computers\n8471300010|Other\n",
        "Codigo NC;Texto espanol\nSection XVI\n8471;Computers\n84713000;Portable, light\n8471300010;Other\n",
    ] {
        assert_eq!(rows(text), expected, "{text}");
    }
}

#[test]
fn codes_that_are_filled_with_zeros_lose_them() {
    let text = "Goods code;Start date;Indent;Description\n\
        8400000000 80;01-01-1972;;MACHINES\n8471000000 80;01-01-1972;0;Computers\n8471300000 10;01-01-1972;1;A title\n\
        8471300000 80;01-01-1972;1;Portable\n8471300010 80;01-01-2020;2;Light\n";
    let codes: Vec<String> = rows(text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["84", "8471", "847130", "8471300010"]);
    // Without a chapter, zeros may be digits of the goods.
    assert_eq!(rows("code,description\n25210000,Limestone\n").first().unwrap().0, "25210000");
}

#[test]
fn national_codes_are_put_under_the_six_digits_of_the_tree() {
    let items =
        table("code,description\n84713000,Portable\n8471300010,Light\n847130,Anything\n84714100,Other\n").unwrap();
    let made = Nomenclature::with_national(Some(&sample()), &items).unwrap();
    assert_eq!(made.parents(&code("8471300010")), ["84713000", "847130", "8471", "84"].map(code));
    assert_eq!(made.parents(&code("84714100")), ["8471", "84"].map(code));
    assert_eq!(made.section(&code("84713000")), Some("XVI"));
    assert!(made.description(&code("847130")).unwrap().starts_with("Automatic"), "the tree keeps its text");
    assert_eq!(made.version(), "HS 2022");
    // Another table of national codes replaces all of them.
    let items = table("code,description\n8471300099,Heavy\n").unwrap();
    let made = Nomenclature::with_national(Some(&made), &items).unwrap();
    assert_eq!((made.rows(), made.knows(&code("8471300010"))), (sample().rows() + 1, false));
    for (asked, meant) in
        [("8471300099", Some("8471300099")), ("8471300010", Some("847130")), ("8471", Some("8471")), ("847150", None)]
    {
        assert_eq!(made.meant(&code(asked)), meant.map(code), "{asked}");
    }
}

#[test]
fn refusals_name_the_line() {
    let column = "no column of codes and no column of descriptions; name them hscode and description";
    for (text, expected) in [
        ("a,b\nx,y\n", column),
        ("code\n8471\n", column),
        ("code,description\n8471,a\n847130,b, c\n", "the row has more cells than the first row"),
        (
            "code,description\n8471,a\n10121,b\n",
            "a code has an even number of digits; 10121 seems to have lost a leading zero: 010121? (line 3)",
        ),
        ("code,description\n8471,a\n8471,b\n", "the code occurs twice (line 3)"),
        ("code,description\n8471,\n", "a description has 1 to 4096 bytes without control characters (line 2)"),
        ("code,description\n84x71,a\n", "a code is 2 to 12 digits"),
        ("code,description\n,a\n", "the nomenclature has no codes"),
        ("", column),
    ] {
        let error = table(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn national_codes_survive_the_byte_form() {
    let lines: String = (0..9000).map(|i| format!("8471{i:06},Goods {i}\n")).collect();
    let items = table(&format!("code,description\n{lines}")).unwrap();
    let made = Nomenclature::with_national(Some(&sample()), &items).unwrap();
    let records = made.records();
    assert!(records.len() > 3 && records.iter().all(|record| record.len() <= 60 << 10));
    let mut decoder = NomenclatureDecoder::default();
    records.iter().for_each(|record| decoder.push(record).unwrap());
    assert_eq!(decoder.finish().unwrap(), made);
}

proptest! {
    #[test]
    fn no_table_panics(text in "(([0-9]{0,13}|[a-z\" ]{0,5})[,;\t|\n]){0,40}", bytes: Vec<u8>) {
        for bytes in [text.as_bytes(), &bytes] {
            if let Ok(items) = read(bytes, &Progress::default()) {
                let made = Nomenclature::with_national(Some(&sample()), &items).unwrap();
                prop_assert!(made.rows() >= items.len());
            }
        }
    }

    #[test]
    fn damaged_records_of_national_codes_never_panic(at in 0usize..400, value: u8) {
        let items = table("code,description\n84713000,Portable\n8471300010,Light\n847130001012,x\n").unwrap();
        let mut records = Nomenclature::with_national(Some(&sample()), &items).unwrap().records();
        let last = records.last_mut().unwrap();
        let at = at % last.len();
        last[at] = value;
        let mut decoder = NomenclatureDecoder::default();
        if records.iter().try_for_each(|record| decoder.push(record)).is_ok() {
            let _ = decoder.finish();
        }
    }
}
