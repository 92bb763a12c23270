//! PostgreSQL for tests: a database for each test, copied from one that is migrated once.
//!
//! The server itself comes from outside: `./test` starts a throw-away one and names it in `TEST_DATABASE_URL`, as a
//! user who may create databases.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mannerly::db::{DbConnection, migrate};
use mannerly::secret::{hex, sha256};

/// Held while the template is looked for or made, by whichever test process comes first.
const LOCK: &str = "SELECT pg_advisory_lock(5309)";

/// A database that is dropped with this value.
pub(crate) struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A database with the schema and nothing in it.
    pub(crate) fn migrated() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        Self::create(TEMPLATE.get_or_init(template))
    }

    /// A database without any table.
    pub(crate) fn empty() -> Self {
        Self::create("template0")
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn create(template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("mannerly_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        server().batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        Self { url: url_of(&name), name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A test that is failing already must not be stopped by a second panic.
        let dropped = server().batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        assert!(dropped.is_ok() || std::thread::panicking(), "{dropped:?}");
    }
}

/// The server's address, and with it the answer to why a test cannot run.
fn server_url() -> String {
    std::env::var("TEST_DATABASE_URL")
        .expect("PostgreSQL is missing: run ./test, which starts one, or name yours in TEST_DATABASE_URL")
}

fn server() -> PgConnection {
    PgConnection::establish(&server_url()).expect("the server of TEST_DATABASE_URL should answer")
}

fn url_of(database: &str) -> String {
    let mut url = url::Url::parse(&server_url()).unwrap();
    url.set_path(database);
    url.into()
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Bool)]
    known: bool,
}

/// The name of the migrated database, which is made if these migrations never ran here.
fn template() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let sql: String =
        folders.iter().map(|folder| std::fs::read_to_string(folder.join("up.sql")).unwrap()).collect();
    let name = format!("mannerly_template_{}", &hex(&sha256(sql.as_bytes()))[..16]);
    let mut server = server();
    server.batch_execute(LOCK).unwrap();
    let known: Vec<Known> = diesel::sql_query(format!(
        "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = '{name}') AS known"
    ))
    .load(&mut server)
    .unwrap();
    if !known[0].known {
        let raw = format!("{name}_raw");
        server.batch_execute(&format!("DROP DATABASE IF EXISTS {raw}")).unwrap();
        server.batch_execute(&format!("CREATE DATABASE {raw} TEMPLATE template0")).unwrap();
        migrate::up(&mut DbConnection::Postgres(PgConnection::establish(&url_of(&raw)).unwrap())).unwrap();
        // Under its name it is whole; the connection above is closed, or this would fail.
        server.batch_execute(&format!("ALTER DATABASE {raw} RENAME TO {name}")).unwrap();
    }
    name
}

/// Cuts a database off, as an outage does, or lets it answer again.
pub(crate) fn set_reachable(url: &str, reachable: bool) {
    let url = url::Url::parse(url).unwrap();
    let name = url.path().trim_start_matches('/');
    server()
        .batch_execute(&format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS {reachable};
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND NOT {reachable}"
        ))
        .unwrap();
}
