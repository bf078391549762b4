//! Countries that extended editions split by type of trade: `CN1`, `CN2` are parts of China, `MX1`, `MX2` of Mexico.

/// The country of which a region is a part, else the region itself.
pub(in crate::io::formats) fn whole(region: &str) -> &str {
    let part_of = |prefix| {
        let number = region.strip_prefix(prefix).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    match region {
        _ if part_of("CN") => "CHN",
        _ if part_of("MX") => "MEX",
        _ => region,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_numbered_parts_are_parts() {
        let cases = [("CN1", "CHN"), ("CN12", "CHN"), ("MX2", "MEX"), ("CHN", "CHN"), ("CN", "CN"), ("CNA", "CNA")];
        for (region, whole) in cases {
            assert_eq!(super::whole(region), whole);
        }
    }
}
