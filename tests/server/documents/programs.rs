//! Runs examples that are programs: shell, Python and Node. Each gets the address of the document's server.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Server, reference};

/// The longest time of a program, in seconds.
const TIMEOUT_S: &str = "120";

/// Runs shell commands in the server's data folder, a copy of `samples/` with `scripts/` in it. `redis-cli` there
/// connects to the server, and an error reply ends the script.
pub(super) fn shell(root: &Path, server: &Server, script: &str) -> Result<(), String> {
    let folder = TempDir::new().expect("a temporary folder");
    let wrapper = folder.path().join("redis-cli");
    let real = real("redis-cli");
    let text = format!("#!/bin/sh\nexec '{}' -e -p {} \"$@\"\n", real.display(), server.port());
    std::fs::write(&wrapper, text).expect("a file in a temporary folder");
    std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755)).expect("a file of our own");
    let scripts = server.tables().join("scripts");
    if !scripts.exists() {
        symlink(root.join("scripts"), &scripts).expect("a link in a temporary folder");
    }
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    passes(program("bash").args(["-eu", "-c", script]).current_dir(server.tables()).env("PATH", path))
}

/// The file of a program in `PATH`.
fn real(program: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{program} is not installed: run scripts/setup"))
}

/// Runs a Python script with redis-py and `clients/python`.
pub(super) fn python(root: &Path, document: &str, server: &Server, script: &str) -> Result<(), String> {
    let Some(libraries) = reference::clients(document, "python") else { return Ok(()) };
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("document.py");
    let port = format!("redis.Redis(port={}, ", server.port());
    let script = script.replace("redis.asyncio.Redis(", &port.replace("redis.", "redis.asyncio."));
    std::fs::write(&file, script.replace("redis.Redis(", &port)).expect("a file in a temporary folder");
    let python = libraries.join("bin/python");
    passes(
        program(&python.display().to_string())
            .arg("-B")
            .arg(file)
            .current_dir(server.tables())
            .env("PYTHONPATH", root.join("clients/python"))
            .env("REDIS_URL", server.url()),
    )
}

/// Runs a Node script with node-redis and the package of `clients/node`.
pub(super) fn node(document: &str, server: &Server, script: &str) -> Result<(), String> {
    let Some(libraries) = reference::clients(document, "node") else { return Ok(()) };
    let folder = TempDir::new_in(&libraries).expect("a folder below the libraries");
    reference::node_package(folder.path());
    let file = folder.path().join("document.mjs");
    // The script exits even if it leaves connections open.
    std::fs::write(&file, addressed(script, &server.url()) + "\nprocess.exit(0);\n")
        .expect("a file in a temporary folder");
    passes(program("node").arg(file).current_dir(server.tables()).env("REDIS_URL", server.url()))
}

/// The script with the server's address in every `createClient(..)`.
fn addressed(script: &str, url: &str) -> String {
    let mut parts = script.split("createClient(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        text.push_str(&match rest.strip_prefix('{') {
            Some(options) => format!("createClient({{ url: '{url}', {options}"),
            None => format!("createClient({{ url: '{url}' }}{rest}"),
        });
    }
    text
}

fn program(name: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args([TIMEOUT_S, name]).stdin(Stdio::null());
    command
}

/// Runs a program to its end. The error has its exit status and its output.
fn passes(command: &mut Command) -> Result<(), String> {
    let output = command.output().expect("timeout is installed");
    if output.status.success() {
        return Ok(());
    }
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{}\n{printed}{errors}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_client_gets_the_address() {
        let script = "const a = createClient();\nconst b = await createClient({ RESP: 3 }).connect();\n";
        let expected = "const a = createClient({ url: 'u' });\n\
                        const b = await createClient({ url: 'u',  RESP: 3 }).connect();\n";
        assert_eq!(addressed(script, "u"), expected);
    }
}
