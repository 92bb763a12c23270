//! The LMTP listener as an MTA meets it: its replies, its patience, its socket.

use mannerly::config::LmtpAddress;
use mannerly::db::Kind;
use mannerly::incoming::{self, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::incoming_corpus::{DOMAIN, Letter, receiving_brand, running_campaign};
use crate::support::lmtp::Lmtp;
use crate::support::server::TestServer;

both_databases! {
    async fn too_many_recipients_are_no_fault(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        receiving_brand(&server);
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        mta.say("LHLO mx.example").await;
        mta.say("MAIL FROM:<>").await;
        for number in 0..130 {
            let reply = mta.say(&format!("RCPT TO:<fbl@{DOMAIN}>")).await;
            assert!(reply.starts_with(if number < 100 { "250 " } else { "452 4.5.3" }), "{number}: {reply}");
        }
        assert!(mta.say("RSET").await.starts_with("250 "));
        // Faults of before a good message are forgotten.
        for _ in 0..3 {
            for _ in 0..15 {
                assert!(mta.say("PIGEON").await.starts_with("500 "));
            }
            assert!(mta.deliver(&format!("fbl@{DOMAIN}"), "Subject: x\n\n").await.starts_with("250 "));
        }
    }

    async fn the_listener_speaks_lmtp(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let [ana, ben] = ["ana@example.com", "ben@example.com"].map(|to| Letter::sent(&server, &brand, campaign, to));
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        assert!(mta.say("MAIL FROM:<>").await.starts_with("503 "));
        assert!(mta.say("EHLO mx.example").await.starts_with("500 "));
        let hello = mta.say("LHLO mx.example").await;
        for word in ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 10485760"] {
            assert!(hello.contains(word), "{hello}");
        }
        for (command, code) in [
            ("DATA", "503 5.5.1"),
            ("RCPT TO:<fbl@in.civic.example>", "503 5.5.1"),
            ("MAIL FROM:<> SIZE=99999999", "552 5.3.4"),
            ("MAIL FROM:<> RET=HDRS", "555 5.5.4"),
            ("MAIL FROM", "501 5.5.4"),
            ("VRFY ana", "252 2.1.5"),
            ("NOOP", "250 2.0.0"),
            ("STARTTLS", "500 5.5.2"),
            (&"x".repeat(5_000), "500 5.5.2"),
            ("mail from:<péter@例え.example> BODY=8BITMIME SMTPUTF8 SIZE=100", "250 2.1.0"),
            ("MAIL FROM:<>", "503 5.5.1"),
            ("RCPT TO:<info@in.civic.example>", "550 5.1.1"),
            ("RCPT TO:<postmaster@in.civic.example>", "550 5.1.1"),
            ("RCPT TO:<fbl@elsewhere.example>", "550 5.1.1"),
            ("DATA", "503 5.5.1"),
            ("RSET", "250 2.0.0"),
        ] {
            let reply = mta.say(command).await;
            assert!(reply.starts_with(code), "{command:.60}: {reply}");
        }
        // All at once; one reply for each recipient that was taken, and the next command behind the dot.
        let message = ana.message("postfix_unknown_user").replace('\n', "\r\n");
        mta.send(&format!(
            "MAIL FROM:<>\r\nRCPT TO:<{}>\r\nRCPT TO:<nobody@{DOMAIN}>\r\nRCPT TO:<{}>\r\nDATA\r\n{message}\r\n..\r\n.\r\nQUIT\r\n",
            ana.mailbox("b"), ben.mailbox("b"),
        )).await;
        for code in ["250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "354 ", "250 2.0.0", "250 2.0.0", "221 "] {
            let reply = mta.reply().await;
            assert!(reply.starts_with(code), "{code}: {reply}");
        }
        assert_eq!(mta.reply().await, "");
        for letter in [&ana, &ben] {
            assert_eq!(letter.fate(&server).bounce.as_deref(), Some("bad_address"));
        }
    }
}

#[tokio::test]
async fn a_socket_left_by_a_dead_server_is_taken_over_and_taken_away_at_the_end() {
    let server = TestServer::start(Kind::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = LmtpAddress::parse(&format!("unix:{}", path.display())).unwrap();
    let listener = Listener::bind(&address).unwrap();
    assert!(Listener::bind(&address).is_err(), "one that somebody listens on stays");
    let serving = tokio::spawn(incoming::serve(server.app.clone(), listener));
    let mut wire = tokio::net::UnixStream::connect(&path).await.unwrap();
    wire.write_all(b"QUIT\r\n").await.unwrap();
    let mut said = String::new();
    wire.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("\r\n221 "), "{said}");
    server.app.stop();
    serving.await.unwrap();
    assert!(!path.exists());
}
