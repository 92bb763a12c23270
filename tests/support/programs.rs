//! Other programs that a test runs: the real binary, and a relay that keeps what it gets.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::support::server::{SECRET, TestServer};

/// A program that ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that is kept for a program of this test: bound, but nobody listens, so that no other test is given it.
pub(crate) struct Port {
    number: u16,
    _held: TcpSocket,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self { number: held.local_addr().unwrap().port(), _held: held }
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `smtp-sink`, which keeps each mail as a file in the folder.
pub(crate) fn sink(folder: &Path, port: u16) -> Program {
    use std::os::unix::fs::PermissionsExt;
    // As root it insists on being somebody else, who has to be able to write here.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let template = format!("{}/mail.", folder.display());
    let mut command = Command::new("smtp-sink");
    if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
        command.args(["-u", "nobody"]);
    }
    let child = command.args(["-4", "-d", &template, &format!("127.0.0.1:{port}"), "100"]).spawn();
    let program = Program(child.expect("smtp-sink should start; ./test installs it"));
    until("smtp-sink listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    program
}

/// The command that runs the real binary on the database of a test.
pub(crate) fn serve(server: &TestServer, relay: u16, connections: i64, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mannerly"));
    command
        .arg("serve")
        .env_clear()
        .env("DATABASE_URL", server.database_url())
        .env("MANNERLY_SECRET", SECRET)
        .env("MANNERLY_MAIL", format!("smtp://127.0.0.1:{relay}"))
        .env("MANNERLY_LISTEN", format!("127.0.0.1:{port}"))
        .env("MANNERLY_CONNECTIONS", connections.to_string())
        .env("MANNERLY_DNS", "none")
        .env("MANNERLY_LOG", "debug")
        .stdout(Stdio::null());
    command
}

/// Hands a message to `mannerly receive`, as a mail system's pipe does; `adjust` says where it runs and with what settings.
/// Returns the code that it ends with, and what it writes to standard error.
pub(crate) fn receive(
    arguments: &[&str],
    message: &str,
    adjust: impl FnOnce(&mut Command) -> &mut Command,
) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mannerly"));
    command.arg("receive").args(arguments).env_clear().env("MANNERLY_SECRET", SECRET);
    let piped = adjust(&mut command).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // It may end before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(message.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Looks again and again; the other side is another process, so there is nothing to wait on.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
