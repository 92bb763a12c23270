//! Letters that people allowed to be measured, fetched with headers that nobody of good will sends: the answer is the right
//! one and always the same, on the short way and on the long one, and what is stored is of known words.

use diesel::prelude::*;
use mannerly::db::Kind;
use mannerly::db::schema::hit;
use mannerly::domain::tracking::{Class, Reason};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::hostile::raw;
use crate::support::programs::until;
use crate::support::server::TestServer;
use crate::tracking::{DESTINATION, GIF, link_of, pixel_of, reader, send};

/// How many made-up requests are sent, each on both ways.
const CASES: u32 = 1500;

/// So many people that none of their letters is fetched too often to be stored.
const READERS: usize = 60;

/// In what could be stored by mistake.
const CANARIES: [&str; 3] = ["xyzzyagent", "203.0.113.", "xyzzyhost"];

/// Names that the hit path reads, and some that it does not.
const NAMES: [&str; 25] = [
    "User-Agent",
    "user-agent",
    "Referer",
    "Sec-Purpose",
    "Purpose",
    "X-Purpose",
    "X-Moz",
    "Sec-Fetch-Site",
    "Range",
    "If-Range",
    "If-None-Match",
    "If-Modified-Since",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Cookie",
    "Origin",
    "Via",
    "X-Forwarded-For",
    "Forwarded",
    "CF-Connecting-IP",
    "X-Forwarded-Proto",
    "DNT",
    "Sec-GPC",
    "X-Made-Up",
];

/// What such headers usually say.
const COMMON: [&str; 22] = [
    "",
    " ",
    "1",
    "0, 1",
    "prefetch;prerender",
    "preview",
    "same-origin",
    "bytes=0-0,-1",
    "bytes=1-2,5-",
    "*",
    "en-GB,en;q=0.9",
    "xyzzyagent Mozilla/5.0 (Macintosh) Safari/605.1.15",
    "xyzzyagent (via ggpht.com GoogleImageProxy)",
    "xyzzyagent Barracuda Sentinel",
    "https://urldefense.com/xyzzyhost",
    "https://a@xyzzyhost.example:99/",
    "://",
    "https://[",
    "203.0.113.9",
    "10.0.0.1, 203.0.113.77",
    "for=\"[2001:db8::1]\"",
    "unknown",
];

/// What speaks for something, as it would come.
const TELLING: [(&str, &str); 9] = [
    ("User-Agent", "xyzzyagent (via ggpht.com GoogleImageProxy)"),
    ("User-Agent", "xyzzyagent Barracuda Sentinel"),
    ("User-Agent", "xyzzyagent Mozilla/5.0 (Macintosh) Safari/605.1.15"),
    ("User-Agent", ""),
    ("Sec-Purpose", "prefetch;prerender"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Referer", "https://urldefense.com/xyzzyhost"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("Accept-Language", "en-GB,en;q=0.9"),
];

#[derive(Debug, Clone)]
struct Made {
    reader: usize,
    is_link: bool,
    method: &'static str,
    query: String,
    headers: Vec<(&'static str, Vec<u8>)>,
}

fn made_up() -> impl Strategy<Value = Made> {
    // Whatever is no line end; sometimes what no header may hold.
    let octet = prop_oneof![600 => 0x20..0x7f_u8, 200 => 0x80..=0xff_u8, 20 => Just(b'\t'), 1 => prop_oneof![1..9_u8, Just(0x7f)]];
    let value = prop_oneof![
        3 => select(&COMMON[..]).prop_map(|text| text.as_bytes().to_vec()),
        3 => vec(octet, 0..120),
        1 => (select(&COMMON[..]), 1..4000_usize).prop_map(|(text, times)| text.as_bytes().repeat(times % (9000 / text.len().max(1)) + 1)),
    ];
    let telling = select(&TELLING[..]).prop_map(|(name, value)| (name, value.as_bytes().to_vec()));
    let headers = vec(prop_oneof![2 => telling, 5 => (select(&NAMES[..]), value)], 0..12);
    let method = prop_oneof![8 => Just("GET"), 1 => select(&["HEAD", "POST", "PUT", "OPTIONS", "BREW"][..])];
    let query = prop_oneof![3 => Just(String::new()), 1 => "\\?[a-z0-9=&%]{0,40}"];
    (0..READERS, any::<bool>(), method, query, headers).prop_map(
        |(reader, is_link, method, query, headers)| Made { reader, is_link, method, query, headers },
    )
}

impl Made {
    fn to(&self, path: &str) -> Vec<u8> {
        let mut request =
            format!("{} {path}{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", self.method, self.query)
                .into_bytes();
        for (name, value) in &self.headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }
}

impl Made {
    /// Whether the browser asks that nothing be recorded.
    fn objects(&self) -> bool {
        let names = self.headers.iter().filter(|(name, _)| ["DNT", "Sec-GPC"].contains(name));
        let mut values = names.flat_map(|(_, value)| value.split(|octet| *octet == b','));
        values.any(|value| value.trim_ascii() == b"1")
    }
}

/// The same address for everybody but the short way, which decodes nothing.
fn long_way(path: &str) -> String {
    let first = path.as_bytes()[3];
    format!("{}%{first:02X}{}", &path[..3], &path[4..])
}

/// An answer without its date, in its order.
fn without_date(answer: &[u8]) -> String {
    let lines = answer.split(|octet| *octet == b'\n');
    let mut kept: Vec<&[u8]> =
        lines.filter(|line| !line.to_ascii_lowercase().starts_with(b"date:")).collect();
    // Headers come in the order of a table with a key of its own.
    let end = kept.iter().position(|line| *line == b"\r").unwrap_or(0);
    kept[..end].sort_unstable();
    String::from_utf8_lossy(&kept.join(&b'\n')).into_owned()
}

fn check(made: &Made, status: Option<u16>, answer: &[u8]) -> Result<(), TestCaseError> {
    let body =
        answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(&[][..], |at| &answer[at + 4..]);
    let head = String::from_utf8_lossy(&answer[..answer.len() - body.len()]).to_lowercase();
    let may_be_refused = made
        .headers
        .iter()
        .any(|(_, value)| value.iter().any(|octet| *octet < 0x20 && *octet != b'\t' || *octet == 0x7f))
        || made.headers.iter().map(|(_, value)| value.len()).sum::<usize>() > 4000;
    match status {
        Some(400 | 431) | None => prop_assert!(may_be_refused, "refused: {head}"),
        Some(200) => {
            prop_assert!(!made.is_link && ["GET", "HEAD"].contains(&made.method));
            prop_assert!(head.contains("content-type: image/gif") && !head.contains("location:"));
            prop_assert_eq!(body, if made.method == "GET" { GIF } else { &[][..] });
        }
        Some(302) => {
            prop_assert!(made.is_link && ["GET", "HEAD"].contains(&made.method));
            prop_assert!(head.contains(&format!("location: {}\r\n", DESTINATION.to_lowercase())), "{}", head);
        }
        Some(204) => prop_assert_eq!(made.method, "OPTIONS"),
        Some(405) => prop_assert!(["POST", "PUT", "BREW"].contains(&made.method)),
        Some(other) => prop_assert!(false, "{other}: {head}"),
    }
    prop_assert!(!head.contains("set-cookie"));
    Ok(())
}

/// 1,500 requests of letters of people who allow it, with any headers at all, each on the short way and on the long one.
#[tokio::test]
async fn any_headers_get_the_right_answer_and_leave_known_words_and_nothing_of_themselves() {
    let server = TestServer::start_with(Kind::Sqlite, |options| options.behind_proxy = true).await;
    let brand = server.demo_brand();
    for n in 0..READERS {
        reader(&server, &brand, &format!("reader{n}@example.com"), Some(true));
    }
    send(&server, &brand).await;
    server.advance(std::time::Duration::from_secs(60));
    let host = server.url("/");
    let path = |url: String| url.replace(&host, "/");
    let paths: Vec<[String; 2]> = server
        .mails()
        .iter()
        .map(|letter| [path(pixel_of(letter).unwrap()), path(link_of(letter))])
        .collect();
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let expected = std::cell::Cell::new(0);
    let outcome = runner.run(&made_up(), |made| {
        let path = &paths[made.reader][usize::from(made.is_link)];
        let (status, short) = raw(&server, &made.to(path));
        check(&made, status, &short)?;
        let (_, long) = raw(&server, &made.to(&long_way(path)));
        prop_assert_eq!(without_date(&short), without_date(&long), "the two ways differ");
        if made.method == "GET" && matches!(status, Some(200 | 302)) && !made.objects() {
            expected.set(expected.get() + 2);
        }
        Ok(())
    });
    outcome.unwrap();
    until("all of them are stored", || server.app.recorder.counts().stored == expected.get());

    // Reading them checks the words; nobody's were stored unjudged.
    server.advance(std::time::Duration::from_secs(11 * 60));
    server.run_jobs().await;
    let stored: Vec<(Class, Reason)> = server.read(|conn| {
        let known = hit::class.is_not_null();
        Ok(hit::table
            .filter(known)
            .select((hit::class.assume_not_null(), hit::reason.assume_not_null()))
            .load(conn)?)
    });
    assert_eq!(stored.len() as u64, expected.get(), "on both ways");
    assert!(stored.len() > CASES as usize / 2, "only {} were stored", stored.len());
    assert!(stored.iter().all(|(class, reason)| reason.class() == *class));
    for reason in [
        Reason::OwnPage,
        Reason::Announced,
        Reason::ImageProxy,
        Reason::ScannerAgent,
        Reason::NothingKnown,
        Reason::NoAgent,
        Reason::RewrittenLink,
    ] {
        assert!(stored.iter().any(|(_, found)| *found == reason), "{reason} never came up");
    }
    let all = server.snapshot().join("\n");
    for canary in CANARIES {
        assert!(!all.contains(canary), "{canary} was stored");
    }
}
