//! A server that answers by a script, in clear or under TLS, and tells what it heard.

use std::collections::VecDeque;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// What a scripted server answers; `None` hangs up instead.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) extensions: &'static str,
    pub(super) mail: Option<&'static str>,
    pub(super) rcpt: Option<&'static str>,
    pub(super) data: Option<&'static str>,
    pub(super) dot: Option<&'static str>,
    /// Hangs up after this many messages.
    pub(super) messages: usize,
}

pub(super) const POLITE: Script = Script {
    extensions: "250-PIPELINING\r\n250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n",
    mail: Some("250 2.1.0 ok"),
    rcpt: Some("250 2.1.5 ok"),
    data: Some("354 go on"),
    dot: Some("250 2.0.0 queued"),
    messages: 1000,
};

pub(super) struct Server {
    pub(super) port: u16,
    heard: UnboundedReceiver<String>,
}

impl Server {
    /// Serves one connection for each script, in turn.
    pub(super) async fn start(scripts: &[Script]) -> Self {
        Self::serve(scripts, Wire::Clear).await
    }

    pub(super) async fn serve(scripts: &[Script], wire: Wire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut scripts: VecDeque<_> = scripts.to_vec().into();
        let (told, heard) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(script) = scripts.pop_front() {
                let Ok((stream, _)) = listener.accept().await else { return };
                let _ = told.send(String::from("(connected)"));
                let _ = wire.clone().talk(stream, script, told.clone()).await;
            }
        });
        Self { port, heard }
    }

    pub(super) fn heard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }
}

#[derive(Clone)]
pub(super) enum Wire {
    Clear,
    Implicit(TlsAcceptor),
    StartTls(TlsAcceptor),
}

impl Wire {
    async fn talk(
        self,
        stream: TcpStream,
        script: Script,
        told: UnboundedSender<String>,
    ) -> std::io::Result<()> {
        match self {
            Self::Clear => converse(stream, script, &told, true).await.map(drop),
            Self::Implicit(tls) => converse(tls.accept(stream).await?, script, &told, true).await.map(drop),
            Self::StartTls(tls) => {
                let offering = Script { extensions: "250-STARTTLS\r\n", ..script.clone() };
                match converse(stream, offering, &told, true).await? {
                    Some(stream) => converse(tls.accept(stream).await?, script, &told, false).await.map(drop),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Speaks SMTP by the script; gives the stream back when the client says STARTTLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    script: Script,
    told: &UnboundedSender<String>,
    greet: bool,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    let mut messages = 0;
    if greet {
        stream.write_all(b"220 server.test\r\n").await?;
    }
    loop {
        stream.flush().await?;
        if messages == script.messages {
            return Ok(None);
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let _ = told.send(line.trim_end().to_owned());
        let verb = line.split([' ', '\r']).next().unwrap_or_default();
        let answer = match verb {
            "EHLO" => {
                let answer = format!("250-server.test\r\n{}250 8BITMIME\r\n", script.extensions);
                stream.write_all(answer.as_bytes()).await?;
                continue;
            }
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await?;
                stream.flush().await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => Some("235 2.7.0 welcome"),
            "MAIL" => script.mail,
            "RCPT" => script.rcpt,
            "DATA" => script.data,
            "QUIT" => Some("221 bye"),
            _ => Some("250 ok"),
        };
        let Some(answer) = answer else { return Ok(None) };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        stream.flush().await?;
        if answer.starts_with("421") {
            return Ok(None);
        }
        if answer.starts_with("354") {
            let content = content(&mut stream).await?;
            let _ = told.send(content);
            let Some(answer) = script.dot else { return Ok(None) };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            messages += 1;
        }
    }
}

async fn content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut content = String::new();
    loop {
        let before = content.len();
        if stream.read_line(&mut content).await? == 0 || &content[before..] == ".\r\n" {
            return Ok(content);
        }
    }
}
