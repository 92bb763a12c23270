//! What nobody of good will sends to the pixel and to links: the same picture or a plain 404, and nothing recorded.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mannerly::db::Kind;
use mannerly::token::{ClickLink, OpenLink};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::server::TestServer;
use crate::tracking::{link_of, pixel_of, reader, send};

/// How many made-up requests the pixel and the redirect are sent each; the decoder of tokens by itself is tried with 5,000 for
/// each of its rules (`token::tests`).
const CASES: u32 = 1500;

/// Sends these octets over a connection of their own; the status of the answer, or none if it was only closed.
pub(crate) fn raw(server: &TestServer, request: &[u8]) -> (Option<u16>, Vec<u8>) {
    let host = server.url("/").replace("http://", "").replace('/', "");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // The server may close before everything is written.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let status = answer.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    (status, answer)
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

both_databases! {
    async fn hostile_requests_are_answered_at_once_and_leave_nothing_behind(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true)).id;
        let campaign = send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        let path = |url: String| url.split_once("//").unwrap().1.split_once('/').map(|(_, path)| format!("/{path}"));
        let (pixel, link) = (path(pixel_of(&letter).unwrap()).unwrap(), path(link_of(&letter)).unwrap());
        let open = server.app.keys.seal(&OpenLink { campaign, subscriber: person });
        let click = server.app.keys.seal(&ClickLink { link: i64::MAX, subscriber: person });
        let before = server.snapshot();
        let flood = "X-Flood: y\r\n".repeat(5_000);
        let begun = Instant::now();
        for (request, statuses) in [
            (get(&format!("/o/{}.gif", &open[..open.len() - 1]), ""), &[Some(200)][..]),
            (get(&format!("/o/{}.gif", "A".repeat(60_000)), ""), &[Some(200), Some(414), Some(400), Some(431), None]),
            (get(&format!("/c/{open}"), ""), &[Some(404)]),
            (get(&format!("/c/{click}"), ""), &[Some(404)]),
            (get(&format!("/c/{}", "%41".repeat(2_000)), ""), &[Some(404)]),
            (get(&format!("/c/{}", &link[3..link.len() - 2]), ""), &[Some(404)]),
            (get(&link, &flood), &[Some(400), Some(431), None]),
            (get(&pixel, &format!("Cookie: {}\r\n", "c".repeat(1_000_000))), &[Some(400), Some(431), None]),
            (b"\0\x01\xff".repeat(10_000), &[Some(400), None]),
        ] {
            let (status, answer) = raw(&server, &request);
            let shown = String::from_utf8_lossy(&request[..request.len().min(60)]);
            assert!(statuses.contains(&status), "{status:?}: {shown}");
            assert!(!answer.windows(9).any(|window| window.eq_ignore_ascii_case(b"location:")), "{shown}");
        }
        for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
            for path in [&pixel, &link] {
                let request = get(path, "");
                let (status, _) = raw(&server, &[method.as_bytes(), &request[3..]].concat());
                assert_eq!(status, Some(405), "{method}");
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_huge_query_a_range_and_repeated_headers_change_nothing_in_the_answer(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        let pixel = pixel_of(&letter).unwrap();
        let plain = server.get(&pixel).await.expect(200).bytes;
        let long = format!("{pixel}?{}", "q".repeat(20_000));
        let mut request = server.request("GET", &long).header("Range", "bytes=1-2,5-");
        for n in 0..40 {
            request = request.header("Accept-Language", "en").header("User-Agent", format!("agent {n}"));
        }
        let answer = crate::support::http::Answer::to(request).await.expect(200);
        assert_eq!(answer.bytes, plain);
    }
}

/// Slow clients hold no thread: with many of them half way, others are answered at once.
#[tokio::test]
async fn slow_clients_delay_nobody() {
    let server = TestServer::start(Kind::Sqlite).await;
    let host = server.url("/").replace("http://", "").replace('/', "");
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(&host).unwrap();
            stream.write_all(b"GET /o/A.gif HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    server.get("/o/A.gif").await.expect(200);
    assert!(begun.elapsed() < Duration::from_secs(2));
    drop(slow);
}

/// 1,500 requests with tokens made of anything: the pixel is always the picture and a link is always a 404, and nothing is stored.
#[tokio::test]
async fn made_up_tokens_and_headers_find_the_picture_or_a_404() {
    let server = TestServer::start(Kind::Sqlite).await;
    let brand = server.demo_brand();
    let person = reader(&server, &brand, "ana@example.com", Some(true)).id;
    let campaign = send(&server, &brand).await;
    server.mail_to("ana@example.com");
    let good = server.app.keys.seal(&OpenLink { campaign, subscriber: person });
    let before = server.snapshot();
    let token = prop_oneof![
        "[A-Za-z0-9_-]{0,200}",
        // A good one with one character changed, or cut off.
        (0..good.len(), "[A-Za-z0-9_-]").prop_map({
            let good = good.clone();
            move |(at, with)| format!("{}{with}~{}", &good[..at], &good[at + 1..])
        }),
        (0..good.len()).prop_map(move |at| good[..at].to_owned()),
        "(%[0-9a-f]{2}){1,60}",
    ];
    let made_up = (token, "[!-~]{0,300}", "[ -~]{0,300}");
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let mut requests = Vec::new();
    runner
        .run(&made_up, |made| {
            // The strategy makes them; they are sent below, where there is a server to wait for.
            MADE.with_borrow_mut(|requests| requests.push(made));
            Ok(())
        })
        .unwrap();
    MADE.with_borrow_mut(|made| requests.append(made));
    assert_eq!(requests.len(), CASES as usize);
    for (token, agent, value) in requests {
        for (path, status) in [(format!("/o/{token}.gif"), 200), (format!("/c/{token}"), 404)] {
            let headers = [("User-Agent", &agent), ("Referer", &value), ("Sec-Purpose", &value)];
            let mut request = server.request("GET", &path);
            for (name, value) in headers {
                request = request.header(name, value.as_str());
            }
            let answer = crate::support::http::Answer::to(request).await;
            // A token with a dot segment or a slash in it is another path.
            let other =
                token.is_empty() || token.contains("%2f") || token.contains("%2e") || token.contains('%');
            assert!(answer.status == status || (other && answer.status == 404), "{path}: {}", answer.status);
        }
    }
    assert_eq!(server.snapshot(), before);
}

thread_local! {
    static MADE: std::cell::RefCell<Vec<(String, String, String)>> = const { std::cell::RefCell::new(Vec::new()) };
}
