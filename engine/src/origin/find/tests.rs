use super::super::nomenclature::tests::sample;
use super::*;

fn codes(text: &str, filter: &Filter<'_>) -> Vec<String> {
    let nomenclature = sample();
    let index = index_of(&nomenclature, &Progress::default()).unwrap();
    let hits = find(&nomenclature, &index, &Synonyms::default(), text.as_bytes(), filter).unwrap();
    hits.iter().map(|hit| format!("{} {:.4}", hit.code, hit.score)).collect()
}

#[test]
fn first() {
    println!("{:?}", codes("laptop", &Filter::default()));
    println!("{:?}", codes("horse", &Filter::default()));
    println!("{:?}", codes("hrose", &Filter::default()));
    println!("{:?}", codes("84.7", &Filter::default()));
}
