//! The program as it is typed: what each command says, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

/// The program with nothing of our own environment.
fn mannerly(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mannerly"))
        .args(arguments)
        .env_clear()
        .current_dir(folder)
        .output()
        .expect("the program should run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[track_caller]
pub(crate) fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = mannerly(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
pub(crate) fn fails(folder: &Path, arguments: &[&str]) -> String {
    let output = mannerly(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn check_config_reports_all_problems_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        "check-config",
        "--secret",
        "short",
        "--mail",
        "pigeon",
        "--listen",
        "here",
        "--connections",
        "0",
        "--hello",
        "no name",
        "--mail-ca",
        "ca.pem",
        "--lease",
        "4",
        "--quiet-time",
        "59",
        "--client-timeout",
        "0",
        "--lmtp",
        "letterbox",
        "--maildir",
        "nowhere",
    ];
    let said = fails(folder.path(), &wrong);
    let fields = [
        "secret",
        "mail",
        "listen",
        "connections",
        "hello",
        "mail-ca",
        "lease",
        "quiet-time",
        "client-timeout",
        "lmtp",
        "maildir",
    ];
    for field in fields.map(|field| format!("--{field}: ")) {
        assert!(said.lines().any(|line| line.starts_with(&field)), "{field} in\n{said}");
    }
    let secret = "0123456789abcdef0123456789abcdef";
    assert_eq!(succeeds(folder.path(), &["check-config", "--secret", secret]), "The configuration is good.");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "checking makes no file");
}

#[test]
fn check_config_refuses_what_no_mail_could_leave_with() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    let secret = "a secret of the tests and of nothing else";
    for (arguments, problem) in [
        (&["--mail", "smtps://mail.example.com", "--hello", "no name"][..], "--hello: "),
        (&["--mail", "smtp://127.0.0.1", "--mail-ca", "ca.pem"], "--mail-ca: "),
        (&["--mail", "folder:ca.pem"], "--mail: The folder ca.pem cannot be made"),
        (&["--mail", "folder:ca.pem/mail"], "--mail: The folder ca.pem/mail cannot be made"),
        (&["--mail", "a=smtp://a.example,b=smtp://b.example", "--connections", "1"], "choose 2 or more"),
    ] {
        let said = fails(folder.path(), &[&["check-config", "--secret", secret], arguments].concat());
        assert!(said.contains(problem) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
    let made = ["check-config", "--secret", secret, "--mail", "folder:mail"];
    succeeds(folder.path(), &made);
    assert!(folder.path().join("mail").is_dir());
}

#[test]
fn an_api_key_is_made_listed_without_itself_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["migrate"]);
    let key =
        succeeds(folder.path(), &["api-key", "create", "--name", "CRM", "--scopes", "read_person,campaigns"]);
    assert!(key.starts_with("mk_"), "{key}");
    let listed = succeeds(folder.path(), &["api-key", "list"]);
    assert!(
        listed.contains("CRM") && listed.contains("read_person,campaigns") && !listed.contains(&key),
        "{listed}"
    );
    let id = listed.split(' ').next().unwrap();
    succeeds(folder.path(), &["api-key", "revoke", id]);
    assert!(succeeds(folder.path(), &["api-key", "list"]).contains("revoked"));
    let unknown = fails(folder.path(), &["api-key", "create", "--name", "CRM", "--scopes", "everything"]);
    assert!(unknown.contains("read_person"), "{unknown}");
}

#[test]
fn the_demo_sends_to_those_who_agreed_and_a_second_run_sends_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--people", "40", "--listen", "127.0.0.1:9", "--exit"];
    let letters = || {
        let mails = std::fs::read_dir(folder.path().join("demo/mail")).unwrap();
        mails.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    let said = succeeds(folder.path(), &demo);
    assert!(said.contains("24 letters sent, 16 people skipped"), "{said}");
    // With its line break: the signature names it, too.
    let marketing = letters().iter().filter(|mail| mail.contains("\nList-Unsubscribe: ")).count();
    assert_eq!(marketing, 24);
    assert_eq!(letters().len(), 26, "and two people are asked to confirm");
    let signed = letters().iter().filter(|mail| mail.matches("DKIM-Signature: ").count() == 2).count();
    let one_click = letters().iter().filter(|mail| mail.contains("\nList-Unsubscribe-Post: ")).count();
    assert_eq!((signed, one_click), (26, 24));
    for secret in ["secret", "api-key"] {
        use std::os::unix::fs::PermissionsExt;
        let about = std::fs::metadata(folder.path().join("demo").join(secret)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{secret}");
    }
    let again = succeeds(folder.path(), &demo);
    let key = |said: &str| said.lines().find(|line| line.contains("API key")).unwrap().to_owned();
    assert_eq!(key(&again), key(&said));
    assert_eq!(letters().len(), 26);
    let moved = fails(folder.path(), &["demo", "--listen", "127.0.0.1:10", "--exit"]);
    assert!(moved.contains("127.0.0.1:9"), "{moved}");
}

#[test]
fn two_servers_never_share_an_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("mannerly.db.lock")).unwrap();
    lock.try_lock().unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let said = fails(
        folder.path(),
        &["serve", "--secret", secret, "--listen", "127.0.0.1:0", "--mail", "folder:mail"],
    );
    assert!(said.contains("Another server is using mannerly.db"), "{said}");
}

#[test]
fn openapi_prints_the_document_that_the_server_serves() {
    let folder = tempfile::tempdir().unwrap();
    let printed: serde_json::Value = serde_json::from_str(&succeeds(folder.path(), &["openapi"])).unwrap();
    assert_eq!(printed["openapi"].as_str().map(|version| version.starts_with("3.1")), Some(true));
    assert_eq!(printed, serde_json::to_value(mannerly::web::openapi::document()).unwrap());
}

#[test]
fn an_import_keeps_the_good_rows_and_names_the_line_of_each_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["demo", "--people", "1", "--listen", "127.0.0.1:9", "--exit"]);
    let secret = std::fs::read_to_string(folder.path().join("demo/secret")).unwrap();
    let file = "email,topics,consented_at\nana@example.com,newsletter:email,2026-05-01T10:00:00Z\nnobody,,\n";
    std::fs::write(folder.path().join("people.csv"), file).unwrap();
    let import = [
        "import",
        "people.csv",
        "--brand",
        "civic",
        "--source",
        "Fair",
        "--wording",
        "Send me the newsletter.",
        "--database-url",
        "sqlite:demo/mannerly.db",
        "--secret",
        &secret,
    ];
    let said = succeeds(folder.path(), &import);
    assert!(said.starts_with("line 3: ") && said.contains("2 rows: 1 people new"), "{said}");
    assert!(!said.contains("nobody"), "{said}");
}
