//! The octets of SMTP: a command or a message goes out in one write, and a reply is read into one buffer that is used
//! again.
//!
//! lettre knows the words of the protocol; its connection copies each message and makes several strings of each reply,
//! which cost a tenth of all that a letter costs.

use std::io::{self, ErrorKind, IoSlice};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::mail::transport::Reply;

/// The longest reply, in octets; a server that says more talks nonsense.
const REPLY_MAX: usize = 16 * 1024;

/// How much is read at once.
const READ_AT_ONCE: usize = 1024;

/// A socket, in clear or under TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One end of a conversation with a server.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    /// The last reply.
    reply: Vec<u8>,
}

impl Wire {
    /// Over this socket; nothing is read yet.
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufReader::with_capacity(READ_AT_ONCE, stream), reply: Vec::new() }
    }

    /// The socket, to be encrypted; nothing if the server said more than it was asked, which somebody may have smuggled
    /// in (RFC 3207, section 6).
    pub(super) fn into_stream(self) -> Option<Box<dyn Stream>> {
        self.stream.buffer().is_empty().then(|| self.stream.into_inner())
    }

    /// Says something and reads the reply to it.
    ///
    /// # Errors
    /// If the connection is lost, or the server talks nonsense.
    pub(super) async fn ask(&mut self, command: &str) -> io::Result<Reply> {
        self.send(&[command.as_bytes(), b""]).await?;
        self.reply().await
    }

    /// Writes two pieces one behind the other, in one packet if they fit.
    ///
    /// # Errors
    /// If the connection is lost.
    pub(super) async fn send(&mut self, pieces: &[&[u8]; 2]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        let mut written = stream.write_vectored(&pieces.map(IoSlice::new)).await?;
        for piece in pieces {
            let rest = piece.get(written..).unwrap_or_default();
            written = written.saturating_sub(piece.len());
            stream.write_all(rest).await?;
        }
        stream.flush().await
    }

    /// Reads one reply: good or bad, of one line or several.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        self.reply.clear();
        let mut begun = None;
        loop {
            let at = self.reply.len();
            self.read_line().await?;
            let (code, goes_on) = head(self.reply.get(at..).unwrap_or_default())
                .filter(|(code, _)| begun.is_none_or(|first| first == *code))
                .ok_or(ErrorKind::InvalidData)?;
            begun = Some(code);
            if !goes_on {
                return Ok(Reply::read(code, self.first_line()));
            }
        }
    }

    /// The last reply as it was said.
    pub(super) fn words(&self) -> &str {
        std::str::from_utf8(&self.reply).unwrap_or_default()
    }

    /// The text of the first line of the reply.
    fn first_line(&self) -> &str {
        let line = self.reply.split(|octet| *octet == b'\n').next().and_then(|line| line.get(4..));
        line.and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default()
    }

    async fn read_line(&mut self) -> io::Result<()> {
        loop {
            let octets = self.stream.fill_buf().await?;
            if octets.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let end = memchr::memchr(b'\n', octets).map(|at| at + 1);
            let taken = end.unwrap_or(octets.len());
            self.reply.extend_from_slice(octets.get(..taken).unwrap_or_default());
            self.stream.consume(taken);
            if self.reply.len() > REPLY_MAX {
                return Err(ErrorKind::InvalidData.into());
            }
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

/// The code of a reply's line, and whether another line follows (RFC 5321, section 4.2).
fn head(line: &[u8]) -> Option<(u16, bool)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = std::str::from_utf8(code).ok().filter(|code| code.bytes().all(|c| c.is_ascii_digit()))?;
    let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
    match rest.first() {
        Some(b'-') => Some((code, true)),
        Some(b' ' | b'\r' | b'\n') => Some((code, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(said: &[u8]) -> (Option<Reply>, String) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(said).await.unwrap();
        drop(theirs);
        let mut wire = Wire::new(Box::new(ours));
        let reply = wire.reply().await.ok();
        (reply, wire.words().to_owned())
    }

    #[tokio::test]
    async fn a_reply_is_its_codes_whatever_its_lines() {
        let cases: [(&[u8], Option<Reply>); 12] = [
            (b"250 2.0.0 ok\r\n", Some(Reply::new(250, Some((2, 0, 0))))),
            (b"250-2.1.0 one\r\n250 two\r\n220 next", Some(Reply::new(250, Some((2, 1, 0))))),
            (b"354\r\n", Some(Reply::new(354, None))),
            (b"421 \xff\r\n", Some(Reply::new(421, None))),
            (b"250 ok\n", Some(Reply::new(250, None))),
            (b"250-ok\r\n251 no\r\n", None),
            (b"250-ok\r\n", None),
            (b"250 ok", None),
            (b"25\r\n", None),
            (b"+50 ok\r\n", None),
            (b"600 what\r\n", None),
            (b"", None),
        ];
        for (said, reply) in cases {
            assert_eq!(read(said).await.0, reply, "{said:?}");
        }
        assert_eq!(read(b"250-a\r\n250 b\r\nmore").await.1, "250-a\r\n250 b\r\n");
        assert_eq!(read(&vec![b'2'; 1 << 19]).await.0, None);
    }

    #[tokio::test]
    async fn two_pieces_arrive_as_one_whatever_the_socket_takes_at_once() {
        let (ours, theirs) = tokio::io::duplex(7);
        let mut wire = Wire::new(Box::new(ours));
        let sending = async {
            wire.send(&[&[b'a'; 30], b".\r\n"]).await.unwrap();
            drop(wire);
        };
        let mut heard = Vec::new();
        let mut theirs = BufReader::new(theirs);
        let hearing = tokio::io::AsyncReadExt::read_to_end(&mut theirs, &mut heard);
        let (_, heard_all) = tokio::join!(sending, hearing);
        heard_all.unwrap();
        assert_eq!(heard, [&[b'a'; 30][..], b".\r\n"].concat());
    }
}
