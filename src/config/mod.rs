//! Configuration: flags and environment, read once, checked as a whole. `--help` is the reference.
//!
//! What was typed ([`ServerArgs`]) and what it means ([`Settings`]) are two types; nothing else in the house reads
//! the environment.

mod lmtp;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::clock::DAY;
use crate::db::DatabaseUrl;
use crate::domain::delivery::claim::LEASE;
use crate::domain::intake;
use crate::domain::tracking::burst::REACH;
use crate::domain::tracking::{self, Machines};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Problems, Result};
use crate::mail::dns::Servers;
use crate::mail::relay::RelayUrl;
use crate::mail::transport::{Authorities, Hello, MailUrl};
use crate::token::Keys;

pub use lmtp::LmtpAddress;

/// Where the data is, as typed.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// The database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME.
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite:mannerly.db", hide_env_values = true)]
    pub database_url: String,
}

/// The secrets, as typed.
#[derive(Debug, Clone, Args)]
pub struct SecretArgs {
    /// The secrets behind all links, newest first, separated by commas; 32 characters or more each. Never take the
    /// last one away: the hashes of suppressed addresses hang on it. Make one with: openssl rand -base64 32
    #[arg(
        long,
        env = "MANNERLY_SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub secret: String,
}

/// Whom to ask in DNS, for a command that asks it.
#[derive(Debug, Clone, Args)]
pub struct DnsArgs {
    /// Whom to ask in DNS: system, none, or the address and port of a name server.
    #[arg(long, env = "MANNERLY_DNS", default_value = "system", value_name = "SERVER")]
    pub dns: String,
}

impl DnsArgs {
    /// The name servers.
    ///
    /// # Errors
    /// [`Error::Invalid`] as [`Servers::parse`].
    pub fn servers(&self) -> Result<Servers> {
        Servers::parse(&self.dns).map_err(|problem| Error::Invalid(vec![problem]))
    }
}

/// What the log says, and how.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// How much the log says, on standard error: if not set, info for `serve` and warn for everything else. Never an
    /// address, a name or a token, whatever the level.
    #[arg(long, env = "MANNERLY_LOG", value_enum, global = true)]
    pub log: Option<LogLevel>,
    /// How the log is written.
    #[arg(long, env = "MANNERLY_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

/// How much the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Only what needs somebody.
    Error,
    /// Also what may need somebody soon.
    Warn,
    /// Also what the server does.
    Info,
    /// Also how it does it.
    Debug,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object in a line, for programs.
    Json,
}

/// The most connections to all relays together.
const CONNECTIONS_MAX: usize = 100;

/// How long a client may take where nothing else was said.
pub const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time that a client may take, in seconds.
const CLIENT_TIMEOUT_MAX: u64 = 300;

/// The shortest lease, in seconds.
const LEASE_MIN: u64 = 5;

/// The longest lease, in seconds.
const LEASE_MAX: u64 = DAY.as_secs();

/// The longest time for which hits are kept, in days.
const KEEP_HITS_MAX: u32 = 3650;

/// The shortest time after which a hit is judged, in seconds: hits further apart are judged by themselves anyway.
const QUIET_TIME_MIN: u64 = REACH.as_secs();

/// The longest time after which a hit is judged, in seconds.
const QUIET_TIME_MAX: u64 = 60 * 60;

/// The longest delay of a confirmation mail, in seconds.
const SIGN_UP_DELAY_MAX: u64 = 60 * 60;

/// The most confirmation mails in an hour of those that are held up.
const SIGN_UPS_HOURLY_MAX: u32 = 100_000;

/// What the server is told, as typed.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Where the data is.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The secrets behind all links.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// Where mail goes: smtp://HOST, smtps://USER:PASSWORD@HOST, or folder:PATH for files. Several relays are
    /// separated by commas, each with a name and, if it is to get more or less than its part of the connections, a
    /// weight: fast=smtp://a.example?weight=3,slow=smtp://b.example. A brand may name the one that carries it.
    /// A relay of smtp: is spoken to after STARTTLS, and in clear only on this machine; ?starttls=required,
    /// opportunistic (in clear where it is not offered) or never says otherwise.
    #[arg(long, env = "MANNERLY_MAIL", default_value = "smtp://localhost:25", hide_env_values = true)]
    pub mail: String,
    /// The address to listen on.
    #[arg(long, env = "MANNERLY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The name the server greets mail relays with.
    #[arg(long, env = "MANNERLY_HELLO", default_value = "localhost")]
    pub hello: String,
    /// A PEM file with a certificate authority of your own for the mail relay.
    #[arg(long, env = "MANNERLY_MAIL_CA")]
    pub mail_ca: Option<PathBuf>,
    /// How many connections to all mail relays together send at the same time, 1 to 100, shared by weight; each
    /// relay gets at least one.
    #[arg(long, env = "MANNERLY_CONNECTIONS", default_value_t = 10)]
    pub connections: usize,
    /// How many seconds the mails that another server has in hand wait before they become uncertain, at least 5.
    /// Only where several servers share a PostgreSQL. Longer than the relay ever takes for one letter.
    #[arg(long, env = "MANNERLY_LEASE", default_value_t = LEASE.as_secs())]
    pub lease: u64,
    /// Where bounces go: the envelope sender of all mail. The brand's own sender if not set.
    #[arg(long, env = "MANNERLY_RETURN_PATH")]
    pub return_path: Option<String>,
    /// Say that the mail relay signs with DKIM and covers List-Unsubscribe and List-Unsubscribe-Post (RFC 8058,
    /// section 4). Without it, and without a key of `mannerly dkim create`, letters carry no one-click header, since
    /// receivers ignore it unsigned.
    #[arg(long, env = "MANNERLY_RELAY_SIGNS", default_value_t = false)]
    pub relay_signs: bool,
    /// Which name servers the preflight asks about senders, and reports of complaints about who signed them: system, none,
    /// or IP:PORT. If not set: system, and none where mail goes into a folder. With none no report counts.
    #[arg(long, env = "MANNERLY_DNS")]
    pub dns: Option<String>,
    /// Take in bounces, complaints and unsubscribes by LMTP: 127.0.0.1:2424 or unix:/run/mannerly/lmtp. Off if not set.
    #[arg(long, env = "MANNERLY_LMTP")]
    pub lmtp: Option<String>,
    /// Take them from a maildir that a mail system fills. Off if not set.
    #[arg(long, env = "MANNERLY_MAILDIR")]
    pub maildir: Option<PathBuf>,
    /// A file of known programs in place of the built-in one: proxies, prefetchers, scanners and their networks. Its
    /// form is that of static/tracking/machines.toml in the source.
    #[arg(long, env = "MANNERLY_MACHINES")]
    pub machines: Option<PathBuf>,
    /// How many days opens and clicks of people are kept, 1 to 3650; afterwards only counters without people remain.
    #[arg(long, env = "MANNERLY_KEEP_HITS", default_value_t = 365)]
    pub keep_hits: u32,
    /// How many seconds after it came an open or a click is judged, so that the first of a burst is judged with the
    /// others: 60 to 3600.
    #[arg(long, env = "MANNERLY_QUIET_TIME", default_value_t = tracking::Options::default().quiet.as_secs())]
    pub quiet_time: u64,
    /// How many seconds the confirmation mail waits of somebody whose browser did not solve the sign-up form's challenge,
    /// because it runs no scripts: 0 to 3600.
    #[arg(long, env = "MANNERLY_SIGN_UP_DELAY", default_value_t = intake::Options::default().unproven_delay.as_secs())]
    pub sign_up_delay: u64,
    /// How many of those mails a brand sends in an hour at most, 1 to 100000; the others wait, a day at most.
    #[arg(long, env = "MANNERLY_SIGN_UPS_HOURLY", default_value_t = intake::Options::default().unproven_hourly)]
    pub sign_ups_hourly: u32,
    /// How many seconds a client may take to send the head of a request, and as long again for each 8 KB of its body, 1
    /// to 300. Whoever is slower is answered with 408.
    #[arg(long, env = "MANNERLY_CLIENT_TIMEOUT", default_value_t = CLIENT_TIMEOUT.as_secs())]
    pub client_timeout: u64,
    /// Take the client's address from X-Forwarded-For, as the nearest proxy wrote it. Only behind a proxy of yours.
    #[arg(long, env = "MANNERLY_BEHIND_PROXY", default_value_t = false)]
    pub behind_proxy: bool,
}

/// What it means: checked, and ready to build an `App` from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database.
    pub database: DatabaseUrl,
    /// The keys behind all links.
    pub keys: Keys,
    /// Where mail goes: at least one relay.
    pub mail: Vec<RelayUrl>,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Which name servers the preflight asks.
    pub dns: Servers,
    /// Everything else that requests and jobs look up.
    pub options: Options,
    /// Certificate authorities of one's own for the mail relay.
    pub mail_ca: Authorities,
    /// The name the server greets mail relays with.
    pub hello: Hello,
}

/// The settings that requests and jobs look up while running.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections to the relay send at the same time.
    pub connections: usize,
    /// How long the other servers wait for the outcome of a letter or service mail in hand.
    pub lease: Duration,
    /// The envelope sender of all mail; the brand's own sender if none.
    pub return_path: Option<EmailAddress>,
    /// Whether the relay signs, so that one-click headers count where no key of ours does (M-07).
    pub relay_signs: bool,
    /// Whether the client's address is what the nearest proxy wrote.
    pub behind_proxy: bool,
    /// How long a client may take to send a request (`web::slow`).
    pub client_timeout: Duration,
    /// Where mail comes in by LMTP; nowhere if none.
    pub lmtp: Option<LmtpAddress>,
    /// The maildir from which mail is read; none if none.
    pub maildir: Option<PathBuf>,
    /// How sign-ups are held up that cost their sender nothing.
    pub intake: intake::Options,
    /// How what comes back from letters is judged and kept.
    pub tracking: tracking::Options,
    /// The folder of `.eml` files that the demo's pages show; none in a real server.
    pub demo_mail: Option<PathBuf>,
}

/// The command that was typed, before anything is known of the rest.
pub fn command() -> Option<String> {
    std::env::args().nth(1)
}

impl DatabaseArgs {
    /// Which database, and where.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a URL that is neither of the two kinds.
    pub fn url(&self) -> Result<DatabaseUrl> {
        DatabaseUrl::parse(&self.database_url).map_err(|problem| Error::Invalid(vec![problem]))
    }
}

impl SecretArgs {
    /// The keys behind all links and seals.
    ///
    /// # Errors
    /// [`Error::Invalid`] as [`Keys::from_secrets`].
    pub fn keys(&self) -> Result<Keys> {
        Keys::from_secrets(&self.secret).map_err(|problem| Error::Invalid(vec![problem]))
    }
}

impl ServerArgs {
    /// Checks everything and reports all problems at once. A mail folder that is missing is made.
    ///
    /// # Errors
    /// Every setting that cannot be used, and what to do.
    pub fn check(&self) -> Result<Settings, Vec<Problem>> {
        let mut problems = Problems::default();
        let database = problems.keep(DatabaseUrl::parse(&self.database.database_url));
        let keys = problems.keep(Keys::from_secrets(&self.secret.secret));
        let mail = self.check_mail(&mut problems);
        let listen = problems.keep(
            self.listen
                .parse()
                .map_err(|_| Problem::new("listen", "Enter an address and a port, as in 127.0.0.1:8080")),
        );
        let hello = problems.keep(Hello::parse(&self.hello));
        let mail_ca = self.mail_ca.as_deref().map_or_else(|| Ok(Authorities::default()), Authorities::read);
        let mail_ca = problems.keep(mail_ca);
        let dns = problems.keep(self.dns.as_deref().map(Servers::parse).transpose());
        let options = self.check_options(&mut problems);
        let settings = (|| {
            let mail = mail?;
            let in_folders = mail.iter().all(|relay| matches!(relay.url, MailUrl::Folder(_)));
            Some(Settings {
                database: database?,
                keys: keys?,
                dns: dns?.unwrap_or(if in_folders { Servers::None } else { Servers::System }),
                mail,
                listen: listen?,
                options: options?,
                mail_ca: mail_ca?,
                hello: hello?,
            })
        })();
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(problems.into()),
        }
    }

    /// The relays, with as many connections as they need.
    fn check_mail(&self, problems: &mut Problems) -> Option<Vec<RelayUrl>> {
        problems.rule(
            (1..=CONNECTIONS_MAX).contains(&self.connections),
            "connections",
            format!("Choose from 1 to {CONNECTIONS_MAX} connections"),
        );
        let of_mail = |problem: Problem| Problem::new("mail", problem.detail);
        let mail = problems.keep(RelayUrl::parse_list(&self.mail).map_err(of_mail))?;
        for relay in &mail {
            problems.keep(relay.url.prepare().map_err(of_mail));
        }
        problems.rule(
            mail.len() <= self.connections.max(1),
            "connections",
            format!("Each relay needs a connection; choose {} or more", mail.len()),
        );
        Some(mail)
    }

    /// What requests and jobs look up.
    fn check_options(&self, problems: &mut Problems) -> Option<Options> {
        let days = (1..=KEEP_HITS_MAX).contains(&self.keep_hits);
        problems.rule(days, "keep-hits", format!("Choose from 1 day to {KEEP_HITS_MAX}, ten years"));
        let quiet = (QUIET_TIME_MIN..=QUIET_TIME_MAX).contains(&self.quiet_time);
        let detail = format!("Choose from {QUIET_TIME_MIN} seconds to {QUIET_TIME_MAX}, an hour");
        problems.rule(quiet, "quiet-time", detail);
        let delay = self.sign_up_delay <= SIGN_UP_DELAY_MAX;
        let detail = format!("Choose from 0 seconds to {SIGN_UP_DELAY_MAX}, an hour");
        problems.rule(delay, "sign-up-delay", detail);
        let hourly = (1..=SIGN_UPS_HOURLY_MAX).contains(&self.sign_ups_hourly);
        let detail = format!("Choose from 1 mail in an hour to {SIGN_UPS_HOURLY_MAX}");
        problems.rule(hourly, "sign-ups-hourly", detail);
        let patience = (1..=CLIENT_TIMEOUT_MAX).contains(&self.client_timeout);
        let detail = format!("Choose from 1 second to {CLIENT_TIMEOUT_MAX}, five minutes");
        problems.rule(patience, "client-timeout", detail);
        let lease = (LEASE_MIN..=LEASE_MAX).contains(&self.lease);
        problems.rule(lease, "lease", format!("Choose from {LEASE_MIN} seconds to {LEASE_MAX}, a day"));
        let maildir = self.maildir.as_deref().is_none_or(lmtp::is_maildir);
        problems.rule(maildir, "maildir", "There is no maildir: it needs the folders new and cur");
        let return_path = self.return_path.as_deref().map(EmailAddress::parse).transpose();
        let return_path =
            problems.keep(return_path.map_err(|problem| Problem::new("return-path", problem.detail)));
        let lmtp = problems.keep(self.lmtp.as_deref().map(LmtpAddress::parse).transpose());
        let machines = self.machines.as_deref().map_or_else(|| Ok(Machines::built_in()), Machines::read);
        let machines = problems.keep(machines.map_err(|what| Problem::new("machines", what)));
        Some(Options {
            connections: self.connections,
            lease: Duration::from_secs(self.lease),
            return_path: return_path?,
            relay_signs: self.relay_signs,
            behind_proxy: self.behind_proxy,
            client_timeout: Duration::from_secs(self.client_timeout),
            lmtp: lmtp?,
            maildir: self.maildir.clone(),
            intake: intake::Options {
                unproven_delay: Duration::from_secs(self.sign_up_delay),
                unproven_hourly: self.sign_ups_hourly,
            },
            tracking: tracking::Options {
                machines: Arc::new(machines?),
                keep: DAY * self.keep_hits,
                quiet: Duration::from_secs(self.quiet_time),
            },
            demo_mail: None,
        })
    }
}
