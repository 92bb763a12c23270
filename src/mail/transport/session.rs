//! A worker's way to a relay, from message to message: its connection is kept open, made anew when it was lost, and
//! told of a message that is still being written.

use std::sync::Arc;
use std::time::Instant;

use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::mail::transport::commands::Commands;
use crate::mail::transport::content::Content;
use crate::mail::transport::smtp::{Attempt, Envelope, Line};
use crate::mail::transport::tls::Tls;
use crate::mail::transport::{Hello, NotConnected, Options, Outcome, SmtpUrl, StartTls, Timeouts};

/// The server at the other end, and all that is needed to connect to it.
pub(super) struct Peer {
    pub(super) url: SmtpUrl,
    pub(super) hello: Hello,
    pub(super) timeouts: Timeouts,
    /// Absent where TLS is never spoken.
    pub(super) tls: Option<Tls>,
}

impl Peer {
    pub(super) fn new(url: &SmtpUrl, options: &Options) -> Result<Self> {
        let speaks_tls = url.implicit_tls || url.starttls != StartTls::Never;
        let tls = speaks_tls.then(|| Tls::new(&url.host, &options.authorities)).transpose()?;
        Ok(Self { url: url.clone(), hello: options.hello.clone(), timeouts: options.timeouts, tls })
    }
}

/// A worker's way to a relay: connected, or about to be.
pub(super) struct Session {
    peer: Arc<Peer>,
    line: Option<Line>,
    /// The server was told on this line, with these commands, what comes.
    announced: Option<(Line, Commands)>,
    /// Whether a message may be announced: none that was announced failed to follow.
    announces: bool,
}

impl Session {
    pub(super) async fn open(peer: Arc<Peer>) -> Result<Self, NotConnected> {
        let line = Line::open(&peer).await?;
        Ok(Self { peer, line: Some(line), announced: None, announces: true })
    }

    /// Says MAIL, RCPT and DATA for a message that is still being written, where the server takes all three at once.
    /// The answers are read when the message is there; if none follows, the line ends without it.
    pub(super) async fn announce(&mut self, to: &EmailAddress, return_path: &EmailAddress) {
        self.announces &= self.announced.take().is_none();
        let is_ascii = to.as_str().is_ascii() && return_path.as_str().is_ascii();
        let announces = self.announces && is_ascii;
        let Some(mut line) = self.line.take_if(|line| announces && line.pipelining) else { return };
        let commands = line.commands(Envelope { to, return_path, beyond_ascii: false });
        // A line that was lost is made anew for the message.
        if line.say(&commands).await.is_some() {
            self.announced = Some((line, commands));
        }
    }

    pub(super) async fn hand_over(
        &mut self,
        to: &EmailAddress,
        return_path: &EmailAddress,
        message: Content<'_>,
    ) -> Outcome {
        let begun = Instant::now();
        let is_ascii = message.is_ascii() && to.as_str().is_ascii() && return_path.as_str().is_ascii();
        let envelope = Envelope { to, return_path, beyond_ascii: !is_ascii };
        // While a message is under way the line is out of the session: a caller that stops waiting must
        // not leave a half-used one behind.
        let (line, announced) = match self.announced.take() {
            Some((line, commands)) if commands == line.commands(envelope) => (Some(line), true),
            Some(_) => {
                self.announces = false;
                (None, false)
            }
            None => (self.line.take(), false),
        };
        if let Some(line) = line {
            match self.attempt(line, envelope, announced, message).await {
                Attempt::Done(outcome) | Attempt::Broken(outcome) => return outcome,
                // Who was silent for so long may be so again; meanwhile the person may have left.
                Attempt::HungUp(stage, reply) if begun.elapsed() >= self.peer.timeouts.command => {
                    return Outcome::Deferred { stage, reply };
                }
                Attempt::HungUp(..) => {}
            }
        }
        let line = match Line::open(&self.peer).await {
            Ok(line) => line,
            Err(why) => return why.into(),
        };
        match self.attempt(line, envelope, false, message).await {
            Attempt::Done(outcome) | Attempt::Broken(outcome) => outcome,
            Attempt::HungUp(stage, reply) => Outcome::Deferred { stage, reply },
        }
    }

    async fn attempt(
        &mut self,
        mut line: Line,
        envelope: Envelope<'_>,
        announced: bool,
        message: Content<'_>,
    ) -> Attempt {
        let attempt = line.exchange(envelope, announced, message).await;
        if matches!(attempt, Attempt::Done(_)) {
            self.line = Some(line);
        }
        attempt
    }

    pub(super) fn is_open(&self) -> bool {
        self.line.is_some()
    }

    pub(super) async fn close(self) {
        if let Some(line) = self.line {
            line.quit().await;
        }
    }
}
