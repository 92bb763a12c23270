//! The ways out of the house: an SMTP relay, a folder of `.eml` files, or the memory of a test.
//!
//! A marketing message needs a [`Clearance`], which only the business above can build, and goes to the
//! person named in it: there is no other way to the wire. Service mail goes by its own door. No text of a
//! server's answer is kept, because servers repeat addresses in it: only its codes are.

mod commands;
mod content;
mod folder;
pub mod memory;
mod options;
mod reply;
mod session;
mod smtp;
#[cfg(test)]
mod tests;
mod tls;
pub mod url;
mod wire;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::mail::transport::content::Content;

pub use memory::{Captured, Memory};
pub use options::{Authorities, Hello, Options, Timeouts};
pub use reply::{Blame, Enhanced, Reply};
pub use url::{MailUrl, SmtpUrl, StartTls};

/// Proof that this one person may get this one letter. The transport trusts whoever can build one.
pub trait Clearance: Send {
    /// The person; the envelope is made from it alone.
    fn recipient(&self) -> &EmailAddress;
}

/// How far a message got before it was answered badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before the message: no connection, no TLS, no login. Says nothing about the person.
    Connect,
    /// `MAIL FROM`: about our sender address.
    Sender,
    /// `RCPT TO`: about the person's address.
    Recipient,
    /// `DATA` or the final dot: about the message, or about us.
    Content,
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server took responsibility for it.
    Accepted(Reply),
    /// Certainly not sent, worth another try: a 4xx reply, or a connection that could not be made or was
    /// lost before the message was complete. At [`Stage::Connect`] even a 5xx is ours and not the person's.
    Deferred {
        /// How far it got.
        stage: Stage,
        /// What the server said, if it said anything.
        reply: Option<Reply>,
    },
    /// Certainly not sent, and another try will not help: a 5xx reply.
    Refused {
        /// How far it got.
        stage: Stage,
        /// What the server said.
        reply: Reply,
    },
    /// The connection died after the message left and before it was answered: it may have been sent (M-16).
    Uncertain,
}

/// Why there is no connection; holds nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotConnected {
    /// What went wrong.
    pub fault: Fault,
    /// What the server said, if it said anything.
    pub reply: Option<Reply>,
}

/// What stood in the way of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such host, nobody listening, or the connection broke.
    Unreachable,
    /// Too slow.
    Timeout,
    /// The certificate is not one that we trust for this host.
    Certificate,
    /// TLS failed in another way.
    Tls,
    /// STARTTLS is required and not offered.
    NoStartTls,
    /// A password is not sent over an unencrypted connection.
    LoginNeedsTls,
    /// The server does not accept our login, or offers no way to log in.
    Login,
    /// The server turned us away.
    TurnedAway,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            Fault::Unreachable => "the mail server cannot be reached",
            Fault::Timeout => "the mail server does not answer in time",
            Fault::Certificate => "the mail server's certificate is not valid for this host",
            Fault::Tls => "no encrypted connection to the mail server could be made",
            Fault::NoStartTls => {
                "the mail server does not offer STARTTLS (`?starttls=opportunistic` does without)"
            }
            Fault::LoginNeedsTls => "the password is not sent to the mail server over a clear connection",
            Fault::Login => "the mail server does not accept the login",
            Fault::TurnedAway => "the mail server turned us away",
        })?;
        match self.reply {
            Some(reply) => write!(f, ": {reply}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NotConnected {}

impl From<NotConnected> for Outcome {
    fn from(why: NotConnected) -> Self {
        Self::Deferred { stage: Stage::Connect, reply: why.reply }
    }
}

/// Where mail goes; cheap to clone.
pub struct Transport<P> {
    route: Route,
    permits: PhantomData<fn(P)>,
}

#[derive(Clone)]
enum Route {
    Smtp(Arc<session::Peer>),
    Folder(Arc<folder::Folder>),
    Memory(Memory),
}

impl<P> Clone for Transport<P> {
    fn clone(&self) -> Self {
        Self { route: self.route.clone(), permits: PhantomData }
    }
}

impl<P> fmt::Debug for Transport<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.route {
            Route::Smtp(_) => "Transport(smtp)",
            Route::Folder(_) => "Transport(folder)",
            Route::Memory(_) => "Transport(memory)",
        })
    }
}

impl<P: Clearance> Transport<P> {
    /// Prepares the way that the URL names. Nothing is connected, and a folder has to be there ([`MailUrl::prepare`]).
    ///
    /// # Errors
    /// If TLS cannot be spoken with these certificates.
    pub fn new(url: &MailUrl, options: &Options) -> Result<Self> {
        let route = match url {
            MailUrl::Smtp(url) => Route::Smtp(Arc::new(session::Peer::new(url, options)?)),
            MailUrl::Folder(path) => Route::Folder(Arc::new(folder::Folder::new(path))),
        };
        Ok(Self { route, permits: PhantomData })
    }

    /// Mail that stays in memory, for tests.
    pub fn memory(memory: &Memory) -> Self {
        Self { route: Route::Memory(memory.clone()), permits: PhantomData }
    }

    /// Whether mail stays on this machine as far as we know: in a folder, or with a relay here.
    pub fn is_local(&self) -> bool {
        match &self.route {
            Route::Smtp(peer) => url::is_this_machine(&peer.url.host),
            Route::Folder(_) | Route::Memory(_) => true,
        }
    }

    /// Opens a connection: one for each worker.
    ///
    /// # Errors
    /// If there is none to be had now.
    pub async fn connect(&self) -> Result<Connection<P>, NotConnected> {
        let line = match &self.route {
            Route::Smtp(peer) => Line::Smtp(Box::new(session::Session::open(Arc::clone(peer)).await?)),
            Route::Folder(folder) => Line::Folder(Arc::clone(folder)),
            Route::Memory(memory) => {
                memory.connect()?;
                Line::Memory(memory.clone())
            }
        };
        Ok(Connection { line, permits: PhantomData })
    }
}

/// One open way out, for one worker. It connects anew by itself when the server has hung up.
pub struct Connection<P> {
    line: Line,
    permits: PhantomData<fn(P)>,
}

enum Line {
    Smtp(Box<session::Session>),
    Folder(Arc<folder::Folder>),
    Memory(Memory),
}

impl<P: Clearance> Connection<P> {
    /// Tells the server for whom a marketing message is that is still being written, where it takes commands ahead. If
    /// another message is handed over next, or none, the connection ends without this one.
    pub async fn announce(&mut self, permit: &P, return_path: &EmailAddress) {
        if let Line::Smtp(session) = &mut self.line {
            session.announce(permit.recipient(), return_path).await;
        }
    }

    /// Hands over one marketing message, to the person whom the permit names and nobody else.
    pub async fn hand_over(&mut self, permit: P, return_path: &EmailAddress, message: &[u8]) -> Outcome {
        self.line.hand_over(permit.recipient(), return_path, message, true).await
    }

    /// Hands over one service mail.
    pub async fn hand_over_service(
        &mut self,
        to: &EmailAddress,
        return_path: &EmailAddress,
        message: &[u8],
    ) -> Outcome {
        self.line.hand_over(to, return_path, message, false).await
    }

    /// Whether it can take a message without connecting anew.
    pub fn is_open(&self) -> bool {
        match &self.line {
            Line::Smtp(session) => session.is_open(),
            Line::Folder(_) => true,
            Line::Memory(memory) => memory.connect().is_ok(),
        }
    }

    /// Takes leave of the server.
    pub async fn close(self) {
        if let Line::Smtp(session) = self.line {
            session.close().await;
        }
    }
}

impl Line {
    async fn hand_over(
        &mut self,
        to: &EmailAddress,
        return_path: &EmailAddress,
        message: &[u8],
        marketing: bool,
    ) -> Outcome {
        let Some(content) = Content::of(message) else {
            return Outcome::Refused { stage: Stage::Content, reply: Reply::new(554, Some((5, 6, 0))) };
        };
        match self {
            Self::Smtp(session) => session.hand_over(to, return_path, content).await,
            Self::Folder(folder) => Arc::clone(folder).keep(to, return_path, message).await,
            Self::Memory(memory) => memory.keep(to, return_path, message, marketing),
        }
    }
}
