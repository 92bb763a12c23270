//! The transport against a Postfix of its own: TLS as a relay out there speaks it. Postfix starts only as root; for
//! anybody else there is nothing to run, and the scripted servers of the other tests have to do.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use super::{MESSAGE, Permit, Tls, address, issue, permit, quick};
use crate::mail::transport::{Fault, Outcome, Transport};

/// The services that take a letter and throw it away.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// A Postfix in a folder of its own; it ends with the test.
struct Postfix {
    folder: TempDir,
    starttls: u16,
    implicit: u16,
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("the programs of Postfix; ./test installs them")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Postfix {
    fn start(folder: TempDir, certificate: &str, key: &str) -> Self {
        let path = folder.path().to_str().unwrap();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // Its daemons are another user, who has to get here.
        assert!(run("chmod", &["755", path]).status.success());
        assert!(run("chown", &["postfix", &format!("{path}/data")]).status.success());
        fs::write(folder.path().join("cert.pem"), certificate).unwrap();
        fs::write(folder.path().join("key.pem"), key).unwrap();
        let (starttls, implicit) = (free_port(), free_port());
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {path}/queue\ndata_directory = {path}/data\n\
             myhostname = localhost\nmydestination =\nlocal_recipient_maps =\nalias_maps =\nalias_database =\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
             default_transport = discard\nrelay_transport = discard\nsmtpd_tls_security_level = may\n\
             smtpd_tls_cert_file = {path}/cert.pem\nsmtpd_tls_key_file = {path}/key.pem\n\
             smtpd_tls_loglevel = 1\nmaillog_file = {path}/log\nmaillog_file_prefixes = {path}\n"
        );
        let master = format!(
            "127.0.0.1:{starttls} inet n - n - - smtpd\n\
             127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n{SERVICES}"
        );
        fs::write(folder.path().join("etc/main.cf"), main).unwrap();
        fs::write(folder.path().join("etc/master.cf"), master).unwrap();
        let started = run("postfix", &["-c", &format!("{path}/etc"), "start"]);
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        Self { folder, starttls, implicit }
    }

    fn port(&self, kind: Tls) -> u16 {
        match kind {
            Tls::Implicit => self.implicit,
            Tls::StartTls => self.starttls,
        }
    }

    /// Waits until it says that it had this many TLS connections: its log is written by another process.
    async fn has_encrypted(&self, count: usize) {
        let said = async {
            while fs::read_to_string(self.folder.path().join("log"))
                .is_ok_and(|log| log.matches("TLS connection established").count() != count)
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), said).await.expect("the log should say so");
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        run("postfix", &["-c", &format!("{}/etc", self.folder.path().display()), "abort"]);
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

async fn connect(
    postfix: &Postfix,
    kind: Tls,
    ca: Option<&Path>,
) -> Result<crate::mail::transport::Connection<Permit>, Fault> {
    let transport = Transport::new(&kind.url("", postfix.port(kind)), &quick(ca)).unwrap();
    transport.connect().await.map_err(|why| why.fault)
}

#[tokio::test]
async fn postfix_takes_mail_over_tls_of_both_kinds_and_an_unknown_authority_is_refused() {
    if !is_root() {
        eprintln!("Not run: Postfix starts only as root.");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ca, certificate, key) = issue(folder.path(), "localhost");
    let postfix = Postfix::start(folder, &certificate.pem(), &key.serialize_pem());
    for (kind, encrypted) in [(Tls::StartTls, 1), (Tls::Implicit, 2)] {
        let unknown = connect(&postfix, kind, None).await.err();
        assert_eq!(unknown, Some(Fault::Certificate), "{kind:?}");
        let mut connection = connect(&postfix, kind, Some(&ca)).await.unwrap();
        for _ in 0..3 {
            let outcome = connection.hand_over(permit(), &address("b@brand.test"), MESSAGE).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{kind:?} {outcome:?}");
        }
        connection.close().await;
        postfix.has_encrypted(encrypted).await;
    }
}
