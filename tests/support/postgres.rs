//! PostgreSQL for tests: a database for each test, copied from one that is migrated once.
//!
//! The server itself comes from outside: `./test` starts a throw-away one and names it in `TEST_DATABASE_URL`, as a
//! user who may create databases.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mannerly::db::{DatabaseUrl, DbConnection, migrate};
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

    /// Connections to it begin with this setting from now on, as an administrator can arrange.
    pub(crate) fn set(&self, setting: &str, value: &str) {
        server().batch_execute(&format!("ALTER DATABASE {} SET {setting} = '{value}'", self.name)).unwrap();
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

/// A server of this test alone, which may crash. By its own settings it would confirm commits that a crash takes back.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::start_as("-c listen_addresses=''", &[])
    }

    /// Listens on this port of 127.0.0.1 and answers there only over TLS, with a certificate and its key in PEM.
    #[cfg(feature = "postgres-tls")]
    pub(crate) fn start_with_tls(port: u16, certificate: &str, key: &str) -> Self {
        let options = format!("-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on");
        let only_tls = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        Self::start_as(
            &options,
            &[("server.crt", certificate), ("server.key", key), ("pg_hba.conf", only_tls)],
        )
    }

    fn start_as(options: &str, files: &[(&str, &str)]) -> Self {
        let cluster = Self { folder: tempfile::tempdir().unwrap() };
        cluster.give_away(cluster.path());
        cluster.run("initdb", &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
        for (name, content) in files {
            let file = cluster.path().join("data").join(name);
            std::fs::write(&file, content).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            cluster.give_away(&file);
        }
        let options =
            format!("-k {} {options} -c fsync=off -c synchronous_commit=off", cluster.path().display());
        cluster.run("pg_ctl", &["-s", "-w", "-o", &options, "start"]);
        cluster
    }

    /// PostgreSQL refuses to run as root.
    fn give_away(&self, path: &Path) {
        if is_root() {
            assert!(Command::new("chown").arg("nobody").arg(path).status().unwrap().success());
        }
    }

    /// Where its database is.
    pub(crate) fn url(&self) -> DatabaseUrl {
        DatabaseUrl::Postgres(format!("postgres:///postgres?host={}&user=postgres", self.path().display()))
    }

    /// Dies without a word, and comes back with what was committed.
    pub(crate) fn crash(&self) {
        self.run("pg_ctl", &["-s", "-w", "-m", "immediate", "restart"]);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(if is_root() { "setpriv" } else { "env" });
        if is_root() {
            let group = Command::new("id").args(["-g", "nobody"]).output().unwrap().stdout;
            let group = format!("--regid={}", String::from_utf8_lossy(&group).trim());
            command.args(["--reuid=nobody", &group, "--clear-groups"]);
        }
        command.arg(binaries().join(program)).arg("-D").arg(self.path().join("data")).args(arguments);
        let log = std::fs::File::options().create(true).append(true).open(self.path().join("log")).unwrap();
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let done =
            self.command(program, arguments).status().expect("PostgreSQL's programs; ./test installs them");
        let log = || std::fs::read_to_string(self.path().join("log")).unwrap_or_default();
        assert!(done.success(), "{program}: {}", log());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl", &["-s", "-m", "immediate", "stop"]).status();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// Where PostgreSQL's programs are; `./test` looks in the same places.
fn binaries() -> PathBuf {
    if let Some(folder) = std::env::var_os("PG_BIN") {
        return folder.into();
    }
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = installed
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = newest.into_iter().map(|folder| folder.join("bin")).collect();
    folders.push("/usr/local/pgsql/bin".into());
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").exists()).expect("PostgreSQL; ./test installs it")
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
             SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}' AND NOT {reachable}"
        ))
        .unwrap();
}
