//! A whole server for one test: its own database, a clock that stands still, a mailbox in memory, and the real HTTP
//! server on a port of its own.

use std::net::TcpListener;
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::prelude::*;
use mannerly::app::App;
use mannerly::clock::{Clock, Moment};
use mannerly::config::{CLIENT_TIMEOUT, Options, Settings};
use mannerly::db::{DatabaseUrl, DbConnection, Kind, Schema};
use mannerly::domain::catalog::{Brand, logo};
use mannerly::domain::delivery::claim::LEASE;
use mannerly::domain::{intake, tracking};
use mannerly::error::Result;
use mannerly::mail::dns::{self, Dns, Servers};
use mannerly::mail::relay::{MAIN, RelayUrl, Relays};
use mannerly::mail::transport::{Authorities, Hello, Memory, Transport};
use mannerly::token::Keys;
use mannerly::{cli, jobs, web};
use serde_json::Value;

use crate::support::http::{self, Answer};
use crate::support::mail::Mail;
use crate::support::postgres::TestDatabase;

/// When every test begins.
pub(crate) const START: &str = "2026-11-21T10:00:00Z";

/// The secret of every test: no comma, which would make it two.
pub(crate) const SECRET: &str = "a secret of the tests and of nothing else";

/// A running server. Dropping it fails the test if a mail was not looked at or work is left to do.
pub(crate) struct TestServer {
    /// What the server itself has in hand.
    pub(crate) app: App,
    /// The mail relay, which can be told how to answer; the first one if there are several.
    pub(crate) relay: Memory,
    /// All mail relays.
    pub(crate) relays: Vec<Memory>,
    /// What DNS knows; while that is nothing, there is no DNS.
    pub(crate) dns: dns::Memory,
    /// For requests that have no verb here.
    pub(crate) client: reqwest::Client,
    base_url: String,
    database_url: String,
    unread: Mutex<Vec<Mail>>,
    may_leave_work: bool,
    http: Option<(actix_web::dev::ServerHandle, JoinHandle<()>)>,
    _storage: Storage,
}

/// Goes last, when nobody is connected any more.
enum Storage {
    Sqlite {
        _folder: tempfile::TempDir,
    },
    Postgres {
        _database: TestDatabase,
    },
    /// The test itself sees to it.
    Elsewhere,
}

impl TestServer {
    /// A server that has begun to answer.
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::start_with(kind, |_| {}).await
    }

    /// A server with other options than a test usually has.
    pub(crate) async fn start_with(kind: Kind, change: impl FnOnce(&mut Options)) -> Self {
        Self::start_with_relays(kind, &[(MAIN, 1)], change).await
    }

    /// A server with these relays, each with its weight.
    pub(crate) async fn start_with_relays(
        kind: Kind,
        relays: &[(&str, u32)],
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let (storage, database) = storage(kind);
        Self::start_on(storage, database, relays, change)
    }

    /// A server on a database of the test's own, which has to outlive it.
    pub(crate) fn start_at(database: DatabaseUrl) -> Self {
        Self::start_on(Storage::Elsewhere, database, &[(MAIN, 1)], |_| {})
    }

    /// Another server on the same database, which has to outlive it.
    pub(crate) fn beside(other: &Self) -> Self {
        Self::start_at(DatabaseUrl::parse(other.database_url()).unwrap())
    }

    fn start_on(
        storage: Storage,
        database: DatabaseUrl,
        relays: &[(&str, u32)],
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let database_url = match &database {
            DatabaseUrl::Sqlite(file) => format!("sqlite:{file}"),
            DatabaseUrl::Postgres(url) => url.clone(),
        };
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = socket.local_addr().unwrap();
        let mut options = Options {
            connections: 2,
            lease: LEASE,
            return_path: None,
            relay_signs: true,
            behind_proxy: false,
            client_timeout: CLIENT_TIMEOUT,
            lmtp: None,
            maildir: None,
            demo_mail: None,
            // No test waits for a mail unless that is what it is about.
            intake: intake::Options { unproven_delay: Duration::ZERO, unproven_hourly: 100_000 },
            tracking: tracking::Options::default(),
        };
        change(&mut options);
        let settings = Settings {
            database,
            keys: Keys::from_secrets(SECRET).unwrap(),
            mail: RelayUrl::parse_list("smtp://localhost").unwrap(),
            dns: Servers::None,
            listen,
            options,
            mail_ca: Authorities::default(),
            hello: Hello::default(),
        };
        let mailboxes: Vec<Memory> = relays.iter().map(|_| Memory::new()).collect();
        let ways = relays.iter().zip(&mailboxes);
        let ways =
            ways.map(|((name, weight), mailbox)| (*name, *weight, Transport::memory(mailbox))).collect();
        let clock = Clock::fixed(Moment::parse(START).unwrap());
        let mut app = App::assemble(&settings, Relays::of(ways), clock, Schema::Migrate).unwrap();
        let dns = dns::Memory::new();
        app.dns = Dns::memory(&dns);
        Self {
            http: Some(serve(app.clone(), socket)),
            app,
            relay: mailboxes[0].clone(),
            relays: mailboxes,
            dns,
            client: http::client(),
            base_url: format!("http://{listen}"),
            database_url,
            unread: Mutex::default(),
            may_leave_work: false,
            _storage: storage,
        }
    }

    /// The present moment of this server.
    pub(crate) fn now(&self) -> Moment {
        self.app.clock.now()
    }

    /// Moves this server's clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
    }

    /// Runs all jobs until none has anything left to do.
    pub(crate) async fn run_jobs(&self) {
        jobs::run_until_idle(&self.app).await.unwrap();
    }

    /// Says that this test ends in the middle of work: nothing is checked when the server is dropped.
    pub(crate) fn leave_work_behind(&mut self) {
        self.may_leave_work = true;
    }

    /// Where the database is, for another process.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    // ---- The catalogue ----

    /// The demo's first brand with its eighteen topics.
    pub(crate) fn demo_brand(&self) -> Brand {
        self.write(|conn, now| cli::demo::catalogue::civic(conn, &self.base_url, now))
    }

    /// The second brand, with a newsletter of its own.
    pub(crate) fn other_brand(&self) -> Brand {
        self.write(|conn, now| cli::demo::catalogue::harbour(conn, &self.base_url, now))
    }

    /// Gives a brand a logo: a disc in the colours of nobody.
    pub(crate) fn give_a_logo(&self, brand: &Brand) {
        let picture = image::RgbaImage::from_fn(120, 80, |x, y| {
            let inside = (x as i32 - 60).pow(2) + (y as i32 - 40).pow(2) < 34 * 34;
            image::Rgba(if inside { [24, 110, 122, 255] } else { [0, 0, 0, 0] })
        });
        let mut upload = Vec::new();
        picture.write_to(&mut std::io::Cursor::new(&mut upload), image::ImageFormat::Png).unwrap();
        self.write(|conn, _| logo::store(conn, brand.id, &logo::normalise(&upload)?));
    }

    // ---- The database, for what no door shows ----

    /// Reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T>) -> T {
        self.app.db.read_here(work).unwrap()
    }

    /// Writes in one transaction.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut DbConnection, Moment) -> Result<T>) -> T {
        let now = self.now();
        self.app.db.write_here(|conn| work(conn, now)).unwrap()
    }

    /// Every row of every table as text, to show that nothing changed.
    pub(crate) fn snapshot(&self) -> Vec<String> {
        self.read(|conn| Ok(super::snapshot::all_rows(conn)))
    }

    // ---- HTTP ----

    /// The address of a path on this server; whole addresses stay as they are, so that links of mails work.
    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base_url) } else { path.to_owned() }
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(http::method(method), self.url(path))
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request("GET", path)).await
    }

    /// POST of a form, as a browser does it; a name may come more than once. It goes where the answer sends it.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = Answer::to(self.request("POST", path).form(fields)).await;
        if answer.status != 303 {
            return answer;
        }
        self.get(answer.header("location")).await
    }

    /// Posts a form as somebody does who has just read the page it is on.
    pub(crate) async fn post_read(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(path).await.expect(200).text;
        self.post_form(path, &[fields, &[("seen", http::seen(&page))]].concat()).await
    }

    /// A request of the API with a key and, unless it is null, a JSON body.
    pub(crate) async fn api(&self, key: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(method, &format!("/api/v1{path}")).bearer_auth(key);
        Answer::to(if body.is_null() { request } else { request.json(&body) }).await
    }

    // ---- Mail ----

    /// Takes all mails that were not looked at, oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mut unread = self.unread.lock().unwrap();
        unread.extend(self.relays.iter().flat_map(Memory::take).map(|mail| Mail::read(&mail)));
        std::mem::take(&mut unread)
    }

    /// Takes the one mail to this address that was not looked at; fails if there is none or more.
    pub(crate) fn mail_to(&self, address: &str) -> Mail {
        let (mut wanted, others): (Vec<Mail>, Vec<Mail>) =
            self.mails().into_iter().partition(|mail| mail.to == address);
        *self.unread.lock().unwrap() = others;
        assert_eq!(wanted.len(), 1, "one mail to {address} was expected");
        wanted.remove(0)
    }

    /// What is left to do, and nobody will do it after the test.
    fn work_left(&self) -> i64 {
        use mannerly::db::schema::{delivery, outbox, request};
        self.read(|conn| {
            let requests: i64 = request::table.count().get_result(conn)?;
            let mails: i64 = outbox::table
                .filter(outbox::state.eq_any(["waiting", "claimed"]))
                .count()
                .get_result(conn)?;
            let letters: i64 = delivery::table
                .filter(delivery::state.eq_any(["planned", "claimed"]))
                .count()
                .get_result(conn)?;
            Ok(requests + mails + letters)
        })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.http.take() {
            // The command goes out at once; only waiting for its end needs a runtime, and the thread is that end.
            drop(handle.stop(false));
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
        if !std::thread::panicking() && !self.may_leave_work {
            let unread: Vec<String> =
                self.mails().into_iter().map(|mail| format!("{}: {}", mail.to, mail.subject)).collect();
            assert!(unread.is_empty(), "nobody looked at these mails: {unread:?}");
            assert_eq!(self.work_left(), 0, "work is left: run_jobs(), or leave_work_behind()");
        }
    }
}

fn storage(kind: Kind) -> (Storage, DatabaseUrl) {
    match kind {
        Kind::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("mannerly.db").to_str().unwrap().to_owned();
            (Storage::Sqlite { _folder: folder }, DatabaseUrl::Sqlite(file))
        }
        Kind::Postgres => {
            let database = TestDatabase::migrated();
            let url = DatabaseUrl::Postgres(database.url().to_owned());
            (Storage::Postgres { _database: database }, url)
        }
    }
}

/// Answers on a thread of its own, so that a test that blocks does not block its server.
fn serve(app: App, socket: TcpListener) -> (actix_web::dev::ServerHandle, JoinHandle<()>) {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = web::serve(app, socket, 1).unwrap();
            tell.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (told.recv().expect("the server should start"), thread)
}
