//! Mail from the local mail system: an LMTP listener (RFC 2033), for MTAs that hand over what they received.
//!
//! Off unless the operator names an address. It takes mail only for the addresses that letters carry, and says 250 only
//! when all consequences are committed; whatever it cannot take now stays with the MTA.

mod data;
mod session;

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::app::App;
use crate::config::LmtpAddress;
use crate::error::{Error, Result};
use crate::incoming::session::Session;

/// How many may talk to us at the same time; the next one is asked to come back.
const CONNECTIONS_MAX: usize = 50;

/// How long sessions have to finish a message when the server stops. A message that is cut off stays with the MTA.
const STOPPING: Duration = Duration::from_secs(20);

/// Where the MTA hands mail over.
pub enum Listener {
    /// An address and a port.
    Tcp(TcpListener),
    /// A socket in the file system; it is taken away at the end.
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Takes the address. Needs a running tokio.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it cannot be had, saying why.
    pub fn bind(address: &LmtpAddress) -> Result<Self> {
        let refused = |error: io::Error| {
            Error::conflict(format!("Nothing can listen for mail on {address}: {}", error.kind()))
        };
        match address {
            LmtpAddress::Tcp(address) => {
                let socket = std::net::TcpListener::bind(address).map_err(refused)?;
                socket.set_nonblocking(true)?;
                Ok(Self::Tcp(TcpListener::from_std(socket)?))
            }
            LmtpAddress::Unix(path) => {
                clear_away(path);
                let socket = UnixListener::bind(path).map_err(refused)?;
                // The MTA runs as somebody else. A token proves every message, so nobody gains by reaching us.
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
                Ok(Self::Unix(socket, path.clone()))
            }
        }
    }

    /// The port that was taken, if it is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok().map(|address| address.port()),
            Self::Unix(..) => None,
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Wire>> {
        match self {
            Self::Tcp(socket) => {
                let (wire, _) = socket.accept().await?;
                // Replies are short and waited for.
                wire.set_nodelay(true)?;
                Ok(Box::new(wire))
            }
            Self::Unix(socket, _) => Ok(Box::new(socket.accept().await?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // It may have been taken away already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Takes the socket of a server that died away; one that somebody listens on stays.
fn clear_away(path: &Path) {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        let _ = std::fs::remove_file(path);
    }
}

/// A connection of either kind.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Takes mail in until the server is told to stop.
pub async fn serve(app: App, listener: Listener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut sessions = JoinSet::new();
    let mut stopping = app.stopping.subscribe();
    while !app.is_stopping() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => continue,
            Some(_) = sessions.join_next() => continue,
        };
        match accepted {
            Ok(mut wire) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let session = Session::new(app.clone(), wire);
                    sessions.spawn(async move {
                        // A broken connection is the MTA's to repeat.
                        let _ = session.run().await;
                        drop(place);
                    });
                }
                Err(_) => {
                    let _ = wire.write_all(b"421 4.3.2 Too many connections, come back later\r\n").await;
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a connection that brings mail could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let ended = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(STOPPING, ended).await.is_err() {
        sessions.shutdown().await;
    }
}
