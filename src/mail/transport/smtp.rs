//! SMTP over one connection of our own: how it is opened, and what is said for a message.
//!
//! lettre knows the commands, extensions and logins; the octets go over [`Wire`]. If the server offers PIPELINING
//! (RFC 2920) a message takes two round trips. What is known when a connection dies decides the outcome: before the
//! server asked for the content nothing was sent, after that nobody knows (M-16).

use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::email_address::EmailAddress;
use crate::mail::transport::commands::Commands;
use crate::mail::transport::content::Content;
use crate::mail::transport::session::Peer;
use crate::mail::transport::tls::{self, Tls};
use crate::mail::transport::url::is_this_machine;
use crate::mail::transport::wire::{Stream, Wire};
use crate::mail::transport::{Fault, NotConnected, Outcome, Reply, Stage, StartTls, Timeouts};

/// An open connection on which nothing is under way.
pub(super) struct Line {
    wire: Wire,
    pub(super) pipelining: bool,
    smtputf8: bool,
    dsn: bool,
    timeouts: Timeouts,
}

/// How one attempt ended, and whether the connection can take another message.
pub(super) enum Attempt {
    /// The connection is clean again.
    Done(Outcome),
    /// The connection cannot be used any more.
    Broken(Outcome),
    /// The connection was lost before anything could have been accepted; the server may just have been
    /// tired of waiting for us.
    HungUp(Stage, Option<Reply>),
}

/// For whom a message is, and where it returns to: what is said before its content.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) to: &'a EmailAddress,
    pub(super) return_path: &'a EmailAddress,
    /// Whether it or the content needs SMTPUTF8.
    pub(super) beyond_ascii: bool,
}

impl Line {
    pub(super) async fn open(peer: &Peer) -> Result<Self, NotConnected> {
        let opened = Self::try_open(peer).await;
        if let Err(why) = &opened {
            tracing::warn!(relay = %peer.url, %why, "no connection to the mail server");
        }
        opened
    }

    async fn try_open(peer: &Peer) -> Result<Self, NotConnected> {
        let Timeouts { connect, command, .. } = peer.timeouts;
        let url = &peer.url;
        let unreachable = |_| failed(Fault::Unreachable);
        let stream = in_time(connect, TcpStream::connect((url.host.as_str(), url.port)))
            .await?
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let stream: Box<dyn Stream> = match &peer.tls {
            Some(tls) if url.implicit_tls => {
                let wrapped = in_time(connect, tls.wrap(stream)).await?;
                Box::new(wrapped.map_err(|error| failed(tls::fault(&error)))?)
            }
            _ => Box::new(stream),
        };
        let mut line = Self {
            wire: Wire::new(stream),
            pipelining: false,
            smtputf8: false,
            dsn: false,
            timeouts: peer.timeouts,
        };
        welcome(in_time(command, line.wire.reply()).await?, Fault::TurnedAway)?;
        let offered = line.greet(peer).await?;
        let (mut line, encrypted, offered) = match &peer.tls {
            Some(tls) if !url.implicit_tls => line.encrypt(peer, tls, offered).await?,
            _ => (line, url.implicit_tls, offered),
        };
        line.log_in(peer, encrypted, &offered).await?;
        Ok(line)
    }

    /// Says hello and learns what the server offers.
    async fn greet(&mut self, peer: &Peer) -> Result<ServerInfo, NotConnected> {
        let hello = Ehlo::new(ClientId::Domain(peer.hello.as_str().to_owned())).to_string();
        welcome(in_time(self.timeouts.command, self.wire.ask(&hello)).await?, Fault::TurnedAway)?;
        let words = self.wire.words();
        let offers = |name: &str| {
            words
                .lines()
                .filter_map(|line| line.get(4..)?.split_whitespace().next())
                .any(|word| word.eq_ignore_ascii_case(name))
        };
        (self.pipelining, self.smtputf8, self.dsn) =
            (offers("PIPELINING"), offers("SMTPUTF8"), offers("DSN"));
        let answer: Result<Response, _> = words.parse();
        let offered = answer.and_then(|answer| ServerInfo::from_response(&answer));
        offered.map_err(|_| failed(Fault::Unreachable))
    }

    /// Encrypts the connection if the server offers it. Says too whether it is encrypted, and what is offered now.
    async fn encrypt(
        mut self,
        peer: &Peer,
        tls: &Tls,
        offered: ServerInfo,
    ) -> Result<(Self, bool, ServerInfo), NotConnected> {
        if !offered.supports_feature(Extension::StartTls) {
            return match peer.url.starttls {
                StartTls::Required => Err(failed(Fault::NoStartTls)),
                _ => Ok((self, false, offered)),
            };
        }
        let begin = Starttls.to_string();
        welcome(in_time(peer.timeouts.command, self.wire.ask(&begin)).await?, Fault::Tls)?;
        let stream = self.wire.into_stream().ok_or(failed(Fault::Tls))?;
        let wrapped = in_time(peer.timeouts.connect, tls.wrap(stream)).await?;
        self.wire = Wire::new(Box::new(wrapped.map_err(|error| failed(tls::fault(&error)))?));
        // What was offered in clear counts no more.
        let offered = self.greet(peer).await?;
        Ok((self, true, offered))
    }

    async fn log_in(
        &mut self,
        peer: &Peer,
        encrypted: bool,
        offered: &ServerInfo,
    ) -> Result<(), NotConnected> {
        let Some((user, password)) = peer.url.login.clone() else { return Ok(()) };
        if !encrypted && !is_this_machine(&peer.url.host) {
            return Err(failed(Fault::LoginNeedsTls));
        }
        let credentials = Credentials::new(user, password);
        let way = offered.get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login]);
        let way = way.ok_or(failed(Fault::Login))?;
        let mut command = Auth::new(way, credentials.clone(), None);
        for _ in 0..CHALLENGES_MAX {
            let said = command.map_err(|_| failed(Fault::Login))?.to_string();
            let reply = in_time(peer.timeouts.command, self.wire.ask(&said)).await?;
            match welcome(reply, Fault::Login)?.code {
                235 => return Ok(()),
                334 => {}
                _ => break,
            }
            let challenge: Result<Response, _> = self.wire.words().parse();
            command =
                challenge.and_then(|challenge| Auth::new_from_response(way, credentials.clone(), &challenge));
        }
        Err(failed(Fault::Login))
    }

    /// One message, from MAIL to the answer to the final dot. If it was announced, what comes before the content was
    /// said.
    pub(super) async fn exchange(
        &mut self,
        envelope: Envelope<'_>,
        announced: bool,
        message: Content<'_>,
    ) -> Attempt {
        if envelope.beyond_ascii && !self.smtputf8 {
            // RFC 6531, section 3.5: not for this person's fault, and not for this server (M-19).
            return Attempt::Done(Outcome::Refused {
                stage: Stage::Recipient,
                reply: Reply::new(553, Some((5, 6, 7))),
            });
        }
        let opened = match (announced, self.pipelining) {
            (true, _) => self.open_pipelined().await,
            (false, true) => match self.say(&self.commands(envelope)).await {
                Some(()) => self.open_pipelined().await,
                None => Err(Attempt::HungUp(Stage::Sender, None)),
            },
            (false, false) => self.open_stepwise(&self.commands(envelope)).await,
        };
        match opened {
            Ok(()) => self.content(message).await,
            Err(attempt) => attempt,
        }
    }

    /// What this server is told before the content, all of it in one group (RFC 2920, section 3.1).
    pub(super) fn commands(&self, envelope: Envelope<'_>) -> Commands {
        Commands::of(envelope, self.dsn)
    }

    /// Takes leave of the server.
    pub(super) async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(2), self.wire.ask("QUIT\r\n")).await;
    }

    /// Writes commands whose answers are read later; nothing if the connection is lost.
    pub(super) async fn say(&mut self, commands: &Commands) -> Option<()> {
        timeout(self.timeouts.command, self.wire.send(&[commands.all().as_bytes(), b""])).await.ok()?.ok()
    }

    /// MAIL, RCPT and DATA were said in one write; every answer is read before any is judged (M-17).
    async fn open_pipelined(&mut self) -> Result<(), Attempt> {
        let mut answers = [None; 3];
        for answer in &mut answers {
            *answer = answered(timeout(self.timeouts.command, self.wire.reply()).await);
            if answer.is_none_or(Reply::hangs_up) {
                break;
            }
        }
        let [Some(mail), Some(rcpt), Some(data)] = answers else {
            let stage = [Stage::Sender, Stage::Recipient, Stage::Content];
            // What was already refused for good stays refused, also if the server hangs up over it.
            let judged = answers.iter().zip(stage).find_map(|(answer, stage)| verdict((*answer)?, stage));
            if let Some(outcome @ Outcome::Refused { .. }) = judged {
                return Err(Attempt::Broken(outcome));
            }
            let at = answers.iter().position(|answer| answer.is_none_or(Reply::hangs_up)).unwrap_or(0);
            return Err(Attempt::HungUp(stage[at], answers[at]));
        };
        let judged = verdict(mail, Stage::Sender).or_else(|| verdict(rcpt, Stage::Recipient));
        match (judged, data.code) {
            (None, 354) => Ok(()),
            (Some(outcome), 354) => {
                // Nobody to send to, and yet it waits for content: a lone dot ends it (RFC 2920, 3.1).
                let ended = timeout(self.timeouts.command, self.wire.ask(".\r\n")).await;
                Err(self.after_refusal(outcome, answered(ended).is_some()).await)
            }
            (judged, _) => {
                let outcome = judged.or_else(|| verdict(data, Stage::Content));
                Err(self.after_refusal(outcome.unwrap_or(OUT_OF_STEP), outcome.is_some()).await)
            }
        }
    }

    async fn open_stepwise(&mut self, commands: &Commands) -> Result<(), Attempt> {
        let stages = [Stage::Sender, Stage::Recipient, Stage::Content];
        for (command, stage) in commands.each().into_iter().zip(stages) {
            let answer = answered(timeout(self.timeouts.command, self.wire.ask(command)).await);
            match answer {
                None => return Err(Attempt::HungUp(stage, None)),
                Some(reply) if reply.hangs_up() => return Err(Attempt::HungUp(stage, Some(reply))),
                Some(reply) => {
                    if let Some(outcome) = verdict(reply, stage) {
                        return Err(self.after_refusal(outcome, true).await);
                    }
                    if (stage == Stage::Content) != (reply.code == 354) {
                        return Err(Attempt::Broken(OUT_OF_STEP));
                    }
                }
            }
        }
        Ok(())
    }

    /// Clears the transaction away, so that the next message finds a clean connection.
    async fn after_refusal(&mut self, outcome: Outcome, in_step: bool) -> Attempt {
        if !in_step {
            return Attempt::Broken(outcome);
        }
        match answered(timeout(self.timeouts.command, self.wire.ask("RSET\r\n")).await) {
            Some(reply) if reply.code == 250 => Attempt::Done(outcome),
            _ => Attempt::Broken(outcome),
        }
    }

    /// The content and its final dot in one write. From here on a lost connection leaves it uncertain.
    async fn content(&mut self, content: Content<'_>) -> Attempt {
        let stuffed = content.stuffed();
        let pieces = [stuffed.as_bytes(), b".\r\n"];
        let exchange = async {
            self.wire.send(&pieces).await?;
            self.wire.reply().await
        };
        match answered(timeout(self.timeouts.content, exchange).await) {
            Some(reply) if reply.code / 100 == 2 => Attempt::Done(Outcome::Accepted(reply)),
            Some(reply) => match verdict(reply, Stage::Content) {
                Some(outcome) if reply.hangs_up() => Attempt::Broken(outcome),
                Some(outcome) => Attempt::Done(outcome),
                None => Attempt::Broken(Outcome::Uncertain),
            },
            None => Attempt::Broken(Outcome::Uncertain),
        }
    }
}

/// How many questions a login answers; a server that asks more does not want us.
const CHALLENGES_MAX: usize = 5;

/// The server answered something that does not belong here; nothing was sent.
const OUT_OF_STEP: Outcome = Outcome::Deferred { stage: Stage::Content, reply: None };

/// What a negative reply means; `None` for a positive one.
fn verdict(reply: Reply, stage: Stage) -> Option<Outcome> {
    match reply.code {
        400..=499 => Some(Outcome::Deferred { stage, reply: Some(reply) }),
        500..=599 => Some(Outcome::Refused { stage, reply }),
        _ => None,
    }
}

/// The reply, good or bad; `None` if the connection is lost, silent or talks nonsense.
fn answered(read: Result<io::Result<Reply>, tokio::time::error::Elapsed>) -> Option<Reply> {
    read.ok()?.ok()
}

fn failed(fault: Fault) -> NotConnected {
    NotConnected { fault, reply: None }
}

/// A reply that lets us go on; where it does not, `fault` is what is wrong.
fn welcome(read: io::Result<Reply>, fault: Fault) -> Result<Reply, NotConnected> {
    match read {
        Ok(reply) if reply.code < 400 => Ok(reply),
        Ok(reply) => Err(NotConnected { fault, reply: Some(reply) }),
        Err(_) => Err(failed(Fault::Unreachable)),
    }
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, NotConnected> {
    timeout(limit, work).await.map_err(|_| failed(Fault::Timeout))
}
