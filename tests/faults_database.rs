//! The database goes away or has no room in mid-campaign: the server lives, no outcome is lost, and it goes on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mannerly::db::{DatabaseUrl, Kind};
use mannerly::token::UnsubscribeLink;

use crate::support::http::Answer;
use crate::support::postgres::Cluster;
use crate::support::programs::{Program, until};
use crate::support::relay::{Manners, POLITE};
use crate::support::rig::{Rig, wait};
use crate::support::server::TestServer;

/// Slow enough that a campaign of a few hundred can be struck in its middle.
const UNHURRIED: Manners = Manners { pause: Duration::from_millis(10), ..POLITE };

#[tokio::test]
async fn postgres_crashes_in_mid_campaign_and_the_server_goes_on() {
    const RESTARTS: usize = 3;
    let cluster = Cluster::start();
    let rig = Rig::new(TestServer::start_at(cluster.url()), 400, UNHURRIED);
    let mut running = rig.boot();
    for restart in 1..=RESTARTS {
        rig.until_accepted(restart * 60);
        cluster.crash();
        assert!(running.0.try_wait().unwrap().is_none(), "the server lives");
    }
    assert!(rig.count("planned") > 0, "the last crash was too late to show anything");
    rig.until_sent();
    // The server lived, so it knows of every letter whether it had it in hand.
    rig.check(0).await;
}

/// No room for a while: nothing is claimed, the doors say 503, and when there is room again nothing was lost.
async fn without_room(rig: &Rig, running: &mut Program, set_room: impl Fn(&Program, bool)) {
    rig.until_accepted(60);
    set_room(running, false);
    let stands_still = || {
        let before = rig.relay.log().begun.len();
        wait(Duration::from_millis(700));
        rig.relay.log().begun.len() == before
    };
    until("nothing is claimed", stands_still);
    assert!(rig.count("planned") > 0, "the room was gone too late to show anything");
    let reader = rig.server.person_id("p0@example.com");
    let link =
        UnsubscribeLink { brand: rig.campaign.brand_id, subscriber: reader, campaign: rig.campaign.id };
    let click = rig.server.request("POST", &rig.url(&format!("/u/{}", rig.server.app.keys.seal(&link))));
    let click = Answer::to(click.form(&[("List-Unsubscribe", "One-Click")])).await;
    for answer in [rig.step("POST", "pause").await, click] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(!answer.header("retry-after").is_empty());
    }
    rig.step("GET", "report").await.expect(200);
    assert!(running.0.try_wait().unwrap().is_none(), "the server lives");
    set_room(running, true);
    rig.until_sent();
    rig.check(0).await;
}

/// The system lets the server write nothing behind the first kilobytes of any file, as if the disk were full; this
/// needs no rights.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn sqlite_that_cannot_write_stops_the_campaign_until_it_can() {
    let rig = Rig::new(TestServer::start(Kind::Sqlite).await, 300, UNHURRIED);
    let command = rig.boot_command();
    // The signal that would end it; a disk that is full sends none.
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' XFSZ; exec \"$0\" serve"]).arg(command.get_program()).env_clear();
    ignoring.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = Program(ignoring.stdout(Stdio::null()).stderr(rig.log()).spawn().unwrap());
    without_room(&rig, &mut running, |running, room| {
        let limit = if room { "--fsize=unlimited:" } else { "--fsize=8192:" };
        let set = Command::new("prlimit").args(["--pid", &running.0.id().to_string(), limit]).status();
        assert!(set.unwrap().success());
    })
    .await;
}

/// A file system of its own, taken away with this value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None where this user may not mount anything.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then(|| Self(folder))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Fills a disk to its last octet.
fn fill(ballast: &Path) {
    let mut ballast = std::fs::File::create(ballast).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        let piece = vec![0; size];
        while ballast.write_all(&piece).is_ok() {}
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_campaign_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        // Past the test runner, which keeps what a test prints to itself.
        let said = "\nNOT SHOWN: a_full_disk_stops_the_campaign_until_there_is_room. Only root may mount a small disk here; \
                    sqlite_that_cannot_write_stops_the_campaign_until_it_can shows the same by a limit of the system.\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return;
    };
    let database = DatabaseUrl::Sqlite(disk.file("mannerly.db").to_str().unwrap().to_owned());
    let rig = Rig::new(TestServer::start_at(database), 300, UNHURRIED);
    let mut running = rig.boot();
    let ballast = disk.file("ballast");
    without_room(&rig, &mut running, |_, room| {
        if room {
            std::fs::remove_file(&ballast).unwrap();
        } else {
            fill(&ballast);
        }
    })
    .await;
}
