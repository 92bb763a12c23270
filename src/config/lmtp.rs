//! Where mail comes in: the address of the LMTP listener, and what makes a folder a maildir.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::error::Problem;

/// Where the mail system hands mail over by LMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LmtpAddress {
    /// An address and a port, which should be of this machine or a private network.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl LmtpAddress {
    /// Reads `127.0.0.1:2424` or `unix:/run/mannerly/lmtp`.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = || Problem::new("lmtp", "Enter 127.0.0.1:2424 or unix:/run/mannerly/lmtp");
        match text.strip_prefix("unix:") {
            Some(path) if Path::new(path).is_absolute() => Ok(Self::Unix(path.into())),
            Some(_) => Err(problem()),
            None => text.parse().map(Self::Tcp).map_err(|_| problem()),
        }
    }
}

impl fmt::Display for LmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

pub(super) fn is_maildir(path: &Path) -> bool {
    path.join("new").is_dir() && path.join("cur").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_or_the_path_of_a_socket() {
        for good in ["127.0.0.1:2424", "[::1]:24", "unix:/run/mannerly/lmtp"] {
            assert_eq!(LmtpAddress::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "2424", "localhost", "unix:", "unix:lmtp", "/run/lmtp"] {
            assert!(LmtpAddress::parse(bad).is_err(), "{bad}");
        }
    }
}
