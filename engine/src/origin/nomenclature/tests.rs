use proptest::prelude::*;

use super::*;
use crate::Error;

const HEADER: &str = "section,hscode,description,parent,level\n";

/// A nomenclature of a few codes. As in the published file, the title is last and there is a code for unspecified
/// goods.
pub(in crate::origin) fn sample() -> Nomenclature {
    let rows = "\
        I,01,Animals; live,TOTAL,2\n\
        I,0101,\"Horses, asses, mules and hinnies; live\",01,4\n\
        I,010121,\"Horses; live, pure-bred breeding animals\",0101,6\n\
        XVI,84,\"Machinery and mechanical appliances, boilers, nuclear reactors; parts thereof\",TOTAL,2\n\
        XVI,8471,Automatic data processing machines and units thereof,84,4\n\
        XVI,847130,\"Automatic data processing machines; portable, weighing not more than 10kg\",8471,6\n\
        TOTAL,99,Commodities not specified according to kind,TOTAL,2\n\
        TOTAL,9999,Commodities not specified according to kind,99,4\n\
        TOTAL,999999,Commodities not specified according to kind,9999,6\n\
        TOTAL,TOTAL,Total of all HS2022 commodities,TOTAL,5\n";
    read(rows).unwrap()
}

fn read(rows: &str) -> Result<Nomenclature> {
    Nomenclature::read(format!("{HEADER}{rows}").as_bytes(), &Progress::default())
}

fn hs(code: &str) -> Code {
    Code::read(code.as_bytes()).unwrap()
}

fn decode(records: &[Vec<u8>]) -> Result<Nomenclature> {
    let mut decoder = NomenclatureDecoder::default();
    records.iter().try_for_each(|record| decoder.push(record))?;
    decoder.finish()
}

#[test]
fn the_title_is_not_a_code_and_999999_is_a_code() {
    let nomenclature = sample();
    assert_eq!((nomenclature.rows(), nomenclature.version().as_str()), (9, "HS 2022"));
    assert_eq!(nomenclature.description(&hs("999999")), Some("Commodities not specified according to kind"));
    assert_eq!(nomenclature.section(&hs("999999")), Some("TOTAL"));
}

#[test]
fn parents_and_children_follow_the_tree() {
    let nomenclature = sample();
    assert_eq!(nomenclature.parents(&hs("010121")), [hs("0101"), hs("01")]);
    assert_eq!(nomenclature.children(Some(&hs("84"))), [hs("8471")]);
    assert_eq!(nomenclature.children(None), [hs("01"), hs("84"), hs("99")]);
    assert!(nomenclature.parents(&hs("01")).is_empty() && nomenclature.children(Some(&hs("02"))).is_empty());
    assert!(nomenclature.knows(&hs("84.71.30")) && !nomenclature.knows(&hs("847150")));
}

#[test]
fn documents_contain_the_name_of_the_section_if_it_is_known() {
    let nomenclature = sample();
    let sections = super::super::sections::Sections::read(b"section,name\nI,Animals\n", &Progress::default()).unwrap();
    let document = |code| String::from_utf8(nomenclature.document(&hs(code), Some(&sections)).unwrap()).unwrap();
    assert_eq!(
        document("0101"),
        "{\"code\":\"0101\",\"description\":\"Horses, asses, mules and hinnies; live\",\"level\":4,\"section\":\"I\",\
         \"section_name\":\"Animals\",\"parent\":\"01\",\"children\":1}"
    );
    assert!(document("84").ends_with("\"section\":\"XVI\",\"section_name\":null,\"parent\":null,\"children\":1}"));
    let hit = nomenclature.hit_document(&hs("84"), None, 0.5, &[]).unwrap();
    assert!(hit.ends_with(b"\"children\":1,\"score\":0.5}"));
    let hit = nomenclature.hit_document(&hs("84"), None, 0.5, &["a".to_owned(), "b".to_owned()]).unwrap();
    assert!(hit.ends_with(b"\"score\":0.5,\"dropped\":[\"a\",\"b\"]}"));
    assert_eq!(nomenclature.document(&hs("02"), None), None);
}

#[test]
fn errors_contain_the_line() {
    let no_such = "the parent is not in the file";
    let below_itself = "the parent must be a shorter code that this one begins with: no code is below itself";
    let cases = [
        ("I,0101,a,01,4\n", no_such, 2),
        ("I,01,a,ALL,2\n", no_such, 2),
        ("I,01,a,,2\nI,02,a,ALL,2\nT,TOTAL,a,TOTAL,5\n", no_such, 3),
        ("I,01,a,01,2\n", below_itself, 2),
        ("I,01,a,0101,2\nI,0101,a,01,4\n", below_itself, 2),
        ("I,01,a,,2\nI,0201,a,01,4\n", below_itself, 3),
        ("I,01,a,,2\nI,02,a,,2\nI,01,b,,2\n", "the code occurs twice", 4),
        ("I,01,a,,3\n", "the level must be the number of digits of the code", 2),
        ("I,1,a,,1\n", "a code has an even number of digits; 1 seems to have lost a leading zero: 01?", 2),
        (
            "I,01010101010101,a,,14\n",
            "a code is 2 to 12 digits, an even number of them; dots, blanks, dashes and a leading HS are dropped",
            2,
        ),
        ("I,01,,,2\n", "the description is empty", 2),
        (",01,a,,2\n", "the id of a section is 1 to 16 bytes long", 2),
        ("T,A,a,A,5\nT,B,a,B,5\n", "a second row that is its own parent and not a code", 3),
    ];
    for (rows, reason, line) in cases {
        assert_eq!(read(rows).unwrap_err().to_string(), format!("{reason} (line {line})"), "{rows}");
    }
    let long = format!("I,01,{},,2\n", "a".repeat(4097));
    assert_eq!(read(&long).unwrap_err().to_string(), "the description is longer than 4096 bytes (line 2)");
    assert_eq!(read("").unwrap_err().to_string(), "the nomenclature has no codes");
}

#[test]
fn chapters_may_have_a_total_without_a_row_as_parent() {
    assert_eq!(read("I,01,a,TOTAL,2\n").unwrap().children(None).len(), 1);
}

#[test]
fn cancelled_work_stops() {
    let progress = Progress::default();
    progress.cancel();
    let rows: String = (0..5000).map(|i| format!("I,{i:06},a,,6\n")).collect();
    assert_eq!(Nomenclature::read(format!("{HEADER}{rows}").as_bytes(), &progress), Err(Error::Cancelled));
}

#[test]
fn records_of_the_byte_form_contain_complete_rows() {
    let rows: String = (0..100).rev().map(|i| format!("I,{i:06},{},,6\n", "long ".repeat(800))).collect();
    let nomenclature = read(&rows).unwrap();
    let records = nomenclature.records();
    assert!(records.len() > 5 && records.iter().all(|record| record.len() <= 60 << 10));
    assert_eq!(decode(&records).unwrap(), nomenclature);
    let small = sample();
    assert_eq!((small.record_count(), decode(&small.records()).unwrap()), (2, small));
}

proptest! {
    #[test]
    fn damaged_records_never_panic(at in 0usize..400, value: u8, cut in 0usize..400) {
        let mut records = sample().records();
        let last = records.last_mut().unwrap();
        let at = at % last.len();
        last[at] = value;
        let _ = decode(&records);
        let last = records.last_mut().unwrap();
        last.truncate(cut);
        let _ = decode(&records);
    }
}
