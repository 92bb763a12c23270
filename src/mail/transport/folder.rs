//! Mail as files: one `.eml` for each message, with the headers that a final delivery agent adds.
//!
//! A file appears under its name only when it is complete, and none is ever overwritten.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::email_address::EmailAddress;
use crate::mail::transport::{Outcome, Reply, Stage};

/// A folder of messages.
pub(super) struct Folder {
    path: PathBuf,
    count: AtomicU64,
}

impl Folder {
    /// A folder that is there.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), count: AtomicU64::new(0) }
    }

    /// Writes one message away from the runtime's threads.
    pub(super) async fn keep(
        self: Arc<Self>,
        to: &EmailAddress,
        return_path: &EmailAddress,
        message: &[u8],
    ) -> Outcome {
        // RFC 5321, section 4.4; Delivered-To as many delivery agents write it.
        let mut file =
            format!("Return-Path: <{}>\r\nDelivered-To: {}\r\n", return_path.as_str(), to.as_str())
                .into_bytes();
        file.extend_from_slice(message);
        let stem = stem(message);
        let written = tokio::task::spawn_blocking(move || self.write(&stem, &file)).await;
        match written {
            Ok(Ok(())) => Outcome::Accepted(Reply::new(250, Some((2, 0, 0)))),
            Ok(Err(error)) => {
                tracing::warn!(kind = %error.kind(), "the mail folder cannot be written");
                Outcome::Deferred { stage: Stage::Content, reply: None }
            }
            // The writer panicked or the runtime stops: the file may be there.
            Err(_) => Outcome::Uncertain,
        }
    }

    fn write(&self, stem: &str, file: &[u8]) -> std::io::Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let temporary = self.path.join(format!(".{stem}.{}.{number}.part", std::process::id()));
        let written = fs::File::create(&temporary)
            .and_then(|mut part| part.write_all(file))
            .and_then(|()| self.publish(&temporary, stem, number));
        // What is left of it harms nobody; its message is there or not all the same.
        let _ = fs::remove_file(&temporary);
        written
    }

    /// Gives a complete file its name. A message that has its like gets a number besides.
    fn publish(&self, temporary: &Path, stem: &str, number: u64) -> std::io::Result<()> {
        let names = std::iter::once(format!("{stem}.eml"));
        for name in names.chain((number + 1..).map(|copy| format!("{stem}.{copy}.eml"))) {
            // A hard link fails where a rename would overwrite: a message sent twice must show as two.
            match fs::hard_link(temporary, self.path.join(name)) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                linked => return linked,
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

/// The left part of the Message-ID as a file name.
fn stem(message: &[u8]) -> String {
    let line = message
        .split(|octet| *octet == b'\n')
        .take_while(|line| !matches!(line, [] | [b'\r']))
        .find(|line| line.len() > 11 && line[..11].eq_ignore_ascii_case(b"message-id:"))
        .unwrap_or_default();
    let id: String = String::from_utf8_lossy(line)
        .chars()
        .skip_while(|letter| *letter != '<')
        .skip(1)
        .take_while(|letter| !matches!(letter, '@' | '>'))
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        .take(100)
        .collect();
    if id.is_empty() { String::from("message") } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[tokio::test]
    async fn each_message_is_one_complete_file_and_none_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::new(directory.path()));
        let message = b"Message-ID: <abc-1@brand.test>\r\n\r\nHello\r\n";
        for _ in 0..2 {
            let kept = Arc::clone(&folder)
                .keep(&address("ana@example.com"), &address("bounce@brand.test"), message)
                .await;
            assert!(matches!(kept, Outcome::Accepted(_)), "{kept:?}");
        }
        let mut names: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["abc-1.2.eml", "abc-1.eml"]);
        let text = fs::read_to_string(directory.path().join("abc-1.eml")).unwrap();
        assert!(text.starts_with("Return-Path: <bounce@brand.test>\r\nDelivered-To: ana@example.com\r\nM"));
    }

    #[test]
    fn no_message_id_can_lead_out_of_the_folder() {
        assert_eq!(stem(b"Message-ID: <../../etc/x@brand.test>\r\n\r\n"), "etcx");
        assert_eq!(stem(b"Subject: x\r\n\r\nMessage-ID: <b@c>\r\n"), "message");
        assert_eq!(stem(b""), "message");
    }
}
