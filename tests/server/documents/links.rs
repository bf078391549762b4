//! Relative links of documents: their file and heading must exist.

use std::collections::HashMap;
use std::path::Path;

use super::blocks::{Part, parts};

/// The broken links of a document, each with its line. `root` is the folder of the repository.
pub(super) fn broken(root: &Path, document: &str) -> Vec<String> {
    let path = root.join(document);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
    let folder = path.parent().unwrap_or(root);
    let mut broken = Vec::new();
    for (line, target) in links(&text) {
        if let Err(reason) = resolve(&path, folder, &target) {
            broken.push(format!("{document}:{line}: ({target}): {reason}"));
        }
    }
    broken
}

fn resolve(document: &Path, folder: &Path, target: &str) -> Result<(), String> {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = if path.is_empty() { document.to_owned() } else { folder.join(path) };
    if !path.exists() {
        return Err(String::from("there is no such file"));
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    if anchors(&text).iter().any(|known| known == anchor) {
        Ok(())
    } else {
        Err(String::from("the document has no such heading"))
    }
}

/// The relative links of a document with their lines, without those in code.
fn links(document: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for part in parts(document).unwrap_or_default() {
        let Part::Line(number, line) = part else { continue };
        let line = without_code(&line);
        let inline = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split([')', ' ']).next());
        // `[name]: target`
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
        for target in inline.chain(reference) {
            if !target.contains("://") && !target.starts_with("mailto:") {
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// The line without the text between backticks.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    // An odd number of backticks: the last one does not begin code.
    let open = parts.len().is_multiple_of(2);
    let last = parts.len() - 1;
    let kept = parts.iter().enumerate().filter(|&(at, _)| at.is_multiple_of(2) || (open && at == last));
    kept.map(|(_, part)| *part).collect::<Vec<_>>().join("`")
}

/// The anchors that GitHub gives to the headings of a document, and those of `<a name="..">` and `<a id="..">`.
fn anchors(document: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for part in parts(document).unwrap_or_default() {
        let Part::Line(_, line) = part else { continue };
        for mark in ["<a name=\"", "<a id=\""] {
            anchors.extend(line.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title);
        let times = seen.entry(slug.clone()).or_default();
        anchors.push(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    anchors
}

fn slug(title: &str) -> String {
    // Only the text of a link is part of the heading.
    let mut text = String::new();
    let mut rest = title.trim();
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_outside_of_code_are_found() {
        let document = "[a](b.md) `[c](d.md)` and ![e](f.png \"title\")\n```text\n[g](h.md)\n```\n\
                        [i]: j.md#k\n[l](https://m.example) ` [n](#o)\n";
        let links = links(document);
        let expected = [(1, "b.md"), (1, "f.png"), (5, "j.md#k"), (6, "#o")];
        assert_eq!(links, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn anchors_are_the_same_as_on_github() {
        let document = "# One, two: `CACHE.GET`\n## A\n## A\n### [Link](x.md) & more\n```sh\n# no heading\n```\n\
                        #hash\n<a name=\"here\"></a>\n";
        assert_eq!(anchors(document), ["one-two-cacheget", "a", "a-1", "link--more", "here"]);
    }

    #[test]
    fn a_file_or_heading_that_does_not_exist_is_reported_with_its_line() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let text = "# Top\n[a](#top) [b](b.md) [c](b.md#two)\n[d](#none)\n[e](e.md)\n[f](b.md#three) [g](sub)\n";
        std::fs::write(folder.path().join("a.md"), text).expect("a file");
        std::fs::write(folder.path().join("b.md"), "## Two\n").expect("a file");
        std::fs::create_dir(folder.path().join("sub")).expect("a folder");
        let broken = broken(folder.path(), "a.md");
        let expected = [
            "a.md:3: (#none): the document has no such heading",
            "a.md:4: (e.md): there is no such file",
            "a.md:5: (b.md#three): the document has no such heading",
        ];
        assert_eq!(broken, expected);
    }
}
