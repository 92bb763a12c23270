//! The other two doors for mail: `mannerly receive` as a mail system's pipe runs it, and a maildir. And the first one
//! again, in the real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use mannerly::config::Options;
use mannerly::db::{DbConnection, Kind};
use mannerly::error::Error;
use mannerly::jobs::read_maildir;

use crate::incoming_corpus::{DOMAIN, Fate, Letter, expectations, receiving_brand, running_campaign};
use crate::support::dkim::{provider_record, sender_domain};
use crate::support::dns::{NameServer, txt};
use crate::support::lmtp::Lmtp;
use crate::support::postgres::set_reachable;
use crate::support::programs::{self, Port, Program, free_port, serve, until};
use crate::support::server::{SECRET, TestServer};

/// Runs `mannerly receive` and returns the code that it ends with.
fn receive(server: &TestServer, arguments: &[&str], message: &str) -> Option<i32> {
    receive_into(server.database_url(), "none", arguments, message)
}

fn receive_into(database: &str, dns: &str, arguments: &[&str], message: &str) -> Option<i32> {
    let settings = [("DATABASE_URL", database), ("MANNERLY_DNS", dns)];
    programs::receive(arguments, message, |command| command.envs(settings)).0
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
        assert_eq!(receive_into("postgres://127.0.0.1:1/none", "none", &["--to", &to], &dead), Some(75));
        assert_eq!(receive_into("sqlite:/nowhere/at/all.db", "none", &["--to", &to], &dead), Some(75));
        assert_eq!(receive(&server, &["--to", &format!("b+{}@{DOMAIN}", "a".repeat(40))], &dead), Some(0));
        assert_eq!(server.snapshot(), before);
        assert_eq!(receive(&server, &[&to], &dead), Some(0));
        assert_eq!(letter.fate(&server).bounce.as_deref(), Some("bad_address"));
        let unsubscribes = Letter::sent(&server, &brand, campaign, "ben@example.com");
        let (to, message) = (unsubscribes.mailbox("u"), unsubscribes.message("apple_mail_mailto"));
        assert_eq!(receive(&server, &["--to", &to], &message), Some(0));
        assert!(!unsubscribes.fate(&server).gets_email);
    }

    async fn receive_asks_dns_who_signed_a_report(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let report = letter.report(&server, "jmrp_abuse").replace("\r\n", "\n");
        let (name, text) = provider_record(sender_domain(&report));
        let names = NameServer::start([txt(&name, &text)]);
        let receive = |dns: &str| receive_into(server.database_url(), dns, &["--to", &letter.mailbox("fbl")], &report);
        assert_eq!(receive("nobody"), Some(75), "a setting that cannot be used must not lose it");
        assert_eq!(receive(&format!("127.0.0.1:{}", free_port())), Some(75), "nobody answers");
        assert_eq!(receive("none"), Some(0));
        assert_eq!(letter.fate(&server), Fate::untouched());
        assert_eq!(receive(&names.address.to_string()), Some(0));
        assert!(letter.fate(&server).complained);
    }
}

/// An empty maildir, which goes away with its folder.
fn maildir() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().to_owned();
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(maildir.join(name)).unwrap();
    }
    (folder, maildir)
}

async fn a_maildir_is_read(kind: Kind) {
    let (_folder, maildir) = maildir();
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
            &format!("{header}: {}\n{}", letter.mailbox(to), letter.report(&server, name))
                .replace("\r\n", "\n"),
        );
        letters.push(letter);
    }
    let by_to = Letter::sent(&server, &brand, campaign, "to@example.com");
    put("7.to.mx", &by_to.message("sendmail_unknown_user"));
    put("8.foreign.mx", "To: info@elsewhere.example\n\nHello");
    put(".hidden", "To: nobody");
    std::fs::create_dir(maildir.join("new/9.folder")).unwrap();
    read_maildir::run_once(&server.app).await.unwrap();
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

/// What stands in `new` of a maildir.
fn left(maildir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(maildir.join("new")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Whatever is to be written about this person's letter fails, as by a fault of ours, or does not any more.
fn set_failing(server: &TestServer, person: i64, fails: bool) {
    server.write(|conn, _| {
        let done = match (conn, fails) {
            (DbConnection::Sqlite(c), true) => c.batch_execute(&format!(
                "CREATE TRIGGER fault BEFORE UPDATE ON delivery WHEN NEW.subscriber_id = {person}
                 BEGIN SELECT RAISE(ABORT, 'a fault'); END"
            )),
            (DbConnection::Postgres(c), true) => c.batch_execute(&format!(
                "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a fault'; END $$;
                 CREATE TRIGGER fault BEFORE UPDATE ON delivery FOR EACH ROW
                 WHEN (NEW.subscriber_id = {person}) EXECUTE FUNCTION fault()"
            )),
            (DbConnection::Sqlite(c), false) => c.batch_execute("DROP TRIGGER fault"),
            (DbConnection::Postgres(c), false) => c.batch_execute("DROP TRIGGER fault ON delivery"),
        };
        Ok(done?)
    });
}

async fn one_bad_message_holds_up_no_other(kind: Kind) {
    let (_folder, maildir) = maildir();
    let mut server = TestServer::start_with(kind, |options| options.maildir = Some(maildir.clone())).await;
    server.leave_work_behind();
    let brand = receiving_brand(&server);
    let campaign = running_campaign(&server, &brand);
    let [unlucky, fine, later] = ["unlucky", "fine", "later"]
        .map(|name| Letter::sent(&server, &brand, campaign, &format!("{name}@example.com")));
    let put = |name: &str, letter: &Letter| {
        let message = format!("Delivered-To: {}\n{}", letter.mailbox("b"), letter.message("postfix_quota"));
        std::fs::write(maildir.join("new").join(name), message).unwrap();
    };
    // The first can be read and not be moved, because its flags do not fit behind its name.
    let immovable = "0".repeat(255);
    std::fs::write(maildir.join("new").join(&immovable), "To: info@elsewhere.example\n\nHello").unwrap();
    put("1.unlucky.mx", &unlucky);
    put("2.fine.mx", &fine);
    set_failing(&server, unlucky.person, true);
    let run = || read_maildir::run_once(&server.app);
    run().await.unwrap();
    assert_eq!(fine.fate(&server).bounce.as_deref(), Some("soft"));
    assert_eq!(left(&maildir), [immovable.clone(), "1.unlucky.mx".to_owned()]);
    assert_eq!(unlucky.fate(&server), Fate::untouched());

    // What is wrong does not go away within seconds; whoever comes meanwhile is not kept waiting.
    put("3.later.mx", &later);
    set_failing(&server, unlucky.person, false);
    run().await.unwrap();
    assert_eq!(later.fate(&server).bounce.as_deref(), Some("soft"));
    assert_eq!(left(&maildir), [immovable.clone(), "1.unlucky.mx".to_owned()]);
    server.advance(Duration::from_secs(60));
    run().await.unwrap();
    assert_eq!(unlucky.fate(&server).bounce.as_deref(), Some("soft"));
    assert_eq!(left(&maildir), [immovable]);
}

#[tokio::test]
async fn one_bad_message_holds_up_no_other_sqlite() {
    one_bad_message_holds_up_no_other(Kind::Sqlite).await;
}

#[tokio::test]
async fn one_bad_message_holds_up_no_other_postgres() {
    one_bad_message_holds_up_no_other(Kind::Postgres).await;
}

#[tokio::test]
async fn while_the_database_is_away_all_of_a_maildir_waits_and_none_of_it_longer() {
    let (_folder, maildir) = maildir();
    let options = |options: &mut Options| options.maildir = Some(maildir.clone());
    let mut server = TestServer::start_with(Kind::Postgres, options).await;
    server.leave_work_behind();
    let brand = receiving_brand(&server);
    let campaign = running_campaign(&server, &brand);
    let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
    let message = format!("Delivered-To: {}\n{}", letter.mailbox("b"), letter.message("postfix_quota"));
    std::fs::write(maildir.join("new/1.mx"), message).unwrap();
    set_reachable(server.database_url(), false);
    let away = read_maildir::run_once(&server.app).await;
    set_reachable(server.database_url(), true);
    assert!(matches!(away, Err(Error::Unavailable(_))), "{away:?}");
    read_maildir::run_once(&server.app).await.unwrap();
    assert_eq!(letter.fate(&server).bounce.as_deref(), Some("soft"));
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

both_databases! {
    async fn a_running_server_acts_on_what_is_put_into_its_maildir(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let [dead, leaving] = ["ana", "ben"]
            .map(|name| Letter::sent(&server, &brand, campaign, &format!("{name}@example.com")));
        server.write(|conn, now| mannerly::domain::campaign::state::pause(conn, campaign, None, now));
        let (_folder, maildir) = maildir();
        let port = Port::reserve();
        let mut command = serve(&server, 1, 1, port.number());
        let running = command.env("MANNERLY_MAILDIR", &maildir).stderr(Stdio::null()).spawn();
        let _running = Program(running.unwrap());
        until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_ok());
        // As a mail system does it: whole before it is seen.
        let put = |name: &str, to: String, message: String| {
            std::fs::write(maildir.join("tmp").join(name), format!("Delivered-To: {to}\n{message}")).unwrap();
            std::fs::rename(maildir.join("tmp").join(name), maildir.join("new").join(name)).unwrap();
        };
        put("1.mx", dead.mailbox("b"), dead.message("postfix_unknown_user"));
        until("the bounce is read", || dead.fate(&server).bounce.as_deref() == Some("bad_address"));
        put("2.mx", leaving.mailbox("u"), leaving.message("gmail_mailto"));
        until("the unsubscribe is read", || !leaving.fate(&server).gets_email);
        until("both are out of the way", || left(&maildir).is_empty());
        for name in ["1.mx:2,S", "2.mx:2,S"] {
            assert!(maildir.join("cur").join(name).exists(), "{name}");
        }
    }
}
