//! Numbers of sections.

use super::{MAX_SECTION, MAX_SECTIONS, Refused};

/// The number of a section. A new section gets the next number.
pub(super) fn section_number(sections: &mut Vec<Box<str>>, id: &str) -> Result<u16, Refused> {
    // Usually it is the section of the previous row, which is the newest.
    if let Some(number) = sections.iter().rposition(|known| **known == *id) {
        return Ok(number as u16);
    }
    if id.is_empty() || id.len() > MAX_SECTION {
        return Err("the id of a section is 1 to 16 bytes long");
    }
    if sections.len() == MAX_SECTIONS {
        return Err("the nomenclature has more than 1000 sections");
    }
    sections.push(id.into());
    Ok((sections.len() - 1) as u16)
}
