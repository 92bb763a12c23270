//! The other two doors for mail: `mannerly receive` as a mail system's pipe runs it, and a maildir. And the first one
//! again, in the real binary.

use std::io::Write;
use std::process::{Command, Stdio};

use mannerly::db::Kind;

use crate::incoming_corpus::{DOMAIN, Fate, Letter, expectations, receiving_brand, running_campaign};
use crate::support::lmtp::Lmtp;
use crate::support::programs::{Program, free_port, until};
use crate::support::server::{SECRET, TestServer};

/// Runs `mannerly receive` and returns the code that it ends with.
fn receive(server: &TestServer, arguments: &[&str], message: &str) -> Option<i32> {
    receive_into(server.database_url(), arguments, message)
}

fn receive_into(database: &str, arguments: &[&str], message: &str) -> Option<i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mannerly"))
        .arg("receive")
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", database)
        .env("MANNERLY_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may end before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(message.as_bytes());
    child.wait().unwrap().code()
}

both_databases! {
    async fn receive_takes_a_message_in_beside_a_running_server_and_ends_as_a_pipe_expects(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let dead = letter.message("postfix_unknown_user");
        let to = letter.mailbox("b");
        let before = server.snapshot();
        assert_eq!(receive(&server, &["--to", &format!("info@{DOMAIN}")], &dead), Some(67));
        assert_eq!(receive(&server, &["b+abc@elsewhere.example"], &dead), Some(67));
        assert_eq!(receive(&server, &["--to", &to], ""), Some(65));
        assert_eq!(receive(&server, &[], &dead), Some(64));
        assert_eq!(receive(&server, &["--to", &to, "--pigeon"], &dead), Some(64));
        assert_eq!(receive_into("postgres://127.0.0.1:1/none", &["--to", &to], &dead), Some(75));
        assert_eq!(receive_into("sqlite:/nowhere/at/all.db", &["--to", &to], &dead), Some(75));
        assert_eq!(receive(&server, &["--to", &format!("b+{}@{DOMAIN}", "a".repeat(40))], &dead), Some(0));
        assert_eq!(server.snapshot(), before);
        assert_eq!(receive(&server, &[&to], &dead), Some(0));
        assert_eq!(letter.fate(&server).bounce.as_deref(), Some("bad_address"));
        let unsubscribes = Letter::sent(&server, &brand, campaign, "ben@example.com");
        let (to, message) = (unsubscribes.mailbox("u"), unsubscribes.message("apple_mail_mailto"));
        assert_eq!(receive(&server, &["--to", &to], &message), Some(0));
        assert!(!unsubscribes.fate(&server).gets_email);
    }
}

async fn a_maildir_is_read(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().to_owned();
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(maildir.join(name)).unwrap();
    }
    let mut server = TestServer::start_with(kind, |options| options.maildir = Some(maildir.clone())).await;
    server.leave_work_behind();
    let brand = receiving_brand(&server);
    let campaign = running_campaign(&server, &brand);
    let put = |name: &str, message: &str| std::fs::write(maildir.join("new").join(name), message).unwrap();
    let mut letters = Vec::new();
    let known = expectations();
    for (number, (name, to, _)) in known.iter().filter(|(.., expected)| expected == "complaint").enumerate() {
        let letter = Letter::sent(&server, &brand, campaign, &format!("p{number}@example.com"));
        let header = ["Delivered-To", "X-Original-To", "Envelope-to"][number % 3];
        put(
            &format!("{number}.a.mx"),
            &format!("{header}: {}\n{}", letter.mailbox(to), letter.message(name)),
        );
        letters.push(letter);
    }
    let by_to = Letter::sent(&server, &brand, campaign, "to@example.com");
    put("7.to.mx", &by_to.message("sendmail_unknown_user"));
    put("8.foreign.mx", "To: info@elsewhere.example\n\nHello");
    put(".hidden", "To: nobody");
    std::fs::create_dir(maildir.join("new/9.folder")).unwrap();
    mannerly::jobs::read_maildir::run_once(&server.app).await.unwrap();
    for letter in &letters {
        assert!(letter.fate(&server).complained);
    }
    assert_eq!(by_to.fate(&server).bounce.as_deref(), Some("bad_address"));
    let listed = |folder: &str| {
        let files = std::fs::read_dir(maildir.join(folder)).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(listed("new"), [".hidden"]);
    let mut expected: Vec<String> = (0..letters.len()).map(|number| format!("{number}.a.mx:2,S")).collect();
    expected.extend(["7.to.mx:2,S".into(), "8.foreign.mx:2,".into(), "9.folder:2,".into()]);
    expected.sort();
    assert_eq!(listed("cur"), expected, "what could not be used is there, unread");
}

#[tokio::test]
async fn a_maildir_is_read_sqlite() {
    a_maildir_is_read(Kind::Sqlite).await;
}

#[tokio::test]
async fn a_maildir_is_read_postgres() {
    a_maildir_is_read(Kind::Postgres).await;
}

#[tokio::test]
async fn the_server_takes_mail_in_until_it_is_told_to_stop() {
    let mut server = TestServer::start(Kind::Sqlite).await;
    server.leave_work_behind();
    let brand = receiving_brand(&server);
    let campaign = running_campaign(&server, &brand);
    let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
    server.write(|conn, now| mannerly::domain::campaign::state::pause(conn, campaign, None, now));
    let (web, lmtp) = (free_port(), free_port());
    let child = Command::new(env!("CARGO_BIN_EXE_mannerly"))
        .arg("serve")
        .env_clear()
        .env("DATABASE_URL", server.database_url())
        .env("MANNERLY_SECRET", SECRET)
        .env("MANNERLY_LISTEN", format!("127.0.0.1:{web}"))
        .env("MANNERLY_LMTP", format!("127.0.0.1:{lmtp}"))
        .stderr(Stdio::null())
        .spawn();
    let mut running = Program(child.unwrap());
    until("the server listens for mail", || std::net::TcpStream::connect(("127.0.0.1", lmtp)).is_ok());
    let mut mta = Lmtp::connect(lmtp).await;
    let reply = mta.deliver(&letter.mailbox("b"), &letter.message("exim_dsn_unknown_user")).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    assert_ne!(letter.fate(&server), Fate::untouched());
    let told = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(mta.reply().await.starts_with("421 "), "whoever is connected is told");
    assert!(running.0.wait().unwrap().success());
}
