//! One LMTP session: the commands, and one reply for each recipient after the message (RFC 2033, section 4.2).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use crate::app::App;
use crate::app::incoming::{Means, take_in};
use crate::domain::feedback;
use crate::error::Error;
use crate::incoming::Wire;
use crate::incoming::data::DotReader;
use crate::mail::report::{self, Mailbox};

/// The longest command, in octets; RFC 5321 says 512, extensions add to it.
const LINE_MAX: usize = 2_048;

/// The most recipients of one message; reports have one.
const RECIPIENTS_MAX: usize = 100;

/// How many refused commands in a row, with no message that was taken, end a session.
const FAULTS_MAX: u32 = 20;

/// How long we wait for the other side to say anything (RFC 5321, section 4.5.3.2.7).
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// How long a whole message may take.
const MESSAGE_MAX: Duration = Duration::from_secs(600);

pub(super) struct Session {
    app: App,
    wire: BufReader<Box<dyn Wire>>,
    replies: Vec<u8>,
    greeted: bool,
    /// Whether MAIL was said; the sender itself is of no interest, since tokens prove everything.
    begun: bool,
    recipients: Vec<Mailbox>,
    faults: u32,
}

/// Whether the session goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Command,
    End,
}

impl Session {
    pub(super) fn new(app: App, wire: Box<dyn Wire>) -> Self {
        Self {
            app,
            wire: BufReader::new(wire),
            replies: Vec::new(),
            greeted: false,
            begun: false,
            recipients: Vec::new(),
            faults: 0,
        }
    }

    /// Talks until one of the two has enough.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let mut stopping = self.app.stopping.subscribe();
        self.reply("220 mannerly LMTP ready");
        while !self.app.is_stopping() {
            let line = tokio::select! {
                line = timeout(SILENCE_MAX, self.line()) => line.unwrap_or(Ok(None))?,
                _ = stopping.changed() => None,
            };
            let Some(line) = line else { break };
            if self.command(&line).await? == Next::End {
                return self.flush().await;
            }
            if self.faults > FAULTS_MAX {
                break;
            }
        }
        self.reply("421 4.3.2 Closing the connection");
        self.flush().await
    }

    /// The next command without its line end; none if the other side hung up. A line that is too long comes back empty.
    /// What was read stays with the session if this is not waited for to the end.
    async fn line(&mut self) -> io::Result<Option<String>> {
        // With PIPELINING (RFC 2920) the replies wait while commands are left.
        if !self.wire.buffer().contains(&b'\n') {
            self.flush().await?;
        }
        let mut line = Vec::new();
        loop {
            let octets = self.wire.fill_buf().await?;
            if octets.is_empty() {
                return Ok(None);
            }
            let end = octets.iter().position(|octet| *octet == b'\n');
            let length = end.map_or(octets.len(), |end| end + 1);
            if line.len() <= LINE_MAX {
                line.extend_from_slice(&octets[..length]);
            }
            self.wire.consume(length);
            if end.is_some() {
                let is_too_long = line.len() > LINE_MAX;
                let text =
                    if is_too_long { String::new() } else { String::from_utf8_lossy(&line).into_owned() };
                return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
            }
        }
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" if rest.trim().is_empty() => self.refuse("501 5.5.4 Say who you are: LHLO name"),
            "LHLO" => self.hello(),
            "HELO" | "EHLO" => self.refuse("500 5.5.1 This is LMTP: say LHLO"),
            "NOOP" => self.reply("250 2.0.0 Fine"),
            "VRFY" => self.reply("252 2.1.5 Send it, and you will see"),
            "RSET" => {
                self.reset();
                self.reply("250 2.0.0 Forgotten");
            }
            "QUIT" => {
                self.reply("221 2.0.0 Goodbye");
                return Ok(Next::End);
            }
            "MAIL" | "RCPT" | "DATA" if !self.greeted => self.refuse("503 5.5.1 Say LHLO first"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest).await,
            "DATA" if self.recipients.is_empty() => self.refuse("503 5.5.1 There is no recipient"),
            "DATA" => return self.data().await,
            _ => self.refuse("500 5.5.2 This command is not known"),
        }
        Ok(Next::Command)
    }

    fn hello(&mut self) {
        self.reset();
        self.greeted = true;
        let size = format!("250-SIZE {}", report::SIZE_MAX);
        for line in [
            "250-mannerly",
            "250-PIPELINING",
            "250-8BITMIME",
            "250-SMTPUTF8",
            &size,
            "250 ENHANCEDSTATUSCODES",
        ] {
            self.reply(line);
        }
    }

    fn mail(&mut self, rest: &str) {
        let Some((_, parameters)) = path(rest, "FROM:") else {
            return self.refuse("501 5.5.4 Say MAIL FROM:<address>");
        };
        if self.begun {
            return self.refuse("503 5.5.1 There is a message already; RSET forgets it");
        }
        for parameter in parameters.split_ascii_whitespace() {
            let parameter = parameter.to_ascii_uppercase();
            match parameter.split_once('=').unwrap_or((&parameter, "")) {
                ("SIZE", size) if size.parse::<usize>().is_ok_and(|size| size <= report::SIZE_MAX) => {}
                ("SIZE", size) if size.bytes().all(|octet| octet.is_ascii_digit()) && !size.is_empty() => {
                    return self.refuse("552 5.3.4 That is too long");
                }
                ("BODY", "7BIT" | "8BITMIME") | ("SMTPUTF8", "") => {}
                _ => return self.refuse("555 5.5.4 This parameter is not known"),
            }
        }
        self.begun = true;
        self.reply("250 2.1.0 Fine");
    }

    async fn recipient(&mut self, rest: &str) {
        let Some((address, parameters)) = path(rest, "TO:") else {
            return self.refuse("501 5.5.4 Say RCPT TO:<address>");
        };
        if !self.begun {
            return self.refuse("503 5.5.1 Say MAIL first");
        }
        if !parameters.trim().is_empty() {
            return self.refuse("555 5.5.4 This parameter is not known");
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            // It is nobody's fault: the MTA brings the rest with the next message.
            return self.reply("452 4.5.3 Too many recipients");
        }
        let (keys, address) = (self.app.keys.clone(), address.to_owned());
        match self.app.db.read(move |conn| feedback::mailbox(conn, &keys, &address)).await {
            Ok(Some(mailbox)) => {
                self.recipients.push(mailbox);
                self.reply("250 2.1.5 Fine");
            }
            Ok(None) => self.refuse("550 5.1.1 There is no such mailbox here"),
            Err(error) => self.put_off(&error),
        }
    }

    async fn data(&mut self) -> io::Result<Next> {
        self.reply("354 Send it, and end with a dot on a line of its own");
        self.flush().await?;
        let mut reader = DotReader::new(report::KEPT_MAX, report::SIZE_MAX);
        let whole = timeout(MESSAGE_MAX, self.read_message(&mut reader)).await;
        if !matches!(whole, Ok(Ok(()))) {
            return Ok(Next::End);
        }
        let recipients = std::mem::take(&mut self.recipients);
        match reader.message() {
            None => recipients.iter().for_each(|_| self.reply("552 5.3.4 That was too long")),
            Some(message) => {
                for to in recipients {
                    let means = Means { db: &self.app.db, keys: &self.app.keys, dns: &self.app.dns };
                    match take_in(means, to, &message, self.app.clock.now()).await {
                        Ok(Some(_)) => {
                            self.faults = 0;
                            self.reply("250 2.0.0 Done");
                        }
                        Ok(None) => self.reply("451 4.7.5 The key of who signed it cannot be asked for now"),
                        Err(error) => self.put_off(&error),
                    }
                }
            }
        }
        self.reset();
        Ok(Next::Command)
    }

    async fn read_message(&mut self, reader: &mut DotReader) -> io::Result<()> {
        while !reader.is_over() {
            let octets = timeout(SILENCE_MAX, self.wire.fill_buf()).await??;
            if octets.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = reader.take(octets);
            self.wire.consume(taken);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.begun = false;
        self.recipients.clear();
    }

    fn reply(&mut self, line: &str) {
        self.replies.extend_from_slice(line.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    fn refuse(&mut self, line: &str) {
        self.faults += 1;
        self.reply(line);
    }

    /// The MTA keeps it and comes again: nothing was changed.
    fn put_off(&mut self, error: &Error) {
        match error {
            Error::Unavailable(_) => tracing::warn!(%error, "mail has to wait"),
            _ => tracing::error!(%error, "mail could not be taken in"),
        }
        self.reply("451 4.3.0 Not now, try again later");
    }

    async fn flush(&mut self) -> io::Result<()> {
        let replies = std::mem::take(&mut self.replies);
        let wire = self.wire.get_mut();
        timeout(SILENCE_MAX, async {
            wire.write_all(&replies).await?;
            wire.flush().await
        })
        .await?
    }
}

/// The path behind `FROM:` or `TO:` without its brackets, and the parameters that follow.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let start = rest.get(..keyword.len()).filter(|start| start.eq_ignore_ascii_case(keyword))?;
    rest[start.len()..].trim_start().strip_prefix('<')?.split_once('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_with_its_parameters() {
        assert_eq!(path("FROM:<>", "FROM:"), Some(("", "")));
        assert_eq!(path("from: <a@b.example> SIZE=1", "FROM:"), Some(("a@b.example", " SIZE=1")));
        for wrong in ["", "FROM", "FROM:a@b.example", "TO:<a@b>", "FROM:<a", "ééééé"] {
            assert_eq!(path(wrong, "FROM:"), None, "{wrong}");
        }
    }
}
