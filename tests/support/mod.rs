//! What tests stand on: a server with a database of its own, the mails it sent, and a client.
pub(crate) mod dkim;
pub(crate) mod dns;
pub(crate) mod form;
pub(crate) mod http;
pub(crate) mod lmtp;
pub(crate) mod mail;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod programs;
pub(crate) mod relay;
pub(crate) mod rig;
pub(crate) mod server;
mod snapshot;

/// Runs each test with a server on SQLite and with one on PostgreSQL: `name::sqlite`, `name::postgres`.
///
/// ```ignore
/// both_databases! {
///     async fn a_stranger_gets_a_page(server: TestServer) {
///         server.get("/").await.expect(200);
///     }
/// }
/// ```
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($($server:ident)+: TestServer) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($($server)+: $crate::support::server::TestServer) $body

        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::support::server::TestServer::start(mannerly::db::Kind::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name($crate::support::server::TestServer::start(mannerly::db::Kind::Postgres).await).await;
            }
        }
    )+};
}
