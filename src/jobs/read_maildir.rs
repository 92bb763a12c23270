//! Reads the mail that a mail system puts into a maildir: what is done moves from `new` to `cur` with the flag S. What
//! is no mail of ours moves there without it, so that it is in nobody's way and a person finds it as unread.
//!
//! A message that cannot be read, worked on or moved now stays and is tried again, at longer and longer intervals, and
//! the others do not wait for it. Only while the database is away all of them wait.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use crate::app::App;
use crate::app::incoming::{self, Means};
use crate::domain::feedback;
use crate::error::{Error, Result};
use crate::jobs::Progress;
use crate::mail::report;

/// How many messages one run takes.
const AT_ONCE: usize = 500;

/// One run.
///
/// # Errors
/// If the folder cannot be listed, or the database does not answer; then all of it waits where it is.
pub async fn run_once(app: &App) -> Result<Progress> {
    let Some(maildir) = &app.options.maildir else { return Ok(Progress::Idle) };
    let (listed, now) = (maildir.clone(), app.clock.now());
    let names = blocking(move || list(&listed)).await?;
    app.setbacks.keep_only(names.iter().map(OsString::as_os_str));
    let due = names.into_iter().filter(|name| !app.setbacks.waits(name, now));
    let due: Vec<OsString> = due.take(AT_ONCE).collect();
    let more = due.len() == AT_ONCE;
    for name in due {
        match work_on(app, maildir, &name).await {
            Ok(()) => {}
            // It is not this message's fault, and the next one would fare no better.
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => {
                if app.setbacks.note(&name, now) {
                    tracing::error!(
                        file = ?name,
                        %error,
                        "a message in the maildir cannot be taken in; it is tried again now and then"
                    );
                }
            }
        }
    }
    Ok(if more { Progress::More } else { Progress::Idle })
}

/// Reads one message, takes it in and moves it out of the way.
async fn work_on(app: &App, maildir: &Path, name: &OsString) -> Result<()> {
    let path = maildir.join("new").join(name);
    let flags = match blocking(move || read(&path)).await {
        Ok(Some(message)) => take_in(app, name, message).await?,
        // Another server was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(None) => {
            tracing::warn!(file = ?name, "a message in the maildir is too long or no file");
            UNREAD
        }
    };
    let (folder, name) = (maildir.to_owned(), name.clone());
    Ok(blocking(move || set_aside(&folder, name, flags)).await?)
}

/// The flags of a message that was worked on.
const DONE: &str = ":2,S";

/// The flags of one that was not, and never will be.
const UNREAD: &str = ":2,";

/// Returns the flags that the message gets.
async fn take_in(app: &App, name: &OsString, message: Vec<u8>) -> Result<&'static str> {
    let (keys, addresses) = (app.keys.clone(), report::recipients(&message));
    let find = app.db.read(move |conn| {
        for address in addresses {
            if let Some(mailbox) = feedback::mailbox(conn, &keys, &address)? {
                return Ok(Some(mailbox));
            }
        }
        Ok(None)
    });
    let Some(to) = find.await? else {
        tracing::warn!(file = ?name, "a message in the maildir is for none of our addresses");
        return Ok(UNREAD);
    };
    let means = Means { db: &app.db, keys: &app.keys, dns: &app.dns };
    match incoming::take_in(means, to, &message, app.clock.now()).await? {
        Some(_) => Ok(DONE),
        None => Err(Error::internal("no name server answers for the domain that signed it")),
    }
}

/// The names in `new`, oldest first as far as names tell.
fn list(maildir: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(maildir.join("new"))? {
        let name = entry?.file_name();
        // A name that begins with a dot is no message.
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_file() || about.len() > report::SIZE_MAX as u64 {
        return Ok(None);
    }
    fs::read(path).map(Some)
}

fn set_aside(maildir: &Path, name: OsString, flags: &str) -> io::Result<()> {
    let mut aside = name.clone();
    aside.push(flags);
    match fs::rename(maildir.join("new").join(name), maildir.join("cur").join(aside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
