//! A mail relay that does as it is told: it speaks SMTP, usually with PIPELINING, writes down what it accepted and when, and can
//! refuse, put off, dawdle and die in every way that a test needs, changing while it runs.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::support::programs::Port;

/// How the relay behaves from now on; what is under way notices it at its next command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// Whether it can be connected to. If not, the open connections are cut too.
    pub(crate) open: bool,
    /// What it says first. A 421, here or below, hangs up.
    pub(crate) greeting: &'static str,
    /// The answer to MAIL.
    pub(crate) mail: &'static str,
    /// The answer to RCPT.
    pub(crate) rcpt: &'static str,
    /// The answer to DATA.
    pub(crate) data: &'static str,
    /// The answer to the final dot.
    pub(crate) dot: &'static str,
    /// How long it thinks before it answers the final dot.
    pub(crate) pause: Duration,
    /// After how many mails of a connection it ends that connection.
    pub(crate) mails: usize,
    /// How it ends.
    pub(crate) end: End,
    /// How many connections it has at the same time; it greets any more with 421.
    pub(crate) connections: usize,
    /// Whether there is a mailbox of this address; RCPT gets 550 5.1.1 if not.
    pub(crate) knows: fn(&str) -> bool,
    /// Whether commands may come together.
    pub(crate) pipelining: Pipelining,
}

/// What a relay makes of commands that come together (RFC 2920).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pipelining {
    /// It says that they may.
    Offered,
    /// It says that they may, and answers no MAIL before it has heard RCPT and DATA too.
    Needed,
    /// It does not say so, and counts what comes before its answer.
    Missing,
}

/// How the relay ends a connection that had its number of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a 421 to the next MAIL.
    Politely,
    /// Without a word, when the next MAIL comes.
    Silently,
    /// After the final dot of the next mail, which it accepts but does not answer.
    AfterAccepting,
    /// After the final dot of the next mail, which is lost.
    AfterLosing,
}

/// A relay that takes everything at once.
pub(crate) const POLITE: Manners = Manners {
    open: true,
    greeting: "220 relay.test ESMTP",
    mail: "250 2.1.0 ok",
    rcpt: "250 2.1.5 ok",
    data: "354 go on",
    dot: "250 2.0.0 queued",
    pause: Duration::ZERO,
    mails: usize::MAX,
    end: End::Politely,
    connections: usize::MAX,
    knows: |_| true,
    pipelining: Pipelining::Offered,
};

/// What the relay wrote down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    /// When each MAIL command was read, and the recipient named after it.
    pub(crate) begun: Vec<(Instant, String)>,
    /// The mails it is responsible for.
    pub(crate) accepted: Vec<Accepted>,
    /// How many connections it dropped after a final dot.
    pub(crate) dropped: usize,
    /// How many connections it greeted, well or badly.
    pub(crate) connections: usize,
    /// How many it turned away because it had enough.
    pub(crate) turned_away: usize,
    /// How many commands came before the one before them was answered.
    pub(crate) hasty: usize,
}

/// A mail that the relay is responsible for.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    /// Whom it is for.
    pub(crate) to: String,
    /// What the client that handed it over calls itself.
    pub(crate) by: String,
    /// Its subject.
    pub(crate) subject: String,
}

/// A running relay; it ends with the test.
pub(crate) struct Relay {
    port: Port,
    shared: Arc<Shared>,
    ended: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    manners: watch::Sender<Manners>,
    log: Mutex<Log>,
    /// Connections that are open now.
    open: AtomicUsize,
}

impl Relay {
    pub(crate) fn start(manners: Manners) -> Self {
        let shared = Arc::new(Shared {
            manners: watch::Sender::new(manners),
            log: Mutex::default(),
            open: AtomicUsize::new(0),
        });
        let (port, ended) = (Port::reserve(), watch::Sender::new(false));
        let (number, theirs, mut end) = (port.number(), Arc::clone(&shared), ended.subscribe());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(number, theirs) => {}
                    () = async { drop(end.wait_for(|ended| *ended).await) } => {}
                }
            });
        });
        let relay = Self { port, shared, ended, thread: Some(thread) };
        if manners.open {
            relay.wait_until_open();
        }
        relay
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Behaves like this from now on.
    pub(crate) fn turns(&self, manners: Manners) {
        let opens = manners.open && !self.shared.manners.borrow().open;
        self.shared.manners.send_replace(manners);
        if opens {
            self.wait_until_open();
        }
    }

    /// A copy of what it wrote down so far.
    pub(crate) fn log(&self) -> Log {
        self.shared.log.lock().unwrap().clone()
    }

    /// How many mails it accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.log.lock().unwrap().accepted.len()
    }

    /// Who got how many mails of this subject.
    pub(crate) fn mails(&self, subject: &str) -> HashMap<String, usize> {
        let mut mails = HashMap::new();
        for mail in self.log().accepted.into_iter().filter(|mail| mail.subject == subject) {
            *mails.entry(mail.to).or_insert(0) += 1;
        }
        mails
    }

    fn wait_until_open(&self) {
        super::programs::until("the relay listens", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port())).is_ok()
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.send_replace(true);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || std::thread::panicking(), "the relay panicked");
    }
}

/// Listens while it is open; nobody listens while it is not, so that connections are refused.
async fn serve(port: u16, shared: Arc<Shared>) {
    let mut manners = shared.manners.subscribe();
    loop {
        drop(manners.wait_for(|manners| manners.open).await);
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], port).into()).unwrap();
        let listener = socket.listen(128).unwrap();
        let mut closing = shared.manners.subscribe();
        loop {
            let (stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.unwrap(),
                () = async { drop(closing.wait_for(|manners| !manners.open).await) } => break,
            };
            let (shared, mut cut) = (Arc::clone(&shared), shared.manners.subscribe());
            tokio::spawn(async move {
                tokio::select! {
                    // A client that goes away in the middle is an error here, and no concern of ours.
                    _ = converse(stream, &shared) => {}
                    () = async { drop(cut.wait_for(|manners| !manners.open).await) } => {}
                }
                shared.open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}

/// One connection, from the greeting to its end.
async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut line = Line { stream: BufReader::new(stream), client: String::new(), ahead: VecDeque::new() };
    let now = || *shared.manners.borrow();
    if shared.open.fetch_add(1, Ordering::Relaxed) >= now().connections {
        shared.log.lock().unwrap().turned_away += 1;
        return line.say("421 4.7.0 too many connections").await;
    }
    // Whoever only looks whether somebody listens has said nothing yet, and does not count.
    line.say(now().greeting).await?;
    if now().greeting.starts_with("421") {
        shared.log.lock().unwrap().connections += 1;
        return Ok(());
    }
    let (mut mails, mut begun, mut to) = (0, Instant::now(), None);
    loop {
        let Some(command) = line.read().await? else { return Ok(()) };
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let manners = now();
        if verb == "MAIL" && manners.pipelining == Pipelining::Needed {
            line.look_ahead(2).await?;
        }
        if line.has_more() {
            shared.log.lock().unwrap().hasty += 1;
        }
        let answer = match verb.as_str() {
            "EHLO" => {
                if line.client.is_empty() {
                    shared.log.lock().unwrap().connections += 1;
                }
                line.client = command[4..].trim().to_owned();
                match manners.pipelining {
                    Pipelining::Missing => "250-relay.test\r\n250-8BITMIME\r\n250 SMTPUTF8",
                    _ => "250-relay.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8",
                }
            }
            "MAIL" => {
                begun = Instant::now();
                match manners.end {
                    End::Politely if mails >= manners.mails => "421 4.7.0 enough",
                    End::Silently if mails >= manners.mails => return Ok(()),
                    _ => manners.mail,
                }
            }
            "RCPT" => {
                let address = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                shared.log.lock().unwrap().begun.push((begun, address.clone()));
                let answer =
                    if (manners.knows)(&address) { manners.rcpt } else { "550 5.1.1 nobody of this name" };
                to = answer.starts_with('2').then_some(address);
                answer
            }
            "DATA" if to.is_none() => "503 5.5.1 to whom?",
            "DATA" => manners.data,
            "RSET" => {
                to = None;
                "250 2.0.0 forgotten"
            }
            "QUIT" => "221 2.0.0 bye",
            _ => "500 5.5.2 what?",
        };
        line.say(answer).await?;
        if answer.starts_with("354") {
            let person = to.take().unwrap_or_default();
            let Some(subject) = line.content().await? else { return Ok(()) };
            if line.has_more() {
                shared.log.lock().unwrap().hasty += 1;
            }
            let mail = Accepted { to: person, by: line.client.clone(), subject };
            let Some(answer) = shared.judge(mail, mails) else { return Ok(()) };
            tokio::time::sleep(now().pause).await;
            line.say(answer).await?;
            mails += 1;
        }
        if answer.starts_with("421") || answer.starts_with("221") {
            return Ok(());
        }
    }
}

impl Shared {
    /// Writes a whole mail down, or not; what to answer, or nothing to hang up instead.
    fn judge(&self, mail: Accepted, mails: usize) -> Option<&'static str> {
        let manners = *self.manners.borrow();
        let mut log = self.log.lock().unwrap();
        let last = mails >= manners.mails;
        if last && manners.end == End::AfterLosing {
            log.dropped += 1;
            return None;
        }
        // The mail is the relay's from here on: whatever happens to the answer, the person gets it.
        if manners.dot.starts_with('2') {
            log.accepted.push(mail);
        }
        if last && manners.end == End::AfterAccepting {
            log.dropped += 1;
            return None;
        }
        Some(manners.dot)
    }
}

/// The wire of one connection.
struct Line {
    stream: BufReader<TcpStream>,
    client: String,
    /// Commands that were read already, and not answered.
    ahead: VecDeque<String>,
}

impl Line {
    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next command; none once the client is gone.
    async fn read(&mut self) -> io::Result<Option<String>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.hear().await,
        }
    }

    /// Reads so many commands before any of them is answered.
    async fn look_ahead(&mut self, commands: usize) -> io::Result<()> {
        while self.ahead.len() < commands {
            let Some(line) = self.hear().await? else { return Ok(()) };
            self.ahead.push_back(line);
        }
        Ok(())
    }

    /// Whether something came that was not asked for yet.
    fn has_more(&self) -> bool {
        !self.ahead.is_empty() || !self.stream.buffer().is_empty()
    }

    async fn hear(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let octets = self.stream.read_line(&mut line).await?;
        Ok((octets > 0).then(|| line.trim_end().to_owned()))
    }

    /// Reads a mail; its subject, if it came to its final dot.
    async fn content(&mut self) -> io::Result<Option<String>> {
        let (mut line, mut subject) = (Vec::new(), None);
        loop {
            line.clear();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            if let Some(text) = line.strip_prefix(b"Subject: ") {
                subject.get_or_insert_with(|| String::from_utf8_lossy(text).trim_end().to_owned());
            }
            if line == b".\r\n" {
                return Ok(Some(subject.unwrap_or_default()));
            }
        }
    }
}
