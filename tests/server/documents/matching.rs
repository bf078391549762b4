//! Prints a reply as redis-cli does on a terminal, and compares it with the text of a document.

use crate::harness::Reply;

/// The format of strings that are a JSON document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Json {
    /// In quotes, as any other string.
    Quoted,
    /// Without quotes and escapes.
    Raw,
}

/// Compares a reply with the text that a document shows. The error is the text of the reply.
///
/// White space is not compared, and `...` matches any text. An empty text matches every reply except an error.
pub(super) fn compare(expected: &str, reply: &Reply) -> Result<(), String> {
    let quoted = printed(reply, Json::Quoted);
    let equal = if expected.trim().is_empty() {
        !reply.is_error()
    } else {
        matches(expected, &quoted) || matches(expected, &printed(reply, Json::Raw))
    };
    if equal { Ok(()) } else { Err(quoted) }
}

/// The tokens of leases in a text: strings of 16 hex digits.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let is_token = |part: &&str| {
        part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    text.split('"').filter(is_token).collect()
}

/// The tokens of leases in a reply.
pub(super) fn tokens_of(reply: &Reply) -> Vec<String> {
    tokens(&printed(reply, Json::Quoted)).into_iter().map(str::to_owned).collect()
}

fn printed(reply: &Reply, json: Json) -> String {
    match reply {
        Reply::Nil => String::from("(nil)"),
        Reply::Simple(text) => text.clone(),
        Reply::Error(text) => format!("(error) {text}"),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Double(number) => format!("(double) {number}"),
        Reply::Boolean(value) => format!("({value})"),
        Reply::Bulk(bytes) if json == Json::Raw && is_document(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Bulk(bytes) => quoted(bytes),
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) if items.is_empty() => {
            String::from("(empty array)")
        }
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => {
            let lines = items.iter().enumerate().map(|(at, item)| format!("{}) {}", at + 1, printed(item, json)));
            lines.collect::<Vec<_>>().join("\n")
        }
        Reply::Map(pairs) => {
            let lines = pairs
                .iter()
                .enumerate()
                .map(|(at, (name, value))| format!("{}# {} => {}", at + 1, printed(name, json), printed(value, json)));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Whether these bytes are a JSON object or array.
fn is_document(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'{' | b'[')) && serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => text.extend(['\\', char::from(byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

fn matches(expected: &str, printed: &str) -> bool {
    let (expected, printed) = (squeezed(expected), squeezed(printed));
    let Some((first, rest)) = expected.split_once("...") else { return expected == printed };
    let Some(mut printed) = printed.strip_prefix(first.trim_end()) else { return false };
    let mut parts: Vec<&str> = rest.split("...").map(str::trim).collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = printed.find(part) else { return false };
        printed = &printed[at + part.len()..];
    }
    printed.ends_with(last)
}

/// The text with one blank for each run of white space, and none next to the punctuation of JSON.
fn squeezed(text: &str) -> String {
    const PUNCTUATION: [char; 6] = ['{', '}', '[', ']', ',', ':'];
    let mut squeezed = String::new();
    for word in text.split_whitespace() {
        if !(squeezed.is_empty() || squeezed.ends_with(PUNCTUATION) || word.starts_with(PUNCTUATION)) {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(expected: &str, reply: &Reply) -> bool {
        compare(expected, reply).is_ok()
    }

    #[test]
    fn replies_are_printed_as_redis_cli_prints_them() {
        let nested = Reply::Array(vec![
            Reply::Array(vec![Reply::bulk("ROW"), Reply::bulk("C29")]),
            Reply::Nil,
            Reply::Array(vec![]),
        ]);
        let error = Reply::Error(String::from("NOMODEL no such key"));
        for (expected, reply) in [
            ("OK", &Reply::ok()),
            ("(integer) 1", &Reply::Integer(1)),
            ("(nil)", &Reply::Nil),
            ("\"a \\\"b\\\" \\xc3\\n\"", &Reply::Bulk(b"a \"b\" \xc3\n".to_vec())),
            ("(error) NOMODEL no such key", &error),
            ("1) 1) \"ROW\"\n   2) \"C29\"\n2) (nil)\n3) (empty array)\n", &nested),
        ] {
            assert_eq!(compare(expected, reply), Ok(()));
        }
    }

    #[test]
    fn a_wrong_expectation_fails_and_shows_the_reply() {
        let array = Reply::Array(vec![Reply::bulk("a"), Reply::bulk("b")]);
        for (expected, reply, shown) in [
            ("(integer) 2", &Reply::Integer(1), "(integer) 1"),
            ("OK", &Reply::bulk("OK"), "\"OK\""),
            ("1) \"a\"", &array, "1) \"a\"\n2) \"b\""),
            ("1) \"b\" ...", &array, "1) \"a\"\n2) \"b\""),
            ("... \"a\"", &array, "1) \"a\"\n2) \"b\""),
            ("1) ... \"c\" ...", &array, "1) \"a\"\n2) \"b\""),
            ("\"ab\"", &Reply::bulk("a b"), "\"a b\""),
        ] {
            assert_eq!(compare(expected, reply), Err(shown.to_owned()), "{expected}");
        }
    }

    #[test]
    fn without_expected_text_only_an_error_fails() {
        assert!(is("", &Reply::Integer(7)) && is(" \n", &Reply::Nil));
        assert!(!is("\n", &Reply::Error(String::from("ERR no"))));
    }

    #[test]
    fn three_dots_match_any_text() {
        let text = Reply::bulk("version 17 of icio");
        for expected in ["...", "\"version ... of icio\"", "... icio\"", "\"version...", "\"... 17 ... of ...\""] {
            assert!(is(expected, &text), "{expected}");
        }
        assert!(!is("\"version ... of wiod\"", &text) && !is("\"... of ... 17 ...\"", &text));
    }

    #[test]
    fn a_json_document_may_be_shown_without_quotes_and_on_several_lines() {
        let document = Reply::bulk(r#"{"model":"icio","text":"a b","layers":[0.5,1]}"#);
        assert!(is("{\"model\":\"icio\",\n \"text\":\"a b\",\n \"layers\":[0.5, 1]}", &document));
        assert!(is(r#""{\"model\":\"icio\",...""#, &document));
        assert!(is("{ \"model\": ...}", &document));
        assert!(!is(r#"{"model":"icio","text":"ab","layers":[0.5,1]}"#, &document));
        assert!(is("1) {\"a\":1}\n2) (nil)", &Reply::Array(vec![Reply::bulk("{\"a\":1}"), Reply::Nil])));
        // Not a JSON document: quotes are needed.
        assert!(!is("{a}", &Reply::bulk("{a}")) && !is("plain", &Reply::bulk("plain")));
    }

    #[test]
    fn tokens_are_strings_of_sixteen_hex_digits() {
        let reply = Reply::Array(vec![Reply::bulk("lease"), Reply::bulk("9f86d081884c7d65"), Reply::Integer(5000)]);
        assert_eq!(tokens_of(&reply), ["9f86d081884c7d65"]);
        assert!(tokens("\"9F86d081884c7d65\" 9f86d081884c7d65 \"9f86\"").is_empty());
    }
}
