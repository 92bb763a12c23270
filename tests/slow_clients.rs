//! Clients that never come to the end of what they say: the server waits for as long as `--client-timeout` says, answers
//! and hangs up, and nothing is changed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mannerly::db::Kind;
use mannerly::domain::account::{Scope, api_key};
use mannerly::token::UnsubscribeLink;

use crate::support::server::TestServer;

/// Long before anybody else would lose patience: the library that serves has five seconds of its own.
const SOON: Duration = Duration::from_secs(4);

async fn impatient() -> TestServer {
    TestServer::start_with(Kind::Sqlite, |options| options.client_timeout = Duration::from_secs(1)).await
}

/// Sends what is there and nothing more; what the server says before it hangs up.
fn half_of(server: &TestServer, request: &str) -> String {
    let host = server.url("/").replace("http://", "").replace('/', "");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let begun = Instant::now();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server should hang up");
    assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn whoever_never_ends_the_head_of_a_request_is_told_so_and_hung_up_on() {
    let server = impatient().await;
    for head in ["GET /o/A.gif HTTP/1.1\r\nHost: x\r\nX-Slow: ", "G", "POST /u/A HTTP/1.1\r\nHost: x\r\n"] {
        let answer = half_of(&server, head);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{head:?}: {answer}");
    }
    server.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_body_that_does_not_come_changes_nothing() {
    let server = impatient().await;
    let brand = server.demo_brand();
    let person = server.person(&brand, "ana@example.com").agrees("newsletter").id;
    let link =
        UnsubscribeLink { brand: brand.id, subscriber: person, campaign: server.draft(&brand, |_| {}).id };
    let (_, key) = server.write(|conn, now| api_key::create(conn, "test", &[Scope::Admin], now));
    let before = server.snapshot();
    let form = format!(
        "POST /u/{} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 1000\r\n\r\nList-Unsubscribe=One-Click",
        server.app.keys.seal(&link)
    );
    let answer = half_of(&server, &form);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("Nothing was changed"), "{answer}");
    let json = format!(
        "POST /api/v1/sources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{\"nam\r\n",
        key.reveal()
    );
    let answer = half_of(&server, &json);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("did not come in time"), "{answer}");
    // Only the use of the key is new.
    let kept = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| !row.starts_with("api_key")).collect()
    };
    assert_eq!(kept(server.snapshot()), kept(before));
}
