//! The schema under a program that is older or newer, and a database that is not there: only what runs the server or was
//! asked to makes or changes one; everything else says what to do.

use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use crate::cli::{fails, succeeds};
use crate::support::postgres::TestDatabase;
use crate::support::programs::{self, Port, Program, until};
use crate::support::server::SECRET;

/// Each command that works on a database which somebody else has made.
const GUESTS: [&[&str]; 6] = [
    &["api-key", "create", "--name", "CRM", "--scopes", "admin"],
    &["api-key", "list"],
    &["dkim", "create", "civic.example", "--secret", SECRET],
    &[
        "import",
        "people.csv",
        "--brand",
        "civic",
        "--source",
        "Fair",
        "--wording",
        "Yes.",
        "--secret",
        SECRET,
    ],
    &["preflight", "civic", "--dns", "none", "--secret", SECRET, "--mail", "folder:mail"],
    &["report"],
];

fn sqlite(folder: &Path) -> SqliteConnection {
    SqliteConnection::establish(folder.join("mannerly.db").to_str().unwrap()).unwrap()
}

/// Runs `mannerly receive` on the folder's database; returns the code that it ends with and what it says.
fn receive(folder: &Path) -> (Option<i32>, String) {
    let message = "Subject: a report\n\n";
    programs::receive(&["--to", "fbl@in.civic.example"], message, |command| command.current_dir(folder))
}

#[test]
fn a_command_in_the_wrong_folder_says_so_and_makes_no_empty_database() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.csv"), "email\n").unwrap();
    for guest in GUESTS {
        let said = fails(folder.path(), guest);
        let missing = folder.path().canonicalize().unwrap().join("mannerly.db");
        assert!(said.contains(&format!("There is no database {}", missing.display())), "{guest:?}: {said}");
        assert!(said.contains("mannerly migrate"), "{guest:?}: {said}");
        assert!(!missing.exists(), "{guest:?}");
    }
    let (code, said) = receive(folder.path());
    assert!(code == Some(75) && said.contains("There is no database"), "{said}");
    assert!(!folder.path().join("mannerly.db").exists());
    succeeds(folder.path(), &["migrate"]);
    assert_eq!(succeeds(folder.path(), &["api-key", "list"]), "");
}

#[test]
fn an_older_schema_stays_as_it_is_until_somebody_says_migrate() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.csv"), "email\n").unwrap();
    succeeds(folder.path(), &["migrate"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let migrations = || FileBasedMigrations::from_path(&root).unwrap();
    sqlite(folder.path()).revert_last_migration(migrations()).unwrap();
    for guest in GUESTS {
        let said = fails(folder.path(), guest);
        assert!(said.contains("run: mannerly migrate"), "{guest:?}: {said}");
    }
    let (code, said) = receive(folder.path());
    assert!(code == Some(75) && said.contains("run: mannerly migrate"), "the mail waits: {said}");
    assert_eq!(sqlite(folder.path()).pending_migrations(migrations()).unwrap().len(), 1);

    let lock = std::fs::File::create(folder.path().join("mannerly.db.lock")).unwrap();
    lock.try_lock().unwrap();
    let running = fails(folder.path(), &["migrate"]);
    assert!(running.contains("Another server is using"), "{running}");
    lock.unlock().unwrap();
    succeeds(folder.path(), &["migrate"]);
    lock.try_lock().unwrap();
    succeeds(folder.path(), &["migrate"]);
    assert_eq!(succeeds(folder.path(), &["api-key", "list"]), "");
}

#[test]
fn a_database_of_a_newer_version_is_refused_by_everything() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.csv"), "email\n").unwrap();
    succeeds(folder.path(), &["migrate"]);
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
    sqlite(folder.path()).batch_execute(newer).unwrap();
    let serve = ["serve", "--secret", SECRET, "--listen", "127.0.0.1:0", "--mail", "folder:mail"];
    for command in GUESTS.into_iter().chain([&["migrate"][..], &serve]) {
        let said = fails(folder.path(), command);
        assert!(said.contains("made by a newer version of Mannerly"), "{command:?}: {said}");
    }

    let database = TestDatabase::migrated();
    PgConnection::establish(database.url()).unwrap().batch_execute(newer).unwrap();
    let said = fails(folder.path(), &["migrate", "--database-url", database.url()]);
    assert!(said.contains("made by a newer version of Mannerly"), "{said}");
}

#[test]
fn a_server_does_not_start_on_a_database_that_it_cannot_write() {
    let (database, folder) = (TestDatabase::migrated(), tempfile::tempdir().unwrap());
    let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', \
                     current_database()); END $$";
    PgConnection::establish(database.url()).unwrap().batch_execute(read_only).unwrap();
    let serve = ["serve", "--mail", "folder:mail", "--secret", SECRET, "--listen", "127.0.0.1:0"];
    let said = fails(folder.path(), &[&serve[..], &["--database-url", database.url()]].concat());
    assert!(said.contains("can be read and not written"), "{said}");
}

#[test]
fn servers_that_start_at_once_on_a_new_postgres_make_its_schema_once_and_all_run() {
    for _ in 0..3 {
        let (database, folder) = (TestDatabase::empty(), tempfile::tempdir().unwrap());
        let ports: Vec<Port> = (0..3).map(|_| Port::reserve()).collect();
        let mut servers: Vec<Program> =
            ports.iter().map(|port| start(&database, folder.path(), port)).collect();
        for (server, port) in servers.iter_mut().zip(&ports) {
            until("it is ready or has ended", || is_ready(port) || server.0.try_wait().unwrap().is_some());
            let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert_eq!(server.0.try_wait().unwrap(), None, "it ended: {}", log());
        }
        assert_eq!(succeeds(folder.path(), &["api-key", "list", "--database-url", database.url()]), "");
    }
}

fn start(database: &TestDatabase, folder: &Path, port: &Port) -> Program {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_mannerly"));
    serve
        .args(["serve", "--mail", "folder:mail", "--secret", SECRET, "--database-url", database.url()])
        .args(["--listen", &format!("127.0.0.1:{}", port.number())])
        .env_clear()
        .current_dir(folder)
        .stderr(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap());
    Program(serve.spawn().unwrap())
}

/// Whether a server answers `/readyz`, which it does when its database is there.
fn is_ready(port: &Port) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port.number())) else { return false };
    stream.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200 ")
}
