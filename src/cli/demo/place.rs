//! The demo's folder: database, secret, API key, mail.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::App;
use crate::config::{CLIENT_TIMEOUT, Options, Settings};
use crate::db::DatabaseUrl;
use crate::domain::account::Scope;
use crate::domain::account::api_key;
use crate::domain::delivery::claim::LEASE;
use crate::domain::intake;
use crate::domain::tracking;
use crate::error::{Error, Result};
use crate::mail::dns::Servers;
use crate::mail::relay::{MAIN, RelayUrl};
use crate::mail::transport::{Authorities, Hello, MailUrl};
use crate::secret::Secret;
use crate::token::Keys;

/// How many letters are written to the folder at the same time.
const CONNECTIONS: usize = 4;

/// Where everything of one demo is.
pub(super) struct Place {
    pub(super) dir: PathBuf,
    /// The folder of `.eml` files.
    pub(super) mail: PathBuf,
    secret: String,
}

impl Place {
    /// Makes the folder and its secret, unless an earlier run did.
    pub(super) fn prepare(dir: &Path) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::conflict(format!("The folder {} cannot be used: {error}", dir.display()))
        };
        fs::create_dir_all(dir.join("mail")).map_err(cannot)?;
        let dir = dir.canonicalize().map_err(cannot)?;
        let secret = keep(&dir.join("secret"), || Ok(Secret::generate("")?.reveal().to_owned()))?;
        Ok(Self { mail: dir.join("mail"), dir, secret })
    }

    /// What a server of this demo is told.
    pub(super) fn settings(&self, listen: SocketAddr) -> Result<Settings> {
        let keys = Keys::from_secrets(&self.secret).map_err(|problem| Error::Invalid(vec![problem]))?;
        Ok(Settings {
            database: DatabaseUrl::Sqlite(self.dir.join("mannerly.db").display().to_string()),
            keys,
            mail: vec![RelayUrl {
                name: MAIN.to_owned(),
                weight: 1,
                url: MailUrl::Folder(self.mail.clone()),
            }],
            dns: Servers::None,
            listen,
            mail_ca: Authorities::default(),
            hello: Hello::default(),
            options: Options {
                connections: CONNECTIONS,
                lease: LEASE,
                return_path: None,
                relay_signs: false,
                behind_proxy: false,
                client_timeout: CLIENT_TIMEOUT,
                lmtp: None,
                maildir: None,
                // Made-up people sign up all at once, and who tries a form is not kept waiting.
                intake: intake::Options { unproven_delay: Duration::ZERO, unproven_hourly: 100_000 },
                tracking: tracking::Options::default(),
                demo_mail: Some(self.mail.clone()),
            },
        })
    }

    /// The demo's API key, made by the first run and kept beside the database.
    pub(super) fn api_key(&self, app: &App) -> Result<String> {
        let now = app.clock.now();
        keep(&self.dir.join("api-key"), || {
            let (_, secret) =
                app.db.write_here(|conn| api_key::create(conn, "demo", &[Scope::Admin], now))?;
            Ok(secret.reveal().to_owned())
        })
    }
}

/// The text of a file that only its owner can read; made if it is missing.
fn keep(path: &Path, make: impl FnOnce() -> Result<String>) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let text = make()?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(text)
}
