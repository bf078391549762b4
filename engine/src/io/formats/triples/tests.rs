//! Tests of the memory limit of the first pass, and of a file that changes between the passes.

use super::*;

const HEADER: &str = "refArea,rowIi,counterpartArea,colIi,obsValue\n";

fn survey(text: &str, budget: &Budget) -> Result<Survey> {
    let progress = Progress::default();
    let mut survey = Survey::default();
    survey.take(&mut Lines::of_bytes(text.as_bytes(), &progress)?, budget)?;
    Ok(survey)
}

/// `count` lines of a node that delivers to itself, and as many of final demand.
fn flat(count: usize) -> String {
    format!("{HEADER}{}{}", "A,C,A,C,1\n".repeat(count), "A,C,A,P3,1\n".repeat(count))
}

#[test]
fn memory_for_lines_without_roles_is_requested_from_the_budget() {
    // Memory for 8,192 cells and the 4,096 cells before they are copied; or, if it is more, for the cells and the pairs
    // of final demand.
    for (count, needed) in [(2500, 16 * (8192 + 4096)), (4096, 16 * 8192 + 24 * 4096)] {
        assert!(survey(&flat(count), &Budget::new(needed)).is_ok());
        let refused = survey(&flat(count), &Budget::new(needed - 1)).err();
        let expected = Error::NoRoom { what: "the lines of the table", needed, available: needed - 1 };
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn a_file_with_other_labels_in_the_second_pass_is_rejected() {
    let plain = "from_region,from_sector,to_region,to_sector,value\nA,C,A,C,1\nA,C,A,,1\n";
    for text in [plain, &flat(1)] {
        for line in ["B,C,A,C,1", "A,C,A,D,1"] {
            let mut survey = survey(text, &Budget::UNLIMITED).unwrap();
            let progress = Progress::default();
            let changed = format!("{text}{line}\n");
            let mut lines = Lines::of_bytes(changed.as_bytes(), &progress).unwrap();
            let mut columns = Columns::<f64>::zeros(1, 1);
            let refused = fill(&mut columns, &mut lines, &mut survey, None, &progress).err().unwrap();
            assert_eq!(refused.to_string(), "the file changed while it was read (line 4)");
        }
    }
}
