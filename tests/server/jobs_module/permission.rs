//! Who may submit jobs that the module runs, and warm models.

use crate::harness::{Client, Server, wait_until};

fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

#[test]
fn only_users_with_access_to_every_key_submit_jobs_of_the_module() {
    let (server, mut admin) = Server::with_mini(&[]);
    let mut narrow = user(&server, &mut admin, "~q ~assess:jobs:* +@all");
    let import = r#"{"items":[{"key":"secret","value":"1","ttl_ms":5000}]}"#;
    for job_type in ["assess", "warm", "load", "import"] {
        for command in [
            vec!["JOB.SUBMIT", "q", job_type, import],
            vec!["JOB.SUBMIT", "assess:jobs:{icio}", job_type, import],
            vec!["JOB.SUBMITMANY", "q", "2", "mail", "1", job_type, import],
            vec!["JOB.SCHEDULE", "q", "s", "EVERY", "60000", job_type, import],
        ] {
            assert_eq!(narrow.call(&command).code(), "NOPERM", "{command:?}");
        }
    }
    assert!(!admin.exists("q"));
    narrow.ask("JOB.SUBMIT q mail 1").good();
    let mut wide = user(&server, &mut admin, "~* +@all");
    wide.call(&["JOB.SUBMIT", "q", "import", import]).good();
    admin.await_key("secret");
}

#[test]
fn a_user_who_may_read_a_model_may_warm_it() {
    let (server, mut admin) = Server::with_mini(&[]);
    let mut reader = user(&server, &mut admin, "~icio +@all");
    reader.ask("ASSESS.WARM icio ALL").good();
    wait_until("all assessments are cached", || admin.call(&["KEYS", "assessment:*"]).array().len() == 4);
    let mut other = user(&server, &mut admin, "~other +@all");
    assert_eq!(other.ask("ASSESS.WARM icio ALL").code(), "NOPERM");
}
