//! The transport against servers that follow a script, and against real TLS.

mod announced;
mod postfix;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use self::server::{POLITE, Script, Server, Wire};
use super::*;

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.leading dot\r\n.\r\nend\r\n";

struct Permit(EmailAddress);

impl Clearance for Permit {
    fn recipient(&self) -> &EmailAddress {
        &self.0
    }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn permit() -> Permit {
    Permit(address("ana@example.com"))
}

fn quick(extra_ca: Option<&Path>) -> Options {
    let limit = Duration::from_secs(5);
    Options {
        hello: Hello::parse("client.test").unwrap(),
        authorities: extra_ca.map(Authorities::read).transpose().unwrap().unwrap_or_default(),
        timeouts: Timeouts { connect: limit, command: limit, content: limit },
    }
}

impl Server {
    async fn connect(&self, query: &str) -> Connection<Permit> {
        let url = MailUrl::parse(&format!("smtp://127.0.0.1:{}{query}", self.port)).unwrap();
        Transport::new(&url, &quick(None)).unwrap().connect().await.unwrap()
    }

    /// What becomes of a message that was announced.
    async fn outcome(&self) -> Outcome {
        let mut connection = self.connect("").await;
        let from = address("bounce@brand.test");
        connection.announce(&permit(), &from).await;
        connection.hand_over(permit(), &from, MESSAGE).await
    }
}

#[tokio::test]
async fn a_message_arrives_dot_stuffed_and_for_the_person_whom_the_permit_names() {
    for (extensions, announced) in [("250-PIPELINING\r\n", false), ("250-PIPELINING\r\n", true), ("", true)] {
        let mut server = Server::start(&[Script { extensions, ..POLITE }]).await;
        let mut connection = server.connect("").await;
        if announced {
            connection.announce(&permit(), &address("bounce@brand.test")).await;
        }
        let outcome = connection.hand_over(permit(), &address("bounce@brand.test"), MESSAGE).await;
        assert_eq!(outcome, Outcome::Accepted(Reply::new(250, Some((2, 0, 0)))));
        connection.close().await;
        let said = server.heard();
        assert_eq!(
            said[said.len() - 5..],
            [
                "MAIL FROM:<bounce@brand.test>",
                "RCPT TO:<ana@example.com>",
                "DATA",
                "Subject: x\r\n\r\n..leading dot\r\n..\r\nend\r\n.\r\n",
                "QUIT"
            ],
            "{extensions}"
        );
    }
}

#[tokio::test]
async fn reports_are_asked_for_where_the_server_offers_dsn_and_only_there() {
    let with = [
        "MAIL FROM:<b+abc234@brand.test> RET=HDRS ENVID=abc234",
        "RCPT TO:<ana@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ana@example.com",
    ];
    let without = ["MAIL FROM:<b+abc234@brand.test>", "RCPT TO:<ana@example.com>"];
    for (extensions, announced, expected) in [
        ("250-PIPELINING\r\n250-DSN\r\n", false, with),
        ("250-PIPELINING\r\n250-dsn\r\n", true, with),
        ("250-DSN\r\n", true, with),
        ("250-PIPELINING\r\n250-DSNX\r\n", true, without),
        ("", false, without),
    ] {
        let mut server = Server::start(&[Script { extensions, ..POLITE }]).await;
        let mut connection = server.connect("").await;
        let from = address("b+abc234@brand.test");
        for _ in 0..2 {
            if announced {
                connection.announce(&permit(), &from).await;
            }
            let outcome = connection.hand_over(permit(), &from, MESSAGE).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{extensions}: {outcome:?}");
        }
        let said = server.heard();
        let spoken: Vec<&str> =
            said.iter().map(String::as_str).filter(|line| line.starts_with(['M', 'R'])).collect();
        assert_eq!(spoken, [expected, expected].concat(), "{extensions}");
        assert_eq!(said.iter().filter(|line| *line == "(connected)").count(), 1);
    }
    // The next server may offer less than the one that hung up.
    let dsn = "250-PIPELINING\r\n250-DSN\r\n";
    let tired = Script { extensions: dsn, mail: Some("421 4.4.2 enough"), ..POLITE };
    let mut server = Server::start(&[tired, Script { extensions: "", ..POLITE }]).await;
    let mut connection = server.connect("").await;
    let from = address("b+abc234@brand.test");
    connection.announce(&permit(), &from).await;
    let outcome = connection.hand_over(permit(), &from, MESSAGE).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    assert!(server.heard().iter().any(|line| line == without[0]));
}

#[tokio::test]
async fn a_message_that_begins_with_a_dot_is_stuffed_once() {
    let mut server = Server::start(&[POLITE]).await;
    let mut connection = server.connect("").await;
    let _ = connection
        .hand_over_service(&address("ana@example.com"), &address("b@brand.test"), b".a\r\n.b\r\n")
        .await;
    assert!(server.heard().contains(&String::from("..a\r\n..b\r\n.\r\n")));
}

#[tokio::test]
async fn one_connection_carries_many_messages_and_is_clean_after_a_refusal() {
    for extensions in ["250-PIPELINING\r\n", ""] {
        let refusing = Script { extensions, rcpt: Some("550 5.1.1 <ana@example.com> unknown"), ..POLITE };
        for data in ["554 5.5.1 no valid recipients", "354 go on"] {
            let mut server = Server::start(&[Script { data: Some(data), ..refusing.clone() }]).await;
            let mut connection = server.connect("").await;
            for _ in 0..3 {
                let outcome = connection.hand_over(permit(), &address("b@brand.test"), MESSAGE).await;
                let reply = Reply::new(550, Some((5, 1, 1)));
                assert_eq!(outcome, Outcome::Refused { stage: Stage::Recipient, reply });
            }
            let said = server.heard();
            assert_eq!(said.iter().filter(|line| *line == "RSET").count(), 3);
            assert_eq!(said.iter().filter(|line| *line == "(connected)").count(), 1);
            assert!(!said.iter().any(|line| line.contains("Subject")), "nothing may be sent to nobody");
        }
    }
}

#[tokio::test]
async fn each_reply_has_its_outcome_and_its_stage() {
    let reply = |code, enhanced| Reply::new(code, enhanced);
    for extensions in ["250-PIPELINING\r\n", ""] {
        let script = || Script { extensions, ..POLITE };
        for (script, wanted) in [
            (
                Script {
                    mail: Some("550 5.7.1 not you"),
                    rcpt: Some("503 x"),
                    data: Some("503 x"),
                    ..script()
                },
                Outcome::Refused { stage: Stage::Sender, reply: reply(550, Some((5, 7, 1))) },
            ),
            (
                Script { rcpt: Some("450 4.2.1 later"), data: Some("554 5.5.1 none"), ..script() },
                Outcome::Deferred { stage: Stage::Recipient, reply: Some(reply(450, Some((4, 2, 1)))) },
            ),
            (
                Script { data: Some("451 busy"), ..script() },
                Outcome::Deferred { stage: Stage::Content, reply: Some(reply(451, None)) },
            ),
            (
                Script { dot: Some("452 4.3.1 full"), ..script() },
                Outcome::Deferred { stage: Stage::Content, reply: Some(reply(452, Some((4, 3, 1)))) },
            ),
            (
                Script { dot: Some("550-5.7.26 unauthenticated\r\n550 5.7.26 see"), ..script() },
                Outcome::Refused { stage: Stage::Content, reply: reply(550, Some((5, 7, 26))) },
            ),
            (Script { dot: Some("999 what"), ..script() }, Outcome::Uncertain),
        ] {
            assert_eq!(Server::start(&[script]).await.outcome().await, wanted, "{extensions}");
        }
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_final_dot_leaves_it_uncertain_and_is_not_tried_again() {
    for extensions in ["250-PIPELINING\r\n", ""] {
        let mut server = Server::start(&[Script { extensions, dot: None, ..POLITE }, POLITE]).await;
        assert_eq!(server.outcome().await, Outcome::Uncertain);
        let said = server.heard();
        assert_eq!(said.iter().filter(|line| *line == "DATA").count(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_silent_after_the_final_dot_leaves_it_uncertain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = MailUrl::parse(&format!("smtp://127.0.0.1:{port}")).unwrap();
    let mut options = quick(None);
    options.timeouts.content = Duration::from_millis(20);
    let (held, hold) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 s\r\n").await.unwrap();
        for answer in ["250 s\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            stream.read_line(&mut String::new()).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        let _ = hold.await;
    });
    let mut connection = Transport::new(&url, &options).unwrap().connect().await.unwrap();
    let outcome = connection.hand_over(permit(), &address("b@brand.test"), MESSAGE).await;
    assert_eq!(outcome, Outcome::Uncertain);
    drop(held);
}

#[tokio::test]
async fn a_connection_lost_before_the_content_is_tried_once_more_and_then_deferred() {
    for extensions in ["250-PIPELINING\r\n", ""] {
        for (script, stage) in [
            (Script { extensions, mail: None, ..POLITE }, Stage::Sender),
            (Script { extensions, rcpt: None, ..POLITE }, Stage::Recipient),
        ] {
            let twice = [script.clone(), script];
            let mut server = Server::start(&twice).await;
            let outcome = server.outcome().await;
            assert!(
                matches!(outcome, Outcome::Deferred { reply: None, stage: at } if at == stage),
                "{outcome:?}"
            );
            assert!(!server.heard().iter().any(|line| line.contains("Subject")));
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_made_anew() {
    for extensions in ["250-PIPELINING\r\n", ""] {
        let script = Script { extensions, messages: 1, ..POLITE };
        let tired = Script { extensions, mail: Some("421 4.4.2 idle too long"), ..POLITE };
        let mut server = Server::start(&[script.clone(), script, tired, POLITE]).await;
        let mut connection = server.connect("").await;
        for announced in [false, true] {
            if announced {
                connection.announce(&permit(), &address("b@brand.test")).await;
            }
            let outcome = connection.hand_over(permit(), &address("b@brand.test"), MESSAGE).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        }
        assert_eq!(server.heard().iter().filter(|line| *line == "(connected)").count(), 2);
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_twice_with_421_is_left_for_later() {
    for extensions in ["250-PIPELINING\r\n", ""] {
        let script = Script { extensions, mail: Some("421 4.3.2 shutting down"), ..POLITE };
        let server = Server::start(&[script.clone(), script]).await;
        let reply = Some(Reply::new(421, Some((4, 3, 2))));
        assert_eq!(server.outcome().await, Outcome::Deferred { stage: Stage::Sender, reply });
    }
}

#[tokio::test]
async fn nobody_listening_is_deferred_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = MailUrl::parse(&format!("smtp://127.0.0.1:{port}")).unwrap();
    let why = Transport::<Permit>::new(&url, &quick(None)).unwrap().connect().await.err().unwrap();
    assert_eq!(why, NotConnected { fault: Fault::Unreachable, reply: None });
    assert_eq!(Outcome::from(why), Outcome::Deferred { stage: Stage::Connect, reply: None });
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let person = || Permit(address("用户@例え.jp"));
    let mut server = Server::start(&[Script { extensions: "", ..POLITE }]).await;
    let mut connection = server.connect("").await;
    let outcome = connection.hand_over(person(), &address("b@brand.test"), MESSAGE).await;
    let reply = Reply::new(553, Some((5, 6, 7)));
    assert_eq!(outcome, Outcome::Refused { stage: Stage::Recipient, reply });
    assert!(!server.heard().iter().any(|line| line.starts_with("MAIL")));

    let mut server = Server::start(&[POLITE]).await;
    let mut connection = server.connect("").await;
    let outcome = connection.hand_over(person(), &address("b@brand.test"), MESSAGE).await;
    assert!(matches!(outcome, Outcome::Accepted(_)));
    let said = server.heard();
    for line in ["MAIL FROM:<b@brand.test> BODY=8BITMIME SMTPUTF8", "RCPT TO:<用户@xn--r8jz45g.jp>"] {
        assert!(said.contains(&String::from(line)), "{said:?}");
    }
}

#[tokio::test]
async fn a_message_with_bare_line_breaks_or_overlong_lines_never_reaches_the_wire() {
    let mut server = Server::start(&[POLITE]).await;
    let mut connection = server.connect("").await;
    let long = format!("{}\r\n", "x".repeat(999));
    for message in
        ["a\nb\r\n", "a\rb\r\n", "a\r\n.\nMAIL FROM:<x@y.test>\r\n", "a", "a\r\r\n", "\n", "a\0\r\n", &long]
    {
        let outcome = connection.hand_over(permit(), &address("b@brand.test"), message.as_bytes()).await;
        assert!(matches!(outcome, Outcome::Refused { stage: Stage::Content, .. }), "{message:?}");
    }
    assert!(!server.heard().iter().any(|line| line.starts_with("MAIL")));
}

/// A certificate authority in a file, and a server's certificate from it with its key.
fn issue(directory: &Path, host: &str) -> (PathBuf, rcgen::Certificate, KeyPair) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let file = directory.join("ca.pem");
    std::fs::write(&file, root.pem()).unwrap();

    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (file, leaf, key)
}

/// The same, with what lets a scripted server speak TLS.
fn certificates(directory: &Path, host: &str) -> (PathBuf, TlsAcceptor) {
    let (file, leaf, key) = issue(directory, host);
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
    (file, TlsAcceptor::from(Arc::new(config)))
}

#[derive(Clone, Copy, Debug)]
enum Tls {
    Implicit,
    StartTls,
}

impl Tls {
    fn wire(self, acceptor: TlsAcceptor) -> Wire {
        match self {
            Self::Implicit => Wire::Implicit(acceptor),
            Self::StartTls => Wire::StartTls(acceptor),
        }
    }

    fn url(self, login: &str, port: u16) -> MailUrl {
        let text = match self {
            Self::Implicit => format!("smtps://{login}localhost:{port}"),
            Self::StartTls => format!("smtp://{login}localhost:{port}?starttls=required"),
        };
        MailUrl::parse(&text).unwrap()
    }
}

#[tokio::test]
async fn mail_goes_over_a_verified_encrypted_connection_with_a_login() {
    let directory = tempfile::tempdir().unwrap();
    for kind in [Tls::Implicit, Tls::StartTls] {
        let (ca, acceptor) = certificates(directory.path(), "localhost");
        let mut server = Server::serve(&[POLITE], kind.wire(acceptor)).await;
        let transport = Transport::new(&kind.url("user:pass@", server.port), &quick(Some(&ca))).unwrap();
        let mut connection = transport.connect().await.unwrap();
        let outcome = connection.hand_over(permit(), &address("b@brand.test"), MESSAGE).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{kind:?} {outcome:?}");
        let said = server.heard();
        let login = said.iter().position(|line| line.starts_with("AUTH PLAIN ")).unwrap();
        let upgrade = said.iter().position(|line| line == "STARTTLS");
        assert!(matches!(kind, Tls::Implicit) || upgrade.unwrap() < login, "{said:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_host_is_refused_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    for kind in [Tls::Implicit, Tls::StartTls] {
        for (host, trusted) in [("localhost", false), ("other.test", true)] {
            let (ca, acceptor) = certificates(directory.path(), host);
            let mut server = Server::serve(&[POLITE], kind.wire(acceptor)).await;
            let options = quick(trusted.then_some(ca.as_path()));
            let transport = Transport::<Permit>::new(&kind.url("user:pass@", server.port), &options).unwrap();
            let why = transport.connect().await.err().unwrap();
            assert_eq!(why.fault, Fault::Certificate, "{kind:?} {host}");
            assert!(!server.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
        }
    }
}

#[tokio::test]
async fn required_starttls_that_is_not_offered_ends_it() {
    let directory = tempfile::tempdir().unwrap();
    let (ca, _) = certificates(directory.path(), "localhost");
    let server = Server::start(&[POLITE, POLITE]).await;
    let transport = Transport::<Permit>::new(&Tls::StartTls.url("", server.port), &quick(Some(&ca))).unwrap();
    assert_eq!(transport.connect().await.err().unwrap().fault, Fault::NoStartTls);
    let _ = server.connect("?starttls=opportunistic").await;
}

#[tokio::test]
async fn the_memory_answers_as_arranged_and_keeps_what_may_have_been_sent() {
    let memory = Memory::new();
    let transport = Transport::<Permit>::memory(&memory);
    let mut connection = transport.connect().await.unwrap();
    let refused = Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, None) };
    memory.answer_next(Outcome::Uncertain, 1);
    memory.answer_to(&address("bob@example.com"), refused);
    let from = address("b@brand.test");
    assert_eq!(connection.hand_over_service(&address("bob@example.com"), &from, MESSAGE).await, refused);
    assert_eq!(connection.hand_over(permit(), &from, MESSAGE).await, Outcome::Uncertain);
    assert!(matches!(
        connection.hand_over_service(&address("ana@example.com"), &from, MESSAGE).await,
        Outcome::Accepted(_)
    ));
    let kept = memory.take();
    assert_eq!(kept.iter().map(|mail| mail.marketing).collect::<Vec<_>>(), [true, false]);
    assert_eq!(kept[0].bytes, MESSAGE);
    memory.refuse_connections(true);
    assert!(transport.connect().await.is_err());
}
