//! The parts of a Markdown document that its test runs.

/// A fenced block.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    /// The words after the opening fence: the language, then options.
    pub(super) info: Vec<String>,
    /// The line of the document, from 1, with the first line of the block.
    pub(super) line: usize,
    /// The block without its fences and without their indentation.
    pub(super) text: String,
}

impl Block {
    /// The language; empty when the fence names none.
    pub(super) fn language(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    pub(super) fn has_option(&self, option: &str) -> bool {
        self.info.iter().skip(1).any(|word| word == option)
    }
}

/// A part of a document.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Block(Block),
    /// `<!-- run: COMMAND -->`, with its line.
    Run(usize, String),
    /// Any other line, with its number.
    Line(usize, String),
}

/// The parts of a document in their order. The error is the line of a fence that is not closed.
pub(super) fn parts(document: &str) -> Result<Vec<Part>, usize> {
    let mut parts = Vec::new();
    let mut lines = document.lines().enumerate().map(|(at, line)| (at + 1, line));
    while let Some((number, line)) = lines.next() {
        let body = line.trim_start();
        if !body.starts_with("```") {
            let run = body.strip_prefix("<!-- run:").and_then(|rest| rest.trim_end().strip_suffix("-->"));
            parts.push(match run {
                Some(command) => Part::Run(number, command.trim().to_owned()),
                None => Part::Line(number, line.to_owned()),
            });
            continue;
        }
        let indentation = line.len() - body.len();
        let info = body.trim_start_matches('`').split_whitespace().map(str::to_owned).collect();
        let mut text = String::new();
        loop {
            let (_, line) = lines.next().ok_or(number)?;
            if line.trim() == "```" {
                break;
            }
            let blank = line.len() - line.trim_start().len();
            text.push_str(&line[blank.min(indentation)..]);
            text.push('\n');
        }
        parts.push(Part::Block(Block { info, line: number + 1, text }));
    }
    Ok(parts)
}

/// A command of a block and the reply that the document shows.
#[derive(Debug, PartialEq)]
pub(super) struct Exchange {
    pub(super) line: usize,
    pub(super) words: Vec<Vec<u8>>,
    pub(super) expected: String,
}

/// The commands of a `redis` block. The error is the line and the reason.
pub(super) fn exchanges(block: &Block) -> Result<Vec<Exchange>, (usize, String)> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut lines = block.text.lines().enumerate().map(|(at, line)| (block.line + at, line));
    while let Some((number, line)) = lines.next() {
        let Some(command) = line.strip_prefix("> ") else {
            match exchanges.last_mut() {
                Some(exchange) => {
                    exchange.expected.push_str(line);
                    exchange.expected.push('\n');
                }
                None if line.trim().is_empty() => {}
                None => return Err((number, String::from("a reply without a command: commands begin with `> `"))),
            }
            continue;
        };
        // An argument in quotes may continue on the next line.
        let mut command = command.to_owned();
        let words = loop {
            match words(&command) {
                Some(words) => break words,
                None => match lines.next() {
                    Some((_, next)) if !next.starts_with("> ") => command.push_str(next.trim_start()),
                    _ => return Err((number, String::from("quotes of this command are not balanced"))),
                },
            }
        };
        exchanges.push(Exchange { line: number, words, expected: String::new() });
    }
    Ok(exchanges)
}

/// The arguments of a line, split as redis-cli does; `None` when quotes are not balanced.
pub(super) fn words(line: &str) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line.as_bytes().iter().copied().peekable();
    loop {
        while rest.next_if(u8::is_ascii_whitespace).is_some() {}
        let Some(first) = rest.peek().copied() else { return Some(words) };
        let mut word = Vec::new();
        if matches!(first, b'"' | b'\'') {
            rest.next();
            loop {
                match rest.next()? {
                    byte if byte == first => break,
                    b'\\' if first == b'"' => word.push(match rest.next()? {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'x' => {
                            let digits = [rest.next()?, rest.next()?];
                            u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
                        }
                        other => other,
                    }),
                    b'\\' if rest.peek() == Some(&b'\'') => word.extend(rest.next()),
                    byte => word.push(byte),
                }
            }
            // A quoted argument ends with its quote.
            if rest.peek().is_some_and(|next| !next.is_ascii_whitespace()) {
                return None;
            }
        } else {
            word.extend(std::iter::from_fn(|| rest.next_if(|byte| !byte.is_ascii_whitespace())));
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        Block { info: vec![String::from("redis")], line: 10, text: text.to_owned() }
    }

    fn texts(line: &str) -> Option<Vec<String>> {
        let words = words(line)?;
        Some(words.into_iter().map(|word| String::from_utf8(word).expect("UTF-8")).collect())
    }

    #[test]
    fn a_document_is_split_into_blocks_hidden_commands_and_lines() {
        let document = "text\n<!-- run: SET a 1 -->\n- item\n  ```sh no-run\n  a\n    b\n  ```\n```\n```\n";
        let parts = parts(document).expect("every fence is closed");
        let info = vec![String::from("sh"), String::from("no-run")];
        let expected = [
            Part::Line(1, String::from("text")),
            Part::Run(2, String::from("SET a 1")),
            Part::Line(3, String::from("- item")),
            Part::Block(Block { info, line: 5, text: String::from("a\n  b\n") }),
            Part::Block(Block { info: vec![], line: 9, text: String::new() }),
        ];
        assert_eq!(parts, expected);
        let Part::Block(block) = &parts[3] else { unreachable!("a block") };
        assert!(block.language() == "sh" && block.has_option("no-run") && !block.has_option("sh"));
        assert_eq!(super::parts("a\n```redis\n> PING\n"), Err(2));
    }

    #[test]
    fn a_reply_belongs_to_the_command_above_it() {
        let exchanges = exchanges(&block("> PING\nPONG\n> SET a '{\"b\":1,\n   \"c\":2}'\n> GET a\n1) x\n2) y\n"));
        let exchanges = exchanges.expect("a block");
        let lines: Vec<(usize, &str)> = exchanges.iter().map(|each| (each.line, each.expected.as_str())).collect();
        assert_eq!(lines, [(10, "PONG\n"), (12, ""), (14, "1) x\n2) y\n")]);
        assert_eq!(exchanges[1].words[2], br#"{"b":1,"c":2}"#);
    }

    #[test]
    fn a_reply_without_a_command_and_an_open_quote_are_errors_with_their_line() {
        assert_eq!(exchanges(&block("OK\n> PING\n")).expect_err("no command").0, 10);
        assert_eq!(exchanges(&block("> PING\n> SET a \"b\n> PING\n")).expect_err("a quote").0, 11);
    }

    #[test]
    fn quotes_are_parsed_as_in_redis_cli() {
        let cases = [
            ("GET a", Some(&["GET", "a"][..])),
            (r#"SET  "a b" 'c "d"' "#, Some(&["SET", "a b", r#"c "d""#])),
            (r#"X "a\"b\x41\n" 'it\'s'"#, Some(&["X", "a\"bA\n", "it's"])),
            (r#"X "" a"b"#, Some(&["X", "", "a\"b"])),
            (r#"X "a"#, None),
            (r#"X "a"b"#, None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|words| words.iter().map(|&word| word.to_owned()).collect());
            assert_eq!(texts(line), expected, "{line}");
        }
    }
}
