//! An MTA as our LMTP listener sees it: says what a test wants and reads what comes back.

use mannerly::config::LmtpAddress;
use mannerly::incoming::{self, Listener};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::server::TestServer;

/// One LMTP connection.
pub(crate) struct Lmtp(BufReader<TcpStream>);

impl Lmtp {
    /// Connects to a port and reads the greeting.
    pub(crate) async fn connect(port: u16) -> Self {
        let mut session = Self(BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap()));
        assert!(session.reply().await.starts_with("220 "));
        session
    }

    /// Sends octets as they are.
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// The next reply, all of its lines; empty if the other side hung up.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap() == 0 {
                return reply;
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Sends a command and returns its reply.
    pub(crate) async fn say(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n")).await;
        self.reply().await
    }

    /// Delivers a message to one address and returns the reply that decides.
    pub(crate) async fn deliver(&mut self, to: &str, message: &str) -> String {
        let stuffed: String = message
            .lines()
            .map(|line| format!("{}{line}\r\n", if line.starts_with('.') { "." } else { "" }))
            .collect();
        assert!(self.say("LHLO mx.example").await.starts_with("250"));
        assert!(self.say("MAIL FROM:<>").await.starts_with("250"));
        let accepted = self.say(&format!("RCPT TO:<{to}>")).await;
        if !accepted.starts_with("250") {
            return accepted;
        }
        assert!(self.say("DATA").await.starts_with("354"));
        self.send(&format!("{stuffed}.\r\n")).await;
        self.reply().await
    }
}

impl TestServer {
    /// Opens the LMTP door of this server and returns its port.
    pub(crate) fn open_lmtp(&self) -> u16 {
        let address = LmtpAddress::parse("127.0.0.1:0").unwrap();
        let listener = Listener::bind(&address).unwrap();
        let port = listener.port().unwrap();
        tokio::spawn(incoming::serve(self.app.clone(), listener));
        port
    }
}
