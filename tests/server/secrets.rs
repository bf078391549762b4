//! What a user with few rights learns from replies: of another user's data, and of the machine, nothing. Everything of
//! the other user carries a canary, and every command is sent with hundreds of lists of wrong and right arguments. Some
//! names of the other user are known to the reader, who tries them; the others must appear nowhere.

use crate::harness::random::Random;
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// A word in every name and value of the owner, except in the tier.
const CANARY: &str = "canary";
/// In the name and the pattern of the owner's tier, which these commands show to every user by design.
const TIER: &str = "displayed";
const SHOW_TIERS: [&str; 5] = ["TIER.LIST", "TIER.INFO", "CACHE.STATS", "CACHE.METRICS", "CACHE.HEALTH"];

/// Lines of each command with random arguments.
const LINES: usize = 400;
const SEED: u64 = 13;

/// A server with data of `owner`, and of `low`, who may run everything on keys `low:*`.
fn served() -> (Server, Client, Client) {
    let server = Server::with(&["assess.default-wait-ms 1"]);
    let mut owner = server.client();
    owner.ask("ACL SETUSER owner on >canary-password ~* +@all").good();
    owner.ask("ACL SETUSER low on >low ~low:* +@all").good();
    owner.ask("AUTH owner canary-password").good();
    let table =
        mini::TABLE.replace("USA", "CANARYLAND").replace("C10", "canarysector").replace("C20_21", "canary-label");
    server.write("canary-file.csv", table);
    owner.ask("MODEL.LOAD canary-model IO FILE canary-file.csv HISTORY 10").good();
    owner.await_ready("canary-model");
    owner.ask("COPY canary-model canary-hidden-model").good();
    // A user who may load may read every file of the folder. This one is about what is shown besides.
    std::fs::remove_file(server.tables().join("canary-file.csv")).expect("the file was written");
    owner.ask("MODEL.INDICATOR canary-model canary-indicator DATA {\"CANARYLAND\":1,\"CHN\":2} BY region").good();
    owner.await_ready("canary-model");
    owner.ask("ASSESS.GET canary-model CANARYLAND canarysector TENANT canary-tenant").good();
    owner.ask(&format!("TIER.SET {TIER} PATTERN {TIER}:* PATTERN canary-entry:* TTL 1000 MINHIT 50")).good();
    owner.ask("CACHE.SET canary-entry:1 canary-value TAGS 1 canary-tag").good();
    owner.ask("CACHE.GET canary-entry:1").good();
    owner.ask("CACHE.SET canary-entry:hidden canary-value").good();
    owner.ask("CACHE.FETCH canary-entry:2 LEASE 3600000").good();
    owner.ask("JOB.SUBMIT canary-queue canary-type canary-payload ID canary-job GROUP canary-group").good();
    owner.ask("JOB.SCHEDULE canary-queue canary-schedule EVERY 3600000 canary-type canary-payload").good();
    server.write("mini.csv", mini::TABLE);
    owner.ask("JOB.SUBMIT canary-hidden-queue t p").good();
    let mut low = server.client();
    low.ask("AUTH low low").good();
    low.ask("MODEL.LOAD low:model IO FILE mini.csv HISTORY 10").good();
    low.await_ready("low:model");
    low.ask("JOB.SUBMIT low:queue t p ID a").good();
    low.ask("CACHE.SET low:entry v TTL 1000").good();
    (server, owner, low)
}

/// All texts of a reply, one after the other.
fn texts(reply: &Reply, into: &mut String) {
    match reply {
        Reply::Simple(text) | Reply::Error(text) => into.push_str(text),
        Reply::Bulk(bytes) => into.push_str(&String::from_utf8_lossy(bytes)),
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => items.iter().for_each(|item| texts(item, into)),
        Reply::Map(pairs) => pairs.iter().for_each(|(name, value)| {
            texts(name, into);
            texts(value, into);
        }),
        Reply::Nil | Reply::Integer(_) | Reply::Double(_) | Reply::Boolean(_) => {}
    }
    into.push('\n');
}

/// Asserts that a reply shows nothing but what its reader knows.
#[track_caller]
fn assert_shows_nothing(server: &Server, known: &[String], sent: &[String], reply: &Reply) {
    let mut text = String::new();
    texts(reply, &mut text);
    let command = sent[0].to_uppercase();
    // What the reader has sent, now or before, is not secret. Some errors repeat an option in upper case.
    let words = known.iter().filter(|word| word.len() > 3).map(|word| word.to_lowercase());
    let shown = words.fold(text.to_lowercase(), |text, word| text.replace(&word, ""));
    let tier_is_shown = SHOW_TIERS.contains(&command.as_str()) || command == "INFO";
    // `TIER.INFO` lists the patterns of the tier, of which one has the canary.
    let shown = if tier_is_shown { shown.replace("canary-entry:*", "") } else { shown };
    assert!(!shown.contains(CANARY), "{sent:?}: {text}");
    let names_tier = tier_is_shown || sent.iter().any(|word| word == TIER);
    assert!(names_tier || !shown.contains(TIER), "{sent:?}: {text}");
    for folder in [server.folder().to_str().expect("UTF-8"), env!("CARGO_MANIFEST_DIR"), "/proc/", "/etc/", ".rs:"] {
        assert!(!shown.contains(&folder.to_lowercase()), "{sent:?}: {text}");
    }
}

/// The tokens of a command's arguments, from `COMMAND DOCS`.
fn tokens(docs: &Reply, into: &mut Vec<String>) {
    for (name, value) in docs.map() {
        match name.as_str() {
            "token" => into.push(value.text()),
            "arguments" => value.array().iter().for_each(|argument| tokens(argument, into)),
            _ => {}
        }
    }
}

/// Words that a curious user would try. No number is 0: `BLOCK 0` waits without limit.
fn vocabulary(server: &Server) -> Vec<String> {
    let folder = server.folder().display();
    let mut words: Vec<String> = [
        "low:model",
        "low:model",
        "low:queue",
        "low:entry",
        "low:new",
        "a",
        "t",
        "p",
        "1",
        "2",
        "0000000000000001",
        "USA",
        "C10",
        "CHN",
        "{}",
        "[]",
        "{\"USA\":1}",
        "{\"CANARYLAND\":1}",
        "x",
        "*",
        "-1",
        "1.5",
        "mini.csv",
        "..",
        ".",
        "/",
        "../../../etc/passwd",
        "/etc/passwd",
        "/proc/self/environ",
        "IO",
        "SCORE",
        "ORIGIN",
        "risk",
        "output",
        "region",
        "canary-model",
        "canary-entry:1",
        "canary-entry:2",
        "canary-queue",
        "canary-job",
        "CANARYLAND",
        "canarysector",
        "canary-tag",
        "canary-file.csv",
        TIER,
        "import",
        "assess",
        "{\"path\":\"/etc/passwd\"}",
    ]
    .map(str::to_owned)
    .to_vec();
    words.push(format!("{folder}/db/dump.rdb"));
    words.push(format!("{folder}/tables/canary-file.csv"));
    words
}

#[test]
fn no_reply_shows_data_of_another_user_or_a_path() {
    let (server, mut owner, mut low) = served();
    let mut random = Random::new(SEED);
    let words = vocabulary(&server);
    // The longest first: some contain others.
    let mut known: Vec<String> = words.iter().filter(|word| *word != TIER).cloned().collect();
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let pick = |random: &mut Random, from: &[String]| from[random.below(from.len())].clone();
    // In an order of its own: that of the server differs from start to start, and the lines with it.
    let mut names = owner.ask("COMMAND LIST FILTERBY MODULE assess").texts();
    names.sort();
    for name in names {
        let docs = low.ask(&format!("COMMAND DOCS {name}")).map()[&name].clone();
        assert_shows_nothing(&server, &known, &["COMMAND".into()], &docs);
        let mut options = Vec::new();
        tokens(&docs, &mut options);
        options.push("x".into());
        for line in 0..LINES {
            let mut sent = vec![name.clone()];
            // Most lines begin with a key of their user: others are refused immediately.
            if line % 4 > 0 {
                sent.push(pick(&mut random, &words[..5]));
            }
            for _ in 0..random.below(9) {
                let from = if random.below(3) == 0 { &options } else { &words };
                sent.push(pick(&mut random, from));
            }
            // A job may have the name as its type, and a later reply shows that: it would not come from the tier.
            if name.starts_with("job.") {
                sent.retain(|word| word != TIER);
            }
            let reply = low.call(&sent);
            assert_shows_nothing(&server, &known, &sent, &reply);
        }
    }
    for line in ["INFO assess", "CACHE.HEALTH", "CACHE.METRICS", "CACHE.STATS", "TIER.LIST", "CACHE.HOT displayed"] {
        let sent: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let reply = low.call(&sent);
        assert_shows_nothing(&server, &known, &sent, &reply);
    }
    // The data of the owner are unchanged.
    assert_eq!(owner.ask("CACHE.GET canary-entry:1"), Reply::bulk("canary-value"));
    owner.ask("ASSESS.GET canary-model CANARYLAND canarysector").good();
    wait_until("nothing is left to do", || owner.info_number("assess", "backlog") == 0);
    assert_eq!(owner.info_number("assess", "panics"), 0);
}

#[test]
fn the_log_does_not_show_values_or_passwords() {
    let (server, _owner, mut low) = served();
    for line in
        ["CACHE.SET low:1 low-value TTL 1000", "JOB.SUBMIT low:queue t low-payload", "MODEL.SET low:2 IO low-bytes"]
    {
        low.ask(line);
    }
    low.ask("MODEL.LOAD low:3 IO FILE ../../etc/passwd");
    let log = server.log();
    for secret in ["canary-value", "canary-payload", "canary-password", "low-value", "low-payload", "low-bytes"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
