//! Where mail goes, as the operator writes it: `smtp://relay.example:25`, `smtps://…`, `folder:./outgoing`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::error::Problem;
use crate::percent;

/// Where mail goes. Neither `Debug` nor `Display` shows the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailUrl {
    /// A relay that speaks SMTP.
    Smtp(SmtpUrl),
    /// A folder that gets one `.eml` file for each message.
    Folder(PathBuf),
}

/// A relay and how to speak with it.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Its name (in A-labels) or IP address, without brackets.
    pub host: String,
    /// Its port: 25 for `smtp`, 465 for `smtps`, unless given.
    pub port: u16,
    /// TLS from the first octet (RFC 8314, section 3.3): `smtps`.
    pub implicit_tls: bool,
    /// What to do about STARTTLS (RFC 3207) without it.
    pub starttls: StartTls,
    /// User name and password.
    pub login: Option<(String, String)>,
}

/// What to do about STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// No encryption, no mail.
    Required,
    /// Encrypt if the server offers it (its certificate must then be valid), go on in clear if it does not.
    Opportunistic,
    /// Always in clear.
    Never,
}

impl MailUrl {
    /// Reads the URL.
    ///
    /// Without `?starttls=required|opportunistic|never` a relay on this machine is spoken to in clear, as
    /// nobody stands in between, and every other only after a verified STARTTLS. A password never goes over
    /// a clear connection to another machine.
    ///
    /// # Errors
    /// Says what is wrong, without repeating the password.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        for scheme in ["folder:", "file:"] {
            if let Some(path) = text.strip_prefix(scheme) {
                let path = path.strip_prefix("//").unwrap_or(path);
                return match path {
                    "" => Err(problem("Name a folder, like folder:./outgoing")),
                    path => Ok(Self::Folder(PathBuf::from(path))),
                };
            }
        }
        let url = Url::parse(text).map_err(|_| {
            problem("Write smtp://host:25, smtps://host or folder:./path (percent-encode a password)")
        })?;
        let implicit_tls = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(problem("Use smtp:, smtps: or folder:")),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => idna::domain_to_ascii(name)
                .map_err(|_| problem("The host of the mail server is not a valid name"))?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(problem("Name the mail server, like smtp://localhost:25")),
        };
        if ServerName::try_from(host.as_str()).is_err() {
            return Err(problem("The host of the mail server is not a valid name"));
        }
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(problem("Nothing may follow the host but ?starttls=…"));
        }
        let starttls = starttls(&url, implicit_tls, is_this_machine(&host))?;
        let login = login(&url)?;
        if login.is_some() && !implicit_tls && starttls == StartTls::Never && !is_this_machine(&host) {
            return Err(problem("A password needs TLS: use smtps:// or ?starttls=required"));
        }
        let port = url.port().unwrap_or(if implicit_tls { 465 } else { 25 });
        Ok(Self::Smtp(SmtpUrl { host, port, implicit_tls, starttls, login }))
    }

    /// Makes the folder, if it is one and missing.
    ///
    /// # Errors
    /// If there is none and none can be made.
    pub fn prepare(&self) -> Result<(), Problem> {
        match self {
            Self::Smtp(_) => Ok(()),
            Self::Folder(path) => std::fs::create_dir_all(path)
                .map_err(|error| problem(&format!("The folder {} cannot be made: {error}", path.display()))),
        }
    }
}

fn problem(detail: &str) -> Problem {
    Problem::new("mail_url", detail)
}

fn starttls(url: &Url, implicit_tls: bool, this_machine: bool) -> Result<StartTls, Problem> {
    let mut choice = if implicit_tls || this_machine { StartTls::Never } else { StartTls::Required };
    for (name, value) in url.query_pairs() {
        choice = match (&*name, &*value) {
            ("starttls", _) if implicit_tls => {
                return Err(problem("smtps:// is encrypted from the start: leave out ?starttls"));
            }
            ("starttls", "required") => StartTls::Required,
            ("starttls", "opportunistic") => StartTls::Opportunistic,
            ("starttls", "never") => StartTls::Never,
            _ => return Err(problem("Only ?starttls=required, opportunistic or never is understood")),
        };
    }
    Ok(choice)
}

fn login(url: &Url) -> Result<Option<(String, String)>, Problem> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decode = |text: &str| {
        let decoded = String::from_utf8(percent::decode(text.as_bytes())?).ok()?;
        (!decoded.is_empty() && !decoded.chars().any(char::is_control)).then_some(decoded)
    };
    match (decode(url.username()), url.password().and_then(decode)) {
        (Some(user), Some(password)) => Ok(Some((user, password))),
        _ => Err(problem("Give both user and password, percent-encoded: smtp://user:password@host")),
    }
}

/// Whether a connection to this host never leaves the machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.implicit_tls { "smtps" } else { "smtp" };
        let login = if self.login.is_some() { "***@" } else { "" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{login}{open}{}{close}:{}", self.host, self.port)?;
        match self.starttls {
            _ if self.implicit_tls => Ok(()),
            StartTls::Required => f.write_str("?starttls=required"),
            StartTls::Opportunistic => f.write_str("?starttls=opportunistic"),
            StartTls::Never => f.write_str("?starttls=never"),
        }
    }
}

impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(url) => url.fmt(f),
            Self::Folder(path) => write!(f, "folder:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(text: &str) -> SmtpUrl {
        match MailUrl::parse(text).unwrap() {
            MailUrl::Smtp(url) => url,
            MailUrl::Folder(_) => panic!("a folder"),
        }
    }

    #[test]
    fn another_machine_is_spoken_to_only_after_starttls_unless_the_operator_says_otherwise() {
        assert_eq!(smtp("smtp://relay.example").starttls, StartTls::Required);
        assert_eq!(smtp("smtp://10.0.0.7:2525").starttls, StartTls::Required);
        assert_eq!(smtp("smtp://relay.example?starttls=opportunistic").starttls, StartTls::Opportunistic);
        for here in ["smtp://localhost", "smtp://127.0.0.1:2525", "smtp://[::1]"] {
            assert_eq!(smtp(here).starttls, StartTls::Never, "{here}");
        }
    }

    #[test]
    fn ports_and_hosts_are_read() {
        assert_eq!((smtp("smtp://relay.example").port, smtp("smtps://relay.example").port), (25, 465));
        assert_eq!(smtp("smtp://[::1]:26").host, "::1");
        assert!(smtp("smtps://relay.example").implicit_tls);
        assert_eq!(MailUrl::parse("folder:./demo/mail").unwrap(), MailUrl::Folder("./demo/mail".into()));
        assert_eq!(MailUrl::parse("file:///var/mail").unwrap(), MailUrl::Folder("/var/mail".into()));
    }

    #[test]
    fn a_password_is_decoded_and_never_shown() {
        let url = smtp("smtps://ana%40example.com:p%25w@relay.example");
        assert_eq!(url.login, Some((String::from("ana@example.com"), String::from("p%w"))));
        for shown in [format!("{url:?}"), url.to_string(), format!("{:?}", MailUrl::Smtp(url))] {
            assert!(!shown.contains("p%") && !shown.contains("ana"), "{shown}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in [
            "",
            "smtp://",
            "http://relay.example",
            "relay.example:25",
            "smtp://user@relay.example",
            "smtp://user:hunter2@relay.example?starttls=never",
            "smtp://user:hunter2@relay.example/path",
            "smtp://user:hunter2@relay.example?tls=yes",
            "smtps://user:hunter2@relay.example?starttls=required",
            "smtp://user:hunter2%0a@relay.example",
            "folder:",
        ] {
            let problem = MailUrl::parse(text).expect_err(text);
            assert!(!problem.detail.contains("hunter2"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(smtp://|smtps://|folder:)?\\PC{0,40}") {
            let _ = MailUrl::parse(&text);
        }
    }
}
