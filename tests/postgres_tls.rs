//! PostgreSQL over TLS, as across a network that others can read: `cargo test --features postgres-tls postgres_tls`.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use mannerly::db::{Database, DatabaseUrl, DbConnection, Schema};
use rcgen::{CertificateParams, Issuer, KeyPair};

use crate::support::postgres::Cluster;
use crate::support::programs::free_port;

/// An authority in a file, and a certificate from it with its key, for a host.
fn issue(file: &Path, host: &str) -> (String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    // With the same name as the server's, its certificate would look as if it had signed itself.
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Authority");
    std::fs::write(file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let certificate =
        CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[derive(QueryableByName)]
struct Ssl {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

#[test]
fn a_database_is_reached_over_tls_if_its_name_and_authority_are_right_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (folder.path().join("ours.pem"), folder.path().join("others.pem"));
    let (certificate, key) = issue(&ours, "db.example");
    issue(&others, "db.example");
    let port = free_port();
    let _cluster = Cluster::start_with_tls(port, &certificate, &key);
    let open = |host: &str, mode: &str, authority: &Path| {
        let url = format!(
            "postgres://postgres@{host}:{port}/postgres?hostaddr=127.0.0.1&sslmode={mode}&sslrootcert={}",
            authority.display()
        );
        Database::open(&DatabaseUrl::parse(&url).unwrap(), Schema::Migrate)
    };
    let database = open("db.example", "verify-full", &ours).unwrap();
    let encrypted = database.read_here(|conn| {
        let asked = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        let DbConnection::Postgres(c) = conn else { panic!("PostgreSQL") };
        Ok(asked.get_result::<Ssl>(c)?.ssl)
    });
    assert!(encrypted.unwrap());
    open("db.example", "verify-full", &others).unwrap_err();
    open("other.example", "verify-full", &ours).unwrap_err();
    open("db.example", "disable", &ours).unwrap_err();
}
