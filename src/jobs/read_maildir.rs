//! Reads the mail that a mail system puts into a maildir: what is done moves from `new` to `cur` with the flag S. What
//! is no mail of ours moves there without it, so that it is in nobody's way and a person finds it as unread. What
//! cannot be read or worked on now stays, and is tried again.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use crate::app::App;
use crate::domain::feedback;
use crate::error::Result;
use crate::jobs::Progress;
use crate::mail::report;

/// How many messages one run takes.
const AT_ONCE: usize = 500;

/// One run.
///
/// # Errors
/// If something cannot be read or moved, or of the database; then the rest waits where it is.
pub async fn run_once(app: &App) -> Result<Progress> {
    let Some(maildir) = app.options.maildir.clone() else { return Ok(Progress::Idle) };
    let listed = maildir.clone();
    let names = blocking(move || list(&listed)).await?;
    let more = names.len() == AT_ONCE;
    for name in names {
        let path = maildir.join("new").join(&name);
        let flags = match blocking(move || read(&path)).await {
            Ok(Some(message)) => take_in(app, &name, message).await?,
            // Another server was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                tracing::warn!(file = ?name, kind = %error.kind(), "a message in the maildir cannot be read now");
                return Err(error.into());
            }
            Ok(None) => {
                tracing::warn!(file = ?name, "a message in the maildir is too long or no file");
                ":2,"
            }
        };
        let folder = maildir.clone();
        blocking(move || set_aside(&folder, name, flags)).await?;
    }
    Ok(if more { Progress::More } else { Progress::Idle })
}

/// Returns the flags that the message gets: S for one that was worked on.
async fn take_in(app: &App, name: &OsString, message: Vec<u8>) -> Result<&'static str> {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let addresses = report::recipients(&message);
    let known = keys.clone();
    let find = app.db.read(move |conn| {
        for address in addresses {
            if let Some(mailbox) = feedback::mailbox(conn, &known, &address)? {
                return Ok(Some(mailbox));
            }
        }
        Ok(None)
    });
    let Some(to) = find.await? else {
        tracing::warn!(file = ?name, "a message in the maildir is for none of our addresses");
        return Ok(":2,");
    };
    let incoming = report::read(&message, &to);
    let verdict = app.db.write(move |conn| feedback::receive(conn, &keys, &to, &incoming, now)).await?;
    tracing::info!(?verdict, "mail came in");
    Ok(":2,S")
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
    names.truncate(AT_ONCE);
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
