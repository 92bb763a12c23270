//! PostgreSQL commits, and the connection breaks before anybody hears of it: each hit is stored once all the same.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diesel::prelude::*;
use mannerly::db::DatabaseUrl;
use mannerly::db::schema::{anonymous_count, brand, hit};

use crate::support::postgres::Cluster;
use crate::support::programs::until;
use crate::support::server::TestServer;
use crate::tracking::{GIF, link_of, pixel_of, reader, send};

/// Between a server and PostgreSQL: it can lose the answer to the next commit, and the connection with it.
struct Wire {
    folder: tempfile::TempDir,
    loses: Arc<AtomicBool>,
    lost: Arc<AtomicUsize>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Wire {
    fn to(folder: &Path) -> Self {
        let wire = Self { folder: tempfile::tempdir().unwrap(), loses: Arc::default(), lost: Arc::default() };
        let listener = UnixListener::bind(wire.folder.path().join(SOCKET)).unwrap();
        let (loses, lost, database) = (wire.loses.clone(), wire.lost.clone(), folder.join(SOCKET));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                carry(client, &database, &loses, &lost);
            }
        });
        wire
    }

    /// Where a server finds it.
    fn url(&self) -> DatabaseUrl {
        let folder = self.folder.path().display();
        DatabaseUrl::Postgres(format!("postgres:///postgres?host={folder}&user=postgres"))
    }

    fn lose_the_answer_to_the_next_commit(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }
}

fn carry(client: UnixStream, database: &PathBuf, loses: &Arc<AtomicBool>, lost: &Arc<AtomicUsize>) {
    let server = UnixStream::connect(database).unwrap();
    let doomed = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (loses, marks) = (loses.clone(), doomed.clone());
    std::thread::spawn(move || {
        let mut piece = [0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let commits = piece[..length].windows(6).any(|window| window == b"COMMIT");
            if commits && loses.swap(false, Ordering::SeqCst) {
                marks.store(true, Ordering::SeqCst);
            }
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to, lost) = (server, client, lost.clone());
    std::thread::spawn(move || {
        let mut piece = [0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            if doomed.load(Ordering::SeqCst) {
                // It has said that it is done.
                lost.fetch_add(1, Ordering::SeqCst);
                break;
            }
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[tokio::test]
async fn a_commit_of_which_nobody_heard_stores_and_counts_each_hit_once() {
    let cluster = Cluster::start();
    let DatabaseUrl::Postgres(url) = cluster.url() else { unreachable!() };
    let folder = url.split_once("host=").unwrap().1.split('&').next().unwrap().to_owned();
    let wire = Wire::to(Path::new(&folder));
    let server = TestServer::start_at(wire.url());
    let mut brand = server.demo_brand();
    server.write(|conn, _| {
        diesel::update(brand::table.find(brand.id)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
        Ok(())
    });
    brand.anonymous_tracking = true;
    reader(&server, &brand, "ana@example.com", Some(true));
    reader(&server, &brand, "ben@example.com", None);
    send(&server, &brand).await;
    let [known, anonymous] = ["ana", "ben"].map(|name| server.mail_to(&format!("{name}@example.com")));
    let addresses = [&known, &anonymous].map(|letter| [pixel_of(letter).unwrap(), link_of(letter)]).concat();
    for (address, so_far) in addresses.iter().zip(1..) {
        wire.lose_the_answer_to_the_next_commit();
        let answer = server.get(address).await;
        assert!(answer.status == 302 || answer.bytes == GIF, "{}", answer.status);
        until("it is settled", || server.app.recorder.counts().stored == so_far);
        assert_eq!(wire.lost.load(Ordering::SeqCst) as u64, so_far, "an answer was lost each time");
    }
    let (hits, counted): (i64, Vec<i64>) = server.read(|conn| {
        Ok((
            hit::table.count().get_result(conn)?,
            anonymous_count::table.select(anonymous_count::hits).load(conn)?,
        ))
    });
    assert_eq!((hits, counted), (2, vec![1, 1]));
    let counts = server.app.recorder.counts();
    assert_eq!((counts.stored, counts.refused, counts.shed), (4, 0, 0));
}
