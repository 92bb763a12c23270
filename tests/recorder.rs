//! What the recorder promises, through the door: an answered hit is a stored hit, also after kill -9; a database that is
//! stuck or gone holds up nobody; what waits is bounded, the oldest go first, and they are counted; the links of a running
//! campaign need no database; and one letter fetched over and over fills no table.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mannerly::db::DbConnection;
use mannerly::db::schema::{campaign, hit, link, subscriber};
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::campaign::State;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::Hit;
use mannerly::domain::tracking::recorder::{BATCH, BATCHES_WAITING, PATIENCE, TOGETHER};
use mannerly::domain::tracking::{Recorder, flood};
use serde_json::Value;

use crate::support::programs::{Port, Program, serve, until};
use crate::support::server::TestServer;
use crate::tracking::{DESTINATION, GIF, browse, hits_of, link_of, pixel_of, reader, send};

/// Half of what a request may take is more than enough for all but the waiting.
const _: () = assert!(PATIENCE.as_millis() <= 40, "answers come within 50 ms (O-12)");

/// Another program has the database: SQLite's only writer, or every table that a hit or a link could be looked up in.
struct Stuck(DbConnection);

impl Stuck {
    fn begin(server: &TestServer) -> Self {
        let url = server.database_url();
        let (mut conn, lock) = match url.strip_prefix("sqlite:") {
            Some(file) => {
                (DbConnection::Sqlite(SqliteConnection::establish(file).unwrap()), "BEGIN IMMEDIATE")
            }
            None => (
                DbConnection::Postgres(PgConnection::establish(url).unwrap()),
                "BEGIN; LOCK TABLE subscriber, hit, delivery, campaign, link IN ACCESS EXCLUSIVE MODE",
            ),
        };
        conn.batch_execute(lock).unwrap();
        Self(conn)
    }

    /// Still has it: the transaction that holds the lock goes on.
    fn holds(&mut self) {
        self.0.batch_execute("SELECT 1").unwrap();
    }

    fn end(mut self) {
        self.0.batch_execute("ROLLBACK").unwrap();
    }
}

/// What became of hits since the server was started, as those who run it are told.
async fn hits_so_far(server: &TestServer) -> Value {
    let (_, key) = server.write(|conn, now| api_key::create(conn, "watch", &[Scope::ReadAggregate], now));
    server.api(key.reveal(), "GET", "/status", Value::Null).await.expect(200).json()["hits"].take()
}

fn execute(server: &TestServer, sql: &str) {
    server.write(|conn, _| Ok(conn.batch_execute(sql)?));
}

fn stored(server: &TestServer) -> i64 {
    server.read(|conn| Ok(hit::table.count().get_result(conn)?))
}

/// Waits until the recorder has settled so many hits in one way or another.
pub(crate) fn until_settled(recorder: &Recorder, hits: u64) {
    until("all hits are settled", || {
        let counts = recorder.counts();
        counts.stored + counts.refused + counts.shed + counts.surplus >= hits
    });
}

both_databases! {
    async fn an_answered_hit_is_a_stored_hit_also_after_kill_9(server: TestServer) {
        const READERS: usize = 300;
        let brand = server.demo_brand();
        let readers: Vec<(i64, String)> = (0..READERS)
            .map(|n| format!("reader{n}@example.com"))
            .map(|address| (reader(&server, &brand, &address, Some(true)).id, address))
            .collect();
        send(&server, &brand).await;
        let mails = server.mails();
        let host = server.url("/");
        let pixels: Vec<(i64, String)> = readers
            .iter()
            .map(|(id, address)| (*id, pixel_of(mails.iter().find(|mail| mail.to == *address).unwrap()).unwrap()))
            .map(|(id, url)| (id, url.replace(&host, "/")))
            .collect();
        // Thrice, each time while answers are on their way.
        for part in pixels.chunks(READERS / 3) {
            let port = Port::reserve();
            let mut binary = Program(serve(&server, 1, 1, port.number()).stderr(std::process::Stdio::null()).spawn().unwrap());
            until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_ok());
            let answered = Arc::new(Mutex::new(Vec::new()));
            let next = Arc::new(AtomicUsize::new(0));
            let done = Arc::new(AtomicBool::new(false));
            let clients: Vec<_> = (0..8)
                .map(|_| {
                    let (client, answered, next, done) = (server.client.clone(), answered.clone(), next.clone(), done.clone());
                    let (part, port) = (part.to_vec(), port.number());
                    tokio::spawn(async move {
                        // Over and over, because on a busy machine most may be answered too late to be of those.
                        while !done.load(Ordering::Relaxed) {
                            let (person, path) = &part[next.fetch_add(1, Ordering::Relaxed) % part.len()];
                            let asked = Instant::now();
                            let Ok(answer) = client.get(format!("http://127.0.0.1:{port}{path}")).send().await else {
                                return;
                            };
                            assert_eq!(answer.status(), 200);
                            // Whoever was answered later may have been answered without waiting to the end.
                            if asked.elapsed() < PATIENCE - TOGETHER {
                                answered.lock().unwrap().push(*person);
                            }
                        }
                    })
                })
                .collect();
            let enough = part.len() / 4;
            while answered.lock().unwrap().len() < enough && !clients.iter().any(tokio::task::JoinHandle::is_finished) {
                tokio::task::yield_now().await;
            }
            binary.0.kill().unwrap();
            binary.0.wait().unwrap();
            done.store(true, Ordering::Relaxed);
            for client in clients {
                client.await.unwrap();
            }
            let mut stored: HashMap<i64, i64> = HashMap::new();
            for person in server.read(|conn| Ok(hit::table.select(hit::subscriber_id).load::<i64>(conn)?)) {
                *stored.entry(person).or_default() += 1;
            }
            let answered = answered.lock().unwrap();
            assert!(answered.len() >= enough, "too few were answered in time to show anything");
            for person in answered.iter() {
                let left = stored.entry(*person).or_default();
                *left -= 1;
                assert!(*left >= 0, "answered, and not stored");
            }
        }
    }

    async fn while_another_program_has_the_database_everybody_is_answered_and_nothing_is_lost(server: TestServer) {
        const READERS: usize = 20;
        let brand = server.demo_brand();
        for n in 0..READERS {
            reader(&server, &brand, &format!("reader{n}@example.com"), Some(true));
        }
        send(&server, &brand).await;
        let letters = server.mails();
        let mut stuck = Stuck::begin(&server);
        for letter in &letters {
            assert_eq!(server.get(&pixel_of(letter).unwrap()).await.expect(200).bytes, GIF);
            assert_eq!(server.get(&link_of(letter)).await.expect(302).header("location"), DESTINATION);
        }
        stuck.holds();
        assert_eq!(server.app.recorder.counts().stored, 0, "all were answered while it was stuck");
        stuck.end();
        until_settled(&server.app.recorder, 2 * READERS as u64);
        assert_eq!(stored(&server), 2 * READERS as i64);
        assert_eq!(server.app.recorder.counts().shed, 0);
    }

    async fn memory_is_bounded_and_what_is_shed_is_counted_where_the_operator_sees_it(server: TestServer) {
        // More than fits, of people whom nobody knows: they wait like any others.
        const PUSHED: usize = BATCH * (BATCHES_WAITING + 4);
        let stuck = Stuck::begin(&server);
        let (recorder, at) = (server.app.recorder.clone(), server.now());
        let waiting: Vec<_> = (1..=PUSHED as i64)
            .map(|subscriber| {
                let (recorder, hit) = (recorder.clone(), Hit { campaign: 1, link: None, subscriber, at, sign: None });
                tokio::spawn(async move { recorder.record(hit).await })
            })
            .collect();
        for one in waiting {
            one.await.unwrap();
        }
        let shed = recorder.counts().shed;
        assert!(shed >= (3 * BATCH) as u64, "{shed}");
        stuck.end();
        until_settled(&recorder, PUSHED as u64);
        let counts = recorder.counts();
        assert_eq!(counts.refused + counts.shed, PUSHED as u64, "each is settled in one way");
        assert_eq!(hits_so_far(&server).await["shed"], counts.shed);
    }

    async fn a_busy_writer_holds_up_nobody(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true)).id;
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        let (started, is_held) = mpsc::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let db = server.app.db.clone();
        let holder = std::thread::spawn(move || {
            db.write_here(|conn| {
                diesel::update(subscriber::table.find(person)).set(subscriber::locale.eq("en")).execute(conn)?;
                started.send(()).unwrap();
                finished.recv().unwrap();
                Ok(())
            })
        });
        is_held.recv().unwrap();
        assert_eq!(server.get(&pixel_of(&letter).unwrap()).await.expect(200).bytes, GIF);
        server.get(&link_of(&letter)).await.expect(302);
        assert_eq!(hits_of(&server, person), []);
        finish.send(()).unwrap();
        holder.join().unwrap().unwrap();
        server.app.recorder.stop();
        assert_eq!(hits_of(&server, person).len(), 2, "they waited and are stored");
    }

    async fn a_database_that_fails_holds_up_nobody_and_loses_nothing(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        execute(&server, "ALTER TABLE hit RENAME TO lost_hit; ALTER TABLE link RENAME TO lost_link");
        for _ in 0..20 {
            assert_eq!(server.get(&pixel_of(&letter).unwrap()).await.expect(200).bytes, GIF);
            assert_eq!(server.get(&link_of(&letter)).await.expect(302).header("location"), DESTINATION);
        }
        execute(&server, "ALTER TABLE lost_hit RENAME TO hit; ALTER TABLE lost_link RENAME TO link");
        server.app.recorder.stop();
        assert_eq!(hits_of(&server, person.id).len(), 40, "they waited and are stored");
        assert_eq!(server.app.recorder.counts().shed, 0);
    }

    async fn a_server_that_just_started_needs_no_database_for_the_links_of_a_running_campaign(server: TestServer) {
        // More links than a start loads, all of them newer.
        const NEWER: i64 = 20_500;
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        let running = send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        let other = server.draft(&brand, |_| {}).id;
        server.write(|conn, _| {
            diesel::update(campaign::table.find(running)).set(campaign::state.eq(State::Paused)).execute(conn)?;
            Ok(())
        });
        let newer: Vec<String> = (0..NEWER).map(|n| format!("({other}, 100 + {n}, 'https://example.org/{n}')")).collect();
        execute(&server, &format!("INSERT INTO link (campaign_id, position, url) VALUES {}", newer.join(", ")));
        assert!(server.read(|conn| Ok(link::table.count().get_result::<i64>(conn)?)) > NEWER);

        let fresh = TestServer::beside(&server);
        execute(&server, "ALTER TABLE hit RENAME TO lost_hit; ALTER TABLE link RENAME TO lost_link");
        let path = link_of(&letter).replace(&server.url("/"), "/");
        assert_eq!(fresh.get(&path).await.expect(302).header("location"), DESTINATION);
        execute(&server, "ALTER TABLE lost_hit RENAME TO hit; ALTER TABLE lost_link RENAME TO link");
    }

    async fn without_a_key_nobody_learns_what_became_of_a_hit(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let pixel = pixel_of(&server.mail_to("ana@example.com")).unwrap();
        for path in ["/readyz", "/healthz"] {
            let before = server.get(path).await.expect(200).text;
            browse(&server, &pixel).await.expect(200);
            assert_eq!(server.get(path).await.expect(200).text, before, "{path}");
        }
        assert_eq!(hits_so_far(&server).await["stored"], 2);
    }

    async fn one_letter_fetched_over_and_over_fills_no_table(server: TestServer) {
        const TOO_MANY: u32 = 20;
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true)).id;
        let other = reader(&server, &brand, "ben@example.com", Some(true)).id;
        send(&server, &brand).await;
        let [pixel, another] =
            ["ana", "ben"].map(|name| pixel_of(&server.mail_to(&format!("{name}@example.com"))).unwrap());
        let first = browse(&server, &pixel).await.expect(200);
        for _ in 1..flood::HITS + TOO_MANY {
            assert_eq!(browse(&server, &pixel).await.expect(200).bytes, first.bytes);
        }
        browse(&server, &another).await.expect(200);
        // On a busy machine an answer may be there before its commit.
        until_settled(&server.app.recorder, u64::from(flood::HITS + TOO_MANY + 1));
        let of = |person| hits_of(&server, person).iter().filter(|hit| hit.0 == Kind::Opens).count();
        assert_eq!((of(person), of(other)), (flood::HITS as usize, 1));
        assert_eq!(hits_so_far(&server).await["surplus"], TOO_MANY);

        // It is a matter of minutes, not of forever.
        server.advance(flood::WITHIN + Duration::from_secs(1));
        browse(&server, &pixel).await.expect(200);
        until_settled(&server.app.recorder, u64::from(flood::HITS + TOO_MANY + 2));
        assert_eq!(of(person), flood::HITS as usize + 1);
    }
}
